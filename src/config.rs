//! Settings: one TOML file, every key by environment too, unknown keys refused. The only reader of both.

mod load;
mod schema;

pub use load::ENVIRONMENT_PREFIX;
pub use schema::schema;

use crate::flow::desk::GATEWAY;
use crate::flow::hl7v2::Dialect;
use crate::flow::hooks::HookSettings;
use crate::flow::keep::Keep;
use crate::flow::pull::{By, Pull};
use crate::http::limits::Limits;
use crate::link::Auth;
use crate::mllp::Mllp;
use crate::model::purpose::Purpose;
use crate::model::time::{Instant, Partial, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All settings, as written. A site's choices of law have no default: what is not stated is not done.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; `127.0.0.1:8080` when silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Store: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE` for any number of gateways; `sqlite:trialgate.db` when silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Base of the names that the gateway gives (identifier systems, links); `http://<listen>` when silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Log filter, such as `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// `text` or `json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["text", "json"]))]
    pub log_format: Option<String>,
    /// Folder of the gateway's signing keys; `keys` in the working folder when silent. See `trialgate keys new`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// Whether this process assesses; `true` when silent. `false`: data is taken and persons wait, as in a bulk load by
    /// night or where another process of the same store assesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assess: Option<bool>,
    /// Sources by name: lower-case letters, digits and `-`, beginning with a letter; `main` is the base `/fhir`.
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z][a-z0-9-]*$" }))]
    pub sources: BTreeMap<String, Source>,
    /// Machine clients.
    pub clients: Vec<Client>,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// Trials by id.
    pub trials: BTreeMap<String, TrialAtSite>,
    /// How long what no verdict leans on is kept.
    pub keep: Keep,
    /// What the door takes, and for how long it waits.
    pub limits: Limits,
}

/// One source of resources.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its calendar, an IANA name.
    pub zone: String,
    /// `refuse` (default) or `ignore` resources of types that are not kept, inside a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["refuse", "ignore"]))]
    pub unkept: Option<String>,
    /// Systems of the identifiers by which a person is known in every source that names the same system, such as that of
    /// a hospital group's master index: Patients that bear the same one are one person. Silent: only `Patient.link` says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons_known_by: Vec<String>,
    /// It is silent, and so is each variable that it feeds, after so many whole days on which something was expected and
    /// nothing came.
    #[serde(default = "silent_after_days")]
    #[schemars(range(min = 1))]
    pub silent_after_days: u32,
    /// Where the source is asked for what it has; silent: it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// Where the source tells that something changed, at `/hooks/NAME`; it needs `pull`, for a hook is only a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<HookSettings>,
    /// How its messages of HL7 v2 are written; silent: as the standard says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hl7v2: Option<Dialect>,
    /// Where its messages of HL7 v2 are listened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mllp: Option<Mllp>,
}

fn silent_after_days() -> u32 {
    1
}

/// One machine client.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its name, for the audit.
    pub name: String,
    /// SHA-256 of its token, in hexadecimal; the token itself is in no file.
    #[schemars(regex(pattern = "^[0-9a-fA-F]{64}$"))]
    pub token_sha256: String,
    /// The one source that it reads and writes.
    pub source: String,
    /// Until when its token holds, such as `2027-06-30T00:00:00Z`; silent: as long as it stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Any of `read`, `write`.
    #[schemars(extend("items" = { "type": "string", "enum": ["read", "write"] }))]
    pub rights: Vec<String>,
}

/// One target that is told statuses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its FHIR base.
    pub url: String,
    /// `chart` or `research-store`.
    #[schemars(extend("enum" = ["chart", "research-store"]))]
    pub kind: String,
    /// `after-consent`, `candidates` or `all-computed`; silent: `after-consent` for a chart, `candidates` for a research store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["after-consent", "candidates", "all-computed"]))]
    pub publish: Option<String>,
    /// Bearer token, best given by environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("writeOnly" = true))]
    pub token: Option<String>,
    /// How the gateway shows who it is; instead of `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// A chart knows its own Patients: the source whose Patient ids it shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Plain http beyond loopback is allowed.
    #[serde(default)]
    pub insecure: bool,
}

/// What a site says of one trial.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialAtSite {
    /// The site's id in the definition; silent: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Whether the site takes new people.
    pub recruiting: bool,
    /// Sources that feed it; silent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// Purpose → the ground on which it is done. None stated: not done.
    #[serde(default)]
    pub grounds: BTreeMap<String, String>,
    /// Chosen alternatives of readings other than the default.
    #[serde(default)]
    pub readings: BTreeMap<String, String>,
}

impl Client {
    /// Until when its token holds; the error says what is wrong with the words.
    pub fn ends(&self) -> Result<Option<Instant>, String> {
        match self.until.as_deref().map(|text| (text, Partial::parse(text))) {
            None => Ok(None),
            Some((_, Ok(Partial::Instant(at, _)))) => Ok(Some(at)),
            Some((text, _)) => Err(format!("`{text}` is no moment; wanted such as 2027-06-30T00:00:00Z")),
        }
    }
}

impl Settings {
    /// What no schema can say: each place, and what is wrong there.
    fn wrong(&self) -> Vec<(Vec<String>, String)> {
        let path = |steps: &[&str]| steps.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let mut found = Vec::new();
        if self.sources.contains_key(GATEWAY) {
            let words = format!("what people answer and decide here comes from `{GATEWAY}`; wanted another name");
            found.push((path(&["sources", GATEWAY]), words));
        }
        for (name, source) in &self.sources {
            if Zone::named(&source.zone).is_none() {
                let words = format!("`{}` is no IANA time zone such as Europe/Berlin", source.zone);
                found.push((path(&["sources", name, "zone"]), words));
            }
            if let Some(hooks) = &source.hooks {
                let hook = |step: &[&str]| path(&[&["sources", name, "hooks"], step].concat());
                found.extend(hooks.wrong().map(|(key, words)| (hook(&[key]), words)));
                if source.pull.as_ref().is_some_and(|pull| pull.by == By::Bulk) {
                    let words = "by = \"bulk\" brings exports alone, and a hook has nothing to hint at; wanted \"server\" or \"patients\"";
                    found.push((hook(&[]), words.to_owned()));
                }
                if source.pull.is_none() {
                    let words = format!(
                        "a hook is only a hint: what changed is read from the source; wanted [sources.{name}.pull] too"
                    );
                    found.push((hook(&[]), words));
                }
            }
            if let Some(words) = source.hl7v2.as_ref().and_then(Dialect::wrong) {
                found.push((path(&["sources", name, "hl7v2", "charset"]), words));
            }
        }
        for (name, pull) in self.sources.iter().filter_map(|(name, source)| Some((name, source.pull.as_ref()?))) {
            found.extend(pull.wrong().into_iter().map(|(steps, words)| {
                let all = [&["sources", name, "pull"], steps].concat();
                (path(&all), words)
            }));
        }
        for (n, client) in self.clients.iter().enumerate() {
            if client.source != "main" && !self.sources.contains_key(&client.source) {
                let words = format!("`{}` is no source of these settings", client.source);
                found.push((path(&["clients", &n.to_string(), "source"]), words));
            }
            if let Err(words) = client.ends() {
                found.push((path(&["clients", &n.to_string(), "until"]), words));
            }
        }
        for (id, trial) in &self.trials {
            for purpose in trial.grounds.keys().filter(|word| Purpose::named(word).is_none()) {
                let words = "this is no purpose; wanted count, list, name, contact, screen or share".to_owned();
                found.push((path(&["trials", id, "grounds", purpose]), words));
            }
        }
        found
    }
}
