//! What a verb needs of a database: one transaction in which statements run.

use super::contract::StoreError;
use super::group::Group;
use super::value::{Row, Value};
use std::future::Future;
use std::sync::Arc;

/// An open transaction (or, for questions, a read-only connection).
pub trait Tx: Send {
    /// Runs a statement with arguments `?1 … ?n` and returns its rows.
    fn query(&mut self, sql: &'static str, args: &[Value])
    -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// The same, without the rows of which `keep` says no by their first two columns, which are numbers.
    fn query_where(
        &mut self,
        sql: &'static str,
        args: &[Value],
        keep: &(impl Fn(i64, i64) -> bool + Sync),
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Runs a statement that answers no rows; how many rows it changed.
    fn execute(&mut self, sql: &'static str, args: &[Value]) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What this commit has touched so far.
    fn group(&mut self) -> &mut Group;
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
