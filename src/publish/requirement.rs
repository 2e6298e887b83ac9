//! DataRequirement: what would decide an open verdict, as resources with codes and a window.

use super::canonical::{extension, part, variables};
use super::group::ucum;
use super::json::{array, object, text, words};
use crate::model::code::Coding;
use crate::model::fact::Origin;
use crate::trial::definition::{Recorded, Trial, Variable, VariableKind};
use crate::trial::expression::tree::{Aggregate, Duration, Expr, Kind, Source, Window};
use serde_json::Value;

/// Codes in one requirement at most; what is beyond is named by the variable's label alone.
pub const CODES_MAX: usize = 50;

/// One open quantity: the variables of which any will do, and why it is open.
pub(super) struct Open<'a> {
    /// Names of variables, or built-in names.
    pub(super) variables: Vec<&'a str>,
    /// The reason's words.
    pub(super) reason: &'a str,
    /// Criteria that lean on it.
    pub(super) criteria: Vec<&'a str>,
}

/// What is missing, as an assessment in the shape of the interfaces lists it.
pub(super) fn open(assessment: &Value) -> Vec<Open<'_>> {
    let list = assessment["missing"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|m| {
            let (variable, reason) = (m["variable"].as_str()?, m["reason"].as_str()?);
            let criteria = m["criteria"].as_array().map(Vec::as_slice).unwrap_or_default();
            Some(Open {
                variables: variable.split(" or ").collect(),
                reason,
                criteria: criteria.iter().filter_map(Value::as_str).collect(),
            })
        })
        .collect()
}

/// The requirements for one open quantity: one for each kind of resource that could bring it.
pub(super) fn requirements(trial: &Trial, base: &str, open: &Open) -> Vec<String> {
    open.variables.iter().flat_map(|name| of_variable(trial, base, name, open)).collect()
}

fn of_variable(trial: &Trial, base: &str, name: &str, open: &Open) -> Vec<String> {
    let variable = trial.variables.iter().find(|v| v.name == name);
    let missing = missing(trial, base, name, variable, open);
    match variable.map(|v| &v.kind) {
        Some(VariableKind::Recorded(recorded)) => {
            recorded.from.iter().filter_map(|origin| recorded_requirement(*origin, recorded, &missing)).collect()
        }
        // A person answers; the answer may come as a form.
        Some(VariableKind::Attested { .. } | VariableKind::Derived(_)) => {
            vec![plain("QuestionnaireResponse", &missing)]
        }
        None if name == "problem_list" => vec![plain("Condition", &missing)],
        None if matches!(name, "birth_date" | "sex" | "death") => vec![plain("Patient", &missing)],
        None => vec![plain("ResearchSubject", &missing)],
    }
}

fn plain(kind: &str, missing: &str) -> String {
    object([("extension", array(vec![missing.to_owned()])), ("type", Some(text(kind)))])
}

/// The variable, why it is open, and which criteria lean on it: what DataRequirement has no element for.
fn missing(trial: &Trial, base: &str, name: &str, variable: Option<&Variable>, open: &Open) -> String {
    let label = variable.map_or("", |v| v.label.as_str());
    let coding = variable.map(|_| {
        object([("system", words(&variables(base, &trial.id))), ("code", Some(text(name))), ("display", words(label))])
    });
    let concept = object([("coding", array(coding.into_iter().collect())), ("text", Some(text(name)))]);
    let mut parts = vec![
        part("variable", "valueCodeableConcept", concept),
        part("reason", "valueCode", text(&open.reason.replace(' ', "-"))),
    ];
    parts.extend(open.criteria.iter().map(|id| part("criterion", "valueString", text(id))));
    // An extension holds parts or a value; this one holds parts.
    extension("missing-data", "extension", format!("[{}]", parts.join(",")))
}

fn recorded_requirement(origin: Origin, recorded: &Recorded, missing: &str) -> Option<String> {
    let (kind, code, time) = match origin {
        Origin::Observation => ("Observation", "code", "effective"),
        Origin::Condition => ("Condition", "code", "onset"),
        Origin::MedicationAdministration => ("MedicationAdministration", "medication", "effective"),
        Origin::Procedure => ("Procedure", "code", "performed"),
        // Which questionnaire is no coded element, so that codes cannot narrow it.
        Origin::QuestionnaireResponse => return Some(plain("QuestionnaireResponse", missing)),
        Origin::Patient => return Some(plain("Patient", missing)),
        Origin::Gateway | Origin::Medication => return None,
    };
    let coding = |c: &Coding| object([("system", words(&c.system)), ("code", words(&c.code))]);
    let set = &recorded.codes;
    let codes: Vec<String> = set.singles().into_iter().chain(&set.prefixes).take(CODES_MAX).map(coding).collect();
    let filter = array(codes).map(|codes| object([("path", Some(text(code))), ("code", Some(codes))]));
    let (window, one) = recorded.select.as_ref().map_or((None, false), picked);
    let dates = window.map(|window| object([("path", Some(text(time))), ("valueDuration", Some(duration(window)))]));
    let newest = object([("path", Some(text(time))), ("direction", Some(text("descending")))]);
    Some(object([
        ("extension", array(vec![missing.to_owned()])),
        ("type", Some(text(kind))),
        ("codeFilter", array(filter.into_iter().collect())),
        ("dateFilter", array(dates.into_iter().collect())),
        ("limit", one.then(|| "1".to_owned())),
        ("sort", array(one.then_some(newest).into_iter().collect())),
    ]))
}

/// The window of the series that a variable's value is picked from, and whether one result is enough.
fn picked(select: &Expr) -> (Option<Duration>, bool) {
    let one = matches!(select.kind, Kind::Aggregate(Aggregate::Last | Aggregate::First, Source::Series(_)));
    let mut window = None;
    select.walk(&mut |node| {
        if let Kind::Aggregate(_, Source::Series(series)) = &node.kind
            && let Some(Window::Within(duration)) = &series.window
        {
            window = window.or(Some(*duration));
        }
    });
    (window, one)
}

fn duration(duration: Duration) -> String {
    let unit = ucum(duration.of);
    object([
        ("value", Some(duration.count.to_string())),
        ("unit", Some(text(unit))),
        ("system", Some(text("http://unitsofmeasure.org"))),
        ("code", Some(text(unit))),
    ])
}
