//! Medications that administrations name: whose record leans on them, and what they say when it is read.

use super::contract::{KnownAt, Record, StoreError};
use super::names::{given_of, guard};
use super::persons::{facts_of, mark};
use super::tx::Tx;
use super::value::args;
use crate::model::draft::{Draft, ResourceType};
use crate::model::fact::Origin;
use crate::model::key::{Item, PatientKey};
use crate::model::medication::{put_in_place, reference, referred};
use crate::model::time::Instant;
use std::collections::BTreeSet;

fn item_of(source: &str, id: &str) -> Item {
    Item::of(source, ResourceType::Medication.name(), id)
}

/// Remembers that a patient's record leans on the Medications that an administration names. Whoever is the first of a
/// patient to name one locks its name, so that a rival who brings the Medication sees the patient, or is seen.
pub(super) async fn lean(
    tx: &mut impl Tx,
    source: &str,
    draft: &Draft,
    patient: PatientKey,
    at: Instant,
) -> Result<(), StoreError> {
    if draft.resource_type != ResourceType::MedicationAdministration {
        return Ok(());
    }
    let ids: BTreeSet<&str> = draft.facts.iter().filter_map(|f| reference(&f.code)).collect();
    for id in ids {
        let name = given_of(item_of(source, id));
        let sql = "insert into identifier (partition, name, item) values (part(?1), ?1, ?2) on conflict do nothing";
        if tx.execute(sql, args![name, patient]).await? > 0 {
            guard(tx, name.bytes().to_vec(), at).await?;
        }
    }
    Ok(())
}

/// Marks every person whose record leans on a Medication that is new, another, or gone.
pub(super) async fn mark_who_leans(tx: &mut impl Tx, medication: Item, at: Instant) -> Result<(), StoreError> {
    let name = given_of(medication);
    guard(tx, name.bytes().to_vec(), at).await?;
    let sql = "select p.person from identifier i join patient p on p.partition = part(i.item) and p.patient = i.item
               where i.partition = part(?1) and i.name = ?1 order by p.person";
    for row in tx.query(sql, args![name]).await? {
        mark(tx, row.person(0)?, at, "data").await?;
    }
    Ok(())
}

/// Puts in place of each reference in a record what its Medication says, as known then; a reading notes up to where it
/// saw each, as it does of the patients.
pub(super) async fn named<T: Tx>(tx: &mut T, record: &mut Record, known: &KnownAt) -> Result<(), StoreError> {
    for (source, id) in referred(&record.facts) {
        let item = item_of(&source, &id);
        let until = match known {
            KnownAt::Now => newest(tx, item).await?,
            KnownAt::Moment(at) => Some(*at),
            KnownAt::Seen(seen) => seen.iter().find(|(key, _)| *key == item).map(|(_, known)| *known),
        };
        let Some(until) = until else { continue };
        record.seen.push((item, until));
        let mut said = Vec::new();
        facts_of(tx, item, until, &source, &|_, _| true, &mut said).await?;
        said.retain(|f| f.draft.origin == Origin::Medication);
        if !said.is_empty() {
            record.facts = put_in_place(std::mem::take(&mut record.facts), &source, &id, &said);
        }
    }
    Ok(())
}

/// The known time of the newest version that was ever current.
async fn newest(tx: &mut impl Tx, item: Item) -> Result<Option<Instant>, StoreError> {
    let sql = "select known from resource where partition = part(?1) and item = ?1 and state <> 4 order by version desc limit 1";
    tx.query(sql, args![item]).await?.into_iter().next().map(|r| r.instant(0)).transpose()
}
