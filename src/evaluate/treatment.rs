//! What the treatment section of a definition gives for one person.

use super::evidence::show_number;
use super::run::{Choice, Moment};
use super::scene::Scene;
use super::value::Val;
use crate::model::assessment::TreatmentFinding;
use crate::model::fact::Fact;
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::reading::Readings;
use crate::model::time::Instant;
use crate::model::truth::Truth;
use crate::trial::definition::{Treatment, Trial};
use crate::trial::expression::tree::{Expr, Type};

/// When the treatment started and ended, the dose given, and whether it lies within the tolerance.
/// Times that are known in part are given by their first moment.
pub fn treatment(trial: &Trial, readings: &Readings, facts: &[Fact], moment: &Moment) -> TreatmentFinding {
    let choice = Choice::defaults(trial);
    let scene = Scene::new(trial, readings, facts, moment.site, moment.now, &choice.0);
    let mut finding =
        TreatmentFinding { starts: None, ends: None, given: None, within_tolerance: Truth::Unknown, given_value: None };
    let Some(t) = &trial.treatment else {
        return finding;
    };
    finding.starts = moment_of(&scene, &t.starts);
    finding.ends = t.ends.as_ref().and_then(|e| moment_of(&scene, e));
    dose(&scene, t, &mut finding);
    finding
}

fn moment_of<'a>(scene: &Scene<'a>, e: &'a Expr) -> Option<Instant> {
    match scene.value(e)? {
        Val::Time(t) => Some(t.range.earliest),
        _ => None,
    }
}

fn dose<'a>(scene: &Scene<'a>, t: &'a Treatment, finding: &mut TreatmentFinding) {
    let Some((given, unit)) = t.given.as_ref().and_then(|g| Some((scene.number(g)?, unit_of(g)?))) else {
        return;
    };
    let Some(expected) = t.expected.as_ref() else {
        finding.given = Some(show_number(&given, unit.code()));
        finding.given_value = Some(given);
        return;
    };
    let (Some(wanted), Some(target)) = (scene.number(expected), unit_of(expected)) else {
        return;
    };
    let Ok(way) = unit.conversion(target) else {
        return;
    };
    let given = given.mul(&Interval::exact(way.factor)).add(&Interval::exact(way.offset));
    if let Some(tolerance) = &t.tolerance {
        let part = tolerance.checked_div(&Number::from(100)).unwrap_or(Number::ZERO);
        let room = wanted.mul(&Interval::exact(part)).abs();
        finding.within_tolerance = given.sub(&wanted).abs().le(&room);
    }
    finding.given = Some(show_number(&given, target.code()));
    finding.given_value = Some(given);
}

fn unit_of(e: &Expr) -> Option<&crate::model::unit::Unit> {
    match &e.ty {
        Type::Number(unit) => Some(unit),
        _ => None,
    }
}
