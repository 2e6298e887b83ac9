//! Writes `profiles/schemas/config.schema.json` and `docs/configuration.md` from the settings' types:
//! `cargo run --example settings`. A test compares.

use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// The committed schema.
pub fn schema() -> String {
    let text = serde_json::to_string_pretty(&trialgate::config::schema()).unwrap_or_default();
    format!("{text}\n")
}

/// The page.
pub fn page() -> String {
    let schema = trialgate::config::schema();
    let prefix = trialgate::config::ENVIRONMENT_PREFIX;
    let mut out = format!(
        "# Configuration\n\nMade by `cargo run --example settings`; a test compares it with the code.\n\n\
         One TOML file, given by `--config FILE`, and over it the environment: `{prefix}SOURCES__MAIN__ZONE=UTC` is\n\
         `zone = \"UTC\"` in `[sources.main]`. A value that reads as TOML (`true`, `8080`, `[\"a\"]`) is taken as that.\n\
         The command line goes before both. An unknown key is refused with its file and line, or its variable, and the nearest key that there is.\n\n\
         `trialgate config check` says what is wrong, `trialgate config show` what is in force (secrets masked),\n\
         `trialgate config schema` prints the JSON Schema, which is also in `profiles/schemas/config.schema.json` for editors.\n\
         `TRIALGATE_LOG` sets the log filter of any command.\n"
    );
    section(&schema, &schema, "", &mut out);
    out
}

fn followed<'s>(schema: &'s Value, part: &'s Value) -> &'s Value {
    part["$ref"].as_str().and_then(|r| schema.pointer(r.strip_prefix('#')?)).unwrap_or(part)
}

/// The table of one object, then those of the objects in it.
fn section(schema: &Value, part: &Value, name: &str, out: &mut String) {
    let mut inner = Vec::new();
    let required: Vec<&str> = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let heading = if name.is_empty() { "The top of the file".to_owned() } else { format!("`{name}`") };
    let _ = write!(
        out,
        "\n## {heading}\n\n{}\n\n| key | value | when silent | meaning |\n|---|---|---|---|\n",
        words(part)
    );
    for (key, value) in part["properties"].as_object().into_iter().flatten() {
        let below = followed(schema, value);
        let path = |form: &str| format!("[{}{form}]", prefix(name, key));
        let (many, each) = (followed(schema, &below["items"]), followed(schema, &below["additionalProperties"]));
        if below["properties"].is_object() {
            inner.push((path(""), below));
        } else if each["properties"].is_object() {
            inner.push((path(".NAME"), each));
        } else if many["properties"].is_object() {
            inner.push((format!("[{}]", path("")), many));
        } else {
            let silent = match value.get("default").or_else(|| part["default"].get(key)) {
                Some(Value::Object(_) | Value::Array(_)) => "none".into(),
                Some(text) => format!("`{}`", text.to_string().replace('"', "")),
                None if required.contains(&key.as_str()) => "refused".into(),
                None => String::new(),
            };
            let _ = writeln!(out, "| `{key}` | {} | {silent} | {} |", kind(below), words(value));
        }
    }
    for (name, part) in inner {
        section(schema, part, &name, out);
    }
}

fn prefix(name: &str, key: &str) -> String {
    let name = name.trim_matches(['[', ']']);
    if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") }
}

fn words(part: &Value) -> String {
    let secret = if part["writeOnly"] == true { " Never shown." } else { "" };
    format!("{}{secret}", part["description"].as_str().unwrap_or_default().replace('\n', " "))
}

fn kind(part: &Value) -> String {
    if let Some(all) = part["enum"].as_array() {
        let all: Vec<String> = all.iter().filter_map(Value::as_str).map(|w| format!("`{w}`")).collect();
        return all.join(", ");
    }
    match part["type"].as_str().unwrap_or_default() {
        "boolean" => "`true`, `false`".into(),
        "integer" => "number".into(),
        "array" => format!("list of: {}", kind(&part["items"])),
        "object" => format!("table of: {}", kind(&part["additionalProperties"])),
        _ => "text".into(),
    }
}

#[allow(dead_code, reason = "a test includes this file for its generators")]
fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(root.join("profiles/schemas/config.schema.json"), schema())?;
    std::fs::write(root.join("docs/configuration.md"), page())
}
