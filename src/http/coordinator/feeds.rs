//! Feeds and queues: what each source sent beside what was expected, what is set aside, what waits for the targets.

use super::frame;
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::feeds::{Late, SourceHealth, Volume, date};
use crate::flow::pages::queues::Queues;
use crate::flow::pages::worklist::Names;
use maud::{Markup, html};

/// The page.
pub(super) fn page(context: &Context<'_>, queues: &Queues) -> Markup {
    let lang = context.visit.lang;
    let main = html! {
        div.heading { h1 { (text::FEEDS.say(lang)) } p.lead { (text::FEEDS_WHY.say(lang)) } }
        @if queues.sources.is_empty() { p.card { (text::NO_FEED.say(lang)) } }
        @for source in &queues.sources { (feed(context, queues, source)) }
        (targets(queues, lang))
    };
    frame::page(context, &format!("{} · {}", text::FEEDS.say(lang), context.trial.id), text::FEEDS, &main)
}

fn feed(context: &Context<'_>, queues: &Queues, source: &SourceHealth) -> Markup {
    let lang = context.visit.lang;
    let (v, names) = (&source.volume, Names::of(context.trial));
    let id = format!("feed-{}", source.source);
    let (all, unread) = source.week;
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (source.source) }
            @if let Some(day) = v.silent { p role="note" { strong { (text::SILENT_SINCE.fill(lang, &[&date(day)])) } } }
            dl {
                dt { (text::LAST_SEEN.say(lang)) } dd { (frame::minute(v.last, &queues.zone)) }
                dt { (text::YESTERDAY.say(lang)) } dd { (of_expected(v, lang)) }
                dt { (text::TODAY.say(lang)) } dd { (v.today) }
                dt { (text::AFTER_CLINICAL.say(lang)) } dd { (late(&v.clinical)) }
                dt { (text::AFTER_RECORDED.say(lang)) } dd { (late(&v.recorded)) }
                dt { (text::READ_BY_NOBODY.say(lang)) } dd { (text::OF_ALL.fill(lang, &[&unread.to_string(), &all.to_string()])) }
                dt { (text::SET_ASIDE.say(lang)) } dd {
                    @match source.set_aside { Some((n, since)) => { (n) ", " (text::SINCE.fill(lang, &[&frame::minute(since, &queues.zone)])) } None => { "0" } }
                }
            }
            @if !source.variables.is_empty() {
                table.cards role="table" {
                    (frame::columns(&[text::VARIABLE, text::LAST_SEEN, text::YESTERDAY, text::CHANGED_FEED], lang))
                    tbody role="rowgroup" { @for found in &source.variables { tr role="row" {
                        td role="cell" lang="en" data-label=(text::VARIABLE.say(lang)) { (names.variable(&found.variable)) }
                        td role="cell" data-label=(text::LAST_SEEN.say(lang)) { (frame::minute(found.volume.last, &queues.zone)) }
                        td role="cell" data-label=(text::YESTERDAY.say(lang)) {
                            (of_expected(&found.volume, lang))
                            @if let Some(day) = found.volume.silent { " " strong { (text::SILENT_SINCE.fill(lang, &[&date(day)])) } }
                        }
                        td role="cell" lang="en" data-label=(text::CHANGED_FEED.say(lang)) {
                            @if found.changes.is_empty() { "–" } @for change in &found.changes { p { (change.to_string()) } }
                        }
                    } } }
                }
            }
        }
    }
}

fn of_expected(v: &Volume, lang: Lang) -> String {
    let expected = v.expected.map_or_else(|| "?".to_owned(), |n| n.to_string());
    text::OF_EXPECTED.fill(lang, &[&v.yesterday.to_string(), &expected])
}

/// Shares of those known within an hour, a day, a week.
fn late(l: &Late) -> String {
    let percent = |n: i64| format!("{} %", n * 100 / l[0].max(1));
    if l[0] == 0 { "–".to_owned() } else { [l[1], l[2], l[3]].map(percent).join(" / ") }
}

fn targets(queues: &Queues, lang: Lang) -> Markup {
    html! {
        section.card aria-labelledby="targets" {
            h2 #targets { (text::TARGETS.say(lang)) }
            @if queues.targets.is_empty() { p { (text::NOTHING_WAITS.say(lang)) } } @else {
                table.cards role="table" {
                    (frame::columns(&[text::TARGET_NAME, text::WAITING, text::DEAD_LETTERS, text::FAILING_SINCE], lang))
                    tbody role="rowgroup" { @for sum in &queues.targets { tr role="row" {
                        td role="cell" data-label=(text::TARGET_NAME.say(lang)) { (sum.target) }
                        td role="cell" data-label=(text::WAITING.say(lang)) { (sum.waiting) }
                        td role="cell" data-label=(text::DEAD_LETTERS.say(lang)) { (sum.dead) }
                        td role="cell" data-label=(text::FAILING_SINCE.say(lang)) {
                            @match sum.failing_since { Some(at) => { (frame::minute(at, &queues.zone)) } None => { "–" } }
                        }
                    } } }
                }
            }
            @if !queues.letters.is_empty() {
                ul { @for (target, words, n) in &queues.letters { li { strong { (target) } " " (n) ": " span lang="en" { (words) } } } }
            }
        }
    }
}
