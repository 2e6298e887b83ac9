//! An import that moves its reader's cursor in the same commit, and what such a reader had set aside before it was killed.

use super::contract::{Import, ImportRefusal, Kept, StoreError};
use super::tx::{Done, Question, Tx, Unit};
use super::units::SaveCursor;
use super::value::args;
use crate::model::time::Instant;
use std::sync::Arc;

/// What the cursor says once these are kept.
pub type CursorAfter = Arc<dyn Fn(&[Kept]) -> SaveCursor + Send + Sync>;

/// Keeps resources and moves a cursor, both or neither; answers as [`Import`] does.
pub struct ImportMarked {
    /// What is kept.
    pub import: Arc<Import>,
    /// Where the reader stands afterwards.
    pub cursor: CursorAfter,
}

impl Unit for ImportMarked {
    type Answer = Result<Vec<Kept>, ImportRefusal>;

    fn weight(&self) -> usize {
        self.import.weight()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let done = self.import.run(tx).await?;
        if let Done::Keep(Ok(kept)) = &done {
            let cursor = (self.cursor)(kept);
            cursor.run(tx).await?;
        }
        Ok(done)
    }
}

/// The newest places of a file that were set aside since a moment; answers `Vec<String>`.
#[derive(Debug, Clone)]
pub struct AsideOf {
    /// The source.
    pub source: String,
    /// How the places begin.
    pub prefix: String,
    /// Since when.
    pub since: Instant,
    /// At most so many.
    pub count: usize,
}

impl Question for AsideOf {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select place from set_aside where partition = 0 and source = ?1 and at >= ?2 and substr(place, 1, ?3) = ?4 order by arrival desc limit ?5";
        let (chars, count) = (self.prefix.chars().count() as i64, i64::try_from(self.count).unwrap_or(i64::MAX));
        let rows = tx.query(sql, args![self.source.as_str(), self.since, chars, self.prefix.as_str(), count]).await?;
        rows.into_iter().map(|mut r| r.text(0)).collect()
    }
}
