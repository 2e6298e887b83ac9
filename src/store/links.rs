//! Which patients are one person: what their records say of each other, and the membership that follows from it.
//!
//! Persons are the connected parts of what is said *now*. So the order in which it was said does not matter, and what is
//! no longer said is as if it never had been: each patient keeps a person of its own, to which it goes back.

use super::audit;
use super::contract::{Caller, RefusalReason, StoreError};
use super::names::guard;
use super::persons::{self, Touched};
use super::standings::GATEWAY;
use super::tx::Tx;
use super::value::args;
use crate::model::draft::{Draft, LinkKind, Subject};
use crate::model::key::{Item, PatientKey, PersonKey, digest_words};
use crate::model::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Patients that may be one person.
pub(super) const ONE_PERSON_MAX: usize = 500;
/// Patients that may bear one identifier; one that more bear, such as `000000`, names nobody.
pub(super) const BEARERS_MAX: usize = 16;
/// A patient bears an identifier by which persons are known in every source; and the same from its other end.
const BEARS: i64 = 5;
const BORNE_BY: i64 = 6;

/// The whole of what one patient's record says of others: the other end, and how.
type Said = BTreeSet<(Item, i64)>;

/// Makes what a Patient's record says of others what is said now; answers what it cannot follow.
pub(super) async fn say(
    tx: &mut impl Tx,
    (source, draft): (&str, &Draft),
    me: Touched,
    caller: &Caller,
    at: Instant,
) -> Result<Result<(), RefusalReason>, StoreError> {
    let mut wanted = Said::new();
    for link in &draft.links {
        let Subject::Patient(id) = &link.other else { continue };
        let other = persons::touch(tx, source, id, at).await?;
        wanted.insert((other.patient, link.kind as i64));
    }
    for identifier in &draft.known_by {
        let digest = digest_words(&["known by", &identifier.system, &identifier.value]);
        wanted.extend(Item::from_bytes(&digest[..16]).map(|name| (name, BEARS)));
    }
    wanted.retain(|(other, _)| *other != me.patient);
    change(tx, me, &wanted, caller, at).await
}

/// A Patient is gone. Whom it was replaced by stays said: that is how a merged record ends. All else ends with it; and
/// where nobody replaces it, whoever decided something about the person is told.
pub(super) async fn gone(
    tx: &mut impl Tx,
    patient: PatientKey,
    caller: &Caller,
    at: Instant,
) -> Result<Result<(), RefusalReason>, StoreError> {
    let me = persons::hold(tx, patient, at).await?;
    let mut left = said(tx, patient).await?;
    left.retain(|(_, kind)| *kind == LinkKind::ReplacedBy as i64);
    if let Err(reason) = change(tx, me, &left, caller, at).await? {
        return Ok(Err(reason));
    }
    let sql =
        "select 1 from patient_link where partition = part(?1) and patient = ?1 and kind = 1 and until is null limit 1";
    if tx.query(sql, args![patient]).await?.is_empty() {
        let person = persons::hold(tx, patient, at).await?.person;
        let text = "The source no longer has this person's Patient record, and no other record says that it replaces it. The status stays; look whether it was merged or removed.";
        for of in all_of(tx, person).await? {
            super::standings::alert_where_people_decided(tx, of, "patient-gone", text, at).await?;
        }
    }
    Ok(Ok(()))
}

async fn said(tx: &mut impl Tx, me: PatientKey) -> Result<Said, StoreError> {
    let sql = "select other, kind from patient_link where partition = part(?1) and patient = ?1 and said_by = ?1 and until is null";
    tx.query(sql, args![me]).await?.iter_mut().map(|r| Ok((r.item(0)?, r.int(1)?))).collect()
}

async fn change(
    tx: &mut impl Tx,
    me: Touched,
    wanted: &Said,
    caller: &Caller,
    at: Instant,
) -> Result<Result<(), RefusalReason>, StoreError> {
    let before = said(tx, me.patient).await?;
    let changed: Vec<(Item, i64)> = before.symmetric_difference(wanted).copied().collect();
    if changed.is_empty() {
        return Ok(Ok(()));
    }
    for (name, _) in changed.iter().filter(|(_, kind)| *kind == BEARS) {
        // Rivals who bear the same identifier see each other.
        guard(tx, name.0.to_vec(), at).await?;
    }
    for (other, kind) in &changed {
        let ends = [(me.patient, *other, *kind), (*other, me.patient, from_the_other_end(*kind))];
        for (patient, other, kind) in ends {
            if wanted.contains(&changed_as(me.patient, patient, other, kind)) {
                let sql = "insert into patient_link (partition, patient, other, kind, said_by, since) values (part(?1), ?1, ?2, ?3, ?4, ?5)
                           on conflict (partition, patient, other, kind, said_by, since) do update set until = null";
                tx.execute(sql, args![patient, other, kind, me.patient, me.known]).await?;
            } else {
                let sql = "update patient_link set until = ?5 where partition = part(?1) and patient = ?1 and other = ?2 and kind = ?3 and said_by = ?4 and until is null";
                tx.execute(sql, args![patient, other, kind, me.patient, me.known]).await?;
            }
        }
    }
    let ends = changed.iter().map(|(other, kind)| (*other, *kind == BEARS));
    let ends: Vec<(Item, bool)> = ends.chain([(me.patient, false)]).collect();
    join(tx, &ends, caller, at).await
}

fn from_the_other_end(kind: i64) -> i64 {
    match kind {
        1 => 2,
        2 => 1,
        BEARS => BORNE_BY,
        BORNE_BY => BEARS,
        both => both,
    }
}

/// The statement as its own patient makes it, from either of its two rows.
fn changed_as(me: PatientKey, patient: PatientKey, other: Item, kind: i64) -> (Item, i64) {
    if patient == me { (other, kind) } else { (patient, from_the_other_end(kind)) }
}

/// What is known of some patients and of all that may be one person with any of them.
#[derive(Default)]
struct Kin {
    /// Each with the person that it belongs to, and its own.
    patients: BTreeMap<PatientKey, (PersonKey, PersonKey)>,
    /// Pairs that are one person, a patient or an identifier at either end.
    same: Vec<(Item, Item)>,
    /// Patients that another replaces.
    replaced: BTreeSet<PatientKey>,
}

/// Holds all who may be one person with these, and makes of them the persons that they are.
async fn join(
    tx: &mut impl Tx,
    ends: &[(Item, bool)],
    caller: &Caller,
    at: Instant,
) -> Result<Result<(), RefusalReason>, StoreError> {
    let mut held = BTreeSet::new();
    loop {
        let Some(kin) = kin_of(tx, ends).await? else { return Ok(Err(RefusalReason::TooManyLinked)) };
        let new: Vec<PatientKey> = kin.patients.keys().filter(|p| !held.contains(*p)).copied().collect();
        if new.is_empty() {
            settle(tx, &kin, caller, at).await?;
            return Ok(Ok(()));
        }
        // Once they are held nobody else joins or parts them; what a rival did before is seen in the next turn.
        for patient in new {
            persons::hold(tx, patient, at).await?;
            held.insert(patient);
        }
    }
}

/// Walks from these ends along what is said, and along who belongs together until now; `None`: more than may be.
async fn kin_of(tx: &mut impl Tx, ends: &[(Item, bool)]) -> Result<Option<Kin>, StoreError> {
    let mut kin = Kin::default();
    let mut open: Vec<(Item, bool)> = ends.to_vec();
    let mut seen: BTreeSet<Item> = BTreeSet::new();
    while let Some((end, is_name)) = open.pop() {
        if !seen.insert(end) {
            continue;
        }
        if is_name {
            name(tx, end, &mut kin, &mut open).await?;
        } else {
            patient(tx, end, &mut kin, &mut open).await?;
        }
        if kin.patients.len() > ONE_PERSON_MAX {
            return Ok(None);
        }
    }
    Ok(Some(kin))
}

async fn name(tx: &mut impl Tx, name: Item, kin: &mut Kin, open: &mut Vec<(Item, bool)>) -> Result<(), StoreError> {
    let sql = "select other from patient_link where partition = part(?1) and patient = ?1 and kind = 6 and until is null order by other limit ?2";
    let rows = tx.query(sql, args![name, BEARERS_MAX as i64 + 2]).await?;
    let bearers: Vec<Item> = rows.iter().map(|r| r.item(0)).collect::<Result<_, _>>()?;
    if bearers.len() <= BEARERS_MAX {
        kin.same.extend(bearers.iter().map(|b| (name, *b)));
    }
    // With one more than may be, those that were one person by it part now; beyond that they have parted.
    if bearers.len() <= BEARERS_MAX + 1 {
        open.extend(bearers.into_iter().map(|b| (b, false)));
    }
    Ok(())
}

async fn patient(
    tx: &mut impl Tx,
    patient: PatientKey,
    kin: &mut Kin,
    open: &mut Vec<(Item, bool)>,
) -> Result<(), StoreError> {
    let sql = "select person, home from patient where partition = part(?1) and patient = ?1";
    let rows = tx.query(sql, args![patient]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Corrupt("a linked patient is not there".into()))?;
    let person = row.person(0)?;
    kin.patients.insert(patient, (person, row.maybe_person(1)?.unwrap_or(person)));
    let sql = "select other, kind from patient_link where partition = part(?1) and patient = ?1 and until is null";
    for row in tx.query(sql, args![patient]).await? {
        let (other, kind) = (row.item(0)?, row.int(1)?);
        open.push((other, kind == BEARS));
        if kind != BEARS {
            kin.same.push((patient, other));
        }
        if kind == LinkKind::ReplacedBy as i64 {
            kin.replaced.insert(patient);
        }
    }
    let members = persons::members(tx, person).await?;
    open.extend(members.into_iter().filter(|m| m.source != GATEWAY).map(|m| (m.patient, false)));
    Ok(())
}

impl Kin {
    /// The connected parts: each is one person.
    fn parts(&self) -> Vec<Vec<PatientKey>> {
        let mut lead: BTreeMap<Item, Item> = BTreeMap::new();
        let root = |lead: &BTreeMap<Item, Item>, mut end: Item| {
            while let Some(next) = lead.get(&end).filter(|n| **n != end) {
                end = *next;
            }
            end
        };
        for (a, b) in &self.same {
            let (a, b) = (root(&lead, *a), root(&lead, *b));
            if a != b {
                lead.insert(a.max(b), a.min(b));
            }
        }
        let mut parts: BTreeMap<Item, Vec<PatientKey>> = BTreeMap::new();
        for patient in self.patients.keys() {
            parts.entry(root(&lead, *patient)).or_default().push(*patient);
        }
        parts.into_values().collect()
    }

    /// The patient whose own person the part is: one that nobody replaces, else any, always the same.
    fn first(&self, part: &[PatientKey]) -> Option<PersonKey> {
        let free = part.iter().find(|p| !self.replaced.contains(*p));
        free.or(part.first()).and_then(|p| self.patients.get(p)).map(|(_, home)| *home)
    }
}

async fn settle(tx: &mut impl Tx, kin: &Kin, caller: &Caller, at: Instant) -> Result<(), StoreError> {
    let mut concerned: BTreeSet<PersonKey> = BTreeSet::new();
    let parts = kin.parts();
    for part in &parts {
        let Some(person) = kin.first(part) else { continue };
        let moved = gather(tx, kin, part, person, at).await?;
        if !moved.is_empty() {
            concerned.extend(moved);
            concerned.insert(person);
            let detail = format!("{} patients are one person", part.len());
            let entry = audit::Entry { action: "link patients", detail, person: Some(person), caller, at };
            audit::append(tx, entry).await?;
        }
    }
    for person in parts.iter().filter_map(|part| kin.first(part)).filter(|p| concerned.contains(p)) {
        persons::mark(tx, person, at, "identity").await?;
    }
    Ok(())
}

/// Brings a part's patients to its person. Answers the persons that lost one.
async fn gather(
    tx: &mut impl Tx,
    kin: &Kin,
    part: &[PatientKey],
    person: PersonKey,
    at: Instant,
) -> Result<Vec<PersonKey>, StoreError> {
    let (mut moved, mut objected) = (Vec::new(), 0);
    for patient in part {
        let Some((of, home)) = kin.patients.get(patient).copied() else { continue };
        let into = (home != person).then_some(person);
        let own = lead(tx, home, into, at).await?;
        objected |= if into.is_some() { own & OWN } else { 0 };
        if of != person {
            move_to(tx, *patient, of, person, at).await?;
            moved.push(of);
        }
        // What the gateway itself knows of a person goes with that person's patient.
        let own = Item::of(GATEWAY, "Patient", &home.to_string());
        let sql = "select person from patient where partition = part(?1) and patient = ?1";
        if let Some(of) = tx.query(sql, args![own]).await?.first().map(|r| r.person(0)).transpose()?
            && of != person
        {
            move_to(tx, own, of, person, at).await?;
        }
    }
    let sql = "update person set state = case when state >= 2 then state - 2 else state end + ?2 where partition = part(?1) and person = ?1";
    tx.execute(sql, args![person, objected * 2]).await?;
    Ok(moved)
}

/// The bit of a person's state that says of themselves that they objected; the other says it of one they are one with.
const OWN: i64 = 1;

/// Says whose person a person is now; answers its state. Whoever is another's is no longer waited for, nor counted.
async fn lead(tx: &mut impl Tx, person: PersonKey, into: Option<PersonKey>, at: Instant) -> Result<i64, StoreError> {
    let sql = "update person set state = state where partition = part(?1) and person = ?1 returning state, merged_into";
    let rows = tx.query(sql, args![person]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Corrupt("a patient's person is not there".into()))?;
    let (state, before) = (row.int(0)?, row.maybe_person(1)?);
    if before == into {
        return Ok(state);
    }
    let sql = "update person set merged_into = ?2, state = case when state >= 2 then state - 2 else state end where partition = part(?1) and person = ?1";
    tx.execute(sql, args![person, into]).await?;
    if before.is_none() {
        // The row is waited for: whoever finishes this person now has counted them, or will find them gone.
        tx.execute("delete from pending where partition = part(?1) and person = ?1", args![person]).await?;
        tx.group().marked.remove(&person);
        tx.execute("delete from due where partition = part(?1) and person = ?1", args![person]).await?;
        super::standings::count_no_more(tx, person, at).await?;
    }
    Ok(state)
}

/// Ends a membership and begins another.
pub(super) async fn move_to(
    tx: &mut impl Tx,
    patient: PatientKey,
    from: PersonKey,
    to: PersonKey,
    at: Instant,
) -> Result<(), StoreError> {
    let known = persons::hold(tx, patient, at).await?.known;
    let sql =
        "update member set until = ?3 where partition = part(?1) and person = ?1 and patient = ?2 and until is null";
    tx.execute(sql, args![from, patient, known]).await?;
    let sql = "insert into member (partition, person, patient, since) values (part(?1), ?1, ?2, ?3)
               on conflict (partition, person, patient, since) do update set until = null";
    tx.execute(sql, args![to, patient, known]).await?;
    let sql = "update patient set person = ?2, home = coalesce(home, ?3) where partition = part(?1) and patient = ?1";
    tx.execute(sql, args![patient, to, from]).await?;
    tx.group().patients.insert(patient, (known.0, to));
    Ok(())
}

/// The person that a person is: themselves, or the one they are one with.
pub(super) async fn whose(tx: &mut impl Tx, person: PersonKey) -> Result<PersonKey, StoreError> {
    let sql = "select merged_into from person where partition = part(?1) and person = ?1";
    let rows = tx.query(sql, args![person]).await?;
    Ok(rows.first().map(|r| r.maybe_person(0)).transpose()?.flatten().unwrap_or(person))
}

/// A person and all who are that person too: first the one whose record is used, then by key.
pub(super) async fn all_of(tx: &mut impl Tx, person: PersonKey) -> Result<Vec<PersonKey>, StoreError> {
    let person = whose(tx, person).await?;
    let mut all = vec![person];
    let sql = "select distinct p.home from member m join patient p on p.partition = part(m.patient) and p.patient = m.patient
               where m.partition = part(?1) and m.person = ?1 and m.until is null and p.home is not null and p.home <> ?1 order by p.home";
    all.extend(tx.query(sql, args![person]).await?.iter().map(|r| r.person(0)).collect::<Result<Vec<_>, _>>()?);
    Ok(all)
}
