//! The wide table: one line for each person and visit, two columns for each item: its value and its state.

use super::row::{Told, shown};
use super::table::{Cell, Column, Fixed, Kind, Line};
use crate::model::outcome::State;
use crate::publish::blinding::Open;
use crate::trial::definition::Trial;
use crate::trial::outcome::Measured;

/// Columns before the items.
const FIRST: [Fixed; 8] = [
    ("study", "Trial", Kind::Text, 1),
    ("site", "Site", Kind::Text, 0),
    ("person", "Person", Kind::Text, 2),
    ("schedule", "Row of visits", Kind::Text, 3),
    ("visit_number", "Number of the visit; 0 is the baseline", Kind::Integer, 4),
    ("visit", "Visit", Kind::Text, 0),
    ("visit_target", "Date for which the visit is planned", Kind::Date, 0),
    ("definition", "Version of the definition", Kind::Integer, 0),
];

/// What stands where: the columns, and the names of the items behind the first ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// All columns.
    pub columns: Vec<Column>,
    items: Vec<String>,
}

impl Layout {
    /// Of several versions of a definition: whatever any of them measures, in the order in which it is met.
    pub fn of(trials: &[(&Trial, &Open)]) -> Self {
        let mut columns: Vec<Column> = FIRST.iter().map(Column::from).collect();
        let mut items: Vec<String> = Vec::new();
        for (trial, open) in trials {
            for (place, outcome) in open.outcomes(trial) {
                for (_, item) in open.items(place, outcome) {
                    let name = name_of(&outcome.id, &item.name);
                    if items.contains(&name) {
                        continue;
                    }
                    let unit = item.unit.as_ref().map_or_else(String::new, |u| format!(" ({})", u.code()));
                    let column =
                        |name: &str, label: String| Column { name: name.into(), label, kind: Kind::Text, key: 0 };
                    columns.push(column(&name, format!("{}{unit}", item.label)));
                    columns.push(column(&format!("{name}.state"), format!("{}: state", item.label)));
                    items.push(name);
                }
            }
        }
        Self { columns, items }
    }

    /// The lines of a person.
    pub fn lines(&self, told: &Told<'_>) -> Vec<Line> {
        let mut all = Vec::new();
        for (row, visits) in told.outcomes.visits.iter().enumerate() {
            let Some(schedule) = told.trial.visits.get(row) else { continue };
            for (place, visit) in visits.iter().enumerate() {
                let mut line = vec![
                    told.trial.id.as_str().into(),
                    told.site.into(),
                    told.person.into(),
                    schedule.name.as_str().into(),
                    i64::from(visit.number).into(),
                    visit.name.as_str().into(),
                    told.target(row, visit),
                    i64::from(told.trial.version).into(),
                ];
                line.resize(self.columns.len(), Cell::Nothing);
                all.push(((row, place), line));
            }
        }
        // A column that another version shows is no leave to fill it from one that hides it.
        for (place, outcome) in told.open.outcomes(told.trial) {
            let Measured::AtVisits { row, .. } = outcome.measured else { continue };
            for (n, item) in told.open.items(place, outcome) {
                let name = name_of(&outcome.id, &item.name);
                let Some(column) = self.items.iter().position(|i| *i == name) else { continue };
                let at = FIRST.len() + 2 * column;
                for cell in told.outcomes.cells_of((place, n)) {
                    let Ok(line) = all.binary_search_by_key(&(row, cell.visit), |(at, _)| *at) else { continue };
                    let [value, ..] = cell.value.as_ref().map(shown).unwrap_or_default();
                    all[line].1[at] = value;
                    all[line].1[at + 1] = state(cell.state, cell.unknown.map(|r| r.words()));
                }
            }
        }
        all.into_iter().map(|(_, line)| line).collect()
    }
}

fn state(state: State, unknown: Option<&str>) -> Cell {
    unknown.map_or_else(|| state.words().into(), |why| format!("{}: {why}", state.words()).into())
}

/// `mrss`, or `safety_labs.albumin` of a list.
pub(super) fn name_of(outcome: &str, item: &str) -> String {
    if outcome == item { outcome.to_owned() } else { format!("{outcome}.{item}") }
}
