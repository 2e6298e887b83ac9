//! What exports keep: the key of pseudonyms, and tables that are locked.

use super::audit;
use super::contract::{Caller, StoreError};
use super::tx::{Done, Question, Tx, Unit};
use super::value::{Row, args};
use crate::model::time::Instant;

/// A secret of the store's own, 32 random bytes, made when it is first asked for; answers `[u8; 32]`.
#[derive(Debug, Clone)]
pub struct MakeSecret {
    /// What it is for.
    pub name: String,
    /// Now.
    pub at: Instant,
}

/// A table that is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportLock {
    /// Its name.
    pub name: String,
    /// Trial.
    pub trial: String,
    /// What was asked, as JSON.
    pub asked: String,
    /// Digest over the definitions by which anybody is followed.
    pub definition: [u8; 32],
    /// The engine's version.
    pub engine: String,
    /// As known when.
    pub known: Instant,
    /// SHA-256 of every byte of the table.
    pub digest: [u8; 32],
    /// Bytes.
    pub bytes: i64,
    /// Lines.
    pub rows: i64,
    /// The pseudonym of each person with the first half of the SHA-256 of their lines, one after another.
    pub parts: Vec<u8>,
    /// Who signed it.
    pub signed_by: String,
    /// What the signature means, in words.
    pub meaning: String,
    /// When.
    pub at: Instant,
}

/// Keeps a lock; answers whether its name was free.
#[derive(Debug, Clone)]
pub struct KeepLock {
    /// The lock.
    pub lock: ExportLock,
    /// Who, for the audit.
    pub caller: Caller,
}

/// All locks, by name; answers `Vec<ExportLock>`.
#[derive(Debug, Clone)]
pub struct LocksAll {}

/// The lock of that name; answers `Option<ExportLock>`.
#[derive(Debug, Clone)]
pub struct LockOf {
    /// Its name.
    pub name: String,
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("32 bytes were kept and are not 32".into()))
}

impl Unit for MakeSecret {
    type Answer = [u8; 32];

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<[u8; 32]>, StoreError> {
        let fresh = audit::random::<32>()?.to_vec();
        let sql = "insert into secret (name, value, made) values (?1, ?2, ?3) on conflict do nothing";
        tx.execute(sql, args![self.name.as_str(), fresh, self.at]).await?;
        let kept = tx.query("select value from secret where name = ?1", args![self.name.as_str()]).await?;
        // A rival's may not be seen yet: the unit is run again.
        let mut row = kept.into_iter().next().ok_or(StoreError::Busy)?;
        Ok(Done::Keep(digest(row.bytes(0)?)?))
    }
}

impl Unit for KeepLock {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let l = &self.lock;
        let row = args![
            l.name.as_str(),
            l.trial.as_str(),
            l.asked.as_str(),
            l.definition.to_vec(),
            l.engine.as_str(),
            l.known,
            l.digest.to_vec(),
            l.bytes,
            l.rows,
            l.parts.clone(),
            l.signed_by.as_str(),
            l.meaning.as_str(),
            l.at
        ];
        let sql = "insert into export_lock (name, trial, asked, definition, engine, known, digest, bytes, row_count, parts, signed_by, meaning, at)
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict do nothing";
        if tx.execute(sql, row).await? == 0 {
            return Ok(Done::Undo(false));
        }
        let detail = format!("{} {} sha256:{}", l.name, l.asked, crate::model::key::hex(&l.digest));
        let entry = audit::Entry { action: "export locked", detail, person: None, caller: &self.caller, at: l.at };
        audit::append(tx, entry).await?;
        Ok(Done::Keep(true))
    }
}

fn lock(mut r: Row) -> Result<ExportLock, StoreError> {
    Ok(ExportLock {
        name: r.text(0)?,
        trial: r.text(1)?,
        asked: r.text(2)?,
        definition: digest(r.bytes(3)?)?,
        engine: r.text(4)?,
        known: r.instant(5)?,
        digest: digest(r.bytes(6)?)?,
        bytes: r.int(7)?,
        rows: r.int(8)?,
        parts: r.bytes(9)?,
        signed_by: r.text(10)?,
        meaning: r.text(11)?,
        at: r.instant(12)?,
    })
}

impl Question for LocksAll {
    type Answer = Vec<ExportLock>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select name, trial, asked, definition, engine, known, digest, bytes, row_count, parts, signed_by, meaning, at from export_lock order by name";
        tx.query(sql, &[]).await?.into_iter().map(lock).collect()
    }
}

impl Question for LockOf {
    type Answer = Option<ExportLock>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select name, trial, asked, definition, engine, known, digest, bytes, row_count, parts, signed_by, meaning, at from export_lock where name = ?1";
        tx.query(sql, args![self.name.as_str()]).await?.into_iter().next().map(lock).transpose()
    }
}
