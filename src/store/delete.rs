//! Deleting: a tombstone is one more version, the facts of the version before end, and the person is assessed anew.

use super::audit;
use super::body;
use super::contract::*;
use super::import::{Head, head_and_newest, moved_on, retire};
use super::names::found;
use super::persons;
use super::tx::{Done, Tx, Unit};
use super::value::args;
use crate::model::draft::{Offsets, ResourceType};
use crate::model::key::Item;
use crate::model::time::Instant;

/// One resource to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its type.
    pub resource_type: ResourceType,
    /// Which one.
    pub which: Which,
    /// `If-Match`: the version that must be current.
    pub if_match: Option<i64>,
}

/// Which resource is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// That of this id.
    Id(String),
    /// The one that meets a search.
    Search(Search),
}

/// Deletes one resource; answers [`Deleted`].
#[derive(Debug, Clone)]
pub struct Delete {
    /// The source.
    pub source: std::sync::Arc<str>,
    /// What.
    pub deletion: Deletion,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// It is deleted now, by this version.
    Now(Kept),
    /// It was deleted before, by this version.
    Before(Kept),
    /// There never was such a resource.
    Never,
}

/// A transaction Bundle that deletes: deletions first, then what is kept; all or nothing.
/// A refusal counts deletions as the first entries.
#[derive(Debug, Clone)]
pub struct Transact {
    /// What is deleted.
    pub deletions: Vec<Deletion>,
    /// What is kept; may be nothing.
    pub import: Import,
}

impl Unit for Delete {
    type Answer = Result<Deleted, RefusalReason>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let what = Ask { source: &self.source, caller: &self.caller, at: self.at };
        Ok(match what.delete(&self.deletion, tx).await? {
            Ok(deleted) => Done::Keep(Ok(deleted)),
            Err(reason) => Done::Undo(Err(reason)),
        })
    }
}

impl Unit for Transact {
    type Answer = Result<(Vec<Deleted>, Vec<Kept>), ImportRefusal>;

    fn weight(&self) -> usize {
        self.import.weight()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let done = transact(&self.deletions, &self.import, tx).await?;
        Ok(if done.is_ok() { Done::Keep(done) } else { Done::Undo(done) })
    }
}

/// Deletes, then keeps; a refusal is to undo all of it.
pub(super) async fn transact(
    deletions: &[Deletion],
    import: &Import,
    tx: &mut impl Tx,
) -> Result<<Transact as Unit>::Answer, StoreError> {
    let what = Ask { source: &import.source, caller: &import.caller, at: import.at };
    let mut deleted = Vec::with_capacity(deletions.len());
    for (entry, deletion) in deletions.iter().enumerate() {
        match what.delete(deletion, tx).await? {
            Ok(one) => deleted.push(one),
            Err(reason) => return Ok(Err(ImportRefusal { entry, reason })),
        }
    }
    if import.entries.is_empty() {
        return Ok(Ok((deleted, Vec::new())));
    }
    let (Done::Keep(kept) | Done::Undo(kept)) = import.run(tx).await?;
    Ok(kept.map(|kept| (deleted, kept)).map_err(|refusal| {
        let entry = refusal.entry + deletions.len();
        ImportRefusal { entry, ..refusal }
    }))
}

/// Who asks, of which source, when.
struct Ask<'a> {
    source: &'a str,
    caller: &'a Caller,
    at: Instant,
}

impl Ask<'_> {
    async fn delete<T: Tx>(
        &self,
        deletion: &Deletion,
        tx: &mut T,
    ) -> Result<Result<Deleted, RefusalReason>, StoreError> {
        let id = match &deletion.which {
            Which::Id(id) => Some(id.clone()),
            Which::Search(search) => match found(self.source, deletion.resource_type, search, self.at, tx).await? {
                Ok(id) => id,
                Err(reason) => return Ok(Err(reason)),
            },
        };
        let deleted = match &id {
            Some(id) => self.delete_id(deletion, id, tx).await?,
            None if deletion.if_match.is_some() => Err(RefusalReason::VersionConflict(0)),
            None => Ok(Deleted::Never),
        };
        if let Ok(deleted) = &deleted {
            let what = match deleted {
                Deleted::Now(kept) => format!("version {}", kept.version),
                Deleted::Before(_) => "was deleted before".into(),
                Deleted::Never => "was never there".into(),
            };
            let name = deletion.resource_type.name();
            let item = id.map(|id| crate::model::key::hex(&Item::of(self.source, name, &id).0)).unwrap_or_default();
            let detail = format!("{name} of {} sha256:{item}: {what}", self.source);
            let row = audit::Entry { action: "delete", detail, person: None, caller: self.caller, at: self.at };
            audit::append(tx, row).await?;
        }
        Ok(deleted)
    }

    async fn delete_id<T: Tx>(
        &self,
        deletion: &Deletion,
        id: &str,
        tx: &mut T,
    ) -> Result<Result<Deleted, RefusalReason>, StoreError> {
        let item = Item::of(self.source, deletion.resource_type.name(), id);
        let (before, newest) = head_and_newest(tx, item).await?;
        let current = before.as_ref().filter(|h| h.state == 1).map_or(0, |h| h.version);
        if deletion.if_match.is_some_and(|wanted| wanted != current) {
            return Ok(Err(RefusalReason::VersionConflict(current)));
        }
        let Some(head) = before else { return Ok(Ok(Deleted::Never)) };
        if head.state != 1 {
            return Ok(Ok(Deleted::Before(kept(id, head.version, head.known))));
        }
        // The patient's row is taken before anything is written, as an import does.
        let known = match head.patient {
            Some(patient) => persons::leave(tx, patient, self.at).await?,
            None => moved_on(&head, self.at),
        };
        retire(tx, item, &head, self.at).await?;
        let version = newest + 1;
        self.tombstone(deletion.resource_type, id, item, version, known, &head, tx).await?;
        if let (ResourceType::Patient, Some(patient)) = (deletion.resource_type, head.patient)
            && let Err(reason) = super::links::gone(tx, patient, self.caller, self.at).await?
        {
            return Ok(Err(reason));
        }
        if deletion.resource_type == ResourceType::Medication {
            super::drugs::mark_who_leans(tx, item, self.at).await?;
        }
        Ok(Ok(Deleted::Now(kept(id, version, known))))
    }

    /// The tombstone keeps the source's own version and the digest of what it ends, so that an older version that
    /// comes later, or the same one from a file, does not bring it back.
    #[expect(clippy::too_many_arguments, reason = "all of it is what was just read")]
    async fn tombstone(
        &self,
        kind: ResourceType,
        id: &str,
        item: Item,
        version: i64,
        known: Instant,
        head: &Head,
        tx: &mut impl Tx,
    ) -> Result<(), StoreError> {
        let nothing = body::pack(b"", &Offsets::default(), &[])?;
        let made: Vec<u8> = vec![0; 4];
        let inserted = tx
            .execute(
                "insert into resource (partition, item, version, source, type, id, patient, known, state, source_version, source_time, made, hash, body)
                 values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, 3, ?8, ?9, ?10, ?11, ?12) on conflict do nothing",
                args![
                    item, version, self.source, kind.name(), id, head.patient, known, head.source_version.clone(), head.source_time, made,
                    head.hash.clone(), nothing
                ],
            )
            .await?;
        // No row: a rival was first, and the unit has to be run again from what is there now.
        if inserted == 1 { Ok(()) } else { Err(StoreError::Busy) }
    }
}

fn kept(id: &str, version: i64, known: Instant) -> Kept {
    Kept { event: Event::Updated, id: id.to_owned(), version, known }
}
