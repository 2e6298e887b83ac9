//! Moving a store from one database to another, either way: every table is copied, then both ends are read and compared.
//!
//! The target is empty, or one in which a move from the same place was begun: what is there already is passed over.

use super::contract::StoreError;
use super::open::shown;
use super::side::{Side, Table};
use super::value::{Row, Value, args};
use sha2::{Digest, Sha256};

/// Rows read at once at most.
const PAGE_ROWS: usize = 1000;
/// Bytes of a page beyond which the next one is smaller.
const PAGE_BYTES: usize = 4 << 20;
/// Name of the row of `cursor` that says that a move into this store was begun.
const MARK: &str = "move of a store";
/// A table whose rows are parts of sums, spread as each database likes: compared, and moved, as sums.
const SUMMED: (&str, &str) = (
    "tally",
    "select cast(0 as bigint) as \"partition\", trial, status, cast(sum(count) as bigint) as count, max(changed) as changed
     from tally group by trial, status",
);

/// How far a move is, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Rows are compared already, no longer copied.
    pub comparing: bool,
    /// The table.
    pub table: &'a str,
    /// Rows done, of all tables.
    pub done: u64,
    /// Rows to do.
    pub total: u64,
}

/// One table at both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProof {
    /// The table.
    pub table: String,
    /// What the source holds.
    pub from: Content,
    /// What the target holds.
    pub to: Content,
}

impl TableProof {
    /// Whether both ends hold the same.
    pub fn is_equal(&self) -> bool {
        self.from == self.to
    }
}

/// What a table holds, whatever the order of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Content {
    /// Rows.
    pub rows: u64,
    /// The sum of SHA-256 over each row's values, without the partition, which belongs to each database.
    pub digest: [u8; 32],
}

/// Moves a store and proves that the target holds what the source holds. Nobody may write either meanwhile: a file is
/// locked, and what was written to a database shows as a difference.
pub async fn transfer(from: &str, to: &str, mut said: impl FnMut(Progress<'_>)) -> Result<Vec<TableProof>, StoreError> {
    if from == to {
        return Err(StoreError::Unreachable("a store cannot be moved onto itself".into()));
    }
    let tables = Table::all()?;
    let source = Side::from(from).await?;
    let target = Side::to(to).await?;
    source.hold().await?;
    let mut counts = Vec::with_capacity(tables.len());
    for table in &tables {
        counts.push(count(&source, table).await?);
    }
    let total = counts.iter().sum();
    begin(&target, &tables, &shown(from)).await?;
    let mut done = 0;
    for (table, rows) in tables.iter().zip(counts) {
        // A table that is whole already is not walked again; the comparison below looks at every row.
        let there = count(&target, table).await? == rows && table.name != "cursor";
        if !there {
            let mut step = |n: u64| said(Progress { comparing: false, table: &table.name, done: done + n, total });
            copy(&source, &target, table, &mut step).await.map_err(|e| named(table, e))?;
        }
        done += rows;
        said(Progress { comparing: false, table: &table.name, done, total });
    }
    source.let_go().await?;
    target.batch(&format!("delete from cursor where name = '{MARK}'")).await?;
    compare(&source, &target, &tables, said).await
}

fn named(table: &Table, error: StoreError) -> StoreError {
    match error {
        StoreError::Corrupt(words) => StoreError::Corrupt(format!("table {}: {words}", table.name)),
        other => other,
    }
}

async fn count(side: &Side, table: &Table) -> Result<u64, StoreError> {
    let sql = match table.name == SUMMED.0 {
        true => format!("select count(*) from ({}) s", SUMMED.1),
        false => format!("select count(*) from \"{}\"", table.name),
    };
    let rows = side.rows(&sql, &[]).await?;
    let n = rows.first().map_or(Ok(0), |r| r.int(0))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// Marks an empty target; one with rows and without the mark of the same move is refused.
async fn begin(target: &Side, tables: &[Table], from: &str) -> Result<(), StoreError> {
    let marked = target.rows("select value from cursor where name = ?1", args![MARK]).await?;
    let marked = marked.into_iter().next().map(|mut r| r.text(0)).transpose()?;
    if marked.as_deref() == Some(from) {
        return Ok(());
    }
    for table in tables {
        if marked.is_some() || count(target, table).await? > 0 {
            let words = format!(
                "the target's table {} holds rows already; wanted an empty store, or one in which a move from {from} was begun",
                table.name
            );
            return Err(StoreError::Unreachable(words));
        }
    }
    let from = from.replace('\'', "''");
    target.batch(&format!("insert into cursor (name, value, at) values ('{MARK}', '{from}', 0)")).await
}

async fn copy(from: &Side, to: &Side, table: &Table, said: &mut impl FnMut(u64)) -> Result<(), StoreError> {
    let mut pages = Pages::of(table);
    let mut done = 0;
    while let Some(rows) = pages.next(from).await? {
        done += rows.len() as u64;
        to.insert(table, rows).await?;
        said(done);
    }
    Ok(())
}

async fn compare(
    source: &Side,
    target: &Side,
    tables: &[Table],
    mut said: impl FnMut(Progress<'_>),
) -> Result<Vec<TableProof>, StoreError> {
    // New views: what was written meanwhile, at either end, is a difference.
    source.hold().await?;
    target.hold().await?;
    let mut total = 0;
    for table in tables {
        total += count(source, table).await? + count(target, table).await?;
    }
    let (mut proofs, mut done) = (Vec::with_capacity(tables.len()), 0);
    for table in tables {
        let mut ends = [Content::default(); 2];
        for (end, side) in ends.iter_mut().zip([source, target]) {
            let mut step = |n: u64| said(Progress { comparing: true, table: &table.name, done: done + n, total });
            *end = content(side, table, &mut step).await?;
            done += end.rows;
        }
        proofs.push(TableProof { table: table.name.clone(), from: ends[0], to: ends[1] });
    }
    source.let_go().await?;
    target.let_go().await?;
    Ok(proofs)
}

async fn content(side: &Side, table: &Table, said: &mut impl FnMut(u64)) -> Result<Content, StoreError> {
    let mut pages = Pages::of(table);
    let (mut rows, mut sum) = (0, [0_u128; 2]);
    while let Some(page) = pages.next(side).await? {
        rows += page.len() as u64;
        for row in &page {
            let digest = digest(table, row);
            for (half, part) in sum.iter_mut().zip(digest.as_chunks::<16>().0) {
                *half = half.wrapping_add(u128::from_be_bytes(*part));
            }
        }
        said(rows);
    }
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&sum[0].to_be_bytes());
    digest[16..].copy_from_slice(&sum[1].to_be_bytes());
    Ok(Content { rows, digest })
}

fn digest(table: &Table, row: &Row) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (place, value) in row.0.iter().enumerate() {
        if Some(place) == table.partition() {
            continue;
        }
        let (kind, bytes): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Int(n) => (1, &n.to_be_bytes()),
            Value::Text(text) => (2, text.as_bytes()),
            Value::Bytes(bytes) => (3, bytes),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}

/// The rows of a table, page after page in order of its key.
struct Pages<'a> {
    table: &'a Table,
    after: Option<Vec<Value>>,
    size: usize,
    ended: bool,
}

impl<'a> Pages<'a> {
    fn of(table: &'a Table) -> Self {
        Self { table, after: None, size: PAGE_ROWS, ended: false }
    }

    async fn next(&mut self, side: &Side) -> Result<Option<Vec<Row>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        if self.table.name == SUMMED.0 {
            self.ended = true;
            return side.rows(SUMMED.1, &[]).await.map(Some);
        }
        let mut args = self.after.clone().unwrap_or_default();
        args.push(Value::Int(i64::try_from(self.size).unwrap_or(i64::MAX)));
        let rows = side.rows(&self.sql(), &args).await?;
        self.ended = rows.len() < self.size;
        self.after = rows.last().map(|r| self.table.key.iter().map(|place| r.0[*place].clone()).collect());
        let bytes: usize = rows.iter().flat_map(|r| &r.0).map(size).sum();
        // Rows of one table are much alike, so the next page is about as heavy as this one.
        self.size = if bytes > PAGE_BYTES { (self.size / 4).max(1) } else { (self.size * 2).min(PAGE_ROWS) };
        Ok(Some(rows))
    }

    fn sql(&self) -> String {
        let key: Vec<String> =
            self.table.key.iter().map(|place| format!("\"{}\"", self.table.columns[*place].name)).collect();
        let after = match &self.after {
            None => String::new(),
            Some(values) => {
                let marks: Vec<String> = (1..=values.len()).map(|n| format!("?{n}")).collect();
                format!("where ({}) > ({})", key.join(", "), marks.join(", "))
            }
        };
        let limit = self.after.as_ref().map_or(0, Vec::len) + 1;
        format!(
            "select {} from \"{}\" {after} order by {} limit ?{limit}",
            self.table.names(false),
            self.table.name,
            key.join(", ")
        )
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Int(_) => 8,
    }
}
