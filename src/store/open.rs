//! The store as others see it: opened by its URL, one of two databases behind the same verbs.

use super::contract::StoreError;
use super::questions::AuditReport;
use super::tx::{Question, Unit};
use super::writer::SqliteStore;
use tokio::sync::watch;

/// How to open a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Make the file, or the tables of the database, when they are not there.
    pub create: bool,
    /// Only read: allowed while another process writes; every unit is refused.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { create: true, read_only: false }
    }
}

/// A store. Cheap to clone; the last one closes it.
#[derive(Debug, Clone)]
pub struct Store {
    driver: Driver,
}

#[derive(Debug, Clone)]
enum Driver {
    Sqlite(SqliteStore),
}

impl Store {
    /// Opens `sqlite:PATH`, brings its tables up to date, and is ready to write.
    pub fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let Some(path) = url.strip_prefix("sqlite:").filter(|p| !p.is_empty()) else {
            return Err(StoreError::Unreachable(format!("`{url}` is no store; wanted sqlite:PATH")));
        };
        Ok(Self { driver: Driver::Sqlite(SqliteStore::open(path.as_ref(), options)?) })
    }

    /// Runs a unit; its answer comes after the durable commit. `Busy`: too many wait.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.write(unit).await,
        }
    }

    /// Answers a question, in a snapshot of its own.
    pub async fn read<Q: Question>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.read(question).await,
        }
    }

    /// Goes up with each commit of this process that marked a person.
    pub fn pending(&self) -> watch::Receiver<u64> {
        match &self.driver {
            Driver::Sqlite(store) => store.pending(),
        }
    }

    /// Goes up with each commit of this process that wrote a wish.
    pub fn wishes(&self) -> watch::Receiver<u64> {
        match &self.driver {
            Driver::Sqlite(store) => store.wishes(),
        }
    }

    /// Checks every audit chain; only reads.
    pub async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.audit_verify().await,
        }
    }

    /// Commits what is under way, then closes. Other clones of this store can no longer write.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.close().await,
        }
    }
}
