//! However it comes in, it is the same: single requests, a transaction, lines of a file, a poll, an export, and any mixture of them end
//! in the same facts, persons and verdicts. Another way in is one more arm of [`Way`].

use crate::identity::{NOW, TRIAL, caller, desk, diagnosis, patient, put_by, result};
use crate::place::{Place, block_on, places};
use crate::pull::hospital::{CLOCK, Hospital};
use crate::pull::link;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use trialgate::flow::answer::EntryAnswer;
use trialgate::flow::assess;
use trialgate::flow::bulk;
use trialgate::flow::desk::Desk;
use trialgate::flow::gateway::Source;
use trialgate::flow::hl7v2::Dialect;
use trialgate::flow::lines::Line;
use trialgate::flow::pull::{Feed, Pull, round};
use trialgate::link::{Client, LinkSettings, Secret};
use trialgate::model::fact::DraftFact;
use trialgate::model::key::PersonKey;
use trialgate::store::{KnownAt, PersonOf, StandingsAround};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One PUT for each.
    Requests,
    /// One transaction Bundle.
    Transaction,
    /// Lines, as of an NDJSON file.
    Lines,
    /// A poll of a hospital's server.
    Poll,
    /// A Bulk Data export of it.
    Export,
}

const WAYS: [Way; 5] = [Way::Requests, Way::Transaction, Way::Lines, Way::Poll, Way::Export];

/// A gateway, and a hospital that it may poll.
struct House {
    desk: Arc<Desk>,
    hospital: Hospital,
    poll: Feed,
    export: Feed,
    /// What the hospital's server shows now.
    shown: Mutex<Vec<Value>>,
    /// The hospital's clock, in seconds since 1970.
    clock: AtomicI64,
    _place: Place,
}

async fn house(place: Place) -> House {
    let hospital = Hospital::open("http://127.0.0.1:9").await;
    hospital.exports(&[]);
    let feed = |settings: Value| {
        let settings: Pull = serde_json::from_value(settings).expect("settings");
        let shown = LinkSettings { token: Some(Secret::new("secret")), ..link(&settings.url) };
        Feed { source: "main".into(), client: Client::new(shown).expect("a link"), settings }
    };
    let poll = feed(json!({ "url": hospital.base(), "by": "server", "overlap": "0s", "count": 7 }));
    let export = feed(json!({ "url": hospital.base(), "by": "bulk" }));
    let (desk, shown, clock) = (desk(place.open()), Mutex::default(), AtomicI64::new(CLOCK));
    House { desk, hospital, poll, export, shown, clock, _place: place }
}

impl House {
    /// From now on the hospital's server shows these and no others.
    fn show(&self, all: &[Value]) {
        let now = self.clock.fetch_add(3_600, Ordering::SeqCst) + 3_600;
        let word = |resource: &Value, name: &str| resource[name].as_str().expect("text").to_owned();
        let before = std::mem::replace(&mut *self.shown.lock().expect("nobody panicked"), all.to_vec());
        before.iter().for_each(|r| self.hospital.forgets(&word(r, "resourceType"), &word(r, "id")));
        all.iter().for_each(|resource| self.hospital.keeps(resource.clone(), now - 10));
        self.hospital.at(now);
    }
}

impl Way {
    /// Brings all of these.
    async fn bring(self, house: &House, all: &[Value]) {
        let gateway = &house.desk.gateway;
        let source = gateway.source("main").expect("a source");
        match self {
            Self::Requests => {
                for resource in all {
                    put_by(&house.desk, "main", resource).await.expect("kept");
                }
            }
            Self::Transaction => {
                let entry = |r: &Value| {
                    let url =
                        format!("{}/{}", r["resourceType"].as_str().expect("a type"), r["id"].as_str().expect("an id"));
                    json!({ "resource": r, "request": { "method": "PUT", "url": url } })
                };
                let entries: Vec<Value> = all.iter().map(entry).collect();
                let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries }).to_string();
                let (_, answers) = gateway.bundle(source, bundle.as_bytes(), caller()).await.expect("taken");
                assert!(answers.iter().all(|a| matches!(a, EntryAnswer::Written(_))), "{answers:?}");
            }
            Self::Lines => {
                let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                let lines: Vec<Line<'_>> = texts.iter().map(|t| Line { place: "f", body: t.as_bytes() }).collect();
                let loaded = gateway.load_lines(source, &lines, &caller()).await.expect("loaded");
                assert!(loaded.set_aside.is_empty(), "{loaded:?}");
            }
            Self::Poll => {
                house.show(all);
                let pulled = round(gateway, &house.poll, false).await;
                assert!(pulled.problems.is_empty() && pulled.loaded.set_aside.is_empty(), "{pulled:?}");
            }
            Self::Export => {
                house.show(all);
                let pulled = bulk::round(gateway, &house.export, false).await;
                assert!(pulled.problems.is_empty() && pulled.loaded.set_aside.is_empty(), "{pulled:?}");
            }
        }
    }
}

const PATIENTS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A few patients; the first time as they were known, the second what was corrected, retracted and merged since.
fn waves() -> [Vec<Value>; 2] {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (n, of) in PATIENTS.into_iter().enumerate() {
        first.push(patient(of, &[]));
        first.push(diagnosis(&format!("d-{of}"), of));
        first.push(result(&format!("plt-{of}"), of, "777-3", &(40 + 30 * n).to_string(), "10*9/L"));
        first.push(result(&format!("alb-{of}"), of, "1751-7", &format!("2.{n}9"), "g/dL"));
        first.push(result(&format!("odd-{of}"), of, "718-7", "12.10", "K/uL"));
        let about = json!({ "reference": format!("Patient/{of}") });
        first.push(json!({ "resourceType": "MedicationAdministration", "id": format!("m-{of}"), "status": "completed", "subject": about,
            "effectiveDateTime": "2026-03-01T08:00:00Z", "medicationReference": { "reference": "Medication/drug" },
            "dosage": { "dose": { "value": 40, "system": "http://unitsofmeasure.org", "code": "mL" } } }));
    }
    let strength = json!({ "numerator": { "value": 20, "system": "http://unitsofmeasure.org", "code": "mg" },
        "denominator": { "value": 1, "system": "http://unitsofmeasure.org", "code": "mL" } });
    let code = json!({ "coding": [{ "system": "http://www.whocc.no/atc", "code": "L01AA01" }] });
    first.push(json!({ "resourceType": "Medication", "id": "drug", "ingredient": [{ "itemCodeableConcept": code, "strength": strength }] }));
    second.push(result("plt-a", "a", "777-3", "145", "10*9/L"));
    let mut retracted = result("alb-b", "b", "1751-7", "2.19", "g/dL");
    retracted["status"] = "entered-in-error".into();
    second.push(retracted);
    second.push(patient("d", &[("replaced-by", "c")]));
    second.push(result("plt-e", "a", "777-3", "160", "10*9/L"));
    [first, second]
}

/// Who is one person, their facts, verdict and statuses.
type Told = Vec<(BTreeSet<String>, Vec<String>, Value, Vec<&'static str>)>;

/// All that is known in the end.
async fn told(house: &House) -> Told {
    told_as(house, |name, fact| format!("{name} {fact:?}")).await
}

/// Rounds of assessing after which there is nothing left to do.
const ROUNDS_MAX: usize = 1_000;

/// The same, each fact of a resource in these words.
async fn told_as(house: &House, words: impl Fn(&str, &DraftFact) -> String) -> Told {
    let mut rounds = 0..ROUNDS_MAX;
    while assess::round(&house.desk).await.expect("a round") > 0 {
        rounds.next().expect("assessing comes to an end");
    }
    let store = house.desk.store();
    let mut persons: BTreeMap<PersonKey, BTreeSet<String>> = BTreeMap::new();
    for of in PATIENTS {
        let person = store.read(PersonOf { source: "main".into(), patient: of.into() }).await.expect("read");
        persons.entry(person.expect("a person")).or_default().insert(of.to_owned());
    }
    let mut all = Vec::new();
    for (person, patients) in persons {
        let record = assess::read(&house.desk, person, KnownAt::Now).await.expect("a record");
        let names = assess::source_names(store, &record).await.expect("names");
        let plain = |name: &str| name.split("/_history/").next().unwrap_or_default().to_owned();
        let mut facts: Vec<String> = record
            .facts
            .iter()
            .map(|f| words(&names.get(&f.item).map_or_else(String::new, |n| plain(n)), &f.draft))
            .collect();
        facts.sort();
        let library = house.desk.library();
        let finding =
            assess::find(&house.desk, library.trial(TRIAL).expect("the trial"), &record, NOW).expect("a finding");
        let mut verdict = assess::assessment_json(&house.desk, &finding, &record);
        for key in ["person", "as_of"] {
            verdict.as_object_mut().expect("an object").remove(key);
        }
        without_versions(&mut verdict);
        let standings = store.read(StandingsAround { person }).await.expect("standings");
        let newest: BTreeMap<PersonKey, (bool, &'static str)> =
            standings.iter().map(|s| (s.person, (s.removed, s.status.code()))).collect();
        let statuses = newest.into_values().filter(|(removed, _)| !removed).map(|(_, code)| code).collect();
        all.push((patients, facts, verdict, statuses));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// How often something came is of no matter.
fn without_versions(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((before, after)) = text.clone().split_once("/_history/") {
                let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
                *text = format!("{before}{rest}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_versions),
        Value::Object(members) => members.values_mut().for_each(without_versions),
        _ => {}
    }
}

#[test]
fn every_way_in_ends_in_the_same_facts_and_verdicts() {
    for place in places() {
        let ends = WAYS.map(|way| {
            block_on(async {
                let house = house(place.another()).await;
                for wave in waves() {
                    way.bring(&house, &wave).await;
                }
                told(&house).await
            })
        });
        assert_eq!(ends[0].len(), 4, "two of five are one person");
        assert!(ends[0].iter().any(|(.., statuses)| statuses == &["ineligible"]), "{:?}", ends[0]);
        for (way, end) in WAYS.iter().zip(&ends) {
            assert_eq!(end, &ends[0], "{way:?}");
        }
    }
}

#[test]
fn any_mixture_of_ways_in_any_order_ends_alike() {
    let [first, second] = waves();
    let shuffled = |wave: Vec<Value>| {
        let ways = prop::collection::vec(0..WAYS.len(), wave.len());
        (Just(wave).prop_shuffle(), ways).prop_map(|(wave, ways)| wave.into_iter().zip(ways).collect::<Vec<_>>())
    };
    let strategy = (shuffled(first), shuffled(second));
    for place in places() {
        let plain = block_on(async {
            let house = house(place.another()).await;
            for wave in waves() {
                Way::Requests.bring(&house, &wave).await;
            }
            told(&house).await
        });
        let cases = if matches!(place, Place::File(_)) { 8 } else { 3 };
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let checked = runner.run(&strategy, |(first, second)| {
            let mixed = block_on(async {
                let house = house(place.another()).await;
                for wave in [first, second] {
                    // Neighbours that take the same way come together.
                    for together in wave.chunk_by(|a, b| a.1 == b.1) {
                        let resources: Vec<Value> = together.iter().map(|(r, _)| r.clone()).collect();
                        WAYS[together[0].1].bring(&house, &resources).await;
                    }
                }
                told(&house).await
            });
            prop_assert_eq!(&mixed, &plain);
            Ok(())
        });
        checked.unwrap_or_else(|e| panic!("{e}"));
    }
}

/// A resource, and the message of HL7 v2 that says the same.
fn both_ways() -> Vec<(Value, String)> {
    let message = |n: usize, of: &str, segments: &[String]| {
        let head = format!("MSH|^~\\&|LAB|H|||2026031{}08{:02}00+0000||{of}|m{n}|P|2.5", n / 60, n % 60);
        [&[head], segments].concat().join("\r")
    };
    let person = |of: &str| format!("PID|1||{of}^^^KIS^MR||X^Y||19800101|F");
    let observed = |n: usize, of: &str, code: &str, value: &str, unit: &str, status: &str| {
        let order = format!(
            "OBR|1||F-{of}-{code}^LAB|1^PANEL^L|||20260310|||||||||||||||2026031{}08{:02}00+0000|||{status}",
            n / 60,
            n % 60
        );
        let result = format!("OBX|1|NM|{code}^^LN||{value}|{unit}^^UCUM|||||{status}|||20260310");
        message(n, "ORU^R01^ORU_R01", &[person(of), order, result])
    };
    let mut all = Vec::new();
    for (n, of) in PATIENTS.into_iter().enumerate() {
        let event = format!("EVN|A28|202603100{n}0000+0000");
        all.push((patient(of, &[]), message(n, "ADT^A28^ADT_A05", &[event, person(of)])));
        for (k, (code, value, unit)) in [
            ("777-3", (40 + 30 * n).to_string(), "10*9/L"),
            ("1751-7", format!("2.{n}9"), "g/dL"),
            ("718-7", "12.5".into(), "K/uL"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("{code}-{of}");
            all.push((result(&id, of, code, &value, unit), observed(10 + 3 * n + k, of, code, &value, unit, "F")));
        }
    }
    let stated = |id: &str, of: &str, code: &str, value: &str, unit: &str, status: &str| {
        let mut stated = result(id, of, code, value, unit);
        stated["status"] = status.into();
        stated
    };
    all.push((
        stated("777-3-a", "a", "777-3", "145", "10*9/L", "corrected"),
        observed(100, "a", "777-3", "145", "10*9/L", "C"),
    ));
    all.push((
        stated("1751-7-b", "b", "1751-7", "2.19", "g/dL", "entered-in-error"),
        observed(101, "b", "1751-7", "2.19", "g/dL", "W"),
    ));
    let merge = ["EVN|A40|20260312080000+0000".to_owned(), person("c"), "MRG|d^^^KIS^MR".to_owned()];
    let mut merged = patient("d", &[("replaced-by", "c")]);
    merged["active"] = false.into();
    all.push((merged, message(102, "ADT^A40^ADT_A39", &merge)));
    all
}

/// Without what says which way it came; what bears one moment stands in the order of its resources' names.
fn without_sources(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_sources),
        Value::Object(members) => {
            members.remove("source");
            members.values_mut().for_each(without_sources);
            if let Some(facts) = members.get_mut("facts").and_then(Value::as_array_mut) {
                facts.sort_by_key(ToString::to_string);
            }
        }
        _ => {}
    }
}

/// Where HL7 v2 has words for it, it ends in the same facts and verdicts; diagnoses come as resources either way.
#[test]
fn messages_end_in_the_same_facts_and_verdicts() {
    for place in places() {
        let ends = [false, true].map(|as_messages| {
            block_on(async {
                let house = house(place.another()).await;
                let gateway = &house.desk.gateway;
                let dialect = Arc::new(Dialect { authority: Some("*".into()), ..Dialect::default() });
                let source = Source { dialect, ..gateway.source("main").expect("a source").clone() };
                for of in PATIENTS {
                    put_by(&house.desk, "main", &diagnosis(&format!("d-{of}"), of)).await.expect("kept");
                }
                for (resource, message) in both_ways() {
                    if as_messages {
                        let told = gateway.message(&source, "m", message.as_bytes(), &caller()).await.expect("taken");
                        assert!(told.aside.is_empty(), "{message}\n{:?}", told.aside);
                    } else {
                        put_by(&house.desk, "main", &resource).await.expect("kept");
                    }
                }
                let words = |_: &str, f: &DraftFact| format!("{} {:?} {:?} {:?}", f.code, f.value, f.at, f.status);
                let mut told = told_as(&house, words).await;
                told.iter_mut().for_each(|(_, _, verdict, _)| without_sources(verdict));
                told
            })
        });
        assert_eq!(ends[0].len(), 4, "two of five are one person");
        assert_eq!(ends[1], ends[0]);
    }
}
