//! Slow clients of every kind, many at once: each is closed in its time, and everybody else is served.

use super::house::{House, open_with, patient};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use trialgate::http::limits::Limits;

/// Of each kind.
const MANY: usize = 30;
/// Far above what the limits of these tests allow; without a limit it is reached.
const PATIENCE: Duration = Duration::from_secs(60);
/// How fast the slow ones are.
const PACE: Duration = Duration::from_millis(20);

fn short() -> Limits {
    Limits {
        header_deadline: Duration::from_millis(400),
        body_deadline: Duration::from_millis(400),
        write_deadline: Duration::from_millis(400),
        discard_deadline: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// Sends this, then a byte at a time, until it is closed; what it was answered.
async fn drips(address: std::net::SocketAddr, first: String) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(first.as_bytes()).await.expect("sends");
    let (mut from, mut to) = stream.split();
    let mut answer = Vec::new();
    let mut pace = tokio::time::interval(PACE);
    let drip = async {
        loop {
            pace.tick().await;
            if to.write_all(b"a").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! { _ = from.read_to_end(&mut answer) => {}, () = drip => {} }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks for more than fits into any buffer, and takes `taken` bytes at each step of the pace, until it is closed.
async fn leaves_unread(address: std::net::SocketAddr, taken: usize) {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let ask = format!("GET /fhir/metadata HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(2000);
    let (mut from, mut to) = stream.split();
    let mut pace = tokio::time::interval(PACE);
    let mut buffer = vec![0; taken];
    let takes = async {
        loop {
            pace.tick().await;
            // A client that takes nothing learns that it was closed by what it writes.
            if taken > 0 && !matches!(from.read(&mut buffer).await, Ok(n) if n > 0) {
                return;
            }
        }
    };
    let asks = async { while to.write_all(ask.as_bytes()).await.is_ok() {} };
    tokio::select! { () = takes => {}, () = asks => {} }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_closed_and_others_are_served() {
    let house = open_with(short()).await;
    let address = house.address;
    let body = format!(
        "POST /fhir/Patient HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n\r\n{{"
    );
    let mut slow = JoinSet::new();
    for _ in 0..MANY {
        let body = body.clone();
        slow.spawn(async move { ("header", drips(address, "GET / HTTP/1.1\r\nX: ".into()).await) });
        slow.spawn(async move { ("body", drips(address, body).await) });
        slow.spawn(async move {
            leaves_unread(address, 0).await;
            ("unread", String::new())
        });
        slow.spawn(async move {
            leaves_unread(address, 200).await;
            ("sipped", String::new())
        });
    }
    let closed = tokio::time::timeout(PATIENCE, async {
        let mut ended = 0;
        while let Some(closed) = slow.join_next().await {
            let (kind, answer) = closed.expect("no client panicked");
            // Who still sends when the way is closed may not hear why.
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{kind}: {answer}");
            ended += 1;
            if ended % MANY == 1 {
                served(&house).await;
            }
        }
    });
    closed.await.expect("every slow client is closed in time");
    assert_eq!(house.kept().await, 1);
}

async fn served(house: &House) {
    let answer = house.ask("PUT", "/fhir/Patient/p", &[], patient("p").as_bytes()).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
}
