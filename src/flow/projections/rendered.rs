//! One rendered resource and what it is found by: its own elements, under the names of R4's search parameters.

use crate::flow::own::{OwnAsk, Owned};
use crate::flow::query::{token, unescape};
use crate::model::key::digest_words;
use crate::model::time::Instant;
use serde_json::Value;

/// Search parameters whose element bears another name.
const ELEMENTS: &[(&str, &str)] = &[
    ("_id", "id"),
    ("organization", "managingOrganization"),
    ("module", "moduleCanonical"),
    ("subject", "subject"),
    ("patient", "subject"),
];

/// A resource, rendered, and read again so that it can be searched.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// As it is served.
    pub(crate) owned: Owned,
    value: Value,
}

impl Rendered {
    /// A definition, as it stands: its version is made from its bytes, so that a changed one has another ETag.
    pub(crate) fn definition(body: Vec<u8>, known: Instant) -> Option<Self> {
        let version = version_of(&body);
        Self::new(body, version, known)
    }

    /// One that tells of a person and is worked out when it is read: versioned by its bytes likewise, since time alone may
    /// change it.
    pub(crate) fn as_it_stands(body: &[u8], known: Instant) -> Option<Self> {
        Self::personal(body, version_of(body), known)
    }

    /// One that tells of a person; `meta` is laid in.
    pub(crate) fn personal(body: &[u8], version: i64, known: Instant) -> Option<Self> {
        Self::new(super::super::subjects::with_meta(body, version, Some(known)), version, known)
    }

    fn new(body: Vec<u8>, version: i64, known: Instant) -> Option<Self> {
        let value: Value = serde_json::from_slice(&body).ok()?;
        let id = value["id"].as_str()?.to_owned();
        Some(Self { owned: Owned { id, version, known, body: body.into() }, value })
    }

    /// Its type.
    pub(crate) fn kind(&self) -> &str {
        self.value["resourceType"].as_str().unwrap_or_default()
    }

    /// Whether it is one of those asked for. `kinds` says of what kind each parameter is; what was narrowed before,
    /// such as `patient`, is `apart`.
    pub(crate) fn fits(&self, ask: &OwnAsk, kinds: &[(&str, &str)], apart: &[&str], base: &str) -> bool {
        ask.given.iter().filter(|(name, _)| !apart.contains(&name.as_str())).all(|(name, wanted)| {
            let kind = kinds.iter().find(|(n, _)| n == name).map_or("token", |(_, kind)| *kind);
            let element = ELEMENTS.iter().find(|(n, _)| n == name).map_or(name.as_str(), |(_, element)| element);
            let found = each(&self.value[element]);
            wanted.iter().any(|wanted| found.iter().any(|value| meets(value, wanted, kind, base)))
        })
    }
}

/// A version made from bytes: others have another one.
fn version_of(body: &[u8]) -> i64 {
    let digest = digest_words(&[&String::from_utf8_lossy(body)]);
    digest[..6].iter().fold(0_i64, |n, byte| (n << 8) | i64::from(*byte))
}

/// An element's values: those of a list, or the one.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

fn meets(value: &Value, wanted: &str, kind: &str, base: &str) -> bool {
    match kind {
        "uri" => canonical(value.as_str().unwrap_or_default(), &unescape(wanted)),
        "string" => {
            let lower = |words: &str| words.to_lowercase();
            value.as_str().is_some_and(|v| lower(v).starts_with(&lower(&unescape(wanted))))
        }
        "reference" => refers(value["reference"].as_str().unwrap_or_default(), wanted, base),
        _ => meets_token(value, wanted),
    }
}

/// The same URL; one without a version stands for all versions.
fn canonical(value: &str, wanted: &str) -> bool {
    value == wanted || value.split_once('|').is_some_and(|(url, _)| url == wanted)
}

/// Relative or absolute, with or without type; one without a version stands for all versions.
fn refers(value: &str, wanted: &str, base: &str) -> bool {
    let wanted = wanted.strip_prefix(base).map_or(wanted, |rest| rest.trim_start_matches('/'));
    let whole = value.split("/_history/").next().unwrap_or_default();
    value == wanted || whole == wanted || (!wanted.contains('/') && whole.rsplit('/').next() == Some(wanted))
}

/// A code's system is that of its element: `|code` and `code` and `system|code` all name it.
fn meets_token(value: &Value, wanted: &str) -> bool {
    let (system, code) = token(wanted);
    let coded = |coding: &Value, key: &str| {
        coding[key].as_str() == Some(&code)
            && system.as_ref().is_none_or(|s| coding["system"].as_str().unwrap_or_default() == s)
    };
    match value {
        Value::String(word) => *word == code,
        Value::Bool(truth) => truth.to_string() == code,
        Value::Object(of) if of.contains_key("coding") => {
            each(&value["coding"]).into_iter().any(|coding| coded(coding, "code"))
        }
        Value::Object(_) => coded(value, "value"),
        _ => false,
    }
}
