//! What is probably not meant, in a definition that is right otherwise: warnings only.

use super::definition::{Amount, Recorded, Trial, ValueType, VariableKind};
use super::document::Document;
use super::expression::names::uses;
use super::expression::tree::{
    Aggregate, BuiltIn, Calendar, Comparison, Duration, Expr, Kind, Name, Series, Source, Timing, Window,
};
use super::load::Job;
use super::mistake::{Mistake, Severity};
use super::{lint_bands, lint_lists, lint_outcomes, lint_words};
use crate::model::code::LOCAL_SYSTEM;
use crate::model::fact::Origin;
use crate::model::reading::Value;
use crate::model::terms::TermsBySource;
use std::collections::HashSet;

/// All warnings. `others` are the files beside the definition.
pub(super) fn lint(trial: &Trial, document: &Document<'_>, jobs: &[Job], others: &[(String, String)]) -> Vec<Mistake> {
    let mut found = Vec::new();
    let used = used_names(jobs);
    variables(trial, document, &used, &mut found);
    for reading in trial.readings.iter().filter(|r| !used.contains(&r.name)) {
        let text = format!("the reading `{}` is used nowhere, so none of its alternatives matters", reading.name);
        found.push(document.at_key(Severity::Warning, &format!("/readings/{}", reading.name), text));
    }
    for job in jobs {
        if let Some(expr) = &job.expr {
            expr.walk(&mut |e| found.extend(oddity(trial, e).map(|text| at(document, job, &e.text, text))));
            let mut lists = Vec::new();
            lint_lists::stand_ins(expr, &mut Vec::new(), &mut lists);
            let told = |(list, literal): (&Expr, &Expr)| {
                let text = format!(
                    "`{}` stands in for what is unknown beside it; say first what an unknown one comes to, as in `if x is null then null else …`",
                    literal.text
                );
                at(document, job, &list.text, text)
            };
            found.extend(lists.into_iter().map(told));
        }
    }
    criteria(trial, document, &mut found);
    let odd = lint_outcomes::oddities(trial);
    found.extend(odd.into_iter().map(|(pointer, text)| document.at_value(Severity::Warning, &pointer, text)));
    if let Some((name, text)) = others.iter().find(|(name, _)| name == "protocol.md") {
        let file = document.file.replace("trial.toml", name);
        for (place, words) in lint_words::not_taken_up(trial, text) {
            let span = place..place + words.len();
            found.push(Mistake::at(
                Severity::Warning,
                &file,
                text,
                span,
                "these words are in no `protocol` of the definition",
            ));
        }
    }
    found
}

/// Names that expressions use, each outside of its own variable.
fn used_names(jobs: &[Job]) -> HashSet<String> {
    let of_job = |job: &Job| {
        let own = job.pointer.strip_prefix("/variables/").and_then(|p| p.split('/').next());
        let words = job.syntax.as_ref().map(uses).unwrap_or_default();
        words.into_iter().map(|u| u.word).filter(|w| Some(w.as_str()) != own).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(of_job).collect()
}

/// A warning at a part of an expression.
fn at(document: &Document<'_>, job: &Job, part: &str, text: String) -> Mistake {
    match job.text.find(part) {
        Some(start) => {
            let span = job.offset + start..job.offset + start + part.len();
            Mistake::at(Severity::Warning, document.file, document.text, span, text)
        }
        None => document.at_value(Severity::Warning, &job.pointer, text),
    }
}

fn variables(trial: &Trial, document: &Document<'_>, used: &HashSet<String>, found: &mut Vec<Mistake>) {
    let mut named: HashSet<usize> = trial.treatment.iter().map(|t| t.drug).collect();
    named.extend(trial.concomitant.iter().copied().chain(trial.safety.iter().map(|s| s.on)));
    for (place, variable) in trial.variables.iter().enumerate() {
        let pointer = format!("/variables/{}", variable.name);
        let mut warn = |text: String| found.push(document.at_key(Severity::Warning, &pointer, text));
        let name = &variable.name;
        if !used.contains(name.as_str()) && !named.contains(&place) {
            warn(format!("the variable `{name}` is used nowhere"));
        }
        let VariableKind::Recorded(recorded) = &variable.kind else { continue };
        if has_no_code(recorded) {
            warn(format!("`{name}` reads no code: its set is empty, or its exceptions leave nothing"));
        }
        if let Some(what) = never_false(recorded)
            && asked_for_truth(trial, place)
        {
            warn(format!("`{name}` can never be false: nothing is presumed while no such {what} is recorded"));
        }
        let result = recorded.from.iter().any(|o| matches!(o, Origin::Observation | Origin::QuestionnaireResponse));
        if recorded.select.is_none() && result && asked_as_selected(trial, place) {
            warn(format!("`{name}` has no window: a result of any age counts"));
        }
    }
}

fn has_no_code(r: &Recorded) -> bool {
    r.instrument.is_none() && r.codes.is_listed() && r.codes.singles().is_empty()
}

/// What a variable waits for that nobody records while it is not there; `None`: something else may say no.
fn never_false(r: &Recorded) -> Option<&'static str> {
    if r.presume.is_some() || r.value != ValueType::Truth {
        return None;
    }
    match r.from.as_slice() {
        [Origin::Condition] => Some("condition"),
        [Origin::Procedure] => Some("procedure"),
        [Origin::MedicationAdministration] if r.amount == Amount::Presence => Some("drug"),
        _ => None,
    }
}

fn named_bare(trial: &Trial, place: usize) -> bool {
    trial.expressions().into_iter().any(|e| has_bare(e, place))
}

fn has_bare(expr: &Expr, place: usize) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= e.kind == Kind::Name(Name::Variable(place)));
    found
}

/// Asked for by its bare name where that is its `select`: not at a visit, nor as the result that is graded.
fn asked_as_selected(trial: &Trial, place: usize) -> bool {
    let at_its_time: Vec<&Expr> = trial.at_visits().chain(trial.grades_of(place)).collect();
    let elsewhere = |e: &&Expr| !at_its_time.iter().any(|own| std::ptr::eq(*own, *e));
    let mut found = trial.expressions().into_iter().filter(elsewhere).any(|e| has_bare(e, place));
    for expr in at_its_time {
        expr.walk(&mut |e| found |= matches!(&e.kind, Kind::Baseline(inner) if has_bare(inner, place)));
    }
    found
}

/// Used by its bare name or by `exists`, where nothing recorded is no answer.
fn asked_for_truth(trial: &Trial, place: usize) -> bool {
    let mut found = named_bare(trial, place);
    for expr in trial.expressions() {
        expr.walk(&mut |e| {
            if let Kind::Aggregate(Aggregate::Exists | Aggregate::AnyTrue, Source::Series(series)) = &e.kind {
                found |= series.variable == place;
            }
        });
    }
    found
}

/// What is odd about one node.
fn oddity(trial: &Trial, e: &Expr) -> Option<String> {
    match &e.kind {
        Kind::Compare(_, left, right) => threshold(trial, e, left, right).or_else(|| threshold(trial, e, right, left)),
        Kind::Between(value, low, high) => threshold(trial, e, value, low)
            .or_else(|| threshold(trial, e, value, high))
            .or_else(|| backwards(e, low, high)),
        Kind::Interval(low, _, high, _) => backwards(e, low, high),
        Kind::Aggregate(_, Source::Series(series)) => never_met(series, e),
        _ => None,
    }
}

/// A limit that lies outside what is plausible for the variable it is compared with.
fn threshold(trial: &Trial, whole: &Expr, measured: &Expr, limit: &Expr) -> Option<String> {
    let place = match &measured.kind {
        Kind::Name(Name::Variable(place)) => *place,
        Kind::Aggregate(
            Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max | Aggregate::Avg | Aggregate::Median,
            Source::Series(series),
        ) => series.variable,
        _ => return None,
    };
    let variable = trial.variables.get(place)?;
    let (VariableKind::Recorded(recorded), Kind::Literal(Some(Value::Number(limit)))) = (&variable.kind, &limit.kind)
    else {
        return None;
    };
    let ((low, high), limit) = (recorded.plausible.as_ref()?, limit.as_exact()?);
    let name = &variable.name;
    (limit < low || limit > high)
        .then(|| format!("the limit in `{}` lies outside what is plausible for `{name}` ({low} to {high})", whole.text))
}

fn backwards(whole: &Expr, low: &Expr, high: &Expr) -> Option<String> {
    let back = match (&low.kind, &high.kind) {
        (Kind::Literal(Some(Value::Number(low))), Kind::Literal(Some(Value::Number(high)))) => {
            low.as_exact()? > high.as_exact()?
        }
        // Both are now less a duration, or now itself.
        _ => ago(low)?.1 < ago(high)?.0,
    };
    back.then(|| format!("`{}` runs backwards and can never be met", whole.text))
}

/// A window in which the `where` wants what is older than its beginning.
fn never_met(series: &Series, whole: &Expr) -> Option<String> {
    let Some(Window::Within(reach)) = &series.window else { return None };
    let mut older = None;
    let mut both = vec![series.filter.as_deref()?];
    while let Some(e) = both.pop() {
        match &e.kind {
            Kind::And(all) => both.extend(all),
            Kind::Compare(Comparison::Less | Comparison::LessOrEqual, left, right)
                if left.kind == Kind::Name(Name::Time) =>
            {
                older = older.max(ago(right).map(|(least, _)| least));
            }
            Kind::Timing(Timing::Before | Timing::OnOrBefore, left, right) if left.kind == Kind::Name(Name::Time) => {
                older = older.max(ago(right).map(|(least, _)| least));
            }
            _ => {}
        }
    }
    let (_, most) = minutes(*reach);
    (older? > most)
        .then(|| format!("`{}` can never be met: its window ends before what its `where` wants begins", whole.text))
}

/// Least and most minutes by which a time lies before now, where it is now less durations.
fn ago(e: &Expr) -> Option<(u64, u64)> {
    match &e.kind {
        Kind::Now | Kind::Today => Some((0, 0)),
        Kind::Shift(inner, by, true) => {
            let ((a, b), (c, d)) = (ago(inner)?, minutes(*by));
            Some((a + c, b + d))
        }
        _ => None,
    }
}

fn minutes(d: Duration) -> (u64, u64) {
    const DAY: u64 = 1_440;
    // A calendar date is all of its day, and a month or year has no fixed length.
    let (least, most) = match d.of {
        Calendar::Year => (365 * DAY, 366 * DAY),
        Calendar::Month => (28 * DAY, 31 * DAY),
        Calendar::Week => (7 * DAY, 7 * DAY),
        Calendar::Day => (DAY, DAY),
        Calendar::Hour => (60, 60),
        Calendar::Minute => (1, 1),
    };
    let slack = if d.of.is_clock() { 0 } else { DAY };
    (least * u64::from(d.count), most * u64::from(d.count) + slack)
}

fn criteria(trial: &Trial, document: &Document<'_>, found: &mut Vec<Mistake>) {
    let (mut included, mut excluded) = (0, 0);
    let mut bands = lint_bands::bands(trial);
    for criterion in &trial.criteria {
        let (list, place) = if criterion.exclusion { ("exclude", &mut excluded) } else { ("include", &mut included) };
        let pointer = format!("/eligibility/{list}/{place}");
        *place += 1;
        for text in lint_words::oddities(trial, criterion) {
            found.push(document.at_value(Severity::Warning, &format!("{pointer}/protocol"), text));
        }
        let key = if criterion.exclusion { "reject" } else { "require" };
        if undecidable(trial, &criterion.expression) {
            let text = format!(
                "`{}` can never be decided: nothing that is recorded, asked or known of the person stands in it",
                criterion.id
            );
            found.push(document.at_value(Severity::Warning, &format!("{pointer}/{key}"), text));
        }
        let own = bands.iter().filter(|(id, _)| *id == criterion.id).map(|(_, text)| text.clone()).collect::<Vec<_>>();
        bands.retain(|(id, _)| *id != criterion.id);
        found.extend(own.into_iter().map(|t| document.at_value(Severity::Warning, &format!("{pointer}/{key}"), t)));
    }
}

/// Whether all that an expression leans on is never known: arm and stratum before there are any, or `null`.
pub(super) fn undecidable(trial: &Trial, e: &Expr) -> bool {
    let (mut known, mut unknown) = (false, false);
    let mut open = vec![e];
    let mut seen = HashSet::new();
    while let Some(e) = open.pop() {
        let mut names = Vec::new();
        e.walk(&mut |part| match &part.kind {
            Kind::Name(name) => names.push(*name),
            Kind::Literal(None) => unknown = true,
            Kind::Aggregate(_, Source::Series(_)) | Kind::Now | Kind::Today => known = true,
            _ => {}
        });
        for name in names.into_iter().filter(|n| seen.insert(*n)) {
            match name {
                Name::BuiltIn(BuiltIn::Arm | BuiltIn::Stratum) => unknown = true,
                Name::Variable(i) => match trial.variables.get(i).map(|v| &v.kind) {
                    Some(VariableKind::Derived(inner)) => open.push(inner),
                    _ => known = true,
                },
                Name::Reading(i) => {
                    open.extend(trial.readings.get(i).into_iter().flat_map(|r| r.alternatives.iter().map(|(_, e)| e)))
                }
                Name::Criterion(i) => open.extend(trial.criteria.get(i).map(|c| &c.expression)),
                _ => known = true,
            }
        }
    }
    unknown && !known
}

/// Variables that no map leads to, at a site whose maps do lead to others: only the very codes of this project would do.
/// One sentence each. A site that has no map of codes is not judged: it sends what definitions name.
pub fn unmapped(trial: &Trial, terms: &TermsBySource) -> Vec<String> {
    let maps = || std::iter::once(&terms.shared).chain(terms.sources.values());
    if maps().all(|t| t.codes.is_empty()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for variable in &trial.variables {
        let VariableKind::Recorded(r) = &variable.kind else { continue };
        let own = r.codes.singles();
        let items = r.instrument.iter().flat_map(|i| &i.items).flat_map(|i| i.codes.singles());
        let all: Vec<_> = own.into_iter().chain(items).collect();
        let ours = !all.is_empty() && r.codes.is_listed() && all.iter().all(|c| c.system == LOCAL_SYSTEM);
        let mapped = || maps().flat_map(|t| t.codes.values().flatten()).any(|to| all.contains(&to));
        if ours && !mapped() {
            let code = all.first().map(ToString::to_string).unwrap_or_default();
            let name = &variable.name;
            found.push(format!(
                "no map of the site leads to `{name}`: only {code} itself, as few systems send it, would be read"
            ));
        }
    }
    found
}
