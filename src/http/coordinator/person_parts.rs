//! The lower half of a person's page: results over time, readings side by side, and how verdict and status came about.

use super::badge;
use super::drawing::picture;
use super::frame;
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::pages::chart::{Chart, Shown, Trend, Turn};
use crate::flow::pages::worklist::{KeptFact, Names, plain_value};
use crate::model::assessment::Overall;
use crate::model::standing::{Actor, Standing};
use crate::model::time::{Instant, TimeRange, Zone};
use crate::model::truth::Truth;
use maud::{Markup, html};

/// The study treatment, where this reader may know of it.
pub(super) fn treatment(chart: &Chart, lang: Lang) -> Markup {
    let given = chart.treatment.as_ref().filter(|_| !chart.blind.hides_treatment());
    let Some((found, starts)) = given.and_then(|t| Some((t, t.starts?))) else { return html! {} };
    let tolerance = match found.within_tolerance {
        Truth::True => Some(text::WITHIN),
        Truth::False => Some(text::OUTSIDE),
        Truth::Unknown => None,
    };
    html! {
        p { (text::DAY_ZERO.say(lang)) " " (frame::time(starts, &chart.zone))
            @if let Some(dose) = &found.given { " · " (text::DOSE.say(lang)) " " (dose)
                @if let Some(words) = tolerance { " (" (words.say(lang)) ")" } } }
    }
}

/// Each variable of numbers: a picture, and a table that says the same.
pub(super) fn trends(chart: &Chart, lang: Lang) -> Markup {
    html! {
        @if !chart.trends.is_empty() {
            section aria-labelledby="trends" {
                h2 #trends { (text::TRENDS.say(lang)) }
                div.trends { @for trend in &chart.trends { (one_trend(trend, &chart.zone, lang)) } }
            }
        }
    }
}

fn one_trend(trend: &Trend, zone: &Zone, lang: Lang) -> Markup {
    html! {
        article.card.trend-card {
            h3 lang="en" { (trend.label) }
            @if let Some((value, at)) = newest(trend) {
                p.newest { strong { (plain_value(value)) } " " span.fine { span.hidden { (text::NEWEST.say(lang)) " " } (range(Some(at), zone)) } }
            }
            @if !trend.drawing.dots.is_empty() || !trend.drawing.bars.is_empty() { (picture(trend, zone, lang)) }
            @if trend.limits.is_empty() { p.fine { (text::NO_LIMIT.say(lang)) } }
            details {
                summary { (text::SHOW_TABLE.fill(lang, &[&trend.all.to_string()])) }
                table.cards.facts role="table" {
                    caption.hidden { (text::RESULTS_OF.fill(lang, &[&trend.label])) }
                    (frame::columns(&[text::WHEN, text::AS_USED, text::AS_RECEIVED, text::SOURCE], lang))
                    tbody role="rowgroup" { @for result in &trend.results { (result_row(result, zone, lang)) } }
                }
                @if trend.all > trend.results.len() {
                    p.fine { (text::EARLIER.fill(lang, &[&(trend.all - trend.results.len()).to_string()])) }
                }
            }
        }
    }
}

/// The newest result that is used.
fn newest(trend: &Trend) -> Option<(&str, TimeRange)> {
    trend.results.iter().find_map(|r| Some((r.value.as_deref()?, r.at?)))
}

fn result_row(result: &Shown, zone: &Zone, lang: Lang) -> Markup {
    let unused = result.value.is_none().then_some("unused");
    html! {
        tr role="row" class=[unused] {
            th role="rowheader" scope="row" { (range(result.at, zone)) }
            td role="cell" data-label=(text::AS_USED.say(lang)) {
                @match &result.value { Some(value) => { strong { (value) } } None => { (text::NOT_USED.say(lang)) } }
                @if let Some(remark) = &result.remark { div.fine lang="en" { (remark) } }
            }
            td role="cell" data-label=(text::AS_RECEIVED.say(lang)) { (result.received) " " span.fine lang="en" { (result.status) } }
            td.source role="cell" data-label=(text::SOURCE.say(lang)) { code { (result.source) } }
        }
    }
}

/// A moment, a day, or the days between which it lies.
fn range(at: Option<TimeRange>, zone: &Zone) -> Markup {
    let Some(at) = at else { return html! { "–" } };
    if at.earliest == at.latest {
        return frame::time(at.earliest, zone);
    }
    let last = zone.date_of(at.latest);
    if at.earliest == Instant::MIN {
        return html! { "≤ " (last.to_string()) };
    }
    let first = zone.date_of(at.earliest);
    html! { (first.to_string()) @if first != last { " … " (last.to_string()) } }
}

/// The verdict under each alternative of each reading; those that matter first.
pub(super) fn readings(context: &Context<'_>, chart: &Chart) -> Markup {
    let lang = context.visit.lang;
    let own = chart.assessment.overall;
    let shown = chart.assessment.readings.iter().filter(|(name, _)| !chart.blind.hides_reading(name));
    let (matter, same): (Vec<_>, Vec<_>) = shown.partition(|(_, all)| all.iter().any(|(_, verdict)| *verdict != own));
    html! {
        @if !(matter.is_empty() && same.is_empty()) {
            section.card aria-labelledby="readings" {
                h2 #readings { (text::READINGS_AT_HAND.say(lang)) }
                p { (text::READINGS_WHY.say(lang)) }
                @if !matter.is_empty() { (readings_table(context, own, &matter)) }
                @if !same.is_empty() {
                    details {
                        summary { (text::SAME_READINGS.fill(lang, &[&same.len().to_string()])) }
                        (readings_table(context, own, &same))
                    }
                }
            }
        }
    }
}

type Reading = (String, Vec<(String, Overall)>);

fn readings_table(context: &Context<'_>, own: Overall, readings: &[&Reading]) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let choice = context.pages.desk.at_site(trial).choice(trial).0;
    html! {
        table.cards.readings role="table" {
            caption.hidden { (text::READINGS_AT_HAND.say(lang)) }
            (frame::columns(&[text::QUESTION, text::ALTERNATIVES], lang))
            tbody role="rowgroup" { @for (name, alternatives) in readings {
                @let place = trial.readings.iter().position(|r| r.name == *name);
                @let question = place.map_or(name.as_str(), |i| trial.readings[i].question.as_str());
                @let chosen = place.and_then(|i| choice.get(i).copied());
                tr role="row" {
                    th role="rowheader" scope="row" lang="en" { (question) }
                    td role="cell" data-label=(text::ALTERNATIVES.say(lang)) { ul.alternatives {
                        @for (i, (word, verdict)) in alternatives.iter().enumerate() {
                            li { span.alternative lang="en" { (word.replace('_', " ")) } " " (badge::verdict(*verdict, lang))
                                @if chosen == Some(i) { " " span.mark { (text::CHOSEN.say(lang)) } }
                                @if *verdict != own { " " span.mark.differs { (text::DIFFERS.say(lang)) } } }
                        }
                    } }
                }
            } }
        }
    }
}

/// What the verdict was, when, and what made it so.
pub(super) fn history(context: &Context<'_>, chart: &Chart) -> Markup {
    let lang = context.visit.lang;
    let names = Names::of(context.trial);
    html! {
        section.card aria-labelledby="history" {
            h2 #history { (text::HISTORY.say(lang)) }
            ol.history reversed { @for turn in &chart.history { (one_turn(turn, chart, &names, lang)) } }
            @if chart.history_all > chart.history.len() {
                p.fine { (text::EARLIER.fill(lang, &[&(chart.history_all - chart.history.len()).to_string()])) }
            }
        }
    }
}

fn one_turn(turn: &Turn, chart: &Chart, names: &Names<'_>, lang: Lang) -> Markup {
    let step = &turn.step;
    let open = |facts: &'_ [KeptFact]| -> Vec<KeptFact> {
        facts.iter().filter(|f| !chart.blind.hides_variable(&f.variable)).cloned().collect()
    };
    let (came, went) = (open(&step.came), open(&step.went));
    html! {
        li {
            div.when { (frame::time(turn.at, &chart.zone)) }
            div {
                @if let Some(before) = turn.before.filter(|b| *b != turn.verdict) { (badge::verdict(before, lang)) " → " }
                (badge::verdict(turn.verdict, lang))
                @if turn.before.is_none() { " " span.fine { (text::FIRST_LOOK.say(lang)) } }
                @for flip in step.flips.iter().filter(|f| !chart.blind.hides_criterion(&f.id)) {
                    div.flip { strong { (flip.id) } " "
                        (badge::of_result(badge::result_word(&flip.from), flip.exclusion).1.say(lang)) " → "
                        (badge::of_result(badge::result_word(&flip.to), flip.exclusion).1.say(lang)) }
                }
                (facts(text::CAME.say(lang), &came, names, lang))
                (facts(text::WENT.say(lang), &went, names, lang))
                @if turn.before.is_some() && came.is_empty() && went.is_empty() { div.fine { (text::ONLY_TIME.say(lang)) } }
            }
        }
    }
}

fn facts(words: &str, facts: &[KeptFact], names: &Names<'_>, lang: Lang) -> Markup {
    html! {
        @for fact in facts {
            div.fact { span.fine { (words) ": " }
                span lang="en" { (names.variable(&fact.variable)) " " strong { (fact.received) } }
                " " span.fine { (fact.at.get(..10).unwrap_or(&fact.at))
                    @if fact.value.is_none() { ", " (text::NOT_USED.say(lang)) } }
            }
        }
    }
}

/// Where the person stood, and who put them there.
pub(super) fn standings(chart: &Chart, lang: Lang) -> Markup {
    html! {
        section.card aria-labelledby="standings" {
            h2 #standings { (text::STATUS_HISTORY.say(lang)) }
            table.cards role="table" {
                caption.hidden { (text::STATUS_HISTORY.say(lang)) }
                (frame::columns(&[text::WHEN, text::STATUS, text::BY, text::REASON], lang))
                tbody role="rowgroup" { @for standing in &chart.standings { (standing_row(standing, &chart.zone, lang)) } }
            }
        }
    }
}

fn standing_row(standing: &Standing, zone: &Zone, lang: Lang) -> Markup {
    html! {
        tr role="row" {
            th role="rowheader" scope="row" { (frame::time(standing.at, zone)) }
            td role="cell" data-label=(text::STATUS.say(lang)) {
                (badge::status(standing.status, standing.by_person(), lang))
                @if standing.removed { " " span.mark { (text::TAKEN_BACK.say(lang)) } }
                @if standing.attempt > 1 { " " span.fine { (text::ATTEMPT.say(lang)) " " (standing.attempt) } }
            }
            td role="cell" data-label=(text::BY.say(lang)) { @match &standing.actor {
                Actor::Data => { (text::DATA.say(lang)) }
                Actor::Person { name, role } => { (name) " " span.fine lang="en" { (role.word()) } }
            } }
            td role="cell" data-label=(text::REASON.say(lang)) {
                span lang="en" { (standing.reason) }
                @if let Some(until) = standing.expires { " " span.fine { (text::VALID_UNTIL.fill(lang, &[&frame::minute(until, zone)])) } }
                @if let Some(day) = &standing.evidence.consented { div.fine { (text::CONSENTED.say(lang)) " " (day) } }
                @if let Some(at) = standing.evidence.registered { div.fine { (text::REGISTERED.say(lang)) " " (frame::time(at, zone)) } }
            }
        }
    }
}
