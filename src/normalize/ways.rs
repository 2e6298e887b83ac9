//! Where received codes and units lead, remembered for each source, so that a fact is read without a search.

use super::guess::{Like, fits};
use super::plan::Plan;
use super::quantity::{Refusal, way};
use super::sorted::is_read;
use crate::model::code::Coding;
use crate::model::fact::{Fact, FactValue, ReceivedRange, ReceivedUnit};
use crate::model::terms::Terms;
use crate::model::unit::Conversion;
use std::collections::HashMap;
use std::sync::Arc;

/// Most codes and units that are remembered; beyond them the table starts anew.
pub(super) const WAYS_MAX: usize = 20_000;

/// The way from a unit as sent to a variable's unit: by factor and offset, as it stands, or not at all.
pub(super) type Way = Result<Option<Conversion>, Refusal>;

/// Where one received code of one source leads.
#[derive(Debug)]
pub(super) struct Route {
    /// The variables that read it.
    pub(super) variables: Box<[usize]>,
    /// For each of them: the item of its instrument that it is, when it is one.
    items: Box<[Option<usize>]>,
    /// Where there is none: the variables that it may mean, and how it is like them.
    alike: Box<[(usize, Like)]>,
    /// Each unit that came with it.
    units: Vec<UnitWays>,
}

/// What a unit that came with a code is good for.
#[derive(Debug)]
struct UnitWays {
    unit: ReceivedUnit,
    /// Its way to each of the variables that read the code.
    ways: Box<[Way]>,
    /// The variables that the code may mean, by this unit.
    may_be: Box<[usize]>,
}

impl Route {
    /// The item of the instrument of the variable at that place of `variables`; `None`: a value of the variable itself.
    pub(super) fn item(&self, place: usize) -> Option<usize> {
        self.items.get(place).copied().flatten()
    }

    /// Whether any variable reads it or may be meant by it.
    pub(super) fn leads(&self) -> bool {
        !self.variables.is_empty() || !self.alike.is_empty()
    }

    /// The way of a unit to the variable at that place of `variables`; `None`: the unit is met for the first time.
    pub(super) fn way(&self, unit: &ReceivedUnit, place: usize) -> Option<&Way> {
        self.unit(unit)?.ways.get(place)
    }

    /// The variables that it may mean, sent in this unit; `None`: the unit is met for the first time.
    pub(super) fn may_be(&self, unit: &ReceivedUnit) -> Option<&[usize]> {
        Some(&self.unit(unit)?.may_be)
    }

    fn unit(&self, unit: &ReceivedUnit) -> Option<&UnitWays> {
        self.units.iter().find(|u| u.unit == *unit)
    }

    fn learn(&mut self, plan: &Plan, terms: &Terms, code: &Coding, unit: &ReceivedUnit) -> usize {
        if !self.leads() || self.unit(unit).is_some() {
            return 0;
        }
        let ways = self.variables.iter().map(|v| way(&plan.variables[*v], terms, code, unit)).collect();
        let holds = |(v, like): &(usize, Like)| like.holds(fits(&plan.variables[*v], terms, unit.as_written()));
        let may_be = self.alike.iter().filter(|alike| holds(alike)).map(|(v, _)| *v).collect();
        self.units.push(UnitWays { unit: unit.clone(), ways, may_be });
        1
    }
}

type Routes = HashMap<Coding, Route, foldhash::fast::RandomState>;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Ways {
    sources: Vec<(Arc<str>, Routes)>,
    count: usize,
}

impl Ways {
    /// What is remembered of one source.
    pub(super) fn of(&self, source: &Arc<str>) -> Option<&Routes> {
        self.sources.iter().find(|(s, _)| Arc::ptr_eq(s, source) || s == source).map(|(_, routes)| routes)
    }

    /// Remembers every code and unit of these facts, whatever it must forget for it.
    pub(super) fn learn(&mut self, plan: &Plan, facts: &[Fact]) {
        if self.count > WAYS_MAX {
            *self = Self::default();
        }
        for fact in facts.iter().filter(|f| is_read(f)) {
            let terms = plan.terms.of(&fact.source);
            let code = &fact.draft.code;
            let at = self.sources.iter().position(|(s, _)| *s == fact.source).unwrap_or_else(|| {
                self.sources.push((fact.source.clone(), Routes::default()));
                self.sources.len() - 1
            });
            let routes = &mut self.sources[at].1;
            if !routes.contains_key(code) {
                let variables = plan.find_ways(terms, code);
                let items = variables.iter().map(|v| plan.item(*v, terms, code)).collect();
                let alike = if variables.is_empty() { plan.find_alike(terms, code) } else { Box::default() };
                routes.insert(code.clone(), Route { variables, items, alike, units: Vec::new() });
                self.count += 1;
            }
            if let Some(route) = routes.get_mut(code) {
                let of_value = unit_of(&fact.draft.value);
                let of_range = fact.draft.range.as_ref().map(|r| unit_of_limits(r, of_value));
                for unit in [Some(of_value), of_range].into_iter().flatten() {
                    self.count += route.learn(plan, terms, code, unit);
                }
            }
        }
    }
}

/// The unit that came with a value.
pub(super) fn unit_of(value: &FactValue) -> &ReceivedUnit {
    match value {
        FactValue::Quantity { unit, .. } => unit,
        _ => &ReceivedUnit::None,
    }
}

/// The unit of a reference range: its own, else that of the value.
pub(super) fn unit_of_limits<'f>(range: &'f ReceivedRange, of_value: &'f ReceivedUnit) -> &'f ReceivedUnit {
    if range.unit == ReceivedUnit::None { of_value } else { &range.unit }
}
