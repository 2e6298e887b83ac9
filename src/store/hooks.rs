//! The counters of subscriptions: how many events each has told of.

use super::contract::StoreError;
use super::tx::{Done, Tx, Unit};
use super::value::args;
use crate::model::time::Instant;

/// A subscription told of events up to a number; answers up to which it had told before. The counter never goes back,
/// unless it is told to start anew.
#[derive(Debug, Clone)]
pub struct HearEvents {
    /// The source.
    pub source: String,
    /// The subscription.
    pub subscription: String,
    /// Up to here.
    pub events: i64,
    /// The subscription starts anew.
    pub anew: bool,
    /// Now.
    pub at: Instant,
}

impl Unit for HearEvents {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let (source, subscription) = (self.source.as_str(), self.subscription.as_str());
        // Whoever comes at the same time waits here for the row.
        let sql = "insert into hook (source, subscription, events, at) values (?1, ?2, 0, ?3)
                   on conflict (source, subscription) do update set at = excluded.at";
        tx.execute(sql, args![source, subscription, self.at]).await?;
        let sql = "select events from hook where source = ?1 and subscription = ?2";
        let rows = tx.query(sql, args![source, subscription]).await?;
        let before = rows.first().map_or(Ok(0), |row| row.int(0))?;
        let after = if self.anew { self.events } else { self.events.max(before) };
        let sql = "update hook set events = ?3 where source = ?1 and subscription = ?2";
        tx.execute(sql, args![source, subscription, after]).await?;
        Ok(Done::Keep(before))
    }
}
