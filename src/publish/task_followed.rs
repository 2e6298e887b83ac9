//! Work that following people gives: departures from the protocol, visits that are due, grades that somebody must judge.
//!
//! A grade is a candidate from 3 on, or from 2 above that of the baseline on, by what is known of it: one of which no more is
//! known than that it is at least 2, or nothing at all, is none. Whether it is an adverse event, a person says.

use super::blinding::{Blinding, Open};
use super::task::{Item, Work};
use crate::model::outcome::{Deviation, Outcomes, State};
use crate::model::time::Zone;
use crate::trial::definition::Trial;
use std::collections::BTreeMap;

/// The grade from which on a result is a candidate.
pub const GRADE: u8 = 3;
/// How far above the grade of the baseline a result is a candidate.
pub const SHIFT: u8 = 2;

/// All of it that is open: departures from the protocol, visits, grades; always in the same order.
pub fn followed(trial: &Trial, outcomes: &Outcomes, zone: &Zone) -> Vec<Item> {
    let open = Open::to(&Blinding::of(trial, false), trial);
    let mut items = deviations(outcomes, &open);
    items.extend(visits(trial, outcomes, &open, zone));
    items.extend(grades(trial, outcomes, &open, zone));
    items
}

/// What departs from the protocol: somebody must know of it, and it rejects nobody.
fn deviations(outcomes: &Outcomes, open: &Open) -> Vec<Item> {
    let exposure = &outcomes.exposure;
    let Some(day0) = exposure.day0.filter(|_| open.shows_treatment()) else { return Vec::new() };
    let one = |deviation: &Deviation| Item {
        work: Work::ReviewAlert,
        key: deviation.code().to_owned(),
        description: match deviation {
            Deviation::DoseOutsideTolerance => {
                "Protocol deviation: the dose that was given lies outside the tolerance."
            }
            Deviation::Stopped => "Protocol deviation: the administration was stopped before it was complete.",
            Deviation::GivenAgain => "Protocol deviation: the study drug was given again.",
        }
        .to_owned(),
        performer: "Investigator",
        variables: Vec::new(),
        at: day0.to_string(),
    };
    exposure.deviations.iter().map(one).collect()
}

/// One for each visit at which something is due and not there.
fn visits(trial: &Trial, outcomes: &Outcomes, open: &Open, zone: &Zone) -> Vec<Item> {
    let mut wanted: BTreeMap<(usize, usize), (bool, Vec<&str>)> = BTreeMap::new();
    for cell in outcomes.cells.iter().filter(|c| matches!(c.state, State::Due | State::Overdue)) {
        let Some((_, row, item)) = open.at_visits(trial, cell.outcome, cell.item) else { continue };
        let (overdue, labels) = wanted.entry((row, cell.visit)).or_default();
        *overdue |= cell.state == State::Overdue;
        if !labels.contains(&item.label.as_str()) {
            labels.push(&item.label);
        }
    }
    let one = |((row, place), (overdue, labels)): ((usize, usize), (bool, Vec<&str>))| {
        let (schedule, visit) = (trial.visits.get(row)?, outcomes.visits.get(row)?.get(place)?);
        let word = if overdue { "overdue since" } else { "due until" };
        let since = if overdue { visit.window.1 } else { visit.window.0 };
        Some(Item {
            work: Work::VisitDue,
            key: format!("{} {}", schedule.name, visit.number),
            description: format!("{}: {word} {}: {}", visit.name, zone.date_of(visit.window.1), labels.join(", ")),
            performer: "Study coordinator",
            variables: Vec::new(),
            at: since.to_string(),
        })
    };
    wanted.into_iter().filter_map(one).collect()
}

fn grades(trial: &Trial, outcomes: &Outcomes, open: &Open, zone: &Zone) -> Vec<Item> {
    let candidate = |g: &&crate::model::outcome::Graded| {
        let shifted = g.baseline.is_some_and(|b| g.grade >= b.saturating_add(SHIFT));
        !g.is_baseline && (g.grade >= GRADE || shifted)
    };
    let one = |g: &crate::model::outcome::Graded| {
        let safety = trial.safety.get(g.safety).filter(|_| open.shows_grades(g.safety))?;
        let (first, _) = g.at.dates(zone);
        Some(Item {
            work: Work::ReviewGrade,
            key: format!("{} {}", &*safety.id, g.at),
            description: format!("{}: the grade of the result of {first} is to be judged", &*safety.label),
            performer: "Investigator",
            variables: Vec::new(),
            at: g.at.range(zone).earliest.to_string(),
        })
    };
    let mut all: Vec<Item> = outcomes.grades.iter().filter(candidate).filter_map(one).collect();
    // Two results of one day without a time are two, and so is the work.
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for item in &mut all {
        let again = met.entry(item.key.clone()).or_default();
        *again += 1;
        if *again > 1 {
            item.key = format!("{} ({again})", item.key);
        }
    }
    all
}
