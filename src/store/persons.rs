//! Patients and the persons they belong to: keys, known time, marks.

use super::contract::{KnownAt, PersonState, Record, StoreError, ToAssess};
use super::facts;
use super::questions::{
    Member, PersonByKey, PersonOf, PersonRow, PersonsAll, ReadPerson, ReadPersons, ReadToAssess, Standings,
};
use super::tx::{Question, Tx};
use super::value::{Row, args};
use crate::model::code::Coding;
use crate::model::fact::{Fact, Origin};
use crate::model::key::{Item, PatientKey, PersonKey};
use crate::model::time::Instant;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A patient that this transaction holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touched {
    pub(super) patient: PatientKey,
    pub(super) person: PersonKey,
    pub(super) known: Instant,
}

/// Takes a patient: makes row and person when new, moves known time on, and holds the row until the commit.
pub(super) async fn touch(tx: &mut impl Tx, source: &str, id: &str, at: Instant) -> Result<Touched, StoreError> {
    let patient = Item::of(source, "Patient", id);
    if let Some((known, person)) = tx.group().patients.get(&patient).copied() {
        // Nobody reads between two units of one commit, so they may share a moment.
        return Ok(Touched { patient, person, known: Instant(known) });
    }
    let moved = move_on(tx, patient, at).await?;
    let (known, person) = match moved {
        Some(found) => found,
        None => (at.0, create(tx, patient, source, id, at).await?),
    };
    tx.group().patients.insert(patient, (known, person));
    Ok(Touched { patient, person, known: Instant(known) })
}

async fn move_on(tx: &mut impl Tx, patient: PatientKey, at: Instant) -> Result<Option<(i64, PersonKey)>, StoreError> {
    let rows = tx
        .query(
            "update patient set known = case when known >= ?2 then known + 1 else ?2 end
             where partition = part(?1) and patient = ?1 returning known, person",
            args![patient, at],
        )
        .await?;
    rows.first().map(|r| Ok((r.int(0)?, r.person(1)?))).transpose()
}

async fn create(
    tx: &mut impl Tx,
    patient: PatientKey,
    source: &str,
    id: &str,
    at: Instant,
) -> Result<PersonKey, StoreError> {
    let person = PersonKey(super::audit::random::<16>()?);
    let sql = "insert into person (partition, person, state) values (part(?1), ?1, 0)";
    tx.execute(sql, args![person]).await?;
    if create_for(tx, patient, source, id, person, at).await? {
        Ok(person)
    } else {
        // A rival made it just now: the unit is run again from what is there.
        Err(StoreError::Busy)
    }
}

/// Makes the patient row of a person that is there; `false`: the patient was there already.
pub(super) async fn create_for(
    tx: &mut impl Tx,
    patient: PatientKey,
    source: &str,
    id: &str,
    person: PersonKey,
    at: Instant,
) -> Result<bool, StoreError> {
    let made = tx
        .execute(
            "insert into patient (partition, patient, source, id, person, known, feed) values (part(?1), ?1, ?2, ?3, ?4, ?5, 0) on conflict do nothing",
            args![patient, source, id, person, at],
        )
        .await?;
    if made == 0 {
        return Ok(false);
    }
    let sql =
        "insert into member (partition, person, patient, since) values (part(?1), ?1, ?2, ?3) on conflict do nothing";
    tx.execute(sql, args![person, patient, at]).await?;
    Ok(true)
}

/// Marks a person for assessment: now, whatever pause a failure had asked for.
pub(super) async fn mark(tx: &mut impl Tx, person: PersonKey, at: Instant, why: &str) -> Result<(), StoreError> {
    if !tx.group().marked.insert(person) {
        return Ok(());
    }
    tx.group().pending = true;
    tx.execute(
        "insert into pending (partition, person, mark, next_at, lease, lease_until, tries, why) values (part(?1), ?1, ?2, ?2, '', 0, 0, ?3)
         on conflict (partition, person) do update set mark = case when excluded.mark > pending.mark then excluded.mark else pending.mark + 1 end,
         next_at = case when pending.tries >= 3 then pending.next_at else excluded.next_at end",
        args![person, at, why],
    )
    .await?;
    Ok(())
}

/// Takes the patient that a resource was about before, marks its person, and answers the moment at which that ended.
pub(super) async fn leave(tx: &mut impl Tx, patient: PatientKey, at: Instant) -> Result<Instant, StoreError> {
    let held = hold(tx, patient, at).await?;
    mark(tx, held.person, at, "data").await?;
    Ok(held.known)
}

/// Takes a patient that is there.
pub(super) async fn hold(tx: &mut impl Tx, patient: PatientKey, at: Instant) -> Result<Touched, StoreError> {
    let known = tx.group().patients.get(&patient).copied();
    let moved = match known {
        Some(found) => Some(found),
        None => move_on(tx, patient, at).await?,
    };
    let (known, person) = moved.ok_or_else(|| StoreError::Corrupt("a patient that is named is not there".into()))?;
    tx.group().patients.insert(patient, (known, person));
    Ok(Touched { patient, person, known: Instant(known) })
}

/// The key of a code; its words are kept once, and prove that there is no clash.
pub(super) async fn code_key(tx: &mut impl Tx, code: &Coding) -> Result<i64, StoreError> {
    let key = code.key();
    if tx.group().codes.contains(&key) {
        return Ok(key);
    }
    let sql = "insert into code (code, system, word) values (?1, ?2, ?3) on conflict do nothing";
    tx.execute(sql, args![key, code.system.as_str(), code.code.as_str()]).await?;
    let rows = tx.query("select system, word from code where code = ?1", args![key]).await?;
    let words =
        rows.into_iter().next().map(|mut r| Ok::<_, StoreError>(Coding::new(r.text(0)?, r.text(1)?))).transpose()?;
    if words.as_ref() != Some(code) {
        return Err(StoreError::Corrupt("two codes share one key; this cannot be kept".into()));
    }
    tx.group().codes.insert(key);
    tx.group().new_codes.push(key);
    Ok(key)
}

impl Question for PersonOf {
    type Answer = Option<PersonKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        person_of(tx, Item::of(&self.source, "Patient", &self.patient)).await
    }
}

/// The person that a patient belongs to; `None`: it never arrived.
pub(super) async fn person_of(tx: &mut impl Tx, patient: PatientKey) -> Result<Option<PersonKey>, StoreError> {
    let rows =
        tx.query("select person from patient where partition = part(?1) and patient = ?1", args![patient]).await?;
    rows.first().map(|r| r.person(0)).transpose()
}

impl Question for PersonByKey {
    type Answer = Option<PersonRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select 1 from person where partition = part(?1) and person = ?1";
        if tx.query(sql, args![self.person]).await?.is_empty() {
            return Ok(None);
        }
        let (state, person) = state(tx, self.person).await?;
        let mut members = members(tx, person).await?;
        members.retain(|m| m.source != super::standings::GATEWAY);
        Ok(Some(PersonRow { person, state, members }))
    }
}

pub(super) async fn members(tx: &mut impl Tx, person: PersonKey) -> Result<Vec<Member>, StoreError> {
    Ok(members_at(tx, person).await?.into_iter().map(|(member, ..)| member).collect())
}

/// The members, each with its known time: first the one whose record is used, then by key.
async fn members_at(
    tx: &mut impl Tx,
    person: PersonKey,
) -> Result<Vec<(Member, Instant, Option<PersonKey>)>, StoreError> {
    let rows = tx
        .query(
            "select m.patient, p.source, p.id, m.since, p.known, p.home from member m join patient p on p.partition = part(m.patient) and p.patient = m.patient
             where m.partition = part(?1) and m.person = ?1 and m.until is null
             order by case when p.home is null or p.home = m.person then 0 else 1 end, m.patient",
            args![person],
        )
        .await?;
    rows.into_iter().map(member).collect()
}

/// What stands over all of a person's trials, and who they are: themselves, or the person they are one with.
async fn state(tx: &mut impl Tx, person: PersonKey) -> Result<(PersonState, PersonKey), StoreError> {
    let (mut state, into) = own_state(tx, person).await?;
    let Some(into) = into else { return Ok((state, person)) };
    state = own_state(tx, into).await?.0;
    Ok((state, into))
}

async fn own_state(tx: &mut impl Tx, person: PersonKey) -> Result<(PersonState, Option<PersonKey>), StoreError> {
    let rows = tx
        .query(
            "select s.state, coalesce(p.tries, 0), s.merged_into from person s left join pending p on p.partition = s.partition and p.person = s.person
             where s.partition = part(?1) and s.person = ?1",
            args![person],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok((PersonState::default(), None)) };
    // One bit of their own, one of those they are one with.
    let state = PersonState { objected: row.int(0)? & 3 != 0, parked: row.int(1)? >= super::assess::TRIES_MAX };
    Ok((state, row.maybe_person(2)?))
}

impl Question for PersonsAll {
    type Answer = Vec<PersonKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let after = self.after.map_or(Vec::new(), |p| p.0.to_vec());
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let sql = "select person from person where (partition, person) > (part(?1), ?1) and merged_into is null order by partition, person limit ?2";
        tx.query(sql, args![after, count]).await?.iter().map(|r| r.person(0)).collect()
    }
}

impl Question for ReadPerson {
    type Answer = Record;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Record, StoreError> {
        let wanted: Option<BTreeSet<i64>> = self.codes.as_ref().map(|codes| codes.iter().copied().collect());
        let own = [Origin::Patient as i64, Origin::Gateway as i64];
        self.record(tx, |code, origin| wanted.as_ref().is_none_or(|w| w.contains(&code) || own.contains(&origin))).await
    }
}

impl Question for ReadPersons {
    type Answer = Vec<Record>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::with_capacity(self.persons.len());
        for person in &self.persons {
            found.push(ReadPerson { person: *person, known: self.known.clone(), codes: None }.run(tx).await?);
        }
        Ok(found)
    }
}

impl Question for ReadToAssess {
    type Answer = Vec<ToAssess>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<ToAssess>, StoreError> {
        let mut found = Vec::with_capacity(self.persons.len());
        for person in &self.persons {
            let ask = ReadPerson { person: *person, known: KnownAt::Now, codes: None };
            // Every condition tells that there is a problem list, whatever it says.
            // A drug in a code that nobody reads may still be one that a definition asks about.
            let keep = |code, origin| !self.unread.contains(&code) || origin != Origin::Observation as i64;
            let record = ask.record(tx, keep).await?;
            let current = super::assess::currents(tx, *person).await?;
            let standings = if record.homes.is_empty() {
                Standings { person: *person }.run(tx).await?
            } else {
                super::standings::around(tx, record.person, &record.homes).await?
            };
            found.push(ToAssess { record, current, standings });
        }
        Ok(found)
    }
}

impl ReadPerson {
    async fn record<T: Tx>(&self, tx: &mut T, keep: impl Fn(i64, i64) -> bool + Sync) -> Result<Record, StoreError> {
        let (state, mut person) = state(tx, self.person).await?;
        if let KnownAt::Moment(at) = self.known
            && person != self.person
            && !members_then(tx, self.person, at).await?.is_empty()
        {
            // They are one with another now, and were themselves then.
            person = self.person;
        }
        let (seen, sources, facts, homes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut record = Record { person, homes, seen, sources, facts, state };
        for (member, now, home) in self.patients(tx, person).await? {
            record.homes.extend(home.filter(|h| *h != person && !record.homes.contains(h)));
            let known = match &self.known {
                KnownAt::Now => now,
                KnownAt::Moment(at) => *at,
                KnownAt::Seen(seen) => {
                    seen.iter().find(|(p, _)| *p == member.patient).map_or(Instant::MIN, |(_, k)| *k)
                }
            };
            record.seen.push((member.patient, known));
            let source = tx.group().source(&member.source);
            if facts_of(tx, member.patient, known, &source, &keep, &mut record.facts).await? {
                record.sources.push(source);
            }
        }
        super::drugs::named(tx, &mut record, &self.known).await?;
        Ok(record)
    }

    /// The members, each with the moment up to which everything was committed before this row read so, and the person
    /// that it has of its own. What was seen is asked for as it was, whoever the patients belong to now.
    async fn patients(
        &self,
        tx: &mut impl Tx,
        person: PersonKey,
    ) -> Result<Vec<(Member, Instant, Option<PersonKey>)>, StoreError> {
        match &self.known {
            KnownAt::Now => members_at(tx, person).await,
            KnownAt::Moment(at) => members_then(tx, person, *at).await,
            KnownAt::Seen(seen) => {
                let mut found = Vec::with_capacity(seen.len());
                for (patient, known) in seen {
                    let sql = "select source, id, home from patient where partition = part(?1) and patient = ?1";
                    // A Medication that was seen is no patient.
                    if let Some(mut r) = tx.query(sql, args![*patient]).await?.into_iter().next() {
                        let (source, id) = (r.text(0)?, r.text(1)?);
                        let member = Member { patient: *patient, source, id, since: *known };
                        found.push((member, *known, r.maybe_person(2)?));
                    }
                }
                Ok(found)
            }
        }
    }
}

/// Who the members were at a moment.
async fn members_then(
    tx: &mut impl Tx,
    person: PersonKey,
    at: Instant,
) -> Result<Vec<(Member, Instant, Option<PersonKey>)>, StoreError> {
    let rows = tx
        .query(
            "select m.patient, p.source, p.id, m.since, p.known, p.home from member m join patient p on p.partition = part(m.patient) and p.patient = m.patient
             where m.partition = part(?1) and m.person = ?1 and m.since <= ?2 and (m.until is null or m.until > ?2)
             order by case when p.home is null or p.home = m.person then 0 else 1 end, m.patient",
            args![person, at],
        )
        .await?;
    rows.into_iter().map(member).collect()
}

fn member(mut r: Row) -> Result<(Member, Instant, Option<PersonKey>), StoreError> {
    let member = Member { patient: r.item(0)?, source: r.text(1)?, id: r.text(2)?, since: r.instant(3)? };
    Ok((member, r.instant(4)?, r.maybe_person(5)?))
}

/// Adds the facts of a patient; whether there is any, kept or not.
pub(super) async fn facts_of<T: Tx>(
    tx: &mut T,
    patient: PatientKey,
    known: Instant,
    source: &Arc<str>,
    keep: &(impl Fn(i64, i64) -> bool + Sync),
    found: &mut Vec<Fact>,
) -> Result<bool, StoreError> {
    let (before, mut any) = (found.len(), false);
    let mut codes: Vec<i64> = Vec::new();
    tx.each(
        "select f.code, f.origin, f.item, f.version, f.known, f.part, f.at, f.at_end, f.other_end, f.recorded, f.status, f.kind,
         f.low, f.high, f.text, f.unit, f.low_ref, f.high_ref, f.unit_ref, f.context
         from fact f where f.partition = part(?1) and f.patient = ?1 and f.known <= ?2 and (f.until is null or f.until > ?2)
         order by f.code, f.at, f.item, f.part, f.version",
        args![patient, known],
        &mut |row| {
            any = true;
            let code = row.int(0)?;
            if keep(code, row.int(1)?) {
                let (item, version, known) = (row.item(2)?, row.int(3)?, Instant(row.int(4)?));
                found.push(Fact { draft: facts::read(row, 1, 5)?, item, version, known, source: source.clone() });
                codes.push(code);
            }
            Ok(())
        },
    )
    .await?;
    let mut last: Option<(i64, Coding)> = None;
    for (fact, key) in found[before..].iter_mut().zip(codes) {
        fact.draft.code = match &last {
            Some((before, code)) if *before == key => code.clone(),
            _ => last.insert((key, words_of(tx, key).await?)).1.clone(),
        };
    }
    Ok(any)
}

/// The words of a code: remembered, since a key never means another code.
async fn words_of(tx: &mut impl Tx, key: i64) -> Result<Coding, StoreError> {
    if let Some(known) = tx.group().words.get(&key) {
        return Ok(known.clone());
    }
    let rows = tx.query("select system, word from code where code = ?1", args![key]).await?;
    let missing = || StoreError::Corrupt("a fact's code has no words".into());
    let mut row = rows.into_iter().next().ok_or_else(missing)?;
    let code = Coding::new(row.text(0)?, row.text(1)?);
    tx.group().remember(key, code.clone());
    Ok(code)
}
