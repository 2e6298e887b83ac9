//! NDJSON: one object for each line, members in the order of the columns; what is not there is left out. Numbers stand as
//! their decimals do.

use super::table::{Cell, Column, Line};
use crate::publish::json::text;

/// One line.
pub fn line(columns: &[Column], cells: &Line, out: &mut Vec<u8>) {
    let there = columns.iter().zip(cells).filter(|(_, cell)| **cell != Cell::Nothing);
    let members: Vec<String> =
        there.map(|(column, cell)| format!("{}:{}", text(&column.name), cell.json(column.kind))).collect();
    out.extend(format!("{{{}}}\n", members.join(",")).bytes());
}
