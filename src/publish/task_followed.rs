//! Work that following people gives, as Tasks: departures from the protocol, visits that are due, grades to be judged.

use super::blinding::{Blinding, Open};
use super::following;
use super::task::{Item, Work};
use crate::model::outcome::{Deviation, Outcomes};
use crate::model::shown::Shown;
use crate::model::time::Zone;
use crate::trial::definition::Trial;
use std::collections::BTreeMap;

/// All of it that is open: departures from the protocol, visits, grades; always in the same order.
pub fn followed(trial: &Trial, outcomes: &Outcomes, zone: &Zone) -> Vec<Item> {
    let open = Open::to(&Blinding::of(trial, false), trial);
    let mut items: Vec<Item> = following::deviations(outcomes, &open)
        .map(|(day0, found)| Item {
            work: Work::ReviewAlert,
            key: found.code().to_owned(),
            description: deviation(found).to_owned(),
            performer: "Investigator",
            variables: Vec::new(),
            at: day0.to_string(),
        })
        .collect();
    items.extend(following::visits(trial, outcomes, &open).into_iter().map(|open| {
        let (visit, items) = (open.visit, open.items.join(", "));
        let until = zone.date_of(visit.window.1);
        let words = match (open.overdue, open.dated) {
            (true, true) => format!("overdue since {until}"),
            (false, true) => format!("due until {until}"),
            (true, false) => "overdue".to_owned(),
            (false, false) => "due".to_owned(),
        };
        Item {
            work: Work::VisitDue,
            key: format!("{} {}", open.schedule, visit.number),
            description: format!("{}: {words}: {items}", visit.name),
            performer: "Study coordinator",
            variables: Vec::new(),
            at: if open.dated { open.since().to_string() } else { String::new() },
        }
    }));
    let grades = following::grades(trial, outcomes, &open).map(|(safety, g)| {
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
    });
    // Two results of one day without a time are two, and so is the work.
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    items.extend(grades.map(|mut item| {
        let again = met.entry(item.key.clone()).or_default();
        *again += 1;
        if *again > 1 {
            item.key = format!("{} ({again})", item.key);
        }
        item
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
