//! CSV by RFC 4180: UTF-8, lines end in CR LF, a field is quoted where it must be.
//!
//! Spreadsheets take a text that begins with `=`, `+`, `-` or `@` for a formula. Such a text, and one that begins with an
//! apostrophe itself, gets an apostrophe in front, which whoever reads it takes away again. Numbers never get one.

use super::table::{Cell, Column, Line};

/// What a text must not begin with.
const GUARDED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// The first line.
pub fn head(columns: &[Column]) -> Vec<u8> {
    let mut out = Vec::new();
    let names: Line = columns.iter().map(|c| Cell::Text(c.name.clone())).collect();
    line(&names, &mut out);
    out
}

/// One line.
pub fn line(cells: &Line, out: &mut Vec<u8>) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let text = cell.text();
        let quoted = text.contains(['"', ',', '\r', '\n']);
        if quoted {
            out.push(b'"');
        }
        if matches!(cell, Cell::Text(words) if words.starts_with(GUARDED)) {
            out.push(b'\'');
        }
        for byte in text.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        if quoted {
            out.push(b'"');
        }
    }
    out.extend(b"\r\n");
}
