//! A worked case: a synthetic patient and what the evaluation must say of them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A case file, its resources byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its title.
    pub title: String,
    /// The moment asked about, as written; a date means the end of that day at the site.
    pub as_of: String,
    /// FHIR resources in the order of their arrival, as JSON text.
    pub resources: Vec<String>,
    /// Answers given at `as_of`: variable → answer.
    pub attest: BTreeMap<String, Value>,
    /// Any part of the output.
    pub expect: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    title: String,
    as_of: String,
    #[serde(borrow)]
    resources: Vec<&'a RawValue>,
    #[serde(default)]
    attest: BTreeMap<String, Value>,
    #[serde(default)]
    expect: Value,
}

/// Reads a case file. The error says line, column and what is wanted.
pub fn parse(text: &str) -> Result<Case, String> {
    let written: Written<'_> = serde_json::from_str(text)
        .map_err(|e| format!("no case file: {e}; wanted title, as_of, resources, attest, expect"))?;
    crate::model::time::Partial::parse(&written.as_of).map_err(|e| format!("`as_of`: {e}"))?;
    Ok(Case {
        title: written.title,
        as_of: written.as_of,
        resources: written.resources.iter().map(|r| r.get().to_owned()).collect(),
        attest: written.attest,
        expect: written.expect,
    })
}

/// What differs between the part expected and the output, one sentence each.
/// In a list the elements are found by `id`, `variable` or `expression`; a plain word stands for that name; `missing` is the whole list.
pub fn differences(expect: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expect, actual, "", &mut found);
    found
}

fn compare(expect: &Value, actual: &Value, path: &str, found: &mut Vec<String>) {
    match (expect, actual) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (key, value) in wanted {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match given.get(key) {
                    Some(there) => compare(value, there, &below, found),
                    None => found.push(format!("{below}: expected {value}, found nothing")),
                }
            }
        }
        // Criteria may be written as a table: id → result.
        (Value::Object(wanted), Value::Array(given)) => {
            for (name, value) in wanted {
                let below = format!("{path}.{name}");
                match given.iter().find(|g| names(g).contains(&name.as_str())) {
                    Some(there) if value.is_object() => compare(value, there, &below, found),
                    Some(there) => compare(value, there.get("result").unwrap_or(&Value::Null), &below, found),
                    None => found.push(format!("{below}: expected, and not there")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) => {
            for value in wanted {
                let name = names(value).first().copied().unwrap_or_default().to_owned();
                let below = format!("{path}[{name}]");
                match given.iter().find(|g| names(g).contains(&name.as_str())) {
                    Some(there) if value.is_object() => compare(value, there, &below, found),
                    Some(_) if value.is_string() => {}
                    Some(_) | None if given.contains(value) => {}
                    _ => found.push(format!("{below}: expected, and not there")),
                }
            }
            if path == "missing" || path.ends_with(".missing") {
                whole_list(wanted, given, path, found);
            }
        }
        _ if expect == actual => {}
        _ => found.push(format!("{path}: expected {expect}, found {actual}")),
    }
}

fn whole_list(wanted: &[Value], given: &[Value], path: &str, found: &mut Vec<String>) {
    for there in given {
        let known = names(there);
        if !wanted.iter().any(|w| names(w).iter().any(|n| known.contains(n))) {
            found.push(format!("{path}[{}]: not expected", known.first().copied().unwrap_or("?")));
        }
    }
}

/// The names by which an element is found.
fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::String(word) => vec![word],
        _ => ["id", "variable", "expression"].iter().filter_map(|k| value.get(k)?.as_str()).collect(),
    }
}
