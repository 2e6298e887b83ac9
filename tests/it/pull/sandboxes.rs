//! Everything that was captured of two vendors' sandboxes, pulled as their servers answer: each value is read rightly, or
//! unknown for the right reason (fixtures/vendors/expected.tsv). And a third vendor's manners.

use super::vendors::Vendor;
use super::*;
use crate::evaluate::{World, asks};
use crate::left_out::shared;
use std::collections::BTreeMap;
use std::io::Read as _;
use trialgate::flow::assess;
use trialgate::flow::pull::round;
use trialgate::model::key::Item;
use trialgate::model::number::Number;
use trialgate::model::reading::{Readings, Value as Read};
use trialgate::store::{KnownAt, PersonOf, Record};

const EXPECTED: &str = include_str!("../../../fixtures/vendors/expected.tsv");

/// A variable for each thing that these patients were measured for, in units other than were sent where that is worth a test.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("systolic", "loinc|8480-6", "mm[Hg]"),
    ("diastolic", "loinc|8462-4", "mm[Hg]"),
    ("pulse", "loinc|8867-4", "/min"),
    ("weight", "loinc|29463-7", "g"),
    ("height", "loinc|8302-2", "m"),
    ("temperature", "loinc|8310-5", "Cel"),
    ("cholesterol", "loinc|2093-3", "g/L"),
    ("bmi_percentile", "loinc|59576-9", "%"),
    ("weight_for_length", "loinc|77606-2", "%"),
    ("height_percentile", "loinc|8303-0", "%"),
    ("weight_percentile", "loinc|8336-0", "%"),
    ("weight_z_score", "https://fhir.cerner.com/ec2458f2-1e24-41c8-b71b-0e701af7583d/codeSet/72|2571601133", "1"),
];

fn variables() -> World {
    let mut text = String::new();
    for (name, code, unit) in VARIABLES {
        text += &format!("[variables.{name}]\nfrom = \"observation\"\ncode = [\"{code}\"]\nunit = \"{unit}\"\n");
    }
    text += "[variables.tuberculosis]\nfrom = \"condition\"\ncode = [\"snomed|154283005\"]\n";
    asks(&text, "exists (pulse)")
}

/// The resources of a vendor's captured answers.
fn captured(vendor: &str) -> Option<Vec<Value>> {
    let mut paths: Vec<_> = std::fs::read_dir(shared(&format!("material/vendor-sandbox/{vendor}"))?)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    let mut resources = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).expect("readable");
        let mut text = String::new();
        if path.extension().is_some_and(|e| e == "gz") {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("unpacks");
        } else {
            text = String::from_utf8(bytes).expect("text");
        }
        let wrapped: Value = serde_json::from_str(&text).expect("JSON");
        let body = &wrapped["body"];
        let entries = body["entry"].as_array().cloned().unwrap_or_default();
        let of_bundle = entries.into_iter().map(|e| e["resource"].clone());
        resources
            .extend(of_bundle.chain([body.clone()]).filter(|r| r["id"].is_string() && r["resourceType"] != "Bundle"));
    }
    Some(resources)
}

/// Every row that the pulled record of one patient says, in the words of the table.
fn rows(vendor: &str, record: &Record, readings: &Readings, names: &BTreeMap<Item, String>) -> BTreeSet<String> {
    let name = |fact: usize| names.get(&record.facts[fact].item).cloned().unwrap_or_default();
    let mut rows = BTreeSet::new();
    let mut row = |resource: String, variable: &str, said: String| {
        rows.insert(format!("{vendor}\t{resource}\t{variable}\t{said}"));
    };
    let mut used = BTreeSet::new();
    for (series, (variable, ..)) in readings.series.iter().zip(VARIABLES.iter().chain(&[("tuberculosis", "", "")])) {
        for reading in &series.readings {
            used.insert(record.facts[reading.fact].item);
            let said = match &reading.value {
                Read::Number(number) => number.as_exact().expect("one value").to_string(),
                Read::Truth(truth) => format!("{truth:?} {}", reading.at.earliest).to_lowercase(),
                other => panic!("{other:?}"),
            };
            let said = said.strip_suffix("t00:00:00z").map_or(said.clone(), str::to_owned);
            row(name(reading.fact), variable, said);
        }
        for left_out in series.left_out.iter().filter(|l| !l.other) {
            used.insert(record.facts[left_out.fact].item);
            row(name(left_out.fact), variable, format!("unknown: {}", left_out.reason.words()));
        }
    }
    for fact in record.facts.iter().filter(|f| !used.contains(&f.item)) {
        if names.get(&fact.item).is_some_and(|n| n.starts_with("Observation/")) {
            row(names[&fact.item].clone(), "-", "no variable".into());
        }
    }
    let unknown = || "unknown".to_owned();
    let patient = names.values().find(|n| n.starts_with("Patient/")).expect("the Patient").clone();
    row(patient.clone(), "birth_date", readings.person.birth_date.as_ref().map_or_else(unknown, ToString::to_string));
    row(patient.clone(), "sex", readings.person.sex.clone().unwrap_or_else(unknown));
    row(patient, "deceased", if readings.person.deceased { "true".into() } else { unknown() });
    rows
}

async fn every_value(folder: &str, vendor: Vendor, word: &str) {
    let Some(resources) = captured(folder) else { return };
    let place = Place::file();
    let patients: BTreeSet<String> = resources
        .iter()
        .filter_map(|r| match r["resourceType"].as_str()? {
            "Patient" => r["id"].as_str(),
            _ => r["subject"]["reference"].as_str()?.strip_prefix("Patient/"),
        })
        .map(str::to_owned)
        .collect();
    let kinds =
        ["Patient", "Observation", "Condition", "Procedure", "MedicationAdministration", "QuestionnaireResponse"];
    let ward = ward(&place, By::Patients, |pull| {
        pull.patients = patients.iter().cloned().collect();
        pull.kinds = kinds.map(str::to_owned).to_vec();
        pull.count = 1000;
    })
    .await;
    ward.hospital.is_of(vendor);
    for resource in &resources {
        ward.hospital.keeps(resource.clone(), CLOCK);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert!(pulled.loaded.set_aside.is_empty(), "{pulled:?}");
    let again = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(again.loaded.events.keys().collect::<Vec<_>>(), ["unchanged"], "{again:?}");

    let world = variables();
    let mut found = BTreeSet::new();
    for patient in &patients {
        // Asked for and not there: nothing is known of them, and nothing is made up.
        let ask = PersonOf { source: "ehr".into(), patient: patient.clone() };
        let Some(person) = ward.store.read(ask).await.expect("read") else { continue };
        let record = assess::read_record(&ward.store, person, KnownAt::Now).await.expect("a record");
        let named = assess::source_names(&ward.store, &record).await.expect("names");
        let short = |name: &str| name.trim_start_matches("ehr/").split("/_history").next().unwrap_or("").to_owned();
        let names: BTreeMap<Item, String> = named.iter().map(|(item, name)| (*item, short(name))).collect();
        if names.values().any(|n| n.starts_with("Patient/")) {
            found.extend(rows(word, &record, &world.readings(&record.facts), &names));
        } else {
            let mut with = names.clone();
            with.insert(Item([0; 16]), "Patient/".into());
            let rows = rows(word, &record, &world.readings(&record.facts), &with);
            found.extend(rows.into_iter().filter(|r| !r.contains("\tPatient/\t")));
        }
    }
    let wanted: BTreeSet<String> =
        EXPECTED.lines().filter(|l| l.starts_with(&format!("{word}\t"))).map(str::to_owned).collect();
    let plain = |row: &String| {
        let (rest, said) = row.rsplit_once('\t').expect("columns");
        format!("{rest}\t{}", Number::parse(said).map_or(said.to_owned(), |n| n.to_string()))
    };
    let (found, wanted): (BTreeSet<String>, BTreeSet<String>) =
        (found.iter().map(plain).collect(), wanted.iter().map(plain).collect());
    let lacks: Vec<_> = wanted.difference(&found).take(10).collect();
    let more: Vec<_> = found.difference(&wanted).take(10).collect();
    assert!(lacks.is_empty() && more.is_empty(), "wanted and not read: {lacks:#?}\nread and not wanted: {more:#?}");
    assert!(wanted.len() > 50, "{} rows", wanted.len());
}

#[tokio::test]
async fn every_value_of_epics_sandbox_is_right_or_unknown_for_the_right_reason() {
    every_value("epic", Vendor::Epic, "epic").await;
}

#[tokio::test]
async fn every_value_of_oracles_sandbox_is_right_or_unknown_for_the_right_reason() {
    every_value("cerner", Vendor::Oracle, "oracle").await;
}

#[tokio::test]
async fn what_meditech_does_not_have_is_said_and_keeps_nothing_else() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| {
        pull.patients = vec!["p1".into()];
        pull.kinds = ["Patient", "MedicationAdministration", "Observation"].map(str::to_owned).to_vec();
    })
    .await;
    ward.hospital.is_of(Vendor::Meditech);
    ward.hospital.keeps(patient("p1"), CLOCK);
    for n in 0..5 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, ["MedicationAdministration page 1: HTTP 404: no OperationOutcome (34 bytes)"]);
    assert_eq!(ward.observations().await.len(), 5, "{pulled:?}");
}

#[tokio::test]
async fn what_a_vendor_withholds_or_refuses_is_told() {
    for (vendor, by, words) in [
        (Vendor::Epic, By::Patients, "Observation: the server remarks warning suppressed"),
        (Vendor::Epic, By::Server, "Observation page 1: HTTP 400: required one of patient, subject or _id is wanted"),
        (
            Vendor::Oracle,
            By::Server,
            "MedicationAdministration page 1: HTTP 400: invalid _lastUpdated is not supported",
        ),
    ] {
        let place = Place::file();
        let ward = ward(&place, by, |pull| {
            pull.patients = if by == By::Patients { vec!["p1".into()] } else { Vec::new() };
            pull.kinds = ["Patient", "MedicationAdministration", "Observation"].map(str::to_owned).to_vec();
        })
        .await;
        ward.hospital.is_of(vendor);
        ward.hospital.keeps(patient("p1"), CLOCK);
        ward.hospital.keeps(result("o1", "p1", 1), CLOCK);
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        assert!(pulled.problems.iter().any(|p| p == words), "{vendor:?} {by:?}: {pulled:?}");
    }
}
