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
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

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
        let door = Door::new(gateway, clients, limits.clone());
        let beside = pages.map_or_else(Router::new, |pages| coordinator::router(Arc::new(pages)));
        Self::serve(&listen, router(Arc::new(door), beside), limits).await
    }

    /// Serves a router of one's own.
    pub(super) async fn serve(listen: &str, app: Router, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
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
