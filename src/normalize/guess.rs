//! What a code that nobody reads may be, by its words and its unit. A person decides; nothing is read by it.

use super::plan::Plan;
use super::quantity::converts;
use super::sorted::Run;
use super::ways::unit_of;
use crate::model::code::{Coding, TEXT_SYSTEM};
use crate::model::fact::{DraftFact, Fact, FactStatus, FactValue};
use crate::model::reading::Series;
use crate::model::terms::Terms;
use crate::model::unit::Unit;
use crate::trial::definition::{Variable, VariableKind};
use smol_str::SmolStr;
use std::collections::HashMap;

/// What the code systems of the gateway's own facts begin with.
const OWN: &str = "https://trialgate.example/fhir/CodeSystem/";
/// So many letters alike are no chance.
const ALIKE: usize = 3;
/// Letters of a short form at most: `PLT`, `HGB`.
const SHORT: usize = 5;

/// A code that a variable reads, for one that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MayMean {
    /// The variable's code.
    pub code: Coding,
    /// The same code, of another system; else the words are alike.
    pub equal: bool,
}

/// How a code is like what a variable reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Like {
    /// The same code of another system.
    Equal,
    /// One word begins as the other does.
    Begins,
    /// The code is short for a word.
    Short,
}

impl Like {
    /// Whether it holds, by whether the unit is one of the variable's. Fewer letters are more of a chance.
    pub(super) fn holds(self, fits: Option<bool>) -> bool {
        match self {
            Self::Equal => true,
            Self::Begins => fits != Some(false),
            Self::Short => fits == Some(true),
        }
    }
}

/// The words and codes of a definition's variables, by which a code is told to be like them.
#[derive(Debug, Default)]
pub(super) struct Likeness {
    /// Of each variable that is recorded, by its place.
    words: Vec<(usize, Vec<String>)>,
    /// The variables that read a code of that word, whatever its system.
    codes: HashMap<SmolStr, Vec<usize>>,
}

impl Likeness {
    pub(super) fn of(variables: &[Variable]) -> Self {
        let mut all = Self::default();
        for (place, variable) in variables.iter().enumerate() {
            let VariableKind::Recorded(recorded) = &variable.kind else { continue };
            all.words.push((place, own_words(variable)));
            for single in recorded.codes.singles() {
                let of = all.codes.entry(single.code.clone()).or_default();
                of.extend((of.last() != Some(&place)).then_some(place));
            }
        }
        all
    }

    /// The variables that a code may mean, and how.
    pub(super) fn find(&self, code: &Coding) -> Vec<(usize, Like)> {
        let (sent, equal) = (words(&code.code), self.codes.get(&code.code).map_or(&[][..], Vec::as_slice));
        let by_words = self.words.iter().filter(|(place, _)| !equal.contains(place));
        let by_words = by_words.filter_map(|(place, own)| Some((*place, like(own, &sent)?)));
        equal.iter().map(|place| (*place, Like::Equal)).chain(by_words).collect()
    }
}

/// Notes what came in a code that no map covers at each variable of which nothing was seen and that it may mean; `None`: a
/// unit is met for the first time.
pub(super) fn note(plan: &Plan, facts: &[Fact], run: &Run<'_>, all: &mut [Series]) -> Option<()> {
    for place in run.places.clone() {
        let draft = &facts[place].draft;
        for v in run.route.may_be(unit_of(&draft.value))? {
            let (variable, series) = (&plan.variables[*v], &mut all[*v]);
            let never = series.readings.is_empty() && series.left_out.is_empty();
            if never && is_of_use(variable, draft) {
                series.may_be.push(place);
            }
        }
    }
    Some(())
}

/// How the words of a code are like those of a variable.
fn like(own: &[String], sent: &[String]) -> Option<Like> {
    let any = |alike: fn(&str, &str) -> bool| own.iter().any(|a| sent.iter().any(|b| alike(b, a)));
    any(begins).then_some(Like::Begins).or_else(|| any(is_short_for).then_some(Like::Short))
}

/// Whether a code is one that only its sender knows: of no system that is known here, and in no map of the source.
pub fn is_unmapped(terms: &Terms, code: &Coding) -> bool {
    let usual = terms.usual(code);
    let mapped = terms.codes.contains_key(code) || terms.codes.contains_key(&usual);
    let ours = usual.system.starts_with(OWN) && usual.system != TEXT_SYSTEM;
    !mapped && !ours && !terms.systems.values().any(|uri| *uri == usual.system)
}

/// Whether a fact states something that a variable of its kind of resource could use.
pub fn is_of_use(variable: &Variable, fact: &DraftFact) -> bool {
    let void = matches!(fact.status, FactStatus::Unusable | FactStatus::NotDone | FactStatus::EnteredInError)
        || matches!(fact.value, FactValue::Absent(_));
    !void && matches!(&variable.kind, VariableKind::Recorded(r) if r.from.contains(&fact.origin))
}

/// Whether the unit, as written, is one of the variable's; `None`: one of them has none that is understood.
pub fn fits(variable: &Variable, terms: &Terms, unit: &str) -> Option<bool> {
    let wanted = variable.unit.as_ref()?;
    let from = match terms.units.get(unit) {
        Some(meant) => meant,
        None if unit.is_empty() || terms.misread.contains(unit) => return None,
        None => unit,
    };
    Unit::parse(from).ok()?;
    Some(from == wanted.code() || converts(variable, from, wanted.code()))
}

fn begins(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// Its first letter, and others in their order.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().count() <= SHORT
        && short.chars().next() == long.chars().next()
        && short.chars().all(|letter| rest.any(|l| l == letter))
}

fn own_words(variable: &Variable) -> Vec<String> {
    words(&variable.name).into_iter().chain(words(&variable.label)).collect()
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphabetic()).filter(|w| w.chars().count() >= ALIKE);
    parts.map(str::to_lowercase).collect()
}
