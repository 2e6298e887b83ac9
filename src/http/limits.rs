//! Every bound of the door, by name. A test may make them short; a deployment by its settings.

use crate::model::length;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the door takes, and for how long it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a Bundle's body, as sent and unpacked: 413 `too-long` beyond.
    pub bundle_bytes: usize,
    /// Bytes of one resource's body, as sent and unpacked: 413 `too-long` beyond.
    pub resource_bytes: usize,
    /// How many times its own size a gzip body may grow: 413 `too-costly` beyond.
    pub expansion: usize,
    /// Bytes of all bodies that are held at once, unpacked: 503 `transient` beyond. Memory takes some times as much.
    pub bytes_in_flight: usize,
    /// Requests of one client in a minute, spread as it likes: 429 `throttled` beyond. Silent: as many as can be served.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Bytes of request line and headers together: 431 beyond.
    pub header_bytes: usize,
    /// Characters of a query string: 414 beyond.
    pub query_bytes: usize,
    /// Open connections at once; further ones wait in the listener's backlog.
    pub connections: usize,
    /// How long a request's headers may take, and how long a kept-alive connection may rest: closed beyond.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub header_deadline: Duration,
    /// How long a whole body may take: 408 beyond.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub body_deadline: Duration,
    /// How long a client may take over `answer_step` bytes of an answer, or over its rest: closed beyond.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub write_deadline: Duration,
    /// Bytes of an answer that must be taken in each `write_deadline`.
    pub answer_step: usize,
    /// How long the rest of a refused body is read and thrown away, so that the refusal is heard: closed beyond.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub discard_deadline: Duration,
    /// How long requests and tasks that run may go on after the order to stop.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bundle_bytes: 16 << 20,
            resource_bytes: 1 << 20,
            expansion: 200,
            bytes_in_flight: 64 << 20,
            requests_per_minute: None,
            header_bytes: 32 << 10,
            query_bytes: 16 << 10,
            connections: 1024,
            header_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(30),
            answer_step: 64 << 10,
            discard_deadline: Duration::from_secs(2),
            drain_deadline: Duration::from_secs(10),
        }
    }
}
