//! What became of one person in one trial: exposure, and outcomes by visit, worked out from facts whenever asked for.

use super::cells::Sheet;
use super::events::to_event;
use super::exposure::exposure;
use super::followed;
use super::grades::graded;
use super::run::{Choice, Moment};
use super::scene::Scene;
use super::visits::{Row, row};
use crate::model::fact::Fact;
use crate::model::outcome::{Followed, Outcomes};
use crate::model::reading::Readings;
use crate::model::truth::Truth;
use crate::trial::definition::Trial;
use crate::trial::outcome::Measured;
use std::rc::Rc;

/// All of it at a moment, with nothing that lies after the end of collection.
pub fn outcomes(
    trial: &Trial,
    readings: &Readings,
    facts: &[Fact],
    followed: &Followed,
    moment: &Moment<'_>,
    choice: &Choice,
) -> Outcomes {
    let Some(stopped) = followed.stopped.filter(|at| *at <= moment.now) else {
        let scene = Scene::new(trial, readings, facts, moment.site, moment.now, &choice.0);
        return all(&scene, followed);
    };
    let (readings, facts, after_stop) = followed::before(stopped, readings, facts, &moment.site.zone);
    let scene = Scene::new(trial, &readings, &facts, moment.site, moment.now, &choice.0);
    Outcomes { after_stop, ..all(&scene, followed) }
}

fn all(scene: &Scene<'_>, followed: &Followed) -> Outcomes {
    let mut found = Outcomes { exposure: exposure(scene, followed.stopped), ..Outcomes::default() };
    let baseline = scene.baseline_at();
    // All that asks for the baseline shares it.
    scene.base();
    let ended = followed::ended(scene, followed);
    found.ended = ended.map(|(at, by)| (scene.zone().date_of(at), by));
    let mut rows = Vec::with_capacity(scene.trial.visits.len());
    for of in &scene.trial.visits {
        let from = scene.log_len();
        let (reached, row) = row(scene, of, baseline);
        let provisional = scene.is_provisional(from);
        found.anchors.push(reached);
        let planned = |row: &Row<'_>| {
            let later = row.planned.iter().map(|p| p.visit.clone());
            std::iter::once(row.baseline.clone()).chain(later).collect()
        };
        found.visits.push(row.as_ref().map(planned).unwrap_or_default());
        rows.push(row.map(|row| Sheet::new(scene, Rc::new(row), ended, provisional)));
    }
    for (place, outcome) in scene.trial.outcomes.iter().enumerate() {
        let applies = outcome.applies.as_ref().map_or(Truth::True, |e| scene.truth(e));
        match &outcome.measured {
            Measured::AtVisits { row, items } => {
                let Some(Some(sheet)) = rows.get(*row) else { continue };
                for (n, item) in items.iter().enumerate() {
                    sheet.fill((place, n), item, applies, &mut found);
                }
            }
            Measured::ToEvent { from, event, censor } => {
                found.events.push(to_event(scene, place, (*from, event, censor), applies, ended));
            }
        }
    }
    let first = rows.first().and_then(Option::as_ref).map(|sheet| &*sheet.row);
    found.grades = (0..scene.trial.safety.len()).flat_map(|n| graded(scene, n, first)).collect();
    scene.settle_growth();
    found.changes_at = scene.changes_at();
    found
}
