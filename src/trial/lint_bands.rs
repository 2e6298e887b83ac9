//! Limits of one quantity that let people in and keep them out: the band between, or that there is none.

use super::definition::{Trial, VariableKind};
use super::expression::tree::{Aggregate, Comparison, Expr, Function, Kind, Name, Source};
use crate::model::number::Number;
use crate::model::reading::Value;
use std::collections::BTreeSet;

/// Names in names that are looked through.
const DEPTH_MAX: usize = 16;

/// One limit that a criterion sets.
struct Limit<'t> {
    criterion: &'t str,
    text: &'t str,
    variables: BTreeSet<usize>,
    below: bool,
    strict: bool,
    at: &'t Number,
    unit: &'t str,
}

/// A sentence for each pair of limits, with the criterion that keeps out.
pub(super) fn bands(trial: &Trial) -> Vec<(String, String)> {
    let limits = |exclusion: bool| {
        let mut found = Vec::new();
        for c in trial.criteria.iter().filter(|c| c.exclusion == exclusion) {
            of_truth(trial, &c.expression, &c.id, 0, &mut found);
        }
        found
    };
    let (lets_in, keeps_out) = (limits(false), limits(true));
    let mut found = Vec::new();
    for out in &keeps_out {
        let same = |l: &&Limit<'_>| !l.variables.is_disjoint(&out.variables) && l.unit == out.unit;
        found.extend(lets_in.iter().filter(same).filter_map(|l| Some((out.criterion.to_owned(), band(l, out)?))));
    }
    found.dedup();
    found
}

fn band(let_in: &Limit<'_>, out: &Limit<'_>) -> Option<String> {
    let head =
        format!("`{}` ({}) lets in and `{}` ({}) keeps out", let_in.text, let_in.criterion, out.text, out.criterion);
    let unit = if let_in.unit == "1" { String::new() } else { format!(" {}", let_in.unit) };
    // What keeps out below a limit leaves what is at it, unless it keeps that out, too.
    let (low, high) = match (let_in.below, out.below) {
        (true, true) => (out, let_in),
        (false, false) => (let_in, out),
        // Each on its own side: they meet, or the one that keeps out cuts into what is let in.
        (true, false) if let_in.at > out.at => {
            return Some(format!("{head}: only what is not above {}{unit} gets in", out.at));
        }
        (false, true) if let_in.at < out.at => {
            return Some(format!("{head}: only what is not below {}{unit} gets in", out.at));
        }
        _ => return None,
    };
    // An exclusion holds at its limit when it is not strict; an inclusion too.
    let low_in = if std::ptr::eq(low, out) { low.strict } else { !low.strict };
    let high_in = if std::ptr::eq(high, out) { high.strict } else { !high.strict };
    if low.at > high.at || low.at == high.at && !(low_in && high_in) {
        return Some(format!("{head}: no room is left between them"));
    }
    let word = |inside: bool, from: bool| match (inside, from) {
        (true, true) => "from",
        (false, true) => "above",
        (true, false) => "to",
        (false, false) => "to below",
    };
    Some(format!(
        "{head}: the band {} {} {} {}{unit} is left",
        word(low_in, true),
        low.at,
        word(high_in, false),
        high.at
    ))
}

/// The limits of which one may make this true.
fn of_truth<'t>(trial: &'t Trial, e: &'t Expr, criterion: &'t str, depth: usize, found: &mut Vec<Limit<'t>>) {
    match &e.kind {
        _ if depth > DEPTH_MAX => {}
        Kind::And(all) | Kind::Or(all) | Kind::AtLeast(_, all) => {
            all.iter().for_each(|part| of_truth(trial, part, criterion, depth + 1, found));
        }
        Kind::Name(Name::Variable(i)) => {
            if let Some(VariableKind::Derived(inner)) = trial.variables.get(*i).map(|v| &v.kind) {
                of_truth(trial, inner, criterion, depth + 1, found);
            }
        }
        Kind::Name(Name::Reading(i)) => {
            let chosen = trial.readings.get(*i).and_then(|r| r.alternatives.get(r.default));
            if let Some((_, inner)) = chosen {
                of_truth(trial, inner, criterion, depth + 1, found);
            }
        }
        Kind::Compare(op, left, right) => found.extend(limit(trial, e, criterion, (*op, left, right))),
        _ => {}
    }
}

/// Whether a limit lets in what lies below it, and keeps itself out; `None`: it is none.
pub(super) fn side(op: Comparison) -> Option<(bool, bool)> {
    match op {
        Comparison::Less => Some((true, true)),
        Comparison::LessOrEqual => Some((true, false)),
        Comparison::Greater => Some((false, true)),
        Comparison::GreaterOrEqual => Some((false, false)),
        Comparison::Equal | Comparison::NotEqual => None,
    }
}

fn limit<'t>(
    trial: &'t Trial,
    e: &'t Expr,
    criterion: &'t str,
    (op, left, right): (Comparison, &'t Expr, &'t Expr),
) -> Option<Limit<'t>> {
    let Kind::Literal(Some(Value::Number(at))) = &right.kind else { return None };
    let (below, strict) = side(op)?;
    let mut variables = BTreeSet::new();
    measured(trial, left, 0, &mut variables);
    let unit = match &left.ty {
        super::expression::tree::Type::Number(unit) => unit.code(),
        _ => return None,
    };
    (!variables.is_empty()).then_some(Limit {
        criterion,
        text: &e.text,
        variables,
        below,
        strict,
        at: at.as_exact()?,
        unit,
    })
}

/// The recorded variables of which one is the value, as it was measured.
fn measured(trial: &Trial, e: &Expr, depth: usize, found: &mut BTreeSet<usize>) {
    match &e.kind {
        _ if depth > DEPTH_MAX => {}
        Kind::Name(Name::Variable(i)) => match trial.variables.get(*i).map(|v| &v.kind) {
            Some(VariableKind::Recorded(_)) => drop(found.insert(*i)),
            Some(VariableKind::Derived(inner)) => measured(trial, inner, depth + 1, found),
            _ => {}
        },
        Kind::Name(Name::Reading(i)) => {
            if let Some((_, inner)) = trial.readings.get(*i).and_then(|r| r.alternatives.get(r.default)) {
                measured(trial, inner, depth + 1, found);
            }
        }
        Kind::Aggregate(Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max, source) => match source {
            Source::Series(series) => drop(found.insert(series.variable)),
            Source::List(all) => all.iter().for_each(|part| measured(trial, part, depth + 1, found)),
        },
        Kind::Call(Function::Coalesce, all) => all.iter().for_each(|part| measured(trial, part, depth + 1, found)),
        _ => {}
    }
}
