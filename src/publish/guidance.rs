//! GuidanceResponse: a verdict, what it is made of by criterion, and what would decide it.
//!
//! It tells results, never values: no lab value, no date of one, no reference to what it came from.

use super::around::GATEWAY;
use super::blinding::Blinding;
use super::canonical::of_trial;
use super::json::{array, object, reference, text, words};
use super::outcome::operation_outcome;
use super::requirement::{open, requirements};
use super::subject::{Individual, individual};
use crate::model::issue::Issue;
use crate::trial::definition::Trial;
use serde_json::Value;

/// What surrounds a verdict.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The id; `None`: it is kept nowhere.
    pub id: Option<&'a str>,
    /// The naming base from the configuration.
    pub base: &'a str,
    /// How the person is named.
    pub individual: &'a Individual,
    /// When it was worked out, a FHIR dateTime.
    pub at: &'a str,
    /// What was remarked on the data that came along.
    pub remarks: &'a [Issue],
}

/// `success`, `data-required` or `data-requested`, of an assessment in the shape of the interfaces.
pub fn status(assessment: &Value) -> &'static str {
    let leans = |mark: &str| assessment[mark].as_bool() == Some(true);
    match assessment["overall"].as_str() {
        Some("eligible" | "ineligible") if leans("presumed") || leans("provisional") => "data-requested",
        Some("eligible" | "ineligible") => "success",
        _ => "data-required",
    }
}

/// The resource.
pub fn guidance_response(trial: &Trial, assessment: &Value, about: &About) -> Vec<u8> {
    let blinding = Blinding::of(trial, false);
    let shown = |name: &&str| !blinding.hides_variable(name);
    let open: Vec<_> = open(assessment).into_iter().filter(|o| o.variables.iter().all(shown)).collect();
    let required = open.iter().flat_map(|o| requirements(trial, about.base, o)).collect();
    let version = assessment["version"].as_u64().unwrap_or(u64::from(trial.version));
    let module = format!("{}|{version}", of_trial(about.base, "PlanDefinition", &trial.id));
    let mut contained = vec![parameters(assessment, &blinding)];
    if !about.remarks.is_empty() {
        contained.push(with_id("remarks", &operation_outcome(about.remarks)));
    }
    let messages = if about.remarks.is_empty() { Vec::new() } else { vec![reference("#remarks")] };
    object([
        ("resourceType", Some(text("GuidanceResponse"))),
        ("id", about.id.map(text)),
        ("contained", array(contained)),
        ("moduleCanonical", Some(text(&module))),
        ("status", Some(text(status(assessment)))),
        ("subject", Some(individual(about.individual))),
        ("occurrenceDateTime", words(about.at)),
        ("performer", Some(reference(&format!("Device/{GATEWAY}")))),
        ("note", array(vec![object([("text", Some(text(&note(assessment, &blinding))))])])),
        ("evaluationMessage", array(messages)),
        ("outputParameters", Some(reference("#result"))),
        ("dataRequirement", array(required)),
    ])
    .into_bytes()
}

/// One of our own resources with an id; its bytes begin with a brace and a member.
fn with_id(id: &str, resource: &[u8]) -> String {
    let rest = String::from_utf8_lossy(resource.get(1..).unwrap_or_default());
    format!("{{\"id\":{},{rest}", text(id))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn note(assessment: &Value, blinding: &Blinding) -> String {
    let criteria = list(assessment, "criteria");
    let shown = |c: &&Value| !blinding.hides_criterion(c["id"].as_str().unwrap_or_default());
    let undetermined = criteria.iter().filter(shown).filter(|c| c["result"] == "unknown").count();
    let blinded = criteria.len() - criteria.iter().filter(shown).count();
    let mut words = format!("{undetermined} of {} criteria undetermined.", criteria.len() - blinded);
    if blinded > 0 {
        words.push_str(&format!(" {blinded} blinded and not shown."));
    }
    if assessment["for_people_only"] == true {
        words.push_str(" Only people's answers are missing.");
    }
    words.push_str(" A proposal: people confirm.");
    words
}

fn parameter(name: &str, member: &str, value: String) -> String {
    object([("name", Some(text(name))), (member, Some(value))])
}

fn parts(name: &str, parts: Vec<String>) -> String {
    object([("name", Some(text(name))), ("part", array(parts))])
}

/// The results, by name.
fn parameters(assessment: &Value, blinding: &Blinding) -> String {
    let word = |value: &Value| text(value.as_str().unwrap_or_default());
    let truth = |key: &str| (assessment[key] == true).to_string();
    let mut all = vec![
        parameter("overall", "valueCode", word(&assessment["overall"])),
        parameter("for-people-only", "valueBoolean", truth("for_people_only")),
        parameter("provisional", "valueBoolean", truth("provisional")),
        parameter("presumed", "valueBoolean", truth("presumed")),
    ];
    if let Some(at) = assessment["changes_at"].as_str() {
        all.push(parameter("changes-at", "valueDateTime", text(at)));
    }
    for criterion in list(assessment, "criteria") {
        let id = criterion["id"].as_str().unwrap_or_default();
        if !blinding.hides_criterion(id) {
            let result = vec![
                parameter("id", "valueString", text(id)),
                parameter("kind", "valueCode", word(&criterion["kind"])),
                parameter("result", "valueCode", word(&criterion["result"])),
            ];
            all.push(parts("criterion", result));
        }
    }
    for (reading, alternatives) in assessment["readings"].as_object().into_iter().flatten() {
        if !blinding.hides_reading(reading) {
            let mut verdicts = vec![parameter("name", "valueString", text(reading))];
            let each = alternatives.as_object().into_iter().flatten();
            verdicts.extend(each.map(|(name, overall)| parameter(name, "valueCode", word(overall))));
            all.push(parts("reading", verdicts));
        }
    }
    if let Some(near) = assessment["near_miss"]["criterion"].as_str().filter(|id| !blinding.hides_criterion(id)) {
        all.push(parameter("near-miss", "valueString", text(near)));
    }
    object([("resourceType", Some(text("Parameters"))), ("id", Some(text("result"))), ("parameter", array(all))])
}
