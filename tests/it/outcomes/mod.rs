//! What became of a person in a trial: exposure, outcomes by visit, times to an event, grades.

mod cohort;
mod exposure;
mod safety;
mod sound;
mod visits;

use crate::evaluate::{World, answered, fact, include, number, time, ucum, world};
use trialgate::evaluate::{Choice, Moment, outcomes};
use trialgate::model::code::{Coding, PATIENT_SYSTEM};
use trialgate::model::fact::{Fact, FactStatus, FactValue, Origin, ReceivedRange, ReceivedUnit};
use trialgate::model::key::Item;
use trialgate::model::outcome::{Cell, Followed, Outcomes};
use trialgate::model::reading::Value;
use trialgate::model::time::{Instant, Partial, Zone};
use trialgate::model::truth::Truth;
use trialgate::trial::definition::Trial;

/// Skin by month, laboratories by quarter, a response, survival and grades, around one infusion of cells.
fn trial() -> World {
    trial_of(REST)
}

/// The same variables with another rest.
fn trial_of(rest: &str) -> World {
    let select = |name: &str| format!("select = \"Last({name} within 28 days)\"\n");
    let skin = number("skin", "{score}") + &select("skin");
    let albumin = number("albumin", "g/L") + &select("albumin") + "plausible = [5, 70]\n";
    let creatinine = number("creatinine", "umol/L") + "molar_mass = 113.12\n" + &select("creatinine");
    let drug = |name: &str, more: &str| {
        format!("[variables.{name}]\nfrom = \"medication_administration\"\ncode = [\"local|{name}\"]\n{more}")
    };
    let cells = drug("cells", "amount = \"dose\"\nunit = \"{cells}\"\n");
    world(&format!(
        "{skin}{albumin}{creatinine}{}{}{cells}{}{}{rest}",
        number("weight", "kg"),
        answered("failed"),
        drug("steroid", ""),
        include("A", "Baseline(skin) > 10"),
    ))
}

const REST: &str = r#"
[anchors]
day0 = "First(cells).time"
[treatment]
drug = "cells"
starts = "First(cells).time"
ends = "First(cells).time + 1 day"
given = "First(cells) / Last(weight within 7 days before day0)"
expected = "1000000 '{cells}/kg'"
tolerance = "10 '%'"
concomitant = ["steroid"]
[visits]
monthly = { every = "1 month", until = "24 months", from = "day0", window = "7 days" }
quarterly = { every = "3 months", until = "24 months", from = "day0", window = "14 days" }
[[outcomes]]
id = "skin"
kind = "primary"
value = "skin"
visits = "monthly"
better = "lower"
[[outcomes]]
id = "response"
kind = "secondary"
applies = "A"
value = "skin - Baseline(skin) <= -5 and PercentChange(Baseline(skin), skin) <= -25 '%'"
visits = "monthly"
better = "true"
[[outcomes]]
id = "labs"
kind = "secondary"
value = ["albumin", "creatinine"]
visits = "quarterly"
[[outcomes]]
id = "survival"
kind = "other"
from = "day0"
event = "Min({death, First(failed where value).time})"
censor = "last_contact"
[[safety]]
id = "creatinine_increased"
on = "creatinine"
grades = ["creatinine > UpperLimit(creatinine)", "creatinine > 1.5 * UpperLimit(creatinine) or creatinine > 1.5 * Baseline(creatinine)", "creatinine > 3 * UpperLimit(creatinine) or creatinine > 3 * Baseline(creatinine)", "creatinine > 6 * UpperLimit(creatinine)"]
"#;

impl World {
    fn outcomes(&self, facts: &[Fact], now: &str) -> Outcomes {
        self.followed(facts, &Followed::default(), time(now))
    }

    fn followed(&self, facts: &[Fact], followed: &Followed, now: Instant) -> Outcomes {
        let moment = Moment { now, site: &self.trial.study.sites[0] };
        let readings = self.readings(facts);
        outcomes(&self.trial, &readings, facts, followed, &moment, &Choice::defaults(&self.trial))
    }

    /// The cells of an item, as `M3 captured 21`, with change and percent where there are any.
    fn told(&self, found: &Outcomes, item: &str) -> Vec<String> {
        of_item(&self.trial, found, item).map(|c| self.tell(found, c)).collect()
    }

    /// The cell of an item at a visit.
    fn cell<'o>(&self, found: &'o Outcomes, item: &str, visit: &str) -> &'o Cell {
        let named = |c: &&Cell| found.visits[self.row(c)][c.visit].name == visit;
        of_item(&self.trial, found, item).find(named).unwrap_or_else(|| panic!("no {item} at {visit}"))
    }

    fn row(&self, cell: &Cell) -> usize {
        match &self.trial.outcomes[cell.outcome].measured {
            trialgate::trial::outcome::Measured::AtVisits { row, .. } => *row,
            other => panic!("{other:?}"),
        }
    }

    fn tell(&self, found: &Outcomes, cell: &Cell) -> String {
        let mut words = format!("{} {}", found.visits[self.row(cell)][cell.visit].name, cell.state.words());
        if let Some(value) = &cell.value {
            words += &format!(" {}", shown(value));
        }
        if let Some(change) = &cell.change {
            words += &format!(", {change}");
        }
        if let Some(percent) = &cell.percent {
            words += &format!(", {percent} %");
        }
        if let Some(reason) = cell.unknown {
            words += &format!(" ({})", reason.words());
        }
        words
    }
}

/// The name of a cell's item.
fn item_of(trial: &Trial, outcome: usize, item: usize) -> &str {
    &trial.outcomes[outcome].items()[item].name
}

fn of_item<'o>(trial: &Trial, found: &'o Outcomes, item: &str) -> impl Iterator<Item = &'o Cell> + use<'o> {
    let own = found.cells.iter().filter(|c| item_of(trial, c.outcome, c.item) == item);
    own.collect::<Vec<_>>().into_iter()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(n) => n.to_string(),
        Value::Truth(t) => t.word().to_owned(),
        Value::Text(t) => t.clone(),
        Value::Time(t) => t.to_string(),
    }
}

/// A score of the skin.
fn skin(value: &str, at: &str) -> Fact {
    fact("skin", ucum(value, "{score}"), at)
}

/// An administration of `local|code`.
fn drug(code: &str, value: FactValue, at: &str, status: FactStatus) -> Fact {
    let mut given = fact(code, value, at);
    (given.draft.origin, given.draft.status) = (Origin::MedicationAdministration, status);
    given
}

/// 58 × 10⁶ cells, given at this time.
fn cells(at: &str) -> Fact {
    drug("cells", ucum("58", "10*6"), at, FactStatus::Final)
}

/// A death on this day.
fn death(day: &str) -> Fact {
    let mut died = fact("death", FactValue::Date(Partial::parse(day).expect("a FHIR date")), day);
    (died.draft.origin, died.draft.at) = (Origin::Patient, None);
    died.draft.code = Coding::new(PATIENT_SYSTEM, "death");
    died
}
