//! One person in one trial: the verdict, what would decide it, and each criterion in the protocol's own words.

use super::badge;
use super::frame;
use super::list::short_key;
use super::person_parts::{history, readings, standings, treatment, trends};
use super::routes::Context;
use super::text::{self, Lang};
use crate::flow::pages::chart::Chart;
use crate::flow::pages::worklist::{Joined, Names, joined, plain_value};
use crate::model::assessment::{Assessment, CriterionFinding, CriterionResult, FactUsed, Node, Overall};
use crate::model::truth::Truth;
use crate::trial::expression::tree::{Kind, Name};
use maud::{Markup, html};

/// The page.
pub(super) fn page(context: &Context<'_>, chart: &Chart) -> Markup {
    let lang = context.visit.lang;
    let key = chart.person.to_string();
    let called = chart.name.clone().unwrap_or_else(|| key.get(..8).unwrap_or(&key).to_owned());
    let main = html! {
        p.crumbs { a href={ "/?trial=" (context.trial.id) } { "← " (text::BACK.say(lang)) } }
        (head(context, chart))
        (alerts(chart, lang))
        div.columns {
            section.card aria-labelledby="decide" {
                h2 #decide { (text::WOULD_DECIDE.say(lang)) }
                (open(context, chart))
            }
            section.card aria-labelledby="glance" {
                h2 #glance { (text::CRITERIA_AT_A_GLANCE.say(lang)) }
                (glance(chart, lang))
                (combined(context))
            }
        }
        section aria-labelledby="criteria" {
            h2 #criteria { (text::CRITERIA.say(lang)) }
            @for finding in &chart.assessment.criteria { (criterion(context, chart, finding)) }
        }
        (trends(chart, lang))
        (readings(context, chart))
        (history(context, chart))
        (standings(chart, lang))
    };
    frame::page(context, &format!("{called} · {}", context.trial.id), text::PERSON, &main)
}

fn head(context: &Context<'_>, chart: &Chart) -> Markup {
    let lang = context.visit.lang;
    let (a, key) = (&chart.assessment, chart.person.to_string());
    html! {
        div.heading.person {
            div {
                h1 { @match &chart.name { Some(name) => { (name) } None => { (short_key(&key)) } } }
                p.lead { span lang="en" { strong { (context.trial.id) } " · " (context.trial.study.short_title.as_deref().unwrap_or("")) } }
                p.fine { (text::KEY.say(lang)) " " code { (key) } }
                @if chart.standings.iter().any(|s| s.evidence.registered.is_some()) {
                    p { a.onward href={ "/trials/" (context.trial.id) "/persons/" (key) "/outcomes" } { (text::OUTCOMES.say(lang)) " →" } }
                }
            }
            div.verdict {
                (badge::verdict_large(a.overall, lang)) " " span.fine { (text::BY_DATA.say(lang)) }
                (badge::marks(a.for_people_only, a.provisional, a.presumed, lang))
                p { (text::STATUS.say(lang)) ": " strong { (badge::status(chart.row.status, chart.row.by_person, lang)) } ", "
                    (text::SINCE.fill(lang, &[&frame::minute(chart.row.status_at, &chart.zone)])) }
                p.fine { (timing(chart, lang)) }
                (treatment(chart, lang))
            }
        }
    }
}

fn timing(chart: &Chart, lang: Lang) -> Markup {
    let a = &chart.assessment;
    let words = if a.overall == Overall::Eligible { text::HOLDS_UNTIL } else { text::MAY_CHANGE };
    html! {
        @if chart.row.status.is_on_study() { (text::SEALED.say(lang)) }
        @else if let Some(at) = a.changes_at { (words.fill(lang, &[&frame::minute(at, &chart.zone)])) }
        @if chart.behind { " " (text::BEHIND.say(lang)) }
    }
}

fn alerts(chart: &Chart, lang: Lang) -> Markup {
    html! {
        @if !chart.alerts.is_empty() {
            section.card.alerts aria-labelledby="alerts" {
                h2 #alerts { (text::ALERTS.say(lang)) }
                ul { @for (words, at) in &chart.alerts { li { span lang="en" { (words) } " " span.fine { (frame::time(*at, &chart.zone)) } } } }
            }
        }
    }
}

/// What is missing, or by how much it was missed.
fn open(context: &Context<'_>, chart: &Chart) -> Markup {
    let (lang, a) = (context.visit.lang, &chart.assessment);
    let names = Names::of(context.trial);
    html! {
        @if !a.missing.is_empty() {
            @if a.all_open_listed { p { (text::ALL_OPEN.say(lang)) } }
            ol.open { @for m in &a.missing { li {
                @if chart.blind.hides_variable(&m.variable) { (text::BLINDED.say(lang)) } @else {
                    strong lang="en" { (names.variable(&m.variable)) } ": " (badge::reason(m.reason.words(), lang))
                    @if let Some(last) = &m.last { ", " (text::LAST_ON.fill(lang, &[last])) }
                    " " span.fine { (text::CONCERNS.say(lang)) " " (m.criteria.join(", ")) }
                    @if !m.may_be.is_empty() {
                        p.fine { (text::MAY_BE.say(lang)) ": " (m.may_be.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) }
                    }
                }
            } } }
        } @else { (near(a, chart, &names, lang)) }
    }
}

fn near(a: &Assessment, chart: &Chart, names: &Names<'_>, lang: Lang) -> Markup {
    let near = a.near_miss.as_ref().filter(|n| !chart.blind.hides_criterion(&n.criterion));
    html! {
        @match near {
            None => {
                @if a.overall == Overall::Ineligible { p { (text::KEPT_OUT_BY.fill(lang, &[&keeping_out(a).join(", ")])) "." } }
                p { (text::NOTHING_WOULD.say(lang)) }
            }
            Some(near) => {
                p { strong { (text::NEAR_MISS.say(lang)) ": " } (text::ALONE.fill(lang, &[&near.criterion])) "." }
                @if !near.comparisons.is_empty() {
                    table.cards role="table" {
                        caption.hidden { (text::NEAR_MISS.say(lang)) " " (near.criterion) }
                        (frame::columns(&[text::ITEM, text::VALUE, text::LIMIT, text::DIFFERENCE], lang))
                        tbody role="rowgroup" { @for c in &near.comparisons { tr role="row" {
                            th role="rowheader" scope="row" lang="en" { (names.expression(&c.expression)) }
                            td role="cell" data-label=(text::VALUE.say(lang)) { (plain_value(&c.value)) }
                            td role="cell" data-label=(text::LIMIT.say(lang)) { (plain_value(&c.limit)) }
                            td role="cell" data-label=(text::DIFFERENCE.say(lang)) { (plain_value(&c.difference)) }
                        } } }
                    }
                }
            }
        }
    }
}

/// The criteria that stand against the person.
fn keeping_out(a: &Assessment) -> Vec<&str> {
    let out = |c: &&CriterionFinding| c.result == CriterionResult::Is(Truth::from(c.exclusion));
    a.criteria.iter().filter(out).map(|c| c.id.as_str()).collect()
}

/// One link for each criterion, with its result.
fn glance(chart: &Chart, lang: Lang) -> Markup {
    html! {
        ul.glance { @for c in &chart.assessment.criteria {
            li { a href={ "#" (anchor(&c.id)) } {
                span.id { (c.id) }
                (shown_result(chart, c, lang))
            } }
        } }
    }
}

/// The rule by which the inclusions make a whole, when it is not simply all of them.
fn combined(context: &Context<'_>) -> Markup {
    let (lang, trial) = (context.visit.lang, context.trial);
    let Some(rule) = &trial.included else { return html! {} };
    let names = Names::of(trial);
    let choice = context.pages.desk.at_site(trial).choice(trial).0;
    let mut named = Vec::new();
    rule.walk(&mut |e| {
        if let Kind::Name(Name::Reading(i)) = e.kind
            && let Some(reading) = trial.readings.get(i)
        {
            let chosen = choice.get(i).copied().unwrap_or(reading.default);
            named.extend(reading.alternatives.get(chosen).map(|(_, e)| (&reading.name, &e.text)));
        }
    });
    html! {
        h3.combine { (text::COMBINE.say(lang)) }
        p lang="en" { (names.expression(&rule.text)) }
        @for (name, expression) in named { p.fine lang="en" { (names.expression(name)) ": " (names.expression(expression)) } }
    }
}

fn anchor(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("criterion-{}", id.chars().map(safe).collect::<String>())
}

fn shown_result(chart: &Chart, c: &CriterionFinding, lang: Lang) -> Markup {
    if chart.blind.hides_criterion(&c.id) {
        badge::blinded(lang)
    } else {
        badge::result_beside(c.result, c.exclusion, chart.assessment.overall, lang)
    }
}

fn criterion(context: &Context<'_>, chart: &Chart, c: &CriterionFinding) -> Markup {
    let lang = context.visit.lang;
    let names = Names::of(context.trial);
    let id = anchor(&c.id);
    html! {
        article.card.criterion id=(id) aria-labelledby={ (id) "-title" } {
            header {
                h3 id={ (id) "-title" } { (c.id) " " span.fine { (if c.exclusion { text::EXCLUSION } else { text::INCLUSION }.say(lang)) } }
                (shown_result(chart, c, lang))
            }
            blockquote lang="en" { span.hidden lang=(lang.tag()) { (text::SAYS.say(lang)) ": " } (c.protocol) }
            @if chart.blind.hides_criterion(&c.id) { p.fine { (text::BLINDED.say(lang)) } } @else {
                h4 { (text::READ_AS.say(lang)) }
                ul.tree { (node(&c.tree, &names, lang)) }
                (facts(c, &names, lang))
            }
        }
    }
}

/// The truth of a node and of what it is made of.
fn node(n: &Node, names: &Names<'_>, lang: Lang) -> Markup {
    let texts: Vec<&str> = n.parts.iter().map(|p| p.expression.as_str()).collect();
    let inner = n.parts.iter().all(|p| p.result.is_some()) && !n.parts.is_empty();
    let group = match joined(&n.expression, &texts) {
        Joined::All if inner => Some(text::ALL_OF.say(lang).to_owned()),
        Joined::Any if inner => Some(text::ANY_OF.say(lang).to_owned()),
        Joined::AtLeast(n) if inner => Some(text::AT_LEAST_OF.fill(lang, &[&n.to_string()])),
        Joined::Not if inner => Some(text::OPPOSITE_OF.say(lang).to_owned()),
        _ => None,
    };
    html! {
        li {
            @if let Some(result) = n.result { (badge::truth(result, lang)) " " }
            @match group {
                Some(words) => { span.group { (words) ":" } }
                None => { span.expression lang="en" title=(n.expression) { (names.expression(&n.expression)) } }
            }
            @if let Some(value) = &n.value { " " span.value { (plain_value(&value.to_string())) } }
            @if !n.parts.is_empty() { ul { @for part in &n.parts { (node(part, names, lang)) } } }
        }
    }
}

fn facts(c: &CriterionFinding, names: &Names<'_>, lang: Lang) -> Markup {
    html! {
        @if c.facts.is_empty() { p.fine { (text::NO_EVIDENCE.say(lang)) } } @else {
            table.cards.facts role="table" {
                caption { (text::EVIDENCE_OF.fill(lang, &[&c.id])) }
                (frame::columns(&[text::ITEM, text::AS_USED, text::AS_RECEIVED, text::WHEN, text::RESULT_STATUS, text::SOURCE], lang))
                tbody role="rowgroup" { @for fact in &c.facts { (fact_row(fact, names, lang)) } }
            }
        }
    }
}

fn fact_row(fact: &FactUsed, names: &Names<'_>, lang: Lang) -> Markup {
    let unused = fact.value.is_none().then_some("unused");
    html! {
        tr role="row" class=[unused] {
            th role="rowheader" scope="row" lang="en" { (names.variable(&fact.variable)) }
            td role="cell" data-label=(text::AS_USED.say(lang)) {
                @match &fact.value { Some(value) => { strong { (value) } } None => { (text::NOT_USED.say(lang)) } }
                @if let Some(remark) = &fact.remark { div.fine lang="en" { (remark) } }
            }
            td role="cell" data-label=(text::AS_RECEIVED.say(lang)) { (fact.received) }
            td role="cell" data-label=(text::WHEN.say(lang)) { (when(&fact.at.to_string())) }
            td role="cell" data-label=(text::RESULT_STATUS.say(lang)) { span lang="en" { (fact.status) } }
            td.source role="cell" data-label=(text::SOURCE.say(lang)) {
                @if fact.source.is_empty() { span.fine { (text::ANSWER_OF_PERSON.say(lang)) } } @else { code { (fact.source) } }
            }
        }
    }
}

/// A time as evidence prints it: to the minute where it is a moment.
fn when(at: &str) -> String {
    match at.split_once('T') {
        Some((date, time)) if date.len() == 10 => format!("{date} {}", time.get(..5).unwrap_or(time)),
        _ => at.to_owned(),
    }
}
