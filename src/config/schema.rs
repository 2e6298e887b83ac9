//! The JSON Schema of the settings, made from their types; from it come checks, masks and the committed copy.

use super::Settings;
use serde_json::Value;

/// The schema, as editors use it.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Settings).to_value();
    without_null(&mut schema);
    schema
}

/// TOML has no null: what may be silent is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(kinds)) = members.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [one] = kinds.as_slice() {
                    let one = one.clone();
                    members.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(any)) = members.get_mut("anyOf") {
                any.retain(|one| one["type"] != "null");
                if let [Value::Object(one)] = any.as_slice() {
                    let one = one.clone();
                    members.remove("anyOf");
                    one.into_iter().for_each(|(name, part)| {
                        members.entry(name).or_insert(part);
                    });
                }
            }
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A part of the schema, its references followed.
fn followed<'s>(schema: &'s Value, part: &'s Value) -> &'s Value {
    let target = part["$ref"].as_str().and_then(|r| schema.pointer(r.strip_prefix('#')?));
    target.unwrap_or(part)
}

/// The path that the words of a variable's name mean, and the schema there. Keys of the schema are in lower case; a
/// name that a site gives is found as the file has it, or taken as the schema wants it.
pub(super) fn place<'s>(schema: &'s Value, file: &Value, words: &[&str]) -> (Vec<String>, Option<&'s Value>) {
    let (mut path, mut part, mut here) = (Vec::new(), Some(schema), Some(file));
    for word in words {
        let lower = word.to_lowercase();
        let open = part.map(|p| followed(schema, p));
        let known = open.and_then(|p| p["properties"].get(&lower));
        let free = open.and_then(|p| p.get("additionalProperties")).filter(|p| p.is_object());
        let found = || here?.as_object()?.keys().find(|k| k.eq_ignore_ascii_case(word)).cloned();
        let key = match (known, free) {
            (None, Some(_)) => found().unwrap_or_else(|| {
                let named = open.is_some_and(|p| p.get("propertyNames").is_some());
                if named { lower.clone() } else { (*word).to_owned() }
            }),
            _ => lower,
        };
        part = known.or(free);
        here = here.and_then(|h| h.get(&key));
        path.push(key);
    }
    (path, part.map(|p| followed(schema, p)))
}

/// The values without those that the schema calls write-only.
pub(super) fn masked(schema: &Value, mut value: Value) -> Value {
    mask(schema, schema, &mut value);
    value
}

fn mask(schema: &Value, part: &Value, value: &mut Value) {
    let part = followed(schema, part);
    match value {
        Value::String(text) if part["writeOnly"] == true => *text = "(not shown)".into(),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(schema, &part["items"], item)),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| {
            let below = part["properties"].get(name).unwrap_or(&part["additionalProperties"]);
            mask(schema, below, member);
        }),
        _ => {}
    }
}
