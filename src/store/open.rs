//! The store as others see it: opened by its URL, one of two databases behind the same verbs.

use super::contract::StoreError;
use super::pool::PostgresStore;
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
    Postgres(PostgresStore),
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`, brings its tables up to date, and is ready to write.
    pub fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let driver = match Place::of(url)? {
            Place::File(path) => Driver::Sqlite(SqliteStore::open(path.as_ref(), options)?),
            Place::Database(url) => Driver::Postgres(PostgresStore::open(url, options)?),
        };
        Ok(Self { driver })
    }

    /// Runs a unit; its answer comes after the durable commit. `Busy`: too many wait.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.write(unit).await,
            Driver::Postgres(store) => store.write(unit).await,
        }
    }

    /// Answers a question, in a snapshot of its own.
    pub async fn read<Q: Question>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.read(question).await,
            Driver::Postgres(store) => store.read(question).await,
        }
    }

    /// Goes up with each commit of this process that marked a person.
    pub fn pending(&self) -> watch::Receiver<u64> {
        match &self.driver {
            Driver::Sqlite(store) => store.pending(),
            Driver::Postgres(store) => store.pending(),
        }
    }

    /// Goes up with each commit of this process that wrote a wish.
    pub fn wishes(&self) -> watch::Receiver<u64> {
        match &self.driver {
            Driver::Sqlite(store) => store.wishes(),
            Driver::Postgres(store) => store.wishes(),
        }
    }

    /// Checks every audit chain; only reads.
    pub async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.audit_verify().await,
            Driver::Postgres(store) => store.audit_verify().await,
        }
    }

    /// Commits what is under way, then closes. Other clones of this store can no longer write.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.driver {
            Driver::Sqlite(store) => store.close().await,
            Driver::Postgres(store) => store.close().await,
        }
    }
}

/// Where a store is, by its URL.
pub(super) enum Place<'a> {
    /// A file of SQLite.
    File(&'a str),
    /// A database of PostgreSQL, by its whole URL.
    Database(&'a str),
}

impl<'a> Place<'a> {
    pub(super) fn of(url: &'a str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:").filter(|p| !p.is_empty()) {
            return Ok(Self::File(path));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Database(url));
        }
        let words = format!("`{}` is no store; wanted sqlite:PATH or postgres://USER@HOST/DATABASE", shown(url));
        Err(StoreError::Unreachable(words))
    }
}

/// A store's URL as it may be shown: without the password.
pub fn shown(url: &str) -> String {
    let hidden = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let (login, place) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{place}"))
    };
    let url = hidden(url).unwrap_or_else(|| url.to_owned());
    match url.split_once("password=") {
        Some((before, _)) => format!("{before}password=…"),
        None => url,
    }
}
