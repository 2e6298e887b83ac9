//! Times to a first event, with censoring.

use super::scene::Scene;
use super::series::{Member, View};
use super::visits::Row;
use crate::model::outcome::{EndedBy, Followup, Reached, ToEvent};
use crate::model::reading::{Reading, Reason};
use crate::model::time::{Instant, TimeRange, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Aggregate, BuiltIn, Expr, Function, Kind, Name, Source, Type};
use jiff::civil::Date;

/// A time at which the event happened, or may have.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: TimeRange,
    /// Why it is not sure; `None`: it happened.
    doubt: Option<Reason>,
    /// Its fact; none of a person's own words.
    fact: Option<usize>,
}

/// The time to one event.
pub(super) fn to_event<'a>(
    scene: &Scene<'a>,
    outcome: usize,
    (from, event, censor): (usize, &'a Expr, &'a Expr),
    applies: Truth,
    ended: Option<(Instant, EndedBy)>,
) -> ToEvent {
    let without = |found| ToEvent { outcome, found, facts: Vec::new() };
    if applies == Truth::False {
        return without(Followup::NotApplicable);
    }
    let start = match scene.reached(from) {
        Reached::No => return without(Followup::NotStarted),
        Reached::InPart(..) => return without(Followup::Unknown(Reason::KnownInPart)),
        Reached::On(date) => date,
    };
    let mut all = Vec::new();
    candidates(scene, event, &mut all);
    let dates = |c: &Candidate| (scene.zone().date_of(c.at.earliest), scene.zone().date_of(c.at.latest));
    // What lies before the start is another event.
    all.retain(|c| dates(c).1 >= start);
    let is_sure = |c: &&Candidate| c.doubt.is_none() && dates(c).0 >= start;
    let latest = all.iter().filter(is_sure).map(|c| dates(c).1).min();
    let earliest = all.iter().map(|c| dates(c).0.max(start)).min();
    let (found, facts) = match (latest, earliest) {
        (Some(date), Some(first)) if date == first => {
            (Followup::Event(date, days_between(start, date)), facts_on(scene, &all, date))
        }
        (_, Some(_)) => {
            let sooner = all.iter().filter(|c| latest.is_none_or(|latest| dates(c).0 < latest));
            let doubt = sooner.filter_map(|c| c.doubt).find(|reason| *reason != Reason::KnownInPart);
            (Followup::Unknown(doubt.unwrap_or(Reason::KnownInPart)), facts_on(scene, &all, Date::MAX))
        }
        _ => censored(scene, start, censor, ended),
    };
    ToEvent { outcome, found, facts }
}

/// The facts of the candidates up to a date.
fn facts_on(scene: &Scene<'_>, all: &[Candidate], last: Date) -> Vec<usize> {
    let on = all.iter().filter(|c| scene.zone().date_of(c.at.earliest) <= last);
    let mut facts: Vec<usize> = on.filter_map(|c| c.fact).collect();
    facts.sort_unstable();
    facts.dedup();
    facts
}

fn censored<'a>(
    scene: &Scene<'a>,
    start: Date,
    censor: &'a Expr,
    ended: Option<(Instant, EndedBy)>,
) -> (Followup, Vec<usize>) {
    let from = scene.log_len();
    let Some(until) = scene.time(censor) else {
        let reason = scene.leaves(censor).first().map_or(Reason::NeverSeen, |l| l.reason);
        return (Followup::Unknown(reason), Vec::new());
    };
    let today = scene.today();
    let of_censor = scene.zone().date_of(until.range.earliest);
    if until.moves || of_censor >= today {
        scene.turns_tomorrow();
    }
    let of_end = ended.filter(|(_, by)| *by != EndedBy::OffStudy).map(|(at, _)| scene.zone().date_of(at));
    let date = of_censor.min(today).min(of_end.unwrap_or(today)).max(start);
    let facts: Vec<usize> = scene.readings_used(from).iter().map(|(_, r)| r.fact).collect();
    (Followup::Censored(date, days_between(start, date)), facts)
}

/// Every time that the earliest of an expression may be: of a written list of each, of a series of each member.
fn candidates<'a>(scene: &Scene<'a>, e: &'a Expr, all: &mut Vec<Candidate>) {
    match &e.kind {
        Kind::Aggregate(Aggregate::Min, Source::List(list)) => list.iter().for_each(|e| candidates(scene, e, all)),
        Kind::TimeOf(of) => match &of.kind {
            Kind::Aggregate(Aggregate::First, Source::Series(series)) => of_series(scene, series, all),
            _ => of_value(scene, e, all),
        },
        Kind::Name(Name::BuiltIn(BuiltIn::Death)) => {
            of_value(scene, e, all);
            if scene.readings.person.deceased && scene.readings.person.death.is_none() {
                let earliest = scene.last_seen().map_or(Instant::MIN, |at| at.earliest);
                let at = TimeRange { earliest, latest: scene.now.max(earliest) };
                all.push(Candidate { at, doubt: Some(Reason::KnownInPart), fact: None });
            }
        }
        Kind::Name(Name::Reading(i)) => {
            if let Some(chosen) = scene.chosen(*i) {
                candidates(scene, chosen, all);
            }
        }
        Kind::Name(Name::Variable(i)) if e.ty == Type::Time => match &scene.trial.variables[*i].kind {
            VariableKind::Derived(inner) => candidates(scene, inner, all),
            _ => of_value(scene, e, all),
        },
        Kind::Name(Name::Anchor(i)) => candidates(scene, &scene.trial.anchors[*i].1, all),
        _ => of_value(scene, e, all),
    }
}

fn of_series<'a>(scene: &Scene<'a>, series: &'a crate::trial::expression::tree::Series, all: &mut Vec<Candidate>) {
    let view = scene.view(series);
    let member = |m: &Member<'a>| Candidate {
        at: up_to(scene.now, m.reading.at),
        doubt: (!m.sure).then_some(Reason::KnownInPart),
        fact: Some(m.reading.fact),
    };
    all.extend(view.members.iter().map(member));
    of_unread(scene, &view, all);
}

/// What came and could not be read, or is in a code that nobody here understands: it may be one of a series.
fn of_unread<'a>(scene: &Scene<'a>, view: &View<'a>, all: &mut Vec<Candidate>) {
    let unread = scene.all_unread(view);
    all.extend(unread.map(|(l, _)| Candidate { at: l.unread.at, doubt: Some(l.reason), fact: Some(l.fact) }));
    if !view.no_anchor {
        let here = scene.not_understood(view.variable).map(|(place, fact)| Reading::unread(place, &fact.draft));
        let here = here.filter(|r| scene.may_lie(&view.bounds, r));
        let doubt = Some(Reason::CodeNotUnderstood);
        all.extend(here.map(|r| Candidate { at: up_to(scene.now, r.at), doubt, fact: Some(r.fact) }));
    }
}

fn up_to(now: Instant, at: TimeRange) -> TimeRange {
    TimeRange { latest: at.latest.min(now), ..at }
}

fn of_value<'a>(scene: &Scene<'a>, e: &'a Expr, all: &mut Vec<Candidate>) {
    let from = scene.log_len();
    let Some(found) = scene.time(e) else {
        // If it happened, then at any time until now.
        let at = TimeRange { earliest: Instant::MIN, latest: scene.now };
        all.extend(doubt(scene, e).map(|reason| Candidate { at, doubt: Some(reason), fact: None }));
        return;
    };
    let used = scene.readings_used(from);
    let fact = used.iter().find(|(_, r)| r.at == found.range).or(used.first()).map(|(_, r)| r.fact);
    all.push(Candidate { at: found.range, doubt: None, fact });
}

/// Why a time that is not known may be one all the same; `None`: it is none, or nobody looked for it.
fn doubt<'a>(scene: &Scene<'a>, e: &'a Expr) -> Option<Reason> {
    match &e.kind {
        Kind::Call(Function::Coalesce, list) => list.iter().find_map(|e| doubt(scene, e)),
        Kind::If(condition, then, otherwise) => match scene.truth(condition) {
            Truth::True => doubt(scene, then),
            Truth::False => doubt(scene, otherwise),
            Truth::Unknown => {
                let either = || scene.time(then).is_some() && scene.time(otherwise).is_some();
                open(scene, condition).or_else(|| either().then_some(Reason::KnownInPart))
            }
        },
        Kind::TimeOf(of) => doubt(scene, of),
        // What the `where` refuses was looked for, and is none.
        Kind::Aggregate(_, Source::Series(series)) if scene.view(series).members.is_empty() => {
            let mut unread = Vec::new();
            of_unread(scene, &scene.view(series), &mut unread);
            unread.first()?.doubt
        }
        Kind::Name(Name::Reading(i)) => doubt(scene, scene.chosen(*i)?),
        Kind::Name(Name::Anchor(i)) => doubt(scene, &scene.trial.anchors[*i].1),
        Kind::Name(Name::Variable(i)) => match &scene.trial.variables.get(*i)?.kind {
            VariableKind::Derived(inner) => doubt(scene, inner),
            VariableKind::Recorded(r) => {
                r.select.as_ref().map_or_else(|| open(scene, e), |select| doubt(scene, select))
            }
            VariableKind::Attested { .. } => open(scene, e),
        },
        _ => open(scene, e),
    }
}

/// Why it stands open, other than that nobody looked for it in time.
fn open<'a>(scene: &Scene<'a>, e: &'a Expr) -> Option<Reason> {
    let none = |r: &Reason| matches!(r, Reason::NeverSeen | Reason::TooOld | Reason::AnchorNotReached);
    scene.reasons(e).into_iter().find(|reason| !none(reason))
}

/// In which period a date lies: since the target of which visit.
pub(super) fn period(row: Option<&Row<'_>>, date: Date) -> u32 {
    let Some(row) = row else { return 0 };
    let n = row.planned.partition_point(|p| p.visit.target <= date);
    n.checked_sub(1).map_or(0, |n| row.planned[n].visit.number)
}
