//! Slow and idle clients are closed, an order to stop drains.

use axum::Router;
use axum::routing::get;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use trialgate::http::accept::serve;
use trialgate::http::limits::Limits;

async fn start() -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let limits = Limits { header_deadline: Duration::from_millis(200), ..Limits::default() };
    let app = Router::new().route("/", get(async || "here"));
    let served = tokio::spawn(serve(listener, app, limits, async {
        let _ = stopped.await;
    }));
    (address, stop, served)
}

async fn all_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text));
    let _ = read.await.expect("the server closes in time");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn half_a_header_and_silence_are_closed() {
    let (address, _stop, _served) = start().await;
    for sent in ["", "GET / HTTP/1.1\r\nHost: x"] {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(sent.as_bytes()).await.expect("sends");
        assert!(!all_of(&mut stream).await.contains("200 OK"));
    }
}

#[tokio::test]
async fn a_kept_alive_connection_is_answered_and_then_closed_when_it_rests() {
    let (address, _stop, _served) = start().await;
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sends");
    let text = all_of(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("here"));
    assert!(!text.to_lowercase().contains("\nserver:"));
}

#[tokio::test]
async fn an_order_to_stop_ends_the_loop() {
    let (_address, stop, served) = start().await;
    stop.send(()).expect("the loop runs");
    tokio::time::timeout(Duration::from_secs(10), served).await.expect("stops in time").expect("does not panic");
}
