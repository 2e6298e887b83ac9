//! The SQLite driver: a connection as a transaction of the verbs. WAL, `synchronous=FULL`, statements kept prepared.

use super::contract::StoreError;
use super::dialect::{self, Texts};
use super::group::Group;
use super::tx::{Columns, Done, Question, Tx, Unit};
use super::value::{Row, Value, wrong};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// Pages of log after which SQLite moves them into the file: rare enough that hot pages move once.
const CHECKPOINT_PAGES: i64 = 16_000;
/// Memory for pages of the writer and of each reader, in KiB: little, for the operating system keeps the file in its own.
const WRITER_CACHE: i64 = 24 << 10;
const READER_CACHE: i64 = 4 << 10;
/// How long a reader or an opener waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// A connection on which verbs run.
pub(super) struct SqliteTx {
    connection: Connection,
    texts: Texts,
    group: Group,
}

impl SqliteTx {
    /// Opens a file for writing; no other process may write it meanwhile.
    pub(super) fn writer(path: &Path, create: bool) -> Result<Self, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = open(path, flags)?;
        connection
            .execute_batch(&format!(
                "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = {CHECKPOINT_PAGES}; \
                 pragma cache_size = -{WRITER_CACHE}; pragma temp_store = memory; pragma secure_delete = fast;"
            ))
            .map_err(|e| class(&e))?;
        Ok(Self { connection, texts: Texts::of(dialect::sqlite), group: Group::default() })
    }

    /// Opens a file for reading beside whoever writes it.
    pub(super) fn reader(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = open(path, flags)?;
        connection
            .execute_batch(&format!("pragma query_only = on; pragma cache_size = -{READER_CACHE};"))
            .map_err(|e| class(&e))?;
        Ok(Self { connection, texts: Texts::of(dialect::sqlite), group: Group::default() })
    }

    /// An empty database in memory.
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory().map_err(|e| class(&e))?;
        Ok(Self { connection, texts: Texts::of(dialect::sqlite), group: Group::default() })
    }

    /// The connection alone, for what is no verb.
    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Statements without arguments or rows.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|e| class(&e))
    }

    /// Runs a unit inside a savepoint of the open transaction.
    pub(super) fn unit<U: Unit>(&mut self, unit: &U) -> Result<U::Answer, StoreError> {
        if self.connection.is_autocommit() {
            // SQLite ends a transaction by itself when the disk fails; nothing may be written outside of one.
            return Err(StoreError::Unknown("the transaction has ended".into()));
        }
        self.statement("savepoint unit")?;
        self.group.begin_unit();
        // A fault in one unit costs that unit, never the writer.
        let answer = catch_unwind(AssertUnwindSafe(|| now(unit.run(self))))
            .unwrap_or_else(|_| Err(StoreError::Corrupt("a unit panicked; what it wrote was taken back".into())));
        self.group.full |= matches!(answer, Err(StoreError::Full));
        if let Ok(Done::Keep(_)) = &answer {
            self.statement("release unit")?;
            self.group.keep_unit();
        } else {
            self.statement("rollback to unit")?;
            self.statement("release unit")?;
            self.group.undo_unit();
        }
        match answer? {
            Done::Keep(answer) | Done::Undo(answer) => Ok(answer),
        }
    }

    /// Answers a question in a snapshot of its own.
    pub(super) fn question<Q: Question>(&mut self, question: &Q) -> Result<Q::Answer, StoreError> {
        self.statement("begin")?;
        let answer = now(question.run(self));
        self.statement("commit")?;
        answer
    }

    fn statement(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(|e| class(&e))
    }

    /// Whoever held a lease in this file is gone, for one process alone has it open. Where there is no room for that, the
    /// leases run out by themselves.
    pub(super) fn forget_leases(&mut self) {
        let _ = self.statement("delete from cursor where substr(name, 1, 6) = 'lease/'");
    }

    /// The memory of the commit.
    pub(super) fn memory(&mut self) -> &mut Group {
        &mut self.group
    }

    /// Runs what the driver itself writes, inside the open transaction.
    pub(super) fn run<T>(
        &mut self,
        verb: impl AsyncFnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        now(verb(self))
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags).map_err(|e| class(&e))?;
    connection.busy_timeout(BUSY).map_err(|e| class(&e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement is planned anew for each value that it is given.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|e| class(&e))?;
    Ok(connection)
}

/// SQLite answers at once, so its futures are done at the first asking.
fn now<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(StoreError::Corrupt("a verb waited for something that is no database".into())),
    }
}

impl Columns for rusqlite::Row<'_> {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get_ref_unwrap(column) {
            ValueRef::Integer(n) => Ok(Some(n)),
            ValueRef::Null => Ok(None),
            _ => Err(wrong(column, "number")),
        }
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get_ref_unwrap(column) {
            ValueRef::Text(text) => std::str::from_utf8(text).map(Some).map_err(|_| wrong(column, "text")),
            ValueRef::Null => Ok(None),
            _ => Err(wrong(column, "text")),
        }
    }

    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.get_ref_unwrap(column) {
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            ValueRef::Null => Ok(None),
            _ => Err(wrong(column, "bytes")),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Tx for SqliteTx {
    async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(&self.texts.get(sql)).map_err(|e| class(&e))?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(|e| class(&e))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|e| class(&e))? {
            found.push(Row((0..columns).map(|c| value(row.get_ref_unwrap(c))).collect()));
        }
        Ok(found)
    }

    async fn each(
        &mut self,
        sql: &'static str,
        args: &[Value],
        take: &mut (impl FnMut(&dyn Columns) -> Result<(), StoreError> + Send),
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(&self.texts.get(sql)).map_err(|e| class(&e))?;
        let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(|e| class(&e))?;
        while let Some(row) = rows.next().map_err(|e| class(&e))? {
            take(row)?;
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(&self.texts.get(sql)).map_err(|e| class(&e))?;
        let changed = statement.execute(rusqlite::params_from_iter(args)).map_err(|e| class(&e))?;
        Ok(changed as u64)
    }

    fn group(&mut self) -> &mut Group {
        &mut self.group
    }
}

pub(super) fn value(column: ValueRef<'_>) -> Value {
    match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        // No statement of the store makes a float; should one appear, its reader says that it is no number.
        ValueRef::Real(_) => Value::Text("a float".into()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// The kind of a failure; the words name no value.
pub(super) fn class(error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, words) = error else {
        return StoreError::Corrupt(error.to_string());
    };
    let words = words.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::Unreachable(words),
        ErrorCode::SystemIoFailure => StoreError::Unknown(words),
        _ => StoreError::Corrupt(words),
    }
}
