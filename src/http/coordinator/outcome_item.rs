//! One item of one outcome over everybody: lines and boxes over visits, best change, and the tables that say the same.

use super::badge;
use super::chart::visits::{Named, Size};
use super::chart::{answers, mark, visits, waterfall as bars};
use super::frame;
use super::outcomes::{address, axis_unit, code, drawn_cut, kind, remarks, with_unit};
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::pages::figures::*;
use crate::flow::pages::worklist::Names;
use crate::model::reading::{Reason, Value};
use crate::model::truth::Truth;
use crate::trial::outcome::{Better, Item, Measured, Outcome};
use maud::{Markup, html};

/// The place of the item that an address names; `None`: there is none that this reader may see.
pub(super) fn found(context: &Context<'_>, outcome: &str, item: &str) -> Option<(usize, usize)> {
    let trial = context.trial;
    let place = trial.outcomes.iter().position(|o| o.id == *outcome)?;
    let Measured::AtVisits { items, .. } = &trial.outcomes[place].measured else { return None };
    let item = items.iter().position(|i| i.name == *item)?;
    open_to(&context.pages.desk, context.reader, trial).shows(place, item).then_some((place, item))
}

/// The page of an item that was [`found`].
pub(super) fn page(context: &Context<'_>, sheet: &Sheet, of: (usize, usize)) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let outcome = &trial.outcomes[of.0];
    let Measured::AtVisits { items, .. } = &outcome.measured else { return html! {} };
    let item = &items[of.1];
    let limits = sheet.open.limits(trial, thresholds(trial, &sheet.choice.0, item));
    let figure = visit_figure(trial, &sheet.zone, &sheet.all(), of, limits);
    let main = html! {
        p.crumbs { a href={ "/trials/" (trial.id) "/outcomes" } { "← " (text::ALL_ITEMS.say(lang)) } }
        div.heading {
            h1 lang="en" { (item.label) }
            p.lead { strong { (trial.id) } " · " span lang="en" { (outcome.id) } ", " (kind(outcome.kind).say(lang)) " · "
                (text::FOLLOWED.say(lang)) ": " strong { (sheet.persons.len()) } }
        }
        (words(context, outcome, item))
        (remarks(context, sheet))
        (over_visits(context, sheet, item, &figure))
        (change(context, sheet, of, item))
        (by_person(context, sheet, of, item, &figure))
        (others(context, sheet, of))
    };
    frame::page(context, &format!("{} · {}", item.label, trial.id), text::NAV_TRIAL, &main)
}

fn words(context: &Context<'_>, outcome: &Outcome, item: &Item) -> Markup {
    let names = Names::of(context.trial);
    html! {
        div {
            @if let Some(words) = &outcome.protocol { blockquote lang="en" { (words) } }
            @if item.variable.is_none() { p.expression lang="en" title=(item.expression.text) { (names.expression(&item.expression.text)) } }
        }
    }
}

fn over_visits(context: &Context<'_>, sheet: &Sheet, item: &Item, figure: &VisitFigure) -> Markup {
    let lang = context.visit.lang;
    let title = text::OVER_VISITS.fill(lang, &[&item.label]);
    let persons = sheet.persons.len().to_string();
    let unit = axis_unit(item);
    let named = |told| Named { id: "visits-f", title: &title, told, unit: &unit };
    let any = figure.columns.iter().any(|c| c.answers.iter().sum::<usize>() > 0);
    html! {
        section.card aria-labelledby="visits" {
            h2 #visits { (title) }
            @if figure.scale.is_some() {
                (visits::picture(figure, Size::wide(figure.columns.len()), DRAWN_MAX, &named(&text::OVER_VISITS_TOLD.fill(lang, &[&persons]))))
                (visits::marks(figure, true, lang))
                (drawn_cut(sheet, lang))
            } @else if any {
                (answers::picture(&figure.columns, &named(&text::ANSWERS_TOLD.fill(lang, &[&persons])), lang))
            } @else { p { (text::NO_VALUE.say(lang)) } }
            details {
                summary { (text::BY_VISIT.say(lang)) }
                @if figure.scale.is_some() { p.fine { (text::STATISTICS_WHY.say(lang)) } }
                (by_visit(figure, item, lang))
            }
        }
    }
}

/// Each visit over everybody, in numbers.
fn by_visit(figure: &VisitFigure, item: &Item, lang: Lang) -> Markup {
    let numbers = [text::LEAST, text::QUARTILE_1, text::MEDIAN, text::QUARTILE_3, text::MOST];
    let is_number = figure.scale.is_some() || item.unit.is_some();
    let states: Vec<State> =
        STATES.into_iter().filter(|s| figure.columns.iter().any(|c| c.counts.of(*s) > 0)).collect();
    html! {
        div.scroll role="group" aria-label=(text::BY_VISIT.say(lang)) tabindex="0" { table.dense {
            thead { tr {
                th scope="col" { (text::VISIT.say(lang)) }
                @if is_number { th scope="col" { "n" } @for words in numbers { th scope="col" { (words.say(lang)) } } th scope="col" { (text::KNOWN_IN_PART_COLUMN.say(lang)) } }
                @else { th scope="col" { (text::HOLDS.say(lang)) } th scope="col" { (text::HOLDS_NOT.say(lang)) } }
                th scope="col" { (text::UNKNOWN.say(lang)) }
                @for state in &states { th scope="col" { (mark::of_state(*state).1.say(lang)) } }
            } }
            tbody { @for column in &figure.columns { tr {
                th scope="row" { (column.name) }
                @if is_number { (five(column, item)) td { (column.in_part) } }
                @else { @for count in column.answers { td { (count) } } }
                td { (column.unknown) }
                @for state in &states { td { (column.counts.of(*state)) } }
            } } }
        } }
    }
}

fn five(column: &Column, item: &Item) -> Markup {
    html! { @match &column.summary {
        Some(s) => { td { (s.count) } @for n in [&s.least, &s.lower, &s.median, &s.upper, &s.most] { td { (with_unit(&n.to_string(), code(item))) } } }
        None => { td { "0" } @for _ in 0..5 { td { "–" } } }
    } }
}

fn change(context: &Context<'_>, sheet: &Sheet, of: (usize, usize), item: &Item) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let Some(figure) = waterfall(&sheet.all(), of, item.better) else { return html! {} };
    let limits = if figure.percent { change_thresholds(trial, &sheet.choice.0, item) } else { Vec::new() };
    let limits = sheet.open.limits(trial, limits);
    let title = text::WATERFALL.say(lang);
    let better = if item.better == Some(Better::Lower) { text::LOWER } else { text::HIGHER }.say(lang);
    let told = text::WATERFALL_TOLD.fill(lang, &[&figure.bars.len().to_string(), better]);
    let unit = if figure.percent { "%".to_owned() } else { axis_unit(item) };
    html! {
        section.card aria-labelledby="change" {
            h2 #change { (title) }
            @if figure.bars.is_empty() { p { (text::NO_VALUE.say(lang)) } } @else {
                p.fine { (told) }
                (bars::picture(&figure, &limits, &Named { id: "change-f", title, told: &told, unit: &unit }))
            }
            @if figure.without > 0 { p.fine { (text::WITHOUT_CHANGE.fill(lang, &[&figure.without.to_string()])) } }
            details {
                summary { (text::SHOW_TABLE.fill(lang, &[&figure.bars.len().to_string()])) }
                (changes(context, sheet, of, item, &figure))
            }
        }
    }
}

fn changes(context: &Context<'_>, sheet: &Sheet, of: (usize, usize), item: &Item, figure: &Waterfall) -> Markup {
    let lang = context.visit.lang;
    let row = row_of(context.trial, of.0).unwrap_or(usize::MAX);
    let name = |bar: &Bar| {
        let visits = sheet.persons[bar.person].outcomes.visits.get(row);
        visits.and_then(|v| v.get(bar.visit)).map_or("", |v| v.name.as_str())
    };
    let code = if figure.percent { "%" } else { code(item) };
    html! {
        div.scroll role="group" aria-label=(text::WATERFALL.say(lang)) tabindex="0" { table.dense {
            thead { tr { th scope="col" { "#" } @for words in [text::PERSON, text::CHANGE, text::VISIT] { th scope="col" { (words.say(lang)) } } } }
            tbody { @for (place, bar) in figure.bars.iter().enumerate() { tr {
                td { (place + 1) }
                th scope="row" { (person_link(context, &sheet.persons[bar.person])) }
                td { (with_unit(&bar.change.to_string(), code)) }
                td { (name(bar)) }
            } } }
        } }
    }
}

fn person_link(context: &Context<'_>, subject: &Subject) -> Markup {
    html! { a href={ "/trials/" (context.trial.id) "/persons/" (subject.person) "/outcomes" } { (subject.label()) } }
}

/// A value as a table shows it.
pub(super) fn value(value: &Value, code: &str, lang: Lang) -> String {
    match value {
        Value::Number(n) => with_unit(&n.to_string(), code),
        Value::Truth(Truth::True) => text::HOLDS.say(lang).to_owned(),
        Value::Truth(Truth::False) => text::HOLDS_NOT.say(lang).to_owned(),
        Value::Truth(Truth::Unknown) => text::UNKNOWN.say(lang).to_owned(),
        Value::Time(at) => at.to_string(),
        Value::Text(words) => words.clone(),
    }
}

fn by_person(context: &Context<'_>, sheet: &Sheet, of: (usize, usize), item: &Item, figure: &VisitFigure) -> Markup {
    let lang = context.visit.lang;
    html! {
        section.card aria-labelledby="persons" {
            h2 #persons { (text::BY_PERSON.say(lang)) }
            div.scroll role="group" aria-label=(text::BY_PERSON.say(lang)) tabindex="0" { table.dense {
                thead { tr { th scope="col" { (text::PERSON.say(lang)) } @for column in &figure.columns { th scope="col" { (column.name) } } } }
                tbody { @for subject in sheet.persons.iter().take(DRAWN_MAX) { tr {
                    th scope="row" { (person_link(context, subject)) }
                    @let own = subject.outcomes.cells_of(of);
                    @for visit in 0..figure.columns.len() { (told(own.iter().find(|cell| cell.visit == visit), item, lang)) }
                } } }
            } }
            (drawn_cut(sheet, lang))
        }
    }
}

/// One cell: its value, or else how it stands.
fn told(cell: Option<&Cell>, item: &Item, lang: Lang) -> Markup {
    let Some(cell) = cell else { return html! { td { "–" } } };
    let (sign, words) = mark::of_state(cell.state);
    html! { @match &cell.value {
        Some(found) => { td { (value(found, code(item), lang))
            @if cell.state == State::CapturedOutside { " " (mark::beside(sign)) span.hidden { (words.say(lang)) } }
            @if cell.provisional { " " span.fine { (text::PROVISIONAL.say(lang)) } } } }
        None => { td.fine { (words.say(lang)) @if let Some(why) = why_unknown(cell) { ", " (badge::reason(why.words(), lang)) } } }
    } }
}

/// Why a value is unknown, where it is not simply that nothing came.
pub(super) fn why_unknown(cell: &Cell) -> Option<Reason> {
    cell.unknown.filter(|why| !matches!(why, Reason::NeverSeen | Reason::TooOld))
}

/// The other items, so that one goes on without going back.
fn others(context: &Context<'_>, sheet: &Sheet, of: (usize, usize)) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    html! {
        nav.others aria-label=(text::MEASURED.say(lang)) { ul { @for (place, outcome) in trial.outcomes.iter().enumerate() {
            @if let Measured::AtVisits { items, .. } = &outcome.measured { @for (i, item) in items.iter().enumerate().filter(|(i, _)| sheet.open.shows(place, *i)) {
                li { a href=(address(&trial.id, outcome, item)) aria-current=[((place, i) == of).then_some("page")] lang="en" { (item.label) } }
            } }
        } } }
    }
}
