//! Import: resource versions, their facts, the mark on the person and the audit row, in one transaction.

use super::audit;
use super::body;
use super::contract::*;
use super::drugs;
use super::facts;
use super::links;
use super::names::{Name, found, matches, name, silent_of};
use super::persons::{self, Touched};
use super::tx::{Done, Tx, Unit};
use super::value::{Row as AnswerRow, Value, args};
use crate::model::draft::{Draft, Identifier, ResourceType, Subject};
use crate::model::fact::{DraftFact, FactStatus};
use crate::model::key::{Item, PatientKey, hex};
use crate::model::time::Instant;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

impl Unit for Import {
    type Answer = Result<Vec<Kept>, ImportRefusal>;

    fn weight(&self) -> usize {
        self.entries.iter().map(|e| e.body.len()).sum()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        touch_all(self, tx).await?;
        let mut all = Vec::with_capacity(self.entries.len());
        let (mut digest, mut line) = (Sha256::new(), String::new());
        for (place, entry) in self.entries.iter().enumerate() {
            match one(self, entry, tx).await? {
                Ok(kept) => {
                    line.clear();
                    let _ = writeln!(line, "{} {} {}", entry.draft.resource_type.name(), kept.id, kept.version);
                    digest.update(&line);
                    all.push(kept);
                }
                Err(reason) => return Ok(Done::Undo(Err(ImportRefusal { entry: place, reason }))),
            }
        }
        let detail = format!("{} entries of {}: sha256:{}", all.len(), self.source, hex(&digest.finalize()));
        let row = audit::Entry { action: "import", detail, person: None, caller: &self.caller, at: self.at };
        audit::append(tx, row).await?;
        Ok(Done::Keep(Ok(all)))
    }
}

/// Takes every patient that the entries name, in key order, so that rivals cannot wait for each other in a ring.
async fn touch_all(import: &Import, tx: &mut impl Tx) -> Result<(), StoreError> {
    let mut patients = BTreeMap::new();
    for entry in &import.entries {
        let linked = entry.draft.links.iter().filter_map(|link| match &link.other {
            Subject::Patient(id) => Some(id.as_str()),
            _ => None,
        });
        for id in patient_id(entry).into_iter().chain(linked) {
            patients.insert(Item::of(&import.source, "Patient", id), id);
        }
    }
    for id in patients.into_values() {
        persons::touch(tx, &import.source, id, import.at).await?;
    }
    Ok(())
}

fn patient_id(entry: &ImportEntry) -> Option<&str> {
    match entry.draft.resource_type {
        ResourceType::Patient => Some(&entry.id),
        _ => entry.patient.as_deref(),
    }
}

/// The newest version that is current or deleted.
pub(super) struct Head {
    pub(super) version: i64,
    pub(super) hash: Vec<u8>,
    pub(super) source_time: Option<i64>,
    pub(super) source_version: Option<String>,
    pub(super) patient: Option<PatientKey>,
    made: Vec<u8>,
    pub(super) state: i64,
    pub(super) known: Instant,
}

fn read_head(mut r: AnswerRow) -> Result<Head, StoreError> {
    Ok(Head {
        version: r.int(0)?,
        hash: r.bytes(1)?,
        source_time: r.maybe_int(2)?,
        source_version: r.maybe_text(3)?,
        patient: r.maybe_bytes(4)?.and_then(|b| Item::from_bytes(&b)),
        made: r.bytes(5)?,
        state: r.int(6)?,
        known: r.instant(7)?,
    })
}

pub(super) async fn head(tx: &mut impl Tx, item: Item) -> Result<Option<Head>, StoreError> {
    Ok(head_and_newest(tx, item).await?.0)
}

/// The head, and the highest version of any state: one look-up, unless the newest came late.
pub(super) async fn head_and_newest(tx: &mut impl Tx, item: Item) -> Result<(Option<Head>, i64), StoreError> {
    let sql = "select version, hash, source_time, source_version, patient, made, state, known from resource
               where partition = part(?1) and item = ?1 order by version desc limit 1";
    let Some(newest) = tx.query(sql, args![item]).await?.into_iter().next().map(read_head).transpose()? else {
        return Ok((None, 0));
    };
    let version = newest.version;
    if matches!(newest.state, 1 | 3) {
        return Ok((Some(newest), version));
    }
    let sql = "select version, hash, source_time, source_version, patient, made, state, known from resource
               where partition = part(?1) and item = ?1 and state in (1, 3) order by version desc limit 1";
    let head = tx.query(sql, args![item]).await?.into_iter().next().map(read_head).transpose()?;
    Ok((head, version))
}

type Outcome = Result<Kept, RefusalReason>;

async fn one<T: Tx>(import: &Import, entry: &ImportEntry, tx: &mut T) -> Result<Outcome, StoreError> {
    let kind = entry.draft.resource_type;
    let (search, if_match) = match &entry.method {
        Method::Load => (None, None),
        Method::Create { if_none_exist } => (if_none_exist.as_ref(), None),
        Method::Update { if_match } => (None, *if_match),
        Method::ConditionalUpdate { search, if_match } => (Some(search), *if_match),
    };
    let met = match search {
        Some(search) => found(&import.source, kind, search, import.at, tx).await?,
        None => Ok(None),
    };
    let id = match met {
        Err(reason) => return Ok(Err(reason)),
        Ok(Some(id)) if elsewhere(import, entry, &id) => return Ok(Err(RefusalReason::Overtaken)),
        Ok(Some(id)) if matches!(entry.method, Method::Create { .. }) => {
            let head = head(tx, Item::of(&import.source, kind.name(), &id)).await?;
            let head = head.ok_or_else(|| StoreError::Corrupt("an identifier leads nowhere".into()))?;
            return Ok(Ok(unchanged(id, &head)));
        }
        Ok(met) => met.unwrap_or_else(|| entry.id.clone()),
    };
    keep(import, entry, id, if_match, tx).await
}

/// Other entries of the same import may refer to the planned id: a condition must not lead to another one.
fn elsewhere(import: &Import, entry: &ImportEntry, met: &str) -> bool {
    import.entries.len() > 1 && met != entry.id
}

fn unchanged(id: String, head: &Head) -> Kept {
    Kept { event: Event::Unchanged, id, version: head.version, known: head.known }
}

async fn keep<T: Tx>(
    import: &Import,
    entry: &ImportEntry,
    id: String,
    if_match: Option<i64>,
    tx: &mut T,
) -> Result<Outcome, StoreError> {
    let kind = entry.draft.resource_type.name();
    let item = Item::of(&import.source, kind, &id);
    let patient = match whose(import, entry, &id, tx).await? {
        Ok(patient) => patient,
        Err(reason) => return Ok(Err(reason)),
    };
    let touched = match &patient {
        Some(patient) => Some(persons::touch(tx, &import.source, patient, import.at).await?),
        None => None,
    };
    let (before, newest) = head_and_newest(tx, item).await?;
    let hash = hash_of(entry);
    let current = before.as_ref().filter(|h| h.state == 1).map_or(0, |h| h.version);
    if if_match.is_some_and(|wanted| wanted != current) {
        return Ok(Err(RefusalReason::VersionConflict(current)));
    }
    if let Some(head) = before.as_ref().filter(|h| h.state == 3) {
        // The very version that was deleted, from a file or a feed that does not know it, brings nothing back.
        if entry.method == Method::Load && head.hash == hash {
            return Ok(Ok(unchanged(id, head)));
        }
        if older(&entry.draft, &hash, head) {
            return late(import, entry, &id, item, head, newest + 1, &hash, touched, tx).await.map(Ok);
        }
    }
    if let Some(head) = before.as_ref().filter(|h| h.state == 1) {
        let repetition = head.hash == hash || matches!(entry.method, Method::Create { if_none_exist: None });
        if repetition {
            // The settings may have named another system since by which persons are known.
            return Ok(say_links(import, entry, touched, tx).await?.map(|()| unchanged(id, head)));
        }
        if older(&entry.draft, &hash, head) {
            return late(import, entry, &id, item, head, newest + 1, &hash, touched, tx).await.map(Ok);
        }
    }
    let known = match (&touched, &before) {
        (Some(touched), _) => touched.known,
        (None, Some(head)) => moved_on(head, import.at),
        (None, None) => import.at,
    };
    let version = newest + 1;
    if let Some(head) = &before {
        retire(tx, item, head, import.at).await?;
    }
    let made = make_facts(import, entry, item, version, known, touched.as_ref(), tx).await?;
    insert(import, entry, &Row { id: &id, item, version, known, state: 1, made, hash, touched: touched.as_ref() }, tx)
        .await?;
    if let Err(reason) = say_links(import, entry, touched, tx).await? {
        return Ok(Err(reason));
    }
    if let Some(touched) = &touched {
        // Whatever the codes: another process may have a newer definition, which reads more.
        let person = persons::hold(tx, touched.patient, import.at).await?.person;
        persons::mark(tx, person, import.at, "data").await?;
        drugs::lean(tx, &import.source, &entry.draft, touched.patient, import.at).await?;
    }
    if entry.draft.resource_type == ResourceType::Medication {
        drugs::mark_who_leans(tx, item, import.at).await?;
    }
    let event = if before.is_some_and(|h| h.state == 1) { Event::Updated } else { Event::Created };
    Ok(Ok(Kept { event, id, version, known }))
}

/// What a Patient says of other records of the same person.
async fn say_links(
    import: &Import,
    entry: &ImportEntry,
    touched: Option<Touched>,
    tx: &mut impl Tx,
) -> Result<Result<(), RefusalReason>, StoreError> {
    match (entry.draft.resource_type, touched) {
        (ResourceType::Patient, Some(touched)) => {
            links::say(tx, (&import.source, &entry.draft), touched, &import.caller, import.at).await
        }
        _ => Ok(Ok(())),
    }
}

/// The known time of what follows a version that is about nobody: its own time grows, too.
pub(super) fn moved_on(head: &Head, at: Instant) -> Instant {
    at.max(head.known.plus_us(1))
}

fn known(import: &Import, touched: Option<&Touched>) -> Instant {
    touched.map_or(import.at, |t| t.known)
}

/// Whom it is about: the patient's id, resolved by identifier where that is all that was sent.
async fn whose<T: Tx>(
    import: &Import,
    entry: &ImportEntry,
    id: &str,
    tx: &mut T,
) -> Result<Result<Option<String>, RefusalReason>, StoreError> {
    if entry.draft.resource_type == ResourceType::Patient {
        return Ok(Ok(Some(id.to_owned())));
    }
    if let (Some(identifier), Some(patient)) = (&entry.draft.subject_identifier, &entry.patient)
        && names_another(&import.source, identifier, patient, tx).await?
    {
        return Ok(Err(RefusalReason::AnotherPatient));
    }
    let Some(Subject::Identifier(identifier)) = &entry.draft.subject else {
        return Ok(Ok(entry.patient.clone()));
    };
    let search = Search { id: None, identifiers: vec![identifier.clone()] };
    let mut ids = matches(&import.source, ResourceType::Patient, &search, tx).await?;
    let one = if ids.len() == 1 { ids.pop() } else { None };
    Ok(match (&entry.patient, one) {
        (None, None) => Err(RefusalReason::SubjectNotFound),
        // What flow read before is not what holds now.
        (Some(planned), met) if met.as_ref() != Some(planned) => Err(RefusalReason::Overtaken),
        (_, one) => Ok(one),
    })
}

/// Whether an identifier is that of Patients who are none of them the person that this one is.
async fn names_another(
    source: &str,
    identifier: &Identifier,
    patient: &str,
    tx: &mut impl Tx,
) -> Result<bool, StoreError> {
    let search = Search { id: None, identifiers: vec![identifier.clone()] };
    let ids = matches(source, ResourceType::Patient, &search, tx).await?;
    if ids.is_empty() || ids.iter().any(|id| id == patient) {
        return Ok(false);
    }
    let wanted = persons::person_of(tx, Item::of(source, "Patient", patient)).await?;
    for id in ids {
        if wanted.is_some() && persons::person_of(tx, Item::of(source, "Patient", &id)).await? == wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

fn hash_of(entry: &ImportEntry) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(&entry.body);
    for (stretch, text) in &entry.resolved {
        hash.update(stretch.start.to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

/// The source's own order: `lastUpdated`, then `versionId` where it is a whole number, then the bytes' hash: a total
/// order, so that of equals the same one stays whichever arrived first. Silent: by arrival.
fn older(draft: &Draft, hash: &[u8], head: &Head) -> bool {
    let (Some(new), Some(old)) = (draft.source_time, head.source_time) else { return false };
    let number = |v: &Option<String>| v.as_ref().and_then(|v| v.parse::<i64>().ok());
    (new.0, number(&draft.source_version), hash) < (old, number(&head.source_version), &head.hash)
}

/// A version older than the current one: kept in history, makes no facts, never was current.
#[expect(clippy::too_many_arguments, reason = "all of it is what was just read")]
async fn late<T: Tx>(
    import: &Import,
    entry: &ImportEntry,
    id: &str,
    item: Item,
    head: &Head,
    version: i64,
    hash: &[u8],
    touched: Option<Touched>,
    tx: &mut T,
) -> Result<Kept, StoreError> {
    let sql = "select version from resource where partition = part(?1) and item = ?1 and hash = ?2 limit 1";
    let seen = !tx.query(sql, args![item, hash]).await?.is_empty();
    if !seen {
        let known = known(import, touched.as_ref());
        let row = Row {
            id,
            item,
            version,
            known,
            state: 4,
            made: Vec::new(),
            hash: hash.to_vec(),
            touched: touched.as_ref(),
        };
        insert(import, entry, &row, tx).await?;
    }
    let event = if seen { Event::Unchanged } else { Event::Late };
    Ok(Kept { event, id: id.to_owned(), version: head.version, known: head.known })
}

struct Row<'a> {
    id: &'a str,
    item: Item,
    version: i64,
    known: Instant,
    state: i64,
    made: Vec<u8>,
    hash: Vec<u8>,
    touched: Option<&'a Touched>,
}

async fn insert(import: &Import, entry: &ImportEntry, row: &Row<'_>, tx: &mut impl Tx) -> Result<(), StoreError> {
    let draft = &entry.draft;
    let packed = body::pack(&entry.body, &draft.offsets, &entry.resolved)?;
    let inserted = tx
        .execute(
            "insert into resource (partition, item, version, source, type, id, patient, known, state, source_version, source_time, made, hash, body)
             values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict do nothing",
            args![
                row.item, row.version, &*import.source, draft.resource_type.name(), row.id, row.touched.map(|t| t.patient), row.known, row.state,
                draft.source_version.clone(), draft.source_time, row.made.clone(), row.hash.clone(), packed
            ],
        )
        .await?;
    // No row: a rival was first, and the unit has to be run again from what is there now.
    if inserted == 1 { Ok(()) } else { Err(StoreError::Busy) }
}

/// The version before is superseded: its facts end, its identifiers no longer lead to it.
pub(super) async fn retire(tx: &mut impl Tx, item: Item, head: &Head, at: Instant) -> Result<(), StoreError> {
    // A tombstone stays one when the resource comes back.
    let sql = "update resource set state = 2 where partition = part(?1) and item = ?1 and version = ?2 and state = 1";
    tx.execute(sql, args![item, head.version]).await?;
    let (facts, names) = read_made(&head.made);
    // It may have been about another patient before: facts end in that patient's own time, and that person is marked too.
    // What a Medication says stands under its own key.
    let owner = match head.patient {
        Some(patient) => Some((patient, persons::leave(tx, patient, at).await?)),
        None => (!facts.is_empty()).then(|| (item, moved_on(head, at))),
    };
    if let Some((patient, known)) = owner {
        for (code, at, part) in facts {
            tx.execute(
                "update fact set until = ?1 where partition = part(?2) and patient = ?2 and code = ?3 and at = ?4 and item = ?5 and part = ?6 and version = ?7",
                args![known, patient, code, at, item, part, head.version],
            )
            .await?;
        }
    }
    for name in names {
        tx.execute("delete from identifier where partition = part(?1) and name = ?1 and item = ?2", args![name, item])
            .await?;
    }
    Ok(())
}

async fn make_facts(
    import: &Import,
    entry: &ImportEntry,
    item: Item,
    version: i64,
    known: Instant,
    touched: Option<&Touched>,
    tx: &mut impl Tx,
) -> Result<Vec<u8>, StoreError> {
    let mut made = Vec::new();
    let draft = &entry.draft;
    // What is about nobody states nothing, but for a Medication, whose facts are its own.
    let own = (draft.resource_type == ResourceType::Medication).then_some(item);
    let owner = touched.map(|t| t.patient).or(own);
    let facts: &[DraftFact] = owner.map_or(&[], |_| &draft.facts);
    made.extend(u32::try_from(facts.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut row: Option<(&DraftFact, Vec<Value>)> = None;
    for fact in facts {
        let key = persons::code_key(tx, &fact.code).await?;
        if let Some(owner) = owner {
            // Codings of one statement differ in the code alone.
            let mut values = match row.take() {
                Some((before, values)) if facts::same_but_code(before, fact) => values,
                _ => facts::row(owner, item, version, known, fact),
            };
            facts::insert(tx, key, &mut values).await?;
            row = Some((fact, values));
        }
        made.extend(key.to_le_bytes());
        made.extend(facts::at(fact).to_le_bytes());
        made.extend(fact.part.to_le_bytes());
        if fact.status == FactStatus::EnteredInError {
            continue;
        }
        tx.group().unit_usage.push(super::usage::counted(&import.source, key, fact, import.at));
    }
    for identifier in &draft.identifiers {
        let name = name(&import.source, draft.resource_type, identifier);
        let sql = "insert into identifier (partition, name, item) values (part(?1), ?1, ?2) on conflict do nothing";
        tx.execute(sql, args![name, item]).await?;
        made.extend(name.bytes());
    }
    // What states nothing is found by its patient all the same.
    if let Some(touched) = touched.filter(|_| facts.is_empty() && draft.resource_type != ResourceType::Patient) {
        let name = silent_of(touched.patient);
        let sql = "insert into identifier (partition, name, item) values (part(?1), ?1, ?2) on conflict do nothing";
        tx.execute(sql, args![name, item]).await?;
        made.extend(name.bytes());
    }
    Ok(made)
}

type Made = (Vec<(i64, i64, i64)>, Vec<Name>);

fn read_made(made: &[u8]) -> Made {
    let Some((count, mut rest)) = made.split_at_checked(4) else { return (Vec::new(), Vec::new()) };
    let count = count.try_into().map_or(0, u32::from_le_bytes);
    let mut facts = Vec::new();
    for _ in 0..count {
        let Some((one, after)) = rest.split_at_checked(18) else { break };
        let number = |range: std::ops::Range<usize>| one[range].try_into().map_or(0, i64::from_le_bytes);
        facts.push((number(0..8), number(8..16), i64::from(u16::from_le_bytes([one[16], one[17]]))));
        rest = after;
    }
    (facts, rest.chunks_exact(24).filter_map(Name::from_bytes).collect())
}
