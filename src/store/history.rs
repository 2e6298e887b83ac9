//! The versions of one resource, or of all of a type, newest first, in pages.

use super::contract::{StoreError, Stored};
use super::find::stored;
use super::tx::{Question, Tx};
use super::value::{Value, args};
use crate::model::key::Item;
use crate::model::time::Instant;

/// Where a page ended: known time, item, version.
pub type Last = (Instant, Item, i64);

/// A page of versions; answers [`Versions`].
#[derive(Debug, Clone)]
pub struct History {
    /// Source.
    pub source: String,
    /// Type.
    pub resource_type: String,
    /// Id; `None`: of all resources of the type, a wide read.
    pub id: Option<String>,
    /// Only what became known at or after this.
    pub since: Instant,
    /// Only what was known up to here, so that a walk is not disturbed.
    pub until: Instant,
    /// Where the page before ended.
    pub after: Option<Last>,
    /// At most so many.
    pub count: usize,
}

/// Versions, newest first.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// The versions; those that came late are among them.
    pub versions: Vec<Stored>,
    /// Where the next page starts, when there is one.
    pub next: Option<Last>,
}

impl Question for History {
    type Answer = Versions;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Versions, StoreError> {
        let after = self.after.unwrap_or((self.until.plus_us(1), Item([0; 16]), i64::MAX));
        let count = i64::try_from(self.count.saturating_add(1)).unwrap_or(i64::MAX);
        let rows = match &self.id {
            // Versions rise with known time; those of one resource are told apart by version alone.
            Some(id) => {
                let item = Item::of(&self.source, &self.resource_type, id);
                let sql = "select id, version, known, state, body, item from resource
                           where partition = part(?1) and item = ?1 and version < ?2 and known >= ?3 and known <= ?4 order by version desc limit ?5";
                tx.query(sql, args![item, after.2, self.since, self.until, count]).await?
            }
            None => {
                let sql = "select id, version, known, state, body, item from resource
                           where wide(partition) and (known, item, version) < (?1, ?2, ?3) and known >= ?4 and type = ?5 and source = ?6
                           order by known desc, item desc, version desc limit ?7";
                let arguments: [Value; 7] = [
                    after.0.into(),
                    after.1.into(),
                    after.2.into(),
                    self.since.into(),
                    self.resource_type.as_str().into(),
                    self.source.as_str().into(),
                    count.into(),
                ];
                tx.query(sql, &arguments).await?
            }
        };
        let more = rows.len() > self.count;
        let mut page = Versions::default();
        let mut last = None;
        for mut row in rows.into_iter().take(self.count) {
            last = Some((row.instant(2)?, row.item(5)?, row.int(1)?));
            page.versions.push(stored(&mut row)?);
        }
        page.next = last.filter(|_| more);
        Ok(page)
    }
}
