//! The worklist: who is listed, what decides, what changed, what comes next.

use super::badge::{self, Tone};
use super::frame;
use super::routes::Context;
use super::text::{self, Lang, Words};
use crate::flow::pages::worklist::{
    Asked, Blinding, Change, Entry, LOOKED_THROUGH_MAX, Listing, Names, Order, PAGE, Summary, plain_value,
};
use crate::flow::query::encode;
use crate::model::assessment::Overall;
use crate::model::standing::Status;
use crate::model::time::Zone;
use maud::{Markup, html};

/// The words of the verdict filter, in the order in which they are offered.
const VERDICTS: [Overall; 3] = [Overall::Eligible, Overall::Undetermined, Overall::Ineligible];
/// The words of the order.
const ORDERS: [(Order, &str, Words); 5] = [
    (Order::Next, "next", text::ORDER_NEXT),
    (Order::Tests, "tests", text::ORDER_TESTS),
    (Order::Changed, "changed", text::ORDER_CHANGED),
    (Order::Expires, "expires", text::ORDER_EXPIRES),
    (Order::Person, "person", text::ORDER_PERSON),
];

/// What an address asks for; words that are none ask for nothing.
pub(super) fn asked(fields: &[(String, String)]) -> Asked {
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    Asked {
        verdict: badge::verdict_word(field("verdict")),
        status: Status::from_code(field("status")),
        near: field("near") == "1",
        needs: Some(field("needs").to_owned()).filter(|n| !n.is_empty()),
        order: ORDERS.iter().find(|(_, word, _)| *word == field("order")).map_or(Order::Next, |(order, ..)| *order),
        page: field("page").parse().unwrap_or(1),
    }
}

/// The address that asks for this.
fn address(trial: &str, asked: &Asked) -> String {
    let mut out = format!("/?trial={}", encode(trial));
    let mut add = |name: &str, value: &str| out.push_str(&format!("&{name}={}", encode(value)));
    if let Some(verdict) = asked.verdict {
        add("verdict", verdict.word());
    }
    if let Some(status) = asked.status {
        add("status", status.code());
    }
    if asked.near {
        add("near", "1");
    }
    if let Some(needs) = &asked.needs {
        add("needs", needs);
    }
    if let Some((_, word, _)) = ORDERS.iter().find(|(order, ..)| *order == asked.order && asked.order != Order::Next) {
        add("order", word);
    }
    if asked.page > 1 {
        add("page", &asked.page.to_string());
    }
    out
}

/// The page.
pub(super) fn page(context: &Context<'_>, asked: &Asked, listing: &Listing) -> Markup {
    let lang = context.visit.lang;
    let study = &context.trial.study;
    let main = html! {
        div.heading {
            h1 { (text::WORKLIST.say(lang)) }
            p.lead lang="en" { strong { (context.trial.id) } " · " (study.short_title.as_deref().unwrap_or(&study.title)) }
        }
        (tiles(context, asked, listing))
        (filter(context, asked, listing))
        (counts(listing, lang))
        @if listing.entries.is_empty() {
            p.card.empty { (if listing.counts.listed == 0 { text::NONE_LISTED } else { text::NONE_FIT }.say(lang)) }
        } @else {
            (table(context, listing))
            (frame::pages(listing.page, |page| address(&context.trial.id, &Asked { page, ..asked.clone() }), lang))
        }
    };
    frame::page(context, text::WORKLIST.say(lang), text::NAV_WORKLIST, &main)
}

/// Persons by verdict, each a link to that filter.
fn tiles(context: &Context<'_>, asked: &Asked, listing: &Listing) -> Markup {
    let (lang, counts) = (context.visit.lang, &listing.counts);
    let plain = Asked { order: asked.order, ..Asked::default() };
    let of = |verdict| Asked { verdict: Some(verdict), ..plain.clone() };
    let near = Asked { near: true, ..plain.clone() };
    let all = [
        (of(VERDICTS[0]), Tone::Good, text::ELIGIBLE, counts.verdicts[0]),
        (of(VERDICTS[1]), Tone::Open, text::UNDETERMINED, counts.verdicts[1]),
        (of(VERDICTS[2]), Tone::Bad, text::INELIGIBLE, counts.verdicts[2]),
        (near, Tone::Quiet, text::NEAR_MISSES, counts.near),
        (plain.clone(), Tone::Quiet, text::ALL_LISTED, counts.listed),
    ];
    let here = Asked { page: 0, ..asked.clone() };
    html! {
        nav.tiles aria-label=(text::OVERVIEW_TILES.say(lang)) {
            ul { @for (place, (to, tone, words, n)) in all.iter().enumerate() {
                @let current = (*to == here).then_some("true");
                li { a href=(address(&context.trial.id, to)) aria-current=[current] {
                    span.count { (n) }
                    span.what { @if place < 3 { (badge::sign(*tone)) } (words.say(lang)) }
                } }
            } }
        }
    }
}

fn filter(context: &Context<'_>, asked: &Asked, listing: &Listing) -> Markup {
    let (lang, counts) = (context.visit.lang, &listing.counts);
    let names = Names::of(context.trial);
    html! {
        form.filter method="get" action="/" role="search" aria-label=(text::FILTER.say(lang)) {
            input type="hidden" name="trial" value=(context.trial.id);
            div { label for="verdict" { (text::VERDICT.say(lang)) }
                select #verdict name="verdict" { option value="" { (text::ANY.say(lang)) }
                    @for verdict in VERDICTS {
                        option value=(verdict.word()) selected[asked.verdict == Some(verdict)] { (badge::of_verdict(verdict).1.say(lang)) }
                    } } }
            div { label for="status" { (text::STATUS.say(lang)) }
                select #status name="status" { option value="" { (text::ANY.say(lang)) }
                    @for (status, n) in &counts.statuses {
                        option value=(status.code()) selected[asked.status == Some(*status)] { (badge::status_words(*status).say(lang)) " (" (n) ")" }
                    } } }
            div { label for="needs" { (text::WAITS_FOR.say(lang)) }
                select #needs name="needs" { option value="" { (text::ANY.say(lang)) }
                    @for (name, n) in &counts.needs {
                        option value=(name) selected[asked.needs.as_ref() == Some(name)] { (names.variable(name)) " (" (n) ")" }
                    } } }
            div { label for="order" { (text::ORDER.say(lang)) }
                select #order name="order" { @for (order, word, words) in ORDERS {
                    option value=(word) selected[asked.order == order] { (words.say(lang)) }
                } } }
            div.check { input #near type="checkbox" name="near" value="1" checked[asked.near];
                label for="near" { (text::ONLY_NEAR.say(lang)) } }
            div.act { button.primary { (text::APPLY.say(lang)) }
                a href={ "/?trial=" (context.trial.id) } { (text::CLEAR.say(lang)) } }
        }
    }
}

/// What is on this page, what is not, and why: nothing is cut off in silence.
fn counts(listing: &Listing, lang: Lang) -> Markup {
    let (page, _) = listing.page;
    let first = (page - 1) * PAGE + 1;
    let last = first + listing.entries.len().saturating_sub(1);
    let range = if listing.entries.is_empty() { "0".to_owned() } else { format!("{first}–{last}") };
    let bound = LOOKED_THROUGH_MAX.to_string();
    html! {
        p.counts {
            (text::SHOWING.fill(lang, &[&range, &listing.found.to_string()])) "."
            @if !listing.counts.others.is_empty() {
                " " (text::NOT_LISTED.say(lang)) ": "
                @for (i, (word, n)) in listing.counts.others.iter().enumerate() {
                    @if i > 0 { ", " } (n) " " (badge::tally(word, lang))
                } "."
            }
            @if listing.counts.cut { " " strong { (text::CUT.fill(lang, &[&bound, &bound])) } }
        }
    }
}

fn table(context: &Context<'_>, listing: &Listing) -> Markup {
    let lang = context.visit.lang;
    let columns = [text::PERSON, text::VERDICT, text::STATUS, text::WHAT_DECIDES, text::NEWEST_CHANGE, text::NEXT];
    html! {
        table.cards.persons role="table" {
            caption.hidden { (text::PERSONS_CAPTION.fill(lang, &[&context.trial.id])) }
            (frame::columns(&columns, lang))
            tbody role="rowgroup" { @for entry in &listing.entries { (row(context, listing, entry)) } }
        }
    }
}

fn row(context: &Context<'_>, listing: &Listing, entry: &Entry) -> Markup {
    let lang = context.visit.lang;
    let (row, summary) = (&entry.row, &entry.summary);
    let zone = frame::zone(context.pages, context.trial);
    let names = Names::of(context.trial);
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                a href={ "/trials/" (context.trial.id) "/persons/" (row.person) } { (called(entry)) }
            }
            td role="cell" data-label=(text::VERDICT.say(lang)) {
                (badge::verdict(row.verdict, lang))
                (badge::marks(summary.for_people_only, summary.provisional, summary.presumed, lang))
            }
            td role="cell" data-label=(text::STATUS.say(lang)) {
                (badge::status(row.status, row.by_person, lang))
                div.fine { (frame::time(row.status_at, &zone)) }
            }
            td.decides role="cell" data-label=(text::WHAT_DECIDES.say(lang)) {
                (decides(summary, row.verdict, &names, &listing.blind, lang))
            }
            td role="cell" data-label=(text::NEWEST_CHANGE.say(lang)) {
                @if let Some(change) = &entry.change { (changed(change, row.verdict, &names, &listing.blind, &zone, lang)) }
            }
            td role="cell" data-label=(text::NEXT.say(lang)) {
                @if row.status.is_on_study() { (text::SEALED.say(lang)) } @else { (next(summary, row.verdict, lang)) }
            }
        }
    }
}

/// The hospital's words where they may be seen, else the beginning of our key.
fn called(entry: &Entry) -> Markup {
    match &entry.name {
        Some(name) => html! { (name) },
        None => short_key(&entry.row.person.to_string()),
    }
}

/// The first digits of a key, in groups that the eye can hold.
pub(super) fn short_key(key: &str) -> Markup {
    html! { code title=(key) { (key.get(..4).unwrap_or(key)) " " (key.get(4..8).unwrap_or("")) } }
}

/// What is open, what nearly fits, or what keeps the person out.
fn decides(summary: &Summary, verdict: Overall, names: &Names<'_>, blind: &Blinding, lang: Lang) -> Markup {
    let near = summary.near_miss.as_ref().filter(|n| !blind.hides_criterion(&n.criterion));
    html! {
        @if verdict == Overall::Undetermined {
            span.fine { (text::TESTS_OPEN.fill(lang, &[&summary.missing.len().to_string()])) }
            ul.open { @for open in &summary.missing {
                li { @if blind.hides_variable(&open.variable) { (text::BLINDED.say(lang)) } @else {
                    span lang="en" { (names.variable(&open.variable)) }
                    " " span.fine { (badge::reason(&open.reason, lang))
                        @if let Some(last) = &open.last { ", " (text::LAST_ON.fill(lang, &[last.get(..10).unwrap_or(last)])) } }
                } }
            } }
        } @else if verdict == Overall::Ineligible {
            @if let Some(near) = near {
                (text::ALONE.fill(lang, &[&near.criterion]))
                @for c in &near.comparisons {
                    div.near { span lang="en" { (names.expression(&c.expression)) ": " strong { (plain_value(&c.value)) } }
                        " · " (text::DISTANCE.fill(lang, &[&plain_value(&c.difference)])) }
                }
            } @else { (text::KEPT_OUT_BY.fill(lang, &[&summary.keeping_out().collect::<Vec<_>>().join(", ")])) }
        } @else { span.fine { (text::NOTHING_OPEN.say(lang)) } }
    }
}

fn changed(change: &Change, now: Overall, names: &Names<'_>, blind: &Blinding, zone: &Zone, lang: Lang) -> Markup {
    /// Facts named in a row of the list; how many there are beyond is said.
    const NAMED: usize = 2;
    let came: Vec<_> = change.step.came.iter().filter(|f| !blind.hides_variable(&f.variable)).collect();
    html! {
        (frame::time(change.at, zone))
        @match change.before {
            None => { div.fine { (text::FIRST_LOOK.say(lang)) } }
            Some(before) if before != now => {
                div { (badge::of_verdict(before).1.say(lang)) " → " (badge::of_verdict(now).1.say(lang)) }
            }
            Some(_) => {}
        }
        @for fact in came.iter().take(NAMED) {
            div.fine lang="en" { (names.variable(&fact.variable)) ": " (fact.received) }
        }
        @if change.before == Some(now) && came.is_empty() { div.fine { (text::ONLY_TIME.say(lang)) } }
        @if came.len() > NAMED { div.fine { "+" (came.len() - NAMED) } }
    }
}

fn next(summary: &Summary, verdict: Overall, lang: Lang) -> Markup {
    let words = if verdict == Overall::Eligible { text::HOLDS_UNTIL } else { text::MAY_CHANGE };
    html! {
        @match &summary.changes_at {
            Some(at) => { time datetime=(at) { (words.fill(lang, &[at.get(..10).unwrap_or(at)])) } }
            None => { "–" }
        }
    }
}
