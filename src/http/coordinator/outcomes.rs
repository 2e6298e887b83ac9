//! What became of a trial's people: what is measured, how complete the visits are, times to an event, grades.

use super::chart::visits::Named;
use super::chart::{grid, mark, survival};
use super::frame;
use super::routes::Context;
use super::text::{self, Lang, Words};
use crate::flow::pages::figures::*;
use crate::flow::pages::worklist::{plain_unit, plain_value};
use crate::model::number::Number;
use crate::trial::outcome::{Item, Measured, Outcome, OutcomeKind};
use maud::{Markup, html};

/// The page.
pub(super) fn page(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let main = html! {
        p.crumbs { a href={ "/trials/" (trial.id) } { "← " (text::TRIAL.say(lang)) } }
        div.heading {
            h1 { (text::OUTCOMES.say(lang)) }
            p.lead { strong { (trial.id) } " · " (text::FOLLOWED.say(lang)) ": " strong { (sheet.persons.len()) } }
            p { a.onward href={ "/trials/" (trial.id) "/visits" } { (text::VISITS_AND_REVIEWS.say(lang)) " →" } }
        }
        (remarks(context, sheet))
        @if trial.outcomes.is_empty() && trial.safety.is_empty() { p.card { (text::NO_OUTCOMES.say(lang)) } }
        @else if sheet.persons.is_empty() { p.card { (text::NOBODY_FOLLOWED.say(lang)) } }
        @else {
            (measured(context, sheet))
            (complete(context, sheet))
            (events(context, sheet))
            (grades(context, sheet))
        }
    };
    frame::page(context, &format!("{} · {}", text::OUTCOMES.say(lang), trial.id), text::NAV_TRIAL, &main)
}

/// By what it was worked out, and who is not in it.
pub(super) fn remarks(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let lang = context.visit.lang;
    let version = text::VERSION.fill(lang, &[&context.trial.version.to_string()]);
    html! {
        div {
            p.fine { (text::OUTCOMES_WHY.fill(lang, &[&version])) }
            (not_followed(&sheet.apart, sheet.cut, lang))
        }
    }
}

/// Who is not counted, and why.
pub(super) fn not_followed(apart: &Aside, cut: bool, lang: Lang) -> Markup {
    html! {
        @if !apart.is_empty() { p.fine { (text::NOT_FOLLOWED.say(lang)) ": "
            @for (i, (why, count)) in apart.iter().enumerate() { @if i > 0 { ", " } @match count { Some(n) => (n), None => (text::WITHHELD.say(lang)), } " " span lang="en" { (why.words()) } } } }
        @if cut { p.card.small { (text::PERSONS_CUT.fill(lang, &[&PERSONS_MAX.to_string()])) } }
    }
}

/// Where an item has its page.
pub(super) fn address(trial: &str, outcome: &Outcome, item: &Item) -> String {
    let encode = |word: &str| crate::flow::query::encode(word);
    format!("/trials/{trial}/outcomes?outcome={}&item={}", encode(&outcome.id), encode(&item.name))
}

pub(super) fn kind(kind: OutcomeKind) -> Words {
    match kind {
        OutcomeKind::Primary => text::PRIMARY,
        OutcomeKind::Secondary => text::SECONDARY,
        OutcomeKind::Other => text::OTHER_KIND,
    }
}

/// The unit's UCUM code; nothing of what has none.
pub(super) fn code(item: &Item) -> &str {
    item.unit.as_ref().map(|u| u.code()).filter(|code| *code != "1").unwrap_or("")
}

/// A number with its unit, as reports print it.
pub(super) fn with_unit(number: &str, code: &str) -> String {
    plain_value(format!("{number} {code}").trim_end())
}

/// Items with a value as a table; the others, so that these are not lost among them, as a list.
fn measured(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for (place, outcome) in trial.outcomes.iter().enumerate() {
        for (i, item) in outcome.items().iter().enumerate().filter(|(i, _)| sheet.open.shows(place, *i)) {
            let figure = visit_figure(trial, &sheet.zone, &sheet.all(), (place, i), Vec::new());
            if figure.columns.iter().any(|c| told(c, item, lang).is_some()) {
                rows.push(item_row(context, &figure, outcome, item));
            } else {
                without.push((outcome, item));
            }
        }
    }
    html! {
        section.card aria-labelledby="measured" {
            h2 #measured { (text::MEASURED.say(lang)) }
            @if !rows.is_empty() { table.cards.items role="table" {
                caption.hidden { (text::MEASURED.say(lang)) }
                (frame::columns(&[text::ITEM, text::AT_BASELINE, text::AT_NEWEST, text::COURSE], lang))
                tbody role="rowgroup" { @for row in &rows { (row) } }
            } }
            @if !without.is_empty() { details {
                summary { (text::WITHOUT_VALUE.fill(lang, &[&without.len().to_string()])) }
                ul.without { @for (outcome, item) in &without { li { a href=(address(&trial.id, outcome, item)) lang="en" { (item.label) } } } }
            } }
        }
    }
}

fn item_row(context: &Context<'_>, figure: &VisitFigure, outcome: &Outcome, item: &Item) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let newest = figure.columns.iter().skip(1).rev().find(|c| told(c, item, lang).is_some());
    let blank = || html! { "–" };
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                a href=(address(&trial.id, outcome, item)) lang="en" { (item.label) }
                div.fine { span lang="en" { (outcome.id) } ", " (kind(outcome.kind).say(lang)) }
            }
            td role="cell" data-label=(text::AT_BASELINE.say(lang)) { (figure.columns.first().and_then(|c| told(c, item, lang)).unwrap_or_else(blank)) }
            td role="cell" data-label=(text::AT_NEWEST.say(lang)) {
                @match newest { Some(column) => { (told(column, item, lang).unwrap_or_else(blank)) " " span.fine { (column.name) } } None => { "–" } }
            }
            td role="cell" data-label=(text::COURSE.say(lang)) { (course(figure)) }
        }
    }
}

/// A visit in one number.
fn told(column: &Column, item: &Item, lang: Lang) -> Option<Markup> {
    let answers = column.answers[0] + column.answers[1];
    let (number, count) = match &column.summary {
        Some(s) => (with_unit(&s.median.to_string(), code(item)), s.count),
        None if answers > 0 => {
            let of = text::HOLDS_OF.fill(lang, &[&column.answers[0].to_string(), &answers.to_string()]);
            return Some(html! { (of) });
        }
        None => return None,
    };
    Some(html! { (number) " " span.fine { (text::OF_COUNT.fill(lang, &[&count.to_string()])) } })
}

/// The median, or the share of whom it holds, over visits: as a line for those who see it; the numbers are beside it.
fn course(figure: &VisitFigure) -> Markup {
    let number = |c: &Column| match &c.summary {
        Some(s) => Some(s.median.clone()),
        None => Number::ratio(i64::try_from(c.answers[0]).ok()?, i64::try_from(c.answers[0] + c.answers[1]).ok()?),
    };
    let all: Vec<(i64, Number)> =
        (0..).zip(&figure.columns).filter_map(|(place, c)| Some((place, number(c)?))).collect();
    let Some(scale) = Scale::holding(all.iter().map(|(_, n)| n), 1) else { return html! {} };
    let last = i64::try_from(figure.columns.len()).unwrap_or(1).max(2) - 1;
    let at = |(place, n): &(i64, Number)| (4 + place * 152 / last, 32 - scale.place(n) * 28 / SIDE);
    let points: Vec<String> = all.iter().map(at).map(|(x, y)| format!("{x},{y}")).collect();
    let newest = all.last().map(at);
    html! {
        svg.figure.course viewBox="0 0 160 36" width="160" height="36" aria-hidden="true" focusable="false" {
            polyline.median points=(points.join(" ")) {}
            @if let Some((x, y)) = newest { circle.dot cx=(x) cy=(y) r="3" {} }
        }
    }
}

fn complete(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let all = sheet.all();
    let labels: Vec<String> = sheet.persons.iter().map(Subject::label).collect();
    html! { @for figure in completeness(trial, &all, |c| sheet.open.shows(c.outcome, c.item)) {
        @let id = format!("complete-{}", figure.row);
        @let title = text::COMPLETENESS.fill(lang, &[&trial.visits[figure.row].name]);
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) }
            (grid::picture(&figure, &labels, DRAWN_MAX, &Named { id: &format!("{id}-f"), title: &title, told: text::COMPLETENESS_TOLD.say(lang), unit: "" }))
            (states_legend(&figure, lang))
            (drawn_cut(sheet, lang))
            details {
                summary { (text::BY_VISIT.say(lang)) }
                (totals(&figure, lang))
            }
            details {
                summary { (text::BY_PERSON.say(lang)) }
                (by_person(context, sheet, &figure))
            }
        }
    } }
}

pub(super) fn drawn_cut(sheet: &Sheet, lang: Lang) -> Markup {
    let all = sheet.persons.len();
    html! { @if all > DRAWN_MAX { p.fine { (text::DRAWN_CUT.fill(lang, &[&DRAWN_MAX.to_string(), &all.to_string()])) } } }
}

fn states_legend(figure: &Completeness, lang: Lang) -> Markup {
    let seen = |whole: Whole| figure.persons.iter().flatten().flatten().any(|c| c.whole() == whole);
    let all = [Whole::Is(State::Captured), Whole::Is(State::CapturedOutside), Whole::Part].into_iter();
    let all = all.chain(STATES.into_iter().skip(2).map(Whole::Is));
    let used: Vec<_> = all.filter(|w| seen(*w)).map(mark::of).collect();
    mark::legend(&used, lang)
}

/// Each visit over everybody: items by state.
fn totals(figure: &Completeness, lang: Lang) -> Markup {
    html! {
        div.scroll role="group" aria-label=(text::BY_VISIT.say(lang)) tabindex="0" { table.dense {
            thead { tr { th scope="col" { (text::VISIT.say(lang)) } th scope="col" { (text::SHARE_CAPTURED.say(lang)) }
                @for state in STATES { th scope="col" { (mark::of_state(state).1.say(lang)) } } } }
            tbody { @for (name, counts) in figure.visits.iter().zip(&figure.totals) { tr {
                th scope="row" { (name) }
                td { @match (counts.captured() * 100).checked_div(counts.wanted()) { Some(share) => { (share) " %" } None => { "–" } } }
                @for state in STATES { td { (counts.of(state)) } }
            } } }
        } }
    }
}

fn by_person(context: &Context<'_>, sheet: &Sheet, figure: &Completeness) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    html! {
        div.scroll role="group" aria-label=(text::BY_PERSON.say(lang)) tabindex="0" { table.dense {
            thead { tr { th scope="col" { (text::PERSON.say(lang)) } @for name in &figure.visits { th scope="col" { (name) } } } }
            tbody { @for (subject, own) in sheet.persons.iter().zip(&figure.persons).take(DRAWN_MAX) { tr {
                th scope="row" { a href={ "/trials/" (trial.id) "/persons/" (subject.person) "/outcomes" } { (subject.label()) } }
                @for counts in own { td { @match counts {
                    Some(c) if c.captured() > 0 => { (c.captured()) "/" (c.applicable()) }
                    Some(c) => { (mark::of(c.whole()).1.say(lang)) }
                    None => { "–" }
                } } }
            } } }
        } }
    }
}

fn events(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let timed = |o: &Outcome| matches!(o.measured, Measured::ToEvent { .. });
    html! { @for (place, outcome) in trial.outcomes.iter().enumerate().filter(|(i, o)| timed(o) && sheet.open.shows(*i, 0)) {
        @let figure = survival(sheet.persons.iter().map(|p| &p.outcomes), place);
        @let id = format!("event-{place}");
        @let title = text::TIME_TO_EVENT.fill(lang, &[&outcome.id.replace('_', " ")]);
        @let told = text::SURVIVAL_TOLD.fill(lang, &[&figure.curve.persons.to_string(), &figure.curve.events.to_string()]);
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if let Some(words) = &outcome.protocol { p.fine lang="en" { (words) } }
            @if figure.curve.persons == 0 { p { (text::NO_VALUE.say(lang)) } } @else {
                p { (told) @if let Some(days) = figure.curve.median() { " " strong { (text::MEDIAN_AT.fill(lang, &[&days.to_string()])) } } }
                (survival::picture(&figure, &Named { id: &format!("{id}-f"), title: &title, told: &told, unit: "" }, lang))
            }
            p.fine { @for (count, words) in [(figure.not_started, text::NOT_STARTED), (figure.not_applicable, text::NOT_APPLICABLE), (figure.unknown, text::UNKNOWN)] {
                @if count > 0 { (words.say(lang)) ": " (count) ". " }
            } }
            details { summary { (text::SHOW_TABLE.fill(lang, &[&figure.curve.falls.len().to_string()])) } (falls(&figure, lang)) }
        }
    } }
}

fn falls(figure: &SurvivalFigure, lang: Lang) -> Markup {
    let heads = [text::DAYS, text::AT_RISK, text::EVENTS, text::MARK_CURVE];
    html! {
        div.scroll role="group" aria-label=(text::EVENTS.say(lang)) tabindex="0" { table.dense {
            thead { tr { @for words in heads { th scope="col" { (words.say(lang)) } } } }
            tbody {
                @for fall in &figure.curve.falls { tr { th scope="row" { (fall.days) } td { (fall.at_risk) } td { (fall.events) } td { (percent(&fall.share)) } } }
            }
        } }
    }
}

/// A share in percent with one decimal.
fn percent(share: &Number) -> String {
    format!("{} %", (share * &Number::from(100)).round(1))
}

fn grades(context: &Context<'_>, sheet: &Sheet) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let shown: Vec<_> = trial.safety.iter().enumerate().filter(|(place, _)| sheet.open.shows_grades(*place)).collect();
    html! { @if !shown.is_empty() {
        section.card aria-labelledby="grades" {
            h2 #grades { (text::GRADES.say(lang)) }
            p.fine { (text::GRADES_WHY.say(lang)) }
            div.shifts { @for (place, entry) in shown {
                @let table = shift(sheet.persons.iter().map(|p| &p.outcomes), place, entry.grades.len());
                div.scroll role="group" aria-label=(entry.label) tabindex="0" { (one_shift(&entry.label, &table, lang)) }
            } }
        }
    } }
}

fn one_shift(label: &str, shift: &Shift, lang: Lang) -> Markup {
    let word = |grade: Grade| grade.map_or_else(|| text::UNKNOWN.say(lang).to_owned(), |g| g.to_string());
    html! {
        table.shift {
            caption lang="en" { (label) }
            thead {
                tr { td {} th scope="colgroup" colspan=(shift.grades.len()) { (text::WORST.say(lang)) } }
                tr { th scope="col" { (text::GRADE_OF.say(lang)) } @for grade in &shift.grades { th scope="col" { (word(*grade)) } } }
            }
            tbody { @for (i, (grade, row)) in shift.grades.iter().zip(&shift.persons).enumerate() { tr {
                th scope="row" { (word(*grade)) }
                @for (j, count) in row.iter().enumerate() {
                    @let known = i + 1 < shift.grades.len() && j + 1 < shift.grades.len();
                    @let class = if known && j > i { "worse" } else if known && j < i { "better" } else { "same" };
                    td class={ (class) @if *count > 0 { " some" } } { @if *count > 0 { (count) } @else { span.nought { "0" } } }
                }
            } } }
        }
        @if shift.at_least > 0 { p.fine { (text::AT_LEAST_COUNT.fill(lang, &[&shift.at_least.to_string()])) } }
        @if shift.without > 0 { p.fine { (text::WITHOUT_RESULT.fill(lang, &[&shift.without.to_string()])) } }
    }
}

/// The unit as an axis shows it.
pub(super) fn axis_unit(item: &Item) -> String {
    plain_unit(code(item))
}
