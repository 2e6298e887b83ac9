//! A variable over time, with the limits that the criteria set: whole numbers of a drawing of [`SIDE`] by the same.

pub use super::figure::scale::SIDE;
use crate::model::interval::{End, Interval};
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::time::Instant;
use crate::trial::definition::{Trial, VariableKind};
use crate::trial::expression::tree::{Aggregate, Comparison, Expr, Function, Kind, Name, Source, Type};
use crate::trial::outcome::{Item, Measured};

/// One limit of a criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The criterion.
    pub criterion: String,
    /// It is an exclusion.
    pub exclusion: bool,
    /// On which side it holds: `<`, `≤`, `>`, `≥`, `=`, `≠`.
    pub sign: &'static str,
    /// Where.
    pub value: Number,
}

/// One result of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When, as far as it is known: the earliest moment.
    pub at: Instant,
    /// The value.
    pub value: Interval,
}

/// What is drawn; `y` grows downward, as in SVG.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Points known exactly, in order of time.
    pub dots: Vec<(i64, i64)>,
    /// Values known in part: place in time, upper and lower end; an end that goes on is at the drawing's edge.
    pub bars: Vec<(i64, i64, i64)>,
    /// Height of each limit.
    pub lines: Vec<i64>,
}

/// A number that an expression compares something with.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Whose expression it is.
    pub of: String,
    /// On which side it holds: `<`, `≤`, `>`, `≥`, `=`, `≠`.
    pub sign: &'static str,
    /// The number.
    pub value: Number,
}

/// The limits that the criteria set to a recorded variable, under the chosen alternative of each reading.
pub fn limits(trial: &Trial, chosen: &[usize], variable: usize) -> Vec<Limit> {
    let mut found = Vec::new();
    for criterion in &trial.criteria {
        for (sign, value) in compared(trial, chosen, &criterion.expression, |left| is(trial, chosen, left, variable)) {
            let (criterion, exclusion) = (criterion.id.clone(), criterion.exclusion);
            let limit = Limit { criterion, exclusion, sign, value };
            if !found.contains(&limit) {
                found.push(limit);
            }
        }
    }
    found
}

/// The numbers that the outcomes' truths compare an item with, under the chosen alternative of each reading.
pub fn thresholds(trial: &Trial, chosen: &[usize], item: &Item) -> Vec<Compared> {
    let own = |left: &Expr| {
        left.text == item.expression.text && left.ty == item.expression.ty
            || item.variable.is_some_and(|v| is(trial, chosen, left, v))
    };
    in_outcomes(trial, chosen, own)
}

/// The numbers that the outcomes' truths compare the percent change of an item since its baseline with.
pub fn change_thresholds(trial: &Trial, chosen: &[usize], item: &Item) -> Vec<Compared> {
    let text = &item.expression.text;
    in_outcomes(trial, chosen, |left| match &left.kind {
        Kind::Call(Function::PercentChange, sides) => match &sides[..] {
            [from, to] => matches!(&from.kind, Kind::Baseline(x) if x.text == *text) && to.text == *text,
            _ => false,
        },
        _ => false,
    })
}

fn in_outcomes(trial: &Trial, chosen: &[usize], is_it: impl Fn(&Expr) -> bool) -> Vec<Compared> {
    let mut found = Vec::new();
    for outcome in &trial.outcomes {
        let expressions: Vec<&Expr> = match &outcome.measured {
            Measured::AtVisits { items, .. } => items.iter().map(|i| &i.expression).collect(),
            Measured::ToEvent { event, .. } => vec![event],
        };
        for (sign, value) in expressions.into_iter().flat_map(|e| compared(trial, chosen, e, &is_it)) {
            let compared = Compared { of: outcome.id.to_string(), sign, value };
            if !found.contains(&compared) {
                found.push(compared);
            }
        }
    }
    found
}

/// Each comparison in an expression of what is meant with a written number; readings and derived truths are looked
/// through, each once.
fn compared(
    trial: &Trial,
    chosen: &[usize],
    expression: &Expr,
    is_it: impl Fn(&Expr) -> bool,
) -> Vec<(&'static str, Number)> {
    let (mut found, mut exprs, mut seen) = (Vec::new(), vec![expression], 0);
    while let Some(e) = exprs.get(seen).copied() {
        seen += 1;
        e.walk(&mut |node| {
            if let Kind::Name(name) = &node.kind
                && let Some(inner) = behind(trial, chosen, *name)
                && !exprs.iter().any(|known| std::ptr::eq(*known, inner))
            {
                exprs.push(inner);
            }
            if let Kind::Compare(comparison, left, right) = &node.kind
                && let Kind::Literal(Some(Value::Number(value))) = &right.kind
                && let Some(value) = value.as_exact().filter(|_| is_it(left))
            {
                found.push((sign(*comparison), value.clone()));
            }
        });
    }
    found
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "≤",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => "≥",
        Comparison::Equal => "=",
        Comparison::NotEqual => "≠",
    }
}

fn behind<'t>(trial: &'t Trial, chosen: &[usize], name: Name) -> Option<&'t Expr> {
    match name {
        Name::Reading(i) => {
            let reading = trial.readings.get(i)?;
            let place = chosen.get(i).copied().unwrap_or(reading.default);
            reading.alternatives.get(place).map(|(_, e)| e)
        }
        Name::Variable(i) => match &trial.variables.get(i)?.kind {
            VariableKind::Derived(e) => Some(e),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a side of a comparison is a recorded variable's own value, in its unit.
fn is(trial: &Trial, chosen: &[usize], left: &Expr, variable: usize) -> bool {
    let own = trial.variables.get(variable).and_then(|v| v.unit.as_ref());
    let unit = matches!((&left.ty, own), (Type::Number(unit), Some(own)) if own.code() == unit.code());
    unit && sides(trial, chosen, left, 0).contains(&variable)
}

/// The recorded variables whose own value a side of a comparison is: a name, or the first or greatest of some.
fn sides(trial: &Trial, chosen: &[usize], e: &Expr, depth: usize) -> Vec<usize> {
    /// Names behind names that are followed.
    const DEPTH_MAX: usize = 8;
    let of_all = |list: &[Expr]| list.iter().flat_map(|e| sides(trial, chosen, e, depth + 1)).collect();
    match &e.kind {
        _ if depth > DEPTH_MAX => Vec::new(),
        Kind::Name(Name::Variable(i)) => match behind(trial, chosen, Name::Variable(*i)) {
            Some(inner) => sides(trial, chosen, inner, depth + 1),
            None => vec![*i],
        },
        Kind::Name(name) => {
            behind(trial, chosen, *name).map_or_else(Vec::new, |inner| sides(trial, chosen, inner, depth + 1))
        }
        Kind::Call(Function::Coalesce, list) => of_all(list),
        Kind::Aggregate(Aggregate::Max | Aggregate::Min, Source::List(list)) => of_all(list),
        Kind::Aggregate(
            Aggregate::Max | Aggregate::Min | Aggregate::First | Aggregate::Last,
            Source::Series(series),
        ) => vec![series.variable],
        _ => Vec::new(),
    }
}

/// Draws points and limits; time goes from the first point to `until`.
pub fn draw(points: &[Point], limits: &[Number], until: Instant) -> Drawing {
    let ends = points.iter().flat_map(|p| [&p.value.low, &p.value.high].into_iter().flatten().map(|e: &End| &e.value));
    let all: Vec<&Number> = ends.chain(limits).collect();
    let (Some(least), Some(most)) = (all.iter().min(), all.iter().max()) else { return Drawing::default() };
    let height = |n: &Number| SIDE - share(&(n - least), &(*most - least));
    let first = points.iter().map(|p| p.at).min().unwrap_or(until);
    let span = until.0.saturating_sub(first.0).max(1);
    let width = |at: Instant| {
        let gone = i128::from(at.0.saturating_sub(first.0)) * i128::from(SIDE) / i128::from(span);
        i64::try_from(gone).unwrap_or(SIDE).clamp(0, SIDE)
    };
    let mut drawing = Drawing { lines: limits.iter().map(height).collect(), ..Drawing::default() };
    for point in points {
        let x = width(point.at);
        match point.value.as_exact() {
            Some(exact) => drawing.dots.push((x, height(exact))),
            None => {
                let end = |end: &Option<End>, edge: i64| end.as_ref().map_or(edge, |e| height(&e.value));
                drawing.bars.push((x, end(&point.value.high, 0), end(&point.value.low, SIDE)));
            }
        }
    }
    drawing
}

/// `part` of `whole`, of [`SIDE`]; the middle when there is no extent.
fn share(part: &Number, whole: &Number) -> i64 {
    let scaled = (part * &Number::from(SIDE)).checked_div(whole);
    scaled.and_then(|n| n.floor().to_i64()).map_or(SIDE / 2, |n| n.clamp(0, SIDE))
}
