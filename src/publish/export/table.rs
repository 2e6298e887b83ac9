//! A table: its columns, and lines of cells. Numbers are decimal text from end to end.

use crate::model::interval::{End, Interval};
use crate::model::number::Number;

/// Decimals of a number that has no end of them: it is rounded to so many, halves away from zero.
pub const PLACES: u32 = 12;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A decimal, as text.
    Decimal,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// In words.
    pub label: String,
    /// What it holds.
    pub kind: Kind,
    /// Its place among the columns that tell one line from another, from 1; 0: none of them.
    pub key: u8,
}

/// A column that every table of a kind has: name, label, kind and key.
pub type Fixed = (&'static str, &'static str, Kind, u8);

impl From<&Fixed> for Column {
    fn from((name, label, kind, key): &Fixed) -> Self {
        Self { name: (*name).into(), label: (*label).into(), kind: *kind, key: *key }
    }
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Nothing,
    /// Words, or a date.
    Text(String),
    /// A decimal literal.
    Decimal(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Truth(bool),
}

/// A line of a table, one cell for each column.
pub type Line = Vec<Cell>;

impl From<&str> for Cell {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<String> for Cell {
    fn from(words: String) -> Self {
        if words.is_empty() { Self::Nothing } else { Self::Text(words) }
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<bool> for Cell {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl Cell {
    /// As text, for formats that have nothing else.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Nothing => "".into(),
            Self::Text(words) | Self::Decimal(words) => words.into(),
            Self::Integer(n) => n.to_string().into(),
            Self::Truth(truth) => if *truth { "true" } else { "false" }.into(),
        }
    }

    /// As JSON, in a column of that kind.
    pub fn json(&self, kind: Kind) -> String {
        match self {
            Self::Nothing => "null".into(),
            Self::Text(words) => crate::publish::json::text(words),
            other if kind == Kind::Text => crate::publish::json::text(&other.text()),
            other => other.text().into_owned(),
        }
    }
}

/// A range as a cell: one number is a number there, whatever the column holds.
pub fn literal(of: &Interval) -> Cell {
    match of.as_exact().and_then(Number::to_decimal) {
        Some(exact) => Cell::Decimal(exact),
        None => range(of).into(),
    }
}

/// A number as a decimal; one whose decimals do not end is rounded to [`PLACES`].
pub fn rounded(n: &Number) -> Option<String> {
    n.to_decimal().or_else(|| n.round(PLACES).to_decimal())
}

/// The same as a cell.
pub fn decimal(n: &Number) -> Cell {
    Cell::Decimal(rounded(n).unwrap_or_default())
}

/// A range as text: `38`, `<5`, `>=100`, `50..55`, `(50..55)`, each number exactly: as people read it one may be rounded.
pub fn range(of: &Interval) -> String {
    if let Some(exact) = of.as_exact() {
        return exact.exactly();
    }
    let side = |e: &End, closed: &'static str, open: &'static str| {
        format!("{}{}", if e.closed { closed } else { open }, e.value.exactly())
    };
    match (&of.low, &of.high) {
        (None, None) => "any".into(),
        (None, Some(high)) => side(high, "<=", "<"),
        (Some(low), None) => side(low, ">=", ">"),
        (Some(low), Some(high)) => {
            let (open, close) = (if low.closed { "" } else { "(" }, if high.closed { "" } else { ")" });
            format!("{open}{}..{}{close}", low.value.exactly(), high.value.exactly())
        }
    }
}

/// Names a struct's fields as the columns of a table.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ident $key:literal $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name { $(#[doc = $label] pub $field: $crate::publish::export::table::Cell,)* }

        impl $name {
            /// The columns.
            pub fn columns() -> Vec<$crate::publish::export::table::Column> {
                vec![$($crate::publish::export::table::Column {
                    name: stringify!($field).into(),
                    label: $label.into(),
                    kind: $crate::publish::export::table::Kind::$kind,
                    key: $key,
                },)*]
            }

            /// The line.
            pub fn line(self) -> $crate::publish::export::table::Line {
                vec![$(self.$field,)*]
            }
        }
    };
}
pub(super) use columns;
