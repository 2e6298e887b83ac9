//! Too much at once is refused before memory grows, with the time after which to come again.

use super::house::{House, observation, open_as, open_with};
use axum::routing::get;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trialgate::http::auth::{Client, Right};
use trialgate::http::budget::Rate;
use trialgate::http::limits::Limits;

/// An Observation with a note of `size` letters.
fn long(id: &str, size: usize) -> String {
    observation(id, "80").replacen('{', &format!(r#"{{"note":[{{"text":"{}"}}],"#, "n".repeat(size)), 1)
}

#[tokio::test]
async fn bytes_in_flight_are_bounded() {
    let house = open_with(Limits { bytes_in_flight: 100_000, ..Limits::default() }).await;
    let (first, second) = (long("first", 60_000), long("second", 60_000));
    let mut held = TcpStream::connect(house.address).await.expect("connects");
    let head = format!(
        "PUT /fhir/Observation/first HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n",
        house.address,
        first.len()
    );
    held.write_all(head.as_bytes()).await.expect("sends");
    held.write_all(&first.as_bytes()[..first.len() - 1]).await.expect("sends");
    // Until the bytes of the first have arrived there is room for the second.
    let mut refused = house.ask("PUT", "/fhir/Observation/second", &[], second.as_bytes()).await;
    for _ in 0..1000 {
        if refused.status == 503 {
            break;
        }
        refused = house.ask("PUT", "/fhir/Observation/second", &[], second.as_bytes()).await;
    }
    assert_eq!((refused.status, refused.code().as_str()), (503, "transient"));
    assert_ne!(refused.header("retry-after"), "");
    let chunked = [&b"ffffff\r\n"[..], second.as_bytes()].concat();
    let refused = house.ask("PUT", "/fhir/Observation/second", &["Transfer-Encoding: chunked"], &chunked).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "transient"), "of unsaid length");
    let small = house.ask("PUT", "/fhir/Observation/small", &[], observation("small", "80").as_bytes()).await;
    assert_eq!(small.status, 201, "what fits is taken");
    held.write_all(&first.as_bytes()[first.len() - 1..]).await.expect("sends");
    let mut answer = String::new();
    held.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let again = house.ask("PUT", "/fhir/Observation/second", &[], second.as_bytes()).await;
    assert!(matches!(again.status, 200 | 201), "{again:?}");
}

#[test]
fn a_rate_is_spread_as_the_client_likes() {
    let rate = Rate::new(Some(60));
    let at = Duration::from_secs;
    for n in 0..60 {
        assert!(rate.take("lab", at(100)).is_ok(), "{n}");
    }
    assert_eq!(rate.take("lab", at(100)), Err(at(1)));
    assert_eq!(rate.take("lab", Duration::from_millis(100_400)), Err(Duration::from_millis(600)));
    assert!(rate.take("other", at(100)).is_ok(), "each client by itself");
    assert!(rate.take("lab", at(101)).is_ok() && rate.take("lab", at(101)).is_err());
    for n in 0..60 {
        assert!(rate.take("lab", at(1000)).is_ok(), "{n}: what was not used is not saved beyond a minute");
    }
    assert!(rate.take("lab", at(1000)).is_err());
    assert!((0..100_000).all(|_| Rate::new(None).take("lab", at(1)).is_ok()));
}

fn client(name: &str, token: &str, rights: &[Right]) -> Client {
    let token = Sha256::digest(token.as_bytes()).into();
    Client { name: name.into(), token, source: "main".into(), rights: rights.to_vec(), until: None }
}

#[tokio::test]
async fn a_client_over_its_rate_is_told_when_to_come_again() {
    let limits = Limits { requests_per_minute: Some(1), ..Limits::default() };
    let clients = vec![client("a", "aaa", &[Right::Read]), client("b", "bbb", &[Right::Read])];
    let house = open_as(limits, clients, axum::Router::new()).await;
    let ask = async |token: &str| {
        house.ask("GET", "/fhir/Patient/p", &[&format!("Authorization: Bearer {token}")], b"").await
    };
    assert_eq!(ask("aaa").await.status, 404);
    let refused = ask("aaa").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "throttled"));
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(ask("bbb").await.status, 404, "others are not held up");
}

async fn refused(house: &House, verb: &str, path: &str, headers: &[&str], body: &[u8], wanted: (u16, &str)) {
    let answer = house.ask(verb, path, headers, body).await;
    assert_eq!((answer.status, answer.code().as_str()), wanted, "{verb} {path} {headers:?}: {answer:?}");
    match answer.status {
        401 => assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}"),
        405 => assert_ne!(answer.header("allow"), "", "{answer:?}"),
        429 | 503 => assert_ne!(answer.header("retry-after"), "", "{answer:?}"),
        _ => {}
    }
}

#[tokio::test]
async fn who_may_what_is_told_by_status_and_code() {
    let clients = vec![client("reader", "rrr", &[Right::Read]), client("writer", "www", &[Right::Write])];
    let house = open_as(Limits::default(), clients, axum::Router::new()).await;
    let (path, body) = ("/fhir/Observation/o", observation("o", "80"));
    let body = body.as_bytes();
    for wrong in [
        &[][..],
        &["Authorization: Bearer x"],
        &["Authorization: Bearer rrrr"],
        &["Authorization: Basic rrr"],
        &["Authorization: rrr"],
        &["Authorization: Bearer"],
        &["Authorization: Bearer rrr", "Authorization: Bearer rrr"],
        &["Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJsYWIifQ."],
    ] {
        refused(&house, "GET", path, wrong, b"", (401, "login")).await;
        refused(&house, "PUT", path, wrong, body, (401, "login")).await;
        refused(&house, "GET", "/metrics", wrong, b"", (401, "login")).await;
        // Nobody learns what is served here before it is known who asks.
        refused(&house, "GET", "/fhir/nothing/Patient/p", wrong, b"", (401, "login")).await;
    }
    refused(&house, "PUT", path, &["Authorization: Bearer rrr"], body, (403, "forbidden")).await;
    refused(&house, "POST", "/fhir", &["Authorization: Bearer rrr"], b"{}", (403, "forbidden")).await;
    refused(&house, "GET", path, &["Authorization: Bearer www"], b"", (403, "forbidden")).await;
    refused(&house, "PUT", "/fhir/lab/Observation/o", &["Authorization: Bearer www"], body, (403, "forbidden")).await;
    refused(&house, "GET", path, &["Authorization: Bearer rrr"], b"", (404, "not-found")).await;
    refused(&house, "PATCH", path, &["Authorization: Bearer www"], b"", (405, "not-supported")).await;
    assert_eq!(house.kept().await, 0);
    let answer = house.ask("PUT", path, &["Authorization: Bearer www"], body).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn an_inner_fault_is_an_id_and_nothing_of_its_words() {
    let beside = axum::Router::new().route("/boom", get(async || -> String { panic!("planted words") }));
    let house = open_as(Limits::default(), Vec::new(), beside).await;
    let answer = house.get("/boom").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "exception"));
    assert!(!answer.text.contains("planted"), "{answer:?}");
    let words = answer.json()["issue"][0]["diagnostics"].as_str().expect("words").to_owned();
    let id = words.rsplit(' ').next().expect("an id");
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{words}");
    assert_eq!(house.get("/healthz").await.status, 200, "it goes on");
}

/// Row 25 of the bad inputs, what is not elsewhere: gone, not offered, too long a way.
#[tokio::test]
async fn what_is_not_there_any_more_or_not_offered_has_its_status_and_code() {
    let house = super::house::open().await;
    refused(&house, "GET", "/fhir/Patient/none", &[], b"", (404, "not-found")).await;
    refused(&house, "PATCH", "/fhir/Patient/p", &[], b"", (405, "not-supported")).await;
    refused(&house, "POST", "/healthz", &[], b"", (405, "not-supported")).await;
    refused(&house, "GET", "/nothing", &[], b"", (404, "not-found")).await;
    let long = format!("/fhir/Patient?identifier={}", "x".repeat(17 << 10));
    refused(&house, "GET", &long, &[], b"", (414, "too-long")).await;
}
