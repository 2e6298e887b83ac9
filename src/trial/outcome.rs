//! What a definition says is measured once a person is on study: outcomes by visit, times to an event, grades of results.

use super::definition::Trial;
use super::expression::tree::Expr;
use crate::model::unit::Unit;
use crate::model::words::Words;

/// One outcome as the protocol names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its id.
    pub id: Words,
    /// Primary, secondary or other.
    pub kind: OutcomeKind,
    /// The protocol's own words.
    pub protocol: Option<Words>,
    /// To whom it applies; silent: to everybody.
    pub applies: Option<Expr>,
    /// How it is measured.
    pub measured: Measured,
}

impl Outcome {
    /// What is measured at each visit; nothing of a time to an event.
    pub fn items(&self) -> &[Item] {
        match &self.measured {
            Measured::AtVisits { items, .. } => items,
            Measured::ToEvent { .. } => &[],
        }
    }
}

/// The place of an outcome in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// Primary.
    Primary,
    /// Secondary.
    Secondary,
    /// Any other.
    Other,
}

impl OutcomeKind {
    /// The word of the definition.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Other => "other",
        }
    }
}

/// How an outcome is measured.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a definition holds few, and they are not moved")]
pub enum Measured {
    /// At the baseline and at each visit of a row, by place in [`Trial::visits`](super::definition::Trial::visits).
    AtVisits {
        /// The row.
        row: usize,
        /// What is measured: of one expression one, of a list of names one for each.
        items: Vec<Item>,
    },
    /// As the time from an anchor to the first event.
    ToEvent {
        /// The anchor, by place.
        from: usize,
        /// The time of the first event.
        event: Expr,
        /// Until when it is known that there was none.
        censor: Expr,
    },
}

/// One thing that is measured at each visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The outcome's id, or the name from its list.
    pub name: Words,
    /// In words, for people.
    pub label: Words,
    /// The expression, a bare name where a list names it.
    pub expression: Expr,
    /// The recorded variable whose bare name it is, by place; else it is worked out.
    pub variable: Option<usize>,
    /// The unit of its numbers.
    pub unit: Option<Unit>,
    /// Which way is better, where the definition says so.
    pub better: Option<Better>,
}

/// Which value of an outcome is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Better {
    /// The higher number.
    Higher,
    /// The lower number.
    Lower,
    /// True.
    True,
    /// False.
    False,
}

/// How the results of a variable are graded.
#[derive(Debug, Clone, PartialEq)]
pub struct Safety {
    /// Its id.
    pub id: Words,
    /// In words, for people.
    pub label: Words,
    /// The variable, by place.
    pub on: usize,
    /// When grade 1, 2, … holds. The variable's bare name is the result that is graded.
    pub grades: Vec<Expr>,
}

impl Trial {
    /// Every expression of its outcomes and grades.
    pub(super) fn outcome_expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.outcomes.iter().flat_map(|o| &o.applies).chain(self.at_visits()).collect();
        for outcome in &self.outcomes {
            if let Measured::ToEvent { event, censor, .. } = &outcome.measured {
                all.extend([event, censor]);
            }
        }
        all.extend(self.safety.iter().flat_map(|s| &s.grades));
        all
    }

    /// What is worked out at visits, where the bare name of a recorded variable is its value at the visit.
    pub(super) fn at_visits(&self) -> impl Iterator<Item = &Expr> {
        self.outcomes.iter().flat_map(Outcome::items).map(|i| &i.expression)
    }

    /// The grades of a variable, in which its bare name is the result that is graded.
    pub(super) fn grades_of(&self, place: usize) -> impl Iterator<Item = &Expr> {
        self.safety.iter().filter(move |s| s.on == place).flat_map(|s| &s.grades)
    }
}
