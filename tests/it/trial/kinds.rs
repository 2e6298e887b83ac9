//! Variables from every kind of resource, on FHIR as hospitals send it.

use crate::evaluate::{include, maps, world_with};
use serde_json::{Value, json};
use trialgate::flow::rehearsal::cases;

/// The answer of the criterion `A` about these resources, on 2026-06-01.
pub(super) fn asked(variables: &str, require: &str, site: &str, resources: &[Value]) -> Value {
    let world = world_with(&format!("{variables}\n{}", include("A", require)), site);
    let mut all = vec![json!({ "resourceType": "Patient", "id": "p", "birthDate": "1970-01-01" })];
    all.extend(resources.iter().cloned());
    let case = json!({ "title": "t", "as_of": "2026-06-01", "resources": all, "expect": {} });
    let result = cases::run(&world.trial, &maps(site), "case", &case.to_string());
    assert!(result.differences.is_empty(), "{:?}", result.differences);
    result.json["criteria"][0].clone()
}

fn about(kind: &str, id: &str, more: Value) -> Value {
    let mut all = json!({ "resourceType": kind, "id": id, "subject": { "reference": "Patient/p" } });
    let members = all.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    all
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

const SURGERY: &str = "[variables.surgery]\nfrom = \"procedure\"\ncode = [\"snomed|45211000\"]\n";

fn surgery(id: &str, status: &str, day: &str) -> Value {
    let code = concept("http://snomed.info/sct", "45211000");
    about("Procedure", id, json!({ "status": status, "code": code, "performedDateTime": day }))
}

#[test]
fn a_procedure_counts_when_it_was_done() {
    let result = |ask: &str, all: &[Value]| asked(SURGERY, ask, "", all)["result"].clone();
    let recent = "exists (surgery within 28 days)";
    assert_eq!(result(recent, &[surgery("a", "completed", "2026-05-20")]), "true");
    assert_eq!(result(recent, &[surgery("a", "completed", "2026-01-20")]), "unknown");
    assert_eq!(result("surgery", &[surgery("a", "completed", "2026-01-20")]), "true");
    assert_eq!(result("surgery", &[surgery("a", "not-done", "2026-05-20")]), "unknown");
    assert_eq!(result("surgery", &[surgery("a", "entered-in-error", "2026-05-20")]), "unknown");
    // Given up on the way: nobody can say whether that counts.
    assert_eq!(result(recent, &[surgery("a", "stopped", "2026-05-20")]), "unknown");
    let last = "days between Last(surgery).time and Today() >= 12";
    assert_eq!(result(last, &[surgery("a", "completed", "2026-05-20")]), "true");
    let shown = asked(SURGERY, "surgery", "", &[surgery("a", "not-done", "2026-05-20")]);
    assert!(shown["facts"][0]["remark"].as_str().is_some_and(|r| r.contains("not done")), "{shown}");
    let running = asked(SURGERY, "surgery", "", &[surgery("a", "in-progress", "2026-05-20")]);
    assert_eq!((&running["result"], &running["facts"][0]["remark"]), (&json!("true"), &json!("may still change")));
}

#[test]
fn an_answer_of_a_questionnaire_is_read_like_a_result() {
    let response = |status: &str, items: Value| {
        about(
            "QuestionnaireResponse",
            "q",
            json!({ "status": status, "questionnaire": "https://forms.example/q|3", "authored": "2026-05-20", "item": items }),
        )
    };
    let items = json!([{ "linkId": "g", "item": [
        { "linkId": "pain", "answer": [{ "valueDecimal": 3.5 }] },
        { "linkId": "smokes", "answer": [{ "valueCoding": { "system": "http://snomed.info/sct", "code": "373066001" } }] },
        { "linkId": "since", "answer": [{ "valueDate": "2026-02" }] }] }]);
    let from = "from = \"questionnaire_response\"\ncode = [\"https://forms.example/q|";
    let variables = format!(
        "[variables.pain]\n{from}pain\"]\nunit = \"{{score}}\"\n[variables.smokes]\n{from}smokes\"]\nanswers.true = [\"snomed|373066001\"]\nanswers.false = [\"snomed|373067005\"]\n[variables.began]\n{from}since\"]\ntype = \"date\"\n"
    );
    let result =
        |ask: &str, status: &str| asked(&variables, ask, "", &[response(status, items.clone())])["result"].clone();
    assert_eq!(result("pain = 3.5", "completed"), "true");
    assert_eq!(result("smokes", "amended"), "true");
    assert_eq!(result("began before @2026-03-01", "completed"), "true");
    assert_eq!(result("pain = 3.5", "in-progress"), "unknown");
    assert_eq!(result("pain = 3.5", "stopped"), "unknown");
}

#[test]
fn refuted_suspected_and_past_diagnoses_are_told_apart() {
    let variables = |more: &str| format!("[variables.ca]\nfrom = \"condition\"\ncode = [\"icd10|C22\"]\n{more}");
    let gm = |letter: &str| {
        let certainty = json!({ "url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit", "valueCoding": { "code": letter } });
        let code = json!({ "coding": [{ "system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "C22.1", "extension": [certainty] }] });
        about("Condition", "c", json!({ "code": code, "recordedDate": "2026-05-01" }))
    };
    let verified = |word: &str| {
        let status = concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", word);
        let code = concept("http://hl7.org/fhir/sid/icd-10", "C22.1");
        about("Condition", "c", json!({ "code": code, "recordedDate": "2026-05-01", "verificationStatus": status }))
    };
    for (condition, now, with_history) in [
        (gm("G"), "true", "true"),
        (gm("V"), "unknown", "unknown"),
        (gm("A"), "false", "false"),
        (gm("Z"), "false", "true"),
        (verified("confirmed"), "true", "true"),
        (verified("provisional"), "unknown", "unknown"),
        (verified("differential"), "unknown", "unknown"),
        (verified("unconfirmed"), "unknown", "unknown"),
        (verified("refuted"), "false", "false"),
    ] {
        let result = |more: &str| asked(&variables(more), "ca", "", std::slice::from_ref(&condition))["result"].clone();
        assert_eq!(result(""), now, "{condition}");
        assert_eq!(result("history = true\n"), with_history, "{condition}");
    }
}

#[test]
fn a_qualifier_is_compared_by_the_sites_map_too() {
    let variables = "[variables.fpg]\nfrom = \"observation\"\ncode = [\"local|fpg\"]\nunit = \"mmol/L\"\ncontext = { fasting = { any = [\"local|fasting\"] }, method = { except = [\"local|strip\"] } }\n";
    let site = "[codes]\n\"text|nüchtern\" = [\"local|fasting\"]\n\"urn:lab|S\" = [\"local|strip\"]\n";
    let result = |more: Value| {
        let mut sent = json!({ "status": "final", "effectiveDateTime": "2026-05-20T08:00:00Z",
            "code": concept("https://trialgate.example/fhir/CodeSystem/trial-variable", "fpg"),
            "valueQuantity": { "value": 7.5, "system": "http://unitsofmeasure.org", "code": "mmol/L" } });
        sent.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        asked(variables, "fpg > 7 'mmol/L'", site, &[about("Observation", "o", sent)])
    };
    let specimen = json!([{ "resourceType": "Specimen", "id": "s", "collection": { "fastingStatusCodeableConcept": { "text": "nüchtern" } } }]);
    let fasting = json!({ "contained": specimen, "specimen": { "reference": "#s" } });
    assert_eq!(result(fasting.clone())["result"], "true");
    let silent = result(json!({}));
    assert_eq!(silent["result"], "unknown");
    let remark = silent["facts"][0]["remark"].as_str().unwrap_or_default().to_owned();
    assert!(remark.contains("fasting is not said; wanted") && remark.contains("|fasting"), "{remark}");
    let mut strip = fasting;
    strip["method"] = concept("urn:lab", "S");
    assert_eq!(result(strip)["result"], "unknown");
}
