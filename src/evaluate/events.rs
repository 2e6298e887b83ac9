//! Times to a first event, with censoring.

use super::scene::Scene;
use super::series::Member;
use super::value::Val;
use super::visits::Row;
use crate::model::outcome::{EndedBy, Followup, Reached, ToEvent};
use crate::model::reading::Reason;
use crate::model::time::{Instant, TimeRange, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Aggregate, BuiltIn, Expr, Kind, Name, Source, Type};
use jiff::civil::Date;

/// A time at which the event happened, or may have.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: TimeRange,
    sure: bool,
    /// Its reading; none of a person's own words.
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
    let start = match reached(scene, from) {
        Reached::No => return without(Followup::NotStarted),
        Reached::InPart(..) => return without(Followup::Unknown(Reason::KnownInPart)),
        Reached::On(date) => date,
    };
    let mut all = Vec::new();
    candidates(scene, event, &mut all);
    let dates = |c: &Candidate| (scene.zone().date_of(c.at.earliest), scene.zone().date_of(c.at.latest));
    // What lies before the start is another event.
    all.retain(|c| dates(c).1 >= start);
    let is_sure = |c: &&Candidate| c.sure && dates(c).0 >= start;
    let latest = all.iter().filter(is_sure).map(|c| dates(c).1).min();
    let earliest = all.iter().map(|c| dates(c).0.max(start)).min();
    let (found, facts) = match (latest, earliest) {
        (Some(date), Some(first)) if date == first => {
            (Followup::Event(date, days_between(start, date)), facts_on(scene, &all, date))
        }
        (_, Some(_)) => (Followup::Unknown(Reason::KnownInPart), facts_on(scene, &all, Date::MAX)),
        _ => censored(scene, start, censor, ended),
    };
    ToEvent { outcome, found, facts }
}

/// Whether an anchor is reached at a scene's moment.
pub(super) fn reached(scene: &Scene<'_>, anchor: usize) -> Reached {
    let Some(Val::Time(at)) = scene.name(Name::Anchor(anchor)) else { return Reached::No };
    let (first, last) = (scene.zone().date_of(at.range.earliest), scene.zone().date_of(at.range.latest));
    if first == last { Reached::On(first) } else { Reached::InPart(first, last) }
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
                all.push(Candidate { at, sure: false, fact: None });
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
        at: TimeRange { earliest: m.reading.at.earliest, latest: m.reading.at.latest.min(scene.now) },
        sure: m.sure,
        fact: Some(m.reading.fact),
    };
    all.extend(view.members.iter().map(member));
    let unread = scene.all_unread(&view).map(|(l, _)| Candidate { at: l.unread.at, sure: false, fact: Some(l.fact) });
    all.extend(unread);
}

fn of_value<'a>(scene: &Scene<'a>, e: &'a Expr, all: &mut Vec<Candidate>) {
    let from = scene.log_len();
    let Some(found) = scene.time(e) else { return };
    let used = scene.readings_used(from);
    let fact = used.iter().find(|(_, r)| r.at == found.range).or(used.first()).map(|(_, r)| r.fact);
    all.push(Candidate { at: found.range, sure: true, fact });
}

/// In which period a date lies: since the target of which visit.
pub(super) fn period(row: Option<&Row<'_>>, date: Date) -> u32 {
    let Some(row) = row else { return 0 };
    let n = row.planned.partition_point(|p| p.visit.target <= date);
    n.checked_sub(1).map_or(0, |n| row.planned[n].visit.number)
}
