//! People who are followed for two years: visits that are kept, missed, late and corrected, two who left and one who died.

use super::house::*;
use serde_json::{Value, json};
use trialgate::decide::{Act, Consent};
use trialgate::flow::people::{self, Signer};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::Role;
use trialgate::model::time::Instant;

/// What is measured, beside what the definition names.
pub const OUTCOMES: &str = r#"
[[outcomes]]
id = "albumin_kept"
kind = "other"
value = "albumin >= 35 'g/L'"
visits = "monthly"
better = "true"
[[outcomes]]
id = "low_albumin"
kind = "other"
from = "day0"
event = "Min({death, First(albumin since day0 where value < 30 'g/L').time})"
censor = "last_contact"
[[safety]]
id = "platelets_low"
label = "Platelet count low"
on = "platelets"
grades = ["platelets < 150 '10*9/L'", "platelets < 75 '10*9/L'", "platelets < 50 '10*9/L'", "platelets < 25 '10*9/L'"]
"#;

/// A house for people who are asked, registered and followed.
pub fn plan() -> Plan {
    Plan { purposes: Purpose::ALL.to_vec(), more: OUTCOMES, ..Plan::default() }
}

/// A moment so many days after the story begins.
pub fn day(days: i64) -> Instant {
    NOW.plus_us(days * 86_400_000_000)
}

fn date(days: i64) -> String {
    day(days).to_string()[..10].to_owned()
}

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(sides).expect("sides")).expect("small")
    }
}

/// A result of that day.
pub fn quantity(patient: &str, code: &str, days: i64, value: &str, unit: &str) -> Value {
    let system = if code.contains('-') && code.chars().all(|c| c.is_ascii_digit() || c == '-') {
        "http://loinc.org"
    } else {
        "https://trialgate.example/fhir/CodeSystem/trial-variable"
    };
    let number: Value = serde_json::from_str(value).expect("a number");
    json!({ "resourceType": "Observation", "id": format!("{patient}-{code}-{days}"), "status": "final", "subject": { "reference": format!("Patient/{patient}") },
        "effectiveDateTime": day(days).to_string(), "code": { "coding": [{ "system": system, "code": code }] },
        "valueQuantity": { "value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit } })
}

/// One more who is eligible, consented and registered on the first day; day 0 is the day after.
async fn enroll(house: &House, patient: &str) -> PersonKey {
    let person = house.case_as("C01", patient).await;
    let signer = |role| Signer { name: "Staff".into(), role };
    let consent = Consent { signer: "subject".into(), version: "1".into(), day: "2026-03-15".into(), reference: None };
    let act = async |act: Act, role| {
        people::act_on(&house.desk, person, TRIAL, &act, &signer(role))
            .await
            .unwrap_or_else(|e| panic!("{act:?}: {e}"));
    };
    act(Act::RecordConsent(consent), Role::Coordinator).await;
    house.settle().await;
    let seen = people::evidence_seen(&house.desk, person, TRIAL).await.expect("read").expect("evidence");
    act(Act::SignEligible { seen }, Role::Investigator).await;
    act(Act::Register { at: house.clock.now() }, Role::Coordinator).await;
    person
}

/// The study drug, given to them on day 0.
pub fn cells(patient: &str, amount: i64) -> Value {
    json!({ "resourceType": "MedicationAdministration", "id": format!("{patient}-cells"), "status": "completed", "subject": { "reference": format!("Patient/{patient}") },
        "effectiveDateTime": "2026-03-16T09:00:00+08:00",
        "medicationCodeableConcept": { "coding": [{ "system": "https://trialgate.example/fhir/CodeSystem/trial-variable", "code": "allo-msc" }] },
        "dosage": { "dose": { "value": amount, "unit": "cells", "system": "http://unitsofmeasure.org", "code": "{cells}" } } })
}

/// The skin score on the day before day 0 of so many people, in their order.
pub fn first_skin(count: u64) -> Vec<i64> {
    (1..=count).map(|n| 22 + Dice(n * 7919 + 17).roll(10)).collect()
}

/// Everything of one person's follow-up up to a day: results of each month, some missed, some late, some between visits.
fn follow(patient: &str, seed: u64, until: i64) -> Vec<Value> {
    let mut dice = Dice(seed * 7919 + 17);
    let mut found = vec![quantity(patient, "mrss-total", 1, &(22 + dice.roll(10)).to_string(), "{score}")];
    found[0]["effectiveDateTime"] = json!("2026-03-15");
    let (slope, mut skin) = (dice.roll(4), 22 + dice.roll(8));
    for month in 1..=24 {
        let days = 1 + month * 3044 / 100 + dice.roll(9) - 4;
        if days > until {
            break;
        }
        if dice.roll(9) == 0 {
            continue;
        }
        let days = if dice.roll(12) == 0 { days + 10 } else { days };
        skin = (skin - i64::from(dice.roll(4) < slope) + i64::from(dice.roll(6) == 0)).max(3);
        found.push(quantity(patient, "mrss-total", days, &skin.to_string(), "{score}"));
        let dip = if dice.roll(1000) % 29 == 0 { 9 } else { 0 };
        let albumin = 33 + month / 5 + dice.roll(80) / 10 - dip;
        found.push(quantity(patient, "1751-7", days, &format!("{albumin}.{}", dice.roll(10)), "g/L"));
        found.push(quantity(patient, "2160-0", days, &(55 + dice.roll(40)).to_string(), "umol/L"));
        found.push(quantity(patient, "777-3", days, &(40 + dice.roll(200)).to_string(), "10*9/L"));
    }
    found
}

/// So many people, followed up to a day. The third died, the fifth withdrew.
pub async fn followed(house: &House, count: u64, until: i64) -> Vec<PersonKey> {
    let mut persons = Vec::new();
    for n in 1..=count {
        persons.push(enroll(house, &format!("P{n:02}")).await);
    }
    house.clock.set(day(until));
    for n in 1..=count {
        let patient = format!("P{n:02}");
        house.put(&cells(&patient, 58_000_000 + i64::try_from(n).expect("few") * 500_000)).await;
        let last = if n == 3 { 240 } else { until };
        for resource in follow(&patient, n, last.min(until)) {
            house.put(&resource).await;
        }
    }
    if until > 250 && count >= 3 {
        house.put(&json!({ "resourceType": "Patient", "id": "P03", "birthDate": "1981-01-20", "gender": "female", "deceasedDateTime": date(250) })).await;
    }
    house.settle().await;
    persons
}
