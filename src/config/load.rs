//! The file, the environment over it, and every mistake of both with its place.

use super::Settings;
use super::schema::{masked, place, schema};
use crate::trial::mistake::Mistake;
use crate::trial::sheet::Sheet;
use serde_json::Value;
use std::path::Path;

/// Environment variables of this prefix are settings: `TRIALGATE__SOURCES__MAIN__ZONE` is `sources.main.zone`.
pub const ENVIRONMENT_PREFIX: &str = "TRIALGATE__";

impl Settings {
    /// Reads the file, lays the environment over it and checks both. The error names each place and what is wanted there.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        let Some(path) = file else {
            return Self::read("settings", "", environment);
        };
        let text = std::fs::read_to_string(path)
            .map_err(|e| format!("the settings file {} cannot be read: {e}", path.display()))?;
        Self::read(&path.display().to_string(), &text, environment)
    }

    /// Settings from text alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read("settings", text, std::iter::empty())
    }

    fn read(file: &str, text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        let schema = schema();
        let mut sheet = Sheet::read(file, text).map_err(|mistakes| told(&mistakes))?;
        let mut laid: Vec<(String, String)> =
            environment.filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).collect();
        laid.sort();
        for (name, value) in laid {
            let steps: Vec<&str> = name[ENVIRONMENT_PREFIX.len()..].split("__").collect();
            let (path, wanted) = place(&schema, sheet.json(), &steps);
            let value = if wanted.is_some_and(is_text) { Value::String(value) } else { value_of(value) };
            sheet.lay(&path, value, &name).map_err(|e| format!("{name}: {e}"))?;
        }
        let mut mistakes = sheet.against(&schema);
        let mut open = Vec::new();
        unfilled(sheet.json(), &mut Vec::new(), &mut open);
        mistakes.extend(open.iter().map(|(path, words)| sheet.wrong(path, words)));
        if !mistakes.is_empty() {
            return Err(told(&mistakes));
        }
        let settings = Self::deserialize_from(sheet.json()).map_err(|e| format!("{file}: {e}"))?;
        let wrong: Vec<Mistake> = settings.wrong().iter().map(|(path, words)| sheet.wrong(path, words)).collect();
        if wrong.is_empty() { Ok(settings) } else { Err(told(&wrong)) }
    }

    fn deserialize_from(json: &Value) -> Result<Self, serde_json::Error> {
        serde::Deserialize::deserialize(json)
    }

    /// The settings in force as TOML, secrets masked.
    pub fn shown(&self) -> Result<String, String> {
        toml::to_string_pretty(&self.masked()).map_err(|e| e.to_string())
    }

    /// The same as JSON.
    pub fn masked(&self) -> Value {
        // A database's URL may hold a password, and is otherwise what somebody wants to see.
        let store = self.store.as_deref().map(crate::store::shown);
        masked(&schema(), serde_json::to_value(Self { store, ..self.clone() }).unwrap_or_default())
    }
}

/// Where a word of `trialgate init` still stands, and what is wanted there.
fn unfilled(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let mut inner = |step: String, value: &Value| {
        path.push(step);
        unfilled(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(table) => table.iter().for_each(|(key, value)| inner(key.clone(), value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, value)| inner(n.to_string(), value)),
        Value::String(text) => {
            let wanted = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')?.split_once(": "));
            found.extend(wanted.map(|(_, words)| (path.clone(), format!("is not filled in; wanted {words}"))));
        }
        _ => {}
    }
}

fn is_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    }
}

/// A text that reads as TOML (`true`, `8080`, `["a"]`) becomes that.
fn value_of(text: String) -> Value {
    let parsed = format!("v = {text}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    parsed.and_then(|v| serde_json::to_value(v).ok()).unwrap_or(Value::String(text))
}

/// One line each: the line of a file may hold a secret and is not repeated.
fn told(mistakes: &[Mistake]) -> String {
    let one = |m: &Mistake| {
        let at = if m.file.starts_with(ENVIRONMENT_PREFIX) {
            m.file.clone()
        } else {
            format!("{}:{}:{}", m.file, m.line, m.column)
        };
        let help = m.help.as_ref().map(|h| format!("; {h}")).unwrap_or_default();
        format!("{at}: {}{help}", m.message)
    };
    mistakes.iter().map(one).collect::<Vec<_>>().join("\n")
}
