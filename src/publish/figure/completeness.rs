//! How complete the visits are: persons by visits of one row, and each visit over everybody.

use crate::model::outcome::{Cell, Outcomes, State};
use crate::trial::definition::Trial;
use crate::trial::outcome::Measured;

/// States in the order in which they are told.
pub const STATES: [State; 8] = [
    State::Captured,
    State::CapturedOutside,
    State::Missed,
    State::Overdue,
    State::Due,
    State::NotDue,
    State::Ended,
    State::NotApplicable,
];

/// How many items stand how, by place in [`STATES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [usize; STATES.len()]);

impl Counts {
    /// One more.
    pub fn add(&mut self, state: State) {
        if let Some(place) = STATES.iter().position(|s| *s == state) {
            self.0[place] += 1;
        }
    }

    /// All of another.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, more)| *own += more);
    }

    /// How many of a state.
    pub fn of(&self, state: State) -> usize {
        STATES.iter().position(|s| *s == state).map_or(0, |place| self.0[place])
    }

    /// Items with a value.
    pub fn captured(&self) -> usize {
        self.of(State::Captured) + self.of(State::CapturedOutside)
    }

    /// Items that apply.
    pub fn applicable(&self) -> usize {
        self.0.iter().sum::<usize>() - self.of(State::NotApplicable)
    }

    /// Items of which a value is or was wanted by now.
    pub fn wanted(&self) -> usize {
        self.captured() + self.of(State::Missed) + self.of(State::Overdue) + self.of(State::Due)
    }

    /// All of it in one word.
    pub fn whole(&self) -> Whole {
        let captured = self.captured();
        if captured > 0 {
            return match (captured == self.applicable(), self.of(State::CapturedOutside) > 0) {
                (true, false) => Whole::Is(State::Captured),
                (true, true) => Whole::Is(State::CapturedOutside),
                (false, _) => Whole::Part,
            };
        }
        let worst = [State::Missed, State::Overdue, State::Due, State::NotDue, State::Ended];
        let found = worst.into_iter().find(|state| self.of(*state) > 0);
        Whole::Is(found.unwrap_or(State::NotApplicable))
    }
}

/// How a visit stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// All items that apply stand so, or the worst of those without a value does.
    Is(State),
    /// Some items have a value, and some have none.
    Part,
}

/// Persons by visits of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completeness {
    /// The row, by place.
    pub row: usize,
    /// Names of the visits.
    pub visits: Vec<String>,
    /// For each person, in their order, each visit; `None`: it is not planned, since visits do not count yet.
    pub persons: Vec<Vec<Option<Counts>>>,
    /// Each visit over everybody.
    pub totals: Vec<Counts>,
}

/// The row at whose visits an outcome is measured.
pub fn row_of(trial: &Trial, outcome: usize) -> Option<usize> {
    match &trial.outcomes.get(outcome)?.measured {
        Measured::AtVisits { row, .. } => Some(*row),
        Measured::ToEvent { .. } => None,
    }
}

/// One figure for each row at whose visits something is measured.
pub fn completeness(trial: &Trial, all: &[&Outcomes], shown: impl Fn(&Cell) -> bool) -> Vec<Completeness> {
    let rows = (0..trial.visits.len()).filter(|row| (0..trial.outcomes.len()).any(|o| row_of(trial, o) == Some(*row)));
    rows.map(|row| one_row(trial, row, all, &shown)).collect()
}

fn one_row(trial: &Trial, row: usize, all: &[&Outcomes], shown: &impl Fn(&Cell) -> bool) -> Completeness {
    let longest = all.iter().filter_map(|o| o.visits.get(row)).max_by_key(|visits| visits.len());
    let visits: Vec<String> = longest.into_iter().flatten().map(|v| v.name.clone()).collect();
    let mut figure = Completeness { row, totals: vec![Counts::default(); visits.len()], visits, persons: Vec::new() };
    for outcomes in all {
        let mut own = vec![None; figure.visits.len()];
        for cell in outcomes.cells.iter().filter(|c| row_of(trial, c.outcome) == Some(row) && shown(c)) {
            if let Some(place) = own.get_mut(cell.visit) {
                place.get_or_insert_with(Counts::default).add(cell.state);
            }
        }
        for (total, counts) in figure.totals.iter_mut().zip(&own) {
            counts.iter().for_each(|c| total.join(c));
        }
        figure.persons.push(own);
    }
    figure
}
