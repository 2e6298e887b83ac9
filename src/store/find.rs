//! Reading resources: by id, by search, and their names for evidence.

use super::body;
use super::contract::{Find, Found, StoreError, Stored};
use super::import::Name;
use super::questions::{Counts, ItemName, ItemNames, ReadResource, ResourceHistory};
use super::tx::{Question, Tx};
use super::value::{Row, Value, args};
use crate::model::draft::ResourceType;
use crate::model::key::Item;
use crate::model::time::Instant;
use std::collections::BTreeSet;

/// Candidates looked at in one step of a search.
const STEP: i64 = 500;

fn stored(r: &mut Row) -> Result<Stored, StoreError> {
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
                let sql = "select id, version, known, state, body from resource where partition = 0 and item = ?1 and version = ?2";
                tx.query(sql, args![item, version]).await?
            }
            None => {
                let sql = "select id, version, known, state, body from resource where partition = 0 and item = ?1 and state in (1, 3) order by version desc limit 1";
                tx.query(sql, args![item]).await?
            }
        };
        rows.into_iter().next().map(|mut r| stored(&mut r)).transpose()
    }
}

impl Question for ResourceHistory {
    type Answer = Vec<Stored>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let item = Item::of(&self.source, &self.resource_type, &self.id);
        let sql = "select id, version, known, state, body from resource where partition = 0 and item = ?1 order by version desc";
        tx.query(sql, args![item]).await?.iter_mut().map(stored).collect()
    }
}

impl Question for ItemNames {
    type Answer = Vec<ItemName>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let sql = "select source, type, id from resource where partition = 0 and item = ?1 limit 1";
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
        let sql = "select source, type, state, count(*) from resource where partition = 0 group by source, type, state order by source, type, state";
        tx.query(sql, &[]).await?.into_iter().map(|mut r| Ok((r.text(0)?, r.text(1)?, r.int(2)?, r.int(3)?))).collect()
    }
}

impl Question for Find {
    type Answer = Found;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Found, StoreError> {
        let Some(kind) = self.resource_type else { return Ok(Found::default()) };
        let named = self.named(tx, kind).await?;
        let mut found = Found::default();
        match named {
            Some(items) => self.among(tx, kind, items, &mut found).await?,
            None => self.walk(tx, kind, &mut found).await?,
        }
        Ok(found)
    }
}

/// A place in the order of a search: known time, then item.
type Place = (Instant, Item);

impl Find {
    /// The items that ids, identifiers, patients, codes and dates leave; `None`: nothing narrows the search.
    async fn named(&self, tx: &mut impl Tx, kind: ResourceType) -> Result<Option<BTreeSet<Item>>, StoreError> {
        let mut left: Option<BTreeSet<Item>> = None;
        let mut narrow = |items: BTreeSet<Item>| {
            left = Some(match left.take() {
                Some(before) => before.intersection(&items).copied().collect(),
                None => items,
            });
        };
        if !self.ids.is_empty() {
            narrow(self.ids.iter().map(|id| Item::of(&self.source, kind.name(), id)).collect());
        }
        if !self.identifiers.is_empty() {
            narrow(self.by_identifier(tx, kind).await?);
        }
        if !self.patients.is_empty() {
            narrow(self.by_patient(tx, kind).await?);
        } else if !self.codes.is_empty() || !self.dates.is_empty() {
            narrow(self.by_fact(tx, kind).await?);
        }
        Ok(left)
    }

    async fn by_identifier(&self, tx: &mut impl Tx, kind: ResourceType) -> Result<BTreeSet<Item>, StoreError> {
        let mut items = BTreeSet::new();
        for identifier in &self.identifiers {
            let name = Name::of(&self.source, kind, identifier);
            let (first, last) = if identifier.system.is_empty() { name.of_any_system() } else { (name, name) };
            let sql = "select item from identifier where partition = 0 and name >= ?1 and name <= ?2";
            for row in tx.query(sql, args![first, last]).await? {
                items.insert(row.item(0)?);
            }
        }
        Ok(items)
    }

    /// What these patients' current facts of the asked codes and dates come from.
    async fn by_patient(&self, tx: &mut impl Tx, kind: ResourceType) -> Result<BTreeSet<Item>, StoreError> {
        let mut items = BTreeSet::new();
        for id in &self.patients {
            let patient = Item::of(&self.source, "Patient", id);
            if kind == ResourceType::Patient {
                items.insert(patient);
                continue;
            }
            let rows = tx
                .query(
                    "select f.item, f.at, f.at_end, c.system, c.word from fact f join code c on c.code = f.code
                     where f.partition = 0 and f.patient = ?1 and f.until is null",
                    args![patient],
                )
                .await?;
            self.collect(rows, &mut items)?;
        }
        Ok(items)
    }

    /// A wide read: facts of any patient by code or date.
    async fn by_fact(&self, tx: &mut impl Tx, kind: ResourceType) -> Result<BTreeSet<Item>, StoreError> {
        let origin = match kind {
            ResourceType::Patient => 1,
            ResourceType::Observation => 2,
            ResourceType::Condition => 3,
            ResourceType::MedicationAdministration => 4,
        };
        let rows = tx
            .query(
                "select f.item, f.at, f.at_end, c.system, c.word from fact f join code c on c.code = f.code
                 join patient p on p.partition = 0 and p.patient = f.patient
                 where f.partition = 0 and f.until is null and f.origin = ?1 and p.source = ?2",
                args![i64::from(origin), self.source.as_str()],
            )
            .await?;
        let mut items = BTreeSet::new();
        self.collect(rows, &mut items)?;
        Ok(items)
    }

    fn collect(&self, rows: Vec<Row>, items: &mut BTreeSet<Item>) -> Result<(), StoreError> {
        for mut row in rows {
            let (from, to) = (row.instant(1)?, row.instant(2)?);
            let in_dates = self.dates.iter().all(|(low, high)| from <= *high && to >= *low);
            let (system, word) = (row.text(3)?, row.text(4)?);
            let coded = self.codes.is_empty()
                || self.codes.iter().any(|c| c.code == word && (c.system.is_empty() || c.system == system));
            if in_dates && coded {
                items.insert(row.item(0)?);
            }
        }
        Ok(())
    }

    fn wanted(&self, place: Place) -> bool {
        place.0 <= self.until && self.after.is_none_or(|after| place > after)
    }

    async fn among(
        &self,
        tx: &mut impl Tx,
        kind: ResourceType,
        items: BTreeSet<Item>,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let mut places: Vec<(Place, i64)> = Vec::new();
        for item in items {
            let sql = "select known, version from resource where partition = 0 and item = ?1 and state = 1 and type = ?2 and source = ?3";
            for row in tx.query(sql, args![item, kind.name(), self.source.as_str()]).await? {
                places.push(((row.instant(0)?, item), row.int(1)?));
            }
        }
        places.retain(|(place, _)| self.wanted(*place));
        places.sort_unstable();
        for (place, version) in places {
            if found.resources.len() == self.count {
                break;
            }
            let sql = "select id, version, known, state, body from resource where partition = 0 and item = ?1 and version = ?2";
            if let Some(mut row) = tx.query(sql, args![place.1, version]).await?.into_iter().next() {
                found.resources.push(stored(&mut row)?);
                found.next = Some(place);
            }
        }
        if found.resources.len() < self.count {
            found.next = None;
        }
        Ok(())
    }

    /// All of a type, in order of known time.
    async fn walk(&self, tx: &mut impl Tx, kind: ResourceType, found: &mut Found) -> Result<(), StoreError> {
        let mut after: Place = self.after.unwrap_or((Instant::MIN, Item([0; 16])));
        loop {
            let rows = tx
                .query(
                    "select id, version, known, state, body, item, type, source from resource where partition = 0 and (known, item) > (?1, ?2) and known <= ?3
                     order by known, item limit ?4",
                    &[Value::from(after.0), after.1.into(), self.until.into(), STEP.into()],
                )
                .await?;
            let last = rows.len() < usize::try_from(STEP).unwrap_or(0);
            for mut row in rows {
                after = (row.instant(2)?, row.item(5)?);
                if row.int(3)? != 1 || row.text(6)? != kind.name() || row.text(7)? != self.source {
                    continue;
                }
                found.resources.push(stored(&mut row)?);
                if found.resources.len() == self.count {
                    found.next = Some(after);
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    }
}
