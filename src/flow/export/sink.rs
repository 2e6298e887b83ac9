//! The way out: each format's head, lines and tail, counted and digested as they pass.

use super::ask::{Format, Head};
use crate::publish::export::table::{Cell, Column, Line};
use crate::publish::export::{csv, dataset_json, ndjson};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, Write};

/// Bytes that are copied at once.
const STEP: usize = 64 * 1024;

/// Lines of some persons, written.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The bytes.
    pub(super) bytes: Vec<u8>,
    /// How many lines.
    pub(super) rows: u64,
    /// The longest text of each column.
    longest: Vec<usize>,
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
                Format::Ndjson => ndjson::line(columns, line, &mut self.bytes),
                Format::DatasetJson => dataset_json::line(columns, line, &mut self.bytes),
            }
            self.rows += 1;
        }
    }
}

/// Everything that is written passes here.
pub(super) struct Sink<'w> {
    out: &'w mut (dyn Write + Send),
    format: Format,
    columns: Vec<Column>,
    digest: Sha256,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    longest: Vec<usize>,
    /// Lines of a format whose head says how many there are.
    spool: Option<File>,
}

impl<'w> Sink<'w> {
    /// A table begins. `spool` is a file for what must wait for its head.
    pub(super) fn begin(
        out: &'w mut (dyn Write + Send),
        format: Format,
        columns: Vec<Column>,
        spool: Option<File>,
    ) -> io::Result<Self> {
        let longest = vec![0; columns.len()];
        let spool = spool.filter(|_| format == Format::DatasetJson);
        if format == Format::DatasetJson && spool.is_none() {
            return Err(io::Error::other("no file for lines that wait for their head"));
        }
        let mut sink = Self { out, format, columns, digest: Sha256::new(), bytes: 0, rows: 0, longest, spool };
        if matches!(format, Format::Csv | Format::Wide) {
            let head = csv::head(&sink.columns);
            sink.put(&head)?;
        }
        Ok(sink)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Some lines.
    pub(super) fn lines(&mut self, block: &Block) -> io::Result<()> {
        for (longest, here) in self.longest.iter_mut().zip(&block.longest) {
            *longest = (*longest).max(*here);
        }
        let skipped = if self.rows == 0 && block.rows > 0 { dataset_json::BETWEEN.len() } else { 0 };
        self.rows += block.rows;
        match self.spool.as_mut() {
            Some(spool) => spool.write_all(block.bytes.get(skipped..).unwrap_or_default()),
            None => self.put(&block.bytes),
        }
    }

    /// The table ends; its digest.
    pub(super) fn end(mut self, head: &Head<'_>) -> io::Result<([u8; 32], u64, u64)> {
        if self.format == Format::DatasetJson {
            let head = dataset_json::Head {
                created: head.created,
                study: head.study,
                name: head.name,
                label: head.label,
                define: head.define,
                version: head.version,
                records: self.rows,
            };
            let words = dataset_json::head(&head, &self.columns, &self.longest);
            self.put(&words)?;
            if let Some(mut spool) = self.spool.take() {
                spool.rewind()?;
                let mut step = vec![0; STEP];
                loop {
                    let n = spool.read(&mut step)?;
                    if n == 0 {
                        break;
                    }
                    let part = step.get(..n).unwrap_or_default().to_vec();
                    self.put(&part)?;
                }
            }
            self.put(dataset_json::tail())?;
        }
        self.out.flush()?;
        Ok((self.digest.finalize().into(), self.bytes, self.rows))
    }
}
