//! Partitions in which a queue has work: each is looked at alone, so that a claim reads no more than it takes.

use super::contract::StoreError;
use super::tx::Tx;
use super::value::Value;

/// The partitions that a question names, in order. The question jumps from one to the next along an index.
pub(super) async fn with_work(tx: &mut impl Tx, sql: &'static str, args: &[Value]) -> Result<Vec<i64>, StoreError> {
    let mut places: Vec<i64> = tx.query(sql, args).await?.iter().map(|r| r.int(0)).collect::<Result<_, _>>()?;
    places.sort_unstable();
    Ok(places)
}

/// The order in which a claim goes: from a place that the random lease chooses, so that two processes seldom want the
/// same rows; then, only if nothing was found there, from the front. Rows are locked in one order, so none waits in a ring.
pub(super) fn halves(mut places: Vec<i64>, lease: &str) -> [Vec<i64>; 2] {
    let chosen = lease.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let start = if places.is_empty() { 0 } else { chosen % places.len() };
    let back = places.split_off(start);
    [back, places]
}

/// A count as an argument.
pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
