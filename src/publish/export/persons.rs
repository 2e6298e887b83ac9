//! The table of persons: one line for each, with the baseline of every item, whether a truth ever held and at which visit
//! first, and the days to each event. It sets what somebody began with beside what became of them.

use super::row::{Told, shown};
use super::table::{Cell, Column, Fixed, Kind, Line};
use crate::model::outcome::{Cell as Found, State};
use crate::model::reading::Value;
use crate::model::truth::Truth;
use crate::publish::blinding::Open;
use crate::trial::definition::Trial;
use crate::trial::expression::tree::Type;
use crate::trial::outcome::{Measured, Outcome};
use std::collections::HashMap;

/// Columns before the outcomes.
const FIRST: [Fixed; 5] = [
    ("study", "Trial", Kind::Text, 1),
    ("site", "Site", Kind::Text, 0),
    ("person", "Person", Kind::Text, 2),
    ("day0", "Day 0", Kind::Date, 0),
    ("definition", "Version of the definition", Kind::Integer, 0),
];

/// What stands where, of several versions of a definition: whatever any of them measures, in the order in which it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonsLayout {
    /// All columns.
    pub columns: Vec<Column>,
    places: HashMap<String, usize>,
}

impl PersonsLayout {
    /// Of these definitions, without what is hidden.
    pub fn of(trials: &[(&Trial, &Open)]) -> Self {
        let mut columns: Vec<Column> = FIRST.iter().map(Column::from).collect();
        let mut places: HashMap<String, usize> = columns.iter().map(|c| c.name.clone()).zip(0..).collect();
        for (trial, open) in trials {
            for (place, outcome) in open.outcomes(trial) {
                for (name, label, kind) in own(open, place, outcome) {
                    places.entry(name.clone()).or_insert_with(|| {
                        columns.push(Column { name, label, kind, key: 0 });
                        columns.len() - 1
                    });
                }
            }
        }
        Self { columns, places }
    }

    /// The line of a person.
    pub fn line(&self, told: &Told<'_>) -> Line {
        let mut line: Line = vec![Cell::Nothing; self.columns.len()];
        let mut put = |name: &str, cell: Cell| {
            if let Some(place) = self.places.get(name) {
                line[*place] = cell;
            }
        };
        put("study", told.trial.id.as_str().into());
        put("site", told.site.into());
        put("person", told.person.into());
        put("day0", told.day0().map(|d| d.to_string()).into());
        put("definition", i64::from(told.trial.version).into());
        // A column that another version shows is no leave to fill it from one that hides it.
        for (place, outcome) in told.open.outcomes(told.trial) {
            if let Measured::AtVisits { row, .. } = &outcome.measured {
                for (n, item) in told.open.items(place, outcome) {
                    let name = super::wide::name_of(&outcome.id, &item.name);
                    let own = told.outcomes.cells_of((place, n));
                    let baseline = own.iter().find(|c| c.visit == 0).and_then(|c| c.value.as_ref());
                    let [value, ..] = baseline.map(shown).unwrap_or_default();
                    put(&format!("{name}.baseline"), value);
                    put(&format!("{name}.ever"), ever(own.iter()));
                    let first = own.iter().find(|c| c.visit > 0 && held(c) == Some(Truth::True));
                    let visit = first.and_then(|c| told.outcomes.visits.get(*row)?.get(c.visit));
                    put(&format!("{name}.first"), visit.map(|v| v.name.clone()).into());
                }
            }
        }
        for event in told.outcomes.events.iter().filter(|e| told.open.shows(e.outcome, 0)) {
            let Some(outcome) = told.trial.outcomes.get(event.outcome) else { continue };
            put(&format!("{}.state", outcome.id), event.found.words().into());
            put(&format!("{}.days", outcome.id), event.found.reached().map(|(_, days)| days).into());
        }
        line
    }
}

/// The columns of an outcome: name, label and kind.
fn own(open: &Open, place: usize, outcome: &Outcome) -> Vec<(String, String, Kind)> {
    let Measured::AtVisits { .. } = &outcome.measured else {
        let words = outcome.protocol.as_deref().unwrap_or(&outcome.id);
        return vec![
            (format!("{}.state", outcome.id), format!("{words}: what is known"), Kind::Text),
            (format!("{}.days", outcome.id), format!("{words}: whole days"), Kind::Integer),
        ];
    };
    let mut all = Vec::new();
    for (_, item) in open.items(place, outcome) {
        let name = super::wide::name_of(&outcome.id, &item.name);
        let unit = item.unit.as_ref().map_or_else(String::new, |u| format!(" ({})", u.code()));
        all.push((format!("{name}.baseline"), format!("{}{unit}: baseline", item.label), Kind::Text));
        if item.expression.ty == Type::Truth {
            all.push((format!("{name}.ever"), format!("{}: whether it held at any visit", item.label), Kind::Text));
            all.push((
                format!("{name}.first"),
                format!("{}: the first visit at which it held", item.label),
                Kind::Text,
            ));
        }
    }
    all
}

/// What a truth was at a visit whose value counts.
fn held(cell: &Found) -> Option<Truth> {
    match (&cell.value, cell.state) {
        (Some(Value::Truth(truth)), State::Captured) => Some(*truth),
        _ => None,
    }
}

/// Whether it held at any visit behind the baseline; nothing where it was known at none.
fn ever<'c>(cells: impl Iterator<Item = &'c Found>) -> Cell {
    let later: Vec<&Found> = cells.filter(|c| c.visit > 0).collect();
    if !later.is_empty() && later.iter().all(|c| c.state == State::NotApplicable) {
        return State::NotApplicable.words().into();
    }
    let known: Vec<Truth> = later.into_iter().filter_map(held).collect();
    match (known.contains(&Truth::True), known.contains(&Truth::False)) {
        (true, _) => "true".into(),
        (_, true) => "false".into(),
        _ => Cell::Nothing,
    }
}
