//! Lines out of stretches of bytes, each held alone and bounded.

use std::mem;

/// Longest line, in bytes, that is held.
pub const LINE_MAX: usize = 16 << 20;

/// Cuts stretches into lines.
#[derive(Debug, Default)]
pub struct Split {
    begun: Vec<u8>,
    /// What of the line that is longer than the bound was passed over.
    over: bool,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Its bytes, without its end.
    Line(Vec<u8>),
    /// The beginning of one that is longer than [`LINE_MAX`].
    TooLong(Vec<u8>),
}

impl Split {
    /// Takes a stretch; the lines that end in it follow those in `to`.
    pub fn take(&mut self, mut bytes: &[u8], to: &mut Vec<Piece>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(&bytes[..end]);
            bytes = &bytes[end + 1..];
            to.push(self.piece());
        }
        self.add(bytes);
    }

    /// What stands after the last end of a line, if there is anything.
    pub fn rest(&mut self) -> Option<Piece> {
        (!self.begun.trim_ascii().is_empty()).then(|| self.piece())
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LINE_MAX - self.begun.len().min(LINE_MAX);
        self.over |= bytes.len() > room;
        self.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn piece(&mut self) -> Piece {
        let line = mem::take(&mut self.begun);
        if mem::take(&mut self.over) { Piece::TooLong(line) } else { Piece::Line(line) }
    }
}
