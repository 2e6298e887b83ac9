//! What each source sent day by day: for whoever watches a feed.

use super::contract::StoreError;
use super::tx::{Question, Tx};
use super::value::{Row, args};
use crate::model::code::Coding;
use crate::model::time::Instant;

/// What a source sent in a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDay {
    /// Source.
    pub source: String,
    /// Day of the known time, in days of UTC since 1970.
    pub day: i64,
    /// How many facts.
    pub count: i64,
    /// The newest.
    pub last: Instant,
}

/// What a source sent in a day of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeDay {
    /// Source, day, how many, the newest.
    pub sum: SourceDay,
    /// Code as received.
    pub code: Coding,
}

/// The last days of every code of every source, back from the newest in which it came; answers `Vec<CodeDay>`, by source and code.
#[derive(Debug, Clone)]
pub struct CodeDays {
    /// How many days.
    pub days: i64,
}

impl Question for CodeDays {
    type Answer = Vec<CodeDay>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select u.source, u.day, cast(sum(u.count) as bigint), max(u.last), c.system, c.word
             from usage u join code c on c.code = u.code
             join (select source, code, max(day) as newest from usage where wide(partition) group by source, code) n
               on n.source = u.source and n.code = u.code
             where wide(u.partition) and u.day > n.newest - ?1 and u.day > 0
             group by u.source, u.day, c.system, c.word order by u.source, c.system, c.word, u.day";
        let rows = tx.query(sql, args![self.days]).await?;
        rows.into_iter()
            .map(|mut r| Ok(CodeDay { sum: sum(&mut r)?, code: Coding::new(r.text(4)?, r.text(5)?) }))
            .collect()
    }
}

fn sum(r: &mut Row) -> Result<SourceDay, StoreError> {
    Ok(SourceDay { source: r.text(0)?, day: r.int(1)?, count: r.int(2)?, last: r.instant(3)? })
}

/// What a source sent in a day of one code in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedDay {
    /// Source, day, how many, the newest.
    pub sum: SourceDay,
    /// Code as received.
    pub code: Coding,
    /// Unit as written; empty: none.
    pub unit: String,
    /// The unit was sent as a word.
    pub word: bool,
    /// How many have a clinical time, and were known within an hour, a day, a week of it.
    pub clinical: [i64; 4],
    /// The same of the recorded time.
    pub recorded: [i64; 4],
}

/// The same by unit too; answers `Vec<FeedDay>`, oldest first.
#[derive(Debug, Clone)]
pub struct FeedDays {
    /// How many days.
    pub days: i64,
}

impl Question for FeedDays {
    type Answer = Vec<FeedDay>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select u.source, u.day, cast(sum(u.count) as bigint), max(u.last), c.system, c.word, u.unit, case when u.sent = 2 then 1 else 0 end,
               cast(sum(u.clinical) as bigint), cast(sum(u.clinical_hour) as bigint), cast(sum(u.clinical_day) as bigint), cast(sum(u.clinical_week) as bigint),
               cast(sum(u.recorded) as bigint), cast(sum(u.recorded_hour) as bigint), cast(sum(u.recorded_day) as bigint), cast(sum(u.recorded_week) as bigint)
             from usage u join code c on c.code = u.code
             join (select source, code, max(day) as newest from usage where wide(partition) group by source, code) n
               on n.source = u.source and n.code = u.code
             where wide(u.partition) and u.day > n.newest - ?1 and u.day > 0
             group by u.source, u.day, c.system, c.word, u.unit, case when u.sent = 2 then 1 else 0 end order by u.source, u.day, c.system, c.word, u.unit, 8";
        let rows = tx.query(sql, args![self.days]).await?;
        rows.into_iter()
            .map(|mut r| {
                Ok(FeedDay {
                    sum: sum(&mut r)?,
                    code: Coding::new(r.text(4)?, r.text(5)?),
                    unit: r.text(6)?,
                    word: r.int(7)? == 1,
                    clinical: [r.int(8)?, r.int(9)?, r.int(10)?, r.int(11)?],
                    recorded: [r.int(12)?, r.int(13)?, r.int(14)?, r.int(15)?],
                })
            })
            .collect()
    }
}
