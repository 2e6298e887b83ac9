//! HL7 v2: what messages come to, on both databases, and the listener that takes them.

mod listener;
mod material;
mod messages;
mod patients;
mod secure;
mod shuffled;

use crate::place::Place;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::hl7v2::{Dialect, Told, Verdict, messages as split};
use trialgate::model::draft::ResourceType;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::contract::{Narrow, SetAside};
use trialgate::store::{Caller, KnownAt, PersonOf, ReadPerson, SetAsideList, Store, Walk};

/// 2026-03-15T12:00:00Z
const NOW: i64 = 1_773_576_000_000_000;

/// A gateway with one source of messages.
struct Ward {
    gateway: Arc<Gateway>,
    store: Store,
    source: Source,
}

fn ward(place: &Place) -> Ward {
    speaking(place, "UTC", Dialect { authority: Some("*".into()), ..Dialect::default() })
}

fn speaking(place: &Place, zone: &str, dialect: Dialect) -> Ward {
    over(place.open(), zone, dialect)
}

fn over(store: Store, zone: &str, dialect: Dialect) -> Ward {
    let zone = Zone::named(zone).expect("a zone");
    let source = Source { dialect: Arc::new(dialect), ..Source::new("lab", zone) };
    let gateway = Gateway::new(Parts {
        store: store.clone(),
        sources: vec![Source::new("main", Zone::utc()), source.clone()],
        clock: Arc::new(|| Instant(NOW)),
        cursor_key: [7; 32],
        base: "http://gateway.test/fhir".into(),
    });
    Ward { gateway: Arc::new(gateway), store, source }
}

fn caller() -> Caller {
    Caller { actor: "tests".into(), purpose: "import".into() }
}

/// The messages of a file of ours.
fn fixture(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hl7v2").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    split(&bytes).into_iter().map(<[u8]>::to_vec).collect()
}

/// Segments, one a line, as a message.
fn message(lines: &str) -> Vec<u8> {
    lines.trim().lines().map(str::trim).collect::<Vec<_>>().join("\r").into_bytes()
}

impl Ward {
    async fn take(&self, message: &[u8]) -> Told {
        self.gateway.message(&self.source, "test", message, &caller()).await.expect("the store answers")
    }

    async fn take_all(&self, messages: &[Vec<u8>]) -> Vec<Told> {
        let mut all = Vec::new();
        for one in messages {
            all.push(self.take(one).await);
        }
        all
    }

    /// Takes each of these whole.
    async fn takes(&self, messages: &[Vec<u8>]) {
        for told in self.take_all(messages).await {
            assert_eq!((told.verdict, told.aside.len()), (Verdict::Taken, 0), "{told:?}");
        }
    }

    /// All of a type, in order of their ids.
    async fn all(&self, kind: ResourceType) -> Vec<Value> {
        let walk = Walk::through(Narrow::nothing("lab", kind), 1000);
        let walked = self.store.read(walk).await.expect("read");
        let mut all: Vec<(String, Value)> = Vec::new();
        for found in walked.resources {
            let read = self.gateway.read(&self.source, kind, &found.id).await.expect("it is there");
            all.push((found.id, serde_json::from_slice(&read.body).expect("JSON")));
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.into_iter().map(|(_, value)| value).collect()
    }

    async fn observations(&self) -> Vec<Value> {
        self.all(ResourceType::Observation).await
    }

    /// The Observation of a local code.
    async fn result(&self, code: &str) -> Value {
        let all = self.observations().await;
        let found = all.iter().find(|o| o["code"]["coding"][0]["code"] == code);
        found.unwrap_or_else(|| panic!("no result {code} among {all:?}")).clone()
    }

    async fn patient(&self, id: &str) -> Option<Value> {
        let read = self.gateway.read(&self.source, ResourceType::Patient, id).await.ok()?;
        Some(serde_json::from_slice(&read.body).expect("JSON"))
    }

    async fn asides(&self) -> Vec<SetAside> {
        let rows = self.store.read(SetAsideList { after: 0, count: 1000 }).await.expect("read");
        rows.into_iter().map(|r| r.aside).collect()
    }

    /// What is known of a patient, without what tells when it came: facts as received and their resource.
    async fn facts(&self, patient: &str) -> Vec<String> {
        let ask = PersonOf { source: "lab".into(), patient: patient.into() };
        let Some(person) = self.store.read(ask).await.expect("read") else { return Vec::new() };
        let ask = ReadPerson { person, known: KnownAt::Now, codes: None };
        let facts = self.store.read(ask).await.expect("read").facts;
        let mut lines: Vec<String> = facts.iter().map(|f| format!("{:?} {:?}", f.item, f.draft)).collect();
        lines.sort();
        lines
    }
}
