//! What was given of the study drug, and of other declared drugs beside it.

use super::evidence::show_number;
use super::scene::Scene;
use super::treatment::{Given, given};
use super::value::Val;
use crate::model::interval::Interval;
use crate::model::outcome::{Concomitant, Deviation, Dose, Exposure};
use crate::model::reading::{Reading, Value};
use crate::model::time::{Instant, add_days, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::Treatment;
use crate::trial::expression::tree::Name;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What was given up to now.
pub(super) fn exposure(scene: &Scene<'_>) -> Exposure {
    let mut found = Exposure::default();
    day0(scene, &mut found);
    if let Some(t) = &scene.trial.treatment {
        doses(scene, t.drug, &mut found);
        dose(scene, t, &mut found);
        deviations(t, scene, &mut found);
    }
    found.concomitant = scene.trial.concomitant.iter().filter_map(|v| beside(scene, *v, found.day0)).collect();
    found
}

fn day0(scene: &Scene<'_>, found: &mut Exposure) {
    let Some(anchor) = scene.trial.anchors.iter().position(|(name, _)| name == "day0") else { return };
    let start = scene.log_len();
    let Some(Val::Time(at)) = scene.name(Name::Anchor(anchor)) else { return };
    let (first, last) = (scene.zone().date_of(at.range.earliest), scene.zone().date_of(at.range.latest));
    found.day0 = (first == last).then_some(first);
    found.provisional = scene.is_provisional(start);
}

/// Each administration, what could not be read of it among them.
fn doses(scene: &Scene<'_>, drug: usize, found: &mut Exposure) {
    let Some(series) = scene.readings.series.get(drug) else { return };
    let mut all: Vec<(Instant, Dose)> = Vec::new();
    let mut add = |reading: &Reading, amount: Option<Interval>| {
        if scene.is_to_come(reading.at) {
            scene.turns(reading.at.earliest);
            return;
        }
        let status = scene.facts.get(reading.fact).map(|f| f.draft.status);
        let dose = Dose {
            fact: reading.fact,
            at: scene.zone().partial(reading.at),
            amount,
            stopped: status == Some(crate::model::fact::FactStatus::Stopped),
            running: reading.provisional,
        };
        all.push((reading.at.earliest, dose));
    };
    for reading in &series.readings {
        match &reading.value {
            Value::Number(n) => add(reading, reading.per_weight.is_none().then(|| n.clone())),
            Value::Truth(Truth::False) => {}
            _ => add(reading, None),
        }
    }
    let unread = || series.left_out.iter().filter(|l| !l.other);
    unread().for_each(|l| add(&l.unread, None));
    all.sort_by_key(|(at, dose)| (*at, dose.fact));
    found.doses = all.into_iter().map(|(_, dose)| dose).collect();
    let given = series.readings.iter().filter(|r| !scene.is_to_come(r.at) && r.value != Value::Truth(Truth::False));
    found.days =
        Days::of(scene, given.chain(unread().map(|l| &l.unread).filter(|r| !scene.is_to_come(r.at))), None).count();
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
fn beside(scene: &Scene<'_>, variable: usize, day0: Option<Date>) -> Option<Concomitant> {
    let day0 = day0?;
    let begin = scene.zone().start_of(day0);
    let lasts = |r: &&Reading| r.other_end.unwrap_or(r.at.latest).max(r.at.latest) >= begin;
    let counts = |r: &&Reading| !scene.is_to_come(r.at) && r.value != Value::Truth(Truth::False) && lasts(r);
    let all: Vec<&Reading> = scene.all_of(variable).iter().filter(counts).collect();
    let days = Days::of(scene, all.iter().copied(), Some(day0));
    let between = days.between()?;
    let facts: BTreeSet<usize> = all.iter().map(|r| r.fact).collect();
    Some(Concomitant { variable, days: days.count(), between, facts: facts.into_iter().collect() })
}

/// Calendar dates, as stretches that neither meet nor overlap, oldest first.
struct Days(Vec<(Date, Date)>);

impl Days {
    /// The dates that these cover, from a day on and up to now. What has no end is of the first day that it may be.
    fn of<'r>(scene: &Scene<'_>, all: impl Iterator<Item = &'r Reading>, from: Option<Date>) -> Self {
        let zone = scene.zone();
        let stretch = |r: &Reading| {
            let first = zone.date_of(r.at.earliest).max(from.unwrap_or(Date::MIN));
            let last = r.other_end.map_or(first, |end| zone.date_of(end.min(scene.now)));
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
