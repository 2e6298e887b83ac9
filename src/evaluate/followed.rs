//! What of a person's facts may be used once collection has stopped, and since when visits are no longer due.

use super::scene::Scene;
use crate::model::fact::{Fact, Origin};
use crate::model::outcome::{EndedBy, Followed};
use crate::model::reading::Readings;
use crate::model::time::{Instant, TimeRange, Zone};
use std::collections::BTreeSet;

/// Readings and facts without what is not surely from before the moment, and how many facts that are read are left out
/// by it. Places of facts stay; what is left out has no time.
pub(super) fn before(stopped: Instant, readings: &Readings, facts: &[Fact], zone: &Zone) -> (Readings, Vec<Fact>, u64) {
    let mut left: BTreeSet<usize> = BTreeSet::new();
    let mut readings = readings.clone();
    let is_before = |at: TimeRange| at.latest < stopped;
    for series in &mut readings.series {
        let gone = series.readings.iter().filter(|r| !is_before(r.at)).map(|r| r.fact);
        left.extend(gone.chain(series.left_out.iter().filter(|l| !is_before(l.unread.at)).map(|l| l.fact)));
        series.readings.retain(|r| is_before(r.at));
        series.left_out.retain(|l| is_before(l.unread.at));
        for reading in &mut series.readings {
            // It lasted then; when it ended is not looked at.
            reading.other_end = reading.other_end.map(|end| if end < stopped { end } else { Instant::MAX });
        }
    }
    let person = &mut readings.person;
    person.problem_list.retain(|r| is_before(r.at));
    let died_later = person.deceased && !person.death.as_ref().is_some_and(|d| is_before(d.range(zone)));
    if died_later {
        (person.death, person.deceased) = (None, false);
    }
    let facts = facts.iter().cloned().map(|mut fact| {
        let is_clinical = !matches!(fact.draft.origin, Origin::Patient | Origin::Gateway);
        if is_clinical && fact.draft.at.is_some_and(|at| !is_before(at)) {
            fact.draft.at = None;
        }
        fact
    });
    (readings, facts.collect(), left.len() as u64 + u64::from(died_later))
}

/// The last moment at which a visit may begin, and why.
pub(super) fn ended(scene: &Scene<'_>, followed: &Followed) -> Option<(Instant, EndedBy)> {
    let person = &scene.readings.person;
    let mut all: Vec<(Instant, EndedBy)> = followed.ended.into_iter().collect();
    all.extend(followed.stopped.map(|at| (at, EndedBy::CollectionStopped)));
    match &person.death {
        Some(death) => all.push((death.range(scene.zone()).latest, EndedBy::Death)),
        // Dead, and nobody said when: after what was last seen of them.
        None if person.deceased => all.extend(scene.last_seen().map(|at| (at.latest, EndedBy::Death))),
        None => {}
    }
    all.iter().for_each(|(at, _)| scene.turns(*at));
    all.into_iter().filter(|(at, _)| *at <= scene.now).min()
}
