//! The listener: many connections. What a sender has sent without waiting for answers is kept in one commit and answered in order.

use super::answer::answers;
use super::frame::{Block, Blocks};
use super::settings::Mllp;
use super::tls;
use crate::flow::Caller;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::hl7v2::{CHUNK, MESSAGE_BYTES, Sent, Told, Verdict, read_header, too_long};
use crate::flow::lines::Loaded;
use crate::model::key::hex;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Open connections of one listener; further ones wait in its backlog.
const CONNECTIONS: usize = 64;
/// From the first byte of a block to its last; and until an answer is taken, and a handshake done.
const BLOCK_DEADLINE: Duration = Duration::from_secs(30);
/// Rest between messages.
const IDLE_DEADLINE: Duration = Duration::from_secs(3600);
/// Before a connection is closed because we failed: a sender that comes again at once must not make it worse.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;

/// What a listener takes, and for how long it waits.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Connections at once.
    pub connections: usize,
    /// A block from its first byte to its last, and an answer.
    pub block: Duration,
    /// Rest between messages.
    pub idle: Duration,
    /// How long messages that are being kept may go on after the order to stop.
    pub drain: Duration,
}

impl Bounds {
    /// The usual ones.
    pub fn new(drain: Duration) -> Self {
        let (message_bytes, connections) = (MESSAGE_BYTES, CONNECTIONS);
        Self { message_bytes, connections, block: BLOCK_DEADLINE, idle: IDLE_DEADLINE, drain }
    }
}

/// A listener of one source.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    source: String,
    senders: Vec<IpAddr>,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Listens, or says why not.
    pub fn bind(source: &str, settings: &Mllp) -> Result<Self, String> {
        let failed = |words: String| format!("sources.{source}.mllp: {words}");
        let address = settings.address().map_err(failed)?;
        let senders = settings.senders().map_err(failed)?;
        let tls = tls::acceptor(settings).map_err(failed)?;
        let bound = bind(address).map_err(|e| failed(format!("{address}: {e}")))?;
        let address = bound.local_addr().map_err(|e| failed(e.to_string()))?;
        Ok(Self { listener: bound, address, source: source.to_owned(), senders, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The source whose messages it takes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Serves until it is told to stop: what waits for a message is closed, what is being kept is kept and answered.
    pub async fn serve(self, gateway: Arc<Gateway>, bounds: Bounds, mut stop: watch::Receiver<bool>) {
        let Self { listener, source, senders, tls, .. } = self;
        let Some(source) = gateway.source(&source).cloned() else {
            tracing::error!("`{source}` is no source of the settings");
            return;
        };
        let seats = Arc::new(Semaphore::new(bounds.connections));
        let room = Arc::new(Room { gateway, source, bounds, tls, stop: stop.clone() });
        loop {
            let next = async {
                let seat = seats.clone().acquire_owned().await.expect("the semaphore is never closed");
                (seat, listener.accept().await)
            };
            let (seat, accepted) = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                next = next => next,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors, or the sender was gone already: others must not spin on it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if !senders.is_empty() && !senders.contains(&peer.ip().to_canonical()) {
                tracing::warn!(source = %room.source.name, %peer, "refused a connection: `from` does not name its address");
                continue;
            }
            let room = room.clone();
            tokio::spawn(async move {
                room.welcome(stream).await;
                drop(seat);
            });
        }
        drop(listener);
        let all = u32::try_from(room.bounds.connections).unwrap_or(u32::MAX);
        if tokio::time::timeout(room.bounds.drain, seats.acquire_many(all)).await.is_err() {
            tracing::warn!("messages were still being kept when the time to drain was over");
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What all connections of a listener share.
struct Room {
    gateway: Arc<Gateway>,
    source: Source,
    bounds: Bounds,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
}

impl Room {
    async fn welcome(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let source = &self.source.name;
        let ended = match &self.tls {
            None => self.converse(stream).await,
            Some(tls) => match tokio::time::timeout(self.bounds.block, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.converse(stream).await,
                Ok(Err(error)) => Err(error),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
        };
        if let Err(error) = ended {
            tracing::info!(%source, %error, "a connection ended early");
        }
    }

    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut stop = self.stop.clone();
        let bounds = &self.bounds;
        let mut blocks = Blocks::new(stream, bounds.message_bytes, bounds.idle, bounds.block);
        let source = &self.source.name;
        let mut ahead = None;
        loop {
            // What has come in part was not taken, and will be sent again.
            let block = match ahead.take() {
                Some(block) => block,
                None => tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    block = blocks.next() => block?,
                },
            };
            let (stray, broken) = (blocks.stray(), std::mem::take(&mut blocks.broken));
            if stray + broken > 0 {
                tracing::warn!(%source, stray, broken, "passed over bytes that belong to no block, and blocks that were broken off");
            }
            match block {
                Block::Whole(bytes) => {
                    let mut all = vec![bytes];
                    while let (true, None) = (all.len() < CHUNK, &ahead) {
                        match blocks.waiting().await? {
                            Some(Block::Whole(bytes)) => all.push(bytes),
                            Some(other) => ahead = Some(other),
                            None => break,
                        }
                    }
                    let Some(told) = self.take(&all).await else {
                        tokio::select! { () = tokio::time::sleep(PAUSE) => {}, _ = stop.wait_for(|stop| *stop) => {} }
                        break;
                    };
                    for told in told {
                        self.answer(&told, &mut blocks).await?;
                    }
                }
                Block::TooLong(bytes) => {
                    self.gateway.messages.count(source, "rejected");
                    self.answer(&rejected(&bytes, bounds.message_bytes), &mut blocks).await?;
                    break;
                }
                Block::End(Some(why)) => {
                    tracing::warn!(%source, "closed a connection: {why}");
                    break;
                }
                Block::End(None) => break,
            }
        }
        blocks.close().await;
        Ok(())
    }

    /// `None`: we failed, so nothing is answered and the sender sends it again.
    async fn take(&self, all: &[Vec<u8>]) -> Option<Vec<Told>> {
        let caller = Caller { actor: format!("mllp {}", self.source.name), purpose: "import".into() };
        let sent: Vec<Sent<'_>> = all.iter().map(|body| Sent { place: None, body }).collect();
        match self.gateway.messages(&self.source, &sent, &caller).await {
            Ok(told) => Some(told),
            Err(refusal) => {
                sent.iter().for_each(|_| self.gateway.messages.count(&self.source.name, "not answered"));
                let messages = sent.len();
                tracing::warn!(source = %self.source.name, messages, "nothing is answered: {}", refusal.words());
                None
            }
        }
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(&self, told: &Told, blocks: &mut Blocks<S>) -> io::Result<()> {
        let control = hex(&crate::clock::random_bytes::<8>());
        let Source { zone, dialect, .. } = &self.source;
        for answer in answers(told, self.gateway.now(), zone, &dialect.charset, &control) {
            blocks.send(&answer).await?;
        }
        Ok(())
    }
}

/// Nothing of it is kept, and a sender that heard nothing would send it for ever.
fn rejected(beginning: &[u8], bytes: usize) -> Told {
    let (verdict, header) = (Verdict::Rejected, read_header(beginning));
    Told { header, verdict, faults: vec![too_long(bytes)], aside: Vec::new(), loaded: Loaded::default() }
}
