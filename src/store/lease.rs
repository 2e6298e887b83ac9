//! Leases of work that one process does at a time.

use super::contract::StoreError;
use super::tx::{Done, Tx, Unit};
use super::value::args;
use crate::model::time::Instant;

/// Takes or renews a lease; answers whether it is held now, or another holds it still.
#[derive(Debug, Clone)]
pub struct TakeLease {
    /// Of what.
    pub name: String,
    /// Who.
    pub holder: String,
    /// Until when it holds.
    pub until: Instant,
    /// Now.
    pub at: Instant,
}

impl Unit for TakeLease {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        // Whoever comes at the same time waits here for the row.
        let sql = "insert into cursor (name, value, at) values (?1, ?2, ?3)
                   on conflict (name) do update set value = excluded.value, at = excluded.at where cursor.value = excluded.value or cursor.at <= ?4";
        let args = args![self.name.as_str(), self.holder.as_str(), self.until, self.at];
        Ok(Done::Keep(tx.execute(sql, args).await? > 0))
    }
}
