//! Reading resources: by id, what narrows a search, and their names for evidence.

use super::body;
use super::contract::{Narrow, StoreError, Stored};
use super::facts::NEVER_HELD;
use super::names::{name, silent_of};
use super::questions::{Counts, ItemName, ItemNames, ReadResource};
use super::tx::{Question, Tx};
use super::value::{Row, args};
use crate::model::draft::ResourceType;
use crate::model::key::Item;
use std::collections::BTreeSet;

pub(super) fn stored(r: &mut Row) -> Result<Stored, StoreError> {
    let (id, version, known, deleted) = (r.text(0)?, r.int(1)?, r.instant(2)?, r.int(3)? == 3);
    let packed = r.bytes(4)?;
    body::read(&packed, id, version, known, deleted)
}

impl Question for ReadResource {
    type Answer = Option<Stored>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let item = Item::of(&self.source, &self.resource_type, &self.id);
        let rows = match self.version {
            Some(version) => {
                let sql = "select id, version, known, state, body from resource where partition = part(?1) and item = ?1 and version = ?2";
                tx.query(sql, args![item, version]).await?
            }
            None => {
                let sql = "select id, version, known, state, body from resource where partition = part(?1) and item = ?1 and state in (1, 3) order by version desc limit 1";
                tx.query(sql, args![item]).await?
            }
        };
        rows.into_iter().next().map(|mut r| stored(&mut r)).transpose()
    }
}

impl Question for ItemNames {
    type Answer = Vec<ItemName>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let sql = "select source, type, id from resource where partition = part(?1) and item = ?1 limit 1";
            if let Some(mut r) = tx.query(sql, args![*item]).await?.into_iter().next() {
                found.push(ItemName { item: *item, source: r.text(0)?, resource_type: r.text(1)?, id: r.text(2)? });
            }
        }
        Ok(found)
    }
}

impl Question for Counts {
    type Answer = Vec<(String, String, i64, i64)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select source, type, state, count(*) from resource where wide(partition) group by source, type, state order by source, type, state";
        tx.query(sql, &[]).await?.into_iter().map(|mut r| Ok((r.text(0)?, r.text(1)?, r.int(2)?, r.int(3)?))).collect()
    }
}

impl Narrow {
    /// The items that ids, identifiers and patients leave; `None`: nothing narrows the search.
    pub(super) async fn items(&self, tx: &mut impl Tx) -> Result<Option<BTreeSet<Item>>, StoreError> {
        let mut left: Option<BTreeSet<Item>> = None;
        let mut narrow = |items: BTreeSet<Item>| {
            left = Some(match left.take() {
                Some(before) => before.intersection(&items).copied().collect(),
                None => items,
            });
        };
        if !self.ids.is_empty() {
            narrow(self.ids.iter().map(|id| Item::of(&self.source, self.resource_type.name(), id)).collect());
        }
        if !self.identifiers.is_empty() {
            narrow(self.by_identifier(tx).await?);
        }
        if !self.patients.is_empty() {
            narrow(self.by_patient(tx).await?);
        }
        Ok(left)
    }

    async fn by_identifier(&self, tx: &mut impl Tx) -> Result<BTreeSet<Item>, StoreError> {
        let mut items = BTreeSet::new();
        for identifier in &self.identifiers {
            let name = name(&self.source, self.resource_type, identifier);
            let (first, last) = if identifier.system.is_empty() { name.of_any_system() } else { (name, name) };
            let sql = "select item from identifier where partition = part(?1) and name >= ?1 and name <= ?2";
            for row in tx.query(sql, args![first, last]).await? {
                items.insert(row.item(0)?);
            }
        }
        Ok(items)
    }

    /// What these patients' current facts come from, and what states nothing.
    async fn by_patient(&self, tx: &mut impl Tx) -> Result<BTreeSet<Item>, StoreError> {
        let mut items = BTreeSet::new();
        for id in &self.patients {
            let patient = Item::of(&self.source, "Patient", id);
            if self.resource_type == ResourceType::Patient {
                items.insert(patient);
                continue;
            }
            let sql = "select distinct item from fact
                       where partition = part(?1) and patient = ?1 and (until is null or until = ?2)";
            for row in tx.query(sql, args![patient, NEVER_HELD]).await? {
                items.insert(row.item(0)?);
            }
            let sql = "select item from identifier where partition = part(?1) and name = ?1";
            for row in tx.query(sql, args![silent_of(patient)]).await? {
                items.insert(row.item(0)?);
            }
        }
        Ok(items)
    }
}
