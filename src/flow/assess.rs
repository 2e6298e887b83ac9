//! The assessor: claims a person whose data changed, reads as known at K, computes, finishes by compare-and-set.

use super::desk::{AtSite, Desk};
use super::library::{Active, Library};
use crate::clock;
use crate::decide::{self, DataView, Grounds, PersonFacts, Together};
use crate::evaluate::{self, Moment};
use crate::model::assessment::{Assessment, Considered, TreatmentFinding};
use crate::model::change::Change;
use crate::model::key::{Item, PersonKey, hex};
use crate::model::reading::Readings;
use crate::model::standing::{Actor, Standing};
use crate::model::time::Instant;
use crate::normalize;
use crate::publish::assessment::{Meta, evidence, to_json};
use crate::store::*;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::time::Duration;

/// Persons claimed at once.
pub const CLAIM_MAX: usize = 64;
/// How long a claim holds, in microseconds; whoever dies with it loses it then.
pub const LEASE_US: i64 = 60_000_000;
/// Longest sleep while nothing is heard: a lease that ran out, the clock, or another process may have left work.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pause before a person whose assessment failed is tried again, in microseconds.
pub const RETRY_US: i64 = 1_000_000;
/// Attempts at one claim when a person acted meanwhile.
const OVERTAKEN_MAX: usize = 5;

/// What one trial makes of one person now.
pub struct Finding<'a> {
    /// The definition.
    pub active: &'a Active,
    /// The verdict, its facts named.
    pub assessment: Assessment,
    /// What the treatment section gives.
    pub treatment: Option<TreatmentFinding>,
    /// What is known of the person beside the variables.
    pub person: PersonFacts,
    /// Grounds stated for this trial and the person's sources.
    pub grounds: Grounds,
}

/// Works for as long as the gateway runs; ends when `stop` says so, between two claims.
pub async fn run(desk: &Desk, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut marked = desk.store().pending();
    while !*stop.borrow() {
        match round(desk).await {
            Ok(0) => {
                let _ = tokio::time::timeout(LOOK_AGAIN, async {
                    tokio::select! { _ = marked.changed() => {}, _ = stop.changed() => {} }
                })
                .await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "assessing failed; trying again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Takes up what time alone changed, claims once, and finishes each claim. Answers how many were claimed.
pub async fn round(desk: &Desk) -> Result<usize, StoreError> {
    let now = desk.now();
    desk.store().write(MarkDue { count: CLAIM_MAX, at: now }).await?;
    let claim = ClaimPending {
        lease: hex(&clock::random_bytes::<8>()),
        until: now.plus_us(LEASE_US),
        count: CLAIM_MAX,
        at: now,
    };
    let claims = desk.store().write(claim).await?;
    let count = claims.len();
    match together(desk, claims.clone()).await {
        Ok(()) => {}
        // One who cannot be read or assessed does not keep the others waiting.
        Err(_) if count > 1 => {
            for claim in claims {
                if let Err(error) = together(desk, vec![claim.clone()]).await {
                    failed(desk, claim, &error).await?;
                }
            }
        }
        Err(error) => {
            for claim in claims {
                failed(desk, claim, &error).await?;
            }
        }
    }
    Ok(count)
}

async fn failed(desk: &Desk, claim: Claim, error: &StoreError) -> Result<(), StoreError> {
    let person = claim.person;
    tracing::error!(%error, %person, tries = claim.tries + 1, "a person could not be assessed");
    let (now, reason) = (desk.now(), error.to_string());
    desk.store().write(FailClaim { claim, reason, retry_at: now.plus_us(RETRY_US), at: now }).await?;
    Ok(())
}

/// Assesses these persons from one snapshot; what they come to is written at once, so that it may share a commit.
async fn together(desk: &Desk, mut claims: Vec<Claim>) -> Result<(), StoreError> {
    for _ in 0..OVERTAKEN_MAX {
        if claims.is_empty() {
            return Ok(());
        }
        let library = desk.library();
        let persons = claims.iter().map(|c| c.person).collect();
        let found = desk.store().read(ReadToAssess { persons, unread: library.unread() }).await?;
        let (mut writing, mut written) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
        for (claim, found) in claims.drain(..).zip(&found) {
            if found.record.person == claim.person {
                writing.push(desk.store().write(prepare(desk, &library, &claim, found)));
                written.push(claim);
            } else {
                desk.store().write(PassOn { claim, at: desk.now() }).await?;
            }
        }
        let mut broken = None;
        // All are asked for before any is waited for, so that they share a commit.
        for (answer, claim) in join_all(writing).await.into_iter().zip(written) {
            match answer {
                Ok(Finished::Done) => {}
                Ok(Finished::Overtaken) | Err(StoreError::Busy) => claims.push(claim),
                Err(error) => broken = Some(error),
            }
        }
        if let Some(error) = broken {
            return Err(error);
        }
    }
    if claims.is_empty() { Ok(()) } else { Err(StoreError::Busy) }
}

fn prepare(desk: &Desk, library: &Library, claim: &Claim, found: &ToAssess) -> Finish {
    let now = desk.now();
    library.meet(&found.record.facts);
    let mut due: Option<Instant> = None;
    let mut trials = Vec::new();
    for active in &library.trials {
        let together = decide::together(&found.standings, &active.trial.id, claim.person);
        let judging = library.judging(active, together.standing);
        let Some(finding) = find(desk, judging, &found.record, now) else { continue };
        let current = found.current.iter().find(|(trial, _)| *trial == active.trial.id).map(|(_, a)| a);
        due = [due, finding.assessment.changes_at].into_iter().flatten().min();
        let (part, again) = finish_trial(desk, library, &found.record, &finding, &together, current, now);
        due = [due, again].into_iter().flatten().min();
        trials.push(part);
    }
    Finish { claim: Some(claim.clone()), person: claim.person, trials, due, caller: caller(), at: now }
}

/// Facts of a person for all active definitions.
pub async fn read(desk: &Desk, person: PersonKey, known: KnownAt) -> Result<Record, StoreError> {
    read_record(desk.store(), person, known).await
}

/// The same, from a store.
pub async fn read_record(store: &Store, person: PersonKey, known: KnownAt) -> Result<Record, StoreError> {
    store.read(ReadPerson { person, known, codes: None }).await
}

/// What one trial makes of the record; `None` where none of the person's sources feeds the trial.
pub fn find<'a>(desk: &Desk, active: &'a Active, record: &Record, now: Instant) -> Option<Finding<'a>> {
    find_at(&desk.at_site(&active.trial), active, record, now)
}

/// The same, by what the site says.
pub fn find_at<'a>(at_site: &AtSite, active: &'a Active, record: &Record, now: Instant) -> Option<Finding<'a>> {
    if !record.sources.iter().any(|source| at_site.feeds(source)) {
        return None;
    }
    let site = at_site.site(&active.trial)?;
    let readings = normalize::normalize(&active.plan, &record.facts, &site.zone);
    let moment = Moment { now, site };
    let assessment =
        evaluate::evaluate(&active.trial, &readings, &record.facts, &moment, &at_site.choice(&active.trial));
    let treatment =
        active.trial.treatment.as_ref().map(|_| evaluate::treatment(&active.trial, &readings, &record.facts, &moment));
    let grounds = Grounds { stated: at_site.purposes.clone(), consented: readings.person.consented.is_some() };
    Some(Finding { active, assessment, treatment, person: person_facts(&readings, record), grounds })
}

fn person_facts(readings: &Readings, record: &Record) -> PersonFacts {
    PersonFacts {
        deceased: readings.person.deceased,
        hidden: readings.person.hidden.is_some(),
        objected: record.state.objected,
    }
}

fn finish_trial(
    desk: &Desk,
    library: &Library,
    record: &Record,
    finding: &Finding<'_>,
    together: &Together<'_>,
    current: Option<&StoredAssessment>,
    now: Instant,
) -> (FinishTrial, Option<Instant>) {
    let trial = &finding.active.trial;
    let at_site = desk.at_site(trial);
    let standing = together.standing;
    let view = DataView {
        assessment: &finding.assessment,
        treatment: finding.treatment.as_ref(),
        standing,
        person: finding.person,
        grounds: &finding.grounds,
        recruiting: at_site.recruiting,
        sealed_record_in_question: false,
        conduct: &trial.conduct,
        now,
    };
    let mut change = decide::by_data(&view);
    if !together.rivals.is_empty() {
        change.moved = None;
        change.alerts.push(decide::two_subjects());
    }
    let tally = decide::counted_as(&view, &change);
    let mut again = decide::looks_again_at(&view, &change);
    let stored = stored(desk, library, finding, record, now);
    let changed = current.is_none_or(|c| c.result != stored.result || c.form != stored.form);
    // One row at a time: first what lapses, then what follows.
    let moved = match together.lapsing.first() {
        Some(lapsing) => {
            again = Some(now);
            let change = Change { moved: Some(decide::lapsed_into_another(lapsing)), ..Change::default() };
            moved_standing(record.person, trial.id.as_str(), Some(lapsing), &change, current, now)
        }
        None => moved_standing(record.person, trial.id.as_str(), standing, &change, current, now),
    };
    let targets = if moved.is_some() { desk.target_names() } else { Vec::new() };
    let part = FinishTrial {
        trial: trial.id.clone(),
        read_version: current.map_or(0, |c| c.version),
        assessment: stored,
        changed,
        standing: moved,
        tally: Some(tally),
        targets,
        alerts: change.alerts.iter().map(|a| (a.kind.to_owned(), a.text.clone())).collect(),
    };
    (part, again)
}

fn moved_standing(
    person: PersonKey,
    trial: &str,
    standing: Option<&Standing>,
    change: &Change,
    current: Option<&StoredAssessment>,
    now: Instant,
) -> Option<Standing> {
    let moved = change.moved.as_ref()?;
    // A standing stays that of the person whose it was, so that it is theirs when records part again.
    let whose = standing.map_or(person, |s| s.person);
    Some(Standing {
        person: whose,
        trial: trial.to_owned(),
        attempt: standing.map_or(1, |s| s.attempt),
        version: standing.map_or(1, |s| s.version + 1),
        status: moved.status,
        removed: moved.removed,
        actor: Actor::Data,
        reason: moved.reason.clone(),
        evidence: moved.evidence.clone(),
        at: now,
        expires: moved.expires,
        assessment: (whose == person).then(|| current.map_or(1, |c| c.version + 1)),
    })
}

fn stored(desk: &Desk, library: &Library, finding: &Finding<'_>, record: &Record, now: Instant) -> StoredAssessment {
    let result = ResultWord { considered: finding.assessment.considered, overall: finding.assessment.overall };
    let form = match result.considered {
        Considered::Yes => form_of(desk, finding, record),
        _ => Vec::new(),
    };
    StoredAssessment {
        version: 0,
        seen: record.seen.clone(),
        at: now,
        definition: finding.active.trial.digest,
        terms: library.terms_digest,
        engine: crate::model::assessment::ENGINE.to_owned(),
        result,
        form,
    }
}

/// The evidence as it is kept: packed, without what stands in columns beside it and changes at each asking; so equal
/// evidence is equal bytes.
pub fn form_of(desk: &Desk, finding: &Finding<'_>, record: &Record) -> Vec<u8> {
    let json = shown(desk, finding, record, |meta| evidence(&finding.assessment, meta));
    finding.active.packing.pack(&json)
}

/// The verdict as the interfaces print it; resources are named by their item until somebody asks.
pub fn assessment_json(desk: &Desk, finding: &Finding<'_>, record: &Record) -> serde_json::Value {
    shown(desk, finding, record, |meta| to_json(&finding.assessment, meta))
}

fn shown<T>(desk: &Desk, finding: &Finding<'_>, record: &Record, show: impl FnOnce(&Meta<'_>) -> T) -> T {
    let at_site = desk.at_site(&finding.active.trial);
    let utc = crate::model::time::Zone::utc();
    let zone = at_site.site(&finding.active.trial).map_or(&utc, |s| &s.zone);
    show(&Meta {
        person: &record.person.to_string(),
        known_at: None,
        definition: finding.active.trial.digest,
        maps: desk.library().terms_digest,
        zone,
    })
}

/// Names the resources of an assessment's facts.
pub async fn name_facts(store: &Store, assessment: &mut Assessment, record: &Record) -> Result<(), StoreError> {
    let names = source_names(store, record).await?;
    super::rehearsal::rehearse::name_sources(assessment, &record.facts, |item| names.get(&item).cloned());
    Ok(())
}

/// How each resource of a record is named, with its version: `Observation/123/_history/2`.
pub async fn source_names(store: &Store, record: &Record) -> Result<HashMap<Item, String>, StoreError> {
    let mut items: Vec<_> = record.facts.iter().map(|f| (f.item, f.version)).collect();
    items.sort_unstable();
    items.dedup();
    let ask = ItemNames { items: items.iter().map(|(item, _)| *item).collect() };
    let named = |n: ItemName| {
        let version = items.iter().find(|(i, _)| *i == n.item).map_or(0, |(_, v)| *v);
        let base = if n.source == "main" { String::new() } else { format!("{}/", n.source) };
        (n.item, format!("{base}{}/{}/_history/{version}", n.resource_type, n.id))
    };
    Ok(store.read(ask).await?.into_iter().map(named).collect())
}

fn caller() -> Caller {
    Caller { actor: "assessor".into(), purpose: "assess".into() }
}
