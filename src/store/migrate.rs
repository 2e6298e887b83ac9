//! The schema and its versions: files in order, each run once.

use super::contract::StoreError;
use super::sqlite::SqliteTx;
use super::tx::Tx;
use super::value::args;

/// The files, in order; the first is version 1.
const FILES: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_accounts.sql"),
];

/// Brings a file up to date; a newer one is refused.
pub(super) fn up(db: &mut SqliteTx) -> Result<(), StoreError> {
    db.batch("create table if not exists schema (version integer primary key)")?;
    let found = version(db)?;
    check(found)?;
    for (place, file) in FILES.iter().enumerate().skip(found) {
        db.batch("begin immediate")?;
        db.batch(file)?;
        let version = i64::try_from(place + 1).unwrap_or(i64::MAX);
        db.run(async |tx: &mut SqliteTx| tx.execute("insert into schema (version) values (?1)", args![version]).await)?;
        db.batch("commit")?;
    }
    Ok(())
}

/// Whether a file opened for reading is one that this program knows.
pub(super) fn is_current(db: &mut SqliteTx) -> Result<(), StoreError> {
    let found = version(db)?;
    check(found)?;
    if found < FILES.len() {
        return Err(StoreError::Corrupt(
            "its tables are older than this program; run `trialgate migrate` first".into(),
        ));
    }
    Ok(())
}

fn version(db: &mut SqliteTx) -> Result<usize, StoreError> {
    let rows = db.run(async |tx: &mut SqliteTx| tx.query("select coalesce(max(version), 0) from schema", &[]).await)?;
    let newest = rows.first().map_or(Ok(0), |r| r.int(0))?;
    Ok(usize::try_from(newest).unwrap_or(0))
}

fn check(found: usize) -> Result<(), StoreError> {
    if found > FILES.len() {
        let words = format!("its tables are of version {found}, newer than this program, which knows {}", FILES.len());
        return Err(StoreError::Corrupt(words));
    }
    Ok(())
}
