//! What is set aside, for people: a list without bodies, one row, and sums by source.

use super::contract::{SetAside, StoreError};
use super::questions::SetAsideRow;
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::time::Instant;

/// State of a row that waits.
pub const OPEN: i64 = 0;
/// State of a row that was replayed.
pub const REPLAYED: i64 = 1;
/// State of a row that somebody dismissed: the highest of all states.
pub const DISMISSED: i64 = 2;

/// A row as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideHead {
    /// Number, in order of arrival.
    pub arrival: i64,
    /// When.
    pub at: Instant,
    /// Source.
    pub source: String,
    /// Why.
    pub reason: String,
    /// File and line, page, or message.
    pub place: String,
    /// Bytes of the body.
    pub bytes: i64,
    /// 0 open, 1 replayed, 2 dismissed.
    pub state: i64,
}

/// Rows in order of arrival; answers `Vec<AsideHead>`.
#[derive(Debug, Clone, Default)]
pub struct AsideList {
    /// Of one source.
    pub source: Option<String>,
    /// Whose reason holds these words, letter by letter.
    pub reason: Option<String>,
    /// Since when.
    pub since: Option<Instant>,
    /// Those that were replayed or dismissed too.
    pub closed: bool,
    /// After this arrival; 0: from the start.
    pub after: i64,
    /// At most so many.
    pub count: usize,
}

impl Question for AsideList {
    type Answer = Vec<AsideHead>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select arrival, at, source, reason, place, cast(length(body) as bigint), state
             from set_aside where partition = 0 and arrival > ?1 and state <= ?2 and (source = ?3 or ?3 is null)
             and (replace(reason, ?4, '') <> reason or ?4 is null) and (at >= ?5 or ?5 is null) order by arrival limit ?6";
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let args = args![
            self.after,
            if self.closed { DISMISSED } else { OPEN },
            self.source.clone(),
            self.reason.clone(),
            self.since,
            count
        ];
        let rows = tx.query(sql, args).await?;
        rows.into_iter()
            .map(|mut r| {
                Ok(AsideHead {
                    arrival: r.int(0)?,
                    at: r.instant(1)?,
                    source: r.text(2)?,
                    reason: r.text(3)?,
                    place: r.text(4)?,
                    bytes: r.int(5)?,
                    state: r.int(6)?,
                })
            })
            .collect()
    }
}

/// One row with its body and state; answers `Option<(SetAsideRow, i64)>`.
#[derive(Debug, Clone)]
pub struct AsideOne {
    /// Its number.
    pub arrival: i64,
}

impl Question for AsideOne {
    type Answer = Option<(SetAsideRow, i64)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select arrival, at, source, reason, place, body, state from set_aside where partition = 0 and arrival = ?1";
        let row = tx.query(sql, args![self.arrival]).await?.into_iter().next();
        row.map(|mut r| {
            let (arrival, at) = (r.int(0)?, r.instant(1)?);
            let aside = SetAside { source: r.text(2)?, reason: r.text(3)?, place: r.text(4)?, body: r.bytes(5)? };
            Ok((SetAsideRow { arrival, at, aside }, r.int(6)?))
        })
        .transpose()
    }
}

/// How many are open, by source, and since when; answers `Vec<(String, i64, Instant)>`.
#[derive(Debug, Clone)]
pub struct AsideSums {}

impl Question for AsideSums {
    type Answer = Vec<(String, i64, Instant)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select source, count(*), min(at) from set_aside where partition = 0 and state = 0 group by source order by source";
        let rows = tx.query(sql, &[]).await?;
        rows.into_iter().map(|mut r| Ok((r.text(0)?, r.int(1)?, r.instant(2)?))).collect()
    }
}
