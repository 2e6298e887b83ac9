//! A door that listens: bound, serving in the background, and stopped with a drain.

use super::accept;
use super::auth::Client;
use super::coordinator::routes::{self as coordinator, Pages};
use super::limits::Limits;
use super::server::{Door, NO_KEYS, router};
use crate::flow::gateway::Gateway;
use crate::flow::hooks::Hooks;
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

/// How to serve: where, for whom, and within which bounds.
#[derive(Debug)]
pub struct Serving {
    /// Listens already, so that its address is known before anything is named after it.
    listener: TcpListener,
    address: SocketAddr,
    /// Machine clients.
    pub clients: Vec<Client>,
    /// Bounds.
    pub limits: Limits,
    /// The public halves of the signing keys, as a JSON Web Key Set.
    pub keys: String,
    /// Where sources tell that something changed.
    pub hooks: Hooks,
}

impl Serving {
    /// Listens at an address, such as `127.0.0.1:8080`; port 0 takes a free one. No clients, and bounds as they are.
    pub fn at(address: SocketAddr) -> io::Result<Self> {
        let listener = bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            clients: Vec::new(),
            limits: Limits::default(),
            keys: NO_KEYS.into(),
            hooks: Hooks::new(),
        })
    }

    /// Listens on a free port of this machine alone.
    pub fn local() -> io::Result<Self> {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A door that serves.
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Serves, with the pages beside if there are any.
    pub fn start(gateway: Arc<Gateway>, mut serving: Serving, pages: Option<Pages>) -> Self {
        let (clients, limits) = (std::mem::take(&mut serving.clients), serving.limits.clone());
        let (keys, hooks) = (std::mem::take(&mut serving.keys), std::mem::take(&mut serving.hooks));
        let door = Door { pages: pages.is_some(), keys, hooks, ..Door::new(gateway, clients, limits) };
        let beside = pages.map_or_else(Router::new, |pages| coordinator::router(Arc::new(pages)));
        Self::serve(serving, router(Arc::new(door), beside))
    }

    /// Serves a router of one's own.
    pub(super) fn serve(serving: Serving, app: Router) -> Self {
        let Serving { listener, address, limits, .. } = serving;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopping = async {
            // The sender gone means the same as told to stop.
            let _ = stopped.await;
        };
        let task = tokio::spawn(accept::serve(listener, app, limits, stopping));
        Self { address, stop, task }
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
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
