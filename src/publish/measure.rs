//! Measure and MeasureReport: the funnel, the completeness of visits, and what was worked out for one person.

use super::blinding::Open;
use super::canonical::{code_system, of_trial, variables};
use super::export::table::rounded;
use super::json::{array, concept, machine_name, object, reference, text, words};
use super::study::study_id;
use super::subject::{Individual, individual};
use crate::model::interval::{End, Interval};
use crate::model::outcome::{Cell, Outcomes};
use crate::model::reading::Value;
use crate::model::truth::Truth;
use crate::trial::definition::Trial;
use crate::trial::outcome::Item;

const TERMS: &str = "http://terminology.hl7.org/CodeSystem";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How far people of a trial are.
    Funnel,
    /// At how many people of whom a visit is due everything was measured.
    Visits,
    /// What was worked out for one person.
    Outcomes,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Funnel, Self::Visits, Self::Outcomes];
    /// Those that are counts of persons.
    pub const COUNTED: [Self; 2] = [Self::Funnel, Self::Visits];

    /// The word in ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Funnel => "funnel",
            Self::Visits => "visits",
            Self::Outcomes => "outcomes",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Funnel => "How far people are",
            Self::Visits => "Completeness of visits",
            Self::Outcomes => "Outcomes of a person",
        }
    }
}

/// One group of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub word: String,
    /// Persons; `None`: withheld.
    pub persons: Option<u64>,
}

/// What a report is of.
pub struct Report<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// Base of the gateway's names.
    pub base: &'a str,
    /// What is measured.
    pub kind: Kind,
    /// Now, a FHIR dateTime.
    pub at: &'a str,
}

fn url(trial: &Trial, base: &str, kind: Kind) -> String {
    format!("{}-{}", of_trial(base, "Measure", &trial.id), kind.word())
}

/// The Measure that a report of that kind is of.
pub fn measure(trial: &Trial, base: &str, kind: Kind) -> Vec<u8> {
    let name = format!("{}{}", kind.word(), trial.id);
    object([
        ("resourceType", Some(text("Measure"))),
        ("id", Some(text(&format!("{}-{}", study_id(&trial.id), kind.word())))),
        ("url", Some(text(&url(trial, base, kind)))),
        ("version", Some(text(&trial.version.to_string()))),
        ("name", Some(text(&machine_name("Measure", &name)))),
        ("title", Some(text(&format!("{}: {}", kind.title(), trial.id)))),
        ("status", Some(text("active"))),
        ("scoring", Some(concept(&format!("{TERMS}/measure-scoring"), "cohort", "Cohort"))),
    ])
    .into_bytes()
}

fn masked() -> String {
    let reason = object([
        ("url", Some(text("http://hl7.org/fhir/StructureDefinition/data-absent-reason"))),
        ("valueCode", Some(text("masked"))),
    ]);
    object([("extension", array(vec![reason]))])
}

/// A report of counts: one group for each, a small one masked.
pub fn report(report: &Report<'_>, counts: &[Count]) -> Vec<u8> {
    let group = |count: &Count| {
        let population = object([
            ("code", Some(concept(&format!("{TERMS}/measure-population"), "initial-population", "Initial Population"))),
            ("count", count.persons.map(|n| n.to_string())),
            ("_count", count.persons.is_none().then(masked)),
        ]);
        let code = object([("text", Some(text(&count.word)))]);
        object([("code", Some(code)), ("population", array(vec![population]))])
    };
    whole(
        report,
        &format!("{}-{}", study_id(&report.trial.id), report.kind.word()),
        Parts { groups: counts.iter().map(group).collect(), ..Parts::default() },
    )
}

#[derive(Default)]
struct Parts {
    contained: Vec<String>,
    subject: Option<String>,
    groups: Vec<String>,
    evaluated: Vec<String>,
}

fn whole(report: &Report<'_>, id: &str, parts: Parts) -> Vec<u8> {
    let kind = if parts.subject.is_some() { "individual" } else { "summary" };
    let day = report.at.get(..10).unwrap_or(report.at);
    let start = report.trial.study.start.as_deref().unwrap_or(day);
    object([
        ("resourceType", Some(text("MeasureReport"))),
        ("id", Some(text(id))),
        ("contained", array(parts.contained)),
        ("status", Some(text("complete"))),
        ("type", Some(text(kind))),
        ("measure", Some(text(&url(report.trial, report.base, report.kind)))),
        ("subject", parts.subject),
        ("date", Some(text(day))),
        ("period", Some(object([("start", Some(text(start.min(day)))), ("end", Some(text(day)))]))),
        ("group", array(parts.groups)),
        ("evaluatedResource", array(parts.evaluated)),
    ])
    .into_bytes()
}

/// What was worked out for one person: an Observation for each value, each with the results that it was derived from.
/// `source` names a result's version, where it may be named.
pub fn individual_report(
    about: &Report<'_>,
    id: &str,
    person: &Individual,
    outcomes: &Outcomes,
    open: &Open,
    source: &dyn Fn(usize) -> Option<String>,
) -> Vec<u8> {
    let trial = about.trial;
    let mut contained = Vec::new();
    for cell in &outcomes.cells {
        let shown = open.at_visits(trial, cell.outcome, cell.item);
        let Some((_, row, item)) = shown.filter(|(_, _, item)| item.variable.is_none()) else { continue };
        let Some(visit) = outcomes.visits.get(row).and_then(|v| v.get(cell.visit)) else { continue };
        let name = format!("o{}", contained.len() + 1);
        contained.extend(observation(about, &name, person, (item, &visit.name), cell, source));
    }
    let evaluated = (1..=contained.len()).map(|n| reference(&format!("#o{n}"))).collect();
    let subject = Some(individual(person));
    whole(about, id, Parts { contained, subject, evaluated, ..Parts::default() })
}

fn observation(
    about: &Report<'_>,
    name: &str,
    person: &Individual,
    (item, visit): (&Item, &str),
    cell: &Cell,
    source: &dyn Fn(usize) -> Option<String>,
) -> Option<String> {
    let value = value(cell.value.as_ref()?, item);
    let known = about.trial.variables.iter().find(|v| *v.name == *item.name);
    let coding = known.map(|v| {
        let system = words(&variables(about.base, &about.trial.id));
        object([("system", system), ("code", Some(text(&v.name))), ("display", words(&v.label))])
    });
    let code = object([
        ("coding", array(coding.into_iter().collect())),
        ("text", Some(text(&format!("{}, {visit}", &*item.label)))),
    ]);
    let mut from: Vec<String> = cell.facts.iter().filter_map(|f| source(*f)).collect();
    // An administration is none of the types that an Observation is derived from.
    from.retain(|name| name.contains("Observation/") || name.contains("QuestionnaireResponse/"));
    from.sort_unstable();
    from.dedup();
    let when = cell.at.as_ref().map(|at| text(&at.to_string()));
    let absent = value.is_none().then(|| concept(&format!("{TERMS}/data-absent-reason"), "unknown", "Unknown"));
    let status = if cell.provisional { "preliminary" } else { "final" };
    let (key, rendered) = value.unwrap_or(("valueString", String::new()));
    let method = object([("text", Some(text(&item.expression.text)))]);
    let members = [
        ("resourceType", Some(text("Observation"))),
        ("id", Some(text(name))),
        ("status", Some(text(status))),
        ("category", array(vec![concept(&code_system("basis"), "computed", "")])),
        ("code", Some(code)),
        ("subject", Some(individual(person))),
        ("effectiveDateTime", when),
        (key, Some(rendered).filter(|r| !r.is_empty())),
        ("dataAbsentReason", absent),
        ("method", Some(method)),
        ("derivedFrom", array(from.iter().map(|f| reference(f)).collect())),
    ];
    Some(object(members))
}

/// The member and its JSON; `None`: it is unknown.
fn value(value: &Value, item: &Item) -> Option<(&'static str, String)> {
    match value {
        Value::Number(n) => number(n, item),
        Value::Truth(Truth::Unknown) => None,
        Value::Truth(truth) => Some(("valueBoolean", (*truth == Truth::True).to_string())),
        Value::Time(at) => Some(("valueDateTime", text(&at.to_string()))),
        Value::Text(words) => Some(("valueString", text(words))),
    }
}

fn number(n: &Interval, item: &Item) -> Option<(&'static str, String)> {
    let quantity = |end: &crate::model::number::Number, comparator: Option<&str>| {
        let code = item.unit.as_ref().map(|u| u.code());
        object([
            ("value", rounded(end)),
            ("comparator", comparator.map(text)),
            ("unit", code.map(text)),
            ("system", code.map(|_| text("http://unitsofmeasure.org"))),
            ("code", code.map(text)),
        ])
    };
    if let Some(exact) = n.as_exact() {
        return Some(("valueQuantity", quantity(exact, None)));
    }
    let side = |e: &End, closed: &'static str, open: &'static str| {
        Some(("valueQuantity", quantity(&e.value, Some(if e.closed { closed } else { open }))))
    };
    match (&n.low, &n.high) {
        (None, None) => None,
        (Some(low), None) => side(low, ">=", ">"),
        (None, Some(high)) => side(high, "<=", "<"),
        (Some(low), Some(high)) => {
            let ends = [("low", Some(quantity(&low.value, None))), ("high", Some(quantity(&high.value, None)))];
            Some(("valueRange", object(ends)))
        }
    }
}
