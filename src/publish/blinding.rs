//! What a definition hides (`[blinding] hidden`): the variables and criteria that may show nobody's arm or study drug.

use crate::trial::definition::{Trial, Variable, VariableKind};
use crate::trial::expression::tree::{BuiltIn, Expr, Kind, Name, PROBLEM_LIST, Source};
use std::cell::RefCell;
use std::collections::HashMap;

/// The word under which a definition hides its treatment.
const STUDY_DRUG: &str = "study_drug";

/// Asks what is hidden; each name is followed once.
pub struct Blinding<'t> {
    trial: &'t Trial,
    known: RefCell<HashMap<Name, bool>>,
}

impl<'t> Blinding<'t> {
    /// Of a definition.
    pub fn of(trial: &'t Trial) -> Self {
        Self { trial, known: RefCell::default() }
    }

    /// Anything is hidden at all.
    pub fn hides(&self) -> bool {
        !self.trial.hidden.is_empty()
    }

    /// The study treatment is hidden.
    pub fn hides_treatment(&self) -> bool {
        self.says(STUDY_DRUG) || self.says("arm")
    }

    /// A variable by name, also one of the built-in ones.
    pub fn variable(&self, name: &str) -> bool {
        let place = self.trial.variables.iter().position(|v| v.name == name);
        self.hides() && place.map_or_else(|| self.says(name), |place| self.name(Name::Variable(place)))
    }

    /// A criterion by id.
    pub fn criterion(&self, id: &str) -> bool {
        let place = self.trial.criteria.iter().position(|c| c.id == id);
        self.hides() && place.is_some_and(|place| self.name(Name::Criterion(place)))
    }

    /// A reading by name.
    pub fn reading(&self, name: &str) -> bool {
        let place = self.trial.readings.iter().position(|r| r.name == name);
        self.hides() && place.is_some_and(|place| self.name(Name::Reading(place)))
    }

    fn says(&self, word: &str) -> bool {
        self.trial.hidden.iter().any(|h| h == word)
    }

    fn name(&self, name: Name) -> bool {
        if let Some(known) = self.known.borrow().get(&name) {
            return *known;
        }
        let found = self.look(name);
        self.known.borrow_mut().insert(name, found);
        found
    }

    fn look(&self, name: Name) -> bool {
        let trial = self.trial;
        match name {
            Name::Variable(place) => trial.variables.get(place).is_some_and(|v| self.one_variable(place, v)),
            Name::Reading(place) => {
                trial.readings.get(place).is_some_and(|r| r.alternatives.iter().any(|(_, e)| self.expression(e)))
            }
            Name::Criterion(place) => trial
                .criteria
                .get(place)
                .is_some_and(|c| c.applies.iter().chain([&c.expression]).any(|e| self.expression(e))),
            Name::Anchor(place) => trial.anchors.get(place).is_some_and(|(_, e)| self.expression(e)),
            Name::BuiltIn(BuiltIn::Arm) => self.says("arm"),
            Name::BuiltIn(BuiltIn::Stratum) => self.says("stratum"),
            Name::BuiltIn(_) | Name::Value | Name::Time => false,
        }
    }

    fn one_variable(&self, place: usize, variable: &Variable) -> bool {
        let drug = self.trial.treatment.as_ref().is_some_and(|t| t.drug == place);
        if self.says(&variable.name) || (drug && self.says(STUDY_DRUG)) {
            return true;
        }
        match &variable.kind {
            VariableKind::Derived(e) => self.expression(e),
            VariableKind::Recorded(r) => r.select.as_ref().is_some_and(|e| self.itself_apart(e, place)),
            VariableKind::Attested { .. } => false,
        }
    }

    /// A variable's `select` names the variable itself.
    fn itself_apart(&self, e: &Expr, place: usize) -> bool {
        self.nodes(e, &|name| name != Name::Variable(place) && self.name(name))
    }

    fn expression(&self, e: &Expr) -> bool {
        self.nodes(e, &|name| self.name(name))
    }

    fn nodes(&self, e: &Expr, hidden: &dyn Fn(Name) -> bool) -> bool {
        let mut found = false;
        e.walk(&mut |node| {
            found |= match &node.kind {
                Kind::Name(name) => hidden(*name),
                Kind::Aggregate(_, Source::Series(s)) if s.variable != PROBLEM_LIST => {
                    hidden(Name::Variable(s.variable))
                }
                _ => false,
            };
        });
        found
    }
}
