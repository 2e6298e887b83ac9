//! One fact after another, read by each variable that asks for it.

use super::plan::Plan;
use super::quantity::{Refusal, convert, limits};
use super::{person, text};
use crate::model::code::Coding;
use crate::model::fact::{Fact, FactStatus, FactValue, Origin, Qualifier, ReceivedUnit};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::reading::{LeftOut, Reading, Readings, Reason, Series, Value};
use crate::model::terms::Terms;
use crate::model::time::{Instant, TimeRange, Zone};
use crate::model::truth::Truth;
use crate::trial::definition::{Amount, AnswerValue, Recorded, ValueType, Variable, VariableKind};
use std::collections::HashSet;

/// The part of an administration that is its dose as sent.
const AS_SENT: u16 = 0;
/// The part of an administration that is its dose by the strength of what was given.
const BY_STRENGTH: u16 = 2;
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

/// What a variable makes of a value.
enum Read {
    As(Value),
    /// Another variable may take it.
    NotOurs(&'static str),
    No(Refusal),
}

/// The person's facts as the trial of the plan reads them. `Reading::fact` and `LeftOut::fact` are places in `facts`.
pub fn normalize(plan: &Plan, facts: &[Fact], zone: &Zone) -> Readings {
    let mut readings =
        Readings { person: person::words(plan, facts), series: vec![Series::default(); plan.variables.len()] };
    let born = readings.person.birth_date.as_ref().map(|date| date.range(zone).earliest);
    for (place, fact) in facts.iter().enumerate() {
        if fact.draft.status == FactStatus::EnteredInError || fact.draft.origin == Origin::Patient {
            continue;
        }
        let ways = plan.ways(&fact.source, &fact.draft.code);
        for i in ways.iter() {
            let series = &mut readings.series[*i];
            let terms = plan.terms.of(&fact.source);
            match one(&plan.variables[*i], terms, fact, place, ways.len() == 1).and_then(|r| in_this_life(r, born)) {
                Ok(Some(reading)) => series.readings.push(reading),
                Ok(None) => {}
                Err((reason, text)) => {
                    series.left_out.push(left_out(&plan.variables[*i], terms, fact, place, reason, text))
                }
            }
        }
    }
    readings.series.iter_mut().for_each(|s| in_order(s, facts));
    readings
}

/// What is not used, with its times: what its value is nobody knows.
fn left_out(variable: &Variable, terms: &Terms, fact: &Fact, place: usize, reason: Reason, text: String) -> LeftOut {
    let draft = &fact.draft;
    let other = draft.status == FactStatus::NotDone
        || match &variable.kind {
            VariableKind::Recorded(r) => is_other(r, &draft.context, terms),
            _ => false,
        };
    let unread = Reading {
        value: Value::Truth(Truth::Unknown),
        at: draft.at.unwrap_or(TimeRange { earliest: Instant::MIN, latest: Instant::MAX }),
        other_end: draft.other_end,
        recorded: draft.recorded,
        provisional: false,
        range: None,
        fact: place,
    };
    LeftOut { fact: place, reason, text, other, unread }
}

/// Whether a qualifier that was sent shows it to be another measurement than the variable's.
fn is_other(r: &Recorded, context: &[(Qualifier, Coding)], terms: &Terms) -> bool {
    r.context.iter().any(|(qualifier, rule)| {
        let mut own = context.iter().filter(|(q, _)| q == qualifier).map(|(_, c)| terms.usual(c)).peekable();
        let said = own.peek().is_some();
        let own: Vec<Coding> = own.collect();
        own.iter().any(|c| rule.except.contains(c))
            || (said && !rule.any.is_empty() && !own.iter().any(|c| rule.any.contains(c)))
    })
}

/// Oldest first, in an order that does not hang on arrival; the same result twice is one.
fn in_order(series: &mut Series, facts: &[Fact]) {
    let own = |place: usize| (facts[place].item, facts[place].draft.part);
    let key = |place: usize| (facts[place].known, own(place), &facts[place].draft.code);
    series.readings.sort_unstable_by(|a, b| {
        (a.at.earliest, a.at.latest).cmp(&(b.at.earliest, b.at.latest)).then_with(|| key(a.fact).cmp(&key(b.fact)))
    });
    // One element of one resource is read once, however many codings it carries.
    series.readings.dedup_by(|b, a| own(a.fact) == own(b.fact));
    one_dose_each(series, facts);
    series.readings.dedup_by(|b, a| {
        let status = facts[a.fact].draft.status == facts[b.fact].draft.status;
        // On one day without a time there may well have been two alike.
        let dated = a.at.earliest == a.at.latest;
        dated && a.value == b.value && a.at == b.at && a.other_end == b.other_end && a.range == b.range && status
    });
    if series.left_out.is_empty() {
        return;
    }
    // Of one resource or element, what another coding or part made readable is not left out.
    let elements: HashSet<_> = series.readings.iter().map(|r| own(r.fact)).collect();
    let items: HashSet<_> = elements.iter().map(|e| e.0).collect();
    series
        .left_out
        .retain(|l| !(elements.contains(&own(l.fact)) || (is_drug(facts, l.fact) && items.contains(&own(l.fact).0))));
    series.left_out.sort_by_key(|l| (facts[l.fact].draft.at.map(|at| (at.earliest, at.latest)), key(l.fact)));
    series.left_out.dedup_by(|b, a| own(a.fact) == own(b.fact));
}

fn is_drug(facts: &[Fact], place: usize) -> bool {
    facts[place].draft.origin == Origin::MedicationAdministration
}

/// An administration counts one amount: its dose as sent (part 0), and the dose by its strength (part 2) only where
/// the dose as sent has no unit of the variable. A dose as sent that is implausible is not made up for.
fn one_dose_each(series: &mut Series, facts: &[Fact]) {
    let part = |place: usize, part: u16| is_drug(facts, place) && facts[place].draft.part == part;
    if !series.readings.iter().any(|r| part(r.fact, BY_STRENGTH)) {
        return;
    }
    let read = series.readings.iter().map(|r| r.fact);
    let implausible = series.left_out.iter().filter(|l| l.reason == Reason::Implausible).map(|l| l.fact);
    let as_sent = read.chain(implausible).filter(|f| part(*f, AS_SENT));
    let known: HashSet<_> = as_sent.map(|f| facts[f].item).collect();
    series.readings.retain(|r| !(part(r.fact, BY_STRENGTH) && known.contains(&facts[r.fact].item)));
}

fn one(variable: &Variable, terms: &Terms, fact: &Fact, place: usize, alone: bool) -> Result<Option<Reading>, Refusal> {
    let draft = &fact.draft;
    let (value, provisional) = match &variable.kind {
        VariableKind::Derived(_) => return Ok(None),
        VariableKind::Attested { answer, .. } => (attested(variable, *answer, terms, fact), false),
        VariableKind::Recorded(r) => {
            if !r.from.contains(&draft.origin) || !is_part(r, fact) {
                return Ok(None);
            }
            let provisional = may_be_used(r, draft.origin, draft.status)?;
            in_context(r, &draft.context, terms)?;
            collected_long_enough(r, fact)?;
            (value_of(variable, r, terms, fact), provisional)
        }
    };
    let value = match value {
        Read::As(value) => value,
        Read::NotOurs(_) if !alone => return Ok(None),
        Read::NotOurs(what) => {
            return Err((Reason::CodeNotUnderstood, format!("{what} was sent; wanted {}", wanted(variable))));
        }
        Read::No(refusal) => return Err(refusal),
    };
    let at = draft.at.ok_or_else(|| (Reason::KnownInPart, "no clinical time was sent; wanted one".to_owned()))?;
    plausible(variable, &value)?;
    Ok(Some(reading(variable, terms, fact, place, value, at, provisional)))
}

fn reading(
    variable: &Variable,
    terms: &Terms,
    fact: &Fact,
    place: usize,
    value: Value,
    at: TimeRange,
    provisional: bool,
) -> Reading {
    let draft = &fact.draft;
    let range = draft.range.as_ref().and_then(|range| {
        let unit = match &draft.value {
            FactValue::Quantity { unit, .. } => unit,
            _ => &ReceivedUnit::None,
        };
        limits(variable, molar_mass(variable), terms, &draft.code, range, unit)
    });
    Reading { value, at, other_end: draft.other_end, recorded: draft.recorded, provisional, range, fact: place }
}

/// What is dated before the birth has a wrong date, or is somebody else's.
fn in_this_life(reading: Option<Reading>, born: Option<Instant>) -> Result<Option<Reading>, Refusal> {
    match (&reading, born) {
        (Some(r), Some(born)) if r.at.latest < born => {
            Err((Reason::Implausible, "dated before the birth; wanted a time of this life".into()))
        }
        _ => Ok(reading),
    }
}

fn molar_mass(variable: &Variable) -> Option<&Number> {
    match &variable.kind {
        VariableKind::Recorded(r) => r.molar_mass.as_ref(),
        _ => None,
    }
}

fn wanted(variable: &Variable) -> String {
    match &variable.unit {
        Some(unit) => format!("a number in `{}`", unit.code()),
        None => "an answer that the definition or the map knows".to_owned(),
    }
}

/// Of an administration: part 0 is the dose, 1 the rate, 2 the dose by its strength; presence is any of them.
fn is_part(r: &Recorded, fact: &Fact) -> bool {
    fact.draft.origin != Origin::MedicationAdministration
        || match r.amount {
            Amount::Presence => fact.draft.part == 0,
            Amount::Dose => fact.draft.part != 1,
            Amount::Rate => fact.draft.part == 1,
        }
}

/// Whether a status counts, and whether the fact may still change.
fn may_be_used(r: &Recorded, origin: Origin, status: FactStatus) -> Result<bool, Refusal> {
    let refuse = || Err((Reason::NotYetFinal, format!("its status is {}; wanted a final one", status.word())));
    match status {
        FactStatus::NotDone => Err((Reason::NeverSeen, "its status is not done; wanted one that was".into())),
        FactStatus::Unusable | FactStatus::EnteredInError => refuse(),
        FactStatus::Preliminary if origin == Origin::MedicationAdministration => Ok(true),
        FactStatus::Preliminary if r.status.contains(&status) => Ok(true),
        FactStatus::Preliminary => refuse(),
        _ if origin == Origin::Observation && !r.status.contains(&status) => refuse(),
        _ => Ok(false),
    }
}

fn in_context(r: &Recorded, context: &[(Qualifier, Coding)], terms: &Terms) -> Result<(), Refusal> {
    for (qualifier, rule) in &r.context {
        let own: Vec<Coding> = context.iter().filter(|(q, _)| q == qualifier).map(|(_, c)| terms.usual(c)).collect();
        let fits = |set: &crate::trial::definition::CodeSet| own.iter().any(|c| set.contains(c));
        let absent = own.is_empty() && !rule.absent_ok;
        let name = format!("{qualifier:?}").to_lowercase();
        let found = own.first().map_or_else(|| "not said".to_owned(), ToString::to_string);
        if fits(&rule.except) {
            return Err((Reason::CodeNotUnderstood, format!("{name} is {found}; wanted another")));
        }
        if !rule.any.is_empty() && !fits(&rule.any) && (absent || !own.is_empty()) {
            let listed = rule.any.codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            return Err((Reason::CodeNotUnderstood, format!("{name} is {found}; wanted {listed}")));
        }
    }
    Ok(())
}

fn collected_long_enough(r: &Recorded, fact: &Fact) -> Result<(), Refusal> {
    let (Some((least, most)), Some(at), Some(start)) = (&r.collection_hours, fact.draft.at, fact.draft.other_end)
    else {
        return Ok(());
    };
    let hours = Number::ratio(at.latest.0.saturating_sub(start.0), HOUR_US).unwrap_or(Number::ZERO);
    if hours >= *least && hours <= *most {
        return Ok(());
    }
    Err((Reason::Implausible, format!("collected over {hours} h; wanted {least} to {most} h")))
}

fn plausible(variable: &Variable, value: &Value) -> Result<(), Refusal> {
    let VariableKind::Recorded(r) = &variable.kind else {
        return Ok(());
    };
    let (Value::Number(n), Some((low, high))) = (value, &r.plausible) else {
        return Ok(());
    };
    if Interval::between(low.clone(), high.clone()).intersection(n).is_some() {
        return Ok(());
    }
    let unit = variable.unit.as_ref().map_or("", |u| u.code());
    Err((Reason::Implausible, format!("{n} {unit} lies outside {low} to {high} {unit}")))
}

fn attested(variable: &Variable, answer: ValueType, terms: &Terms, fact: &Fact) -> Read {
    match (answer, &fact.draft.value) {
        (ValueType::Truth, FactValue::Boolean(b)) => Read::As(Value::Truth(Truth::from(*b))),
        (ValueType::Time, FactValue::Date(d)) => Read::As(Value::Time(d.clone())),
        (ValueType::Text, FactValue::Text(t)) => Read::As(Value::Text(t.clone())),
        (ValueType::Number, FactValue::Quantity { low, high, unit }) => {
            match convert(variable, None, terms, &fact.draft.code, (low.as_ref(), high.as_ref()), unit) {
                Ok(n) => Read::As(Value::Number(n)),
                Err(refusal) => Read::No(refusal),
            }
        }
        _ => Read::NotOurs("an answer of another kind"),
    }
}

fn value_of(variable: &Variable, r: &Recorded, terms: &Terms, fact: &Fact) -> Read {
    match &fact.draft.value {
        FactValue::Absent(why) => {
            return Read::No((Reason::NeverSeen, format!("asked for and not available: {why}")));
        }
        FactValue::Unreadable(kind) => {
            return Read::No((Reason::CodeNotUnderstood, format!("a {kind} is not computed with")));
        }
        _ => {}
    }
    match r.value {
        ValueType::Number => number(variable, r, terms, fact),
        ValueType::Truth => truth(r, terms, fact),
        ValueType::Time => match &fact.draft.value {
            FactValue::Date(d) => Read::As(Value::Time(d.clone())),
            _ => Read::NotOurs("no date"),
        },
        ValueType::Text => match &fact.draft.value {
            FactValue::Text(t) => Read::As(Value::Text(t.clone())),
            FactValue::Coded { codings, text } => {
                match text.clone().or_else(|| codings.first().map(|c| c.code.clone())) {
                    Some(words) => Read::As(Value::Text(words)),
                    None => Read::NotOurs("no words"),
                }
            }
            _ => Read::NotOurs("no words"),
        },
    }
}

fn number(variable: &Variable, r: &Recorded, terms: &Terms, fact: &Fact) -> Read {
    let code = &fact.draft.code;
    let converted =
        |low, high, unit: &ReceivedUnit| match convert(variable, r.molar_mass.as_ref(), terms, code, (low, high), unit)
        {
            Ok(n) => Read::As(Value::Number(n)),
            Err(refusal) => Read::No(refusal),
        };
    match &fact.draft.value {
        FactValue::Quantity { low, high, unit } => converted(low.as_ref(), high.as_ref(), unit),
        FactValue::Text(words) => match text::number(words) {
            Some(n) if n.titre && variable.unit.as_ref().is_some_and(|u| !u.is_one()) => Read::NotOurs("a titre"),
            Some(n) => {
                let unit = if n.unit.is_empty() { ReceivedUnit::None } else { ReceivedUnit::Word(n.unit) };
                converted(n.low.as_ref(), n.high.as_ref(), &unit)
            }
            None => answer(r, terms, &[], Some(words)).unwrap_or(Read::NotOurs("words that are no number")),
        },
        FactValue::Coded { codings, text } => {
            answer(r, terms, codings, text.as_deref()).unwrap_or(Read::NotOurs("a coded answer"))
        }
        _ => Read::NotOurs("a result of another kind"),
    }
}

fn truth(r: &Recorded, terms: &Terms, fact: &Fact) -> Read {
    if fact.draft.origin == Origin::Condition {
        return Read::As(Value::Truth(match fact.draft.status {
            FactStatus::Refuted => Truth::False,
            FactStatus::Unconfirmed => Truth::Unknown,
            _ => Truth::True,
        }));
    }
    if fact.draft.origin == Origin::MedicationAdministration {
        return Read::As(Value::Truth(Truth::True));
    }
    let found = match &fact.draft.value {
        FactValue::Boolean(b) => return Read::As(Value::Truth(Truth::from(*b))),
        FactValue::Coded { codings, text } => answer(r, terms, codings, text.as_deref()),
        FactValue::Text(words) => answer(r, terms, &[], Some(words)),
        _ => return Read::NotOurs("a result of another kind"),
    };
    found.unwrap_or_else(|| {
        Read::No((Reason::CodeNotUnderstood, "the answer is in no map and no answer of the definition".to_owned()))
    })
}

/// What an answer means: by its codings, else by its words through the site's map; two that disagree mean nothing.
fn answer(r: &Recorded, terms: &Terms, codings: &[Coding], words: Option<&str>) -> Option<Read> {
    let meaning = |c: &Coding| r.answers.iter().find(|(_, set)| set.contains(c)).map(|(value, _)| value);
    let mut found: Vec<&AnswerValue> = codings.iter().filter_map(|c| meaning(&terms.usual(c))).collect();
    if found.is_empty() {
        let mapped = codings.iter().filter_map(|c| terms.codes.get(c).or_else(|| terms.codes.get(&terms.usual(c))));
        found.extend(mapped.flatten().filter_map(|c| meaning(&terms.usual(c))));
    }
    if found.is_empty() {
        let by_words = words.and_then(|w| terms.answers.get(&text::answer_key(w)));
        found.extend(by_words.and_then(|c| meaning(&terms.usual(c))));
    }
    let first = *found.first()?;
    if found.iter().any(|v| *v != first) {
        return Some(Read::No((Reason::CodeNotUnderstood, "the codings of the answer disagree".to_owned())));
    }
    Some(Read::As(match first {
        AnswerValue::Truth(b) => Value::Truth(Truth::from(*b)),
        AnswerValue::Number(n) => Value::Number(Interval::exact(n.clone())),
    }))
}
