//! What eligibility leans on, through names: readings that only outcomes ask for decide nothing of it.

use super::definition::{Trial, VariableKind};
use super::expression::tree::{Expr, Kind, Name, Source};
use std::collections::HashSet;

/// Of each reading whether a verdict may turn on it.
pub(super) fn deciding(trial: &Trial) -> Vec<bool> {
    let mut open: Vec<&Expr> = trial.consider.iter().chain(&trial.included).collect();
    open.extend(trial.criteria.iter().flat_map(|c| c.applies.iter().chain([&c.expression])));
    open.extend(trial.anchors.iter().map(|(_, e)| e));
    let mut seen = HashSet::new();
    while let Some(e) = open.pop() {
        let mut names = Vec::new();
        e.walk(&mut |part| match &part.kind {
            Kind::Name(name) => names.push(*name),
            Kind::Aggregate(_, Source::Series(series)) => names.push(Name::Variable(series.variable)),
            _ => {}
        });
        for name in names.into_iter().filter(|n| seen.insert(*n)) {
            match name {
                Name::Variable(i) => match trial.variables.get(i).map(|v| &v.kind) {
                    Some(VariableKind::Derived(inner)) => open.push(inner),
                    Some(VariableKind::Recorded(r)) => {
                        open.extend(r.select.iter().chain(r.presume.iter().map(|p| &p.when)));
                    }
                    _ => {}
                },
                Name::Reading(i) => {
                    open.extend(trial.readings.get(i).into_iter().flat_map(|r| r.alternatives.iter().map(|(_, e)| e)));
                }
                _ => {}
            }
        }
    }
    (0..trial.readings.len()).map(|i| seen.contains(&Name::Reading(i))).collect()
}
