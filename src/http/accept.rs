//! The accept loop: bounded connections, deadlines for headers and for unread answers, and a stop that drains.

use super::bare;
use super::limits::Limits;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::Sleep;
use tower::ServiceExt;

/// The address at the other end of a connection: an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until `stop` is done, then takes no new connection, lets what runs end within the drain deadline, and returns.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let seats = Arc::new(Semaphore::new(limits.connections));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let seat = seats.clone().acquire_owned().await.expect("the semaphore is never closed");
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, or the client was gone already: others must not spin on it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (app, limits, stopped) = (app.clone(), limits.clone(), stopped.clone());
        tokio::spawn(async move {
            connection(stream, Peer(peer), app, &limits, stopped).await;
            drop(seat);
        });
    }
    drop(listener);
    let _ = stopping.send(true);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain_deadline, seats.acquire_many(all)).await.is_err() {
        tracing::warn!("requests still ran when the time to drain was over");
    }
}

async fn connection(stream: TcpStream, peer: Peer, app: Router, limits: &Limits, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Unstalled::new(stream, limits));
    let with_peer = move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        request
    };
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_deadline)
        .max_buf_size(limits.header_bytes.max(8192))
        .serve_connection(io, TowerToHyperService::new(app.map_request(with_peer)));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(limits.drain_deadline, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(timeout = error.is_timeout(), parse = error.is_parse(), "a connection ended early");
    }
}

async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A stream whose writes fail when the other side takes too little for too long, and that gives a bare refusal its body.
struct Unstalled {
    stream: TcpStream,
    patience: Duration,
    /// Bytes that must be taken within the patience, unless all are.
    step: usize,
    taken: usize,
    stalled: Option<Pin<Box<Sleep>>>,
    header_bytes: usize,
    /// What is sent in place of a bare refusal, and how much of it is out.
    instead: Option<(Vec<u8>, usize)>,
}

impl Unstalled {
    fn new(stream: TcpStream, limits: &Limits) -> Self {
        let (patience, header_bytes) = (limits.write_deadline, limits.header_bytes);
        Self { stream, patience, step: limits.answer_step, taken: 0, stalled: None, header_bytes, instead: None }
    }

    fn wrote(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = poll {
            self.taken += bytes;
            if self.taken >= self.step {
                self.rested();
            }
            return poll;
        }
        self.bound(cx, poll)
    }

    fn rested(&mut self) {
        (self.taken, self.stalled) = (0, None);
    }

    /// Writes a bare refusal with its body in place of these bytes; `None`: they are no such thing.
    fn write_instead(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            self.instead = Some((bare::with_outcome(bytes, self.header_bytes)?, 0));
        }
        let (all, mut out) = self.instead.take()?;
        while out < all.len() {
            match Pin::new(&mut self.stream).poll_write(cx, &all[out..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(more)) => out += more,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.instead = Some((all, out));
                    return Some(Poll::Pending);
                }
            }
        }
        Some(Poll::Ready(Ok(bytes.len())))
    }

    fn bound<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.rested();
            return poll;
        }
        let patience = self.patience;
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Unstalled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Unstalled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let instead = self.write_instead(cx, bytes);
        let poll = instead.unwrap_or_else(|| Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.wrote(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|s| !s.is_empty());
        let instead = first.and_then(|bytes| self.write_instead(cx, bytes));
        let poll = instead.unwrap_or_else(|| Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        self.wrote(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.bound(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
