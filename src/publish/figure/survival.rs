//! Times to an event of everybody: the curve, its censored days, and how many are followed on.

use crate::model::number::Number;
use crate::model::outcome::{Followup, Outcomes, ToEvent};
use crate::publish::statistics::{Followed, Survival};

/// Days between two marks of the axis: half years, months, weeks, days.
const STEPS: [i64; 9] = [1, 2, 7, 14, 30, 61, 91, 183, 365];
/// Marks of the axis that fit beneath the picture.
const MARKS_MAX: i64 = 9;

/// The figure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SurvivalFigure {
    /// The curve.
    pub curve: Survival,
    /// Days of the axis with how many are followed on that day, and the share without an event.
    pub marks: Vec<(i64, usize, Number)>,
    /// Persons whose clock has not started.
    pub not_started: usize,
    /// Persons to whom the outcome does not apply.
    pub not_applicable: usize,
    /// Persons of whom it cannot be said.
    pub unknown: usize,
}

/// What is known of one outcome's event, of one person.
pub fn event_of(outcomes: &Outcomes, outcome: usize) -> Option<&ToEvent> {
    outcomes.events.iter().find(|e| e.outcome == outcome)
}

/// The figure of one outcome.
pub fn survival<'o>(all: impl Iterator<Item = &'o Outcomes>, outcome: usize) -> SurvivalFigure {
    let mut figure = SurvivalFigure::default();
    let mut followed = Vec::new();
    for found in all.filter_map(|o| event_of(o, outcome)) {
        match found.found {
            Followup::Event(_, days) => followed.push(Followed { days, event: true }),
            Followup::Censored(_, days) => followed.push(Followed { days, event: false }),
            Followup::NotStarted => figure.not_started += 1,
            Followup::NotApplicable => figure.not_applicable += 1,
            Followup::Unknown(_) => figure.unknown += 1,
        }
    }
    figure.curve = Survival::of(&followed);
    let last = figure.curve.last().max(1);
    let step = STEPS.into_iter().find(|s| last / s < MARKS_MAX).unwrap_or_else(|| 365 * (last / 365 / MARKS_MAX + 1));
    let marks = (0..=last / step).map(|i| i * step);
    figure.marks = marks.map(|day| (day, figure.curve.at_risk(day), figure.curve.share(day))).collect();
    figure
}
