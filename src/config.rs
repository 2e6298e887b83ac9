//! Settings: one TOML file, every key by environment too, unknown keys refused. The only reader of both.

use crate::model::capabilities::Publish;
use crate::model::purpose::Purpose;
use crate::model::time::Zone;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Environment variables of this prefix are settings: `TRIALGATE__SOURCES__MAIN__ZONE` is `sources.main.zone`.
pub const ENVIRONMENT_PREFIX: &str = "TRIALGATE__";

/// All settings, as written. A site's choices of law have no default: what is not stated is not done.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; `127.0.0.1:8080` when silent.
    pub listen: Option<String>,
    /// Store; `sqlite:trialgate.db` when silent.
    pub store: Option<String>,
    /// Base of the names that the gateway gives (identifier systems, links); `http://<listen>` when silent.
    pub base: Option<String>,
    /// Log filter, such as `info`.
    pub log: Option<String>,
    /// `text` or `json`.
    pub log_format: Option<String>,
    /// Whether this process assesses; `true` when silent. `false`: data is taken and persons wait, as in a bulk load by
    /// night or where another process of the same store assesses.
    pub assess: Option<bool>,
    /// Sources by name; `main` is the base `/fhir`.
    pub sources: BTreeMap<String, Source>,
    /// Machine clients.
    pub clients: Vec<Client>,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// Trials by id.
    pub trials: BTreeMap<String, TrialAtSite>,
}

/// One source of resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its calendar, an IANA name.
    pub zone: String,
    /// `refuse` (default) or `ignore` resources of types that are not kept, inside a transaction.
    #[serde(default)]
    pub unkept: Option<String>,
}

/// One machine client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its name, for the audit.
    pub name: String,
    /// SHA-256 of its token, in hexadecimal; the token itself is in no file.
    pub token_sha256: String,
    /// The one source that it reads and writes.
    pub source: String,
    /// Any of `read`, `write`.
    pub rights: Vec<String>,
}

/// One target that is told statuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its FHIR base.
    pub url: String,
    /// `chart` or `research-store`.
    pub kind: String,
    /// `after-consent`, `candidates` or `all-computed`; silent: `after-consent` for a chart, `candidates` for a research store.
    #[serde(default)]
    pub publish: Option<String>,
    /// Bearer token, best given by environment.
    #[serde(default)]
    pub token: Option<String>,
    /// A chart knows its own Patients: the source whose Patient ids it shares.
    #[serde(default)]
    pub source: Option<String>,
    /// Plain http beyond loopback is allowed.
    #[serde(default)]
    pub insecure: bool,
}

/// What a site says of one trial.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialAtSite {
    /// The site's id in the definition; silent: the first.
    #[serde(default)]
    pub site: Option<String>,
    /// Whether the site takes new people.
    pub recruiting: bool,
    /// Sources that feed it; silent: all.
    #[serde(default)]
    pub sources: Option<Vec<String>>,
    /// Purpose → the ground on which it is done. None stated: not done.
    #[serde(default)]
    pub grounds: BTreeMap<String, String>,
    /// Chosen alternatives of readings other than the default.
    #[serde(default)]
    pub readings: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the file, lays the environment over it and checks both. The error names the key and what is wanted.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| format!("the settings file {} cannot be read: {e}", path.display()))?;
                text.parse::<toml::Table>().map_err(|e| format!("{}: {e}", path.display()))?
            }
        };
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                let path: Vec<String> = key.split("__").map(str::to_lowercase).collect();
                put(&mut table, &path, &value).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        let settings = Self::deserialize(toml::Value::Table(table)).map_err(|e| format!("settings: {e}"))?;
        settings.check()?;
        Ok(settings)
    }

    /// Settings from text alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|e| format!("settings: {e}"))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        for (name, source) in &self.sources {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
                return Err(format!("sources.{name}: a source's name is of lower-case letters, digits and `-`"));
            }
            if Zone::named(&source.zone).is_none() {
                return Err(format!(
                    "sources.{name}.zone: `{}` is no IANA time zone such as Europe/Berlin",
                    source.zone
                ));
            }
            one_of(&format!("sources.{name}.unkept"), source.unkept.as_deref(), &["refuse", "ignore"])?;
        }
        one_of("log_format", self.log_format.as_deref(), &["text", "json"])?;
        for client in &self.clients {
            let place = format!("clients.{}", client.name);
            if crate::model::key::unhex(&client.token_sha256).is_none_or(|b| b.len() != 32) {
                return Err(format!("{place}.token_sha256: wanted 64 hexadecimal digits"));
            }
            for right in &client.rights {
                one_of(&format!("{place}.rights"), Some(right), &["read", "write"])?;
            }
        }
        for (name, target) in &self.targets {
            one_of(&format!("targets.{name}.kind"), Some(&target.kind), &["chart", "research-store"])?;
            if let Some(word) = &target.publish
                && Publish::named(word).is_none()
            {
                return Err(format!(
                    "targets.{name}.publish: `{word}`; wanted after-consent, candidates or all-computed"
                ));
            }
        }
        for (id, trial) in &self.trials {
            for purpose in trial.grounds.keys() {
                if Purpose::named(purpose).is_none() {
                    return Err(format!(
                        "trials.{id}.grounds: `{purpose}` is no purpose; wanted count, list, name, contact, screen or share"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn one_of(place: &str, word: Option<&str>, wanted: &[&str]) -> Result<(), String> {
    match word {
        Some(word) if !wanted.contains(&word) => Err(format!("{place}: `{word}`; wanted {}", wanted.join(" or "))),
        _ => Ok(()),
    }
}

/// Puts a value at its path; a text that reads as TOML (`true`, `8080`, `["a"]`) becomes that.
fn put(table: &mut toml::Table, path: &[String], text: &str) -> Result<(), String> {
    let (last, before) = path.split_last().ok_or("no key")?;
    let mut inner = table;
    for key in before {
        let next = inner.entry(key.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        inner = next.as_table_mut().ok_or_else(|| format!("`{key}` is no table"))?;
    }
    let parsed = format!("v = {text}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    inner.insert(last.clone(), parsed.unwrap_or_else(|| toml::Value::String(text.to_owned())));
    Ok(())
}
