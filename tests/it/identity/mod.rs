//! Who is who: merges, their end, identifiers across sources, and what people decided of whoever is one person now.

mod decided;
mod properties;
mod stated;

use crate::place::Place;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trialgate::clock::Clock;
use trialgate::decide::Act;
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::Library;
use trialgate::flow::people::{self, Signer};
use trialgate::flow::profiles::Profiles;
use trialgate::flow::{Caller, assess};
use trialgate::model::draft::ResourceType;
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::{Role, Standing};
use trialgate::model::time::{Instant, Zone};
use trialgate::store::{KnownAt, PersonOf, StandingsAround, Store, TallyOf};

pub(crate) const TRIAL: &str = "NCT00962923";
/// 15 March 2026, 08:00 UTC.
pub(crate) const NOW: Instant = Instant(1_773_561_600_000_000);
const INDEX: &str = "urn:oid:1.2.276.0.76.4";

/// A desk with two sources that know persons by the same index.
struct House {
    desk: Arc<Desk>,
    place: Place,
}

fn house(place: Place) -> House {
    House { desk: desk(place.open()), place }
}

pub(crate) fn desk(store: Store) -> Arc<Desk> {
    let clock = Clock::manual(NOW);
    let known_by = vec![INDEX.to_owned()];
    let source = |name| Source { known_by: known_by.clone(), ..Source::new(name, Zone::utc()) };
    let gateway = Gateway::new(Parts {
        store,
        sources: vec![source("main"), source("lab")],
        clock: Arc::new(move || clock.now()),
        cursor_key: [7; 32],
        base: "http://test/fhir".into(),
    });
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    let purposes = vec![Purpose::Count, Purpose::List, Purpose::Name, Purpose::Contact];
    let at = AtSite { recruiting: true, purposes, ..AtSite::default() };
    let sites = BTreeMap::from([(TRIAL.to_owned(), at)]);
    Arc::new(Desk::new(Arc::new(gateway), "http://test".into(), sites, Vec::new(), library))
}

pub(crate) fn caller() -> Caller {
    Caller { actor: "test".into(), purpose: "import".into() }
}

pub(crate) async fn put_by(desk: &Desk, source: &str, resource: &Value) -> Result<(), String> {
    let (kind, id) = (resource["resourceType"].as_str().expect("a type"), resource["id"].as_str().expect("an id"));
    let source = desk.gateway.source(source).expect("a source");
    let kind = ResourceType::named(kind).expect("a kept type");
    let answer = desk.gateway.update(source, kind, id, resource.to_string().as_bytes(), None, caller()).await;
    answer.map(|_| ()).map_err(|refusal| format!("{refusal:?}"))
}

impl House {
    async fn put_at(&self, source: &str, resource: &Value) -> Result<(), String> {
        put_by(&self.desk, source, resource).await
    }

    async fn put(&self, resource: &Value) {
        self.put_at("main", resource).await.expect("kept");
    }

    async fn delete(&self, kind: ResourceType, id: &str) {
        let source = self.desk.gateway.source("main").expect("a source");
        self.desk.gateway.delete(source, kind, id, None, caller()).await.expect("deleted");
    }

    async fn settle(&self) {
        for _ in 0..20 {
            if assess::round(&self.desk).await.expect("a round") == 0 {
                return;
            }
        }
        panic!("assessing does not come to rest");
    }

    async fn person_at(&self, source: &str, id: &str) -> PersonKey {
        let question = PersonOf { source: source.into(), patient: id.into() };
        self.desk.store().read(question).await.expect("an answer").expect("a person")
    }

    async fn person(&self, id: &str) -> PersonKey {
        self.person_at("main", id).await
    }

    /// The verdict now, without what is random.
    async fn verdict(&self, id: &str) -> Value {
        let record = assess::read(&self.desk, self.person(id).await, KnownAt::Now).await.expect("a record");
        let library = self.desk.library();
        let finding = assess::find(&self.desk, library.trial(TRIAL).expect("the trial"), &record, NOW);
        let Some(finding) = finding else { return Value::Null };
        let mut json = assess::assessment_json(&self.desk, &finding, &record);
        for key in ["person", "as_of"] {
            json.as_object_mut().expect("an object").remove(key);
        }
        json
    }

    /// Which of these ids are one person.
    async fn persons(&self, ids: &[&str]) -> BTreeSet<BTreeSet<String>> {
        let mut of: BTreeMap<PersonKey, BTreeSet<String>> = BTreeMap::new();
        for id in ids {
            of.entry(self.person(id).await).or_default().insert((*id).to_owned());
        }
        of.into_values().collect()
    }

    /// The standings of whoever this is, the newest of each.
    async fn standings(&self, id: &str) -> Vec<Standing> {
        let person = self.person(id).await;
        let all = self.desk.store().read(StandingsAround { person }).await.expect("standings");
        let mut newest: BTreeMap<PersonKey, Standing> = BTreeMap::new();
        for standing in all {
            newest.insert(standing.person, standing);
        }
        newest.into_values().collect()
    }

    /// Statuses of those that stand.
    async fn statuses(&self, id: &str) -> Vec<&'static str> {
        self.standings(id).await.iter().filter(|s| !s.removed).map(|s| s.status.code()).collect()
    }

    async fn tally(&self) -> BTreeMap<String, i64> {
        let ask = TallyOf { trial: TRIAL.into() };
        self.desk.store().read(ask).await.expect("counts").into_iter().collect()
    }

    async fn act(&self, person: PersonKey, act: &Act) -> Result<(), String> {
        let signer = Signer { name: "m.keller".into(), role: Role::Coordinator };
        people::act_on(&self.desk, person, TRIAL, act, &signer).await.map_err(|e| e.to_string())
    }
}

/// A Patient whose record says of others that they are the same person.
pub(crate) fn patient(id: &str, links: &[(&str, &str)]) -> Value {
    let link =
        |(kind, other): &(&str, &str)| json!({ "type": kind, "other": { "reference": format!("Patient/{other}") } });
    let links: Vec<Value> = links.iter().map(link).collect();
    let mut patient = json!({ "resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1980-01-01" });
    if !links.is_empty() {
        patient["link"] = links.into();
    }
    patient
}

pub(crate) fn diagnosis(id: &str, of: &str) -> Value {
    let code = |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
    json!({ "resourceType": "Condition", "id": id, "subject": { "reference": format!("Patient/{of}") }, "recordedDate": "2026-03-01",
            "clinicalStatus": code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "code": code("http://snomed.info/sct", "89155008") })
}

pub(crate) fn result(id: &str, of: &str, code: &str, value: &str, unit: &str) -> Value {
    let value: Value = serde_json::from_str(value).expect("a number");
    json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": format!("Patient/{of}") },
            "effectiveDateTime": "2026-03-10", "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": unit } })
}

/// What a criterion says.
fn criterion<'v>(verdict: &'v Value, id: &str) -> &'v str {
    let all = verdict["criteria"].as_array().expect("criteria");
    all.iter().find(|c| c["id"] == id).and_then(|c| c["result"].as_str()).expect("the criterion")
}
