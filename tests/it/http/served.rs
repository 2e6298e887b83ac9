//! Each type read and searched, and each way of being refused, once: what foreign validators are given.

use super::house::observation;
use super::staffed::{staffed, word};
use serde_json::json;
use trialgate::model::purpose::Purpose::{Count, List, Name};

#[tokio::test]
async fn each_type_of_the_statement_is_found_and_read() {
    let staffed = staffed(&[Count, List, Name]).await;
    staffed.arrive("C07").await;
    let drug = json!({ "resourceType": "MedicationAdministration", "id": "m", "status": "completed",
        "medicationCodeableConcept": { "coding": [{ "system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "161" }] },
        "subject": { "reference": "Patient/C07" }, "effectiveDateTime": "2026-03-01T08:00:00Z",
        "dosage": { "dose": { "value": 1, "unit": "g", "system": "http://unitsofmeasure.org", "code": "g" } } });
    assert_eq!(staffed.house.send("PUT", "/fhir/MedicationAdministration/m", &drug).await.status, 201);
    let procedure = json!({ "resourceType": "Procedure", "id": "s", "status": "completed",
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "23719005" }] },
        "subject": { "reference": "Patient/C07" }, "performedDateTime": "2026-02-01" });
    assert_eq!(staffed.house.send("PUT", "/fhir/Procedure/s", &procedure).await.status, 201);
    let answers = json!({ "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed",
        "questionnaire": "https://forms.example/q", "subject": { "reference": "Patient/C07" },
        "authored": "2026-02-01", "item": [{ "linkId": "1", "answer": [{ "valueInteger": 2 }] }] });
    assert_eq!(staffed.house.send("PUT", "/fhir/QuestionnaireResponse/q", &answers).await.status, 201);
    let medication = json!({ "resourceType": "Medication", "id": "d",
        "code": { "coding": [{ "system": "http://www.whocc.no/atc", "code": "C01CA03" }] } });
    assert_eq!(staffed.house.send("PUT", "/fhir/Medication/d", &medication).await.status, 201);
    let statement = staffed.statement().await;
    for of in statement["rest"][0]["resource"].as_array().expect("types") {
        let kind = word(of, "type");
        let all = staffed.all(&format!("/fhir/{kind}?_count=3")).await;
        assert!(!all.is_empty(), "{kind}");
        for one in all {
            let read = staffed.house.get(&format!("/fhir/{kind}/{}", word(&one, "id"))).await;
            assert_eq!((read.status, read.json()), (200, one), "{kind}");
        }
    }
}

#[tokio::test]
async fn each_refusal_is_an_outcome() {
    let staffed = staffed(&[Count, List]).await;
    let house = &staffed.house;
    let body = observation("o", "80");
    let long = format!("/fhir/Observation?code={}", "x".repeat(17 << 10));
    let huge = vec![b' '; (1 << 20) + 1];
    let stale = "If-Match: W/\"7\"";
    let table: [(&str, &str, &[&str], &[u8], u16); 12] = [
        ("GET", "/fhir/Observation?date=x", &[], b"", 400),
        ("GET", "/fhir/Observation/none", &[], b"", 404),
        ("GET", "/fhir/Nothing", &[], b"", 404),
        ("GET", "/elsewhere", &[], b"", 404),
        ("PATCH", "/fhir/Observation/o", &[], b"{}", 405),
        ("POST", "/fhir/GuidanceResponse", &[], b"{}", 405),
        ("GET", "/fhir/metadata", &["Accept: application/fhir+xml"], b"", 406),
        ("PUT", "/fhir/Observation/o", &[stale], body.as_bytes(), 412),
        ("PUT", "/fhir/Observation/o", &[], &huge, 413),
        ("GET", &long, &[], b"", 414),
        ("PUT", "/fhir/Observation/o", &["Content-Type: text/csv"], b"a,b", 415),
        ("PUT", "/fhir/Observation/o", &[], br#"{"resourceType":"Observation","id":"o"}"#, 422),
    ];
    for (verb, path, headers, body, status) in table {
        let answer = house.ask(verb, path, headers, body).await;
        assert_eq!(answer.status, status, "{verb} {path:.60}: {answer:?}");
        assert!(!answer.code().is_empty());
    }
}
