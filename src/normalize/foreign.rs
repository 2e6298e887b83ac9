//! Statements in codes that a variable does not know: while one of them may be what is asked about, nothing is presumed.
//!
//! A diagnosis in a local code, or a drug in the numbers of another catalogue, is no sign that the malignancy or the drug
//! that a definition asks about is not there. Whoever mends the site's map makes it count, or makes it stand aside.

use super::plan::{Plan, meanings};
use super::read::left_out;
use super::sorted::is_read;
use crate::model::fact::{Fact, FactStatus, Origin};
use crate::model::key::Item;
use crate::model::medication;
use crate::model::reading::{Reason, Series};
use crate::trial::definition::{Recorded, Variable, VariableKind};
use std::collections::{BTreeSet, HashSet};

/// A variable that presumes, and the code systems in which it would know what it asks about.
#[derive(Debug)]
pub(super) struct Presumer {
    variable: usize,
    systems: BTreeSet<String>,
}

/// Those of a definition.
pub(super) fn presumers(variables: &[Variable]) -> Vec<Presumer> {
    let of = |(variable, v): (usize, &Variable)| match &v.kind {
        VariableKind::Recorded(r) if r.presume.is_some() => Some(Presumer { variable, systems: r.codes.systems() }),
        _ => None,
    };
    variables.iter().enumerate().filter_map(of).collect()
}

/// Leaves out of each presuming variable, with the reason, what may be of it and is in no code that it knows.
pub(super) fn leave_out(plan: &Plan, facts: &[Fact], all: &mut [Series]) {
    for presumer in &plan.presumers {
        let variable = &plan.variables[presumer.variable];
        let VariableKind::Recorded(r) = &variable.kind else { continue };
        let (mut known, mut foreign): (HashSet<Item>, Vec<usize>) = (HashSet::new(), Vec::new());
        for (place, fact) in facts.iter().enumerate().filter(|(_, f)| is_read(f) && may_be(r, f)) {
            let meant = meanings(plan.terms.of(&fact.source), &fact.draft.code);
            if meant.iter().any(|c| presumer.systems.contains(c.system.as_str())) {
                known.insert(fact.item);
            } else {
                foreign.push(place);
            }
        }
        for place in foreign.into_iter().filter(|p| !known.contains(&facts[*p].item)) {
            let (fact, terms) = (&facts[place], plan.terms.of(&facts[place].source));
            let wanted = presumer.systems.iter().map(String::as_str).collect::<Vec<_>>().join(" or ");
            let text = match medication::reference(&fact.draft.code) {
                Some(_) => {
                    format!("the Medication that it names is not there, or not coded; wanted a code of {wanted}")
                }
                None => {
                    format!("coded {}; wanted a code of {wanted}, by the source or by the site's map", fact.draft.code)
                }
            };
            let aside = left_out(variable, terms, fact, place, Reason::CodeNotUnderstood, text);
            all[presumer.variable].left_out.push(aside);
        }
    }
}

/// Whether a fact says that something is, was, or was given or done, of the kind that the variable reads.
fn may_be(r: &Recorded, fact: &Fact) -> bool {
    let kind = matches!(fact.draft.origin, Origin::Condition | Origin::Procedure | Origin::MedicationAdministration);
    let says_so = !matches!(fact.draft.status, FactStatus::Refuted | FactStatus::NotDone);
    kind && says_so && r.from.contains(&fact.draft.origin)
}
