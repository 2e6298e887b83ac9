//! Canonical URLs: what the software defines has one name at every site; what a gateway defines has its own base.

use super::json::{object, text};
use super::study::study_id;

/// Base of everything that the software defines: extensions, profiles, code systems, search parameters, operations.
/// It names and does not locate; each gateway serves them under their ids.
pub const DEFINED: &str = "https://trialgate.example/fhir";

/// The code system of that name.
pub fn code_system(name: &str) -> String {
    format!("{DEFINED}/CodeSystem/{name}")
}

/// What this gateway defines for a trial: `PlanDefinition`, `Library`, `Group`.
pub fn of_trial(base: &str, kind: &str, trial: &str) -> String {
    format!("{base}/fhir/{kind}/{}", study_id(trial))
}

/// The code system of a trial's variables.
pub fn variables(base: &str, trial: &str) -> String {
    format!("{}-variables", of_trial(base, "CodeSystem", trial))
}

/// An extension that the software defines, with one value: its member, such as `valueString`, and what it holds.
pub(super) fn extension(name: &str, member: &str, value: String) -> String {
    let url = format!("{DEFINED}/StructureDefinition/{name}");
    object([("url", Some(text(&url))), (member, Some(value))])
}

/// An extension inside another one.
pub(super) fn part(name: &str, member: &str, value: String) -> String {
    object([("url", Some(text(name))), (member, Some(value))])
}
