//! JSON that is written: decimals as they were printed, members in the order given.

use std::fmt::Write;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Text(String),
    /// A number as printed, or a boolean.
    Bare(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn one(name: &'static str, value: Self) -> Self {
        Self::Object(vec![(name, value)])
    }

    /// A member more, where there is one.
    pub(super) fn with(mut self, name: &'static str, value: Option<Self>) -> Self {
        if let (Self::Object(members), Some(value)) = (&mut self, value) {
            members.push((name, value));
        }
        self
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write(&mut out);
        out.into_bytes()
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => quoted(text, out),
            Self::Bare(word) => out.push_str(word),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    out.push(if i == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                for (i, (name, value)) in members.iter().enumerate() {
                    out.push(if i == 0 { '{' } else { ',' });
                    quoted(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A text that says something.
pub(super) fn said(text: String) -> Option<Json> {
    (!text.is_empty()).then_some(Json::Text(text))
}

/// A list that holds something.
pub(super) fn some(items: Vec<Json>) -> Option<Json> {
    (!items.is_empty()).then_some(Json::List(items))
}

/// Empty lists and objects have no place in FHIR; `[]` and `{}` are never written.
pub(super) fn filled(object: Json) -> Option<Json> {
    match &object {
        Json::Object(members) if members.is_empty() => None,
        _ => Some(object),
    }
}
