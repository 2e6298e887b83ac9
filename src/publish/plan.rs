//! PlanDefinition, Library and the CodeSystem of variables: a trial's definition as others can read it.

use super::blinding::Blinding;
use super::canonical::{of_trial, variables};
use super::json::{array, base64, concept, identifier, machine_name, object, text, words};
use super::study::study_id;
use crate::trial::definition::{Criterion, Trial, Variable, VariableKind};

const TERMS: &str = "http://terminology.hl7.org/CodeSystem";
/// The language of a definition's expressions: CQL's words with three-valued ranges and windows, and no CQL library.
pub const EXPRESSION_LANGUAGE: &str = "text/x-trialgate-expression";

/// An ECA rule of the criteria, each with the protocol's own words and the expression that stands for them.
pub fn plan_definition(trial: &Trial, base: &str) -> Vec<u8> {
    let library = format!("{}|{}", of_trial(base, "Library", &trial.id), trial.version);
    let of = |exclusion: bool| -> Vec<String> {
        trial.criteria.iter().filter(|c| c.exclusion == exclusion).map(criterion).collect()
    };
    let included = trial.included.as_ref().map(|e| condition("applicability", "How the inclusions combine.", &e.text));
    let considered = trial.consider.as_ref().map(|e| condition("applicability", "Who is looked at at all.", &e.text));
    let inclusion = group("Inclusion criteria", included, of(false));
    let exclusion = group("Exclusion criteria: one that is true keeps the person out", None, of(true));
    let whole = group("Eligibility", considered, [inclusion, exclusion].into_iter().flatten().collect());
    object([
        ("resourceType", Some(text("PlanDefinition"))),
        ("id", Some(text(&study_id(&trial.id)))),
        ("url", Some(text(&of_trial(base, "PlanDefinition", &trial.id)))),
        ("identifier", array(vec![identifier(&trial.study.registry, &trial.id)])),
        ("version", Some(text(&trial.version.to_string()))),
        ("name", Some(text(&machine_name("Eligibility", &trial.id)))),
        ("title", words(&trial.study.title)),
        ("type", Some(concept(&format!("{TERMS}/plan-definition-type"), "eca-rule", ""))),
        ("status", Some(text("active"))),
        ("description", words(&description(trial))),
        ("library", array(vec![text(&library)])),
        ("action", array(whole.into_iter().collect())),
    ])
    .into_bytes()
}

/// The open questions of the text with the answer in force, and the words that are on purpose no criterion.
fn description(trial: &Trial) -> String {
    let reading = |r: &crate::trial::definition::ReadingChoice| {
        let default = r.alternatives.get(r.default).map_or("", |(name, _)| name);
        format!("- {} Read here as `{default}`: {}", r.question, r.because)
    };
    let mut lines =
        vec!["A computed verdict is a proposal; people confirm. Open questions of the protocol's text:".into()];
    lines.extend(trial.readings.iter().map(reading));
    lines.extend(trial.notes.iter().map(|(words, why)| format!("- No criterion: \"{words}\": {why}")));
    lines.join("\n")
}

fn group(title: &str, condition: Option<String>, actions: Vec<String>) -> Option<String> {
    let inner = array(actions)?;
    Some(object([
        ("title", Some(text(title))),
        ("condition", array(condition.into_iter().collect())),
        ("groupingBehavior", Some(text("logical-group"))),
        ("action", Some(inner)),
    ]))
}

fn criterion(criterion: &Criterion) -> String {
    let applies = criterion
        .applies
        .as_ref()
        .map(|e| condition("start", "Where it is false, the criterion is not applicable.", &e.text));
    let what = if criterion.exclusion { "Rejects where it is true." } else { "Requires it to be true." };
    let rule = condition("applicability", what, &criterion.expression.text);
    object([
        ("prefix", words(&criterion.id)),
        ("title", words(&criterion.id)),
        ("textEquivalent", words(&criterion.protocol)),
        ("condition", array(applies.into_iter().chain([rule]).collect())),
    ])
}

fn condition(kind: &str, description: &str, expression: &str) -> String {
    let expression = object([
        ("description", Some(text(description))),
        ("language", Some(text(EXPRESSION_LANGUAGE))),
        ("expression", words(expression)),
    ]);
    object([("kind", Some(text(kind))), ("expression", Some(expression))])
}

/// The definition's text as it is, and in CQL. `files` are names and contents; where something is blinded they are left out,
/// for the text names what is hidden.
pub fn library(trial: &Trial, base: &str, files: &[(String, String)]) -> Vec<u8> {
    let blinded = Blinding::of(trial, false).hides();
    let kind = |name: &str| match name.rsplit('.').next() {
        Some("md") => "text/markdown",
        Some("json") => "application/fhir+json",
        Some("cql") => "text/cql",
        _ => "application/toml",
    };
    let content = |(name, body): &(String, String)| {
        object([
            ("contentType", Some(text(kind(name)))),
            ("data", Some(text(&base64(body.as_bytes())))),
            ("title", Some(text(name))),
        ])
    };
    let cql = ("library.cql".to_owned(), crate::trial::cql::write(trial).text);
    let files = if blinded { Vec::new() } else { files.iter().chain([&cql]).map(content).collect() };
    let description = if blinded {
        "The definition's text is not shown: it names what is blinded."
    } else {
        "The definition as its authors wrote it, TOML with expressions in CQL's words; and a CQL library made from it, which may know less and never says the opposite."
    };
    object([
        ("resourceType", Some(text("Library"))),
        ("id", Some(text(&study_id(&trial.id)))),
        ("url", Some(text(&of_trial(base, "Library", &trial.id)))),
        ("identifier", array(vec![identifier(&trial.study.registry, &trial.id)])),
        ("version", Some(text(&trial.version.to_string()))),
        ("name", Some(text(&machine_name("Definition", &trial.id)))),
        ("title", words(&format!("Definition of {}", trial.id))),
        ("status", Some(text("active"))),
        ("type", Some(concept(&format!("{TERMS}/library-type"), "logic-library", ""))),
        ("description", Some(text(description))),
        ("content", array(files)),
    ])
    .into_bytes()
}

/// The variables of a trial as codes, so that what is missing can be named.
pub fn variables_code_system(trial: &Trial, base: &str) -> Vec<u8> {
    let concept = |v: &Variable| {
        let definition = match &v.kind {
            VariableKind::Attested { question, .. } => question.clone(),
            VariableKind::Derived(e) => {
                format!("worked out: {}", e.text.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            VariableKind::Recorded(_) => {
                v.unit.as_ref().map_or_else(|| "recorded".into(), |unit| format!("recorded, in {}", unit.code()))
            }
        };
        object([("code", Some(text(&v.name))), ("display", words(&v.label)), ("definition", words(&definition))])
    };
    object([
        ("resourceType", Some(text("CodeSystem"))),
        ("id", Some(text(&format!("{}-variables", study_id(&trial.id))))),
        ("url", Some(text(&variables(base, &trial.id)))),
        ("version", Some(text(&trial.version.to_string()))),
        ("name", Some(text(&machine_name("Variables", &trial.id)))),
        ("title", words(&format!("Variables of {}", trial.id))),
        ("status", Some(text("active"))),
        ("caseSensitive", Some("true".into())),
        ("content", Some(text("complete"))),
        ("count", Some(trial.variables.len().to_string())),
        ("concept", array(trial.variables.iter().map(concept).collect())),
    ])
    .into_bytes()
}
