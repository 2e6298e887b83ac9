//! A person's facts sorted in one pass over them: what is said of the person, and runs of one code for the variables.

use super::plan::Plan;
use super::ways::{Route, Ways};
use crate::model::fact::{Fact, FactStatus, Origin};
use crate::model::terms::Terms;
use std::ops::Range;

/// The facts of one person, by what they are for.
pub(super) struct Sorted<'a> {
    /// What Patient resources and the gateway itself state.
    pub(super) said: Vec<&'a Fact>,
    /// Conditions, by place.
    pub(super) conditions: Vec<usize>,
    /// What variables read, or may be meant by.
    pub(super) runs: Vec<Run<'a>>,
}

/// Neighbors of one code and source.
pub(super) struct Run<'a> {
    /// Their places.
    pub(super) places: Range<usize>,
    /// Where they lead.
    pub(super) route: &'a Route,
    /// The map that reads them.
    pub(super) terms: &'a Terms,
}

impl<'a> Sorted<'a> {
    /// `None`: a code is met for the first time, and has to be learned.
    pub(super) fn of(plan: &'a Plan, ways: &'a Ways, facts: &'a [Fact]) -> Option<Self> {
        let mut sorted = Self { said: Vec::new(), conditions: Vec::new(), runs: Vec::new() };
        let mut before: Option<(&Fact, Run<'a>)> = None;
        for (place, fact) in facts.iter().enumerate() {
            match fact.draft.origin {
                Origin::Patient | Origin::Gateway => sorted.said.push(fact),
                Origin::Condition => sorted.conditions.push(place),
                _ => {}
            }
            if !is_read(fact) {
                continue;
            }
            // A store gives facts by their codes.
            match &mut before {
                Some((like, run)) if run.places.end == place && same_code(like, fact) => run.places.end += 1,
                _ => {
                    let route = ways.of(&fact.source)?.get(&fact.draft.code)?;
                    let next = Run { places: place..place + 1, route, terms: plan.terms.of(&fact.source) };
                    sorted.keep(before.replace((fact, next)));
                }
            }
        }
        sorted.keep(before);
        Some(sorted)
    }

    fn keep(&mut self, run: Option<(&Fact, Run<'a>)>) {
        self.runs.extend(run.map(|(_, run)| run).filter(|run| run.route.leads()));
    }
}

/// Whether variables look at a fact at all.
pub(super) fn is_read(fact: &Fact) -> bool {
    fact.draft.status != FactStatus::EnteredInError && fact.draft.origin != Origin::Patient
}

fn same_code(a: &Fact, b: &Fact) -> bool {
    a.draft.code == b.draft.code && (std::sync::Arc::ptr_eq(&a.source, &b.source) || a.source == b.source)
}
