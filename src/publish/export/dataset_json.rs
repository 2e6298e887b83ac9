//! CDISC Dataset-JSON 1.1: the metadata, then one array for each line. A decimal is text, as its rules want it.

use super::table::{Cell, Column, Kind, Line};
use crate::publish::json::{object, text};

/// What stands at the head of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    /// The moment of its newest knowledge: the same data makes the same file.
    pub created: &'a str,
    /// The trial.
    pub study: &'a str,
    /// Name of the dataset, such as `OUTCOMES`.
    pub name: &'a str,
    /// In words.
    pub label: &'a str,
    /// The file that says more of the columns.
    pub define: Option<&'a str>,
    /// OID of the definition: its digest.
    pub version: &'a str,
    /// Lines.
    pub records: u64,
}

/// The id of a dataset.
pub fn group_oid(name: &str) -> String {
    format!("IG.{name}")
}

/// The id of a column.
pub fn item_oid(dataset: &str, column: &str) -> String {
    format!("IT.{dataset}.{}", column.to_uppercase())
}

/// Everything before the first line.
pub fn head(head: &Head<'_>, columns: &[Column], longest: &[usize]) -> Vec<u8> {
    let all: Vec<String> = columns.iter().zip(longest).map(|(c, longest)| column(head.name, c, *longest)).collect();
    let system = object([("name", Some(text("trialgate"))), ("version", Some(text(env!("CARGO_PKG_VERSION"))))]);
    let whole = object([
        ("datasetJSONCreationDateTime", Some(text(head.created))),
        ("datasetJSONVersion", Some(text("1.1.0"))),
        ("fileOID", Some(text(&format!("{}.{}", head.study, head.name)))),
        ("dbLastModifiedDateTime", Some(text(head.created))),
        ("originator", Some(text("trialgate"))),
        ("sourceSystem", Some(system)),
        ("studyOID", Some(text(head.study))),
        ("metaDataVersionOID", Some(text(head.version))),
        ("metaDataRef", head.define.map(text)),
        ("itemGroupOID", Some(text(&group_oid(head.name)))),
        ("records", Some(head.records.to_string())),
        ("name", Some(text(head.name))),
        ("label", Some(text(head.label))),
        ("columns", Some(format!("[{}]", all.join(",")))),
    ]);
    let mut out = whole.into_bytes();
    out.pop();
    out.extend(b",\"rows\":[");
    out
}

fn column(dataset: &str, column: &Column, longest: usize) -> String {
    let (kind, target) = match column.kind {
        Kind::Text => ("string", None),
        Kind::Decimal => ("decimal", Some("decimal")),
        Kind::Integer => ("integer", None),
        Kind::Boolean => ("boolean", None),
        Kind::Date => ("date", None),
    };
    let length = (column.kind == Kind::Text).then(|| longest.max(1).to_string());
    object([
        ("itemOID", Some(text(&item_oid(dataset, &column.name)))),
        ("name", Some(text(&column.name))),
        ("label", Some(text(&column.label))),
        ("dataType", Some(text(kind))),
        ("targetDataType", target.map(text)),
        ("length", length),
        ("keySequence", (column.key > 0).then(|| column.key.to_string())),
    ])
}

/// What goes before a line, but the first: readers take a second line that begins with a bracket for NDJSON.
pub const BETWEEN: &[u8] = b"\n,";

/// One line, with what goes before it.
pub fn line(columns: &[Column], cells: &Line, out: &mut Vec<u8>) {
    let one = |(column, cell): (&Column, &Cell)| match cell {
        Cell::Decimal(literal) => text(literal),
        other => other.json(column.kind),
    };
    let all: Vec<String> = columns.iter().zip(cells).map(one).collect();
    out.extend(BETWEEN);
    out.extend(format!("[{}]", all.join(",")).bytes());
}

/// Everything behind the last line.
pub fn tail() -> &'static [u8] {
    b"\n]}\n"
}
