//! A TOML file with the place of every key and value: JSON for the schema, places for mistakes.

use super::mistake::{Mistake, Severity};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A file read once.
pub(super) struct Document<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) json: Value,
    /// JSON pointer → place of the key, if any, and of the value.
    places: HashMap<String, (Option<Range<usize>>, Range<usize>)>,
    /// JSON pointer → what laid a value there that is not in the file.
    pub(super) laid: HashMap<String, String>,
}

impl<'a> Document<'a> {
    /// Reads TOML; what is no TOML is told, and the rest is read as far as it goes.
    pub(super) fn read(file: &'a str, text: &'a str) -> (Self, Vec<Mistake>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let told = |e: &toml::de::Error| {
            let message = e.message().lines().collect::<Vec<_>>().join("; ");
            Mistake::at(Severity::Error, file, text, e.span().unwrap_or(0..0), format!("no TOML: {message}"))
        };
        let mistakes = errors.iter().map(told).collect();
        let mut document = Self { file, text, json: Value::Null, places: HashMap::new(), laid: HashMap::new() };
        document.json = document.table(table.get_ref(), "");
        document.places.insert(String::new(), (None, 0..0));
        (document, mistakes)
    }

    fn table(&mut self, table: &DeTable<'_>, pointer: &str) -> Value {
        let mut map = Map::new();
        for (key, value) in table {
            let below = format!("{pointer}/{}", escape(key.get_ref()));
            self.places.insert(below.clone(), (Some(key.span()), value.span()));
            let json = self.value(value.get_ref(), value.span(), &below);
            map.insert(key.get_ref().to_string(), json);
        }
        Value::Object(map)
    }

    fn value(&mut self, value: &DeValue<'_>, span: Range<usize>, pointer: &str) -> Value {
        match value {
            DeValue::String(s) => Value::String(s.to_string()),
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Integer(_) | DeValue::Float(_) => {
                let literal = self.text.get(span).unwrap_or("").replace('_', "");
                serde_json::from_str(literal.trim_start_matches('+')).unwrap_or(Value::String(literal))
            }
            DeValue::Datetime(d) => Value::String(d.to_string()),
            DeValue::Table(t) => self.table(t, pointer),
            DeValue::Array(all) => {
                let mut list = Vec::new();
                for (i, item) in all.iter().enumerate() {
                    let below = format!("{pointer}/{i}");
                    self.places.insert(below.clone(), (None, item.span()));
                    list.push(self.value(item.get_ref(), item.span(), &below));
                }
                Value::Array(list)
            }
        }
    }

    /// Where a key stands, or the value when it has none.
    pub(super) fn key_span(&self, pointer: &str) -> Range<usize> {
        let found = self.places.get(pointer).map(|(key, value)| key.clone().unwrap_or(value.clone()));
        found.unwrap_or(0..0)
    }

    /// Where a value stands.
    pub(super) fn value_span(&self, pointer: &str) -> Range<usize> {
        self.places.get(pointer).map_or(0..0, |(_, value)| value.clone())
    }

    /// What laid the value of a pointer, the table around it, or the values in it.
    fn layer(&self, pointer: &str) -> Option<&str> {
        let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let found = |(at, _): &(&String, &String)| {
            within(pointer, at) || (!self.places.contains_key(pointer) && within(at, pointer))
        };
        self.laid.iter().filter(found).max_by_key(|(at, _)| at.len()).map(|(_, from)| from.as_str())
    }

    /// A mistake at a key.
    pub(super) fn at_key(&self, severity: Severity, pointer: &str, message: impl Into<String>) -> Mistake {
        if let Some(from) = self.layer(pointer) {
            return Mistake::at(severity, from, "", 0..0, message);
        }
        Mistake::at(severity, self.file, self.text, self.key_span(pointer), message)
    }

    /// A mistake at a value.
    pub(super) fn at_value(&self, severity: Severity, pointer: &str, message: impl Into<String>) -> Mistake {
        if self.layer(pointer).is_some() {
            return self.at_key(severity, pointer, message);
        }
        let span = self.value_span(pointer);
        // A table's header or a long text is shown by its key.
        let one_line = self.text.get(span.clone()).is_some_and(|t| !t.is_empty() && !t.contains('\n'));
        let span = if one_line { span } else { self.key_span(pointer) };
        Mistake::at(severity, self.file, self.text, span, message)
    }

    /// The root.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        Node { document: self, value: &self.json, pointer: String::new() }
    }

    /// Where the content of a string begins, behind its quotes; `None` when escapes move its columns.
    pub(super) fn content_start(&self, pointer: &str, content: &str) -> Option<usize> {
        let span = self.value_span(pointer);
        let raw = self.text.get(span.clone())?;
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| raw.starts_with(q))?;
        let mut start = span.start + quotes.len();
        if quotes.len() == 3 {
            let rest = &self.text[start..];
            start += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        self.text[start..].starts_with(content).then_some(start)
    }
}

/// A value with its pointer.
#[derive(Clone)]
pub(super) struct Node<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) value: &'d Value,
    pub(super) pointer: String,
}

impl<'d, 'a> Node<'d, 'a> {
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.as_object()?.get(key)?;
        let pointer = format!("{}/{}", self.pointer, escape(key));
        Some(Self { document: self.document, value, pointer })
    }

    pub(super) fn text(&self, key: &str) -> Option<&'d str> {
        self.value.as_object()?.get(key)?.as_str()
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.get(key)
            .map(|n| n.one_or_many())
            .unwrap_or_default()
            .iter()
            .filter_map(|n| n.value.as_str())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        self.value.as_object()?.get(key)?.as_bool()
    }

    /// Members of a list; a single value is a list of one.
    pub(super) fn one_or_many(&self) -> Vec<Self> {
        match self.value {
            Value::Array(all) => all
                .iter()
                .enumerate()
                .map(|(i, value)| Self { document: self.document, value, pointer: format!("{}/{i}", self.pointer) })
                .collect(),
            _ => vec![self.clone()],
        }
    }

    /// Members of the list of that name; none when it is absent or no list.
    pub(super) fn items(&self, key: &str) -> Vec<Self> {
        self.get(key).filter(|n| n.value.is_array()).map(|n| n.one_or_many()).unwrap_or_default()
    }

    /// Keys and values of a table in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'d str, Self)> {
        let Some(map) = self.value.as_object() else { return Vec::new() };
        let mut all: Vec<_> = map.keys().filter_map(|k| Some((k.as_str(), self.get(k)?))).collect();
        all.sort_by_key(|(_, node)| self.document.key_span(&node.pointer).start);
        all
    }

    /// Entries of the table of that name.
    pub(super) fn table(&self, key: &str) -> Vec<(&'d str, Self)> {
        self.get(key).map(|n| n.entries()).unwrap_or_default()
    }

    /// A number exactly as written.
    pub(super) fn literal(&self) -> Option<String> {
        if !self.value.is_number() {
            return None;
        }
        let raw = self.document.text.get(self.document.value_span(&self.pointer))?;
        Some(raw.replace('_', "").trim_start_matches('+').to_owned())
    }
}

/// A key as a part of a JSON pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
