//! The four kinds of value that both databases share, and rows of them.

use super::contract::StoreError;
use crate::model::key::{Item, PersonKey};
use crate::model::time::Instant;

/// A value of a column or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `bigint`
    Int(i64),
    /// `text`
    Text(String),
    /// `blob` / `bytea`
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Item> for Value {
    fn from(key: Item) -> Self {
        Self::Bytes(key.0.to_vec())
    }
}

impl From<PersonKey> for Value {
    fn from(key: PersonKey) -> Self {
        Self::Bytes(key.0.to_vec())
    }
}

impl From<Instant> for Value {
    fn from(at: Instant) -> Self {
        Self::Int(at.0)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer, by column from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

pub(super) fn wrong(column: usize, wanted: &str) -> StoreError {
    StoreError::Corrupt(format!("column {column} of an answer is no {wanted}"))
}

impl Row {
    /// The value of a column, taken out of the row.
    pub fn take(&mut self, column: usize) -> Value {
        self.0.get_mut(column).map_or(Value::Null, |v| std::mem::replace(v, Value::Null))
    }

    /// A number.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(n)) => Ok(*n),
            _ => Err(wrong(column, "number")),
        }
    }

    /// A number or nothing.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(n)) => Ok(Some(*n)),
            Some(Value::Null) => Ok(None),
            _ => Err(wrong(column, "number")),
        }
    }

    /// A moment.
    pub fn instant(&self, column: usize) -> Result<Instant, StoreError> {
        self.int(column).map(Instant)
    }

    /// Text, taken out of the row.
    pub fn text(&mut self, column: usize) -> Result<String, StoreError> {
        self.maybe_text(column)?.ok_or_else(|| wrong(column, "text"))
    }

    /// Text or nothing, taken out of the row.
    pub fn maybe_text(&mut self, column: usize) -> Result<Option<String>, StoreError> {
        match self.take(column) {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(wrong(column, "text")),
        }
    }

    /// Bytes, taken out of the row.
    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes(column)?.ok_or_else(|| wrong(column, "bytes"))
    }

    /// Bytes or nothing, taken out of the row.
    pub fn maybe_bytes(&mut self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.take(column) {
            Value::Bytes(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            _ => Err(wrong(column, "bytes")),
        }
    }

    /// The key of a resource or patient.
    pub fn item(&self, column: usize) -> Result<Item, StoreError> {
        self.key(column).map(Item)
    }

    /// The key of a person.
    pub fn person(&self, column: usize) -> Result<PersonKey, StoreError> {
        self.key(column).map(PersonKey)
    }

    /// The key of a person, or nothing.
    pub fn maybe_person(&self, column: usize) -> Result<Option<PersonKey>, StoreError> {
        if self.0.get(column) == Some(&Value::Null) { Ok(None) } else { self.person(column).map(Some) }
    }

    fn key(&self, column: usize) -> Result<[u8; 16], StoreError> {
        match self.0.get(column) {
            Some(Value::Bytes(b)) => b.as_slice().try_into().map_err(|_| wrong(column, "key")),
            _ => Err(wrong(column, "key")),
        }
    }
}

/// Arguments from plain values: `args![1, "text", key]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::store::value::Value::from($value)),*] };
}
pub(crate) use args;
