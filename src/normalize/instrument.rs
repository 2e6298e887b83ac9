//! Items of an instrument become its score: those of one resource, or single ones of one day. A total that was sent and
//! does not fit its items is left out, and the items count.

use super::quantity::{Refusal, apply, plausible};
use super::read::{in_context, left_out, may_be_used};
use super::text;
use crate::model::fact::{Fact, FactStatus, FactValue, Origin};
use crate::model::interval::Interval;
use crate::model::key::Item as Resource;
use crate::model::number::Number;
use crate::model::reading::{LeftOut, Reading, Reason, Series, Special, Value};
use crate::model::terms::Terms;
use crate::model::time::{TimeRange, Zone};
use crate::model::truth::Truth;
use crate::trial::definition::{Recorded, Variable, VariableKind};
use crate::trial::instrument::{Answer, Instrument, Item};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// One answered item.
pub(super) struct Answered<'t> {
    item: usize,
    /// Place of its fact.
    fact: usize,
    points: Result<Interval, Refusal>,
    terms: &'t Terms,
}

/// What belongs together: a resource with all its parts, or the single results of one day.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sitting {
    Resource(Resource),
    Day(Date),
}

/// What a fact says of an item; `None` where it is of a kind that the variable does not read.
pub(super) fn answered<'t>(
    variable: &Variable,
    item: usize,
    terms: &'t Terms,
    fact: &Fact,
    place: usize,
) -> Option<Answered<'t>> {
    let VariableKind::Recorded(r) = &variable.kind else { return None };
    let of = r.instrument.as_ref()?.items.get(item)?;
    r.from.contains(&fact.draft.origin).then(|| Answered {
        item,
        fact: place,
        points: points(r, of, terms, fact),
        terms,
    })
}

fn points(r: &Recorded, item: &Item, terms: &Terms, fact: &Fact) -> Result<Interval, Refusal> {
    may_be_used(r, fact.draft.origin, fact.draft.status)?;
    in_context(r, &fact.draft.context, terms)?;
    let refuse = |what: &str| Err((Reason::CodeNotUnderstood, format!("{what} as the answer of `{}`", item.name)));
    let points = match &fact.draft.value {
        FactValue::Absent(why) => return Err((Reason::NeverSeen, format!("asked for and not available: {why}"))),
        FactValue::Quantity { number, .. } => recoded(item, apply(&Ok(None), number)?)?,
        FactValue::Text(words) => match text::number(words).filter(|n| n.unit.is_empty() && !n.titre) {
            Some(n) => recoded(item, apply(&Ok(None), &n.number)?)?,
            None => return refuse("words were sent; wanted a number"),
        },
        FactValue::Coded { codings, .. } => {
            let meant = codings.iter().flat_map(|c| super::plan::meanings(terms, c));
            let meant: Vec<_> = meant.collect();
            let of = |(answer, points): &(Answer, Number)| match answer {
                Answer::Code(code) if meant.contains(code) => Some(points.clone()),
                _ => None,
            };
            match item.recode.iter().find_map(of) {
                Some(points) => Interval::exact(points),
                None => return refuse("a code was sent that the instrument does not know"),
            }
        }
        FactValue::Boolean(b) => recoded(item, Interval::exact(Number::from(i64::from(*b))))?,
        _ => return refuse("a value of another kind was sent"),
    };
    fits(item, points)
}

/// Points that the item may have.
fn fits(item: &Item, points: Interval) -> Result<Interval, Refusal> {
    if let Some((low, high)) = &item.bounds {
        let allowed = Interval::between(low.clone(), high.clone());
        if allowed.hull(&points) != allowed {
            return Err((Reason::Implausible, format!("{points} points of `{}`; wanted {low} to {high}", item.name)));
        }
    }
    in_steps(&points, item.step.as_ref())?;
    Ok(points)
}

/// Whether a score is a whole multiple of its step.
pub(super) fn in_steps(score: &Interval, step: Option<&Number>) -> Result<(), Refusal> {
    match (score.as_exact(), step) {
        (Some(exact), Some(step)) if exact.checked_div(step).is_some_and(|n| !n.is_integer()) => {
            Err((Reason::Implausible, format!("{exact} is no whole multiple of {step}")))
        }
        _ => Ok(()),
    }
}

/// The points of a number: itself, or what the instrument gives for it.
fn recoded(item: &Item, sent: Interval) -> Result<Interval, Refusal> {
    if item.recode.is_empty() {
        return Ok(sent);
    }
    let means = |(answer, points): &(Answer, Number)| match answer {
        Answer::Number(n) if sent.as_exact() == Some(n) => Some(points.clone()),
        _ => None,
    };
    let unknown = || (Reason::CodeNotUnderstood, format!("{sent} is no answer of `{}`", item.name));
    item.recode.iter().find_map(means).map(Interval::exact).ok_or_else(unknown)
}

/// Adds the scores to the series of the variable.
pub(super) fn score(variable: &Variable, answers: Vec<Answered<'_>>, facts: &[Fact], zone: &Zone, series: &mut Series) {
    let VariableKind::Recorded(r) = &variable.kind else { return };
    let Some(instrument) = &r.instrument else { return };
    let mut sittings: BTreeMap<Sitting, Vec<Answered<'_>>> = BTreeMap::new();
    for answer in answers {
        let fact = &facts[answer.fact];
        let refusal = match (&answer.points, sitting(fact, zone)) {
            (Ok(_), Some(sitting)) => {
                sittings.entry(sitting).or_default().push(answer);
                continue;
            }
            (Ok(_), None) => (Reason::KnownInPart, "an item without a day; wanted the day of all items".to_owned()),
            (Err(refusal), _) => refusal.clone(),
        };
        series.left_out.push(left_out(variable, answer.terms, fact, answer.fact, refusal.0, refusal.1));
    }
    for (sitting, answers) in sittings {
        one(variable, instrument, (&sitting, &answers), facts, zone, series);
    }
}

/// Of an examination with parts and of a questionnaire the resource; of a single result its day.
fn sitting(fact: &Fact, zone: &Zone) -> Option<Sitting> {
    let at = fact.draft.at?;
    if fact.draft.part > 0 || fact.draft.origin == Origin::QuestionnaireResponse {
        return Some(Sitting::Resource(fact.item));
    }
    let (first, last) = (zone.date_of(at.earliest), zone.date_of(at.latest));
    (first == last).then_some(Sitting::Day(first))
}

/// The score of one sitting.
fn one(
    variable: &Variable,
    instrument: &Instrument,
    (sitting, answers): (&Sitting, &[Answered<'_>]),
    facts: &[Fact],
    zone: &Zone,
    series: &mut Series,
) {
    let mut points: Vec<Option<Interval>> = vec![None; instrument.items.len()];
    for answer in answers {
        let Ok(sent) = &answer.points else { continue };
        // Two answers of one item: what either says may be true.
        let both = points[answer.item].take().map_or_else(|| sent.clone(), |other| other.hull(sent));
        points[answer.item] = Some(both);
    }
    let wanted = instrument.leans_on();
    let count = wanted.iter().filter(|i| points[**i].is_some()).count();
    let words = format!("{count} of {} items of {}", wanted.len(), instrument.id);
    let Some(first) = answers.iter().min_by_key(|a| (a.item, facts[a.fact].item, facts[a.fact].draft.part)) else {
        return;
    };
    let times = answers.iter().filter_map(|a| facts[a.fact].draft.at);
    let Some(at) = times.reduce(TimeRange::hull) else { return };
    let Some(score) = instrument.score(&points) else {
        let text = format!("{words} answered; wanted {} for a score", instrument.scale().at_least);
        series.left_out.push(left_out(
            variable,
            first.terms,
            &facts[first.fact],
            first.fact,
            Reason::KnownInPart,
            text,
        ));
        return;
    };
    if reported(&score, (sitting, at), (facts, zone), series) {
        return;
    }
    let value = Value::Number(score);
    if let Err((reason, text)) = plausible(variable, &value) {
        series.left_out.push(left_out(variable, first.terms, &facts[first.fact], first.fact, reason, text));
        return;
    }
    let recorded = answers.iter().filter_map(|a| facts[a.fact].draft.recorded).max();
    let provisional = answers.iter().any(|a| facts[a.fact].draft.status == FactStatus::Preliminary);
    series.readings.push(Reading {
        value,
        at,
        other_end: None,
        recorded,
        provisional,
        past: false,
        range: None,
        fact: first.fact,
        special: Some(Box::new(Special::Score(words))),
    });
}

/// Whether a total that was sent stands for these items; one that contradicts them is left out.
fn reported(
    score: &Interval,
    (sitting, at): (&Sitting, TimeRange),
    (facts, zone): (&[Fact], &Zone),
    series: &mut Series,
) -> bool {
    let of_it = |reading: &Reading| {
        let fact = &facts[reading.fact];
        match sitting {
            _ if reading.made_of().is_some() => false,
            Sitting::Resource(resource) if *resource == fact.item => true,
            // A total of its own, at the very time of the items.
            Sitting::Resource(_) => reading.at == at,
            Sitting::Day(day) => {
                fact.draft.part == 0
                    && zone.date_of(reading.at.earliest) == *day
                    && zone.date_of(reading.at.latest) == *day
            }
        }
    };
    let fits = |reading: &Reading| match &reading.value {
        Value::Number(total) => total.intersection(score).is_some(),
        _ => false,
    };
    let (totals, others): (Vec<Reading>, Vec<Reading>) =
        std::mem::take(&mut series.readings).into_iter().partition(of_it);
    series.readings = others;
    let mut stands = false;
    for total in totals {
        if fits(&total) {
            stands = true;
            series.readings.push(total);
            continue;
        }
        let Value::Number(said) = &total.value else { continue };
        let text = format!("a total of {said} was sent, and its items make {score}");
        let unread = Reading { value: Value::Truth(Truth::Unknown), ..total };
        series.left_out.push(LeftOut { fact: unread.fact, reason: Reason::Conflicting, text, other: true, unread });
    }
    stands
}
