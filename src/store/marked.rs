//! An import that moves its reader's cursor in the same commit.

use super::contract::{Import, ImportRefusal, Kept, StoreError};
use super::tx::{Done, Tx, Unit};
use super::units::SaveCursor;
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
