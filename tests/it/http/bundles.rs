//! Transactions: references resolved, whole or not at all.

use super::house::{observation, open, patient};
use serde_json::{Value, json};

fn entry(verb: &str, url: &str, full_url: &str, resource: Value) -> Value {
    json!({"fullUrl": full_url, "resource": resource, "request": {"method": verb, "url": url}})
}

fn bundle(entries: &[Value]) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

const ONE: &str = "urn:uuid:11111111-1111-4111-8111-111111111111";
const TWO: &str = "urn:uuid:22222222-2222-4222-8222-222222222222";
const THREE: &str = "urn:uuid:33333333-3333-4333-8333-333333333333";

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn without_id(text: &str) -> Value {
    let mut resource = value(text);
    resource.as_object_mut().expect("an object").remove("id");
    resource
}

#[tokio::test]
async fn entries_that_refer_to_each_other_are_kept_with_references_resolved() {
    let house = open().await;
    let about = |own: &str, other: &str| {
        let mut resource = without_id(&observation(own, "80"));
        resource["subject"]["reference"] = ONE.into();
        resource["hasMember"] = json!([{"reference": other}]);
        resource
    };
    let entries = [
        entry("POST", "Observation", TWO, about("a", THREE)),
        entry("POST", "Observation", THREE, about("b", TWO)),
        entry("POST", "Patient", ONE, without_id(&patient("p"))),
    ];
    let answer = house.send("POST", "/fhir", &bundle(&entries)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answered = answer.json();
    assert_eq!(answered["type"], "transaction-response");
    let places: Vec<String> = (0..3)
        .map(|i| {
            assert_eq!(answered["entry"][i]["response"]["status"], "201 Created");
            answered["entry"][i]["response"]["location"].as_str().expect("a place").to_owned()
        })
        .collect();
    for (own, other) in [(0, 1), (1, 0)] {
        let read = house.get(&format!("/fhir/{}", places[own])).await.json();
        assert_eq!(read["subject"]["reference"], places[2].as_str());
        assert_eq!(read["hasMember"][0]["reference"], places[other].as_str());
    }
    let again = house.send("POST", "/fhir", &bundle(&entries)).await;
    assert_eq!((again.status, house.kept().await), (200, 3));
}

#[tokio::test]
async fn one_bad_entry_and_nothing_is_kept() {
    let house = open().await;
    let mut bad = value(&observation("b", "80"));
    bad["status"] = "enrolled".into();
    let entries = [
        entry("PUT", "Patient/p", "http://x/fhir/Patient/p", value(&patient("p"))),
        entry("PUT", "Observation/b", "http://x/fhir/Observation/b", bad),
    ];
    let answer = house.send("POST", "/fhir", &bundle(&entries)).await;
    assert_eq!((answer.status, answer.code().as_str()), (422, "code-invalid"), "{answer:?}");
    let place = answer.json()["issue"][0]["expression"][0].as_str().expect("a place").to_owned();
    assert!(place.starts_with("Bundle.entry[1].resource"), "{place}");
    assert_eq!(house.kept().await, 0);

    let good = entry("PUT", "Patient/p", "http://x/fhir/Patient/p", value(&patient("p")));
    let mut stale = entry("PUT", "Observation/b", "http://x/fhir/Observation/b", value(&observation("b", "80")));
    stale["request"]["ifMatch"] = "W/\"4\"".into();
    let answer = house.send("POST", "/fhir", &bundle(&[good, stale])).await;
    assert_eq!((answer.status, answer.code().as_str()), (412, "conflict"));
    assert_eq!(answer.json()["issue"][0]["expression"][0], "Bundle.entry[1]");
    assert_eq!(house.kept().await, 0, "what came before the refused entry is taken back");
}

#[tokio::test]
async fn a_subject_named_by_identifier_is_found_in_the_same_transaction() {
    let house = open().await;
    let mut about = value(&observation("o", "80"));
    about["subject"] = json!({"type": "Patient", "identifier": {"system": "urn:p", "value": "p"}});
    let of = entry("PUT", "Observation/o", "http://x/fhir/Observation/o", about);
    let alone = house.send("POST", "/fhir", &bundle(std::slice::from_ref(&of))).await;
    assert_eq!((alone.status, alone.code().as_str(), house.kept().await), (422, "not-found", 0));
    let whom = entry("POST", "Patient", ONE, without_id(&patient("p")));
    let both = house.send("POST", "/fhir", &bundle(&[of, whom])).await;
    assert_eq!(both.status, 200, "{both:?}");
    let id = both.json()["entry"][1]["response"]["location"].as_str().expect("a place").to_owned();
    let found = house.get(&format!("/fhir/Observation?subject={id}")).await.json();
    assert_eq!(found["entry"].as_array().map(Vec::len), Some(1));
}
