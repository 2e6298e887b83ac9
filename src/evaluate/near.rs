//! The one criterion that alone keeps a person out, and by how much.

use super::evidence::show_number;
use super::run::verdict;
use super::scene::Scene;
use super::walk::children;
use crate::model::assessment::{NearComparison, NearMiss};
use crate::model::interval::Interval;
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Expr, Kind, Name, Type};

/// For an ineligible person: the criterion that alone keeps them out, when there is exactly one.
pub(super) fn near_miss(scene: &Scene<'_>, results: &[Truth]) -> Option<NearMiss> {
    let out = |i: usize| results[i] == Truth::from(scene.trial.criteria[i].exclusion);
    let exclusions: Vec<usize> = (0..results.len()).filter(|i| scene.trial.criteria[*i].exclusion && out(*i)).collect();
    let candidates: Vec<usize> = match exclusions[..] {
        [] => (0..results.len()).filter(|i| !scene.trial.criteria[*i].exclusion && out(*i)).collect(),
        [one] => vec![one],
        _ => return None,
    };
    let turns = |i: &usize| {
        let mut other = scene.again();
        other.fixed = Some((*i, !results[*i]));
        verdict(&other, results) != Truth::False
    };
    let alone: Vec<usize> = candidates.into_iter().filter(|i| turns(i)).collect();
    let [criterion] = alone[..] else {
        return None;
    };
    Some(NearMiss {
        criterion: scene.trial.criteria[criterion].id.clone(),
        comparisons: comparisons(scene, criterion, results[criterion]),
    })
}

fn comparisons<'a>(scene: &Scene<'a>, criterion: usize, result: Truth) -> Vec<NearComparison> {
    let mut found = Vec::new();
    collect(scene, &scene.trial.criteria[criterion].expression, &mut found);
    let turns = |e: &&'a Expr| {
        let mut other = scene.again();
        other.flip = Some(*e);
        let turned = super::value::to_truth(&other.name(Name::Criterion(criterion)));
        // Unknown is enough: then it no longer keeps the person out for certain.
        turned != result
    };
    found.into_iter().filter(turns).filter_map(|e| shown(scene, e)).collect()
}

/// Every comparison of numbers that a truth rests on.
fn collect<'a>(scene: &Scene<'a>, e: &'a Expr, found: &mut Vec<&'a Expr>) {
    match &e.kind {
        Kind::Compare(_, a, _) if matches!(a.ty, Type::Number(_)) => found.push(e),
        Kind::Name(Name::Reading(i)) => {
            if let Some(chosen) = scene.chosen(*i) {
                collect(scene, chosen, found);
            }
        }
        Kind::Name(Name::Criterion(i)) => collect(scene, &scene.trial.criteria[*i].expression, found),
        Kind::Name(Name::Variable(i)) if e.ty == Type::Truth => {
            if let VariableKind::Derived(inner) = &scene.trial.variables[*i].kind {
                collect(scene, inner, found);
            }
        }
        _ if e.ty == Type::Truth => children(e, &mut |part| {
            if part.ty == Type::Truth {
                collect(scene, part, found);
            }
        }),
        _ => {}
    }
}

fn shown<'a>(scene: &Scene<'a>, e: &'a Expr) -> Option<NearComparison> {
    let Kind::Compare(_, a, b) = &e.kind else {
        return None;
    };
    let (value, limit) = (scene.number(a)?, scene.number(b)?);
    let unit = match &a.ty {
        Type::Number(unit) => unit.code(),
        _ => "1",
    };
    let apart: Interval = value.sub(&limit).abs();
    Some(NearComparison {
        expression: e.text.to_string(),
        value: show_number(&value, unit),
        limit: show_number(&limit, unit),
        difference: show_number(&apart, unit),
    })
}
