//! Polling: a real server of a hospital with the manners and faults of the large vendors, and what the gateway makes of it.

mod bulk;
pub mod export;
pub mod faults;
mod first_look;
mod hooks;
pub mod hospital;
mod led_away;
mod merges;
mod registrar;
mod rounds;
mod sandboxes;
mod strange;
mod subscriptions;
mod tls;
mod together;
mod tokens;
mod twister;
pub mod vendors;

use crate::place::Place;
use hospital::{CLOCK, Hospital};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::pull::{By, Feed, Pull};
use trialgate::link::{Client, LinkSettings};
use trialgate::model::draft::ResourceType;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::contract::Narrow;
use trialgate::store::{Store, Walk};

/// A link to a server of these tests, nothing shown.
pub(crate) fn link(base: &str) -> LinkSettings {
    LinkSettings {
        base: base.to_owned(),
        token: None,
        timeout: Duration::from_secs(10),
        user_agent: "tests".into(),
        insecure: false,
    }
}

/// A gateway, a hospital, and how the one asks the other.
struct Ward {
    gateway: Arc<Gateway>,
    store: Store,
    hospital: Hospital,
    feed: Feed,
}

async fn ward(place: &Place, by: By, change: impl FnOnce(&mut Pull)) -> Ward {
    ward_away(place, by, "http://127.0.0.1:9", change).await
}

async fn ward_away(place: &Place, by: By, elsewhere: &str, change: impl FnOnce(&mut Pull)) -> Ward {
    ward_at(place, by, Hospital::open(elsewhere).await, change)
}

/// With a hospital that is open.
fn ward_at(place: &Place, by: By, hospital: Hospital, change: impl FnOnce(&mut Pull)) -> Ward {
    let mut settings = Pull {
        url: hospital.base(),
        token: None,
        auth: None,
        by,
        kinds: ["Patient", "Observation", "Condition"].map(str::to_owned).to_vec(),
        patients: Vec::new(),
        group: None,
        every: Duration::from_secs(300),
        overlap: Duration::from_secs(600),
        reread: None,
        count: 2,
        insecure: false,
        bulk: None,
    };
    change(&mut settings);
    let client = Client::new(link(&settings.url)).expect("a link");
    let store = place.open();
    let gateway = Arc::new(Gateway::new(Parts {
        store: store.clone(),
        sources: vec![Source::new("main", Zone::utc()), Source::new("ehr", Zone::utc())],
        // Ours is an hour behind the server's: ranges must be of its clock.
        clock: Arc::new(|| Instant((CLOCK - 3600) * 1_000_000)),
        cursor_key: [7; 32],
        base: "http://gateway.test/fhir".into(),
    }));
    Ward { gateway, store, hospital, feed: Feed { source: "ehr".into(), client, settings } }
}

impl Ward {
    /// The ids that are kept of a type.
    async fn kept(&self, kind: ResourceType) -> BTreeSet<String> {
        let walk = Walk::through(Narrow::nothing("ehr", kind), 1000);
        self.store.read(walk).await.expect("read").resources.into_iter().map(|r| r.id).collect()
    }

    async fn observations(&self) -> BTreeSet<String> {
        self.kept(ResourceType::Observation).await
    }
}

fn ids(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|id| (*id).to_owned()).collect()
}

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1980-01-01" })
}

fn result(id: &str, patient: &str, value: i64) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "1751-7" }] },
        "subject": { "reference": format!("Patient/{patient}") }, "effectiveDateTime": "2026-01-02",
        "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": "g/L" } })
}
