//! Standings and subjects by attempt, wishes to targets, counts and alerts.

use super::audit;
use super::contract::*;
use super::facts;
use super::links;
use super::persons;
use super::questions::*;
use super::tx::{Done, Question, Tx, Unit};
use super::units::CloseAlert;
use super::value::{Row, args};
use crate::model::key::{Item, PersonKey, hex};
use crate::model::standing::{Actor, Collection, Evidence, Role, Standing, Status, Subject};
use crate::model::time::Instant;
use serde::{Deserialize, Serialize};

/// The source of the gateway's own facts.
pub(super) const GATEWAY: &str = "gateway";

/// Evidence as it is kept.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct KeptEvidence {
    consented: Option<String>,
    consent_version: Option<String>,
    consent: Option<String>,
    seen: Option<String>,
    registered: Option<i64>,
    sealed_version: Option<u32>,
    ended: Option<String>,
    criteria: Vec<String>,
}

/// Writes a standing, its subject with the first, and the wishes; `false`: a rival was first.
pub(super) async fn write(
    tx: &mut impl Tx,
    standing: &Standing,
    collection: Option<(Collection, Instant)>,
    targets: &[String],
    at: Instant,
) -> Result<bool, StoreError> {
    let (name, role) = match &standing.actor {
        Actor::Data => (None, None),
        Actor::Person { name, role } => (Some(name.clone()), Some(role.word())),
    };
    let written = tx
        .execute(
            "insert into standing (partition, person, trial, attempt, version, status, removed, actor, role, reason, evidence, at, expires, assessment)
             values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict do nothing",
            args![
                standing.person, standing.trial.as_str(), standing.attempt, standing.version, standing.status.code(), i64::from(standing.removed),
                name, role, standing.reason.as_str(), pack(&standing.evidence)?, standing.at, standing.expires, standing.assessment
            ],
        )
        .await?;
    if written == 0 {
        return Ok(false);
    }
    subject(tx, standing, collection).await?;
    for target in targets {
        tx.execute(
            "insert into outbox (partition, target, person, trial, attempt, wanted, tries, next_at, lease_until, state) values (part(?2), ?1, ?2, ?3, ?4, ?5, 0, ?6, 0, 1)
             on conflict (partition, target, person, trial, attempt) do update set wanted = excluded.wanted, next_at = excluded.next_at, state = 1, tries = 0, first_failed = null",
            args![target.as_str(), standing.person, standing.trial.as_str(), standing.attempt, standing.version, at],
        )
        .await?;
        tx.group().wishes = true;
    }
    Ok(true)
}

async fn subject(
    tx: &mut impl Tx,
    standing: &Standing,
    collection: Option<(Collection, Instant)>,
) -> Result<(), StoreError> {
    let id = hex(&audit::random::<16>()?);
    tx.execute(
        "insert into subject (partition, person, trial, attempt, id, collection) values (part(?1), ?1, ?2, ?3, ?4, 0) on conflict do nothing",
        args![standing.person, standing.trial.as_str(), standing.attempt, id],
    )
    .await?;
    if let Some((collection, since)) = collection {
        tx.execute(
            "update subject set collection = ?4, collection_since = ?5 where partition = part(?1) and person = ?1 and trial = ?2 and attempt = ?3",
            args![standing.person, standing.trial.as_str(), standing.attempt, collection as i64, since],
        )
        .await?;
        tx.execute(
            "insert into collected (partition, person, trial, attempt, since, collection) values (part(?1), ?1, ?2, ?3, ?4, ?5)
             on conflict (partition, person, trial, attempt, since) do update set collection = excluded.collection",
            args![standing.person, standing.trial.as_str(), standing.attempt, since, collection as i64],
        )
        .await?;
    }
    Ok(())
}

/// Counts a person under a word, and no longer under the one before: sums move exactly.
pub(super) async fn count(
    tx: &mut impl Tx,
    person: PersonKey,
    trial: &str,
    word: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let rows = tx
        .query(
            "select status from counted where partition = part(?1) and person = ?1 and trial = ?2",
            args![person, trial],
        )
        .await?;
    let before = rows.into_iter().next().map(|mut r| r.text(0)).transpose()?;
    if before.as_deref() == Some(word) {
        return Ok(());
    }
    let sql = "insert into counted (partition, person, trial, status) values (part(?1), ?1, ?2, ?3) on conflict (partition, person, trial) do update set status = excluded.status";
    tx.execute(sql, args![person, trial, word]).await?;
    let mut steps: Vec<(&str, i64)> = before.as_deref().map(|status| (status, -1)).into_iter().collect();
    steps.push((word, 1));
    // In order of words, so that two persons who change places do not wait for each other.
    steps.sort_unstable();
    for (status, step) in steps {
        tx.execute(
            "insert into tally (partition, trial, status, count, changed)
             select partition, trial, ?2, ?3, ?4 from counted where partition = part(?5) and person = ?5 and trial = ?1
             on conflict (partition, trial, status) do update set count = tally.count + excluded.count, changed = excluded.changed",
            args![trial, status, step, at, person],
        )
        .await?;
    }
    Ok(())
}

/// A person is counted no more.
pub(super) async fn count_no_more(tx: &mut impl Tx, person: PersonKey, at: Instant) -> Result<(), StoreError> {
    let sql = "delete from counted where partition = part(?1) and person = ?1 returning trial, status";
    let mut words = Vec::new();
    for mut row in tx.query(sql, args![person]).await? {
        words.push((row.text(0)?, row.text(1)?));
    }
    words.sort_unstable();
    for (trial, word) in words {
        let sql = "update tally set count = count - 1, changed = ?4 where partition = part(?1) and trial = ?2 and status = ?3";
        tx.execute(sql, args![person, trial, word, at]).await?;
    }
    Ok(())
}

/// Standings of a person, and behind them those of whoever is that person too.
pub(super) async fn around<T: Tx>(
    tx: &mut T,
    person: PersonKey,
    others: &[PersonKey],
) -> Result<Vec<Standing>, StoreError> {
    let mut all = Standings { person }.run(tx).await?;
    for other in others {
        all.extend(Standings { person: *other }.run(tx).await?);
    }
    Ok(all)
}

impl Question for StandingsAround {
    type Answer = Vec<Standing>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let all = links::all_of(tx, self.person).await?;
        let (first, others) = all.split_first().ok_or_else(|| StoreError::Corrupt("nobody is a person".into()))?;
        around(tx, *first, others).await
    }
}

impl Question for WhoElse {
    type Answer = Vec<PersonKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        links::all_of(tx, self.person).await
    }
}

/// Opens an alert; one that is open stays as it is.
pub(super) async fn alert(
    tx: &mut impl Tx,
    person: PersonKey,
    trial: &str,
    kind: &str,
    text: &str,
    at: Instant,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into alert (partition, person, trial, kind, text, at) values (part(?1), ?1, ?2, ?3, ?4, ?5)
         on conflict (partition, person, trial, kind) do update set text = excluded.text, at = excluded.at, closed = null where alert.closed is not null and alert.text <> excluded.text",
        args![person, trial, kind, text, at],
    )
    .await?;
    Ok(())
}

/// Opens an alert in every trial in which people decided about this person.
pub(super) async fn alert_where_people_decided(
    tx: &mut impl Tx,
    person: PersonKey,
    kind: &str,
    text: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let sql = "select distinct trial from standing where partition = part(?1) and person = ?1 and actor is not null order by trial";
    for mut row in tx.query(sql, args![person]).await? {
        let trial = row.text(0)?;
        alert(tx, person, &trial, kind, text, at).await?;
    }
    Ok(())
}

impl Unit for Act {
    type Answer = Finished;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Finished>, StoreError> {
        // Held until the commit: whoever makes this person one with another waits, and finds what is written here.
        let sql = "update person set state = state where partition = part(?1) and person = ?1";
        tx.execute(sql, args![self.person]).await?;
        let whose = links::whose(tx, self.person).await?;
        if let Some(standing) = &self.standing
            && !write(tx, standing, self.collection, &self.targets, self.at).await?
        {
            return Ok(Done::Undo(Finished::Overtaken));
        }
        if !self.facts.is_empty() {
            gateway_facts(self, whose, tx).await?;
        }
        if let Some(state) = self.state {
            // What one person says while they are one holds for all of whom they are made, also when they part again.
            for person in links::all_of(tx, whose).await? {
                let sql = "update person set state = case when state >= 2 then 2 else 0 end + ?2 where partition = part(?1) and person = ?1";
                tx.execute(sql, args![person, i64::from(state.objected)]).await?;
            }
        }
        if let Some((trial, word)) = &self.tally {
            count(tx, whose, trial, word, self.at).await?;
        }
        persons::mark(tx, whose, self.at, "act").await?;
        let (action, detail) = (&self.audit.0, self.audit.1.clone());
        let entry = audit::Entry { action, detail, person: Some(self.person), caller: &self.caller, at: self.at };
        audit::append(tx, entry).await?;
        Ok(Done::Keep(Finished::Done))
    }
}

/// Facts of the gateway itself belong to a patient of their own, a member of the person: one rule for known time and replay.
async fn gateway_facts(act: &Act, whose: PersonKey, tx: &mut impl Tx) -> Result<(), StoreError> {
    let name = act.person.to_string();
    let patient = Item::of(GATEWAY, "Patient", &name);
    persons::create_for(tx, patient, GATEWAY, &name, act.person, act.at).await?;
    let touched = persons::touch(tx, GATEWAY, &name, act.at).await?;
    if touched.person != whose {
        links::move_to(tx, patient, touched.person, whose, act.at).await?;
    }
    for fact in &act.facts {
        let item = Item::of(GATEWAY, "Fact", &format!("{name} {}", fact.code));
        let code = persons::code_key(tx, &fact.code).await?;
        let sql = "select coalesce(max(version), 0) from fact where partition = part(?1) and patient = ?1 and code = ?2 and item = ?3";
        let version = tx.query(sql, args![patient, code, item]).await?.first().map_or(Ok(0), |r| r.int(0))? + 1;
        let sql = "update fact set until = ?4 where partition = part(?1) and patient = ?1 and code = ?2 and item = ?3 and until is null";
        tx.execute(sql, args![patient, code, item, touched.known]).await?;
        facts::insert(tx, code, &mut facts::row(patient, item, version, touched.known, fact)).await?;
    }
    Ok(())
}

fn pack(e: &Evidence) -> Result<Vec<u8>, StoreError> {
    let kept = KeptEvidence {
        consented: e.consented.clone(),
        consent_version: e.consent_version.clone(),
        consent: e.consent.clone(),
        seen: e.seen.clone(),
        registered: e.registered.map(|at| at.0),
        sealed_version: e.sealed_version,
        ended: e.ended.clone(),
        criteria: e.criteria.clone(),
    };
    serde_json::to_vec(&kept).map_err(|e| StoreError::Corrupt(e.to_string()))
}

fn unpack(bytes: &[u8]) -> Result<Evidence, StoreError> {
    let kept: KeptEvidence = serde_json::from_slice(bytes).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(Evidence {
        consented: kept.consented,
        consent_version: kept.consent_version,
        consent: kept.consent,
        seen: kept.seen,
        registered: kept.registered.map(Instant),
        sealed_version: kept.sealed_version,
        ended: kept.ended,
        criteria: kept.criteria,
    })
}

fn standing(r: &mut Row, c: usize) -> Result<Standing, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("a standing's {what} is no known word"));
    let (name, role) = (r.maybe_text(c + 6)?, r.maybe_text(c + 7)?);
    let actor = match (name, role) {
        (Some(name), Some(word)) => {
            let role = Role::ALL.into_iter().find(|r| r.word() == word).ok_or_else(|| wrong("role"))?;
            Actor::Person { name, role }
        }
        _ => Actor::Data,
    };
    Ok(Standing {
        person: r.person(c)?,
        trial: r.text(c + 1)?,
        attempt: r.int(c + 2)?,
        version: r.int(c + 3)?,
        status: Status::from_code(&r.text(c + 4)?).ok_or_else(|| wrong("status"))?,
        removed: r.int(c + 5)? == 1,
        actor,
        reason: r.text(c + 8)?,
        evidence: unpack(&r.bytes(c + 9)?)?,
        at: r.instant(c + 10)?,
        expires: r.maybe_int(c + 11)?.map(Instant),
        assessment: r.maybe_int(c + 12)?,
    })
}

impl Question for Standings {
    type Answer = Vec<Standing>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select person, trial, attempt, version, status, removed, actor, role, reason, evidence, at, expires, assessment from standing
                   where partition = part(?1) and person = ?1 order by trial, attempt, version";
        tx.query(sql, args![self.person]).await?.iter_mut().map(|r| standing(r, 0)).collect()
    }
}

impl Question for NewestStanding {
    type Answer = Option<Standing>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select person, trial, attempt, version, status, removed, actor, role, reason, evidence, at, expires, assessment from standing
                   where partition = part(?1) and person = ?1 and trial = ?2 order by attempt desc, version desc limit 1";
        tx.query(sql, args![self.person, self.trial.as_str()])
            .await?
            .iter_mut()
            .next()
            .map(|r| standing(r, 0))
            .transpose()
    }
}

/// Subjects, each with its newest standing: from which ones, and what else is asked of them.
macro_rules! subjects {
    ($from:literal, $rest:literal) => {
        concat!(
            "select j.id, j.collection, j.collection_since, s.person, s.trial, s.attempt, s.version, s.status, s.removed,
             s.actor, s.role, s.reason, s.evidence, s.at, s.expires, s.assessment from ",
            $from,
            " j join standing s on s.partition = j.partition and s.person = j.person and s.trial = j.trial and s.attempt = j.attempt
             and s.version = (select max(version) from standing n where n.partition = j.partition and n.person = j.person
             and n.trial = j.trial and n.attempt = j.attempt) ",
            $rest
        )
    };
}

fn subject_row(r: &mut Row) -> Result<SubjectRow, StoreError> {
    let collection = Collection::from_number(r.int(1)?)
        .ok_or_else(|| StoreError::Corrupt("a collection is no known number".into()))?;
    let (id, since) = (r.text(0)?, r.maybe_int(2)?.map(Instant));
    let standing = standing(r, 3)?;
    let subject = Subject {
        person: standing.person,
        trial: standing.trial.clone(),
        attempt: standing.attempt,
        id,
        collection,
        collection_since: since,
    };
    Ok(SubjectRow { subject, standing })
}

impl Question for SubjectsOf {
    type Answer = Vec<SubjectRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let (person, attempt) = self.after.map_or((Vec::new(), 0), |(p, a)| (p.0.to_vec(), a));
        let rows = tx
            .query(
                subjects!(
                    "(select partition, person, trial, attempt, id, collection, collection_since from subject
                     where trial = ?1 and (partition, person, attempt) > (part(?2), ?2, ?3) order by partition, person, attempt limit ?4)",
                    "order by j.partition, j.person, j.attempt"
                ),
                args![self.trial.as_str(), person, attempt, i64::try_from(self.count).unwrap_or(0)],
            )
            .await?;
        rows.into_iter().map(|mut r| subject_row(&mut r)).collect()
    }
}

impl Question for SubjectById {
    type Answer = Option<SubjectRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows =
            tx.query(subjects!("subject", "where wide(j.partition) and j.id = ?1"), args![self.id.as_str()]).await?;
        rows.into_iter().next().map(|mut r| subject_row(&mut r)).transpose()
    }
}

impl Question for SubjectsOfPerson {
    type Answer = Vec<SubjectRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query(
                subjects!("subject", "where j.partition = part(?1) and j.person = ?1 order by j.trial, j.attempt"),
                args![self.person],
            )
            .await?;
        rows.into_iter().map(|mut r| subject_row(&mut r)).collect()
    }
}

impl Question for TallyOf {
    type Answer = Vec<(String, i64)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select status, cast(sum(count) as bigint) from tally where wide(partition) and trial = ?1 group by status having sum(count) > 0 order by status";
        tx.query(sql, args![self.trial.as_str()]).await?.into_iter().map(|mut r| Ok((r.text(0)?, r.int(1)?))).collect()
    }
}

impl Question for AlertList {
    type Answer = Vec<AlertRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select person, trial, kind, text, at from alert where wide(partition) and trial = ?1 and closed is null order by at, person, kind limit ?2";
        let rows = tx.query(sql, args![self.trial.as_str(), i64::try_from(self.count).unwrap_or(0)]).await?;
        rows.into_iter().map(|mut r| alert_row(&mut r)).collect()
    }
}

impl Question for AlertsOf {
    type Answer = Vec<AlertRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::new();
        for person in links::all_of(tx, self.person).await? {
            let sql = "select person, trial, kind, text, at from alert where partition = part(?1) and person = ?1 and trial = ?2 and closed is null order by at, kind";
            for mut row in tx.query(sql, args![person, self.trial.as_str()]).await? {
                found.push(alert_row(&mut row)?);
            }
        }
        Ok(found)
    }
}

fn alert_row(r: &mut Row) -> Result<AlertRow, StoreError> {
    Ok(AlertRow { person: r.person(0)?, trial: r.text(1)?, kind: r.text(2)?, text: r.text(3)?, at: r.instant(4)? })
}

impl Unit for CloseAlert {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let sql = "update alert set closed = ?4 where partition = part(?1) and person = ?1 and trial = ?2 and kind = ?3 and closed is null";
        let closed = tx.execute(sql, args![self.person, self.trial.as_str(), self.kind.as_str(), self.at]).await? > 0;
        let detail = format!("{} {}", self.trial, self.kind);
        let entry = audit::Entry {
            action: "close alert",
            detail,
            person: Some(self.person),
            caller: &self.caller,
            at: self.at,
        };
        audit::append(tx, entry).await?;
        Ok(Done::Keep(closed))
    }
}
