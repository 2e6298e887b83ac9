//! What waits for the targets, in sums: for whoever watches the queues.

use super::contract::StoreError;
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::time::Instant;

/// The wishes to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSum {
    /// Its name.
    pub target: String,
    /// To be sent.
    pub waiting: i64,
    /// Dead letters.
    pub dead: i64,
    /// Since when the oldest of those that fail has failed.
    pub failing_since: Option<Instant>,
}

/// Sums by target; answers `Vec<TargetSum>`. A wide read.
#[derive(Debug, Clone)]
pub struct TargetSums {}

impl Question for TargetSums {
    type Answer = Vec<TargetSum>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select target, cast(sum(case when state = 1 then 1 else 0 end) as bigint), cast(sum(case when state = 2 then 1 else 0 end) as bigint),
               min(first_failed) from outbox where wide(partition) and state in (1, 2) group by target order by target";
        let rows = tx.query(sql, &[]).await?;
        rows.into_iter()
            .map(|mut r| {
                let failing_since = r.maybe_int(3)?.map(Instant);
                Ok(TargetSum { target: r.text(0)?, waiting: r.int(1)?, dead: r.int(2)?, failing_since })
            })
            .collect()
    }
}

/// The words with which targets refused, the most frequent first; answers `Vec<(target, words, count)>`. A wide read.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// At most so many.
    pub count: usize,
}

impl Question for DeadLetters {
    type Answer = Vec<(String, String, i64)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select target, coalesce(answer, ''), count(*) from outbox where wide(partition) and state = 2
             group by target, coalesce(answer, '') order by 3 desc, 1, 2 limit ?1";
        let rows = tx.query(sql, args![i64::try_from(self.count).unwrap_or(i64::MAX)]).await?;
        rows.into_iter().map(|mut r| Ok((r.text(0)?, r.text(1)?, r.int(2)?))).collect()
    }
}
