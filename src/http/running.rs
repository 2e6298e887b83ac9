//! A door that listens: bound, serving in the background, and stopped with a drain.

use super::accept;
use super::auth::Client;
use super::coordinator::routes::{self as coordinator, Pages};
use super::limits::Limits;
use super::server::{Door, router};
use crate::flow::gateway::Gateway;
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Bytes of an answer that the system keeps for a client that does not read; it takes twice as much memory.
pub const SEND_BUFFER: u32 = 256 << 10;
/// Connections that may wait to be accepted.
pub const BACKLOG: u32 = 1024;

/// How to serve.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Where to listen, such as `127.0.0.1:8080`; port 0 takes a free one.
    pub listen: String,
    /// Machine clients.
    pub clients: Vec<Client>,
    /// Bounds.
    pub limits: Limits,
}

impl Serving {
    /// On this machine alone, without clients.
    pub fn local(listen: &str) -> Self {
        Self { listen: listen.to_owned(), clients: Vec::new(), limits: Limits::default() }
    }
}

/// A door that serves.
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Listens and serves, with the pages beside if there are any.
    pub async fn start(gateway: Arc<Gateway>, serving: Serving, pages: Option<Pages>) -> io::Result<Self> {
        let Serving { listen, clients, limits } = serving;
        let door = Door { pages: pages.is_some(), ..Door::new(gateway, clients, limits.clone()) };
        let beside = pages.map_or_else(Router::new, |pages| coordinator::router(Arc::new(pages)));
        Self::serve(&listen, router(Arc::new(door), beside), limits).await
    }

    /// Serves a router of one's own.
    pub(super) async fn serve(listen: &str, app: Router, limits: Limits) -> io::Result<Self> {
        let listener = bind(listen)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopping = async {
            // The sender gone means the same as told to stop.
            let _ = stopped.await;
        };
        let task = tokio::spawn(accept::serve(listener, app, limits, stopping));
        Ok(Self { address, stop, task })
    }

    /// Its address as a URL, without a path.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no new connection, lets what runs end within the bound, and returns.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// Listens; what is accepted keeps no more of an unread answer in the system than [`SEND_BUFFER`].
fn bind(listen: &str) -> io::Result<TcpListener> {
    let address: SocketAddr = listen.parse().map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
