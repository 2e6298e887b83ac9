//! Group of the criteria: a readable projection, never the executable form.
//!
//! R4's characteristics are a flat "and". So only what every member must meet becomes one; the rest stands in the
//! narrative and in the extension `criteria-not-expressed`, in the protocol's words.

use super::blinding::Blinding;
use super::canonical::{extension, variables};
use super::json::{array, identifier, narrative, object, text, words};
use super::study::study_id;
use crate::model::reading::Value;
use crate::trial::definition::{Criterion, Trial, VariableKind};
use crate::trial::expression::tree::{Calendar, Comparison, Expr, Kind, Name, Type};

/// Deepest nesting of names that is followed; deeper is not expressed.
const DEPTH_MAX: usize = 64;

/// One thing that every member must meet, or must not.
struct Must {
    variable: usize,
    /// `None`: the variable is a truth.
    limit: Option<(&'static str, String)>,
    exclude: bool,
}

/// The resource.
pub fn group(trial: &Trial, base: &str) -> Vec<u8> {
    let mut reader = Reader { trial, blinding: Blinding::of(trial, false), found: Vec::new() };
    let mandatory = reader.mandatory();
    let mut rest = Vec::new();
    for (place, criterion) in trial.criteria.iter().enumerate() {
        if !reader.criterion(criterion, criterion.exclusion || mandatory.contains(&place)) {
            rest.push(criterion);
        }
    }
    let not_expressed = |c: &&Criterion| extension("criteria-not-expressed", "valueString", text(&in_words(c)));
    let mut paragraphs = vec![format!("Eligibility of {}, version {}: a projection to read.", trial.id, trial.version)];
    paragraphs.extend(trial.criteria.iter().map(in_words));
    let name = format!("Eligibility of {}", trial.id);
    object([
        ("resourceType", Some(text("Group"))),
        ("id", Some(text(&study_id(&trial.id)))),
        ("text", Some(narrative("additional", &paragraphs))),
        ("extension", array(rest.iter().map(not_expressed).collect())),
        ("identifier", array(vec![identifier(&trial.study.registry, &trial.id)])),
        ("active", Some("true".into())),
        ("type", Some(text("person"))),
        ("actual", Some("false".into())),
        ("name", words(&name)),
        ("characteristic", array(reader.found.iter().map(|m| characteristic(trial, base, m)).collect())),
    ])
    .into_bytes()
}

fn in_words(criterion: &Criterion) -> String {
    let kind = if criterion.exclusion { "exclusion" } else { "inclusion" };
    format!("{} ({kind}): {}", criterion.id, criterion.protocol)
}

struct Reader<'t> {
    trial: &'t Trial,
    blinding: Blinding,
    found: Vec<Must>,
}

impl<'t> Reader<'t> {
    /// Inclusions without which nobody is in: all, or those that `included` joins by "and".
    fn mandatory(&self) -> Vec<usize> {
        let mut all = Vec::new();
        match &self.trial.included {
            None => all.extend(0..self.trial.criteria.len()),
            Some(e) => self.joined(e, &mut all, 0),
        }
        all
    }

    fn joined(&self, e: &Expr, all: &mut Vec<usize>, depth: usize) {
        match &e.kind {
            Kind::And(parts) => parts.iter().for_each(|part| self.joined(part, all, depth)),
            Kind::Name(Name::Criterion(place)) => all.push(*place),
            Kind::Name(Name::Reading(place)) if depth < DEPTH_MAX => {
                if let Some(default) = self.default(*place) {
                    self.joined(default, all, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn default(&self, reading: usize) -> Option<&'t Expr> {
        let reading = self.trial.readings.get(reading)?;
        reading.alternatives.get(reading.default).map(|(_, e)| e)
    }

    /// Takes what of a criterion is a must; answers whether that is all of it.
    fn criterion(&mut self, criterion: &'t Criterion, mandatory: bool) -> bool {
        let plain = mandatory && criterion.applies.is_none() && !self.blinding.hides_criterion(&criterion.id);
        plain && self.take(&criterion.expression, !criterion.exclusion, 0)
    }

    /// `wanted`: the truth that the expression must have.
    fn take(&mut self, e: &'t Expr, wanted: bool, depth: usize) -> bool {
        match &e.kind {
            Kind::And(parts) if wanted => self.each(parts, wanted, depth),
            Kind::Or(parts) if !wanted => self.each(parts, wanted, depth),
            Kind::Not(inner) => self.take(inner, !wanted, depth),
            Kind::Name(Name::Reading(place)) if depth < DEPTH_MAX => {
                self.default(*place).is_some_and(|e| self.take(e, wanted, depth + 1))
            }
            Kind::Name(Name::Variable(variable)) => {
                self.found.push(Must { variable: *variable, limit: None, exclude: !wanted });
                true
            }
            Kind::Compare(how, left, right) => self.compare(*how, left, right, wanted),
            _ => false,
        }
    }

    fn each(&mut self, parts: &'t [Expr], wanted: bool, depth: usize) -> bool {
        let mut whole = true;
        for part in parts {
            whole &= self.take(part, wanted, depth);
        }
        whole
    }

    fn compare(&mut self, how: Comparison, left: &Expr, right: &Expr, wanted: bool) -> bool {
        let comparator = match how {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Equal => "",
            Comparison::NotEqual => return false,
        };
        let (Kind::Name(Name::Variable(variable)), Kind::Literal(Some(Value::Number(limit)))) =
            (&left.kind, &right.kind)
        else {
            return false;
        };
        let Some(limit) = limit.as_exact().and_then(|n| n.to_decimal()) else { return false };
        if !matches!(left.ty, Type::Number(_)) {
            return false;
        }
        self.found.push(Must { variable: *variable, limit: Some((comparator, limit)), exclude: !wanted });
        true
    }
}

fn characteristic(trial: &Trial, base: &str, must: &Must) -> String {
    let variable = trial.variables.get(must.variable);
    let (name, label) = variable.map_or(("", ""), |v| (v.name.as_str(), v.label.as_str()));
    let coding =
        object([("system", words(&variables(base, &trial.id))), ("code", words(name)), ("display", words(label))]);
    let code = object([("coding", array(vec![coding])), ("text", words(label))]);
    let value = match &must.limit {
        None => ("valueBoolean", "true".to_owned()),
        Some((comparator, limit)) => ("valueQuantity", quantity(trial, must.variable, comparator, limit)),
    };
    object([("code", Some(code)), (value.0, Some(value.1)), ("exclude", Some(must.exclude.to_string()))])
}

/// An age is a plain number in expressions; people read it in years.
fn quantity(trial: &Trial, variable: usize, comparator: &str, limit: &str) -> String {
    let variable = trial.variables.get(variable);
    let unit = variable.and_then(|v| match (&v.unit, &v.kind) {
        (Some(unit), _) if unit.code() != "1" => Some(unit.code()),
        (_, VariableKind::Derived(e)) => match e.kind {
            Kind::UnitsBetween(calendar, ..) => Some(ucum(calendar)),
            _ => None,
        },
        _ => None,
    });
    let system = unit.map(|_| text("http://unitsofmeasure.org"));
    object([
        ("value", Some(limit.to_owned())),
        ("comparator", words(comparator)),
        ("unit", unit.and_then(words)),
        ("system", system),
        ("code", unit.and_then(words)),
    ])
}

/// The UCUM code of a calendar unit.
pub(super) fn ucum(calendar: Calendar) -> &'static str {
    match calendar {
        Calendar::Year => "a",
        Calendar::Month => "mo",
        Calendar::Week => "wk",
        Calendar::Day => "d",
        Calendar::Hour => "h",
        Calendar::Minute => "min",
    }
}
