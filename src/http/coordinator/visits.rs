//! Visits and reviews: what following people gives somebody to do, most urgent first.

use super::frame;
use super::outcome_person_parts::deviation;
use super::outcomes::not_followed;
use super::routes::Context;
use super::text::{self, Lang, Words};
use crate::flow::pages::visits::{Asked, Kind, Listing, Row, What, Work};
use maud::{Markup, html};

/// Items of a visit that are named at once; the rest is a touch away.
const NAMED: usize = 4;

/// What an address asks for; words that are none ask for nothing.
pub(super) fn asked(fields: &[(String, String)]) -> Asked {
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    let only = Kind::ALL.into_iter().find(|kind| kind.word() == field("show"));
    Asked { only, page: field("page").parse().unwrap_or(1) }
}

fn address(trial: &str, only: Option<Kind>, page: usize) -> String {
    let show = only.map(|kind| format!("show={}", kind.word()));
    let page = (page > 1).then(|| format!("page={page}"));
    let query: Vec<String> = show.into_iter().chain(page).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/trials/{trial}/visits{mark}{}", query.join("&"))
}

fn words(kind: Kind) -> Words {
    match kind {
        Kind::Overdue => text::VISITS_OVERDUE,
        Kind::Due => text::VISITS_DUE,
        Kind::Review => text::GRADES_TO_JUDGE,
        Kind::Departure => text::DEVIATIONS,
    }
}

/// The page.
pub(super) fn page(context: &Context<'_>, asked: &Asked, listing: &Listing) -> Markup {
    let (lang, id) = (context.visit.lang, &context.trial.id);
    let all: usize = listing.counts.iter().sum();
    let main = html! {
        p.crumbs { a href={ "/trials/" (id) } { "← " (text::TRIAL.say(lang)) } " · " a href={ "/trials/" (id) "/outcomes" } { (text::OUTCOMES.say(lang)) } }
        div.heading {
            h1 { (text::VISITS_AND_REVIEWS.say(lang)) }
            p.lead { strong { (id) } " · " (text::FOLLOWED.say(lang)) ": " strong { (listing.followed) } }
        }
        div {
            p.fine { (text::VISITS_WHY.say(lang)) @if listing.blinded { " " (text::VISITS_BLINDED.say(lang)) } }
            (not_followed(&listing.apart, listing.cut, lang))
        }
        nav.tiles aria-label=(text::VISITS_AND_REVIEWS.say(lang)) {
            ul {
                @for (kind, count) in Kind::ALL.into_iter().zip(listing.counts) { (tile(id, asked, Some(kind), words(kind), count, lang)) }
                (tile(id, asked, None, text::ALL_WORK, all, lang))
            }
        }
        @if listing.rows.is_empty() { p.card.empty { (text::NOTHING_OPEN.say(lang)) } }
        @else {
            (table(id, &listing.rows, lang))
            (frame::pages(listing.page, |page| address(id, asked.only, page), lang))
        }
    };
    frame::page(context, &format!("{} · {id}", text::VISITS_AND_REVIEWS.say(lang)), text::NAV_TRIAL, &main)
}

fn tile(id: &str, asked: &Asked, only: Option<Kind>, words: Words, count: usize, lang: Lang) -> Markup {
    let current = (asked.only == only).then_some("true");
    html! {
        li { a href=(address(id, only, 1)) aria-current=[current] {
            span.count { (count) }
            span.what { (words.say(lang)) }
        } }
    }
}

fn table(id: &str, rows: &[Row], lang: Lang) -> Markup {
    html! {
        table.cards.persons role="table" {
            caption.hidden { (text::VISITS_AND_REVIEWS.say(lang)) }
            (frame::columns(&[text::PERSON, text::WORK, text::ITEM, text::WHEN], lang))
            tbody role="rowgroup" { @for Row { person, label, work } in rows { tr role="row" {
                th role="rowheader" scope="row" { a href={ "/trials/" (id) "/persons/" (person) "/outcomes" } { (label) } }
                td role="cell" data-label=(text::WORK.say(lang)) { (kind(work, lang)) }
                td role="cell" data-label=(text::ITEM.say(lang)) { (what(&work.what, lang)) }
                td.when role="cell" data-label=(text::WHEN.say(lang)) { (when(work, lang)) }
            } } }
        }
    }
}

fn kind(work: &Work, lang: Lang) -> Markup {
    html! { @match &work.what {
        What::Visit { name, schedule, .. } => { (text::VISIT.say(lang)) " " strong { (name) } div.fine lang="en" { (schedule) } }
        What::Grade(_) => { (text::JUDGE_GRADE.say(lang)) }
        What::Departure(_) => { (text::LOOK_AT_DEVIATION.say(lang)) }
    } }
}

fn what(what: &What, lang: Lang) -> Markup {
    html! { @match what {
        What::Visit { items, .. } => { @match items.split_at_checked(NAMED).filter(|(_, rest)| rest.len() > 1) {
            Some((first, rest)) => {
                span lang="en" { (first.join(" · ")) }
                details { summary { (text::AND_MORE.fill(lang, &[&rest.len().to_string()])) } span lang="en" { (rest.join(" · ")) } }
            }
            None => { span lang="en" { (items.join(" · ")) } }
        } }
        What::Grade(label) => { span lang="en" { (label) } }
        What::Departure(found) => { (deviation(*found).say(lang)) }
    } }
}

fn when(work: &Work, lang: Lang) -> Markup {
    let words = match work.kind {
        Kind::Overdue => text::OVERDUE_SINCE,
        Kind::Due => text::DUE_UNTIL,
        Kind::Review => text::RESULT_OF_DAY,
        Kind::Departure => text::DAY_ZERO_ON,
    };
    html! { @match work.on {
        Some(day) => { (words.fill(lang, &[&day.to_string()])) }
        None => { (if work.kind == Kind::Overdue { text::OVERDUE } else { text::DUE }.say(lang)) }
    } }
}
