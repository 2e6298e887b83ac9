//! What became of one person in a trial: what was given, each item at each visit with where it comes from, events, grades.

use super::chart::visits::{Named, Size};
use super::chart::{mark, visits};
use super::frame;
use super::outcome_item::{value, why_unknown};
use super::outcome_person_parts::{deviation, ended, events, exposure, facts_used, grades, when};
use super::outcomes::{axis_unit, code, with_unit};
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::pages::figures::*;
use crate::trial::outcome::{Item, Measured};
use maud::{Markup, html};

/// Sources of one value that are named one by one.
const SOURCES: usize = 3;

/// The page.
pub(super) fn page(context: &Context<'_>, sheet: &PersonSheet) -> Markup {
    let lang = context.visit.lang;
    let label = sheet.label();
    let title = text::OUTCOMES_OF.fill(lang, &[&label]);
    let id = &context.trial.id;
    let main = html! {
        p.crumbs { a href={ "/trials/" (id) "/outcomes" } { "← " (text::ALL_ITEMS.say(lang)) }
            @if sheet.listed { " · " a href={ "/trials/" (id) "/persons/" (sheet.person) } { (text::TO_PERSON.say(lang)) } } }
        div.heading {
            h1 { (title) }
            p.lead { strong { (id) } " · " (text::DEFINITION.say(lang)) " " (text::VERSION.fill(lang, &[&sheet.trial.version.to_string()])) }
            p.fine { (text::KEY.say(lang)) " " code { (sheet.person) } }
        }
        (remarks(sheet, lang))
        div.columns { (exposure(sheet, lang)) (events(sheet, lang)) }
        @for row in 0..sheet.trial.visits.len() { (timeline(sheet, row, lang)) }
        (pictures(sheet, lang))
        (unscheduled(sheet, lang))
        (grades(sheet, lang))
        (facts_used(sheet, lang))
    };
    frame::page(context, &format!("{title} · {id}"), text::PERSON, &main)
}

/// Why there is less than somebody might look for.
fn remarks(sheet: &PersonSheet, lang: Lang) -> Markup {
    let o = &sheet.outcomes;
    html! {
        @if let Some((date, why)) = &o.ended { p.card.small { (text::VISITS_ENDED.fill(lang, &[&date.to_string(), ended(*why).say(lang)])) } }
        @if o.after_stop > 0 { p.card.small { (text::AFTER_STOP.fill(lang, &[&o.after_stop.to_string()])) } }
        @if !sheet.blind.hides_treatment() && !o.exposure.deviations.is_empty() {
            p.card.small { strong { (text::DEVIATIONS.say(lang)) ": " }
                @for (i, found) in o.exposure.deviations.iter().enumerate() { @if i > 0 { ", " } (deviation(*found).say(lang)) } }
        }
    }
}

/// The shown items of one row, with their places.
fn items(sheet: &PersonSheet, row: usize) -> Vec<((usize, usize), &Item)> {
    let mut found = Vec::new();
    for (place, outcome) in sheet.trial.outcomes.iter().enumerate() {
        let Measured::AtVisits { row: own, items } = &outcome.measured else { continue };
        let shown = items.iter().enumerate().filter(|(i, _)| *own == row && sheet.open.shows(place, *i));
        found.extend(shown.map(|(i, item)| ((place, i), item)));
    }
    found
}

fn timeline(sheet: &PersonSheet, row: usize, lang: Lang) -> Markup {
    let (items, id) = (items(sheet, row), format!("row-{row}"));
    let visits = sheet.outcomes.visits.get(row).map_or(&[][..], Vec::as_slice);
    let title = text::TIMELINE_OF.fill(lang, &[&sheet.trial.visits[row].name]);
    html! { @if !items.is_empty() {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if visits.is_empty() { p { (text::NOT_PLANNED.say(lang)) } } @else {
                div.scroll role="group" aria-label=(title) tabindex="0" { table.dense.timeline {
                    thead { tr { th scope="col" { (text::ITEM.say(lang)) } @for visit in visits {
                        th scope="col" { (visit.name) @if visit.number > 0 && sheet.open.shows_from(sheet.trial.visits[row].from) { span.fine { (visit.target.to_string()) } } }
                    } } }
                    tbody { @for (of, item) in &items { tr {
                        th scope="row" lang="en" { (item.label) }
                        @for place in 0..visits.len() { (told(sheet, *of, place, item, lang)) }
                    } } }
                } }
                (states(sheet, row, lang))
            }
        }
    } }
}

fn states(sheet: &PersonSheet, row: usize, lang: Lang) -> Markup {
    let seen = |state: &State| {
        let mut cells = sheet.outcomes.cells.iter().filter(|c| row_of(&sheet.trial, c.outcome) == Some(row));
        cells.any(|c| c.state == *state && sheet.open.shows(c.outcome, c.item))
    };
    let used: Vec<_> = STATES.into_iter().filter(seen).map(mark::of_state).collect();
    mark::legend(&used, lang)
}

/// One item at one visit: how it stands, its value, how far from the baseline, and from what.
fn told(sheet: &PersonSheet, of: (usize, usize), visit: usize, item: &Item, lang: Lang) -> Markup {
    let Some(cell) = sheet.outcomes.cells_of(of).iter().find(|cell| cell.visit == visit) else {
        return html! { td { "–" } };
    };
    let (sign, words) = mark::of_state(cell.state);
    html! {
        td {
            (mark::beside(sign))
            span.hidden { (words.say(lang)) " " }
            @if let Some(found) = &cell.value { strong { (value(found, code(item), lang)) } }
            @if let Some(why) = why_unknown(cell) { span.fine { (super::badge::reason(why.words(), lang)) } }
            @if let Some(change) = cell.change.as_ref().filter(|_| visit > 0) {
                div.fine { (text::CHANGED_BY.fill(lang, &[&with_unit(&signed(&change.to_string()), code(item))]))
                    @if let Some(percent) = &cell.percent { ", " (signed(&percent.to_string())) " %" } }
            }
            @if cell.provisional { div.fine { (text::PROVISIONAL.say(lang)) } }
            @if cell.same_day { div.fine { (text::SAME_DAY.say(lang)) } }
            (sources(sheet, &cell.facts, lang))
        }
    }
}

/// A change shows its sign.
fn signed(number: &str) -> String {
    let digits = number.trim_start_matches('≈');
    let about = if digits.len() < number.len() { "≈" } else { "" };
    let gain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits != "0";
    format!("{about}{}{digits}", if gain { "+" } else { "" })
}

/// Links to the facts that a value leans on.
pub(super) fn sources(sheet: &PersonSheet, facts: &[usize], lang: Lang) -> Markup {
    let numbers: Vec<usize> = facts.iter().filter_map(|f| sheet.number_of(*f)).collect();
    html! { @if !numbers.is_empty() { div.sources {
        @for number in numbers.iter().take(SOURCES) {
            a href={ "#fact-" (number) } aria-label=(text::SOURCE_NUMBER.fill(lang, &[&number.to_string()])) { "[" (number) "]" } " "
        }
        @if let Some(next) = numbers.get(SOURCES) { a href={ "#fact-" (next) } { "+" (numbers.len() - SOURCES) } }
    } } }
}

fn pictures(sheet: &PersonSheet, lang: Lang) -> Markup {
    let all = (0..sheet.trial.visits.len()).flat_map(|row| items(sheet, row));
    let drawn: Vec<(Markup, Markup)> = all.filter_map(|(of, item)| picture(sheet, of, item, lang)).collect();
    html! { @if !drawn.is_empty() {
        section aria-labelledby="course" {
            h2 #course { (text::TRENDS.say(lang)) }
            div.trends { @for (picture, marks) in &drawn { article.card.trend-card { (picture) (marks) } } }
        }
    } }
}

fn picture(sheet: &PersonSheet, of: (usize, usize), item: &Item, lang: Lang) -> Option<(Markup, Markup)> {
    let limits = sheet.open.limits(&sheet.trial, thresholds(&sheet.trial, &sheet.choice.0, item));
    let figure = visit_figure(&sheet.trial, &sheet.zone, &[&sheet.outcomes], of, limits);
    figure.scale.as_ref()?;
    let title = text::OVER_VISITS.fill(lang, &[&item.label]);
    let id = format!("course-{}-{}", of.0, of.1);
    let unit = axis_unit(item);
    let numbers: Vec<String> = figure.lines.iter().flatten().map(|p| p.value.to_string()).collect();
    let named = Named { id: &id, title: &title, told: &numbers.join(", "), unit: &unit };
    let picture = html! {
        h3 lang="en" { (item.label) }
        (visits::picture(&figure, Size::small(figure.columns.len()), 1, &named))
    };
    Some((picture, visits::marks(&figure, false, lang)))
}

/// Results between the visits: kept, and of no visit.
fn unscheduled(sheet: &PersonSheet, lang: Lang) -> Markup {
    let shown: Vec<_> = sheet.outcomes.unscheduled.iter().filter(|u| sheet.open.shows(u.outcome, u.item)).collect();
    html! { @if !shown.is_empty() {
        section.card aria-labelledby="unscheduled" {
            h2 #unscheduled { (text::UNSCHEDULED.say(lang)) " (" (shown.len()) ")" }
            details {
                summary { (text::SHOW_TABLE.fill(lang, &[&shown.len().to_string()])) }
                table.cards role="table" {
                    (frame::columns(&[text::ITEM, text::WHEN, text::VALUE, text::SOURCE], lang))
                    tbody role="rowgroup" { @for found in &shown {
                        @if let Measured::AtVisits { items, .. } = &sheet.trial.outcomes[found.outcome].measured { tr role="row" {
                            th role="rowheader" scope="row" lang="en" { (items[found.item].label) }
                            td role="cell" data-label=(text::WHEN.say(lang)) { (when(found.at.as_ref(), lang)) }
                            td role="cell" data-label=(text::VALUE.say(lang)) { (value(&found.value, code(&items[found.item]), lang)) }
                            td role="cell" data-label=(text::SOURCE.say(lang)) { (sources(sheet, &[found.fact], lang)) }
                        } }
                    } }
                }
            }
        }
    } }
}
