//! Import: resource versions, their facts, the mark on the person and the audit row, in one transaction.

use super::audit;
use super::body;
use super::contract::*;
use super::facts;
use super::persons::{self, Touched};
use super::tx::{Done, Tx, Unit};
use super::value::{Row as AnswerRow, Value, args};
use crate::model::draft::{Draft, Identifier, ResourceType, Subject};
use crate::model::fact::{DraftFact, FactStatus, FactValue};
use crate::model::key::{Item, PatientKey, digest_words, hex};
use crate::model::time::Instant;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

impl Unit for Import {
    type Answer = Result<Vec<Kept>, ImportRefusal>;

    fn weight(&self) -> usize {
        self.entries.iter().map(|e| e.body.len()).sum()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        touch_all(self, tx).await?;
        let mut all = Vec::with_capacity(self.entries.len());
        let mut digest = Sha256::new();
        for (place, entry) in self.entries.iter().enumerate() {
            match one(self, entry, tx).await? {
                Ok(kept) => {
                    digest.update(format!("{} {} {}\n", entry.draft.resource_type.name(), kept.id, kept.version));
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
        if let Some(id) = patient_id(entry) {
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
struct Head {
    version: i64,
    hash: Vec<u8>,
    source_time: Option<i64>,
    source_version: Option<String>,
    patient: Option<PatientKey>,
    made: Vec<u8>,
    state: i64,
    known: Instant,
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

async fn head(tx: &mut impl Tx, item: Item) -> Result<Option<Head>, StoreError> {
    Ok(head_and_newest(tx, item).await?.0)
}

/// The head, and the highest version of any state: one look-up, unless the newest came late.
async fn head_and_newest(tx: &mut impl Tx, item: Item) -> Result<(Option<Head>, i64), StoreError> {
    let sql = "select version, hash, source_time, source_version, patient, made, state, known from resource
               where partition = 0 and item = ?1 order by version desc limit 1";
    let Some(newest) = tx.query(sql, args![item]).await?.into_iter().next().map(read_head).transpose()? else {
        return Ok((None, 0));
    };
    let version = newest.version;
    if matches!(newest.state, 1 | 3) {
        return Ok((Some(newest), version));
    }
    let sql = "select version, hash, source_time, source_version, patient, made, state, known from resource
               where partition = 0 and item = ?1 and state in (1, 3) order by version desc limit 1";
    let head = tx.query(sql, args![item]).await?.into_iter().next().map(read_head).transpose()?;
    Ok((head, version))
}

type Outcome = Result<Kept, RefusalReason>;

async fn one<T: Tx>(import: &Import, entry: &ImportEntry, tx: &mut T) -> Result<Outcome, StoreError> {
    let (id, if_match) = match &entry.method {
        Method::Create { if_none_exist: None } | Method::Load => (entry.id.clone(), None),
        Method::Update { if_match } => (entry.id.clone(), *if_match),
        Method::Create { if_none_exist: Some(search) } => match found(import, entry, search, tx).await? {
            Err(reason) => return Ok(Err(reason)),
            Ok(Some(id)) if elsewhere(import, entry, &id) => return Ok(Err(RefusalReason::Overtaken)),
            Ok(Some(id)) => {
                let item = Item::of(&import.source, entry.draft.resource_type.name(), &id);
                let Some(head) = head(tx, item).await? else {
                    return Err(StoreError::Corrupt("an identifier leads nowhere".into()));
                };
                return Ok(Ok(unchanged(id, &head)));
            }
            Ok(None) => (entry.id.clone(), None),
        },
        Method::ConditionalUpdate { search, if_match } => match found(import, entry, search, tx).await? {
            Err(reason) => return Ok(Err(reason)),
            Ok(Some(id)) if elsewhere(import, entry, &id) => return Ok(Err(RefusalReason::Overtaken)),
            Ok(id) => (id.unwrap_or_else(|| entry.id.clone()), *if_match),
        },
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
    if let Some(wanted) = if_match
        && before.as_ref().filter(|h| h.state == 1).map(|h| h.version) != Some(wanted)
    {
        return Ok(Err(RefusalReason::VersionConflict(before.filter(|h| h.state == 1).map_or(0, |h| h.version))));
    }
    if let Some(head) = before.as_ref().filter(|h| h.state == 1) {
        let repetition = head.hash == hash || matches!(entry.method, Method::Create { if_none_exist: None });
        if repetition {
            return Ok(Ok(unchanged(id, head)));
        }
        if older(&entry.draft, head) {
            return late(import, entry, &id, item, head, newest + 1, &hash, touched, tx).await.map(Ok);
        }
    }
    let known = known(import, touched.as_ref());
    let version = newest + 1;
    if let Some(head) = &before {
        retire(import, item, head, tx).await?;
    }
    let made = make_facts(import, entry, item, version, known, touched.as_ref(), tx).await?;
    insert(import, entry, &Row { id: &id, item, version, known, state: 1, made, hash, touched: touched.as_ref() }, tx)
        .await?;
    mark(import, entry, touched.as_ref(), tx).await?;
    let event = if before.is_some_and(|h| h.state == 1) { Event::Updated } else { Event::Created };
    Ok(Ok(Kept { event, id, version, known }))
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

fn hash_of(entry: &ImportEntry) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(&entry.body);
    for (stretch, text) in &entry.resolved {
        hash.update(stretch.start.to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

/// The source's own order: `lastUpdated`, then `versionId` where both are whole numbers; silent: by arrival.
fn older(draft: &Draft, head: &Head) -> bool {
    let (Some(new), Some(old)) = (draft.source_time, head.source_time) else { return false };
    let number = |v: &Option<String>| v.as_ref().and_then(|v| v.parse::<i64>().ok());
    match new.0.cmp(&old) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => match (number(&draft.source_version), number(&head.source_version)) {
            (Some(new), Some(old)) => new < old,
            _ => false,
        },
    }
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
    let sql = "select version from resource where partition = 0 and item = ?1 and hash = ?2 limit 1";
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
             values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict do nothing",
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
async fn retire(import: &Import, item: Item, head: &Head, tx: &mut impl Tx) -> Result<(), StoreError> {
    let sql = "update resource set state = 2 where partition = 0 and item = ?1 and version = ?2";
    tx.execute(sql, args![item, head.version]).await?;
    let (facts, names) = read_made(&head.made);
    if let Some(patient) = head.patient {
        // It may have been about another patient before: facts end in that patient's own time, and that person is marked too.
        let known = persons::leave(tx, patient, import.at).await?;
        for (code, at, part) in facts {
            tx.execute(
                "update fact set until = ?1 where partition = 0 and patient = ?2 and code = ?3 and at = ?4 and item = ?5 and part = ?6 and version = ?7",
                args![known, patient, code, at, item, part, head.version],
            )
            .await?;
        }
    }
    for name in names {
        tx.execute("delete from identifier where partition = 0 and name = ?1 and item = ?2", args![name, item]).await?;
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
    // What was entered in error was never true: it states nothing.
    let retracted = draft.facts.iter().any(|f| f.status == FactStatus::EnteredInError);
    let kept: &[DraftFact] = if retracted { &[] } else { &draft.facts };
    let facts: &[DraftFact] = touched.map_or(&[], |_| kept);
    made.extend(u32::try_from(facts.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut row: Option<(&DraftFact, Vec<Value>)> = None;
    for fact in facts {
        let key = persons::code_key(tx, &fact.code).await?;
        if let Some(touched) = touched {
            // Codings of one statement differ in the code alone.
            let mut values = match row.take() {
                Some((before, values)) if facts::same_but_code(before, fact) => values,
                _ => facts::row(touched.patient, item, version, known, fact),
            };
            facts::insert(tx, key, &mut values).await?;
            row = Some((fact, values));
        }
        made.extend(key.to_le_bytes());
        made.extend(facts::at(fact).to_le_bytes());
        made.extend(fact.part.to_le_bytes());
        let unit = match &fact.value {
            FactValue::Quantity { unit, .. } => unit.as_written().to_owned(),
            _ => String::new(),
        };
        tx.group().unit_usage.push((import.source.clone(), key, unit, import.at.0));
    }
    for identifier in &draft.identifiers {
        let name = Name::of(&import.source, draft.resource_type, identifier);
        let sql = "insert into identifier (partition, name, item) values (0, ?1, ?2) on conflict do nothing";
        tx.execute(sql, args![name, item]).await?;
        made.extend(name.0);
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
    (facts, rest.chunks_exact(32).filter_map(|name| name.try_into().ok().map(Name)).collect())
}

async fn mark(
    import: &Import,
    entry: &ImportEntry,
    touched: Option<&Touched>,
    tx: &mut impl Tx,
) -> Result<(), StoreError> {
    let Some(touched) = touched else { return Ok(()) };
    let wanted = import.wanted.as_ref().is_none_or(|wanted| {
        entry.draft.resource_type == ResourceType::Patient
            || entry.draft.facts.iter().any(|f| wanted.contains(&f.code.key()))
    });
    if wanted { persons::mark(tx, touched.person, import.at, "data").await } else { Ok(()) }
}

/// The name under which an identifier is found. It begins as the value does, so that values given one after another
/// lie side by side on few pages; then a hash of source, type and value; then one of the system, so that a value of
/// any system is a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name([u8; 32]);

impl Name {
    pub(super) fn of(source: &str, kind: ResourceType, identifier: &Identifier) -> Self {
        let mut name = [0; 32];
        let value = identifier.value.as_bytes();
        let begin = value.len().min(12);
        name[..begin].copy_from_slice(&value[..begin]);
        name[12..24].copy_from_slice(&digest_words(&["identifier", source, kind.name(), &identifier.value])[..12]);
        name[24..].copy_from_slice(&digest_words(&["system", &identifier.system])[..8]);
        Self(name)
    }

    /// The first and the last name that this value may have, of whatever system.
    pub(super) fn of_any_system(self) -> (Self, Self) {
        let mut ends = (self, self);
        ends.0.0[24..].fill(0);
        ends.1.0[24..].fill(u8::MAX);
        ends
    }
}

impl From<Name> for Value {
    fn from(name: Name) -> Self {
        Self::Bytes(name.0.to_vec())
    }
}

/// What a conditional request meets: nothing, one, or too many. Its names are locked until the commit.
async fn found<T: Tx>(
    import: &Import,
    entry: &ImportEntry,
    search: &Search,
    tx: &mut T,
) -> Result<Result<Option<String>, RefusalReason>, StoreError> {
    let kind = entry.draft.resource_type;
    let mut guards: Vec<Vec<u8>> =
        search.identifiers.iter().map(|i| Name::of(&import.source, kind, i).0.to_vec()).collect();
    guards.extend(search.id.iter().map(|id| Item::of(&import.source, kind.name(), id).0.to_vec()));
    guards.sort_unstable();
    for guard in guards {
        let sql = "insert into guard (partition, name, at) values (0, ?1, ?2) on conflict (partition, name) do update set at = excluded.at";
        tx.execute(sql, args![guard, import.at]).await?;
    }
    let ids = matches(&import.source, kind, search, tx).await?;
    Ok(match ids.len() {
        0 => Ok(None),
        1 => Ok(ids.into_iter().next()),
        _ => Err(RefusalReason::MultipleMatches),
    })
}

/// Ids of current resources that meet all of a search.
pub(super) async fn matches(
    source: &str,
    kind: ResourceType,
    search: &Search,
    tx: &mut impl Tx,
) -> Result<Vec<String>, StoreError> {
    let mut common: Option<Vec<String>> = None;
    for identifier in &search.identifiers {
        let name = Name::of(source, kind, identifier);
        let rows = tx
            .query(
                "select r.id from identifier i join resource r on r.partition = 0 and r.item = i.item and r.state = 1
                 where i.partition = 0 and i.name = ?1 order by r.id",
                args![name],
            )
            .await?;
        let ids: Vec<String> = rows.into_iter().map(|mut r| r.text(0)).collect::<Result<_, _>>()?;
        common = Some(common.map_or(ids.clone(), |c| c.into_iter().filter(|id| ids.contains(id)).collect()));
    }
    if let Some(id) = &search.id {
        let there = head(tx, Item::of(source, kind.name(), id)).await?.is_some_and(|h| h.state == 1);
        let ids = if there { vec![id.clone()] } else { Vec::new() };
        common = Some(common.map_or(ids.clone(), |c| c.into_iter().filter(|id| ids.contains(id)).collect()));
    }
    Ok(common.unwrap_or_default())
}
