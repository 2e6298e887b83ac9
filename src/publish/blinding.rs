//! What a definition hides (`[blinding] hidden`) from all but the unblinded: its names, and whatever leans on them.
//!
//! A walk over many persons asks once what of the outcomes is left to see ([`Open`]), and never again of each value.

use super::trend::Compared;
use crate::trial::definition::{Trial, VariableKind};
use crate::trial::expression::tree::{BuiltIn, Expr, Kind, Name, Source};
use crate::trial::outcome::{Item, Measured, Outcome, Safety};
use std::collections::BTreeSet;

/// The names that one reader may not see. Empty: nothing is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blinding {
    variables: BTreeSet<String>,
    criteria: BTreeSet<String>,
    readings: BTreeSet<String>,
    treatment: bool,
}

impl Blinding {
    /// What this definition hides; to the unblinded nothing.
    pub fn of(trial: &Trial, unblinded: bool) -> Self {
        let mut blinding = Self::default();
        if unblinded || trial.hidden.is_empty() {
            return blinding;
        }
        let named = |word: &str| trial.hidden.iter().any(|h| h == word);
        let drug = trial.treatment.as_ref().and_then(|t| trial.variables.get(t.drug)).map(|v| v.name.to_string());
        blinding.treatment = named("study_drug") || named("arm") || drug.as_deref().is_some_and(named);
        blinding.variables.extend(trial.hidden.iter().cloned());
        if blinding.treatment {
            blinding.variables.extend(drug);
        }
        // What leans on a hidden name may lean on another that does: until nothing is added.
        while blinding.spread(trial) {}
        blinding
    }

    fn spread(&mut self, trial: &Trial) -> bool {
        let before = self.variables.len() + self.readings.len() + self.criteria.len();
        for variable in &trial.variables {
            let expression = match &variable.kind {
                VariableKind::Derived(e) => Some(e),
                VariableKind::Recorded(r) => r.select.as_ref(),
                VariableKind::Attested { .. } => None,
            };
            if expression.is_some_and(|e| self.leans(trial, e)) {
                self.variables.insert(variable.name.to_string());
            }
        }
        for reading in &trial.readings {
            if reading.alternatives.iter().any(|(_, e)| self.leans(trial, e)) {
                self.readings.insert(reading.name.clone());
            }
        }
        for criterion in &trial.criteria {
            if criterion.applies.iter().chain([&criterion.expression]).any(|e| self.leans(trial, e)) {
                self.criteria.insert(criterion.id.clone());
            }
        }
        self.variables.len() + self.readings.len() + self.criteria.len() > before
    }

    fn leans(&self, trial: &Trial, e: &Expr) -> bool {
        if !self.hides() {
            return false;
        }
        let mut found = false;
        let variable = |i: usize| trial.variables.get(i).is_some_and(|v| self.variables.contains(v.name.as_str()));
        e.walk(&mut |node| {
            found |= match &node.kind {
                Kind::Name(Name::Variable(i)) => variable(*i),
                Kind::Name(Name::Reading(i)) => trial.readings.get(*i).is_some_and(|r| self.readings.contains(&r.name)),
                Kind::Name(Name::Criterion(i)) => trial.criteria.get(*i).is_some_and(|c| self.criteria.contains(&c.id)),
                Kind::Name(Name::Anchor(i)) => trial.anchors.get(*i).is_some_and(|(_, e)| self.leans(trial, e)),
                Kind::Name(Name::BuiltIn(BuiltIn::Arm)) => self.variables.contains("arm"),
                Kind::Name(Name::BuiltIn(BuiltIn::Stratum)) => self.variables.contains("stratum"),
                Kind::Aggregate(_, Source::Series(series)) => variable(series.variable),
                _ => false,
            };
        });
        found
    }

    /// Anything is hidden at all.
    pub fn hides(&self) -> bool {
        *self != Self::default()
    }

    /// Whether a variable is hidden; of several joined by ` or ` any.
    pub fn hides_variable(&self, words: &str) -> bool {
        words.split(" or ").any(|name| self.variables.contains(name))
    }

    /// Whether a criterion's result and evidence are hidden; its words never are.
    pub fn hides_criterion(&self, id: &str) -> bool {
        self.criteria.contains(id)
    }

    /// Whether nothing of an outcome is shown: what it applies to, or the event or end that it waits for, leans on what is
    /// hidden. That there are visits is no secret: everybody has some.
    pub fn hides_outcome(&self, trial: &Trial, outcome: &Outcome) -> bool {
        let event = match &outcome.measured {
            Measured::ToEvent { event, censor, .. } => self.leans(trial, event) || self.leans(trial, censor),
            Measured::AtVisits { items, .. } => items.iter().all(|item| self.hides_item(trial, item)),
        };
        event || outcome.applies.as_ref().is_some_and(|e| self.leans(trial, e))
    }

    /// Whether the moment of an anchor, by place, leans on what is hidden: dates that count from it would give it away.
    pub fn hides_anchor(&self, trial: &Trial, place: usize) -> bool {
        trial.anchors.get(place).is_none_or(|(_, e)| self.leans(trial, e))
    }

    /// Whether an item of an outcome leans on what is hidden.
    pub fn hides_item(&self, trial: &Trial, item: &Item) -> bool {
        self.leans(trial, &item.expression)
    }

    /// Whether the grades of a safety entry are hidden: what they grade, or a bound of theirs, leans on what is hidden.
    pub fn hides_safety(&self, trial: &Trial, safety: &Safety) -> bool {
        let graded = trial.variables.get(safety.on).is_none_or(|v| self.variables.contains(v.name.as_str()));
        graded || safety.grades.iter().any(|e| self.leans(trial, e))
    }

    /// Whether a reading's verdicts are hidden.
    pub fn hides_reading(&self, name: &str) -> bool {
        self.readings.contains(name)
    }

    /// Whether what was given, and when, is hidden.
    pub fn hides_treatment(&self) -> bool {
        self.treatment
    }
}

/// What of a definition's outcomes one reader may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    items: Vec<Vec<bool>>,
    grades: Vec<bool>,
    anchors: Vec<bool>,
    treatment: bool,
    day0: bool,
}

impl Open {
    /// To a reader from whom that is hidden.
    pub fn to(blind: &Blinding, trial: &Trial) -> Self {
        let of = |outcome: &Outcome| {
            let open = !blind.hides_outcome(trial, outcome);
            match outcome.items() {
                [] => vec![open],
                items => items.iter().map(|item| open && !blind.hides_item(trial, item)).collect(),
            }
        };
        let anchors: Vec<bool> = (0..trial.anchors.len()).map(|place| !blind.hides_anchor(trial, place)).collect();
        let treatment = !blind.hides_treatment();
        let day0 = trial.anchors.iter().position(|(name, _)| name == "day0").is_none_or(|place| anchors[place]);
        Self {
            items: trial.outcomes.iter().map(of).collect(),
            grades: trial.safety.iter().map(|safety| !blind.hides_safety(trial, safety)).collect(),
            anchors,
            treatment,
            day0: treatment && day0,
        }
    }

    /// Whether an item is shown; of a time to an event item 0.
    pub fn shows(&self, outcome: usize, item: usize) -> bool {
        self.items.get(outcome).and_then(|items| items.get(item)).copied().unwrap_or(false)
    }

    /// Whether the grades of a safety entry are shown.
    pub fn shows_grades(&self, safety: usize) -> bool {
        self.grades.get(safety).copied().unwrap_or(false)
    }

    /// Whether what was given, and when, is shown.
    pub fn shows_treatment(&self) -> bool {
        self.treatment
    }

    /// Whether day 0 is shown, and with it whatever counts the days since then.
    pub fn shows_day0(&self) -> bool {
        self.day0
    }

    /// Whether dates that count from an anchor, by place, are shown.
    pub fn shows_from(&self, anchor: usize) -> bool {
        self.anchors.get(anchor).copied().unwrap_or(false)
    }

    /// Whether an event's date, and what it leans on, are shown: beside its days they would give the day from which they
    /// count.
    pub fn dates(&self, outcome: &Outcome) -> bool {
        matches!(outcome.measured, Measured::ToEvent { from, .. } if self.shows_from(from))
    }

    /// The outcomes of which anything is shown, by place.
    pub fn outcomes<'t>(&'t self, trial: &'t Trial) -> impl Iterator<Item = (usize, &'t Outcome)> {
        let shown = |place: &usize| self.items.get(*place).is_some_and(|items| items.contains(&true));
        trial.outcomes.iter().enumerate().filter(move |(place, _)| shown(place))
    }

    /// The items of an outcome that are shown, by place; none of a time to an event.
    pub fn items<'t>(&'t self, place: usize, outcome: &'t Outcome) -> impl Iterator<Item = (usize, &'t Item)> {
        outcome.items().iter().enumerate().filter(move |(item, _)| self.shows(place, *item))
    }

    /// An item that is shown, with its outcome and the row at whose visits it is measured.
    pub fn at_visits<'t>(
        &self,
        trial: &'t Trial,
        outcome: usize,
        item: usize,
    ) -> Option<(&'t Outcome, usize, &'t Item)> {
        let of = trial.outcomes.get(outcome).filter(|_| self.shows(outcome, item))?;
        let Measured::AtVisits { row, items } = &of.measured else { return None };
        Some((of, *row, items.get(item)?))
    }

    /// The limits of those outcomes of which something is shown.
    pub fn limits(&self, trial: &Trial, mut all: Vec<Compared>) -> Vec<Compared> {
        all.retain(|limit| self.outcomes(trial).any(|(_, outcome)| *outcome.id == *limit.of));
        all
    }
}
