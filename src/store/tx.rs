//! What a verb needs of a database: one transaction in which statements run.

use super::contract::StoreError;
use super::group::Group;
use super::value::{Row, Value, wrong};
use crate::model::key::Item;
use std::future::Future;
use std::sync::Arc;

/// An open transaction (or, for questions, a read-only connection).
pub trait Tx: Send {
    /// Runs a statement with arguments `?1 … ?n` and returns its rows.
    fn query(&mut self, sql: &'static str, args: &[Value])
    -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// The same, each row given to `take` as it stands in the driver: for answers of many rows.
    fn each(
        &mut self,
        sql: &'static str,
        args: &[Value],
        take: &mut (impl FnMut(&dyn Columns) -> Result<(), StoreError> + Send),
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Runs a statement that answers no rows; how many rows it changed.
    fn execute(&mut self, sql: &'static str, args: &[Value]) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What this commit has touched so far.
    fn group(&mut self) -> &mut Group;
}

/// A row that is read in place, by column from 0.
pub trait Columns {
    /// A number or nothing.
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError>;

    /// Text or nothing.
    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError>;

    /// Bytes or nothing.
    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    /// A number.
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.maybe_int(column)?.ok_or_else(|| wrong(column, "number"))
    }

    /// The key of a resource or patient.
    fn item(&self, column: usize) -> Result<Item, StoreError> {
        let key = self.maybe_bytes(column)?.and_then(|b| b.try_into().ok());
        key.map(Item).ok_or_else(|| wrong(column, "key"))
    }
}

/// A value that is run whole in one transaction, or not at all.
pub trait Unit: Send + Sync + 'static {
    /// What it answers once the commit is durable.
    type Answer: Send + 'static;

    /// Bytes that it brings, so that a group of units stays small.
    fn weight(&self) -> usize {
        0
    }

    /// Runs it. An error, or `Undo`, rolls back what it did.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Done<Self::Answer>, StoreError>> + Send;
}

/// A unit that whoever wrote it wants to keep: a refusal names a part of it, and the rest is tried again.
impl<U: Unit> Unit for Arc<U> {
    type Answer = U::Answer;

    fn weight(&self) -> usize {
        (**self).weight()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        (**self).run(tx).await
    }
}

/// The answer of a unit, and whether what it wrote is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<A> {
    /// Keep what was written.
    Keep(A),
    /// Take back what was written; the answer stands.
    Undo(A),
}

/// A value that only reads.
pub trait Question: Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Runs it.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}
