//! Grades of results, each beside the grade at the baseline.

use super::events::period;
use super::scene::Scene;
use super::visits::Row;
use crate::model::outcome::Graded;
use crate::model::truth::Truth;
use crate::trial::expression::tree::Name;
use crate::trial::outcome::Safety;

/// A grade as far as it is known.
#[derive(Debug, Clone, Copy)]
struct Grade {
    highest: u8,
    at_least: bool,
}

impl Grade {
    fn of<'a>(scene: &Scene<'a>, safety: &'a Safety) -> Self {
        let mut found = Self { highest: 0, at_least: false };
        for (n, e) in (1_u8..).zip(&safety.grades) {
            match scene.truth(e) {
                Truth::True => found = Self { highest: n, at_least: false },
                Truth::Unknown => found.at_least = true,
                Truth::False => {}
            }
        }
        found
    }

    fn is_unknown(self) -> bool {
        self.highest == 0 && self.at_least
    }
}

/// Every result of one entry from the baseline on.
pub(super) fn graded<'a>(scene: &Scene<'a>, place: usize, row: Option<&Row<'a>>) -> Vec<Graded> {
    let safety = &scene.trial.safety[place];
    let Some(base) = scene.base() else { return Vec::new() };
    let from = base.log_len();
    base.name(Name::Variable(safety.on));
    let own = base.readings_used(from).into_iter().filter(|((v, _), _)| *v == safety.on);
    let at_base: Vec<usize> = own.map(|((_, place), _)| place).collect();
    let baseline = Some(Grade::of(&base, safety)).filter(|g| !at_base.is_empty() && !g.is_unknown()).map(|g| g.highest);
    let mut found = Vec::new();
    for (n, reading) in scene.all_of(safety.on).iter().enumerate() {
        if scene.is_to_come(reading.at) {
            scene.turns(reading.at.earliest);
            continue;
        }
        let is_baseline = at_base.contains(&n);
        if !is_baseline && !base.is_to_come(reading.at) && reading.at.latest <= base.now {
            continue;
        }
        // The baseline is a result of its own baseline.
        let now = reading.at.latest.max(base.now).min(scene.now);
        let mut then = scene.at(now);
        then.graded = Some((safety.on, n));
        let grade = Grade::of(&then, safety);
        found.push(Graded {
            safety: place,
            fact: reading.fact,
            at: reading.at,
            value: reading.value.clone(),
            grade: grade.highest,
            at_least: grade.at_least,
            unknown: grade.is_unknown(),
            baseline,
            is_baseline,
            period: period(row, scene.zone().date_of(reading.at.latest)),
        });
    }
    found
}
