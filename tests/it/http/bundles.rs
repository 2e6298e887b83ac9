//! Transactions: references resolved, whole or not at all.

use super::house::{administration, medication, observation, open, patient};
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
            let place = answered["entry"][i]["response"]["location"].as_str().expect("a place");
            place.strip_suffix("/_history/1").expect("of a version").to_owned()
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
    let place = both.json()["entry"][1]["response"]["location"].as_str().expect("a place").to_owned();
    let id = place.strip_suffix("/_history/1").expect("of a version");
    let found = house.get(&format!("/fhir/Observation?subject={id}")).await.json();
    assert_eq!(found["entry"].as_array().map(Vec::len), Some(1));
}

fn batch(entries: &[Value]) -> Value {
    let mut entries = entries.to_vec();
    // Several of them are about one resource.
    entries.iter_mut().for_each(|e| drop(e.as_object_mut().expect("an object").remove("fullUrl")));
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

fn bare(method: &str, url: &str) -> Value {
    json!({"request": {"method": method, "url": url}})
}

fn with(mut entry: Value, name: &str, value: &str) -> Value {
    entry["request"][name] = value.into();
    entry
}

fn put(kind: &str, id: &str, resource: &str) -> Value {
    entry("PUT", &format!("{kind}/{id}"), &format!("http://x/fhir/{kind}/{id}"), value(resource))
}

/// Status and issue code of each entry of an answer.
fn outcomes(answer: &Value) -> Vec<(String, String)> {
    let one = |e: &Value| {
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        (word(&e["response"]["status"]), word(&e["response"]["outcome"]["issue"][0]["code"]))
    };
    answer["entry"].as_array().expect("entries").iter().map(one).collect()
}

#[tokio::test]
async fn a_batch_keeps_what_is_right_and_says_of_each_entry_what_became_of_it() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("old", "1")).await;
    let mut bad = value(&observation("b", "80"));
    bad["status"] = "enrolled".into();
    let entries = [
        put("Observation", "a", &observation("a", "80")),
        entry("PUT", "Observation/b", "http://x/fhir/Observation/b", bad),
        with(put("Observation", "old", &observation("old", "2")), "ifMatch", "W/\"9\""),
        with(put("Observation", "old", &observation("old", "2")), "ifNoneMatch", "*"),
        with(entry("POST", "Patient", ONE, without_id(&patient("p"))), "ifNoneExist", "identifier=urn:p|p"),
        bare("GET", "Observation/a"),
        bare("GET", "Observation/none"),
        with(bare("GET", "Patient/p"), "ifNoneMatch", "W/\"1\""),
        bare("GET", "Observation?code=777-3&_count=1"),
        bare("GET", "Observation?date=soon"),
        bare("DELETE", "Observation/old"),
        bare("GET", "Observation/old"),
        bare("DELETE", "Observation/never"),
        bare("PATCH", "Observation/a"),
        bare("GET", "Device/x"),
    ];
    let answer = house.send("POST", "/fhir", &batch(&entries)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    assert_eq!(json["type"], "batch-response");
    let said = outcomes(&json);
    let wanted = [
        ("201 Created", ""),
        ("422 Unprocessable Entity", "code-invalid"),
        ("412 Precondition Failed", "conflict"),
        ("412 Precondition Failed", "conflict"),
        ("200 OK", ""),
        ("200 OK", ""),
        ("404 Not Found", "not-found"),
        ("304 Not Modified", ""),
        ("200 OK", ""),
        ("400 Bad Request", "value"),
        ("204 No Content", ""),
        ("410 Gone", "deleted"),
        ("204 No Content", ""),
        ("422 Unprocessable Entity", "not-supported"),
        ("404 Not Found", "not-supported"),
    ];
    let wanted: Vec<(String, String)> = wanted.iter().map(|(s, c)| ((*s).into(), (*c).into())).collect();
    assert_eq!(said, wanted);
    assert_eq!(json["entry"][5]["resource"]["id"], "a");
    assert!(json["entry"][7]["resource"].is_null());
    assert_eq!(json["entry"][8]["resource"]["type"], "searchset");
    let place =
        json["entry"][1]["response"]["outcome"]["issue"][0]["expression"][0].as_str().expect("a place").to_owned();
    assert!(place.starts_with("Bundle.entry[1].resource"), "{place}");
}

#[tokio::test]
async fn a_transaction_deletes_creates_updates_and_reads_in_this_order() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("gone", "1")).await;
    house.put(&observation("changed", "1")).await;
    let same = without_id(&observation("gone", "1"));
    let entries = [
        bare("GET", "Observation?_sort=_lastUpdated"),
        bare("GET", "Observation/changed"),
        with(put("Observation", "changed", &observation("changed", "2")), "ifMatch", "W/\"1\""),
        // Its condition meets nothing any more: the deletion comes first.
        with(entry("POST", "Observation", TWO, same), "ifNoneExist", "identifier=urn:o|gone"),
        bare("DELETE", "Observation/gone"),
    ];
    let answer = house.send("POST", "/fhir", &bundle(&entries)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let said: Vec<String> = outcomes(&json).into_iter().map(|(status, _)| status).collect();
    assert_eq!(said, ["200 OK", "200 OK", "200 OK", "201 Created", "204 No Content"]);
    assert_eq!(json["entry"][1]["resource"]["valueQuantity"]["value"], 2, "read after it was changed");
    let found = json["entry"][0]["resource"]["entry"].as_array().map(Vec::len);
    assert_eq!(found, Some(2), "what was changed and what was created");
}

#[tokio::test]
async fn a_transaction_that_cannot_be_done_whole_is_not_done() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("o", "1")).await;
    let good = put("Observation", "new", &observation("new", "1"));
    let table: Vec<(&str, Vec<Value>, u16, &str)> = vec![
        (
            "stale delete",
            vec![with(bare("DELETE", "Observation/o"), "ifMatch", "W/\"3\""), good.clone()],
            412,
            "conflict",
        ),
        ("stale put", vec![bare("DELETE", "Observation/o"), with(good.clone(), "ifMatch", "W/\"3\"")], 412, "conflict"),
        ("read of nothing", vec![good.clone(), bare("GET", "Observation/none")], 422, "not-found"),
        (
            "read of what is deleted",
            vec![bare("DELETE", "Observation/o"), bare("GET", "Observation/o")],
            422,
            "deleted",
        ),
        ("search that is wrong", vec![good.clone(), bare("GET", "Observation?date=soon")], 400, "value"),
        (
            "deleted and updated",
            vec![bare("DELETE", "Observation/o"), put("Observation", "o", &observation("o", "2"))],
            400,
            "invalid",
        ),
        (
            "deleted twice",
            vec![bare("DELETE", "Observation/o"), bare("DELETE", "Observation?identifier=urn:o|o")],
            400,
            "invalid",
        ),
        ("condition of a delete", vec![good.clone(), bare("DELETE", "Observation?status=final")], 412, "not-supported"),
        ("delete of no type", vec![good.clone(), bare("DELETE", "Device/x")], 422, "not-supported"),
        (
            "post with a version",
            vec![with(entry("POST", "Patient", ONE, without_id(&patient("x"))), "ifMatch", "W/\"1\"")],
            422,
            "not-supported",
        ),
        ("both conditions", vec![with(with(good.clone(), "ifMatch", "W/\"1\""), "ifNoneMatch", "*")], 400, "invalid"),
    ];
    for (what, entries, status, code) in table {
        let answer = house.send("POST", "/fhir", &bundle(&entries)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
        assert!(answer.text.contains("Bundle.entry["), "{what} names the entry: {answer:?}");
        assert_eq!(house.kept().await, 2, "{what}");
        assert_eq!(house.get("/fhir/Observation/o").await.header("etag"), "W/\"1\"", "{what}");
    }
}

#[tokio::test]
async fn a_bundle_is_answered_as_preferred() {
    let house = open().await;
    let entries = [put("Patient", "p", &patient("p"))];
    let body = bundle(&entries).to_string();
    let answer = house.ask("POST", "/fhir", &["Prefer: return=representation"], body.as_bytes()).await;
    assert_eq!(answer.json()["entry"][0]["resource"]["meta"]["versionId"], "1", "{answer:?}");
    let told = house.ask("POST", "/fhir", &["Prefer: return=OperationOutcome"], body.as_bytes()).await;
    assert_eq!(told.json()["entry"][0]["response"]["outcome"]["resourceType"], "OperationOutcome");
    let plain = house.ask("POST", "/fhir", &[], body.as_bytes()).await.json();
    assert!(plain["entry"][0]["resource"].is_null() && plain["entry"][0]["response"]["outcome"].is_null());
    let other = house.send("POST", "/fhir", &json!({"resourceType": "Bundle", "type": "collection"})).await;
    assert_eq!((other.status, other.code().as_str()), (422, "not-supported"));
}

#[tokio::test]
async fn a_drug_of_the_same_bundle_is_named_by_its_new_id() {
    let house = open().await;
    let mut given = without_id(&administration("g", "2026-03-01T08:00:00Z"));
    given.as_object_mut().expect("an object").remove("medicationCodeableConcept");
    given["medicationReference"] = json!({ "reference": TWO });
    given["subject"]["reference"] = ONE.into();
    let entries = [
        entry("POST", "MedicationAdministration", THREE, given),
        entry("POST", "Medication", TWO, without_id(&medication("m", "20"))),
        entry("POST", "Patient", ONE, without_id(&patient("p"))),
    ];
    let answer = house.send("POST", "/fhir", &bundle(&entries)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let drug = house.get("/fhir/Medication").await.json()["entry"][0]["resource"]["id"].clone();
    let named = house.get("/fhir/MedicationAdministration").await.json();
    let reference = format!("Medication/{}", drug.as_str().expect("an id"));
    assert_eq!(named["entry"][0]["resource"]["medicationReference"]["reference"], reference);
    let person = trialgate::store::PersonsAll { after: None, count: 2 };
    let person = house.store.read(person).await.expect("read")[0];
    let ask = trialgate::store::ReadPerson { person, known: trialgate::store::KnownAt::Now, codes: None };
    let facts = house.store.read(ask).await.expect("read").facts;
    assert!(facts.iter().any(|f| f.draft.code.code == "C01CA03"), "{facts:?}");
}
