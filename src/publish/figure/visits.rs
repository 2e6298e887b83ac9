//! One item over the visits of its row: a line for each person, a summary for each visit. Time runs in thousandths of the
//! way from one visit to the next, so that everybody's windows lie above each other.

use super::completeness::{Counts, row_of};
use super::scale::{SIDE, Scale};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::outcome::{Cell, Outcomes, State, Visit};
use crate::model::reading::Value;
use crate::model::time::{Instant, Partial, Zone};
use crate::model::truth::Truth;
use crate::publish::statistics::{Summary, summary};
use crate::publish::trend::Compared;
use crate::trial::definition::Trial;

/// Steps that an axis of values is cut into, about.
const STEPS: i64 = 5;

/// The figure.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitFigure {
    /// The visits.
    pub columns: Vec<Column>,
    /// The axis of values; `None`: there is no number.
    pub scale: Option<Scale>,
    /// For each person, in their order, what is drawn.
    pub lines: Vec<Vec<Point>>,
    /// For each person whether visits ended, so that nothing is to follow.
    pub ended: Vec<bool>,
    /// Results between the visits; for one person alone.
    pub between: Vec<Point>,
    /// Numbers that expressions compare it with.
    pub thresholds: Vec<Compared>,
}

/// One visit over everybody.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Where its window begins and ends.
    pub window: (i64, i64),
    /// Persons by state.
    pub counts: Counts,
    /// Of the numbers that are known exactly.
    pub summary: Option<Summary>,
    /// Persons with a number known in part.
    pub in_part: usize,
    /// Persons by answer: true, false.
    pub answers: [usize; 2],
    /// Persons with a value that is unknown.
    pub unknown: usize,
}

/// One number of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The visit, by place; of what lies between them the one before.
    pub visit: usize,
    /// Where in time.
    pub at: i64,
    /// The number.
    pub value: Interval,
    /// It lies outside the window.
    pub outside: bool,
    /// It may still change.
    pub provisional: bool,
}

/// One person's visits as knots of the axis of time.
struct Knots(Vec<Instant>);

impl Knots {
    fn of(visits: &[Visit]) -> Self {
        let middle = |v: &Visit| v.window.0.plus_us(v.window.1.0.saturating_sub(v.window.0.0) / 2);
        let mut knots: Vec<Instant> = visits.iter().map(middle).collect();
        if let (Some(first), Some(knot)) = (visits.first().filter(|v| v.number == 0), knots.first_mut()) {
            *knot = first.window.1;
        }
        Self(knots)
    }

    /// Where a moment lies; before the first visit: at it; beyond the last: as far as the step before goes.
    fn place(&self, at: Instant) -> i64 {
        let after = self.0.partition_point(|knot| *knot <= at).clamp(1, self.0.len().max(2) - 1);
        let (Some(from), Some(to)) = (self.0.get(after - 1), self.0.get(after)) else { return 0 };
        let step = i128::from(to.0.saturating_sub(from.0).max(1));
        let gone = i128::from(at.0.saturating_sub(from.0)) * i128::from(SIDE) / step;
        let gone = i64::try_from(gone.clamp(0, i128::from(SIDE) * 2)).unwrap_or(0);
        i64::try_from(after - 1).unwrap_or(0) * SIDE + gone
    }
}

/// The middle of where a time may lie.
fn middle(at: &Partial, zone: &Zone) -> Instant {
    let range = at.range(zone);
    range.earliest.plus_us(range.latest.0.saturating_sub(range.earliest.0) / 2)
}

/// The figure of one item over everybody.
pub fn visit_figure(
    trial: &Trial,
    zone: &Zone,
    all: &[&Outcomes],
    (outcome, item): (usize, usize),
    thresholds: Vec<Compared>,
) -> VisitFigure {
    let row = row_of(trial, outcome).unwrap_or(usize::MAX);
    let visits_of = |o: &'_ Outcomes| o.visits.get(row).map_or(0, Vec::len);
    let longest = all.iter().max_by_key(|o| visits_of(o)).and_then(|o| o.visits.get(row));
    let column = |v: &Visit| Column { name: v.name.clone(), window: (i64::MAX, 0), ..Column::default() };
    let mut columns: Vec<Column> = longest.into_iter().flatten().map(column).collect();
    let mut exact: Vec<Vec<Number>> = vec![Vec::new(); columns.len()];
    let mut lines = Vec::new();
    for outcomes in all {
        let visits = outcomes.visits.get(row).map_or(&[][..], Vec::as_slice);
        let knots = Knots::of(visits);
        for (column, visit) in columns.iter_mut().zip(visits) {
            column.window.0 = column.window.0.min(knots.place(visit.window.0));
            column.window.1 = column.window.1.max(knots.place(visit.window.1));
        }
        let mut line = Vec::new();
        for cell in outcomes.cells_of((outcome, item)) {
            let Some(column) = columns.get_mut(cell.visit) else { continue };
            count(column, cell);
            let Some(point) = point(cell, &knots, zone) else { continue };
            if let Some(number) = point.value.as_exact() {
                exact[cell.visit].push(number.clone());
            } else {
                column.in_part += 1;
            }
            line.push(point);
        }
        lines.push(line);
    }
    for (column, numbers) in columns.iter_mut().zip(&exact) {
        column.summary = summary(numbers);
    }
    let ended = all.iter().map(|o| o.ended.is_some()).collect();
    let mut figure = VisitFigure { columns, scale: None, lines, ended, between: Vec::new(), thresholds };
    if let [one] = all {
        let knots = Knots::of(one.visits.get(row).map_or(&[][..], Vec::as_slice));
        figure.between = between(one, (outcome, item), &knots, zone);
    }
    figure.scale = figure.scale();
    figure
}

fn count(column: &mut Column, cell: &Cell) {
    column.counts.add(cell.state);
    // Of what may still come nobody says yet that it is unknown.
    let over = matches!(cell.state, State::Captured | State::CapturedOutside | State::Missed);
    column.unknown += usize::from(over && cell.value.is_none() && cell.unknown.is_some());
    match cell.value {
        Some(Value::Truth(Truth::True)) => column.answers[0] += 1,
        Some(Value::Truth(Truth::False)) => column.answers[1] += 1,
        Some(Value::Truth(Truth::Unknown)) => column.unknown += 1,
        _ => {}
    }
}

fn point(cell: &Cell, knots: &Knots, zone: &Zone) -> Option<Point> {
    let Some(Value::Number(value)) = &cell.value else { return None };
    let knot = i64::try_from(cell.visit).unwrap_or(0) * SIDE;
    let at = cell.at.as_ref().filter(|_| cell.visit > 0).map_or(knot, |at| knots.place(middle(at, zone)));
    // What a visit leans on may be older than the visit; it stays beside it.
    let at = at.clamp(knot - SIDE / 2, knot + SIDE / 2);
    let outside = cell.state == State::CapturedOutside;
    Some(Point { visit: cell.visit, at, value: value.clone(), outside, provisional: cell.provisional })
}

fn between(outcomes: &Outcomes, of: (usize, usize), knots: &Knots, zone: &Zone) -> Vec<Point> {
    let results = outcomes.unscheduled.iter().filter(|u| (u.outcome, u.item) == of);
    let point = |u: &crate::model::outcome::Unscheduled| {
        let Value::Number(value) = &u.value else { return None };
        let at = knots.place(middle(u.at.as_ref()?, zone));
        let visit = usize::try_from(at / SIDE).unwrap_or(0);
        Some(Point { visit, at, value: value.clone(), outside: true, provisional: false })
    };
    results.filter_map(point).collect()
}

impl VisitFigure {
    /// Where time ends: half a step beyond the last visit.
    pub fn end(&self) -> i64 {
        i64::try_from(self.columns.len().max(1)).unwrap_or(1) * SIDE - SIDE / 2
    }

    fn scale(&self) -> Option<Scale> {
        let points = self.lines.iter().flatten().chain(&self.between);
        let ends = points.flat_map(|p| [&p.value.low, &p.value.high].into_iter().flatten().map(|e| &e.value));
        let values: Vec<&Number> = ends.collect();
        if values.is_empty() {
            return None;
        }
        Scale::holding(values.into_iter().chain(self.thresholds.iter().map(|t| &t.value)), STEPS)
    }
}
