//! What differs between the texts of two definitions: criteria, variables, readings and the rest, by name.

use std::collections::BTreeMap;
use toml::{Table, Value};

/// One thing that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What it is: `criterion`, `variable`, `reading`, `codes`, or the section of the file.
    pub what: String,
    /// Its name; empty: the section itself.
    pub name: String,
    /// The keys that differ, each with its text before and after; `None`: it is not there.
    pub keys: Vec<(String, Option<String>, Option<String>)>,
    /// It is in both, and only some keys differ.
    pub in_both: bool,
}

/// Compares two texts of `trial.toml`, in the order in which a reader looks: criteria, readings, variables, the rest.
/// The error says which text is no TOML.
pub fn compare(old: &str, new: &str) -> Result<Vec<Changed>, String> {
    let read = |which: &str, text: &str| {
        text.parse::<Table>().map(|table| parts(&table)).map_err(|e| format!("the {which} definition is no TOML: {e}"))
    };
    let (old, new) = (read("old", old)?, read("new", new)?);
    let mut found: Vec<Changed> = Vec::new();
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        if before != after {
            let (_, what, name) = key;
            let in_both = before.is_some() && after.is_some();
            found.push(Changed { what: what.clone(), name: name.clone(), keys: differences(before, after), in_both });
        }
    }
    Ok(found)
}

/// Every named part of a definition: its rank, what it is, its name.
fn parts(table: &Table) -> BTreeMap<(u8, String, String), Value> {
    let mut found = BTreeMap::new();
    let mut put = |rank: u8, what: &str, name: &str, value: &Value| {
        found.insert((rank, what.to_owned(), name.to_owned()), value.clone());
    };
    for (section, value) in table {
        let rank = match section.as_str() {
            "eligibility" => 0,
            "readings" => 1,
            "variables" => 2,
            "codes" => 3,
            "anchors" => 4,
            _ => 5,
        };
        let one = match section.as_str() {
            "readings" => "reading",
            "variables" => "variable",
            "anchors" => "anchor",
            "outcomes" => "outcome",
            other => other,
        };
        match value {
            Value::Table(inner) if section == "eligibility" => {
                for (key, value) in inner {
                    match value {
                        Value::Array(list) => {
                            list.iter().enumerate().for_each(|(n, c)| put(rank, "criterion", &id(key, c, n), c));
                        }
                        other => put(rank, "eligibility", key, other),
                    }
                }
            }
            Value::Table(inner) if rank < 5 => inner.iter().for_each(|(name, value)| put(rank, one, name, value)),
            Value::Array(list) if list.iter().all(Value::is_table) => {
                list.iter().enumerate().for_each(|(n, item)| put(rank, one, &id(one, item, n), item));
            }
            other => put(rank, one, "", other),
        }
    }
    found
}

/// The id of an item of a list; a note has none and goes by the protocol's words.
fn id(kind: &str, item: &Value, n: usize) -> String {
    let word = |key: &str| item.get(key).and_then(Value::as_str);
    match (word("id"), word("protocol")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(words)) => format!("{kind} “{words:.60}”"),
        (None, None) => format!("{kind} {}", n + 1),
    }
}

fn differences(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, Option<String>, Option<String>)> {
    let table = |v: Option<&Value>| match v {
        Some(Value::Table(table)) => table.clone(),
        Some(other) => Table::from_iter([(String::new(), other.clone())]),
        None => Table::new(),
    };
    let (before, after) = (table(before), table(after));
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |v: Option<&Value>| v.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differs.map(|key| (key.clone(), text(before.get(key)), text(after.get(key)))).collect()
}
