//! Walks over many pages while others write, and a statement that says what is true.

use super::house::{House, observation, open, open_with, patient};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use trialgate::http::limits::Limits;

async fn load(house: &House, from: usize, to: usize) {
    let entry = |i: usize| {
        let id = format!("o{i}");
        format!(r#"{{"resource":{},"request":{{"method":"PUT","url":"Observation/{id}"}}}}"#, observation(&id, "80"))
    };
    let all: Vec<String> = (from..to).map(entry).collect();
    let body = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, all.join(","));
    let answer = house.ask("POST", "/fhir", &[], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Ids in the order met, over at most so many pages.
async fn walk(house: &House, count: usize, pages: usize) -> Vec<String> {
    let (mut met, mut path) = (Vec::new(), format!("/fhir/Observation?_count={count}"));
    for _ in 0..pages {
        let page = house.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json();
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        assert!(entries.len() <= count);
        met.extend(entries.iter().map(|e| e["resource"]["id"].as_str().expect("an id").to_owned()));
        let links = page["link"].as_array().expect("links");
        let Some(next) = links.iter().find(|l| l["relation"] == "next") else { return met };
        let url = next["url"].as_str().expect("a url");
        path = url.split_once(&house.address.to_string()).expect("our base").1.to_owned();
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_meets_each_exactly_once_while_others_write() {
    let house = Arc::new(open().await);
    house.ask("PUT", "/fhir/Patient/p", &[], patient("p").as_bytes()).await;
    load(&house, 0, 300).await;
    let all: BTreeSet<String> = (0..300).map(|i| format!("o{i}")).collect();
    let writer = tokio::spawn({
        let house = house.clone();
        async move {
            for chunk in 0..20 {
                load(&house, 1000 + chunk * 5, 1005 + chunk * 5).await;
            }
        }
    });
    for (count, pages) in [(1, 40), (7, 100), (100, 100)] {
        let met = walk(&house, count, pages).await;
        let once: BTreeSet<String> = met.iter().cloned().collect();
        assert_eq!(once.len(), met.len(), "none twice at {count}");
        let old = once.intersection(&all).count();
        assert_eq!(old, if count == 1 { 40 } else { 300 }, "at {count}");
    }
    writer.await.expect("no panic");
}

#[tokio::test]
async fn the_statement_says_what_is_served() {
    let house = open().await;
    for base in ["/fhir", "/fhir/lab"] {
        let said = house.get(&format!("{base}/metadata")).await.json();
        let types = said["rest"][0]["resource"].as_array().expect("types").clone();
        for of in &types {
            let (name, codes) = (of["type"].as_str().expect("a type"), of["interaction"].to_string());
            let search = house.get(&format!("{base}/{name}")).await;
            assert_eq!(search.status == 200, codes.contains("search-type"), "{name}");
            let read = house.get(&format!("{base}/{name}/none")).await;
            assert_eq!((read.status == 404, read.code().as_str()), (codes.contains("\"read\""), "not-found"), "{name}");
            for (verb, place, code) in [("POST", "", "create"), ("PUT", "/x", "update"), ("DELETE", "/x", "delete")] {
                let answer = house.ask(verb, &format!("{base}/{name}{place}"), &[], b"{").await;
                assert_eq!(answer.status != 405, codes.contains(&format!("\"{code}\"")), "{name} {verb}");
                assert_eq!(answer.status == 405, !answer.header("allow").is_empty(), "{name} {verb}");
            }
            for parameter in of["searchParam"].as_array().expect("parameters") {
                let (word, kind) = (parameter["name"].as_str().expect("a name"), parameter["type"].as_str());
                let value = if kind == Some("date") { "2026-01-01" } else { "x" };
                let path = format!("{base}/{name}?{word}={value}");
                let answer = house.ask("GET", &path, &["Prefer: handling=strict"], b"").await;
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
            }
            let strict =
                house.ask("GET", &format!("{base}/{name}?nonsense=1"), &["Prefer: handling=strict"], b"").await;
            assert_eq!((strict.status, strict.code().as_str()), (400, "not-supported"));
        }
        assert_eq!(types.iter().any(|t| t["type"] == "ResearchStudy"), base == "/fhir");
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_refused_in_time() {
    let limits = Limits { body_deadline: Duration::from_millis(150), ..Limits::default() };
    let house = open_with(limits).await;
    let mut stream = tokio::net::TcpStream::connect(house.address).await.expect("connects");
    let head = format!(
        "POST /fhir/Patient HTTP/1.1\r\nHost: {}\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{{",
        house.address
    );
    stream.write_all(head.as_bytes()).await.expect("sends");
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
    let _ = read.expect("closed in time");
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("\"timeout\""), "{text}");
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    crate::peers::collect::keep("POST Patient 408", body.as_bytes());
    assert_eq!(house.kept().await, 0);
}
