//! A TOML file laid against a JSON Schema, for whoever has one: its JSON, and every mistake at its line.

use super::document::{Document, escape};
use super::mistake::{Mistake, Severity};
use super::schema::shape;
use serde_json::{Map, Value};

/// A file, and what was laid over it.
pub struct Sheet<'a>(Document<'a>);

impl<'a> Sheet<'a> {
    /// Reads TOML, or says what is none.
    pub fn read(file: &'a str, text: &'a str) -> Result<Self, Vec<Mistake>> {
        let (document, mistakes) = Document::read(file, text);
        if mistakes.is_empty() { Ok(Self(document)) } else { Err(mistakes) }
    }

    /// Puts a value at its path; mistakes there are told of `from`, which has one line.
    pub fn lay(&mut self, path: &[String], value: Value, from: &str) -> Result<(), String> {
        let mut here = &mut self.0.json;
        let (last, before) = path.split_last().ok_or("it names no key")?;
        let none = |key: &str| format!("`{key}` is no table");
        for key in before {
            let table = here.as_object_mut().ok_or_else(|| none(key))?;
            here = table.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
        }
        here.as_object_mut().ok_or_else(|| none(last))?.insert(last.clone(), value);
        self.0.laid.insert(pointer(path), from.to_owned());
        Ok(())
    }

    /// What does not fit the schema.
    pub fn against(&self, schema: &Value) -> Vec<Mistake> {
        match jsonschema::validator_for(schema) {
            Ok(validator) => shape(&self.0, schema, &validator),
            Err(_) => vec![self.wrong(&[], "the schema that is built in cannot be read")],
        }
    }

    /// A mistake at the value of a path.
    pub fn wrong(&self, path: &[String], message: impl Into<String>) -> Mistake {
        self.0.at_value(Severity::Error, &pointer(path), message)
    }

    /// What it holds.
    pub fn json(&self) -> &Value {
        &self.0.json
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", escape(key))).collect()
}
