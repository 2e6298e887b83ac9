//! Work that following people gives: departures from the protocol, visits that are due, grades that somebody must judge.
//!
//! A grade is a candidate from 3 on, or from 2 above that of the baseline on, by what is known of it: one of which no more is
//! known than that it is at least 2, or nothing at all, is none. Whether it is an adverse event, a person says.

use super::blinding::Open;
use crate::model::outcome::{Deviation, Graded, Outcomes, State, Visit};
use crate::model::time::Instant;
use crate::trial::definition::Trial;
use crate::trial::outcome::Safety;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The grade from which on a result is a candidate.
pub const GRADE: u8 = 3;
/// How far above the grade of the baseline a result is a candidate.
pub const SHIFT: u8 = 2;

/// A visit at which something is due and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVisit<'a> {
    /// The name of its row.
    pub schedule: &'a str,
    /// The visit.
    pub visit: &'a Visit,
    /// The window of something is over.
    pub overdue: bool,
    /// What is not there.
    pub items: Vec<&'a str>,
    /// Its dates are shown: what they count from is not hidden.
    pub dated: bool,
}

impl OpenVisit<'_> {
    /// Since when it stands as it does.
    pub fn since(&self) -> Instant {
        let (begin, end) = self.visit.window;
        if self.overdue { end } else { begin }
    }
}

/// What departs from the protocol, with day 0: somebody must know of it, and it rejects nobody.
pub fn deviations<'a>(outcomes: &'a Outcomes, open: &Open) -> impl Iterator<Item = (Date, Deviation)> + use<'a> {
    let exposure = &outcomes.exposure;
    let day0 = exposure.day0.filter(|_| open.shows_treatment());
    day0.into_iter().flat_map(|day0| exposure.deviations.iter().map(move |found| (day0, *found)))
}

/// One for each visit at which something is due and not there.
pub fn visits<'a>(trial: &'a Trial, outcomes: &'a Outcomes, open: &Open) -> Vec<OpenVisit<'a>> {
    let mut wanted: BTreeMap<(usize, usize), (bool, Vec<&str>)> = BTreeMap::new();
    for cell in outcomes.cells.iter().filter(|c| matches!(c.state, State::Due | State::Overdue)) {
        let Some((_, row, item)) = open.at_visits(trial, cell.outcome, cell.item) else { continue };
        let (overdue, labels) = wanted.entry((row, cell.visit)).or_default();
        *overdue |= cell.state == State::Overdue;
        if !labels.contains(&item.label.as_str()) {
            labels.push(&item.label);
        }
    }
    let one = |((row, place), (overdue, items)): ((usize, usize), (bool, Vec<&'a str>))| {
        let (schedule, visit) = (trial.visits.get(row)?, outcomes.visits.get(row)?.get(place)?);
        let dated = open.shows_from(schedule.from);
        Some(OpenVisit { schedule: &schedule.name, visit, overdue, items, dated })
    };
    wanted.into_iter().filter_map(one).collect()
}

/// Results whose grade is to be judged.
pub fn grades<'a>(
    trial: &'a Trial,
    outcomes: &'a Outcomes,
    open: &'a Open,
) -> impl Iterator<Item = (&'a Safety, &'a Graded)> {
    let candidate = |g: &&Graded| {
        let shifted = g.baseline.is_some_and(|b| g.grade >= b.saturating_add(SHIFT));
        !g.is_baseline && (g.grade >= GRADE || shifted)
    };
    let shown = move |g: &'a Graded| Some((trial.safety.get(g.safety).filter(|_| open.shows_grades(g.safety))?, g));
    outcomes.grades.iter().filter(candidate).filter_map(shown)
}
