//! What was given of the study drug, and of other declared drugs beside it.

use super::evidence::show_number;
use super::scene::Scene;
use super::treatment::{Given, given};
use crate::model::fact::FactStatus as Status;
use crate::model::outcome::{Concomitant, Deviation, Dose, Exposure, Reached};
use crate::model::reading::{Reading, Value};
use crate::model::time::{Instant, add_days, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::Treatment;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What was given up to now, or until collection stopped.
pub(super) fn exposure(scene: &Scene<'_>, stopped: Option<Instant>) -> Exposure {
    let until = stopped.map_or(scene.now, |at| at.min(scene.now));
    let mut found = Exposure::default();
    day0(scene, &mut found);
    if let Some(t) = &scene.trial.treatment {
        doses(scene, t.drug, until, &mut found);
        dose(scene, t, &mut found);
        deviations(t, scene, &mut found);
    }
    found.concomitant = scene.trial.concomitant.iter().filter_map(|v| beside(scene, *v, found.day0, until)).collect();
    found
}

fn day0(scene: &Scene<'_>, found: &mut Exposure) {
    let Some(anchor) = scene.trial.anchor("day0") else { return };
    let start = scene.log_len();
    let reached = scene.reached(anchor);
    if let Reached::On(date) = reached {
        found.day0 = Some(date);
    }
    found.provisional = reached != Reached::No && scene.is_provisional(start);
}

/// Each administration, those of which the dose could not be read among them.
fn doses(scene: &Scene<'_>, drug: usize, until: Instant, found: &mut Exposure) {
    let Some(series) = scene.readings.series.get(drug) else { return };
    let status = |r: &Reading| scene.facts.get(r.fact).map(|f| f.draft.status);
    let amount = |r: &Reading| match &r.value {
        Value::Number(n) if r.per_weight().is_none() => Some(n.clone()),
        _ => None,
    };
    let read = series.readings.iter().filter(|r| r.value != Value::Truth(Truth::False));
    let was_given = |r: &&Reading| matches!(status(r), Some(Status::Final | Status::Stopped | Status::Preliminary));
    let unread = series.left_out.iter().map(|l| &l.unread).filter(was_given).filter(|r| r.at.latest < Instant::MAX);
    let mut all: Vec<&Reading> = read.chain(unread).collect();
    all.iter().filter(|r| scene.is_to_come(r.at)).for_each(|r| scene.turns(r.at.earliest));
    all.retain(|r| !scene.is_to_come(r.at));
    all.sort_by_key(|r| (r.at.earliest, r.at.latest, r.fact));
    found.days = Days::of(scene, all.iter().copied(), None, until).count();
    let dose = |r: &&Reading| Dose {
        fact: r.fact,
        at: scene.zone().partial(r.at),
        amount: amount(r),
        stopped: status(r) == Some(Status::Stopped),
        running: status(r) == Some(Status::Preliminary),
    };
    found.doses = all.iter().map(dose).collect();
}

fn dose<'a>(scene: &Scene<'a>, t: &'a Treatment, found: &mut Exposure) {
    let start = scene.log_len();
    let Some(Given { dose, unit, within }) = given(scene, t) else { return };
    found.within_tolerance = within;
    found.given = Some((dose, unit));
    let used: BTreeSet<_> = scene.log.borrow()[start..].iter().copied().filter(|(v, _)| *v != t.drug).collect();
    let words = used.into_iter().filter_map(|(v, place)| {
        let reading = scene.all_of(v).get(place)?;
        let (Value::Number(n), unit) = (&reading.value, scene.trial.variables.get(v)?.unit.as_ref()?) else {
            return None;
        };
        Some(format!("{}, {}", show_number(n, unit.code()), scene.day(reading.at)))
    });
    let words: Vec<String> = words.collect();
    found.weight = (!words.is_empty()).then(|| words.join("; "));
}

fn deviations(t: &Treatment, scene: &Scene<'_>, found: &mut Exposure) {
    if found.within_tolerance == Some(Truth::False) {
        found.deviations.push(Deviation::DoseOutsideTolerance);
    }
    if found.doses.first().is_some_and(|d| d.stopped) {
        found.deviations.push(Deviation::Stopped);
    }
    // A definition that expects a dose has one administration; others give their drug in courses.
    let resources: BTreeSet<_> = found.doses.iter().filter_map(|d| scene.facts.get(d.fact)).map(|f| f.item).collect();
    if t.expected.is_some() && resources.len() > 1 {
        found.deviations.push(Deviation::GivenAgain);
    }
}

/// A drug of a declared class since day 0.
fn beside(scene: &Scene<'_>, variable: usize, day0: Option<Date>, until: Instant) -> Option<Concomitant> {
    let day0 = day0?;
    let begin = scene.zone().start_of(day0);
    let lasts = |r: &&Reading| r.other_end.unwrap_or(r.at.latest).max(r.at.latest) >= begin;
    let counts = |r: &&Reading| !scene.is_to_come(r.at) && r.value != Value::Truth(Truth::False) && lasts(r);
    let all: Vec<&Reading> = scene.all_of(variable).iter().filter(counts).collect();
    let days = Days::of(scene, all.iter().copied(), Some(day0), until);
    let between = days.between()?;
    let facts: BTreeSet<usize> = all.iter().map(|r| r.fact).collect();
    Some(Concomitant { variable, days: days.count(), between, facts: facts.into_iter().collect() })
}

/// Calendar dates, as stretches that neither meet nor overlap, oldest first.
struct Days(Vec<(Date, Date)>);

impl Days {
    /// The dates that these cover, from a day on and up to a moment. What has no end is of the first day that it may be.
    fn of<'r>(scene: &Scene<'_>, all: impl Iterator<Item = &'r Reading>, from: Option<Date>, until: Instant) -> Self {
        let zone = scene.zone();
        let stretch = |r: &Reading| {
            let began = if r.at.earliest == Instant::MIN { r.at.latest } else { r.at.earliest };
            let first = zone.date_of(began).max(from.unwrap_or(Date::MIN));
            let last = r.other_end.map_or(first, |end| zone.date_of(end.min(until)));
            (first, last.max(first))
        };
        let mut stretches: Vec<(Date, Date)> = all.map(stretch).collect();
        stretches.sort_unstable();
        let mut joined: Vec<(Date, Date)> = Vec::with_capacity(stretches.len());
        for (first, last) in stretches {
            match joined.last_mut() {
                Some(before) if first <= add_days(before.1, 1) => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| days_between(*first, *last).unsigned_abs() + 1).sum()
    }

    fn between(&self) -> Option<(Date, Date)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }
}
