//! Tables as spreadsheets write them (RFC 4180, with `,`, `;` or a tab between cells), each cell with its place.

use std::ops::Range;

/// Separators that are looked for in the first line; the most frequent one is taken.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A cell: its text without quotes, and the bytes of the file that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its text; what stands in quotes is exact, the rest is trimmed.
    pub text: String,
    /// Where it stands.
    pub span: Range<usize>,
}

/// The rows of a table, the heading first; empty lines are none. A byte order mark is passed over.
pub fn rows(text: &str) -> Vec<Vec<Cell>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = text[start..].lines().next().unwrap_or_default();
    let count = |c: &char| first.matches(*c).count();
    let separator = SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(',');
    let mut reader = Reader { text, at: start, separator };
    let mut rows = Vec::new();
    while let Some(row) = reader.row() {
        if row.iter().any(|cell| !cell.text.is_empty()) {
            rows.push(row);
        }
    }
    rows
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    separator: char,
}

impl Reader<'_> {
    fn row(&mut self) -> Option<Vec<Cell>> {
        if self.at >= self.text.len() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            row.push(self.cell());
            match self.text[self.at..].chars().next() {
                Some(c) if c == self.separator => self.at += 1,
                Some('\r') if self.text[self.at..].starts_with("\r\n") => {
                    self.at += 2;
                    return Some(row);
                }
                Some(_) => {
                    self.at += 1;
                    return Some(row);
                }
                None => return Some(row),
            }
        }
    }

    /// The cell at the place, up to a separator, an end of line or the end.
    fn cell(&mut self) -> Cell {
        let start = self.at;
        let (mut text, mut quoted, mut exact) = (String::new(), false, false);
        while let Some(c) = self.text[self.at..].chars().next() {
            if quoted && c == '"' {
                self.at += 1;
                if self.text[self.at..].starts_with('"') {
                    text.push('"');
                    self.at += 1;
                } else {
                    quoted = false;
                }
                continue;
            }
            if !quoted && (c == self.separator || c == '\n' || c == '\r') {
                break;
            }
            self.at += c.len_utf8();
            if c == '"' && text.trim().is_empty() && !quoted {
                (quoted, exact) = (true, true);
                text.clear();
            } else if quoted || !exact {
                text.push(c);
            }
        }
        let text = if exact { text } else { text.trim().to_owned() };
        Cell { text, span: start..self.at }
    }
}

/// One line of a table, with its end.
pub fn line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let quoted = |cell: &str| {
        if cell.contains([',', ';', '\t', '"', '\n', '\r']) || cell.trim() != cell {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    format!("{}\n", cells.join(","))
}
