//! The oncology trial where its cases cannot go: another country, the formulas against numbers worked out elsewhere.

use serde_json::json;
use std::collections::BTreeMap;
use trialgate::flow::library::{definition, maps};
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::rehearse::{Cast, Rehearsal, moment_of};

const TRIAL: &str = "trials/NCT05065957";

/// What the trial says at its second site of a man born then.
fn in_america(born: &str) -> serde_json::Value {
    let profiles = Profiles::built_in();
    let (terms, _) = maps(&profiles);
    let trial = definition(&profiles, TRIAL).0.expect("a definition");
    let rehearsal = Rehearsal::new(&trial, &terms, &BTreeMap::new()).expect("prepared");
    let site = &trial.study.sites[1];
    assert_eq!(site.country, "US");
    let now = moment_of("2026-03-15", &site.zone).expect("a day");
    let patient = json!({ "resourceType": "Patient", "id": "P", "gender": "male", "birthDate": born }).to_string();
    let cast = Cast::read([patient.as_bytes()], &site.zone, now);
    let (person, facts) = cast.people.iter().next().expect("a person");
    rehearsal.json(&rehearsal.assess(facts, &cast.names, site, now), person, site)
}

/// What it says of one criterion.
fn says(born: &str, id: &str) -> serde_json::Value {
    let json = in_america(born);
    let criteria = json["criteria"].as_array().expect("criteria").clone();
    criteria.iter().find(|c| c["id"] == id).expect("the criterion")["result"].clone()
}

#[test]
fn eighteen_is_enough_outside_of_taiwan() {
    assert_eq!(says("2008-03-15", "I2"), "true");
    assert_eq!(says("2008-03-16", "I2"), "false");
}

#[test]
fn kidneys_of_which_nothing_was_measured_are_unknown() {
    assert_eq!(says("1970-05-17", "I9"), "unknown");
}

#[test]
fn the_formulas_give_the_dossiers_numbers() {
    let profiles = Profiles::built_in();
    let text = profiles.0.get(&format!("{TRIAL}/trial.toml")).expect("the definition");
    // A woman of 45 years, 55 kg, creatinine 1.5 mg/dL: 41.12 mL/min and 43.52 mL/min/1.73 m2 (dossier, section 6).
    let asks = |words: &str| {
        let changed = text.replacen("require = \"kidney\"", &format!("require = \"\"\"{words}\"\"\""), 1);
        let mut profiles = profiles.clone();
        profiles.0.insert(format!("{TRIAL}/trial.toml"), changed);
        let (terms, _) = maps(&profiles);
        let (trial, mistakes) = definition(&profiles, TRIAL);
        let trial = trial.unwrap_or_else(|| panic!("{mistakes:?}"));
        let rehearsal = Rehearsal::new(&trial, &terms, &BTreeMap::new()).expect("prepared");
        let site = rehearsal.site().expect("a site");
        let now = moment_of("2026-03-15", &site.zone).expect("a day");
        let result = |id: &str, code: &str, value: serde_json::Value, unit: &str| {
            json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/P" },
                "code": { "coding": [{ "system": "http://loinc.org", "code": code }] }, "effectiveDateTime": "2026-03-10",
                "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": unit } })
            .to_string()
        };
        let all = [
            json!({ "resourceType": "Patient", "id": "P", "gender": "female", "birthDate": "1981-01-01" }).to_string(),
            result("w", "29463-7", json!(55), "kg"),
            result("c", "2160-0", json!(1.5), "mg/dL"),
        ];
        let cast = Cast::read(all.iter().map(String::as_bytes), &site.zone, now);
        let (person, facts) = cast.people.iter().next().expect("a person");
        let json = rehearsal.json(&rehearsal.assess(facts, &cast.names, site, now), person, site);
        json["criteria"].as_array().expect("criteria").iter().find(|c| c["id"] == "I9").expect("I9")["result"].clone()
    };
    assert_eq!(asks("Round(Number(cockcroft_gault, 'mL/min'), 2) = 41.12"), "true");
    assert_eq!(asks("Round(Number(egfr_formula, 'mL/min/{1.73_m2}'), 2) = 43.52"), "true");
}
