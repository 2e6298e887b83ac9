//! Create, update, read, conditions and ETags, as a client sees them.

use super::house::{House, observation, open, patient};
use std::sync::Arc;
use trialgate::store::{AuditRow, AuditTail};

async fn put(house: &House, path: &str, headers: &[&str], body: &str) -> super::house::Answer {
    house.ask("PUT", path, headers, body.as_bytes()).await
}

#[tokio::test]
async fn a_resource_is_created_read_updated_and_keeps_its_zero() {
    let house = open().await;
    assert_eq!(put(&house, "/fhir/Patient/p", &[], &patient("p")).await.status, 201);
    let made = put(&house, "/fhir/Observation/o", &[], &observation("o", "12.10")).await;
    assert_eq!((made.status, made.header("etag")), (201, "W/\"1\""));
    assert_eq!(made.header("location"), format!("http://{}/fhir/Observation/o/_history/1", house.address));
    assert!(!made.header("last-modified").is_empty());

    let read = house.get("/fhir/Observation/o").await;
    assert_eq!((read.status, read.header("etag")), (200, "W/\"1\""));
    assert!(read.text.contains("\"value\":12.10,"), "{}", read.text);
    assert_eq!(read.json()["meta"]["versionId"], "1");
    let same = house.ask("GET", "/fhir/Observation/o", &["If-None-Match: W/\"1\""], b"").await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));

    let stale = put(&house, "/fhir/Observation/o", &["If-Match: W/\"7\""], &observation("o", "13")).await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "conflict"));
    let wrong = put(&house, "/fhir/Observation/o", &["If-Match: 1"], &observation("o", "13")).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "value"));
    let next = put(&house, "/fhir/Observation/o", &["If-Match: W/\"1\""], &observation("o", "13")).await;
    assert_eq!((next.status, next.header("etag")), (200, "W/\"2\""));
    let changed = house.ask("GET", "/fhir/Observation/o", &["If-None-Match: W/\"1\""], b"").await;
    assert_eq!((changed.status, changed.header("etag")), (200, "W/\"2\""));
}

#[tokio::test]
async fn the_same_post_again_is_met_and_makes_nothing() {
    let house = open().await;
    let body = observation("x", "80").replace("\"id\":\"x\",", "");
    let first = house.ask("POST", "/fhir/Observation", &[], body.as_bytes()).await;
    let again = house.ask("POST", "/fhir/Observation", &[], body.as_bytes()).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(
        house
            .get(first.header("location").split_once("/fhir").map(|_| "/fhir/Observation").expect("a place"))
            .await
            .json()["entry"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_conditional_creates_at_once_exactly_one_is_new() {
    let house = Arc::new(open().await);
    let tasks: Vec<_> = (0..64)
        .map(|i| {
            let house = house.clone();
            tokio::spawn(async move {
                // Other bytes each, so that the condition alone makes them one.
                let body =
                    patient("p").replace("\"id\":\"p\",", "").replace("1980-05-02", &format!("19{:02}-05-02", 20 + i));
                house.ask("POST", "/fhir/Patient", &["If-None-Exist: identifier=urn:p|p"], body.as_bytes()).await
            })
        })
        .collect();
    let mut places = std::collections::BTreeSet::new();
    let mut created = 0;
    for task in tasks {
        let answer = task.await.expect("no panic");
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        created += usize::from(answer.status == 201);
        places.insert(answer.header("location").to_owned());
    }
    assert_eq!((created, places.len(), house.kept().await), (1, 1, 1));
}

#[tokio::test]
async fn a_read_and_a_search_are_in_the_audit_before_they_are_answered() {
    let house = open().await;
    put(&house, "/fhir/Patient/p", &[], &patient("p")).await;
    assert_eq!(house.get("/fhir/Patient/p").await.status, 200);
    assert_eq!(house.get("/fhir/Patient?_id=p").await.status, 200);
    let rows: Vec<AuditRow> = house.store.read(AuditTail { count: 10 }).await.expect("rows");
    let of = |action: &str| rows.iter().find(|r| r.action == action).and_then(|r| r.detail.clone()).expect("a row");
    assert!(of("read").starts_with("Patient 1 sha256:") && !of("read").contains("Patient/p"), "{}", of("read"));
    assert_eq!(of("search"), "Patient 1");
    assert!(house.store.audit_verify().await.expect("a report").broken.is_empty());
}

#[tokio::test]
async fn what_was_entered_in_error_is_found_by_its_patient_and_says_so() {
    let house = open().await;
    put(&house, "/fhir/Observation/o", &[], &observation("o", "80")).await;
    let wrong = observation("o", "80").replace("\"final\"", "\"entered-in-error\"");
    assert_eq!(put(&house, "/fhir/Observation/o", &[], &wrong).await.status, 200);
    for query in ["patient=p", "subject=Patient/p&code=777-3", "patient=p&date=2026-03-01", "code=777-3"] {
        let found = house.get(&format!("/fhir/Observation?{query}")).await.json();
        assert_eq!(found["entry"].as_array().map(Vec::len), Some(1), "{query}");
        assert_eq!(found["entry"][0]["resource"]["status"], "entered-in-error", "{query}");
    }
}
