//! What is probably not meant in outcomes, visits and grades.

use super::definition::Trial;
use super::expression::tree::{Expr, Kind};
use super::lint;
use super::lint_bands::side;
use super::outcome::{Measured, Outcome, Safety};
use crate::model::reading::Value;

/// Pointers into the file, each with a warning.
pub(super) fn oddities(trial: &Trial) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (row, visits) in trial.visits.iter().enumerate() {
        let at_row = |o: &Outcome| matches!(o.measured, Measured::AtVisits { row: of, .. } if of == row);
        if !trial.outcomes.iter().any(at_row) {
            let text = format!("no outcome is measured at the visits `{}`", visits.name);
            found.push((format!("/visits/{}", visits.name), text));
        }
    }
    for (n, outcome) in trial.outcomes.iter().enumerate() {
        let parts = match &outcome.measured {
            Measured::AtVisits { items, .. } => items.iter().map(|i| ("value", &i.expression)).collect(),
            Measured::ToEvent { event, censor, .. } => vec![("event", event), ("censor", censor)],
        };
        for (key, expression) in parts {
            if lint::undecidable(trial, expression) {
                let text = format!(
                    "`{}` can never be measured: nothing that is recorded, asked or known of the person stands in it",
                    expression.text
                );
                found.push((format!("/outcomes/{n}/{key}"), text));
            }
        }
    }
    for (n, safety) in trial.safety.iter().enumerate() {
        found.extend(grades(safety).into_iter().map(|(grade, text)| (format!("/safety/{n}/grades/{grade}"), text)));
    }
    found
}

/// Grades of one measure that do not climb.
fn grades(safety: &Safety) -> Vec<(usize, String)> {
    let limits: Vec<_> = safety.grades.iter().enumerate().filter_map(|(n, e)| Some((n, e, limit(e)?))).collect();
    let mut found = Vec::new();
    for pair in limits.windows(2) {
        let [(a, before, lower), (b, here, upper)] = pair else { continue };
        if lower.of != upper.of {
            continue;
        }
        let (a, b) = (a + 1, b + 1);
        let apart = if upper.below { upper.at <= lower.at } else { upper.at >= lower.at };
        let text = if lower.below != upper.below {
            if !apart {
                continue;
            }
            format!("`{}` (grade {b}) never holds of what is grade {a}, `{}`", here.text, before.text)
        } else if !upper.is_beyond(lower) {
            format!("`{}` (grade {b}) holds wherever `{}` does, so grade {a} is never given", here.text, before.text)
        } else {
            continue;
        };
        found.push((b - 1, text));
    }
    found
}

/// One written limit of a measure.
struct Limit<'e> {
    of: &'e str,
    below: bool,
    strict: bool,
    at: &'e crate::model::number::Number,
}

impl Limit<'_> {
    /// Whether it holds of less than another limit on the same side.
    fn is_beyond(&self, other: &Self) -> bool {
        let further = if self.below { self.at < other.at } else { self.at > other.at };
        further || self.at == other.at && self.strict && !other.strict
    }
}

fn limit(e: &Expr) -> Option<Limit<'_>> {
    let Kind::Compare(comparison, measured, at) = &e.kind else { return None };
    let Kind::Literal(Some(Value::Number(at))) = &at.kind else { return None };
    let (below, strict) = side(*comparison)?;
    Some(Limit { of: &measured.text, below, strict, at: at.as_exact()? })
}
