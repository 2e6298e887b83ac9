//! What goes, or is laid together, when its time is over.

use super::audit;
use super::contract::{Caller, StoreError};
use super::tx::{Done, Question, Tx, Unit};
use super::value::args;
use crate::model::time::Instant;

/// Lays the oldest day of the counts that lies before a day to what was counted earlier: sums, first and last stay, by code, unit
/// and way of sending. Answers whether there was one.
#[derive(Debug, Clone)]
pub struct LayTogether {
    /// Days from this one on stay, in days of UTC since 1970.
    pub before: i64,
}

impl Unit for LayTogether {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let sql = "select min(day) from usage where wide(partition) and day > 0 and day < ?1";
        let oldest = tx.query(sql, args![self.before]).await?.into_iter().next();
        let Some(day) = oldest.map(|r| r.maybe_int(0)).transpose()?.flatten() else { return Ok(Done::Keep(false)) };
        // Whoever deletes a row adds it: two processes at once count nothing twice.
        let sql = "delete from usage where wide(partition) and day = ?1 returning lane, source, code, unit, sent, count, first, last";
        for mut r in tx.query(sql, args![day]).await? {
            let (lane, source, code, unit) = (r.text(0)?, r.text(1)?, r.int(2)?, r.text(3)?);
            let (sent, count, first, last) = (r.int(4)?, r.int(5)?, r.int(6)?, r.int(7)?);
            tx.execute(
                "insert into usage (partition, lane, source, code, unit, sent, day, count, first, last,
                   clinical, clinical_hour, clinical_day, clinical_week, recorded, recorded_hour, recorded_day, recorded_week)
                 values (lane_part(?1), ?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, 0, 0, 0, 0, 0, 0, 0, 0)
                 on conflict (partition, lane, source, code, unit, sent, day) do update set count = usage.count + excluded.count,
                 first = case when excluded.first < usage.first then excluded.first else usage.first end,
                 last = case when excluded.last > usage.last then excluded.last else usage.last end",
                args![lane, source, code, unit, sent, count, first, last],
            )
            .await?;
        }
        Ok(Done::Keep(true))
    }
}

/// Deletes messages of HL7 v2 that came before a moment; what they stated stays. Answers how many.
#[derive(Debug, Clone)]
pub struct ForgetMessages {
    /// Messages from then on stay.
    pub before: Instant,
    /// At most so many at once.
    pub count: usize,
    /// Who asks, for the audit.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

impl Unit for ForgetMessages {
    type Answer = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        let sql = "delete from message where (partition, name) in
               (select partition, name from message where wide(partition) and at < ?1 order by at limit ?2)";
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let gone = tx.execute(sql, args![self.before, count]).await?;
        if gone > 0 {
            let detail = format!("{gone} messages of HL7 v2 that came before {}", self.before);
            let entry = audit::Entry { action: "forget", detail, person: None, caller: &self.caller, at: self.at };
            audit::append(tx, entry).await?;
        }
        Ok(Done::Keep(gone))
    }
}

/// The sources from which something ever came; answers `Vec<String>`.
#[derive(Debug, Clone)]
pub struct SourcesSeen {}

impl Question for SourcesSeen {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select distinct source from usage where wide(partition) order by source";
        tx.query(sql, &[]).await?.into_iter().map(|mut r| r.text(0)).collect()
    }
}
