//! Every bound of the door, by name. A test may make them short; a deployment by its settings.

use std::time::Duration;

/// What the door takes, and for how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a Bundle's body, as sent and unpacked: 413 `too-long` beyond.
    pub bundle_bytes: usize,
    /// Bytes of one resource's body, as sent and unpacked: 413 `too-long` beyond.
    pub resource_bytes: usize,
    /// How many times its own size a gzip body may grow: 413 `too-costly` beyond.
    pub expansion: usize,
    /// Bytes of request line and headers together: 431 beyond.
    pub header_bytes: usize,
    /// Characters of a query string: 414 beyond.
    pub query_bytes: usize,
    /// Open connections at once; further ones wait in the listener's backlog.
    pub connections: usize,
    /// How long a request's headers may take, and how long a kept-alive connection may rest: closed beyond.
    pub header_deadline: Duration,
    /// How long a whole body may take: 408 beyond.
    pub body_deadline: Duration,
    /// How long a client may leave an answer unread: closed beyond.
    pub write_deadline: Duration,
    /// How long requests that run may go on after the order to stop.
    pub drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bundle_bytes: 16 << 20,
            resource_bytes: 1 << 20,
            expansion: 200,
            header_bytes: 32 << 10,
            query_bytes: 16 << 10,
            connections: 1024,
            header_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(30),
            drain_deadline: Duration::from_secs(10),
        }
    }
}
