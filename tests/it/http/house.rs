//! A gateway on a real store behind a real listener, and a client of few words.

use crate::peers::collect;
use crate::program::Folder;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::http::accept::serve;
use trialgate::http::auth::Client;
use trialgate::http::limits::Limits;
use trialgate::http::server::{Door, router};
use trialgate::model::time::{Instant, Zone};
use trialgate::store::{Options, Store};

/// 15 March 2026, 08:00 UTC.
const NOW: i64 = 1_773_561_600_000_000;

/// A door that is open; the folder goes with it.
pub(super) struct House {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What stands behind it.
    pub(super) gateway: Arc<Gateway>,
    /// Its store.
    pub(super) store: Store,
    _folder: Folder,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
}

impl Answer {
    /// A header's value; empty when it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The first issue's code; it must be an OperationOutcome.
    pub(super) fn code(&self) -> String {
        let outcome = self.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{self:?}");
        outcome["issue"][0]["code"].as_str().expect("a code").to_owned()
    }
}

pub(super) async fn open() -> House {
    open_with(Limits::default()).await
}

pub(super) async fn open_with(limits: Limits) -> House {
    open_as(limits, Vec::new(), axum::Router::new()).await
}

/// The same with these clients, and what else is served.
pub(super) async fn open_as(limits: Limits, clients: Vec<Client>, beside: axum::Router) -> House {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = Folder::new(&format!("http-{}", NEXT.fetch_add(1, Ordering::SeqCst)));
    let store = Store::open(&folder.store(), Options { create: true, read_only: false }).expect("a store");
    let clock = AtomicI64::new(NOW);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let gateway = Arc::new(Gateway::new(Parts {
        store: store.clone(),
        sources: vec![Source::new("main", Zone::utc()), Source::new("lab", Zone::utc())],
        clock: Arc::new(move || Instant(clock.fetch_add(1000, Ordering::SeqCst))),
        cursor_key: [7; 32],
        base: format!("http://{address}/fhir"),
    }));
    let door = Door::new(gateway.clone(), clients, limits.clone());
    let app = router(Arc::new(door), beside);
    tokio::spawn(serve(listener, app, limits, std::future::pending()));
    House { address, gateway, store, _folder: folder }
}

impl House {
    /// One request on a connection of its own; each header is a whole line.
    pub(super) async fn ask(&self, verb: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut head = format!("{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        if !body.is_empty() && !headers.iter().any(|h| h.to_ascii_lowercase().starts_with("content-type")) {
            head.push_str("Content-Type: application/fhir+json\r\n");
        }
        headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
        if !headers.iter().any(|h| h.starts_with("Transfer-Encoding") || h.starts_with("Content-Length")) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        self.raw(&[format!("{head}\r\n").as_bytes(), body].concat()).await
    }

    /// These bytes on a connection of their own, and what is answered until it is closed.
    pub(super) async fn raw(&self, sent: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        // Who is refused early may find the way closed; the answer counts.
        let _ = stream.write_all(sent).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let answer = read(&String::from_utf8(bytes).expect("UTF-8"));
        if answer.header("content-type").starts_with("application/fhir+json") {
            let line = String::from_utf8_lossy(sent.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
            let (verb, path) = line.split_once(' ').unwrap_or_default();
            let place = path.split(['/', '?', ' ']).nth(2).unwrap_or_default();
            collect::keep(&format!("{verb} {place} {}", answer.status), answer.text.as_bytes());
        }
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    pub(super) async fn send(&self, verb: &str, path: &str, body: &Value) -> Answer {
        self.ask(verb, path, &[], body.to_string().as_bytes()).await
    }

    /// How many resources of all types and states are kept.
    pub(super) async fn kept(&self) -> i64 {
        let counts = self.store.read(trialgate::store::Counts {}).await.expect("counts");
        counts.iter().map(|(_, _, _, n)| n).sum()
    }
}

fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
    let headers = lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.into(), v.trim().into())).collect();
    Answer { status, headers, text: body.into() }
}

/// A platelet count as it is sent.
pub(super) fn observation(id: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"urn:o","value":"{id}"}}],"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-03-01T08:00:00Z","valueQuantity":{{"value":{value},"unit":"10*9/L","system":"http://unitsofmeasure.org","code":"10*9/L"}}}}"#
    )
}

/// A Patient, found by one identifier.
pub(super) fn patient(id: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:p","value":"{id}"}}],"birthDate":"1980-05-02"}}"#
    )
}
