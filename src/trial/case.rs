//! Case files: a person's resources, what people attested, and what is expected.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A case file.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its title.
    pub title: String,
    /// The moment asked about; a date means the end of that day at the site.
    pub as_of: String,
    /// Resources as JSON text, in the order of their arrival.
    pub resources: Vec<String>,
    /// Answers given at `as_of`, by variable.
    pub attest: BTreeMap<String, Value>,
    /// Any part of an evaluation's answer.
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

impl Case {
    /// Reads a case file; resources keep every digit. The error says where the JSON fails.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written<'_> = serde_json::from_str(text).map_err(|e| format!("no case file: {e}"))?;
        Ok(Self {
            title: written.title,
            as_of: written.as_of,
            resources: written.resources.iter().map(|r| r.get().to_owned()).collect(),
            attest: written.attest,
            expect: written.expect,
        })
    }
}

/// What differs between what is expected and what came: only what is expected is looked at.
pub fn differences(expect: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expect, actual, &mut found);
    found
}

fn compare(place: &str, expect: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expect, actual) {
        (Value::Object(wanted), Value::Object(_)) => {
            for (key, value) in wanted {
                let below = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                compare(&below, value, &actual[key.as_str()], found);
            }
        }
        (Value::Array(wanted), Value::Array(came)) => compare_lists(place, wanted, came, found),
        _ if expect == actual => {}
        _ => found.push(format!("{place}: expected {expect}, came {actual}")),
    }
}

/// Elements are found by `id`, `variable` or `expression`; a plain word stands for that name; `missing` is the whole list.
fn compare_lists(place: &str, wanted: &[Value], came: &[Value], found: &mut Vec<String>) {
    for element in wanted {
        let Some(name) = name_of(element) else {
            found.push(format!("{place}: an expected element has no id, variable or expression"));
            continue;
        };
        match came.iter().find(|c| name_of(c) == Some(name)) {
            None => found.push(format!("{place}: {name} is expected and did not come")),
            Some(_) if element.is_string() => {}
            Some(there) => compare(&format!("{place}.{name}"), element, there, found),
        }
    }
    if place == "missing" {
        let unexpected = came.iter().filter(|c| !wanted.iter().any(|w| name_of(w) == name_of(c)));
        found.extend(unexpected.map(|c| format!("missing: {} came and is not expected", name_of(c).unwrap_or("?"))));
    }
}

fn name_of(element: &Value) -> Option<&str> {
    element
        .as_str()
        .or_else(|| ["id", "variable", "expression", "criterion"].iter().find_map(|key| element[*key].as_str()))
}
