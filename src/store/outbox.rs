//! What waits for the targets, in sums: for whoever watches the queues; and dead letters that are given up.

use super::audit;
use super::contract::{Caller, StoreError};
use super::tx::{Done, Question, Tx, Unit};
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

/// Dead letters are given up: no one sends them again, until a newer standing is wished there; answers how many.
#[derive(Debug, Clone)]
pub struct DropDead {
    /// Of this target.
    pub target: String,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

impl Unit for DropDead {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let sql = "update outbox set state = 3 where wide(partition) and state = 2 and target = ?1";
        let dropped = tx.execute(sql, args![self.target.as_str()]).await?;
        let detail = format!("{dropped} dead letters of {}", self.target);
        let entry = audit::Entry { action: "give up", detail, person: None, caller: &self.caller, at: self.at };
        audit::append(tx, entry).await?;
        Ok(Done::Keep(i64::try_from(dropped).unwrap_or(i64::MAX)))
    }
}
