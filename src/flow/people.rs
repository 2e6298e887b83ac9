//! What people do: attest, record consent, sign, register, object. Each is one transaction on what was read.

use super::assess::{self, Finding};
use super::desk::Desk;
use super::library::Library;
use super::rehearsal::rehearse::attestation;
use crate::decide::{self, Act as Deed, PersonView};
use crate::model::change::{Move, Refused};
use crate::model::code::{Coding, MILESTONE_SYSTEM};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin};
use crate::model::key::{PersonKey, digest_words, hex};
use crate::model::standing::{Actor, Collection, Role, Standing};
use crate::model::time::{Instant, Partial, TimeRange, Zone};
use crate::store::*;
use crate::trial::definition::VariableKind;

/// Attempts at one act when data moved meanwhile.
const OVERTAKEN_MAX: usize = 5;

/// Who acts, as they sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
}

/// Why an act did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The status table, a purpose or the definition says no.
    #[error("{}: {}", .0.transition, .0.text)]
    Refused(Refused),
    /// The machine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn refused<T>(row: &'static str, text: impl Into<String>) -> Result<T, ActError> {
    Err(ActError::Refused(Refused { transition: row, text: text.into() }))
}

/// Records a person's answer to an attestation of a trial, at that moment.
pub async fn attest(
    desk: &Desk,
    person: PersonKey,
    trial: &str,
    variable: &str,
    answer: FactValue,
    signer: &Signer,
) -> Result<(), ActError> {
    let library = desk.library();
    let Some(active) = library.trial(trial) else { return refused("attest", "no such trial is active") };
    let known = active.trial.variables.iter().find(|v| v.name == variable);
    if !known.is_some_and(|v| matches!(v.kind, VariableKind::Attested { .. })) {
        return refused("attest", format!("`{variable:.60}` is no attestation of this definition"));
    }
    let now = desk.now();
    let mut act = act(person, signer, "attest", format!("{trial} {variable}"), now);
    act.facts = vec![attestation(trial, variable, answer, now)];
    desk.store().write(act).await?;
    Ok(())
}

/// What the person's evidence is now, for signing: the SHA-256 of the newest stored evidence.
pub async fn evidence_seen(desk: &Desk, person: PersonKey, trial: &str) -> Result<Option<String>, StoreError> {
    let current = desk.store().read(CurrentAssessment { person, trial: trial.to_owned() }).await?;
    Ok(current.map(|a| evidence_digest(&desk.library(), &a.form)))
}

fn evidence_digest(library: &Library, form: &[u8]) -> String {
    let json = library.evidence_json(form).map_or_else(String::new, |json| json.to_string());
    hex(&digest_words(&[&json]))
}

/// A move of the status table that a person makes.
pub async fn act_on(desk: &Desk, person: PersonKey, trial: &str, deed: &Deed, signer: &Signer) -> Result<(), ActError> {
    for _ in 0..OVERTAKEN_MAX {
        let prepared = prepare(desk, person, trial, deed, signer).await?;
        if desk.store().write(prepared).await? == Finished::Done {
            return Ok(());
        }
    }
    Err(ActError::Store(StoreError::Busy))
}

async fn prepare(desk: &Desk, person: PersonKey, trial: &str, deed: &Deed, signer: &Signer) -> Result<Act, ActError> {
    let now = desk.now();
    let library = desk.library();
    let Some(active) = library.trial(trial) else { return refused("act", "no such trial is active") };
    let record = assess::read(desk, person, KnownAt::Now).await?;
    let standings = desk.store().read(StandingsAround { person }).await?;
    let standing = standing_of(&standings, trial, person, record.person)?;
    let active = library.judging(active, standing);
    let Some(finding) = assess::find(desk, active, &record, now) else {
        return refused("act", "no source of this person feeds the trial");
    };
    let seen = evidence_seen(desk, person, trial).await?.unwrap_or_default();
    // What is decided of a subject is written where that subject is, also when its person is another's by now.
    let person = standing.map_or(record.person, |s| s.person);
    let utc = Zone::utc();
    let zone = desk.at_site(&active.trial).site(&active.trial).map_or(&utc, |s| &s.zone).clone();
    let moved = {
        let view = view(&finding, &record, standing, &standings, &seen, &zone, signer, now);
        decide::by_person(&view, deed).map_err(ActError::Refused)?
    };
    Ok(write_move(desk, person, trial, deed, signer, standing, &moved, &zone, now))
}

/// The standing that an act is about. Whoever is asked by their own key acts on their own subject; asked by the person
/// that several subjects are, only when one of them counts.
fn standing_of<'s>(
    standings: &'s [Standing],
    trial: &str,
    person: PersonKey,
    whose: PersonKey,
) -> Result<Option<&'s Standing>, ActError> {
    let own = standings.iter().filter(|s| s.person == person && s.trial == trial);
    let own = own.max_by_key(|s| (s.attempt, s.version));
    let together = decide::together(standings, trial, whose);
    if own.is_some() && (person != whose || together.rivals.iter().any(|r| r.person == person)) {
        return Ok(own);
    }
    if !together.rivals.is_empty() {
        return refused(
            "act",
            "several subjects of this trial are this person since their records were merged; act on one of them by its own key",
        );
    }
    Ok(together.standing)
}

#[expect(clippy::too_many_arguments, reason = "it only gathers what deciding looks at")]
fn view<'v>(
    finding: &'v Finding<'_>,
    record: &Record,
    standing: Option<&'v Standing>,
    standings: &'v [Standing],
    seen: &'v str,
    zone: &'v Zone,
    signer: &'v Signer,
    now: Instant,
) -> PersonView<'v> {
    let before = standing.and_then(|s| {
        let same = |b: &&Standing| (b.person, &b.trial, b.attempt) == (s.person, &s.trial, s.attempt);
        standings.iter().filter(same).find(|b| b.version + 1 == s.version)
    });
    PersonView {
        standing,
        before,
        collection_before: Collection::CareData,
        assessment: &finding.assessment,
        evidence_now: seen,
        grounds: &finding.grounds,
        objected: record.state.objected,
        deceased: finding.person.deceased,
        corrected: false,
        conduct: &finding.active.trial.conduct,
        zone,
        name: &signer.name,
        role: signer.role,
        now,
    }
}

#[expect(clippy::too_many_arguments, reason = "one act is written from all that was read")]
fn write_move(
    desk: &Desk,
    person: PersonKey,
    trial: &str,
    deed: &Deed,
    signer: &Signer,
    standing: Option<&Standing>,
    moved: &Move,
    zone: &Zone,
    now: Instant,
) -> Act {
    let attempt = standing.map_or(1, |s| s.attempt + i64::from(matches!(deed, Deed::Rescreen(_))));
    let same_attempt = standing.filter(|s| s.attempt == attempt);
    let mut act = act(person, signer, moved.transition, format!("{trial} {}", moved.reason), now);
    act.facts = milestones(trial, deed, moved, zone);
    act.standing = Some(Standing {
        person,
        trial: trial.to_owned(),
        attempt,
        version: same_attempt.map_or(1, |s| s.version + 1),
        status: moved.status,
        removed: moved.removed,
        actor: Actor::Person { name: signer.name.clone(), role: signer.role },
        reason: moved.reason.clone(),
        evidence: moved.evidence.clone(),
        at: now,
        expires: moved.expires,
        assessment: standing.and_then(|s| s.assessment),
    });
    act.collection = moved.collection.map(|c| (c, now));
    act.targets = desk.target_names();
    if matches!(deed, Deed::Object) {
        act.state = Some(PersonState { objected: true, parked: false });
    }
    let word = match deed {
        Deed::Object => "objected".to_owned(),
        _ if moved.removed => "removed".to_owned(),
        _ => moved.status.code().to_owned(),
    };
    act.tally = Some((trial.to_owned(), word));
    act
}

/// Consent and registration are facts too: one rule for windows, replay and "as known at".
fn milestones(trial: &str, deed: &Deed, moved: &Move, zone: &Zone) -> Vec<DraftFact> {
    let day = |day: &str| Partial::parse(day).ok().map(|p| p.range(zone));
    match deed {
        Deed::RecordConsent(_) | Deed::Rescreen(_) => {
            let at = moved.evidence.consented.as_deref().and_then(day);
            at.map(|at| milestone(trial, "consented", at)).into_iter().collect()
        }
        Deed::Register { at } => vec![milestone(trial, "enrolled", TimeRange::exact(*at))],
        _ => Vec::new(),
    }
}

fn milestone(trial: &str, word: &str, at: TimeRange) -> DraftFact {
    DraftFact {
        code: Coding::new(MILESTONE_SYSTEM, format!("{trial}/{word}")),
        part: 0,
        origin: Origin::Gateway,
        at: Some(at),
        other_end: None,
        recorded: None,
        status: FactStatus::Final,
        value: FactValue::Boolean(true),
        range: None,
        context: Vec::new(),
    }
}

fn act(person: PersonKey, signer: &Signer, action: &str, detail: String, at: Instant) -> Act {
    Act {
        person,
        facts: Vec::new(),
        standing: None,
        collection: None,
        targets: Vec::new(),
        state: None,
        tally: None,
        audit: (action.to_owned(), detail),
        caller: Caller { actor: signer.name.clone(), purpose: signer.role.word().to_owned() },
        at,
    }
}
