//! The schema and its versions: steps in order, each run once. A step is a file of the same name for each database.

use super::contract::StoreError;
use super::postgres::class;
use super::sqlite::SqliteTx;
use super::tx::Tx;
use super::value::args;
use tokio_postgres::Client;

/// One step, in both dialects.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($name:literal) => {
        Step {
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// The steps, in order; the first is version 1.
const STEPS: &[Step] = &[
    step!("0001_first"),
    step!("0002_lanes"),
    step!("0003_accounts"),
    step!("0004_entered"),
    step!("0005_messages"),
    step!("0006_feeds"),
    step!("0007_hooks"),
    step!("0008_aside"),
    step!("0009_identity"),
    step!("0011_message_at"),
    step!("0013_exports"),
];
/// Held while the tables of a PostgreSQL database are brought up to date: two processes may start at once.
const LOCK: i64 = 0x7472_6961_6c67_6174;
const TABLE: &str = "create table if not exists schema (version bigint primary key)";

/// Brings a file up to date; a newer one is refused.
pub(super) fn up(db: &mut SqliteTx) -> Result<(), StoreError> {
    db.batch("create table if not exists schema (version integer primary key)")?;
    let found = version(db)?;
    check(found)?;
    for (place, step) in STEPS.iter().enumerate().skip(found) {
        db.batch("begin immediate")?;
        db.batch(step.sqlite)?;
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
    not_older(found)
}

fn not_older(found: usize) -> Result<(), StoreError> {
    if found < STEPS.len() {
        let words = "its tables are older than this program; run `trialgate migrate` first";
        return Err(StoreError::Corrupt(words.into()));
    }
    Ok(())
}

fn version(db: &mut SqliteTx) -> Result<usize, StoreError> {
    let rows = db.run(async |tx: &mut SqliteTx| tx.query("select coalesce(max(version), 0) from schema", &[]).await)?;
    let newest = rows.first().map_or(Ok(0), |r| r.int(0))?;
    Ok(usize::try_from(newest).unwrap_or(0))
}

fn check(found: usize) -> Result<(), StoreError> {
    if found > STEPS.len() {
        let words = format!("its tables are of version {found}, newer than this program, which knows {}", STEPS.len());
        return Err(StoreError::Corrupt(words));
    }
    Ok(())
}

/// Brings a PostgreSQL database up to date, all in one transaction; a newer one is refused.
pub(super) async fn up_postgres(client: &Client) -> Result<(), StoreError> {
    let fault = |e: tokio_postgres::Error| class(&e);
    client.batch_execute("begin").await.map_err(fault)?;
    client.query("select 1 from pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(fault)?;
    client.batch_execute(TABLE).await.map_err(fault)?;
    let found = version_postgres(client).await?;
    check(found)?;
    for (place, step) in STEPS.iter().enumerate().skip(found) {
        client.batch_execute(step.postgres).await.map_err(fault)?;
        let version = i64::try_from(place + 1).unwrap_or(i64::MAX);
        client.execute("insert into schema (version) values ($1)", &[&version]).await.map_err(fault)?;
    }
    client.batch_execute("commit").await.map_err(fault)
}

/// Whether a PostgreSQL database that is not to be changed is one that this program knows.
pub(super) async fn is_current_postgres(client: &Client) -> Result<(), StoreError> {
    let sql = "select count(*) from pg_tables where schemaname = current_schema() and tablename = 'schema'";
    let rows = client.query(sql, &[]).await.map_err(|e| class(&e))?;
    if rows.first().is_none_or(|r| r.get::<_, i64>(0) == 0) {
        return Err(StoreError::Unreachable(
            "the database holds no store; run `trialgate migrate` to make its tables".into(),
        ));
    }
    let found = version_postgres(client).await?;
    check(found)?;
    not_older(found)
}

async fn version_postgres(client: &Client) -> Result<usize, StoreError> {
    let rows = client.query("select coalesce(max(version), 0) from schema", &[]).await.map_err(|e| class(&e))?;
    Ok(rows.first().map_or(0, |r| usize::try_from(r.get::<_, i64>(0)).unwrap_or(0)))
}
