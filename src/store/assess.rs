//! Claims on persons, and the end of an assessment: everything in one transaction, by compare-and-set.

use super::audit;
use super::contract::*;
use super::persons;
use super::places;
use super::questions::*;
use super::standings;
use super::tx::{Done, Question, Tx, Unit};
use super::units::*;
use super::value::{Row, args};
use crate::model::assessment::{Considered, Overall};
use crate::model::key::{Item, PatientKey, PersonKey};
use crate::model::reading::Reason;
use crate::model::time::Instant;

/// Failures after which a person is parked until an operator releases them.
pub(super) const TRIES_MAX: i64 = 3;

const PLACES_PENDING: &str = "with recursive p (place) as (select min(partition) from pending
     union all select (select min(partition) from pending where partition > place) from p where place is not null)
     select place from p where place is not null and
     (select next_at from pending where partition = place and next_at <= ?1 and lease_until < ?1 and tries < ?2 order by next_at limit 1) is not null";
const PLACES_DUE: &str = "with recursive p (place) as (select min(partition) from due
     union all select (select min(partition) from due where partition > place) from p where place is not null)
     select place from p where place is not null and
     (select at from due where partition = place and at <= ?1 order by at limit 1) is not null";

impl Unit for ClaimPending {
    type Answer = Vec<Claim>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Claim>>, StoreError> {
        let places = places::with_work(tx, PLACES_PENDING, args![self.at, TRIES_MAX]).await?;
        let mut claims: Vec<Claim> = Vec::new();
        for half in places::halves(places, &self.lease) {
            if !claims.is_empty() {
                break;
            }
            for place in half {
                if claims.len() < self.count {
                    let left = self.count - claims.len();
                    claims.extend(claim_in(self, place, left, tx).await?);
                }
            }
        }
        Ok(Done::Keep(claims))
    }
}

async fn claim_in(claim: &ClaimPending, place: i64, left: usize, tx: &mut impl Tx) -> Result<Vec<Claim>, StoreError> {
    // The guard on the lease stands outside too: without it two claimers may take one row.
    let rows = tx
        .query(
            "update pending set lease = ?1, lease_until = ?2 where partition = ?6 and lease_until < ?3 and person in
             (select person from pending where partition = ?6 and next_at <= ?3 and lease_until < ?3 and tries < ?5 order by next_at limit ?4)
             returning person, mark, tries",
            args![claim.lease.as_str(), claim.until, claim.at, places::count(left), TRIES_MAX, place],
        )
        .await?;
    let one =
        |r: &Row| Ok(Claim { person: r.person(0)?, mark: r.int(1)?, lease: claim.lease.clone(), tries: r.int(2)? });
    rows.iter().map(one).collect()
}

impl Unit for ReleaseClaim {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "update pending set lease = '', lease_until = 0, next_at = ?3 where partition = part(?1) and person = ?1 and lease = ?2";
        tx.execute(sql, args![self.claim.person, self.claim.lease.as_str(), self.at]).await?;
        tx.group().pending = true;
        Ok(Done::Keep(()))
    }
}

impl Unit for PassOn {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let person = self.claim.person;
        let sql = "delete from pending where partition = part(?1) and person = ?1 and lease = ?2";
        tx.execute(sql, args![person, self.claim.lease.as_str()]).await?;
        tx.group().marked.remove(&person);
        let whose = super::links::whose(tx, person).await?;
        persons::mark(tx, whose, self.at, "identity").await?;
        Ok(Done::Keep(()))
    }
}

impl Unit for FailClaim {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let rows = tx
            .query(
                "update pending set tries = tries + 1, why = ?3, next_at = ?4, lease = '', lease_until = 0
                 where partition = part(?1) and person = ?1 and lease = ?2 returning tries",
                args![self.claim.person, self.claim.lease.as_str(), self.reason.as_str(), self.retry_at],
            )
            .await?;
        let tries = rows.first().map_or(Ok(0), |r| r.int(0))?;
        Ok(Done::Keep(tries >= TRIES_MAX))
    }
}

impl Unit for Unpark {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let freed = tx
            .execute(
                "update pending set tries = 0, next_at = ?2, lease = '', lease_until = 0 where wide(partition) and tries >= ?3 and (person = ?1 or ?1 is null)",
                args![self.person, self.at, TRIES_MAX],
            )
            .await?;
        let entry = audit::Entry {
            action: "unpark",
            detail: format!("{freed} persons"),
            person: self.person,
            caller: &self.caller,
            at: self.at,
        };
        audit::append(tx, entry).await?;
        tx.group().pending = true;
        Ok(Done::Keep(i64::try_from(freed).unwrap_or(i64::MAX)))
    }
}

impl Unit for MarkDue {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let mut marked = 0;
        for place in places::with_work(tx, PLACES_DUE, args![self.at]).await? {
            let sql = "select person from due where partition = ?1 and at <= ?2 order by at limit ?3";
            let rows = tx.query(sql, args![place, self.at, places::count(self.count - marked)]).await?;
            let mut persons: Vec<PersonKey> = rows.iter().map(|r| r.person(0)).collect::<Result<_, _>>()?;
            persons.sort_unstable();
            for person in persons {
                let sql = "delete from due where partition = part(?1) and person = ?1 and at <= ?2";
                // None: another process marks that person.
                if tx.execute(sql, args![person, self.at]).await? == 1 {
                    persons::mark(tx, person, self.at, "time").await?;
                }
                marked += 1;
            }
            if marked >= self.count {
                break;
            }
        }
        Ok(Done::Keep(places::count(marked)))
    }
}

impl Unit for MarkPersons {
    type Answer = (Option<PersonKey>, usize);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let next = PersonsAll { after: self.after, count: self.count }.run(tx).await?;
        for person in &next {
            persons::mark(tx, *person, self.at, "definition").await?;
        }
        Ok(Done::Keep((next.last().copied(), next.len())))
    }
}

impl Unit for MarkHolders {
    type Answer = (Option<PersonKey>, usize);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let next = PersonsAll { after: self.after, count: self.count }.run(tx).await?;
        let mut marked = 0;
        for person in &next {
            if self.is_held_by(tx, *person).await? {
                persons::mark(tx, *person, self.at, "map").await?;
                marked += 1;
            }
        }
        Ok(Done::Keep((next.last().copied(), marked)))
    }
}

impl MarkHolders {
    async fn is_held_by(&self, tx: &mut impl Tx, person: PersonKey) -> Result<bool, StoreError> {
        for member in persons::members(tx, person).await?.iter().filter(|m| m.source == self.source) {
            let Some(codes) = &self.codes else { return Ok(true) };
            let mut holds = false;
            let sql = "select code from fact where partition = part(?1) and patient = ?1 and until is null";
            tx.each(sql, args![member.patient], &mut |row| {
                holds |= codes.contains(&row.int(0)?);
                Ok(())
            })
            .await?;
            if holds {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Unit for Finish {
    type Answer = Finished;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Finished>, StoreError> {
        if let Some(claim) = &self.claim {
            // First, since the row is what this waits on: whoever makes this person one with another takes it too.
            // The lease tells a row that was made anew meanwhile: it counts its marks from the start, too.
            let sql = "delete from pending where partition = part(?1) and person = ?1 and mark = ?2 and lease = ?3";
            if tx.execute(sql, args![claim.person, claim.mark, claim.lease.as_str()]).await? == 0 {
                // Nor is there a row to wait on where the claim was lost: then it is the person's own.
                let sql = "update person set state = state where partition = part(?1) and person = ?1 and merged_into is null";
                if tx.execute(sql, args![self.person]).await? == 0 {
                    return Ok(Done::Undo(Finished::Done));
                }
                // More arrived meanwhile: its mark stays, and may be claimed at once.
                let sql = "update pending set lease = '', lease_until = 0, tries = 0 where partition = part(?1) and person = ?1 and lease = ?2";
                tx.execute(sql, args![claim.person, claim.lease.as_str()]).await?;
                tx.group().pending = true;
                if self.trials.iter().filter_map(|t| t.standing.as_ref()).any(|s| s.person != self.person) {
                    // What arrived may say that the two are no longer one: then the other's standing is not theirs to move,
                    // and whoever claims next will know.
                    return Ok(Done::Keep(Finished::Done));
                }
            }
        }
        for part in &self.trials {
            if !finish_trial(self, part, tx).await? {
                return Ok(Done::Undo(Finished::Overtaken));
            }
        }
        match self.due {
            Some(at) => {
                let sql = "insert into due (partition, person, at) values (part(?1), ?1, ?2) on conflict (partition, person) do update set at = excluded.at";
                tx.execute(sql, args![self.person, at]).await?;
            }
            None => {
                tx.execute("delete from due where partition = part(?1) and person = ?1", args![self.person]).await?;
            }
        }
        if self.trials.iter().any(|part| part.standing.is_some()) {
            let detail = self
                .trials
                .iter()
                .filter_map(|p| p.standing.as_ref())
                .map(|s| format!("{} {}", s.trial, s.status.code()));
            let detail = detail.collect::<Vec<_>>().join("; ");
            let entry =
                audit::Entry { action: "status", detail, person: Some(self.person), caller: &self.caller, at: self.at };
            audit::append(tx, entry).await?;
        }
        Ok(Done::Keep(Finished::Done))
    }
}

/// Writes one trial's part; `false`: somebody else was first.
async fn finish_trial(finish: &Finish, part: &FinishTrial, tx: &mut impl Tx) -> Result<bool, StoreError> {
    let (a, version) = (&part.assessment, part.read_version + 1);
    let (seen, result) = (pack_seen(&a.seen), result_word(&a.result));
    let row = args![
        finish.person,
        part.trial.as_str(),
        version,
        seen,
        a.at,
        a.definition.to_vec(),
        a.terms.to_vec(),
        a.engine.as_str(),
        result,
        a.form.clone()
    ];
    let written = if part.read_version == 0 {
        let sql = "insert into assessment (partition, person, trial, version, seen, at, definition, terms, engine, result, form)
                   values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing";
        tx.execute(sql, row).await?
    } else {
        let sql = "update assessment set version = ?3, seen = ?4, at = ?5, definition = ?6, terms = ?7, engine = ?8, result = ?9, form = ?10
                   where partition = part(?1) and person = ?1 and trial = ?2 and version = ?3 - 1";
        tx.execute(sql, row).await?
    };
    if written == 0 {
        return Ok(false);
    }
    if part.changed && a.result.considered == Considered::Yes {
        let sql = "insert into assessed (partition, person, trial, version, seen, at, definition, terms, engine, result, form)
                   values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing";
        tx.execute(sql, row).await?;
    }
    if let Some(standing) = &part.standing
        && !standings::write(tx, standing, None, &part.targets, finish.at).await?
    {
        return Ok(false);
    }
    if let Some(word) = &part.tally {
        standings::count(tx, finish.person, &part.trial, word, finish.at).await?;
    }
    for (kind, text) in &part.alerts {
        standings::alert(tx, finish.person, &part.trial, kind, text, finish.at).await?;
    }
    Ok(true)
}

fn pack_seen(seen: &[(PatientKey, Instant)]) -> Vec<u8> {
    seen.iter().flat_map(|(patient, known)| [&patient.0[..], &known.0.to_be_bytes()[..]].concat()).collect()
}

fn read_seen(bytes: &[u8]) -> Vec<(PatientKey, Instant)> {
    let one = |chunk: &[u8]| {
        let known = i64::from_be_bytes(chunk.get(16..24)?.try_into().ok()?);
        Some((Item::from_bytes(chunk.get(..16)?)?, Instant(known)))
    };
    bytes.chunks_exact(24).filter_map(one).collect()
}

const REASONS: [Reason; 10] = [
    Reason::NeverSeen,
    Reason::TooOld,
    Reason::NotYetFinal,
    Reason::KnownInPart,
    Reason::Conflicting,
    Reason::Implausible,
    Reason::UnitNotConvertible,
    Reason::CodeNotUnderstood,
    Reason::AwaitingAttestation,
    Reason::AnchorNotReached,
];

/// The verdict's word, or why the person is not looked at.
fn result_word(result: &ResultWord) -> String {
    match result.considered {
        Considered::Yes => result.overall.word().to_owned(),
        Considered::No => "not considered".to_owned(),
        Considered::Unknown(reason) => format!("not considered: {}", reason.words()),
    }
}

fn read_result(word: &str) -> Result<ResultWord, StoreError> {
    let overall =
        [Overall::Eligible, Overall::Ineligible, Overall::Undetermined].into_iter().find(|o| o.word() == word);
    let considered = match (overall, word.strip_prefix("not considered: ")) {
        (Some(_), _) => Some(Considered::Yes),
        (None, None) => (word == "not considered").then_some(Considered::No),
        (None, Some(why)) => REASONS.into_iter().find(|r| r.words() == why).map(Considered::Unknown),
    };
    let considered = considered.ok_or_else(|| StoreError::Corrupt("an assessment's result is no known word".into()))?;
    Ok(ResultWord { considered, overall: overall.unwrap_or(Overall::Undetermined) })
}

pub(super) fn assessment(mut r: Row) -> Result<StoredAssessment, StoreError> {
    let digest = |bytes: Vec<u8>| bytes.try_into().map_err(|_| StoreError::Corrupt("a digest is not 32 bytes".into()));
    Ok(StoredAssessment {
        version: r.int(0)?,
        seen: read_seen(&r.bytes(1)?),
        at: r.instant(2)?,
        definition: digest(r.bytes(3)?)?,
        terms: digest(r.bytes(4)?)?,
        engine: r.text(5)?,
        result: read_result(&r.text(6)?)?,
        form: r.bytes(7)?,
    })
}

impl Question for CurrentAssessment {
    type Answer = Option<StoredAssessment>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let whose = super::links::whose(tx, self.person).await?;
        let sql = "select version, seen, at, definition, terms, engine, result, form from assessment where partition = part(?1) and person = ?1 and trial = ?2";
        tx.query(sql, args![whose, self.trial.as_str()]).await?.into_iter().next().map(assessment).transpose()
    }
}

/// The current assessments of a person, by trial.
pub(super) async fn currents(
    tx: &mut impl Tx,
    person: PersonKey,
) -> Result<Vec<(String, StoredAssessment)>, StoreError> {
    let sql = "select version, seen, at, definition, terms, engine, result, form, trial from assessment where partition = part(?1) and person = ?1 order by trial";
    let one = |mut r: Row| Ok((r.text(8)?, assessment(r)?));
    tx.query(sql, args![person]).await?.into_iter().map(one).collect()
}

impl Question for AssessmentHistory {
    type Answer = Vec<StoredAssessment>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select version, seen, at, definition, terms, engine, result, form from assessed where partition = part(?1) and person = ?1 and trial = ?2 order by version";
        tx.query(sql, args![self.person, self.trial.as_str()]).await?.into_iter().map(assessment).collect()
    }
}

impl Question for PendingCount {
    type Answer = (i64, i64);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select count(*), coalesce(cast(sum(case when tries >= ?1 then 1 else 0 end) as bigint), 0) from pending where wide(partition)";
        tx.query(sql, args![TRIES_MAX]).await?.first().map_or(Ok((0, 0)), |r| Ok((r.int(0)?, r.int(1)?)))
    }
}

impl Question for ParkedList {
    type Answer = Vec<(PersonKey, String)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select person, why from pending where wide(partition) and tries >= ?1 order by person limit ?2";
        let rows = tx.query(sql, args![TRIES_MAX, i64::try_from(self.count).unwrap_or(0)]).await?;
        rows.into_iter().map(|mut r| Ok((r.person(0)?, r.text(1)?))).collect()
    }
}

impl Question for NextDue {
    type Answer = Option<Instant>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx.query("select at from due where wide(partition) order by at limit 1", &[]).await?;
        rows.first().map(|r| r.instant(0)).transpose()
    }
}
