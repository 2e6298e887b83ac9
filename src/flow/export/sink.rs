//! The way out: each format's head, lines and tail, counted and digested as they pass.

use super::ask::{Format, Head};
use crate::publish::export::table::{Cell, Column, Line};
use crate::publish::export::{csv, dataset_json, ndjson};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, Write};

/// Lines of some persons, written.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The bytes.
    pub(super) bytes: Vec<u8>,
    /// How many lines.
    pub(super) rows: u64,
    /// The longest text of each column.
    longest: Vec<usize>,
    /// The lines themselves, of a format that takes them column by column.
    lines: Vec<Line>,
}

impl Block {
    /// Writes lines.
    pub(super) fn add(&mut self, format: Format, columns: &[Column], lines: &[Line]) {
        self.longest.resize(columns.len(), 0);
        for line in lines {
            for (longest, cell) in self.longest.iter_mut().zip(line) {
                if let Cell::Text(words) | Cell::Decimal(words) = cell {
                    *longest = (*longest).max(words.chars().count());
                }
            }
            match format {
                Format::Csv | Format::Wide => csv::line(line, &mut self.bytes),
                // The bytes only tell one person's lines from what they were.
                Format::Parquet => {
                    csv::line(line, &mut self.bytes);
                    self.lines.push(line.clone());
                }
                Format::Ndjson => ndjson::line(columns, line, &mut self.bytes),
                Format::DatasetJson => dataset_json::line(columns, line, &mut self.bytes),
            }
            self.rows += 1;
        }
    }
}

/// What goes out, counted and digested.
struct Counted<'w> {
    out: &'w mut (dyn Write + Send),
    digest: Sha256,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// How lines become bytes.
enum Way<'w> {
    /// One after another.
    Lines(Counted<'w>),
    /// Behind a head that says how many they are.
    Waiting(Counted<'w>, File),
    /// Column by column.
    #[cfg(feature = "parquet")]
    Columns(Box<crate::publish::export::parquet::Table<Counted<'w>>>),
}

/// Everything that is written passes here.
pub(super) struct Sink<'w> {
    way: Way<'w>,
    columns: Vec<Column>,
    pub(super) rows: u64,
    longest: Vec<usize>,
}

impl<'w> Sink<'w> {
    /// A table of that name begins. `spool` is a file for what must wait for its head.
    pub(super) fn begin(
        out: &'w mut (dyn Write + Send),
        (format, name): (Format, &str),
        columns: Vec<Column>,
        spool: Option<File>,
    ) -> io::Result<Self> {
        let mut out = Counted { out, digest: Sha256::new(), bytes: 0 };
        let longest = vec![0; columns.len()];
        let way = match format {
            Format::DatasetJson => {
                Way::Waiting(out, spool.ok_or_else(|| io::Error::other("no file for lines that wait for their head"))?)
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => {
                let table = crate::publish::export::parquet::Table::begin(out, name, columns.clone())?;
                Way::Columns(Box::new(table))
            }
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(io::Error::other(format!("no Parquet is built in for {name}"))),
            Format::Ndjson => Way::Lines(out),
            Format::Csv | Format::Wide => {
                out.write_all(&csv::head(&columns))?;
                Way::Lines(out)
            }
        };
        Ok(Self { way, columns, rows: 0, longest })
    }

    /// Some lines.
    pub(super) fn lines(&mut self, block: &Block) -> io::Result<()> {
        for (longest, here) in self.longest.iter_mut().zip(&block.longest) {
            *longest = (*longest).max(*here);
        }
        let skipped = if self.rows == 0 && block.rows > 0 { dataset_json::BETWEEN.len() } else { 0 };
        self.rows += block.rows;
        match &mut self.way {
            Way::Lines(out) => out.write_all(&block.bytes),
            Way::Waiting(_, spool) => spool.write_all(block.bytes.get(skipped..).unwrap_or_default()),
            #[cfg(feature = "parquet")]
            Way::Columns(table) => table.lines(&block.lines),
        }
    }

    /// The table ends; its digest, bytes and lines.
    pub(super) fn end(self, head: &Head<'_>) -> io::Result<([u8; 32], u64, u64)> {
        let rows = self.rows;
        let mut out = match self.way {
            Way::Lines(out) => out,
            #[cfg(feature = "parquet")]
            Way::Columns(table) => table.end()?,
            Way::Waiting(mut out, mut spool) => {
                let head = dataset_json::Head {
                    created: head.created,
                    study: head.study,
                    name: head.name,
                    label: head.label,
                    define: head.define,
                    version: head.version,
                    records: rows,
                };
                out.write_all(&dataset_json::head(&head, &self.columns, &self.longest))?;
                spool.rewind()?;
                io::copy(&mut spool, &mut out)?;
                out.write_all(dataset_json::tail())?;
                out
            }
        };
        out.flush()?;
        Ok((out.digest.finalize().into(), out.bytes, rows))
    }
}
