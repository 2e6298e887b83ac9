//! An order to stop under load: what was accepted is answered, what comes later is refused, and the program ends.

use super::client::request;
use super::server::Server;
use super::{Folder, output, trialgate};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const CLIENTS: usize = 16;
/// The drain of docs/limits.md (10 s), and as much again for a busy machine.
const BOUND: Duration = Duration::from_secs(20);

fn patient(id: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female","birthDate":"1980-01-01"}}"#)
}

/// One client on connections that are kept alive: the ids that it was told are kept. It ends when it is refused.
fn client(address: &str, who: usize) -> Vec<String> {
    let mut kept = Vec::new();
    let mut stream: Option<TcpStream> = None;
    for n in 0.. {
        let id = format!("p{who}-{n}");
        let open = || {
            let stream = TcpStream::connect(address).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
            Some(stream)
        };
        let Some(mut on) = stream.take().or_else(open) else { break };
        let body = patient(&id);
        let head = format!(
            "PUT /fhir/Patient/{id} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if on.write_all(format!("{head}{body}").as_bytes()).is_err() {
            continue;
        }
        let mut answer = [0; 4096];
        match on.read(&mut answer) {
            Ok(n) if n > 0 => {
                let text = String::from_utf8_lossy(&answer[..n]);
                assert!(text.starts_with("HTTP/1.1 201"), "{text}");
                let goes_on = !text.to_ascii_lowercase().contains("connection: close");
                kept.push(id);
                stream = goes_on.then_some(on);
            }
            // Closed without a word: the request was never accepted.
            _ => continue,
        }
    }
    kept
}

#[test]
fn what_was_accepted_is_answered() {
    let folder = Folder::new("stop");
    let mut server = Server::start(&folder, "");
    let kept = Mutex::new(BTreeSet::new());
    let mut took = Duration::ZERO;
    std::thread::scope(|scope| {
        for who in 0..CLIENTS {
            let (address, kept) = (server.address.clone(), &kept);
            scope.spawn(move || {
                let mine = client(&address, who);
                kept.lock().expect("no client panicked").extend(mine);
            });
        }
        while request(&server.address, "GET", "/fhir/Patient/p7-20", "").is_none_or(|a| a.status != 200) {
            std::thread::yield_now();
        }
        let told = Instant::now();
        server.signal("-TERM");
        assert!(server.ended().success());
        took = told.elapsed();
    });
    assert!(took < BOUND, "ended after {took:?}");
    assert!(request(&server.address, "GET", "/healthz", "").is_none(), "it is gone");
    let kept = kept.into_inner().expect("no client panicked");
    let file = rusqlite::Connection::open(folder.0.join("store.db")).expect("the file opens");
    let mut found = file.prepare("select id from resource where type = 'Patient'").expect("a table");
    let found: BTreeSet<String> =
        found.query_map([], |r| r.get(0)).expect("rows").map(|id| id.expect("an id")).collect();
    let (unsaid, lost): (Vec<_>, Vec<_>) = (found.difference(&kept).collect(), kept.difference(&found).collect());
    println!("{} kept and acknowledged, ended after {took:?}", kept.len());
    assert!(unsaid.is_empty(), "kept, and nobody was told: {unsaid:?}");
    assert!(lost.is_empty(), "told, and not kept: {lost:?}");
    let audit = output(trialgate().args(["audit", "verify", "--store", &folder.store()]));
    assert!(audit.starts_with("chain whole"), "{audit}");
}
