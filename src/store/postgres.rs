//! The PostgreSQL driver: a connection as a transaction of the verbs. A unit is one transaction; whatever is in doubt is closed.

use super::contract::StoreError;
use super::dialect;
use super::group::Group;
use super::tx::{Columns, Done, Question, Tx, Unit};
use super::usage;
use super::value::{Row, Value, wrong};
use bytes::BytesMut;
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

/// How long one statement may run in a unit, waiting for locks included; then the unit answers `Busy`.
pub(super) const STATEMENT: Duration = Duration::from_secs(30);
/// How long one statement of a question may run: wide reads walk whole tables.
pub(super) const QUESTION: Duration = Duration::from_secs(300);
/// How much longer than the server's own bound an answer is waited for; then the server is taken for gone.
const GRACE: Duration = Duration::from_secs(5);

/// How a unit ended on one connection.
pub(super) enum Turn<A> {
    /// With this answer. The connection is as good as before.
    Ended(Result<A, StoreError>),
    /// With this failure, and the connection is to be closed.
    Lost(StoreError),
    /// A rival was in the way and nothing was written: the unit may be run again.
    Again,
    /// The connection was gone before the commit, so nothing was written: run it again on another one.
    Elsewhere(StoreError),
}

/// A connection on which verbs run.
pub(super) struct PostgresTx {
    client: Client,
    /// Statements prepared on this connection, by address and length of their text.
    statements: HashMap<(usize, usize), Statement>,
    group: Group,
    patience: Duration,
    /// A statement of the open transaction failed, and why that may pass by itself.
    failed: Option<Failure>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// A rival won, or a ring of waiters was broken.
    Rival,
    /// The connection is gone or does not answer.
    Gone,
    /// Anything else.
    Other,
}

impl PostgresTx {
    /// A connection; `place` is its number among those that this process writes with.
    pub(super) fn new(client: Client, place: usize, patience: Duration) -> Self {
        let group = Group { counts: place.to_string(), ..Group::default() };
        Self { client, statements: HashMap::new(), group, patience: patience + GRACE, failed: None }
    }

    /// Whether the server has ended it.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What the last commit has touched.
    pub(super) fn memory(&self) -> &Group {
        &self.group
    }

    /// Statements without arguments or rows.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let asked = tokio::time::timeout(self.patience, self.client.batch_execute(sql)).await;
        self.heard(asked)
    }

    /// Runs a unit as one transaction.
    pub(super) async fn unit<U: Unit>(&mut self, unit: &U) -> Turn<U::Answer> {
        self.failed = None;
        self.group.begin();
        // Later statements see what rivals have committed meanwhile: the verbs are made for that.
        if let Err(error) = self.batch("begin isolation level read committed").await {
            return Turn::Elsewhere(error);
        }
        let ran = match unit.run(self).await {
            Ok(Done::Keep(answer)) => {
                self.group.keep_unit();
                usage::write(self).await.map(|()| Done::Keep(answer))
            }
            other => other,
        };
        match (ran, self.failed) {
            (Ok(Done::Keep(answer)), None) => self.commit(answer).await,
            (_, Some(Failure::Gone)) => {
                Turn::Elsewhere(StoreError::Unreachable("the connection ended before the commit".into()))
            }
            (Ok(Done::Undo(answer)), None) => self.take_back(Ok(answer)).await,
            (Err(StoreError::Busy), None | Some(Failure::Rival)) => match self.take_back(Ok(())).await {
                Turn::Ended(_) => Turn::Again,
                _ => Turn::Elsewhere(StoreError::Busy),
            },
            (Err(error), _) => self.take_back(Err(error)).await,
            (Ok(_), Some(_)) => {
                let words = "a verb went on after a statement that failed; what it wrote was taken back";
                self.take_back(Err(StoreError::Corrupt(words.into()))).await
            }
        }
    }

    async fn commit<A>(&mut self, answer: A) -> Turn<A> {
        match self.batch("commit").await {
            Ok(()) => {
                self.group.committed();
                Turn::Ended(Ok(answer))
            }
            // Whether it was written is unknown: this connection, and its audit lane, are not used again.
            Err(StoreError::Full) => Turn::Lost(StoreError::Full),
            Err(error) => Turn::Lost(StoreError::Unknown(error.to_string())),
        }
    }

    async fn take_back<A>(&mut self, answer: Result<A, StoreError>) -> Turn<A> {
        self.group.undo_unit();
        match (self.batch("rollback").await, answer) {
            (Ok(()), answer) => Turn::Ended(answer),
            (Err(_), Err(error)) => Turn::Lost(error),
            // What the answer says was decided before, and nothing is written either way.
            (Err(error), Ok(_)) => Turn::Elsewhere(error),
        }
    }

    /// Answers a question in a snapshot of its own.
    pub(super) async fn question<Q: Question>(&mut self, question: &Q) -> Turn<Q::Answer> {
        self.failed = None;
        if let Err(error) = self.batch("begin isolation level repeatable read read only").await {
            return Turn::Elsewhere(error);
        }
        let answer = question.run(self).await;
        match (answer, self.failed) {
            (Err(error), Some(Failure::Gone)) => Turn::Elsewhere(error),
            (answer, _) => match self.batch("rollback").await {
                Ok(()) => Turn::Ended(answer),
                Err(error) => Turn::Elsewhere(error),
            },
        }
    }

    async fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        let place = (sql.as_ptr().addr(), sql.len());
        if let Some(known) = self.statements.get(&place) {
            return Ok(known.clone());
        }
        let text = dialect::postgres(sql);
        let asked = tokio::time::timeout(self.patience, self.client.prepare(&text)).await;
        let statement = self.heard(asked)?;
        self.statements.insert(place, statement.clone());
        Ok(statement)
    }

    /// Notes what an answer says of the transaction.
    fn heard<T>(
        &mut self,
        asked: Result<Result<T, tokio_postgres::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        let (failure, error) = match asked {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => (failure(&error, self.client.is_closed()), class(&error)),
            Err(_) => (Failure::Gone, StoreError::Unreachable("the database server does not answer".into())),
        };
        self.failed.get_or_insert(failure);
        Err(error)
    }
}

impl Tx for PostgresTx {
    async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql).await?;
        let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|v| v as _).collect();
        let asked = tokio::time::timeout(self.patience, self.client.query(&statement, &args)).await;
        self.heard(asked)?.iter().map(row).collect()
    }

    async fn each(
        &mut self,
        sql: &'static str,
        args: &[Value],
        take: &mut (impl FnMut(&dyn Columns) -> Result<(), StoreError> + Send),
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql).await?;
        let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|v| v as _).collect();
        let asked = tokio::time::timeout(self.patience, self.client.query(&statement, &args)).await;
        self.heard(asked)?.iter().try_for_each(|row| take(row))
    }

    async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql).await?;
        let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|v| v as _).collect();
        let asked = tokio::time::timeout(self.patience, self.client.execute(&statement, &args)).await;
        self.heard(asked)
    }

    fn group(&mut self) -> &mut Group {
        &mut self.group
    }
}

impl Columns for tokio_postgres::Row {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(|_| wrong(column, "number"))
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.try_get(column).map_err(|_| wrong(column, "text"))
    }

    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        self.try_get(column).map_err(|_| wrong(column, "bytes"))
    }
}

/// A row of the server as values.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let wrong = |e: tokio_postgres::Error| StoreError::Corrupt(e.to_string());
    let mut values = Vec::with_capacity(row.len());
    for (c, column) in row.columns().iter().enumerate() {
        values.push(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(c).map_err(wrong)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(c).map_err(wrong)?.map(i64::from).into(),
            Type::TEXT | Type::NAME => row.try_get::<_, Option<String>>(c).map_err(wrong)?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(c).map_err(wrong)?.into(),
            ref other => return Err(StoreError::Corrupt(format!("column {c} of an answer is of type {other}"))),
        });
    }
    Ok(Row(values))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(n), &Type::INT4) => i32::try_from(*n)?.to_sql(kind, out),
            (Self::Int(n), &Type::INT8) => n.to_sql(kind, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(kind, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            _ => Err(format!("an argument is not of the statement's type {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn failure(error: &tokio_postgres::Error, closed: bool) -> Failure {
    if closed || error.is_closed() {
        return Failure::Gone;
    }
    match error.code().map_or("", |c| c.code()) {
        // Serialization, deadlock, and a key that a rival has just made.
        "40001" | "40P01" | "23505" => Failure::Rival,
        code if code.starts_with("57P") || code.starts_with("08") => Failure::Gone,
        _ => Failure::Other,
    }
}

/// The kind of a failure; the words name no value.
pub(super) fn class(error: &tokio_postgres::Error) -> StoreError {
    let Some(fault) = error.as_db_error() else {
        let io = error.is_closed() || error.source().is_some_and(|s| s.is::<std::io::Error>());
        let words = error.source().map_or_else(|| error.to_string(), |s| format!("{error}: {s}"));
        return if io { StoreError::Unreachable(words) } else { StoreError::Corrupt(words) };
    };
    let words = format!("{} ({})", fault.message(), fault.code().code());
    match fault.code().code() {
        "40001" | "40P01" | "23505" | "55P03" | "57014" => StoreError::Busy,
        "53100" => StoreError::Full,
        // Connections, resources, an operator's doing, the system below, a standby, rights, log-in, no such database.
        "25006" | "42501" | "3D000" | "58030" => StoreError::Unreachable(words),
        code if ["08", "53", "57", "28"].iter().any(|class| code.starts_with(class)) => StoreError::Unreachable(words),
        _ => StoreError::Corrupt(words),
    }
}
