//! A trial: its record, its numbers, and the questions that its text leaves open, each with the written answer.

use super::badge;
use super::frame;
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::pages::overview::{Cell, Counted, Overview};
use crate::flow::pages::worklist::{LOOKED_THROUGH_MAX, Names};
use crate::flow::rehearsal::backtest::SMALL_CELL;
use crate::model::key::hex;
use crate::model::standing::Status;
use crate::trial::definition::ReadingChoice;
use maud::{Markup, html};

/// Length of the longest bar, in the units of its picture.
const BAR: u64 = 200;

/// The page.
pub(super) fn page(context: &Context<'_>, numbers: &Overview) -> Markup {
    let lang = context.visit.lang;
    let study = &context.trial.study;
    let main = html! {
        div.heading {
            h1 lang="en" { (study.title) }
            p.lead { strong { (context.trial.id) } " · " (text::DEFINITION.say(lang)) " "
                (text::VERSION.fill(lang, &[&context.trial.version.to_string()])) }
            p { a.onward href={ "/trials/" (context.trial.id) "/outcomes" } { (text::OUTCOMES.say(lang)) " →" } }
            p { a.onward href={ "/trials/" (context.trial.id) "/visits" } { (text::VISITS_AND_REVIEWS.say(lang)) " →" } }
        }
        @if !numbers.exact {
            p.card.small { (text::SMALL_CELLS.fill(lang, &[&(SMALL_CELL - 1).to_string()])) }
        }
        div.columns {
            (funnel(numbers, lang))
            (record(context))
        }
        (attrition(context, numbers))
        (questions(context, numbers))
        (notes(context))
    };
    frame::page(context, &format!("{} · {}", text::TRIAL.say(lang), context.trial.id), text::NAV_TRIAL, &main)
}

fn record(context: &Context<'_>) -> Markup {
    let lang = context.visit.lang;
    let (trial, study) = (context.trial, &context.trial.study);
    let at = context.pages.desk.at_site(trial);
    let site = at.site(trial).map(|s| format!("{} ({}, {})", s.name, s.id, s.country));
    let digest = hex(&trial.digest);
    let target = study.target.map(|n| n.to_string());
    let rows = [
        (text::SPONSOR, study.sponsor.as_deref()),
        (text::PHASE, study.phase.as_deref()),
        (text::STATUS, Some(study.status.as_str())),
        (text::TARGET, target.as_deref()),
        (text::SITE, site.as_deref()),
    ];
    html! {
        section.card aria-labelledby="record" {
            h2 #record { (text::RECORD.say(lang)) }
            dl {
                @for (words, value) in rows { @if let Some(value) = value { dt { (words.say(lang)) } dd lang="en" { (value) } } }
                dt { (text::RECRUITS.say(lang)) } dd { (if at.recruiting { text::YES } else { text::NO }.say(lang)) }
                dt { (text::DEFINITION.say(lang)) } dd { code title=(digest) { "sha256:" (digest.get(..12).unwrap_or("")) "…" } }
            }
        }
    }
}

fn shown(cell: Cell, lang: Lang) -> Markup {
    html! { @match cell { Some(n) => { (n) } None => { span.fine { (text::WITHHELD.say(lang)) } } } }
}

/// A bar beside a number; a number that is withheld has none.
fn bar(cell: Cell, most: u64) -> Markup {
    let Some(n) = cell else { return html! {} };
    let width = n.saturating_mul(BAR) / most.max(1);
    html! {
        svg.bar viewBox={ "0 0 " (BAR) " 10" } preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.rail width=(BAR) height="10" rx="2" {}
            rect.fill width=(width.max(u64::from(n > 0) * 2)) height="10" rx="2" {}
        }
    }
}

fn funnel(numbers: &Overview, lang: Lang) -> Markup {
    let mut rows: Vec<&(String, Cell)> = numbers.tally.iter().collect();
    // The codes' own order first: from the first look to the end; then those who are not listed.
    let place = |word: &str| Status::ALL.iter().position(|s| s.code() == word).unwrap_or(usize::MAX);
    rows.sort_by_key(|(word, n)| (place(word), std::cmp::Reverse(*n)));
    let most = rows.iter().filter_map(|(_, n)| *n).max().unwrap_or(0);
    let bound = LOOKED_THROUGH_MAX.to_string();
    html! {
        section.card aria-labelledby="funnel" {
            h2 #funnel { (text::FUNNEL.say(lang)) }
            @if rows.is_empty() { p { (text::NO_NUMBERS.say(lang)) } } @else {
                table.numbers {
                    caption.hidden { (text::FUNNEL_CAPTION.say(lang)) }
                    thead.hidden { tr { th scope="col" { (text::STATUS.say(lang)) } th scope="col" { (text::PERSONS.say(lang)) } } }
                    tbody { @for (word, n) in rows { tr {
                        th scope="row" { (badge::tally(word, lang)) }
                        td { (shown(*n, lang)) } td { (bar(*n, most)) }
                    } } }
                }
            }
            ul.verdicts { @for (i, verdict) in ["eligible", "undetermined", "ineligible"].iter().enumerate() {
                @if let Some(verdict) = badge::verdict_word(verdict) { li { (badge::verdict(verdict, lang)) " " strong { (shown(numbers.verdicts[i], lang)) } } }
            } }
            @if numbers.cut { p { (text::CUT.fill(lang, &[&bound, &bound])) } }
        }
    }
}

fn attrition(context: &Context<'_>, numbers: &Overview) -> Markup {
    let lang = context.visit.lang;
    let most = numbers.listed.or_else(|| numbers.columns.iter().filter_map(|c| c.left).max()).unwrap_or(0);
    html! {
        section.card aria-labelledby="attrition" {
            h2 #attrition { (text::ATTRITION.say(lang)) }
            p { (text::ATTRITION_WHY.say(lang)) }
            table.cards.attrition role="table" {
                caption.hidden { (text::ATTRITION.say(lang)) ". " (text::DECIDABILITY.say(lang)) }
                (frame::columns(&[text::CRITERION, text::STILL_IN, text::ALONE_COLUMN, text::DECIDED, text::HOLDS, text::HOLDS_NOT, text::UNKNOWN, text::NOT_APPLICABLE], lang))
                tbody role="rowgroup" { @for column in &numbers.columns { (counted(context, numbers, column, most)) } }
            }
        }
    }
}

fn counted(context: &Context<'_>, numbers: &Overview, column: &Counted, most: u64) -> Markup {
    let lang = context.visit.lang;
    let criterion = context.trial.criteria.iter().find(|c| c.id == column.id);
    let blind = numbers.blind.hides_criterion(&column.id);
    let answers = column.answers.iter().zip([text::HOLDS, text::HOLDS_NOT, text::UNKNOWN, text::NOT_APPLICABLE]);
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                strong { (column.id) }
                @if let Some(c) = criterion { " " span.fine { (if c.exclusion { text::EXCLUSION } else { text::INCLUSION }.say(lang)) }
                    div.protocol lang="en" { (c.protocol) } }
            }
            @if blind { td role="cell" colspan="7" { (text::BLINDED.say(lang)) } } @else {
                td role="cell" data-label=(text::STILL_IN.say(lang)) { (shown(column.left, lang)) (bar(column.left, most)) }
                td role="cell" data-label=(text::ALONE_COLUMN.say(lang)) { (shown(column.alone, lang)) }
                td role="cell" data-label=(text::DECIDED.say(lang)) { (decided(&column.answers, lang)) }
                @for (n, words) in answers { td role="cell" data-label=(words.say(lang)) { (shown(*n, lang)) } }
            }
        }
    }
}

/// The share whose answer is known, of those to whom the criterion applies; withheld when a part of it is.
fn decided(answers: &[Cell; 4], lang: Lang) -> Markup {
    let known = answers[0].zip(answers[1]).map(|(a, b)| a + b);
    match known.zip(answers[2]) {
        Some((known, open)) if known + open > 0 => html! { (known * 100 / (known + open)) " %" },
        Some(_) => html! { "–" },
        None => shown(None, lang),
    }
}

fn questions(context: &Context<'_>, numbers: &Overview) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let choice = context.pages.desk.at_site(trial).choice(trial).0;
    let shown = |r: &ReadingChoice| !numbers.blind.hides_reading(&r.name);
    html! {
        @if !trial.readings.is_empty() {
            section aria-labelledby="questions" {
                h2 #questions { (text::OPEN_QUESTIONS.say(lang)) }
                p { (text::OPEN_QUESTIONS_WHY.say(lang)) }
                div.questions { @for (i, reading) in trial.readings.iter().enumerate().filter(|(_, r)| shown(r)) {
                    (question(context, numbers, reading, choice.get(i).copied().unwrap_or(reading.default)))
                } }
            }
        }
    }
}

fn question(context: &Context<'_>, numbers: &Overview, reading: &ReadingChoice, chosen: usize) -> Markup {
    let lang = context.visit.lang;
    let names = Names::of(context.trial);
    html! {
        article.card.question {
            h3 lang="en" { (reading.question) }
            ul.alternatives { @for (i, (word, expression)) in reading.alternatives.iter().enumerate() {
                li {
                    span.alternative lang="en" { (word.replace('_', " ")) }
                    @if i == chosen { " " span.mark { (text::CHOSEN.say(lang)) } }
                    div.expression lang="en" title=(expression.text) { (names.expression(&expression.text)) }
                    @if let Some((eligible, open)) = numbers.readings.get(&(reading.name.clone(), word.clone())) {
                        div.fine { (text::ELIGIBLE_UNDER.fill(lang, &[&eligible.to_string(), &open.to_string()])) }
                    }
                }
            } }
            p { span.fine { (text::BECAUSE.say(lang)) ": " } span lang="en" { (reading.because) } }
        }
    }
}

fn notes(context: &Context<'_>) -> Markup {
    let (lang, notes) = (context.visit.lang, &context.trial.notes);
    html! {
        @if !notes.is_empty() {
            section.card aria-labelledby="notes" {
                h2 #notes { (text::NOTES.say(lang)) }
                dl.notes lang="en" { @for (words, why) in notes { dt { "“" (words) "”" } dd { (why) } } }
            }
        }
    }
}
