//! Exports: what stands in them, that the same data is the same bytes, who is in them and who is not, and locks.

mod blinded;
mod fhir;
mod flat;
mod locks;
mod tables;

use crate::definitions::Town;
use crate::place::Place;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trialgate::flow::export::ask::{Dataset, Exported, Format, Request, To, export};
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rights::{Granted, Reader};
use trialgate::model::standing::Role;
use trialgate::model::time::Instant;

pub const TRIAL: &str = "T1";
pub const DATASETS: [Dataset; 4] = [Dataset::Outcomes, Dataset::Persons, Dataset::Screening, Dataset::Subjects];

/// A study drug given once, what is measured by month and quarter, an event, and a grade.
pub const BODY: &str = r#"
[variables.cells]
from = "medication_administration"
code = ["local|cells"]
amount = "dose"
unit = "mg"
[variables.skin]
from = "observation"
code = ["local|skin"]
unit = "{score}"
select = "Last(skin within 28 days)"
[variables.albumin]
label = "Albumin"
from = "observation"
code = ["loinc|1751-7"]
unit = "g/L"
select = "Last(albumin within 28 days)"
[variables.failed]
from = "observation"
code = ["local|failed"]
answers.true = ["snomed|10828004"]
answers.false = ["snomed|260385009"]
[anchors]
day0 = "First(cells).time"
[treatment]
drug = "cells"
starts = "day0"
[visits]
monthly = { every = "1 month", until = "6 months", from = "day0", window = "7 days" }
[[eligibility.include]]
id = "A"
protocol = "p"
require = "albumin > 10 'g/L'"
[[outcomes]]
id = "skin"
kind = "primary"
value = "skin"
visits = "monthly"
better = "lower"
[[outcomes]]
id = "labs"
kind = "secondary"
value = ["albumin"]
visits = "monthly"
[[outcomes]]
id = "response"
kind = "secondary"
value = "skin - Baseline(skin) <= -5"
visits = "monthly"
better = "true"
[[outcomes]]
id = "survival"
kind = "other"
from = "day0"
event = "Min({death, First(failed where value).time})"
censor = "last_contact"
[[safety]]
id = "albumin_low"
on = "albumin"
grades = ["albumin < 35 'g/L'", "albumin < 30 'g/L'", "albumin < 20 'g/L'"]
"#;

/// The text of the definition, its version and hidden names chosen.
pub fn definition(version: u32, hidden: &str) -> String {
    let study = include_str!("../../../fixtures/study.toml");
    format!("language = 1\ntrial = \"{TRIAL}\"\nversion = {version}\n{study}[blinding]\nhidden = [{hidden}]\n{BODY}")
}

/// Profiles with this one trial.
pub fn profiles(hidden: &str) -> Profiles {
    let mut profiles = Profiles::built_in();
    profiles.0.retain(|path, _| !path.starts_with("trials/"));
    profiles.0.insert(format!("trials/{TRIAL}/trial.toml"), definition(1, hidden));
    profiles
}

/// Profiles as a folder.
pub fn written(profiles: &Profiles, folder: &std::path::Path) {
    for (path, text) in &profiles.0 {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

pub fn town(place: Place, hidden: &str) -> Town {
    Town::new(place, profiles(hidden))
}

const LOCAL: &str = "https://trialgate.example/fhir/CodeSystem/trial-variable";

pub fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1980-03-15",
        "name": [{ "family": "Familyname", "given": ["Givenname"] }], "identifier": [{ "system": "urn:mrn", "value": "MRN-4711" }] })
}

/// A result; its id holds the patient's.
pub fn result(patient: &str, code: &str, date: &str, value: &str, unit: &str) -> Value {
    let system = if code.contains('-') { "http://loinc.org" } else { LOCAL };
    let number: Value = serde_json::from_str(value).expect("a number");
    json!({ "resourceType": "Observation", "id": format!("{patient}-{code}-{date}"), "status": "final",
        "subject": { "reference": format!("Patient/{patient}") }, "effectiveDateTime": date,
        "performer": [{ "display": "Doctorname" }], "code": { "coding": [{ "system": system, "code": code, "display": "Displayed" }] },
        "valueQuantity": { "value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit } })
}

pub fn cells(patient: &str, at: &str) -> Value {
    json!({ "resourceType": "MedicationAdministration", "id": format!("{patient}-cells"), "status": "completed",
        "subject": { "reference": format!("Patient/{patient}") }, "effectiveDateTime": at,
        "medicationCodeableConcept": { "coding": [{ "system": LOCAL, "code": "cells" }] },
        "dosage": { "dose": { "value": 60, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg" } } })
}

pub fn at(date: &str) -> Instant {
    crate::evaluate::time(&format!("{date}T12:00:00+08:00"))
}

/// One who is eligible, consented and registered on 15 March 2026, and given the cells the day after.
pub async fn registered(town: &Town, id: &str) {
    town.load(&[
        patient(id),
        result(id, "1751-7", "2026-03-10", "3.81", "g/dL"),
        result(id, "skin", "2026-03-15", "28", "{score}"),
    ])
    .await;
    town.settle().await;
    town.enroll(id, TRIAL).await;
    town.load(&[cells(id, "2026-03-16T09:00:00+08:00")]).await;
}

/// Three who are followed for four months, one who is asked and one who is only eligible.
pub async fn followed(place: Place, hidden: &str) -> Town {
    followed_by(place, definition(1, hidden)).await
}

/// The same, by this text of the definition.
pub async fn followed_by(place: Place, text: String) -> Town {
    let mut profiles = profiles("");
    profiles.0.insert(format!("trials/{TRIAL}/trial.toml"), text);
    let town = Town::new(place, profiles);
    for id in ["patient-one", "patient-two", "patient-three"] {
        registered(&town, id).await;
        for (month, skin, albumin) in [(4, "24", "36.1"), (5, "21", "29.5"), (6, "19", "34.9")] {
            let date = format!("2026-0{month}-17");
            town.load(&[result(id, "skin", &date, skin, "{score}"), result(id, "1751-7", &date, albumin, "g/L")]).await;
        }
        town.load(&[result(id, "skin", "2026-05-01", "22", "{score}")]).await;
    }
    let only = ["patient-four", "patient-five"];
    for id in only {
        town.load(&[patient(id), result(id, "1751-7", "2026-03-10", "38", "g/L")]).await;
    }
    town.clock.set(at("2026-07-20"));
    town.settle().await;
    town
}

pub fn request(dataset: Dataset, format: Format) -> Request {
    Request {
        dataset,
        format,
        trial: TRIAL.into(),
        as_of: None,
        known_at: None,
        definition: None,
        identified: false,
        unblinded: false,
        define: None,
    }
}

/// Somebody with this role in the trial.
pub fn reader(role: Role) -> Reader {
    let right = Granted { role, trial: TRIAL.into(), site: "S".into(), until: None };
    Reader { name: "statistician".into(), rights: vec![right] }
}

/// The text, and what was said of it.
pub async fn made(town: &Town, request: &Request) -> (String, Exported) {
    let (bytes, exported) = bytes(town, request).await;
    (String::from_utf8(bytes).expect("UTF-8"), exported)
}

/// The bytes, and what was said of them.
pub async fn bytes(town: &Town, request: &Request) -> (Vec<u8>, Exported) {
    let mut out: Vec<u8> = Vec::new();
    let path = std::env::temp_dir()
        .join(format!("trialgate-spool-{}", trialgate::model::key::hex(&trialgate::clock::random_bytes::<8>())));
    let spool = std::fs::File::options().read(true).write(true).create_new(true).open(&path).expect("a spool");
    std::fs::remove_file(&path).expect("its name goes");
    let to = To { out: &mut out, spool: Some(spool) };
    let unblinded = request.unblinded.then(|| reader(Role::Unblinded));
    let exported = export(&town.desk, request, unblinded.as_ref(), to, |_| {}).await;
    let exported = exported.unwrap_or_else(|e| panic!("{request:?}: {e}"));
    assert_eq!(exported.bytes, out.len() as u64);
    (out, exported)
}

/// The lines of an NDJSON table.
pub async fn lines(town: &Town, request: &Request) -> Vec<BTreeMap<String, Value>> {
    let request = Request { format: Format::Ndjson, ..request.clone() };
    let (text, exported) = made(town, &request).await;
    let lines: Vec<BTreeMap<String, Value>> =
        text.lines().map(|l| serde_json::from_str(l).expect("an object")).collect();
    assert_eq!(lines.len() as u64, exported.rows);
    lines
}
