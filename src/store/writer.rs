//! The store as others see it: one writer that commits in groups, and a few readers.

use super::contract::StoreError;
use super::questions::AuditReport;
use super::tx::{Question, Unit};
use tokio::sync::watch;

/// How to open a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Make the file when it is not there.
    pub create: bool,
    /// Only read: allowed while another process writes; every unit is refused.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { create: true, read_only: false }
    }
}

/// A store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pending: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
}

impl Store {
    /// Opens `sqlite:path`, brings its schema up to date, and starts the writer.
    pub fn open(_url: &str, _options: Options) -> Result<Self, StoreError> {
        Err(StoreError::Unreachable("not written yet".into()))
    }

    /// Runs a unit; its answer comes after the durable commit. `Busy`: the queue is full.
    pub async fn write<U: Unit>(&self, _unit: U) -> Result<U::Answer, StoreError> {
        Err(StoreError::Unreachable("not written yet".into()))
    }

    /// Answers a question.
    pub async fn read<Q: Question>(&self, _question: Q) -> Result<Q::Answer, StoreError> {
        Err(StoreError::Unreachable("not written yet".into()))
    }

    /// Goes up with each commit that marked a person.
    pub fn pending(&self) -> watch::Receiver<u64> {
        self.pending.subscribe()
    }

    /// Goes up with each commit that wrote a wish.
    pub fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// Checks every audit chain; only reads.
    pub async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        Err(StoreError::Unreachable("not written yet".into()))
    }

    /// Commits what is queued, then closes.
    pub async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
