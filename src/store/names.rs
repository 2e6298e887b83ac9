//! The names by which resources are found beside their ids: identifiers, and patients of what states nothing.

use super::contract::{RefusalReason, Search, StoreError};
use super::import::head;
use super::questions::Matches;
use super::tx::{Question, Tx};
use super::value::{Value, args};
use crate::model::draft::{Identifier, ResourceType};
use crate::model::key::{Item, PatientKey, digest_words, hex};
use crate::model::time::Instant;
use sha2::{Digest, Sha256};

/// The name under which an identifier is found: 2 bytes of a hash of all but the end of its value, then that end, so that
/// values given one after another lie side by side on few pages, and their runs lie anywhere; 11 bytes of a hash of
/// source, type and value; 8 of one of the system.
pub(super) fn name(source: &str, kind: ResourceType, identifier: &Identifier) -> Name {
    let mut name = [0; 24];
    let value = identifier.value.as_bytes();
    let (run, end) = value.split_at(value.len().saturating_sub(3));
    name[..2].copy_from_slice(&Sha256::digest(run)[..2]);
    name[2..2 + end.len()].copy_from_slice(end);
    name[5..16].copy_from_slice(&digest_words(&["identifier", source, kind.name(), &identifier.value])[..11]);
    name[16..].copy_from_slice(&digest_words(&["system", &identifier.system])[..8]);
    Name(name)
}

/// The name of an identifier, so made that all systems of one value lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name([u8; 24]);

impl Name {
    /// Back from what a version made.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As a version keeps it.
    pub(super) fn bytes(self) -> [u8; 24] {
        self.0
    }

    /// The first and the last name that this value may have, of whatever system.
    pub(super) fn of_any_system(self) -> (Self, Self) {
        let mut ends = (self, self);
        ends.0.0[16..].fill(0);
        ends.1.0[16..].fill(u8::MAX);
        ends
    }
}

impl From<Name> for Value {
    fn from(name: Name) -> Self {
        Self::Bytes(name.0.to_vec())
    }
}

/// The name under which resources of a patient that made no fact are found.
pub(super) fn silent_of(patient: PatientKey) -> Name {
    let mut name = [0; 24];
    name.copy_from_slice(&digest_words(&["resource without a fact of", &hex(&patient.0)])[..24]);
    Name(name)
}

/// The name under which the patients are found to whom a drug was given that a Medication describes.
pub(super) fn given_of(medication: Item) -> Name {
    let mut name = [0; 24];
    name.copy_from_slice(&digest_words(&["patients given", &hex(&medication.0)])[..24]);
    Name(name)
}

/// Locks a name until the commit, so that rivals who lean on it see what the other wrote.
pub(super) async fn guard(tx: &mut impl Tx, name: Vec<u8>, at: Instant) -> Result<(), StoreError> {
    let sql = "insert into guard (partition, name, at) values (part(?1), ?1, ?2) on conflict (partition, name) do update set at = excluded.at";
    tx.execute(sql, args![name, at]).await?;
    Ok(())
}

/// What a conditional request meets: nothing, one, or too many. Its names are locked until the commit.
pub(super) async fn found<T: Tx>(
    source: &str,
    kind: ResourceType,
    search: &Search,
    at: Instant,
    tx: &mut T,
) -> Result<Result<Option<String>, RefusalReason>, StoreError> {
    let mut guards: Vec<Vec<u8>> = search.identifiers.iter().map(|i| name(source, kind, i).0.to_vec()).collect();
    guards.extend(search.id.iter().map(|id| Item::of(source, kind.name(), id).0.to_vec()));
    guards.sort_unstable();
    for name in guards {
        guard(tx, name, at).await?;
    }
    let ids = matches(source, kind, search, tx).await?;
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
        let name = name(source, kind, identifier);
        let rows = tx
            .query(
                "select r.id from identifier i join resource r on r.partition = part(i.item) and r.item = i.item and r.state = 1
                 where i.partition = part(?1) and i.name = ?1 order by r.id",
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

impl Question for Matches {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        matches(&self.source, self.resource_type, &self.search, tx).await
    }
}
