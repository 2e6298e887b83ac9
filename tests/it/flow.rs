//! The corridor's promises: order does not matter, retracted is never ingested, replay is identical, a clock may step back.

mod drugs;

use crate::place::{Place, block_on, places};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use trialgate::clock::Clock;
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::{Caller, assess};
use trialgate::model::draft::ResourceType;
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::{AssessmentHistory, KnownAt, PersonOf};

const TRIAL: &str = "NCT00962923";
/// 15 March 2026, 08:00 UTC.
const NOW: Instant = Instant(1_773_561_600_000_000);

/// A desk on a store of its own; the place goes with it.
struct House {
    desk: Arc<Desk>,
    clock: Clock,
    _place: Place,
}

fn house(place: Place) -> House {
    let store = place.open();
    let clock = Clock::manual(NOW);
    let told = clock.clone();
    let gateway = Gateway::new(Parts {
        store,
        sources: vec![Source::new("main", Zone::utc())],
        clock: Arc::new(move || told.now()),
        cursor_key: [7; 32],
        base: "http://test/fhir".into(),
    });
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    let at = AtSite { recruiting: true, purposes: vec![Purpose::Count, Purpose::List], ..AtSite::default() };
    let sites = BTreeMap::from([(TRIAL.to_owned(), at)]);
    let desk = Desk::new(Arc::new(gateway), "http://test".into(), sites, Vec::new(), library);
    House { desk: Arc::new(desk), clock, _place: place }
}

fn caller() -> Caller {
    Caller { actor: "test".into(), purpose: "import".into() }
}

impl House {
    async fn put(&self, resource: &Value) {
        let (kind, id) = (resource["resourceType"].as_str().expect("a type"), resource["id"].as_str().expect("an id"));
        let source = self.desk.gateway.source("main").expect("a source");
        let kind = ResourceType::named(kind).expect("a kept type");
        let body = resource.to_string();
        let answer = self.desk.gateway.update(source, kind, id, body.as_bytes(), None, caller()).await;
        answer.unwrap_or_else(|refusal| panic!("{refusal:?}"));
    }

    async fn settle(&self) {
        while assess::round(&self.desk).await.expect("a round") > 0 {}
    }

    async fn person(&self) -> PersonKey {
        let question = PersonOf { source: "main".into(), patient: "p".into() };
        self.desk.store().read(question).await.expect("an answer").expect("a person")
    }

    /// The verdict now, without keys that are random.
    async fn verdict(&self) -> Value {
        let record = assess::read(&self.desk, self.person().await, KnownAt::Now).await.expect("a record");
        self.verdict_of(&record)
    }

    fn verdict_of(&self, record: &trialgate::store::Record) -> Value {
        let library = self.desk.library();
        let active = library.trial(TRIAL).expect("the trial");
        let finding = assess::find(&self.desk, active, record, NOW).expect("a finding");
        let mut json = assess::assessment_json(&self.desk, &finding, record);
        for key in ["person", "as_of"] {
            json.as_object_mut().expect("an object").remove(key);
        }
        json
    }
}

fn patient() -> Value {
    json!({ "resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1980-01-01" })
}

fn diagnosis() -> Value {
    let code = |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
    json!({ "resourceType": "Condition", "id": "d", "subject": { "reference": "Patient/p" }, "recordedDate": "2026-03-01",
            "clinicalStatus": code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "code": code("http://snomed.info/sct", "89155008") })
}

/// Version `n` of result `id`: a value, and now and then a retraction. Three versions share a moment: those of an even
/// id are told apart by a number, of id 1 by nothing but their bytes, of id 3 now and then by a number.
fn result(id: usize, n: u32, tenths: u32, status: &str) -> Value {
    let codes = ["1751-7", "718-7", "777-3"];
    let units = ["g/L", "g/dL", "10*9/L"];
    let numbered = id.is_multiple_of(2) || (id == 3 && n.is_multiple_of(2));
    let version = if numbered { n.to_string() } else { format!("v{n}") };
    json!({ "resourceType": "Observation", "id": format!("o{id}"),
            "meta": { "versionId": version, "lastUpdated": format!("2026-03-14T{:02}:00:00Z", n / 3) },
            "status": status, "subject": { "reference": "Patient/p" },
            "effectiveDateTime": format!("2026-03-{:02}", 1 + id % 14),
            "code": { "coding": [{ "system": "http://loinc.org", "code": codes[id % 3] }] },
            "valueQuantity": { "value": f64::from(tenths) / 10.0, "system": "http://unitsofmeasure.org", "code": units[id % 3] } })
}

/// Versions of a few results, each version once.
fn versions() -> impl Strategy<Value = Vec<Value>> {
    let status = prop_oneof![4 => Just("final"), 2 => Just("corrected"), 1 => Just("entered-in-error"), 1 => Just("preliminary")];
    let version = (0_usize..4, 0_u32..6, 10_u32..500, status);
    prop::collection::btree_map((0_usize..4, 0_u32..6), version, 1..12).prop_map(|all| {
        all.into_iter().map(|((id, n), (_, _, tenths, status))| result(id, n, tenths, status)).collect()
    })
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn any_order_and_repetition_ends_in_the_same_state() {
    let strategy = versions().prop_flat_map(|all| {
        let again: Vec<Value> = all.iter().chain(&all).cloned().collect();
        (Just(all), Just(again).prop_shuffle())
    });
    for place in places() {
        let cases = if matches!(place, Place::File(_)) { 12 } else { 4 };
        let checked = runner(cases).run(&strategy, |(plain, shuffled)| {
            let verdict = |arrivals: Vec<Value>| {
                block_on(async {
                    let house = house(place.another());
                    house.put(&diagnosis()).await;
                    for arrival in &arrivals {
                        house.put(arrival).await;
                    }
                    house.put(&patient()).await;
                    house.verdict().await
                })
            };
            prop_assert_eq!(verdict(plain), verdict(shuffled));
            Ok(())
        });
        checked.unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn ingested_then_retracted_is_never_ingested() {
    for place in places() {
        let (with, without) = block_on(retracted(place));
        assert_eq!(with, without);
    }
}

async fn retracted(place: Place) -> (Value, Value) {
    let (with, without) = (house(place.another()), house(place));
    for house in [&with, &without] {
        house.put(&patient()).await;
        house.put(&diagnosis()).await;
        house.put(&result(1, 1, 105, "final")).await;
    }
    with.put(&result(0, 1, 240, "final")).await;
    with.put(&result(0, 2, 240, "entered-in-error")).await;
    (with.verdict().await, without.verdict().await)
}

#[test]
fn a_stored_assessment_replays_from_what_it_had_seen() {
    for place in places() {
        block_on(replays(place));
    }
}

async fn replays(place: Place) {
    let house = house(place);
    let desk = house.desk.clone();
    house.put(&patient()).await;
    house.put(&diagnosis()).await;
    // However the two below take turns, this state is assessed, and the last one.
    house.settle().await;
    let assessor = async {
        for _ in 0..200 {
            assess::round(&desk).await.expect("a round");
            tokio::task::yield_now().await;
        }
    };
    let writers = async {
        for n in 1..6 {
            for id in 0..4 {
                // The clock steps back now and then; known time must not.
                house.clock.set(NOW.plus_us(if n % 2 == 0 { -3_600_000_000 } else { 0 }));
                house.put(&result(id, n, 100 + n * 37 + u32::try_from(id).expect("small") * 11, "final")).await;
            }
        }
    };
    tokio::join!(assessor, writers);
    house.clock.set(NOW);
    house.settle().await;
    let question = AssessmentHistory { person: house.person().await, trial: TRIAL.into() };
    let history = desk.store().read(question).await.expect("a history");
    assert!(history.len() > 1, "only {} assessments were kept", history.len());
    for stored in &history {
        let known = KnownAt::Seen(stored.seen.clone());
        let record = assess::read(&desk, house.person().await, known).await.expect("a record");
        let library = desk.library();
        let active = library.trial(TRIAL).expect("the trial");
        let finding = assess::find(&desk, active, &record, stored.at).expect("a finding");
        assert_eq!(assess::form_of(&desk, &finding, &record), stored.form, "assessment {}", stored.version);
    }
}

/// A platelet count; `with` is what it says instead.
fn count(id: &str, with: &[(&str, &str)]) -> String {
    let mut body = format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-03-10","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"valueQuantity":{{"value":45,"system":"http://unitsofmeasure.org","code":"10*9/L"}}}}"#
    );
    for (from, to) in with {
        assert!(body.contains(from), "{from}");
        body = body.replacen(from, to, 1);
    }
    body
}

impl House {
    /// Puts a text as it is: it must be new.
    async fn created(&self, id: &str, body: &str) {
        let source = self.desk.gateway.source("main").expect("a source");
        let kind = ResourceType::Observation;
        let answer = self.desk.gateway.update(source, kind, id, body.as_bytes(), None, caller()).await;
        let written = answer.unwrap_or_else(|refusal| panic!("{body}: {refusal:?}"));
        assert_eq!(written.kept.event, trialgate::store::Event::Created, "{body}");
        let kept = self.desk.gateway.read(source, kind, id).await.unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let value = body.split("\"value\":").nth(1).and_then(|v| v.split(',').next()).expect("a value");
        assert!(String::from_utf8_lossy(&kept.body).contains(value), "what was printed is read back: {value}");
    }

    /// What the exclusion by platelets says, and the platelet counts in its evidence: as received, and the remark.
    async fn platelets(&self) -> (String, Vec<(String, String)>) {
        let verdict = self.verdict().await;
        let criterion = verdict["criteria"].as_array().and_then(|all| all.iter().find(|c| c["id"] == "E3").cloned());
        let criterion = criterion.expect("the criterion");
        let facts = criterion["facts"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_platelets = facts.iter().filter(|f| f["variable"] == "platelets");
        (text(&criterion["result"]), of_platelets.map(|f| (text(&f["received"]), text(&f["remark"]))).collect())
    }
}

#[test]
fn what_is_kept_and_cannot_be_used_leaves_the_answer_open_and_says_so() {
    let digits = "4".repeat(400);
    for (what, with, remark) in [
        ("a huge exponent", ("45", "1e400"), "code not understood: the decimal has too many digits"),
        ("400 digits", ("45", digits.as_str()), "code not understood: the decimal has too many digits"),
        ("a unit of another thing", ("\"10*9/L\"", "\"g/dL\""), "unit not convertible: "),
        (
            "a unit without a code",
            (",\"system\":\"http://unitsofmeasure.org\",\"code\":\"10*9/L\"", ""),
            "unit not convertible: no unit",
        ),
        (
            "a word as unit",
            ("\"system\":\"http://unitsofmeasure.org\",\"code\":\"10*9/L\"", "\"unit\":\"plts\""),
            "unit not convertible: the unit word `plts`",
        ),
        ("not final", ("\"final\"", "\"preliminary\""), "not yet final: "),
        ("cancelled", ("\"final\"", "\"cancelled\""), "never seen: its status is not done"),
        ("later than now", ("2026-03-10", "2031-01-01"), "later than the moment asked about"),
        ("before the birth", ("2026-03-10", "1979-06-01"), "implausible: dated before the birth"),
        ("the year 1", ("2026-03-10", "0001-01-01"), "implausible: dated before the birth"),
        ("the year 9999", ("2026-03-10", "9999-12-31"), "later than the moment asked about"),
    ] {
        block_on(async {
            let house = house(Place::file());
            house.put(&patient()).await;
            house.put(&diagnosis()).await;
            house.created("o", &count("o", &[with])).await;
            let (result, facts) = house.platelets().await;
            assert_eq!(result, "unknown", "{what}");
            assert_eq!(facts.len(), 1, "{what}: {facts:?}");
            assert!(facts[0].1.starts_with(remark), "{what}: {facts:?}");
        });
    }
}

#[test]
fn a_retraction_takes_the_earlier_evidence_with_it() {
    for status in ["entered-in-error", "cancelled", "preliminary"] {
        block_on(async {
            let house = house(Place::file());
            house.put(&patient()).await;
            house.put(&diagnosis()).await;
            house.created("o", &count("o", &[])).await;
            assert_eq!(house.platelets().await, ("true".into(), vec![("45 10*9/L".into(), String::new())]));
            let changed: Value = serde_json::from_str(&count("o", &[("final", status)])).expect("JSON");
            house.put(&changed).await;
            let (result, facts) = house.platelets().await;
            assert_eq!(result, "unknown", "{status}");
            assert!(facts.iter().all(|(_, remark)| !remark.is_empty()), "{status}: {facts:?}");
            assert_eq!(facts.is_empty(), status == "entered-in-error", "{status}: {facts:?}");
        });
    }
}
