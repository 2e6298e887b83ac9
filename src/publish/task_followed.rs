//! Work that following people gives, as Tasks: departures from the protocol, visits that are due, grades to be judged.

use super::blinding::Blinding;
use super::following;
use super::task::{Item, Work};
use crate::model::outcome::{Deviation, Outcomes};
use crate::model::shown::Shown;
use crate::model::time::Zone;
use crate::trial::definition::Trial;

/// All of it that is open: departures from the protocol, visits, grades; always in the same order.
pub fn followed(trial: &Trial, outcomes: &Outcomes, zone: &Zone) -> Vec<Item> {
    let blinding = Blinding::of(trial, false);
    let mut items: Vec<Item> = following::deviations(outcomes, &blinding)
        .map(|(day0, found)| Item {
            work: Work::ReviewAlert,
            key: found.code().to_owned(),
            description: deviation(found).to_owned(),
            performer: "Investigator",
            variables: Vec::new(),
            at: day0.to_string(),
        })
        .collect();
    items.extend(following::visits(trial, outcomes, &blinding).into_iter().map(|open| {
        let (visit, word) = (open.visit, if open.overdue { "overdue since" } else { "due until" });
        Item {
            work: Work::VisitDue,
            key: format!("{} {}", open.schedule, visit.number),
            description: format!("{}: {word} {}: {}", visit.name, zone.date_of(visit.window.1), open.items.join(", ")),
            performer: "Study coordinator",
            variables: Vec::new(),
            at: open.since().to_string(),
        }
    }));
    items.extend(following::grades(trial, outcomes, &blinding).map(|(safety, g)| {
        let (named, day, since) = match zone.partial(g.at) {
            Some(at) => (at.to_string(), at.dates(zone).0.to_string(), at.range(zone).earliest),
            None => {
                let words = Shown::Time(g.at, zone.clone()).to_string();
                (words.clone(), words, g.at.latest)
            }
        };
        Item {
            work: Work::ReviewGrade,
            key: format!("{} {named}", &*safety.id),
            description: format!("{}: the grade of the result of {day} is to be judged", &*safety.label),
            performer: "Investigator",
            variables: Vec::new(),
            at: since.to_string(),
        }
    }));
    items
}

fn deviation(found: Deviation) -> &'static str {
    match found {
        Deviation::DoseOutsideTolerance => "Protocol deviation: the dose that was given lies outside the tolerance.",
        Deviation::Stopped => "Protocol deviation: the administration was stopped before it was complete.",
        Deviation::GivenAgain => "Protocol deviation: the study drug was given again.",
    }
}
