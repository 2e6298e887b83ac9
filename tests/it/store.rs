//! The store on real files and databases, from hand-made drafts.

mod aside;
mod assess;
mod audit;
mod deliver;
mod faults;
mod find;
mod import;
mod keep;
mod moving;
mod queue;
mod rivals;
mod standings;
mod usage;

use crate::place::{Place, on_both};
use std::sync::Arc;
use trialgate::model::code::Coding;
use trialgate::model::draft::{Draft, Identifier, Offsets, ResourceType};
use trialgate::model::fact::{DraftFact, Fact, FactStatus, FactValue, Origin, ReceivedNumber, ReceivedUnit};
use trialgate::model::key::PersonKey;
use trialgate::model::time::{Instant, TimeRange};
use trialgate::store::{Caller, History, Import, ImportEntry, Kept, KnownAt, Method, PersonOf, ReadPerson, Store};

pub(super) fn caller() -> Caller {
    Caller { actor: "tester".into(), purpose: "list".into() }
}

/// A fact of code `code` with that number, at that moment.
fn number(code: &str, decimal: &str, at: i64) -> DraftFact {
    DraftFact {
        code: Coding::new("http://loinc.org", code),
        part: 0,
        origin: Origin::Observation,
        at: Some(TimeRange::exact(Instant(at))),
        other_end: None,
        recorded: None,
        status: FactStatus::Final,
        value: FactValue::Quantity {
            number: ReceivedNumber::Exact(decimal.into()),
            unit: ReceivedUnit::Ucum("mg/dL".into()),
        },
        range: None,
        context: vec![],
    }
}

fn draft(facts: Vec<DraftFact>) -> Draft {
    Draft {
        resource_type: ResourceType::Observation,
        id: None,
        source_time: None,
        source_version: None,
        subject: None,
        subject_identifier: None,
        identifiers: vec![],
        facts,
        links: vec![],
        known_by: vec![],
        offsets: Offsets::default(),
        references: vec![],
    }
}

/// An Observation of patient `p`.
fn entry(id: &str, body: &str, facts: Vec<DraftFact>) -> ImportEntry {
    ImportEntry {
        method: Method::Update { if_match: None },
        id: id.into(),
        draft: draft(facts),
        patient: Some("p".into()),
        body: Arc::from(body.as_bytes()),
        resolved: vec![],
    }
}

fn import(entries: Vec<ImportEntry>, at: i64) -> Import {
    Import { source: "lab".into(), entries, caller: caller(), at: Instant(at) }
}

async fn keep(store: &Store, entry: ImportEntry, at: i64) -> Kept {
    let kept = store.write(import(vec![entry], at)).await.expect("written").expect("not refused");
    kept.into_iter().next().expect("one entry, one answer")
}

/// How many versions an Observation has.
async fn versions(store: &Store, id: &str) -> usize {
    let ask = History {
        source: "lab".into(),
        resource_type: "Observation".into(),
        id: Some(id.into()),
        since: Instant::MIN,
        until: Instant::MAX,
        after: None,
        count: 100_000,
    };
    store.read(ask).await.expect("read").versions.len()
}

async fn person(store: &Store, patient: &str) -> PersonKey {
    let ask = PersonOf { source: "lab".into(), patient: patient.into() };
    store.read(ask).await.expect("read").expect("the patient is there")
}

async fn facts(store: &Store, patient: &str) -> Vec<Fact> {
    let person = person(store, patient).await;
    store.read(ReadPerson { person, known: KnownAt::Now, codes: None }).await.expect("read").facts
}

fn one_number(code: &str, decimal: &str) -> Vec<DraftFact> {
    vec![number(code, decimal, 5)]
}

fn identifier(value: &str) -> Identifier {
    Identifier { system: "urn:order".into(), value: value.into() }
}
