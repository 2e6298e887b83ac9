//! One person in one trial and in every trial: now, then, by what was known, and what flipped the verdict.

use super::*;
use serde_json::json;
use trialgate::flow::explain::{Asked, Explained, explain};
use trialgate::flow::unmapped::unmapped;

on_both!(
    a_person_is_explained_now_then_and_as_known,
    what_came_in_a_code_that_nobody_understands_is_told_beside_what_is_missing,
    what_nobody_reads_is_listed_by_volume
);

async fn ask(town: &Town, trial: Option<&str>, as_of: Option<&str>, known_at: Option<&str>) -> Explained {
    let asked = Asked { person: "main/t0-C04", trial, as_of, known_at };
    explain(&town.desk, &asked).await.expect("explained")
}

async fn a_person_is_explained_now_then_and_as_known(place: Place) {
    let town = Town::of_the_first(place).await;
    let now = ask(&town, Some(TRIAL), None, None).await;
    assert_eq!(now.json["overall"], "eligible");
    // What time alone will do is told, and is what an evaluation at that moment says.
    let at = now.json["changes_at"].as_str().expect("a moment").to_owned();
    let then = ask(&town, Some(TRIAL), Some(&at), None).await;
    assert_eq!(now.json["at_changes"]["overall"], then.json["overall"]);
    assert!(now.text.contains(&format!("without new data, at {at}: ")), "{}", now.text);
    // Two hours later platelets fall: the verdict is another, and what flipped it is named.
    town.clock.set(NOW.plus_us(2 * 3_600_000_000));
    let result = json!({ "resourceType": "Observation", "id": "low", "status": "final", "subject": { "reference": "Patient/t0-C04" },
        "effectiveDateTime": "2026-03-15T20:00:00+08:00", "code": { "coding": [{ "system": "http://loinc.org", "code": "777-3" }] },
        "valueQuantity": { "value": 12, "system": "http://unitsofmeasure.org", "code": "10*9/L" } });
    town.load(&[result]).await;
    town.settle().await;
    let after = ask(&town, Some(TRIAL), None, None).await;
    assert_eq!(after.json["overall"], "ineligible");
    let flips = &after.json["last_change"]["flips"];
    assert_eq!(flips, &json!([{ "criterion": "E3", "from": "false", "to": "true" }]));
    assert!(after.text.contains("eligible before (E3 false -> true)"), "{}", after.text);
    // As known before it came, and as of before it was measured.
    let known = ask(&town, Some(TRIAL), None, Some("2026-03-16T00:30:00+08:00")).await;
    assert_eq!((&known.json["overall"], &known.json["last_change"]), (&json!("eligible"), &Value::Null));
    let earlier = ask(&town, Some(TRIAL), Some("2026-03-15T19:00:00+08:00"), None).await;
    assert_ne!(earlier.json["overall"], "ineligible");
    // Side by side: the same answers, one for each trial in force.
    let all = ask(&town, None, None, None).await;
    assert_eq!(all.json["trials"].as_array().map(Vec::len), Some(town.desk.library().trials.len()));
    assert_eq!(all.json["trials"][0]["criteria"], after.json["criteria"]);
    assert!(all.text.contains(&format!("{TRIAL} version 1: ineligible")), "{}", all.text);
    let unknown = Asked { person: "main/t0-C04", trial: Some("none"), as_of: None, known_at: None };
    assert!(explain(&town.desk, &unknown).await.is_err_and(|e| e.to_string().contains(TRIAL)));
}

/// `ALB-S` is like the albumin in words, `QX-7` can be any of what is measured in its unit, and sodium is understood.
async fn what_came_in_a_code_that_nobody_understands_is_told_beside_what_is_missing(place: Place) {
    let town = Town::of_the_first(place).await;
    let result = |id: &str, system: &str, code: &str, unit: &str, day: &str| {
        json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/new" },
            "effectiveDateTime": day, "code": { "coding": [{ "system": system, "code": code }] },
            "valueQuantity": { "value": 40, "system": "http://unitsofmeasure.org", "code": unit } })
    };
    town.load(&[
        json!({ "resourceType": "Patient", "id": "new", "birthDate": "1980-01-01" }),
        json!({ "resourceType": "Condition", "id": "ssc", "subject": { "reference": "Patient/new" }, "recordedDate": "2026-03-01",
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "89155008" }] },
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
            "verificationStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed" }] } }),
        result("a", "urn:hospital", "ALB-S", "g/L", "2026-03-10"),
        result("b", "urn:hospital", "ALB-S", "g/L", "2026-03-11"),
        result("later", "urn:hospital", "ALB-S", "g/L", "2026-03-19"),
        result("c", "urn:hospital", "QX-7", "10*9/L", "2026-03-11"),
        result("d", "http://loinc.org", "26464-8", "10*9/L", "2026-03-11"),
    ])
    .await;
    let asked = Asked { person: "main/new", trial: Some(TRIAL), as_of: None, known_at: None };
    // Read again once the codes are known, when what nobody reads is left out of the reading.
    for _ in 0..2 {
        town.settle().await;
        let kept = town.current("new", TRIAL).await.expect("assessed");
        let kept = town.desk.library().evidence_json(&kept.form).expect("evidence");
        let of = |json: &Value, name: &str| {
            let all = json["missing"].as_array().expect("a list");
            all.iter().find(|m| m["variable"] == name).unwrap_or_else(|| panic!("{name} in {all:?}")).clone()
        };
        let albumin = of(&kept, "albumin");
        assert_eq!((&albumin["reason"], &albumin["last"]), (&json!("code not understood"), &json!("2026-03-11")));
        assert_eq!(albumin["may_be"], json!([{ "system": "urn:hospital", "code": "ALB-S", "results": 2 }]));
        assert_eq!(of(&kept, "platelets")["reason"], "never seen");
        assert_eq!(of(&kept, "platelets")["may_be"], Value::Null, "what only the unit says is no part of the verdict");
        let found = explain(&town.desk, &asked).await.expect("explained");
        assert_eq!(of(&found.json, "albumin"), albumin);
        let platelets = of(&found.json, "platelets");
        assert_eq!(platelets["reason"], "never seen");
        assert_eq!(platelets["may_be"], json!([{ "system": "urn:hospital", "code": "QX-7", "results": 1 }]));
        assert!(found.text.contains("may be one of: urn:hospital|ALB-S (2 results)"), "{}", found.text);
        assert!(found.text.contains("may be one of: urn:hospital|QX-7 (1 result)"), "{}", found.text);
        town.load(&[result("e", "http://loinc.org", "2951-2", "mmol/L", "2026-03-12")]).await;
    }
}

async fn what_nobody_reads_is_listed_by_volume(place: Place) {
    let town = Town::of_the_first(place).await;
    let result = |n: usize, system: &str, code: &str, unit: &str| {
        json!({ "resourceType": "Observation", "id": format!("u{n}"), "status": "final",
            "subject": { "reference": "Patient/t0-C04" }, "effectiveDateTime": "2026-03-10",
            "code": { "coding": [{ "system": system, "code": code }] }, "valueQuantity": { "value": 5, "unit": unit } })
    };
    let mut lines: Vec<Value> = (0..3).map(|n| result(n, "urn:hospital", "ALB-S", "g/L")).collect();
    lines.push(result(3, "urn:hospital", "zzz", "g/L"));
    lines.extend((4..6).map(|n| result(n, "http://loinc.org", "1751-7", "fathoms")));
    town.load(&lines).await;
    let found = unmapped(town.desk.store(), &town.desk.library(), Some("main")).await.expect("read");
    let words: Vec<String> = found.iter().map(|u| u.code.to_string()).collect();
    let rows = found.iter().zip(&words).map(|(u, code)| (code.as_str(), u.unit.as_str(), u.count, u.what()));
    let rows: Vec<(&str, &str, i64, &str)> = rows.collect();
    let place = |row| rows.iter().position(|r| *r == row).unwrap_or_else(|| panic!("{row:?} in {rows:?}"));
    let local = place(("urn:hospital|ALB-S", "g/L", 3, "read by no variable"));
    let unit = place(("http://loinc.org|1751-7", "fathoms", 2, "the unit is not understood"));
    let rare = place(("urn:hospital|zzz", "g/L", 1, "read by no variable"));
    assert!(local < unit && unit < rare, "by volume: {rows:?}");
    let guesses: Vec<String> = found[local].may_be.iter().map(ToString::to_string).collect();
    assert_eq!(guesses, [format!("http://loinc.org|1751-7 (albumin of {TRIAL}, alike in words)")]);
    assert!(found[rare].may_be.is_empty());
    assert!(unmapped(town.desk.store(), &town.desk.library(), Some("other")).await.expect("read").is_empty());
}
