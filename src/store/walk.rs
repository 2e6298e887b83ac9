//! Searching kept resources in pages: who belongs to the walk is fixed when it begins, what is shown is what is current.
//!
//! A resource belongs to a walk by the version that was current at its beginning, and stands where that version stands;
//! so it is met once, whatever is written meanwhile. What was deleted meanwhile is not shown. Known time alone (`until`)
//! does not tell what was there: a version may be known before the walk began and committed after its first page was
//! read. So the first page also notes which transactions it sees (`seen`), and the later ones see no other.

use super::body;
use super::contract::{Narrow, StoreError, Stored};
use super::tx::{Question, Tx};
use super::value::{Row, Value, args};
use crate::model::draft::ResourceType;
use crate::model::key::Item;
use crate::model::time::Instant;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A version that was known so long before a walk began was committed by then, whatever `seen` says: no transaction lasts
/// longer, and a database that was restored from a copy numbers its transactions anew.
const SETTLED_US: i64 = 10 * 60 * 1_000_000;
/// Candidates read in one step.
const STEP: i64 = 500;

/// What a judge is made of.
type Test = dyn Fn(&Stored) -> Option<i64> + Send + Sync;

/// The asker's test of a resource: `None` it does not fit, else the key by which [`Order::Key`] sorts.
#[derive(Clone)]
pub struct Judge(pub Arc<Test>);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}

/// In which order a walk goes; ties by item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By known time, oldest first.
    Known,
    /// By known time, newest first.
    KnownDown,
    /// By the judge's key, smallest first. Looks at all candidates for each page.
    Key,
    /// By the judge's key, greatest first.
    KeyDown,
}

impl Order {
    fn down(self) -> bool {
        matches!(self, Self::KnownDown | Self::KeyDown)
    }
}

/// A place in a walk: the known time or key, and the item.
pub type Place = (i64, Item);

/// A page of a walk; answers [`Walked`].
#[derive(Debug, Clone)]
pub struct Walk {
    /// What narrows it.
    pub narrow: Narrow,
    /// Known time of the version by which a resource belongs to the walk: from, to.
    pub known: (Instant, Instant),
    /// When the walk began.
    pub until: Instant,
    /// Which transactions its first page saw, as [`Walked::seen`] said; `None`: this is the first page.
    pub seen: Option<Arc<str>>,
    /// The test; `None`: all fit.
    pub judge: Option<Judge>,
    /// The order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// Resources at most; 0: only count them.
    pub count: usize,
    /// Bodies that are looked at, at most.
    pub looks: usize,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Walked {
    /// The resources as they are now.
    pub resources: Vec<Stored>,
    /// Where the next page starts, when there may be one.
    pub next: Option<Place>,
    /// Which transactions the first page saw.
    pub seen: Arc<str>,
    /// How many fit.
    pub fitting: u64,
    /// The bound on looks was met before the end of the page, or of the count.
    pub cut: bool,
}

/// A version by which a resource belongs to the walk.
struct Candidate {
    known: Instant,
    item: Item,
    version: i64,
    id: String,
    superseded: bool,
    body: Vec<u8>,
}

fn candidate(row: &mut Row) -> Result<Candidate, StoreError> {
    Ok(Candidate {
        known: row.instant(0)?,
        item: row.item(1)?,
        version: row.int(2)?,
        id: row.text(3)?,
        superseded: row.int(4)? == 2,
        body: row.bytes(5)?,
    })
}

/// These columns of the version of a resource that was current at a moment.
macro_rules! as_of {
    ($columns:literal) => {
        concat!(
            "select ",
            $columns,
            " from resource r where partition = part(?1) and item = ?1 and state in (1, 2, 3) and known <= ?2 and type = ?3 and source = ?4
             and (known <= ?5 or entered(r ?6)) order by version desc limit 1"
        )
    };
}

impl Question for Walk {
    type Answer = Walked;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Walked, StoreError> {
        let kind = self.narrow.resource_type;
        let seen = match &self.seen {
            Some(seen) => seen.clone(),
            None => seen_now(tx).await?,
        };
        let walked = Walked { resources: Vec::new(), next: None, seen, fitting: 0, cut: false };
        let mut page = Page { walk: self, looked: 0, walked };
        match (self.narrow.items(tx).await?, self.order) {
            (Some(items), Order::Known | Order::KnownDown) => self.among(tx, kind, items, &mut page).await?,
            (Some(items), _) => self.sorted(tx, kind, items, &mut page).await?,
            (None, Order::Known | Order::KnownDown) => self.all(tx, kind, &mut page).await?,
            // Sorting everything by a key would look at everything for each page.
            (None, _) => page.walked.cut = true,
        }
        Ok(page.walked)
    }
}

/// Which transactions a question sees.
async fn seen_now(tx: &mut impl Tx) -> Result<Arc<str>, StoreError> {
    let rows = tx.query("select entered_now()", &[]).await?;
    match rows.into_iter().next() {
        Some(mut row) => Ok(row.text(0)?.into()),
        None => Err(StoreError::Corrupt("the database does not say which transactions it sees".into())),
    }
}

impl Walk {
    /// Everything that is there now, in the order of its known times, so many to a page.
    pub fn through(narrow: Narrow, count: usize) -> Self {
        Self {
            narrow,
            known: (Instant::MIN, Instant::MAX),
            until: Instant::MAX,
            seen: None,
            judge: None,
            order: Order::Known,
            after: None,
            count,
            looks: usize::MAX,
        }
    }

    /// The version that was current when the walk began, if there was one.
    async fn as_of(
        &self,
        tx: &mut impl Tx,
        kind: ResourceType,
        item: Item,
        seen: &str,
    ) -> Result<Option<Candidate>, StoreError> {
        let row = self.newest(tx, as_of!("known, item, version, id, state, body"), 4, kind, item, seen).await?;
        row.map(|mut row| candidate(&mut row)).transpose()
    }

    /// The row of that version; what was deleted by then has none. `state` is the place of that column.
    async fn newest(
        &self,
        tx: &mut impl Tx,
        sql: &'static str,
        state: usize,
        kind: ResourceType,
        item: Item,
        seen: &str,
    ) -> Result<Option<Row>, StoreError> {
        let (source, settled) = (self.narrow.source.as_str(), self.until.plus_us(-SETTLED_US));
        let rows = tx.query(sql, args![item, self.until, kind.name(), source, settled, seen]).await?;
        Ok(rows.into_iter().next().filter(|r| !r.int(state).is_ok_and(|state| state == 3)))
    }

    /// The named ones, by known time.
    async fn among(
        &self,
        tx: &mut impl Tx,
        kind: ResourceType,
        items: BTreeSet<Item>,
        page: &mut Page<'_>,
    ) -> Result<(), StoreError> {
        let mut places: Vec<Place> = Vec::new();
        for item in items {
            if let Some(row) = self.newest(tx, as_of!("known, state"), 1, kind, item, &page.walked.seen).await? {
                places.push((row.int(0)?, item));
            }
        }
        places.retain(|p| self.known.0.0 <= p.0 && p.0 <= self.known.1.0 && self.is_beyond(*p));
        self.arrange(&mut places);
        for place in places {
            if let Some(candidate) = self.as_of(tx, kind, place.1, &page.walked.seen.clone()).await?
                && !page.take(tx, candidate, place).await?
            {
                return Ok(());
            }
        }
        page.walked.next = None;
        Ok(())
    }

    /// The named ones, by the judge's key.
    async fn sorted(
        &self,
        tx: &mut impl Tx,
        kind: ResourceType,
        items: BTreeSet<Item>,
        page: &mut Page<'_>,
    ) -> Result<(), StoreError> {
        if items.len() > self.looks {
            page.walked.cut = true;
            return Ok(());
        }
        let mut places: Vec<Place> = Vec::new();
        for item in items {
            let Some(candidate) = self.as_of(tx, kind, item, &page.walked.seen).await? else { continue };
            if candidate.known < self.known.0 || candidate.known > self.known.1 {
                continue;
            }
            if let Some(key) = self.judged(&candidate)? {
                places.push((key, item));
            }
        }
        places.retain(|p| self.is_beyond(*p));
        self.arrange(&mut places);
        for place in places {
            page.walked.fitting += 1;
            if self.count > 0 && page.walked.resources.len() == self.count {
                return Ok(());
            }
            page.show(tx, place).await?;
        }
        page.walked.next = None;
        Ok(())
    }

    fn judged(&self, candidate: &Candidate) -> Result<Option<i64>, StoreError> {
        let Some(judge) = &self.judge else { return Ok(Some(0)) };
        let Candidate { id, version, known, body, .. } = candidate;
        let stored = body::read(body, id.clone(), *version, *known, false)?;
        Ok((judge.0)(&stored))
    }

    fn is_beyond(&self, place: Place) -> bool {
        self.after.is_none_or(|after| if self.order.down() { place < after } else { place > after })
    }

    fn arrange(&self, places: &mut [Place]) {
        places.sort_unstable();
        if self.order.down() {
            places.reverse();
        }
    }

    /// All of a type: a wide read, a step at a time.
    async fn all(&self, tx: &mut impl Tx, kind: ResourceType, page: &mut Page<'_>) -> Result<(), StoreError> {
        const UP: &str = "select r.known, r.item, r.version, r.id, r.state, r.body from resource r
             where wide(r.partition) and (r.known, r.item) > (?1, ?2) and r.known <= ?3 and r.state in (1, 2) and r.type = ?5 and r.source = ?6 and (r.known <= ?8 or entered(r ?9))
             and not exists (select 1 from resource n where n.partition = r.partition and n.item = r.item and n.version > r.version and n.state in (1, 2, 3) and n.known <= ?4 and (n.known <= ?8 or entered(n ?9)))
             order by r.known, r.item limit ?7";
        const DOWN: &str = "select r.known, r.item, r.version, r.id, r.state, r.body from resource r
             where wide(r.partition) and (r.known, r.item) < (?1, ?2) and r.known >= ?3 and r.state in (1, 2) and r.type = ?5 and r.source = ?6 and (r.known <= ?8 or entered(r ?9))
             and not exists (select 1 from resource n where n.partition = r.partition and n.item = r.item and n.version > r.version and n.state in (1, 2, 3) and n.known <= ?4 and (n.known <= ?8 or entered(n ?9)))
             order by r.known desc, r.item desc limit ?7";
        let to = self.known.1.min(self.until);
        let (sql, first, last) = match self.order.down() {
            false => (UP, (self.known.0.plus_us(-1).0, Item([255; 16])), to),
            true => (DOWN, (to.plus_us(1).0, Item([0; 16])), self.known.0),
        };
        let mut after = self.after.unwrap_or(first);
        loop {
            let arguments: [Value; 9] = [
                after.0.into(),
                after.1.into(),
                last.into(),
                self.until.into(),
                kind.name().into(),
                self.narrow.source.as_str().into(),
                STEP.into(),
                self.until.plus_us(-SETTLED_US).into(),
                (&*page.walked.seen).into(),
            ];
            let rows = tx.query(sql, &arguments).await?;
            let end = rows.len() < usize::try_from(STEP).unwrap_or(0);
            for mut row in rows {
                let candidate = candidate(&mut row)?;
                after = (candidate.known.0, candidate.item);
                if !page.take(tx, candidate, after).await? {
                    return Ok(());
                }
            }
            if end {
                page.walked.next = None;
                return Ok(());
            }
        }
    }
}

/// A page that fills.
struct Page<'a> {
    walk: &'a Walk,
    looked: usize,
    walked: Walked,
}

impl Page<'_> {
    /// Looks at a candidate; `false`: the page is full, and the next one begins behind the last that was taken.
    async fn take(&mut self, tx: &mut impl Tx, candidate: Candidate, place: Place) -> Result<bool, StoreError> {
        if self.walk.count > 0 && self.walked.resources.len() == self.walk.count {
            return Ok(false);
        }
        if self.looked == self.walk.looks {
            self.walked.cut = true;
            return Ok(false);
        }
        self.looked += usize::from(self.walk.judge.is_some());
        if self.walk.judged(&candidate)?.is_some() {
            self.walked.fitting += 1;
            if candidate.superseded {
                self.show(tx, place).await?;
            } else if self.walk.count > 0 {
                let Candidate { id, version, known, body, .. } = candidate;
                self.walked.resources.push(body::read(&body, id, version, known, false)?);
            }
        }
        self.walked.next = Some(place);
        Ok(true)
    }

    /// Shows what is current of an item, unless it was deleted meanwhile.
    async fn show(&mut self, tx: &mut impl Tx, place: Place) -> Result<(), StoreError> {
        if self.walk.count == 0 {
            return Ok(());
        }
        let sql =
            "select id, version, known, body from resource where partition = part(?1) and item = ?1 and state = 1";
        if let Some(mut row) = tx.query(sql, args![place.1]).await?.into_iter().next() {
            let (id, version, known) = (row.text(0)?, row.int(1)?, row.instant(2)?);
            self.walked.resources.push(body::read(&row.bytes(3)?, id, version, known, false)?);
        }
        self.walked.next = Some(place);
        Ok(())
    }
}
