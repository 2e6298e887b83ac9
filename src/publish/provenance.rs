//! Provenance: who or what made one version of a status or of a verdict, and out of which versions.

use super::around::{GATEWAY, site_id};
use super::canonical::of_trial;
use super::json::{array, concept, object, reference, text};
use crate::model::standing::{Actor, Standing};
use crate::trial::definition::{Site, Trial};

const TERMS: &str = "http://terminology.hl7.org/CodeSystem";

/// What surrounds both kinds.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The naming base from the configuration.
    pub base: &'a str,
    /// The id of the subject, which is that of its verdict too.
    pub subject: &'a str,
    /// The site whose people act.
    pub site: Option<&'a Site>,
}

/// The id of the Provenance of a standing's version.
pub fn standing_id(subject: &str, version: i64) -> String {
    format!("{subject}-s{version}")
}

/// The id of the Provenance of a verdict's version.
pub fn verdict_id(subject: &str, version: i64) -> String {
    format!("{subject}-v{version}")
}

/// Of one version of a ResearchSubject. A person is named by role: who it was stands in the audit.
pub fn of_standing(trial: &Trial, standing: &Standing, around: &Around) -> Vec<u8> {
    let site = around.site.map(|site| reference(&format!("Organization/{}", site_id(trial, site))));
    let agents = match &standing.actor {
        Actor::Data => vec![gateway()],
        Actor::Person { role, .. } => {
            let who = object([("display", Some(text(role.word())))]);
            vec![gateway(), agent("verifier", who, site)]
        }
    };
    let leaned = standing.assessment.map(|version| format!("GuidanceResponse/{}/_history/{version}", around.subject));
    let of = Version {
        id: standing_id(around.subject, standing.version),
        target: format!("ResearchSubject/{}/_history/{}", around.subject, standing.version),
        at: standing.at.to_string(),
        activity: activity(standing.version),
    };
    provenance(trial, around.base, &of, agents, leaned.as_slice())
}

/// Of one version of a verdict. `sources` are the versions that it was worked out from, as far as they may be told.
pub fn of_verdict(trial: &Trial, version: i64, at: &str, sources: &[String], around: &Around) -> Vec<u8> {
    let of = Version {
        id: verdict_id(around.subject, version),
        target: format!("GuidanceResponse/{}/_history/{version}", around.subject),
        at: at.to_owned(),
        activity: activity(version),
    };
    provenance(trial, around.base, &of, vec![gateway()], sources)
}

fn activity(version: i64) -> &'static str {
    if version == 1 { "CREATE" } else { "UPDATE" }
}

fn gateway() -> String {
    agent("assembler", reference(&format!("Device/{GATEWAY}")), None)
}

fn agent(kind: &str, who: String, on_behalf_of: Option<String>) -> String {
    let kind = concept(&format!("{TERMS}/provenance-participant-type"), kind, "");
    object([("type", Some(kind)), ("who", Some(who)), ("onBehalfOf", on_behalf_of)])
}

/// One version of something, and what happened to it.
struct Version {
    id: String,
    target: String,
    at: String,
    activity: &'static str,
}

fn provenance(trial: &Trial, base: &str, of: &Version, agents: Vec<String>, sources: &[String]) -> Vec<u8> {
    let policy = of_trial(base, "PlanDefinition", &trial.id);
    let entity = |what: &String| object([("role", Some(text("source"))), ("what", Some(reference(what)))]);
    object([
        ("resourceType", Some(text("Provenance"))),
        ("id", Some(text(&of.id))),
        ("target", array(vec![reference(&of.target)])),
        ("occurredDateTime", Some(text(&of.at))),
        ("recorded", Some(text(&of.at))),
        ("policy", array(vec![text(&policy)])),
        ("activity", Some(concept(&format!("{TERMS}/v3-DataOperation"), of.activity, ""))),
        ("agent", array(agents)),
        ("entity", array(sources.iter().map(entity).collect())),
    ])
    .into_bytes()
}
