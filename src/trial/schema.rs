//! The shape of the file by its JSON Schema, each fault told at its line in the TOML.

use super::document::Document;
use super::expression::names::distance;
use super::mistake::{Mistake, Severity};
use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationErrorKind as Fault};
use serde_json::Value;
use std::sync::LazyLock;

/// The schema as editors use it.
pub const TRIAL_SCHEMA: &str = include_str!("../../profiles/schemas/trial.schema.json");

/// The schema of instrument files.
pub(super) const INSTRUMENT_SCHEMA: &str = include_str!("../../profiles/schemas/instrument.schema.json");

type Compiled = LazyLock<Option<(Value, Validator)>>;

static TRIALS: Compiled = LazyLock::new(|| compiled(TRIAL_SCHEMA));
static INSTRUMENTS: Compiled = LazyLock::new(|| compiled(INSTRUMENT_SCHEMA));

fn compiled(text: &str) -> Option<(Value, Validator)> {
    let schema: Value = serde_json::from_str(text).ok()?;
    let validator = jsonschema::validator_for(&schema).ok()?;
    Some((schema, validator))
}

/// What is wrong with the shape of a definition.
pub(super) fn definition(document: &Document<'_>) -> Vec<Mistake> {
    by(&TRIALS, document)
}

/// What is wrong with the shape of an instrument.
pub(super) fn instrument(document: &Document<'_>) -> Vec<Mistake> {
    by(&INSTRUMENTS, document)
}

fn by(schema: &Compiled, document: &Document<'_>) -> Vec<Mistake> {
    match &**schema {
        Some((schema, validator)) => shape(document, schema, validator),
        None => vec![document.at_key(Severity::Error, "", "the schema that is built in cannot be read")],
    }
}

/// What is wrong with the shape of a file by a schema.
pub(super) fn shape(document: &Document<'_>, schema: &Value, validator: &Validator) -> Vec<Mistake> {
    let mut found = Vec::new();
    for error in validator.iter_errors(&document.json) {
        let pointer = error.instance_path().to_string();
        let at = error.schema_path().to_string();
        match error.kind() {
            Fault::AdditionalProperties { unexpected } | Fault::UnevaluatedProperties { unexpected } => {
                let known = known_keys(schema, &at);
                found.extend(unexpected.iter().map(|key| unknown_key(document, &pointer, key, &known)));
            }
            Fault::Required { property } => {
                let message = format!("`{}` is missing", property.as_str().unwrap_or_default());
                found.push(document.at_key(Severity::Error, &pointer, message).with_help(describe(schema, &at)));
            }
            kind => {
                let mistake = document.at_value(Severity::Error, &pointer, sentence(kind, &document.json, &pointer));
                let help = describe(schema, &at);
                found.push(if help.is_empty() { mistake } else { mistake.with_help(help) });
            }
        }
    }
    found
}

fn unknown_key(document: &Document<'_>, pointer: &str, key: &str, known: &[String]) -> Mistake {
    let below = format!("{pointer}/{}", super::document::escape(key));
    let mistake = document.at_key(Severity::Error, &below, format!("unknown key `{key}`"));
    match known.iter().map(|k| (distance(key, k), k)).min() {
        Some((far, near)) if far <= 2 => mistake.with_help(format!("did you mean `{near}`?")),
        Some(_) => mistake.with_help(format!("known keys here: {}", known.join(", "))),
        None => mistake,
    }
}

/// Keys that the schema knows where it refused one.
fn known_keys(schema: &Value, at: &str) -> Vec<String> {
    let parent = at.rsplit_once('/').map_or("", |(head, _)| head);
    let keys = resolve(schema, parent).and_then(|s| s.get("properties")?.as_object());
    keys.map(|k| k.keys().cloned().collect()).unwrap_or_default()
}

/// What the schema says of the place in words.
fn describe(schema: &Value, at: &str) -> String {
    let parent = at.rsplit_once('/').map_or("", |(head, _)| head);
    let words = resolve(schema, parent).and_then(|s| s.get("description")?.as_str());
    words.unwrap_or_default().to_owned()
}

/// A place in the schema by a path that may step through references.
fn resolve<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    let mut here = schema;
    for step in path.split('/').filter(|s| !s.is_empty()) {
        let step = step.replace("~1", "/").replace("~0", "~");
        here = match here {
            Value::Array(all) => all.get(step.parse::<usize>().ok()?)?,
            _ if step == "$ref" => schema.pointer(here.get("$ref")?.as_str()?.strip_prefix('#')?)?,
            _ => here.get(&step)?,
        };
    }
    Some(here)
}

fn sentence(kind: &Fault, whole: &Value, pointer: &str) -> String {
    let found = || match whole.pointer(pointer) {
        Some(Value::String(_)) => "a text".to_owned(),
        Some(Value::Number(n)) => format!("the number {n}"),
        Some(Value::Bool(b)) => format!("`{b}`"),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "a table".to_owned(),
        _ => "nothing".to_owned(),
    };
    match kind {
        Fault::Type { kind: TypeKind::Single(wanted) } => format!("found {}, wanted {wanted}", found()),
        Fault::Type { kind: TypeKind::Multiple(wanted) } => {
            let words: Vec<String> = wanted.iter().map(|w| w.to_string()).collect();
            format!("found {}, wanted {}", found(), words.join(" or "))
        }
        Fault::Enum { options } => {
            let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("this word is not known here, wanted one of {}", words.join(", "))
        }
        Fault::Constant { expected_value } => format!("wanted {expected_value}"),
        Fault::Pattern { .. } | Fault::Format { .. } => "this text has not the form that is wanted".to_owned(),
        Fault::MinLength { .. } => "an empty text".to_owned(),
        Fault::MinItems { limit } => format!("wanted at least {limit} of them"),
        Fault::MaxItems { limit } | Fault::MaxLength { limit } => format!("wanted at most {limit}"),
        Fault::Minimum { limit } | Fault::ExclusiveMinimum { limit } => {
            format!("found {}, wanted more than {limit}", found())
        }
        Fault::PropertyNames { .. } => "this key is no name: letters, digits and _ only".to_owned(),
        _ => format!("{} does not fit here", found()),
    }
}
