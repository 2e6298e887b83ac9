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
use crate::model::unit::Unit;
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
    let Some(Given { dose, unit, within }) = given(scene, t) else { return };
    finding.given = Some(show_number(&dose, &unit));
    finding.given_value = Some(dose);
    finding.within_tolerance = within.unwrap_or(Truth::Unknown);
}

/// A dose as the definition works it out.
pub(super) struct Given {
    /// In the unit of `expected`, where there is one.
    pub(super) dose: Interval,
    /// The unit's UCUM code.
    pub(super) unit: String,
    /// Whether it lies within the tolerance; `None`: the definition has none.
    pub(super) within: Option<Truth>,
}

/// The dose given. One that was sent per weight is that itself: it is not divided once more.
pub(super) fn given<'a>(scene: &Scene<'a>, t: &'a Treatment) -> Option<Given> {
    let e = t.given.as_ref()?;
    let (dose, unit) = match sent_per_weight(scene, t.drug, unit_of(e)?) {
        Some(dose) => (dose, unit_of(e)?),
        None => (scene.number(e)?, unit_of(e)?),
    };
    let Some(expected) = t.expected.as_ref() else {
        return Some(Given { dose, unit: unit.code().to_owned(), within: None });
    };
    let (wanted, target) = (scene.number(expected)?, unit_of(expected)?);
    let way = unit.conversion(target).ok()?;
    let dose = way.apply_to(&dose);
    let within = t.tolerance.as_ref().map(|tolerance| {
        let part = tolerance.checked_div(&Number::from(100)).unwrap_or(Number::ZERO);
        let room = wanted.mul(&Interval::exact(part)).abs();
        dose.sub(&wanted).abs().le(&room)
    });
    Some(Given { dose, unit: target.code().to_owned(), within })
}

/// The first administration's dose in this unit, where it was sent per weight.
fn sent_per_weight(scene: &Scene<'_>, drug: usize, wanted: &Unit) -> Option<Interval> {
    let view = scene.whole_view(drug);
    let sent = view.outermost(false).map(|m| m.reading.per_weight().cloned());
    let sent: Vec<Interval> = sent.collect::<Option<_>>()?;
    let dose = sent.into_iter().reduce(|a, b| a.hull(&b))?;
    let own = scene.trial.variables.get(drug)?.unit.as_ref()?.per(&Unit::parse("kg").ok()?).ok()?;
    let way = own.conversion(wanted).ok()?;
    view.outermost(false).for_each(|m| scene.used(drug, m.place));
    Some(way.apply_to(&dose))
}

fn unit_of(e: &Expr) -> Option<&Unit> {
    match &e.ty {
        Type::Number(unit) => Some(unit),
        _ => None,
    }
}
