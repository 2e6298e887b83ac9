//! ResearchStudy of one trial, from its definition.

use super::around::site_id;
use super::canonical::extension;
use super::json::{array, concept, identifier, object, reference, text, words};
use crate::model::parcel::{Action, Parcel};
use crate::trial::definition::{Site, Study, Trial};

const TERMS: &str = "http://terminology.hl7.org/CodeSystem";
const COUNTRIES: &str = "urn:iso:std:iso:3166";

/// The id of a trial's ResearchStudy: its own in lower case, within FHIR's 64 letters, digits, `-` and `.`.
pub fn study_id(trial: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    trial.chars().map(allowed).take(64).collect()
}

/// The parcel that puts the study at a target; it goes before the first subject that refers to it.
pub fn parcel(trial: &Trial) -> Parcel {
    Parcel {
        action: Action::Put,
        resource_type: "ResearchStudy",
        id: study_id(&trial.id),
        identifier_system: trial.study.registry.clone(),
        body: research_study(trial, Reader::Target),
    }
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A target, which has nothing but the study.
    Target,
    /// A client of the gateway, where the criteria, the definition and the sites can be read too.
    Client,
}

/// The resource. Arms are left out where the definition hides them; counts of enrolled people are never in it.
pub fn research_study(trial: &Trial, reader: Reader) -> Vec<u8> {
    let study = &trial.study;
    let beside = |kind: &str| {
        let here = (reader == Reader::Client).then(|| reference(&format!("{kind}/{}", study_id(&trial.id))));
        array(here.into_iter().collect())
    };
    let place = |site: &Site| {
        let here = (reader == Reader::Client).then(|| text(&format!("Location/{}", site_id(trial, site))));
        object([("reference", here), ("display", Some(text(&site.name)))])
    };
    let coded = |list: &str, code: &Option<String>| code.as_ref().map(|c| concept(&format!("{TERMS}/{list}"), c, ""));
    let period = object([("start", study.start.as_deref().map(text)), ("end", study.end.as_deref().map(text))]);
    let named = |name: &str| object([("display", Some(text(name)))]);
    let arms = if trial.hidden.iter().any(|h| h == "arm") { Vec::new() } else { study.arms.iter().map(arm).collect() };
    let short = study.short_title.as_deref().and_then(words);
    object([
        ("resourceType", Some(text("ResearchStudy"))),
        ("id", Some(text(&study_id(&trial.id)))),
        ("extension", array(extensions(study))),
        ("identifier", array(identifiers(trial))),
        ("title", words(&study.title).or(short)),
        ("protocol", beside("PlanDefinition")),
        ("status", Some(text(&study.status))),
        ("primaryPurposeType", coded("research-study-prim-purp-type", &study.purpose)),
        ("phase", coded("research-study-phase", &study.phase)),
        ("condition", array(study.conditions.iter().map(|(c, d)| concept(&c.system, &c.code, d)).collect())),
        ("keyword", array(study.keywords.iter().map(|k| object([("text", Some(text(k)))])).collect())),
        ("location", array(countries(study))),
        ("enrollment", beside("Group")),
        ("period", (period != "{}").then_some(period)),
        ("sponsor", study.sponsor.as_deref().filter(|s| !s.trim().is_empty()).map(named)),
        ("site", array(study.sites.iter().map(place).collect())),
        ("arm", array(arms)),
        ("objective", array(study.objectives.iter().map(objective).collect())),
    ])
    .into_bytes()
}

fn identifiers(trial: &Trial) -> Vec<String> {
    let secondary = |(system, value): &(String, String)| {
        object([("use", Some(text("secondary"))), ("system", words(system)), ("value", Some(text(value)))])
    };
    let own = identifier(&trial.study.registry, &trial.id);
    std::iter::once(own).chain(trial.study.other_ids.iter().map(secondary)).collect()
}

/// What R4's ResearchStudy has no element for.
fn extensions(study: &Study) -> Vec<String> {
    let one = |name: &str, member: &str, value: Option<String>| value.map(|value| extension(name, member, value));
    let title = study.short_title.as_deref().filter(|_| !study.title.trim().is_empty()).and_then(words);
    [
        one("study-short-title", "valueString", title),
        one("registry-status", "valueString", study.registry_status.as_deref().and_then(words)),
        one("enrollment-target", "valueUnsignedInt", study.target.map(|n| n.to_string())),
        one("study-verified", "valueDate", study.verified.as_deref().and_then(words)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn countries(study: &Study) -> Vec<String> {
    let mut codes: Vec<&str> = study.sites.iter().map(|site| site.country.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().filter(|code| !code.is_empty()).map(|code| concept(COUNTRIES, code, "")).collect()
}

fn arm((name, kind, description): &(String, String, Option<String>)) -> String {
    let kind = words(kind).map(|kind| object([("text", Some(kind))]));
    object([("name", Some(text(name))), ("type", kind), ("description", description.as_deref().and_then(words))])
}

fn objective((name, kind): &(String, String)) -> String {
    let kind = concept(&format!("{TERMS}/research-study-objective-type"), kind, "");
    object([("name", Some(text(name))), ("type", Some(kind))])
}
