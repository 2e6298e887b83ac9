//! What a target or a source offers, by its CapabilityStatement; what it does not say, it does not offer.

use super::answer::Failure;
use super::client::Client;
use super::subscribe::Takes;
use crate::model::capabilities::Capabilities;
use crate::model::time::Instant;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a server's own words about itself.
const NAME_MAX: usize = 60;

impl Client {
    /// Asks `metadata`. A passing failure is an error; an answer without a CapabilityStatement offers nothing.
    pub async fn probe(&self, now: Instant) -> Result<Capabilities, Failure> {
        let answer = self.get(&["metadata"], &[], now).await?;
        if answer.is_passing() {
            return Err(Failure { later: answer.retry_after, ..Failure::new(&answer.words(None)) });
        }
        if !answer.is_success() {
            return Ok(Capabilities::default());
        }
        Ok(capabilities(&answer.body))
    }
}

/// What a source states of one type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// By its id.
    pub read: bool,
    /// By a search.
    pub search: bool,
    /// The search parameters.
    pub parameters: BTreeSet<String>,
}

/// What a source states of itself, as far as an intake needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offered {
    /// `fhirVersion`.
    pub fhir_version: String,
    /// `software`: name and version.
    pub software: String,
    /// `rest.security.service`: codes.
    pub security: BTreeSet<String>,
    /// By type.
    pub kinds: BTreeMap<String, Offer>,
    /// What it does with Subscriptions.
    pub subscriptions: Takes,
    /// Levels at which `$export` is stated: `system`, `patient`, `group`.
    pub exports: BTreeSet<&'static str>,
}

impl Offered {
    /// Of a body; `None`: it is no CapabilityStatement.
    pub fn stated(body: &[u8]) -> Option<Self> {
        let statement: Value = serde_json::from_slice(body).ok()?;
        if statement["resourceType"] != "CapabilityStatement" {
            return None;
        }
        let software = &statement["software"];
        let parts = [&software["name"], &software["version"]].into_iter().filter_map(Value::as_str);
        let mut offered = Self {
            fhir_version: plain(statement["fhirVersion"].as_str().unwrap_or_default()),
            software: plain(&parts.collect::<Vec<_>>().join(" ")),
            subscriptions: Takes::of(&statement),
            ..Self::default()
        };
        let Some(rest) = items(&statement["rest"]).find(|rest| rest["mode"] == "server") else { return Some(offered) };
        let codings = items(&rest["security"]["service"]).flat_map(|service| items(&service["coding"]));
        offered.security = codings.filter_map(|c| c["code"].as_str()).map(plain).collect();
        offered.exports.extend(exports(rest, "system"));
        for resource in items(&rest["resource"]) {
            let Some(kind) = resource["type"].as_str() else { continue };
            match kind {
                "Patient" => offered.exports.extend(exports(resource, "patient")),
                "Group" => offered.exports.extend(exports(resource, "group")),
                _ => {}
            }
            let names = items(&resource["searchParam"]).filter_map(|p| p["name"].as_str());
            let offer = Offer {
                read: offers(resource, "read"),
                search: offers(resource, "search-type"),
                parameters: names.map(plain).collect(),
            };
            offered.kinds.insert(plain(kind), offer);
        }
        Some(offered)
    }
}

/// The level of each operation that exports; servers name it `export`, `group-export` and so on, at either place.
fn exports<'v>(stated: &'v Value, usual: &'static str) -> impl Iterator<Item = &'static str> + 'v {
    items(&stated["operation"]).filter_map(move |operation| {
        let name = operation["name"].as_str()?.trim_start_matches('$');
        let defined = operation["definition"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let said = |level: &str| [name, defined].iter().any(|word| word.starts_with(level));
        (name.ends_with("export")).then(|| match () {
            () if said("group-export") => "group",
            () if said("patient-export") => "patient",
            () => usual,
        })
    })
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Printable, and not long.
fn plain(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect()
}

fn capabilities(body: &[u8]) -> Capabilities {
    let statement: Value = serde_json::from_slice(body).unwrap_or_default();
    if statement["resourceType"] != "CapabilityStatement" {
        return Capabilities::default();
    }
    let server = statement["rest"].as_array().into_iter().flatten().find(|rest| rest["mode"] == "server");
    let resources = server.and_then(|rest| rest["resource"].as_array());
    let of = |name: &str| resources.into_iter().flatten().find(|resource| resource["type"] == name);
    let Some(subject) = of("ResearchSubject") else { return Capabilities::default() };
    let can_update = offers(subject, "update");
    Capabilities {
        update_create: can_update && subject["updateCreate"] == true,
        conditional_update: can_update && subject["conditionalUpdate"] == true,
        delete: offers(subject, "delete"),
        versioned: matches!(subject["versioning"].as_str(), Some("versioned" | "versioned-update")),
        research_study: of("ResearchStudy").is_some_and(|study| offers(study, "update")),
    }
}

pub(super) fn offers(resource: &Value, interaction: &str) -> bool {
    resource["interaction"].as_array().into_iter().flatten().any(|i| i["code"] == interaction)
}
