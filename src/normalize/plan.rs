//! Which received codes lead to which variables, worked out once for a trial and a set of maps.

use super::foreign::{Presumer, presumers};
use super::guess::{Like, Likeness, MayMean, fits, is_unmapped};
use super::ways::Ways;
use crate::model::code::{ATTESTATION_SYSTEM, Coding, MILESTONE_SYSTEM, PATIENT_SYSTEM};
use crate::model::fact::Fact;
use crate::model::terms::{Terms, TermsBySource};
use crate::trial::definition::{Trial, Variable, VariableKind};
use crate::trial::expression::tree::Kind;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What is asked of a person beside the variables.
const PATIENT_CODES: [&str; 5] = ["birth-date", "sex", "death", "active", "security"];

/// Prepared once for a trial and a set of maps.
#[derive(Debug)]
pub struct Plan {
    pub(super) trial: String,
    pub(super) variables: Vec<Variable>,
    pub(super) terms: TermsBySource,
    /// An expression asks for the reference range of a result.
    pub(super) limits: bool,
    pub(super) presumers: Vec<Presumer>,
    likeness: Likeness,
    codes: Vec<Coding>,
    ways: RwLock<Ways>,
}

impl Plan {
    /// Prepares the ways from received codes to variables.
    pub fn new(trial: &Trial, terms: &TermsBySource) -> Self {
        let mut plan = Self {
            trial: trial.id.clone(),
            variables: trial.variables.clone(),
            terms: terms.clone(),
            limits: asks_for_limits(trial),
            presumers: presumers(&trial.variables),
            likeness: Likeness::of(&trial.variables),
            codes: Vec::new(),
            ways: RwLock::default(),
        };
        plan.codes = plan.named_codes();
        plan
    }

    /// The received codes that can be named outright, for a store's look-up; prefixes and ranges
    /// cannot be listed: ask [`Plan::matches`] about the codes that a store knows.
    pub fn codes(&self) -> Vec<Coding> {
        self.codes.clone()
    }

    /// Whether a code, as received from that source, is read by a variable or says something of the person.
    pub fn matches(&self, source: &str, coding: &Coding) -> bool {
        self.is_of_person(coding) || !self.find_ways(self.terms.of(source), coding).is_empty()
    }

    /// Whether a code is looked at from any source at all: it is read, or may be what a variable asks for.
    pub fn looks_at(&self, coding: &Coding) -> bool {
        let mut maps = std::iter::once(&self.terms.shared).chain(self.terms.sources.values());
        let leads = |terms| !self.find_ways(terms, coding).is_empty() || !self.find_alike(terms, coding).is_empty();
        self.is_of_person(coding) || maps.any(leads)
    }

    fn is_of_person(&self, coding: &Coding) -> bool {
        match coding.system.as_str() {
            PATIENT_SYSTEM => PATIENT_CODES.contains(&coding.code.as_str()),
            MILESTONE_SYSTEM => coding.code.split_once('/').is_some_and(|(t, _)| t == self.trial),
            _ => false,
        }
    }

    /// Names of the variables that read a code of this source.
    pub fn readers(&self, source: &str, coding: &Coding) -> Vec<&str> {
        let found = self.find_ways(self.terms.of(source), coding);
        found.iter().filter_map(|v| self.variables.get(*v)).map(|v| v.name.as_str()).collect()
    }

    /// What is remembered of codes and units.
    pub(super) fn ways(&self) -> RwLockReadGuard<'_, Ways> {
        self.ways.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, once it holds every code and unit of these facts.
    pub(super) fn learn(&self, facts: &[Fact]) -> RwLockReadGuard<'_, Ways> {
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        ways.learn(self, facts);
        RwLockWriteGuard::downgrade(ways)
    }

    /// The variables that read a received code.
    pub(super) fn find_ways(&self, terms: &Terms, coding: &Coding) -> Box<[usize]> {
        let meanings = meanings(terms, coding);
        let reads = |v: &Variable| match &v.kind {
            VariableKind::Recorded(r) => {
                let item = || r.instrument.as_ref().is_some_and(|i| i.item_of(&meanings).is_some());
                meanings.iter().any(|m| r.codes.contains(m)) || item()
            }
            VariableKind::Attested { .. } => {
                coding.system == ATTESTATION_SYSTEM
                    && coding.code.split_once('/') == Some((self.trial.as_str(), v.name.as_str()))
            }
            VariableKind::Derived(_) => false,
        };
        (0..self.variables.len()).filter(|i| reads(&self.variables[*i])).collect()
    }

    /// The variables that a received code may mean, which no map covers.
    pub(super) fn find_alike(&self, terms: &Terms, coding: &Coding) -> Box<[(usize, Like)]> {
        if is_unmapped(terms, coding) { self.likeness.find(coding).into() } else { Box::default() }
    }

    /// The variables that a code of this source, with this unit as written, may mean: the same code of another system, or words
    /// that are alike and a unit that is not another's. Whether a map covers it is not asked.
    pub fn may_mean(&self, source: &str, code: &Coding, unit: &str) -> Vec<(&Variable, MayMean)> {
        let guess = |(place, like): (usize, Like)| {
            let variable = &self.variables[place];
            let VariableKind::Recorded(recorded) = &variable.kind else { return None };
            let (singles, equal) = (recorded.codes.singles(), like == Like::Equal);
            let code = singles.into_iter().find(|single| !equal || single.code == code.code)?;
            let holds = like.holds(fits(variable, self.terms.of(source), unit));
            holds.then(|| (variable, MayMean { code: code.clone(), equal }))
        };
        self.likeness.find(code).into_iter().filter_map(guess).collect()
    }

    /// The item of a variable's instrument that a received code means; a code of the variable itself is none.
    pub(super) fn item(&self, variable: usize, terms: &Terms, coding: &Coding) -> Option<usize> {
        let VariableKind::Recorded(r) = &self.variables.get(variable)?.kind else { return None };
        let meanings = meanings(terms, coding);
        let own = meanings.iter().any(|m| r.codes.contains(m));
        r.instrument.as_ref().filter(|_| !own)?.item_of(&meanings)
    }

    fn named_codes(&self) -> Vec<Coding> {
        let mut found: BTreeSet<Coding> = PATIENT_CODES.iter().map(|c| Coding::new(PATIENT_SYSTEM, *c)).collect();
        for milestone in ["consented", "enrolled"] {
            found.insert(Coding::new(MILESTONE_SYSTEM, format!("{}/{milestone}", self.trial)));
        }
        let maps: Vec<&Terms> = std::iter::once(&self.terms.shared).chain(self.terms.sources.values()).collect();
        for v in &self.variables {
            match &v.kind {
                VariableKind::Recorded(r) => {
                    let items = r.instrument.iter().flat_map(|i| &i.items).map(|i| &i.codes);
                    for set in items.chain([&r.codes]) {
                        found.extend(set.singles().into_iter().cloned());
                    }
                }
                VariableKind::Attested { .. } => {
                    found.insert(Coding::new(ATTESTATION_SYSTEM, format!("{}/{}", self.trial, v.name)));
                }
                VariableKind::Derived(_) => {}
            }
        }
        for terms in &maps {
            let local = terms.codes.keys().filter(|c| !self.find_ways(terms, c).is_empty());
            found.extend(local.cloned());
        }
        let standard: Vec<Coding> = found.iter().cloned().collect();
        for (alias, usual) in maps.iter().flat_map(|t| &t.systems) {
            found.extend(standard.iter().filter(|c| c.system == *usual).map(|c| Coding::new(alias, c.code.clone())));
        }
        found.into_iter().collect()
    }
}

/// What a received code means: itself under its system's usual URI, and what the map adds.
pub(super) fn meanings(terms: &Terms, coding: &Coding) -> Vec<Coding> {
    let usual = terms.usual(coding);
    let mapped = terms.codes.get(coding).or_else(|| terms.codes.get(&usual));
    let mut all: Vec<Coding> = mapped.into_iter().flatten().map(|c| terms.usual(c)).collect();
    all.push(usual);
    all
}

fn asks_for_limits(trial: &Trial) -> bool {
    let mut found = false;
    for e in trial.expressions() {
        e.walk(&mut |part| found |= matches!(part.kind, Kind::Limit(..)));
    }
    found
}
