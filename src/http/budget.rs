//! What bodies and clients may take: bytes held at once, and requests in a minute. Refused before memory grows.

use super::outcome::{Fault, RETRY_AFTER};
use axum::http::{StatusCode, header};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const MINUTE: Duration = Duration::from_secs(60);

/// Bytes of bodies that may be held at once.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Semaphore>);

impl Budget {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// Nothing yet.
    pub(super) fn hold(&self) -> Held {
        Held { budget: self.0.clone(), taken: None }
    }

    /// Whether so many bytes are free now.
    pub(super) fn check(&self, bytes: usize) -> Result<(), Fault> {
        if self.0.available_permits() < bytes { Err(busy()) } else { Ok(()) }
    }
}

/// Bytes of one body; given back when it is dropped.
pub(super) struct Held {
    budget: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Takes more, or is refused.
    pub(super) fn more(&mut self, bytes: usize) -> Result<(), Fault> {
        let bytes = u32::try_from(bytes).map_err(|_| busy())?;
        let more = self.budget.clone().try_acquire_many_owned(bytes).map_err(|_| busy())?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

fn busy() -> Fault {
    let text = "as many bytes are in flight as are taken at once; send the same again";
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, "transient", text).with(header::RETRY_AFTER, RETRY_AFTER)
}

/// How often each client came.
#[derive(Debug)]
pub struct Rate {
    per_minute: Option<u32>,
    /// By client: when what it has asked for would be done if it were served evenly.
    done: Mutex<BTreeMap<String, Duration>>,
}

impl Rate {
    /// So many requests of one client in a minute; `None`: as many as it likes.
    pub fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, done: Mutex::default() }
    }

    /// One request of a known client at a moment of a steady clock; the error says after how long it may come again.
    pub fn take(&self, client: &str, now: Duration) -> Result<(), Duration> {
        let Some(per_minute) = self.per_minute else { return Ok(()) };
        let each = MINUTE / per_minute.max(1);
        let mut all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let done = all.entry(client.to_owned()).or_default();
        let next = (*done).max(now) + each;
        if next > now + MINUTE {
            return Err(next - now - MINUTE);
        }
        *done = next;
        Ok(())
    }

    /// The same as an answer.
    pub(super) fn check(&self, client: &str, now: Duration) -> Result<(), Fault> {
        self.take(client, now).map_err(|wait| {
            let per_minute = self.per_minute.unwrap_or_default();
            let text = format!("more than {per_minute} requests of this client in a minute; come again later");
            let seconds = wait.as_secs() + 1;
            Fault::new(StatusCode::TOO_MANY_REQUESTS, "throttled", text).with(header::RETRY_AFTER, &seconds.to_string())
        })
    }
}
