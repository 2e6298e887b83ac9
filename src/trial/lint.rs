//! What is probably not meant, in a definition that is right otherwise: warnings only.

use super::definition::{Recorded, Trial, VariableKind};
use super::document::Document;
use super::expression::names::uses;
use super::expression::tree::{Aggregate, Expr, Kind, Name, Source};
use super::load::Job;
use super::mistake::{Mistake, Severity};
use crate::model::fact::Origin;
use crate::model::reading::Value;
use std::collections::HashSet;

/// All warnings.
pub(super) fn lint(trial: &Trial, document: &Document<'_>, jobs: &[Job]) -> Vec<Mistake> {
    let mut found = Vec::new();
    let used: HashSet<String> = jobs
        .iter()
        .flat_map(|job| {
            let own = job.pointer.strip_prefix("/variables/").and_then(|p| p.split('/').next());
            let words = job.syntax.as_ref().map(uses).unwrap_or_default();
            words.into_iter().map(|u| u.word).filter(move |w| Some(w.as_str()) != own).collect::<Vec<_>>()
        })
        .collect();
    let drug = trial.treatment.as_ref().map(|t| t.drug);
    for (place, variable) in trial.variables.iter().enumerate() {
        let pointer = format!("/variables/{}", variable.name);
        let mut warn = |text: String| found.push(document.at_key(Severity::Warning, &pointer, text));
        let name = &variable.name;
        if !used.contains(name.as_str()) && drug != Some(place) {
            warn(format!("the variable `{name}` is used nowhere"));
        }
        if let VariableKind::Recorded(recorded) = &variable.kind {
            if recorded.presume.is_none()
                && recorded.from.contains(&Origin::Condition)
                && recorded.from.len() == 1
                && used_as_truth(trial, place)
            {
                warn(format!("`{name}` can never be false: nothing is presumed while no such condition is recorded"));
            }
            if recorded.select.is_none() && recorded.from.contains(&Origin::Observation) && named_bare(trial, place) {
                warn(format!("`{name}` has no window: a result of any age counts"));
            }
        }
    }
    for job in jobs {
        if let Some(expr) = &job.expr {
            thresholds(trial, document, job, expr, &mut found);
        }
    }
    found
}

fn all_exprs(trial: &Trial) -> Vec<&Expr> {
    let mut all: Vec<&Expr> = trial.criteria.iter().flat_map(|c| c.applies.iter().chain([&c.expression])).collect();
    all.extend(trial.readings.iter().flat_map(|r| r.alternatives.iter().map(|(_, e)| e)));
    all.extend(trial.variables.iter().filter_map(|v| match &v.kind {
        VariableKind::Derived(e) => Some(e),
        _ => None,
    }));
    all
}

fn named_bare(trial: &Trial, place: usize) -> bool {
    let mut found = false;
    for expr in all_exprs(trial) {
        expr.walk(&mut |e| found |= e.kind == Kind::Name(Name::Variable(place)));
    }
    found
}

/// Used by a criterion, where a truth that can never be false keeps people out of every verdict.
fn used_as_truth(trial: &Trial, place: usize) -> bool {
    named_bare(trial, place)
}

/// A limit that lies outside what is plausible for the variable it is compared with.
fn thresholds(trial: &Trial, document: &Document<'_>, job: &Job, expr: &Expr, found: &mut Vec<Mistake>) {
    let plausible = |e: &Expr| -> Option<(String, Recorded)> {
        let place = match &e.kind {
            Kind::Name(Name::Variable(place)) => *place,
            Kind::Aggregate(
                Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max | Aggregate::Avg,
                Source::Series(series),
            ) => series.variable,
            _ => return None,
        };
        let variable = trial.variables.get(place)?;
        match &variable.kind {
            VariableKind::Recorded(r) => Some((variable.name.to_string(), (**r).clone())),
            _ => None,
        }
    };
    expr.walk(&mut |e| {
        let Kind::Compare(_, left, right) = &e.kind else { return };
        let (Some((name, recorded)), Kind::Literal(Some(Value::Number(limit)))) = (plausible(left), &right.kind) else {
            return;
        };
        let (Some((low, high)), Some(limit)) = (recorded.plausible, limit.as_exact()) else { return };
        if limit < &low || limit > &high {
            let message =
                format!("the limit in `{}` lies outside what is plausible for `{name}` ({low} to {high})", e.text);
            found.push(document.at_value(Severity::Warning, &job.pointer, message));
        }
    });
}
