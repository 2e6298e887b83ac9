//! Conditions of requests, and how clients want to be answered.

use super::house::{House, observation, open, patient};
use std::sync::Arc;

async fn put(house: &House, headers: &[&str], value: &str) -> super::house::Answer {
    house.ask("PUT", "/fhir/Observation/o", headers, observation("o", value).as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_writers_with_one_version_exactly_one_wins() {
    let house = Arc::new(open().await);
    house.put(&patient("p")).await;
    house.put(&observation("o", "1")).await;
    for round in 1..=3 {
        let tasks: Vec<_> = (0..32)
            .map(|i| {
                let house = house.clone();
                let value = format!("{round}.{:02}", i + 1);
                tokio::spawn(async move { put(&house, &[&format!("If-Match: W/\"{round}\"")], &value).await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            let answer = task.await.expect("no panic");
            match answer.status {
                200 => won += 1,
                412 => assert_eq!(answer.code(), "conflict"),
                other => panic!("{other}: {answer:?}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(house.get("/fhir/Observation/o").await.header("etag"), "W/\"4\"");
}

#[tokio::test]
async fn create_only_means_create_only() {
    let house = open().await;
    house.put(&patient("p")).await;
    assert_eq!(put(&house, &["If-None-Match: *"], "1").await.status, 201);
    let second = put(&house, &["If-None-Match: *"], "1").await;
    assert_eq!((second.status, second.code().as_str()), (412, "conflict"), "not even the same bytes");
    let other = put(&house, &["If-None-Match: W/\"1\""], "2").await;
    assert_eq!((other.status, other.code().as_str()), (400, "not-supported"));
    let both = put(&house, &["If-None-Match: *", "If-Match: W/\"1\""], "2").await;
    assert_eq!((both.status, both.code().as_str()), (400, "invalid"));
    let zero = put(&house, &["If-Match: W/\"0\""], "2").await;
    assert_eq!((zero.status, zero.code().as_str()), (412, "conflict"));
    house.ask("DELETE", "/fhir/Observation/o", &[], b"").await;
    assert_eq!(put(&house, &["If-None-Match: *"], "3").await.status, 201, "what is deleted is not there");
    let post = house.ask("POST", "/fhir/Observation", &["If-Match: W/\"1\""], observation("o", "1").as_bytes()).await;
    assert_eq!((post.status, post.code().as_str()), (400, "not-supported"));
    let delete = house.ask("DELETE", "/fhir/Observation/o", &["If-None-Match: *"], b"").await;
    assert_eq!((delete.status, delete.code().as_str()), (400, "not-supported"));
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let house = open().await;
    house.put(&patient("p")).await;
    let made = house.put(&observation("o", "1")).await;
    let when = made.header("last-modified").to_owned();
    let read = async |header: &str| house.ask("GET", "/fhir/Observation/o", &[header], b"").await;
    assert_eq!(read("If-None-Match: W/\"1\"").await.status, 304);
    assert_eq!(read("If-None-Match: W/\"9\", \"1\"").await.status, 304);
    assert_eq!(read("If-None-Match: *").await.status, 304);
    assert_eq!(read("If-None-Match: W/\"2\"").await.status, 200);
    let known = read(&format!("If-Modified-Since: {when}")).await;
    assert_eq!((known.status, known.header("etag"), known.text.as_str()), (304, "W/\"1\"", ""));
    assert_eq!(read("If-Modified-Since: Sat, 14 Mar 2026 08:00:00 GMT").await.status, 200);
    assert_eq!(read("If-Modified-Since: yesterday").await.status, 200, "what is no date is none");
    let both = [format!("If-Modified-Since: {when}"), "If-None-Match: W/\"2\"".to_owned()];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    assert_eq!(house.ask("GET", "/fhir/Observation/o", &both, b"").await.status, 200, "the tag counts");
    assert_eq!(house.ask("GET", "/fhir/Observation/o/_history/1", &["If-None-Match: W/\"1\""], b"").await.status, 304);
    let head = house.ask("HEAD", "/fhir/Observation/o", &[], b"").await;
    assert_eq!((head.status, head.header("etag"), head.text.as_str()), (200, "W/\"1\"", ""));
}

#[tokio::test]
async fn a_write_is_answered_as_preferred() {
    let house = open().await;
    house.put(&patient("p")).await;
    let minimal = put(&house, &["Prefer: return=minimal"], "1").await;
    assert_eq!((minimal.status, minimal.text.as_str()), (201, ""));
    assert_eq!(minimal.header("preference-applied"), "return=minimal");
    let place = format!("http://{}/fhir/Observation/o/_history/1", house.address);
    assert_eq!(minimal.header("location"), place);
    let whole = put(&house, &["Prefer: respond-async, return=representation"], "2").await;
    assert_eq!((whole.status, whole.json()["meta"]["versionId"].as_str()), (200, Some("2")));
    let told = put(&house, &["Prefer: return=OperationOutcome"], "3").await;
    assert_eq!((told.status, told.json()["resourceType"].as_str()), (200, Some("OperationOutcome")));
    let unknown = put(&house, &["Prefer: return=everything"], "4").await;
    assert_eq!((unknown.status, unknown.text.as_str(), unknown.header("preference-applied")), (200, "", ""));
}

#[tokio::test]
async fn formats_and_methods_that_are_not_served_are_refused_in_fhirs_words() {
    let house = open().await;
    house.put(&patient("p")).await;
    for (path, header, status) in [
        ("/fhir/Patient/p", "Accept: application/fhir+xml", 406),
        ("/fhir/Patient/p?_format=xml", "Accept: */*", 406),
        ("/fhir/Patient/p?_format=application/fhir%2Bxml", "Accept: application/fhir+json", 406),
        ("/fhir/Patient/p", "Accept: application/fhir+json; fhirVersion=3.0", 406),
        ("/fhir/Patient/p", "Accept: application/fhir+xml;q=0.9, application/fhir+json;q=0.5", 200),
        ("/fhir/Patient/p?_format=json", "Accept: application/fhir+xml", 200),
        ("/fhir/Patient/p?_format=application/fhir+json", "Accept: text/html", 200),
    ] {
        let answer = house.ask("GET", path, &[header], b"").await;
        assert_eq!(answer.status, status, "{path} {header}: {answer:?}");
        if status == 406 {
            assert_eq!(answer.code(), "not-supported");
        }
    }
    for (verb, path, allow) in [
        ("PATCH", "/fhir/Patient/p", "GET, PUT, DELETE, HEAD"),
        ("POST", "/fhir/Patient/p", "GET, PUT, DELETE, HEAD"),
        ("GET", "/fhir/Patient/_search", "POST"),
        ("DELETE", "/fhir", "POST"),
        ("PUT", "/fhir/metadata", "GET, HEAD"),
        ("POST", "/fhir/$versions", "GET, HEAD"),
        ("PUT", "/fhir/ResearchStudy/x", "GET, HEAD"),
        ("OPTIONS", "/fhir/Patient", "POST, PUT, DELETE, GET, HEAD"),
    ] {
        let answer = house.ask(verb, path, &[], b"").await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "not-supported"), "{verb} {path}");
        assert_eq!(answer.header("allow"), allow, "{verb} {path}");
    }
}

#[tokio::test]
async fn answers_are_packed_for_those_who_take_it() {
    let house = open().await;
    house.put(&patient("p")).await;
    for i in 0..20 {
        house.put(&observation(&format!("o{i}"), "80")).await;
    }
    let plain = house.get("/fhir/Observation?_count=20").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.header("vary").contains("Accept-Encoding"), "{plain:?}");
    let take = async |header: &str| house.ask("GET", "/fhir/Observation?_count=20", &[header], b"").await;
    for header in ["Accept-Encoding: gzip", "Accept-Encoding: br;q=1.0, gzip;q=0.8", "Accept-Encoding: *"] {
        let packed = take(header).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"), "{header}");
        assert_eq!(packed.json()["entry"], plain.json()["entry"]);
        assert!(packed.header("content-length").parse::<usize>().expect("a length") < plain.text.len());
    }
    for header in
        ["Accept-Encoding: gzip;q=0", "Accept-Encoding: br", "Accept-Encoding: identity", "Accept-Encoding: *;q=0.000"]
    {
        assert_eq!(take(header).await.header("content-encoding"), "", "{header}");
    }
    let short = house.ask("GET", "/fhir/$versions", &["Accept-Encoding: gzip"], b"").await;
    assert_eq!(short.header("content-encoding"), "", "too short to be worth it");
}
