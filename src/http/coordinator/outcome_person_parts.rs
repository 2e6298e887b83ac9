//! Parts of a person's outcomes that are no visits: exposure, events, grades, and the facts that all of it leans on.

use super::frame;
use super::outcome_item::value;
use super::outcome_person::sources;
use super::text::{self, Lang, Words};
use crate::flow::pages::figures::*;
use crate::model::time::Partial;
use crate::model::truth::Truth;
use crate::trial::outcome::Measured;
use maud::{Markup, html};

/// A deviation in words.
pub(super) fn deviation(found: Deviation) -> Words {
    match found {
        Deviation::DoseOutsideTolerance => text::DOSE_OUTSIDE,
        Deviation::Stopped => text::DRUG_STOPPED,
        Deviation::GivenAgain => text::GIVEN_AGAIN,
    }
}

/// Why visits ended, in words.
pub(super) fn ended(why: EndedBy) -> Words {
    match why {
        EndedBy::Death => text::BY_DEATH,
        EndedBy::Withdrawn => text::BY_WITHDRAWAL,
        EndedBy::OffStudy => text::BY_OFF_STUDY,
        EndedBy::CollectionStopped => text::BY_STOP,
    }
}

/// What was given of the study drug and beside it.
pub(super) fn exposure(sheet: &PersonSheet, lang: Lang) -> Markup {
    let e = &sheet.outcomes.exposure;
    let within = match e.within_tolerance {
        Some(Truth::True) => Some(text::WITHIN),
        Some(Truth::False) => Some(text::OUTSIDE),
        _ => None,
    };
    html! {
        section.card aria-labelledby="exposure" {
            h2 #exposure { (text::EXPOSURE.say(lang)) }
            @if sheet.blind.hides_treatment() { p { (text::BLINDED.say(lang)) } }
            @else {
                @match e.day0 { None => { p { (text::NOT_GIVEN.say(lang)) } } Some(day) => { dl {
                    dt { (text::DAY_ZERO.say(lang)) } dd { (day.to_string()) @if e.provisional { " " span.mark { (text::PROVISIONAL.say(lang)) } } }
                    @if let Some((dose, unit)) = &e.given { dt { (text::DOSE.say(lang)) } dd { (dose) " " (spelled(unit)) @if let Some(words) = within { " (" (words.say(lang)) ")" } } }
                    @if let Some(weight) = &e.weight { dt { (text::WEIGHT_USED.say(lang)) } dd { (weight) } }
                    dt { (text::DAYS_ON_DRUG.say(lang)) } dd { (e.days) }
                    dt { (text::DEVIATIONS.say(lang)) } dd { @if e.deviations.is_empty() { (text::NONE.say(lang)) }
                        @for (i, found) in e.deviations.iter().enumerate() { @if i > 0 { ", " } (deviation(*found).say(lang)) } }
                } } }
                (doses(sheet, lang))
                (concomitant(sheet, lang))
            }
        }
    }
}

/// The unit of a dose with what it counts: `{cells}/kg` is cells per kilogram.
fn spelled(code: &str) -> String {
    code.replace(['{', '}'], "")
}

fn doses(sheet: &PersonSheet, lang: Lang) -> Markup {
    let drug = sheet.trial.treatment.as_ref().and_then(|t| sheet.trial.variables.get(t.drug));
    let unit = drug.and_then(|v| v.unit.as_ref()).map_or("", |u| u.code());
    let all = &sheet.outcomes.exposure.doses;
    html! { @if !all.is_empty() {
        h3 { (text::ADMINISTRATIONS.say(lang)) }
        table.cards role="table" {
            (frame::columns(&[text::WHEN, text::AMOUNT, text::SOURCE], lang))
            tbody role="rowgroup" { @for dose in all { tr role="row" {
                th role="rowheader" scope="row" { (moment(&when(dose.at.as_ref(), lang))) }
                td role="cell" data-label=(text::AMOUNT.say(lang)) {
                    @match &dose.amount { Some(n) => { (n) " " (spelled(unit)) } None => { (text::UNKNOWN.say(lang)) } }
                    @if dose.stopped { " " span.mark { (text::DRUG_STOPPED.say(lang)) } }
                    @if dose.running { " " span.mark { (text::STILL_RUNS.say(lang)) } }
                }
                td role="cell" data-label=(text::SOURCE.say(lang)) { (sources(sheet, &[dose.fact], lang)) }
            } } }
        }
    } }
}

fn concomitant(sheet: &PersonSheet, lang: Lang) -> Markup {
    let variable = |i: usize| sheet.trial.variables.get(i);
    let hidden = |i: usize| variable(i).is_some_and(|v| sheet.blind.hides_variable(v.name.as_str()));
    let all: Vec<_> = sheet.outcomes.exposure.concomitant.iter().filter(|c| !hidden(c.variable)).collect();
    html! { @if !all.is_empty() {
        h3 { (text::CONCOMITANT.say(lang)) }
        table.cards role="table" {
            (frame::columns(&[text::ITEM, text::DAYS, text::WHEN, text::SOURCE], lang))
            tbody role="rowgroup" { @for found in all { tr role="row" {
                th role="rowheader" scope="row" lang="en" { (variable(found.variable).map_or("", |v| v.label.as_str())) }
                td role="cell" data-label=(text::DAYS.say(lang)) { (found.days) }
                td role="cell" data-label=(text::WHEN.say(lang)) { (found.between.0.to_string()) " … " (found.between.1.to_string()) }
                td role="cell" data-label=(text::SOURCE.say(lang)) { (sources(sheet, &found.facts, lang)) }
            } } }
        }
    } }
}

/// Times to an event.
pub(super) fn events(sheet: &PersonSheet, lang: Lang) -> Markup {
    let timed: Vec<_> = sheet
        .trial
        .outcomes
        .iter()
        .enumerate()
        .filter(|(i, o)| matches!(o.measured, Measured::ToEvent { .. }) && sheet.open.shows(*i, 0))
        .collect();
    html! { @if !timed.is_empty() {
        section.card aria-labelledby="events" {
            h2 #events { (text::EVENTS.say(lang)) }
            dl { @for (place, outcome) in timed {
                dt lang="en" { (outcome.id.replace('_', " ")) }
                dd { @match event_of(&sheet.outcomes, place) {
                    Some(found) => { (happened(found.found, sheet.open.dates(outcome), lang)) @if sheet.open.dates(outcome) { (sources(sheet, &found.facts, lang)) } }
                    None => { "–" }
                } }
            } }
        }
    } }
}

fn happened(found: Followup, dated: bool, lang: Lang) -> String {
    let on =
        |words: Words, date: jiff::civil::Date, days: i64| words.fill(lang, &[&date.to_string(), &days.to_string()]);
    match found {
        Followup::NotStarted => text::NOT_STARTED.say(lang).to_owned(),
        Followup::NotApplicable => text::NOT_APPLICABLE.say(lang).to_owned(),
        Followup::Event(date, days) if dated => on(text::EVENT_ON, date, days),
        Followup::Event(_, days) => text::EVENT_AFTER.fill(lang, &[&days.to_string()]),
        Followup::Censored(date, days) if dated => on(text::CENSORED_ON, date, days),
        Followup::Censored(_, days) => text::CENSORED_AFTER.fill(lang, &[&days.to_string()]),
        Followup::Unknown(why) => super::badge::reason(why.words(), lang),
    }
}

/// The grade at the baseline beside the worst one after it.
pub(super) fn grades(sheet: &PersonSheet, lang: Lang) -> Markup {
    let all: Vec<_> = sheet
        .trial
        .safety
        .iter()
        .enumerate()
        .filter(|(place, _)| sheet.open.shows_grades(*place))
        .filter_map(|(place, entry)| Some((entry, worst(&sheet.outcomes, place)?)))
        .collect();
    let word = |grade: Grade| grade.map_or_else(|| text::UNKNOWN.say(lang).to_owned(), |g| g.to_string());
    html! { @if !all.is_empty() {
        section.card aria-labelledby="grades" {
            h2 #grades { (text::GRADES.say(lang)) }
            table.cards role="table" {
                caption.hidden { (text::GRADES.say(lang)) }
                (frame::columns(&[text::ITEM, text::GRADE_OF, text::WORST, text::VALUE, text::WHEN, text::SOURCE], lang))
                tbody role="rowgroup" { @for (entry, found) in &all {
                    @let unit = sheet.trial.variables.get(entry.on).and_then(|v| v.unit.as_ref()).map_or("", |u| u.code());
                    @let worst = if found.at_least { text::AT_LEAST_GRADE.fill(lang, &[&word(found.grade)]) } else { word(found.grade) };
                    tr role="row" {
                        th role="rowheader" scope="row" lang="en" { (entry.label) }
                        td role="cell" data-label=(text::GRADE_OF.say(lang)) { (word(found.baseline)) }
                        td role="cell" data-label=(text::WORST.say(lang)) { @if found.grade > found.baseline { strong { (worst) " ↑" } } @else { (worst) } }
                        td role="cell" data-label=(text::VALUE.say(lang)) { (value(&found.result.value, unit, lang)) }
                        td role="cell" data-label=(text::WHEN.say(lang)) { (moment(&when(sheet.zone.partial(found.result.at).as_ref(), lang))) }
                        td role="cell" data-label=(text::SOURCE.say(lang)) { (sources(sheet, &[found.result.fact], lang)) }
                    }
                } }
            }
        }
    } }
}

/// As precise as it was sent.
pub(super) fn when(at: Option<&Partial>, lang: Lang) -> String {
    at.map_or_else(|| text::UNKNOWN.say(lang).to_owned(), Partial::to_string)
}

/// To the minute where it is a moment.
fn moment(at: &str) -> String {
    match at.split_once('T') {
        Some((date, time)) => format!("{date} {}", time.get(..5).unwrap_or(time)),
        None => at.to_owned(),
    }
}

/// Each fact that something on the page leans on, as it was received.
pub(super) fn facts_used(sheet: &PersonSheet, lang: Lang) -> Markup {
    html! { @if !sheet.facts.is_empty() {
        section.card aria-labelledby="facts" {
            h2 #facts { (text::FACTS_USED.say(lang)) }
            details {
                summary { (text::SHOW_TABLE.fill(lang, &[&sheet.facts.len().to_string()])) }
                table.cards.facts role="table" {
                    caption.hidden { (text::FACTS_USED.say(lang)) }
                    (frame::columns(&[text::WHEN, text::AS_RECEIVED, text::RESULT_STATUS, text::SOURCE], lang))
                    tbody role="rowgroup" { @for (place, (_, fact)) in sheet.facts.iter().enumerate() { tr role="row" id={ "fact-" (place + 1) } {
                        th role="rowheader" scope="row" { "[" (place + 1) "] " @if let Some(at) = fact.at { (sheet.zone.show(at.earliest).get(..10).unwrap_or_default()) } @else { "–" } }
                        td role="cell" data-label=(text::AS_RECEIVED.say(lang)) { (fact.received) }
                        td role="cell" data-label=(text::RESULT_STATUS.say(lang)) { span lang="en" { (fact.status) } }
                        td.source role="cell" data-label=(text::SOURCE.say(lang)) { code { (fact.source) } }
                    } } }
                }
            }
        }
    } }
}
