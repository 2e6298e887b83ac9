//! One fact after another, read by each variable that asks for it.

use super::instrument::{self, Answered};
use super::plan::{Plan, meanings};
use super::quantity::{Refusal, apply, convert, dose_per_weight, limits, plausible, way};
use super::sorted::{Run, Sorted};
use super::ways::{Route, Way, Ways, unit_of, unit_of_limits};
use super::{foreign, guess, person, text};
use crate::model::code::Coding;
use crate::model::fact::{Fact, FactStatus, FactValue, Origin, Qualifier, ReceivedUnit};
use crate::model::interval::{End, Interval};
use crate::model::number::Number;
use crate::model::reading::{LeftOut, Reading, Readings, Reason, Series, Special, Value};
use crate::model::terms::Terms;
use crate::model::time::{Instant, Zone};
use crate::model::truth::Truth;
use crate::trial::definition::{Amount, AnswerValue, CodeSet, Recorded, ValueType, Variable, VariableKind};
use std::collections::{BTreeMap, HashSet};

/// The part of an administration that is its dose as sent.
const AS_SENT: u16 = 0;
/// The part of an administration that is its dose by the strength of what was given.
const BY_STRENGTH: u16 = 2;
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

/// Why a variable has no reading of a fact.
enum Skip {
    /// Its unit has to be learned first.
    Unlearned,
    /// It is for other variables.
    Elsewhere,
    /// Another variable may take it.
    NotOurs(&'static str),
    /// It is of no use.
    No(Refusal),
}

impl From<Refusal> for Skip {
    fn from(refusal: Refusal) -> Self {
        Self::No(refusal)
    }
}

/// The person's facts as the trial of the plan reads them. `Reading::fact` and `LeftOut::fact` are places in `facts`.
pub fn normalize(plan: &Plan, facts: &[Fact], zone: &Zone) -> Readings {
    let known = readings(plan, &plan.ways(), facts, zone);
    let learned = known.or_else(|| readings(plan, &plan.learn(facts), facts, zone));
    learned.expect("what these facts bring was just learned")
}

/// `None`: a code or unit is met for the first time, and has to be learned.
fn readings(plan: &Plan, ways: &Ways, facts: &[Fact], zone: &Zone) -> Option<Readings> {
    let sorted = Sorted::of(plan, ways, facts)?;
    let person = person::words(plan, &sorted, facts);
    let born = person.birth_date.as_ref().map(|date| date.range(zone).earliest);
    let series = all_series(plan, &sorted.runs, facts, born, zone)?;
    Some(Readings { person, series })
}

/// One series for each variable.
fn all_series(
    plan: &Plan,
    runs: &[Run<'_>],
    facts: &[Fact],
    born: Option<Instant>,
    zone: &Zone,
) -> Option<Vec<Series>> {
    let mut counts = vec![0; plan.variables.len()];
    runs.iter().for_each(|run| run.route.variables.iter().for_each(|v| counts[*v] += run.places.len()));
    let of = |n: &usize| Series { readings: Vec::with_capacity(*n), ..Series::default() };
    let mut all: Vec<Series> = counts.iter().map(of).collect();
    let mut items: BTreeMap<usize, Vec<Answered>> = BTreeMap::new();
    for run in runs {
        for (slot, v) in run.route.variables.iter().enumerate() {
            match run.route.item(slot) {
                Some(item) => {
                    let of = |place| instrument::answered(&plan.variables[*v], item, run.terms, &facts[place], place);
                    items.entry(*v).or_default().extend(run.places.clone().filter_map(of));
                }
                None => read_run(plan, run, slot, facts, born, &mut all[*v])?,
            }
        }
    }
    for (v, answers) in items {
        instrument::score(&plan.variables[v], answers, facts, zone, &mut all[v]);
    }
    foreign::leave_out(plan, facts, &mut all);
    for run in runs {
        guess::note(plan, facts, run, &mut all)?;
    }
    for (variable, series) in plan.variables.iter().zip(&mut all) {
        in_order(series, plan, variable, facts);
    }
    Some(all)
}

/// What one of the variables of a run makes of its facts.
fn read_run(
    plan: &Plan,
    run: &Run<'_>,
    slot: usize,
    facts: &[Fact],
    born: Option<Instant>,
    series: &mut Series,
) -> Option<()> {
    let variable = &plan.variables[run.route.variables[slot]];
    let look = Look { terms: run.terms, route: run.route, slot, limits: plan.limits };
    for place in run.places.clone() {
        let fact = &facts[place];
        let (reason, text) = match one(variable, &look, fact, place, born, &mut series.readings) {
            Ok(()) | Err(Skip::Elsewhere) => continue,
            Err(Skip::NotOurs(_)) if run.route.variables.len() > 1 => continue,
            Err(Skip::NotOurs(what)) => {
                (Reason::CodeNotUnderstood, format!("{what} was sent; wanted {}", wanted(variable)))
            }
            Err(Skip::No(refusal)) => refusal,
            Err(Skip::Unlearned) => return None,
        };
        series.left_out.push(left_out(variable, run.terms, fact, place, reason, text));
    }
    Some(())
}

/// How a fact is looked at by one variable.
struct Look<'l> {
    terms: &'l Terms,
    route: &'l Route,
    /// The variable's place in the route.
    slot: usize,
    /// Reference ranges are asked for.
    limits: bool,
}

impl Look<'_> {
    fn way(&self, unit: &ReceivedUnit) -> Result<&Way, Skip> {
        self.route.way(unit, self.slot).ok_or(Skip::Unlearned)
    }
}

/// What is not used, with its times: what its value is nobody knows.
pub(super) fn left_out(
    variable: &Variable,
    terms: &Terms,
    fact: &Fact,
    place: usize,
    reason: Reason,
    text: String,
) -> LeftOut {
    let draft = &fact.draft;
    let other = draft.status == FactStatus::NotDone
        || match &variable.kind {
            VariableKind::Recorded(r) => is_other(r, &draft.context, terms),
            _ => false,
        };
    LeftOut { fact: place, reason, text, other, unread: Reading::unread(place, draft) }
}

/// Whether a qualifier that was sent shows it to be another measurement than the variable's.
fn is_other(r: &Recorded, context: &[(Qualifier, Coding)], terms: &Terms) -> bool {
    r.context.iter().any(|(qualifier, rule)| {
        let own = qualities(*qualifier, context, terms);
        own.iter().any(|c| rule.except.contains(c))
            || (!own.is_empty() && !rule.any.is_empty() && !own.iter().any(|c| rule.any.contains(c)))
    })
}

/// What was said of one qualifier, each code with what the site's map adds to it.
fn qualities(of: Qualifier, context: &[(Qualifier, Coding)], terms: &Terms) -> Vec<Coding> {
    context.iter().filter(|(q, _)| *q == of).flat_map(|(_, code)| meanings(terms, code).into_iter().rev()).collect()
}

/// Oldest first, in an order that does not hang on arrival; the same result twice is one.
fn in_order(series: &mut Series, plan: &Plan, variable: &Variable, facts: &[Fact]) {
    let own = |place: usize| (facts[place].item, facts[place].draft.part);
    let key = |place: usize| (own(place), &facts[place].draft.code);
    series.readings.sort_unstable_by(|a, b| {
        (a.at.earliest, a.at.latest).cmp(&(b.at.earliest, b.at.latest)).then_with(|| key(a.fact).cmp(&key(b.fact)))
    });
    // One element of one resource, which has one time, is read once, however many codings it carries.
    series.readings.dedup_by(|b, a| a.at == b.at && own(a.fact) == own(b.fact));
    one_dose_each(series, facts);
    series.readings.dedup_by(|b, a| {
        // On one day without a time there may well have been two alike.
        let dated = a.at == b.at && a.at.earliest == a.at.latest;
        let same = dated && a.value == b.value && a.other_end == b.other_end;
        let status = |r: &Reading| facts[r.fact].draft.status;
        same && status(a) == status(b) && same_range(plan, variable, &facts[a.fact], &facts[b.fact])
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

/// Whether the reference ranges that came with two results are the same ones.
fn same_range(plan: &Plan, variable: &Variable, a: &Fact, b: &Fact) -> bool {
    let of = |fact: &Fact| {
        let (range, code) = (fact.draft.range.as_ref()?, &fact.draft.code);
        limits(
            &way(variable, plan.terms.of(&fact.source), code, unit_of_limits(range, unit_of(&fact.draft.value))),
            range,
        )
    };
    let as_sent = a.draft.range == b.draft.range && a.draft.code == b.draft.code && a.source == b.source;
    let unit = unit_of(&a.draft.value) == unit_of(&b.draft.value);
    (as_sent && unit) || of(a) == of(b)
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

/// What a variable makes of a fact, added to its readings. They are large: each is made where it stays.
fn one(
    variable: &Variable,
    look: &Look<'_>,
    fact: &Fact,
    place: usize,
    born: Option<Instant>,
    readings: &mut Vec<Reading>,
) -> Result<(), Skip> {
    let draft = &fact.draft;
    let mut special = None;
    let value = match &variable.kind {
        VariableKind::Derived(_) => return Err(Skip::Elsewhere),
        VariableKind::Attested { .. } if draft.origin != Origin::Gateway => {
            return Err(Skip::NotOurs("what no person answered here"));
        }
        VariableKind::Attested { answer, .. } => attested(*answer, look, fact)?,
        VariableKind::Recorded(r) => {
            if !r.from.contains(&draft.origin) || !is_part(r, fact) {
                return Err(Skip::Elsewhere);
            }
            may_be_used(r, draft.origin, draft.status)?;
            in_context(r, &draft.context, look.terms)?;
            collected_long_enough(r, fact)?;
            let value = match value_of(variable, r, look, fact) {
                Err(Skip::No(refusal)) if r.amount == Amount::Dose && refusal.0 == Reason::UnitNotConvertible => {
                    let sent = dose_per_weight(variable, look.terms, fact).ok_or(refusal)?;
                    special = Some(Box::new(Special::PerWeight(sent)));
                    Value::Number(Interval { low: Some(End::open(Number::ZERO)), high: None })
                }
                value => value?,
            };
            if let (Value::Number(score), Some(of)) = (&value, &r.instrument) {
                instrument::in_steps(score, of.scale().step.as_ref())?;
            }
            value
        }
    };
    let at = draft.at.ok_or_else(|| (Reason::KnownInPart, "no clinical time was sent; wanted one".to_owned()))?;
    plausible(variable, &value)?;
    let range = match draft.range.as_ref().filter(|_| look.limits) {
        Some(range) => limits(look.way(unit_of_limits(range, unit_of(&draft.value)))?, range).map(Box::new),
        None => None,
    };
    person::in_this_life(at, born)?;
    let preliminary = draft.status == FactStatus::Preliminary;
    readings.push(Reading {
        value,
        at,
        other_end: draft.other_end,
        recorded: draft.recorded,
        provisional: preliminary && matches!(variable.kind, VariableKind::Recorded(_)),
        past: draft.status == FactStatus::Past,
        range,
        fact: place,
        special,
    });
    Ok(())
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

/// Whether a status counts. A fact that may still change is preliminary.
pub(super) fn may_be_used(r: &Recorded, origin: Origin, status: FactStatus) -> Result<(), Refusal> {
    let refuse = || Err((Reason::NotYetFinal, format!("its status is {}; wanted a final one", status.word())));
    match status {
        FactStatus::NotDone => Err((Reason::NeverSeen, "its status is not done; wanted one that was".into())),
        FactStatus::Unusable | FactStatus::EnteredInError => refuse(),
        FactStatus::Preliminary if matches!(origin, Origin::MedicationAdministration | Origin::Procedure) => Ok(()),
        FactStatus::Preliminary if r.status.contains(&status) => Ok(()),
        FactStatus::Preliminary => refuse(),
        _ if matches!(origin, Origin::Observation | Origin::QuestionnaireResponse) && !r.status.contains(&status) => {
            refuse()
        }
        _ => Ok(()),
    }
}

pub(super) fn in_context(r: &Recorded, context: &[(Qualifier, Coding)], terms: &Terms) -> Result<(), Refusal> {
    for (qualifier, rule) in &r.context {
        let own = qualities(*qualifier, context, terms);
        let fits = |set: &CodeSet| own.iter().any(|c| set.contains(c));
        let absent = own.is_empty() && !rule.absent_ok;
        let name = qualifier.word();
        let found = own.first().map_or_else(|| "not said".to_owned(), ToString::to_string);
        if fits(&rule.except) {
            return Err((Reason::CodeNotUnderstood, format!("{name} is {found}; wanted another")));
        }
        if !rule.any.is_empty() && !fits(&rule.any) && (absent || !own.is_empty()) {
            return Err((Reason::CodeNotUnderstood, format!("{name} is {found}; wanted {}", rule.any)));
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

fn attested(answer: ValueType, look: &Look<'_>, fact: &Fact) -> Result<Value, Skip> {
    Ok(match (answer, &fact.draft.value) {
        (ValueType::Truth, FactValue::Boolean(b)) => Value::Truth(Truth::from(*b)),
        (ValueType::Time, FactValue::Date(d)) => Value::Time(d.clone()),
        (ValueType::Text, FactValue::Text(t)) => Value::Text(t.clone()),
        (ValueType::Number, FactValue::Quantity { number, unit }) => Value::Number(apply(look.way(unit)?, number)?),
        _ => return Err(Skip::NotOurs("an answer of another kind")),
    })
}

fn value_of(variable: &Variable, r: &Recorded, look: &Look<'_>, fact: &Fact) -> Result<Value, Skip> {
    match &fact.draft.value {
        FactValue::Absent(why) => {
            return Err(Skip::No((Reason::NeverSeen, format!("asked for and not available: {why}"))));
        }
        FactValue::Unreadable(kind) => {
            return Err(Skip::No((Reason::CodeNotUnderstood, format!("a {kind} is not computed with"))));
        }
        _ => {}
    }
    match r.value {
        ValueType::Number => number(variable, r, look, fact),
        ValueType::Truth => truth(r, look.terms, fact),
        ValueType::Time => match &fact.draft.value {
            FactValue::Date(d) => Ok(Value::Time(d.clone())),
            _ => Err(Skip::NotOurs("no date")),
        },
        ValueType::Text => match &fact.draft.value {
            FactValue::Text(t) => Ok(Value::Text(t.clone())),
            FactValue::Coded { codings, text } => {
                let words = text.clone().or_else(|| codings.first().map(|c| c.code.to_string()));
                words.map(Value::Text).ok_or(Skip::NotOurs("no words"))
            }
            _ => Err(Skip::NotOurs("no words")),
        },
    }
}

fn number(variable: &Variable, r: &Recorded, look: &Look<'_>, fact: &Fact) -> Result<Value, Skip> {
    let (terms, code) = (look.terms, &fact.draft.code);
    match &fact.draft.value {
        FactValue::Quantity { number, unit } => Ok(Value::Number(apply(look.way(unit)?, number)?)),
        FactValue::Text(words) => match text::number(words) {
            Some(n) if n.titre && variable.unit.as_ref().is_some_and(|u| !u.is_one()) => Err(Skip::NotOurs("a titre")),
            Some(n) => {
                let unit = if n.unit.is_empty() { ReceivedUnit::None } else { ReceivedUnit::Word(n.unit.into()) };
                Ok(Value::Number(convert(variable, terms, code, &n.number, &unit)?))
            }
            None => answer(r, terms, &[], Some(words), Skip::NotOurs("words that are no number")),
        },
        FactValue::Coded { codings, text } => {
            answer(r, terms, codings, text.as_deref(), Skip::NotOurs("a coded answer"))
        }
        _ => Err(Skip::NotOurs("a result of another kind")),
    }
}

fn truth(r: &Recorded, terms: &Terms, fact: &Fact) -> Result<Value, Skip> {
    if fact.draft.origin == Origin::Condition {
        return Ok(Value::Truth(match fact.draft.status {
            FactStatus::Refuted => Truth::False,
            FactStatus::Unconfirmed => Truth::Unknown,
            _ => Truth::True,
        }));
    }
    if fact.draft.origin == Origin::Procedure {
        // What was begun and given up was done in part: nobody can say whether that counts.
        let done = fact.draft.status != FactStatus::Stopped;
        return Ok(Value::Truth(if done { Truth::True } else { Truth::Unknown }));
    }
    if fact.draft.origin == Origin::MedicationAdministration {
        return Ok(Value::Truth(Truth::True));
    }
    let unknown = || {
        let text = "the answer is in no map and no answer of the definition".to_owned();
        Skip::No((Reason::CodeNotUnderstood, text))
    };
    match &fact.draft.value {
        FactValue::Boolean(b) => Ok(Value::Truth(Truth::from(*b))),
        FactValue::Coded { codings, text } => answer(r, terms, codings, text.as_deref(), unknown()),
        FactValue::Text(words) => answer(r, terms, &[], Some(words), unknown()),
        _ => Err(Skip::NotOurs("a result of another kind")),
    }
}

/// What an answer means: by its codings, else by its words through the site's map; two that disagree mean nothing.
fn answer(
    r: &Recorded,
    terms: &Terms,
    codings: &[Coding],
    words: Option<&str>,
    otherwise: Skip,
) -> Result<Value, Skip> {
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
    let Some(first) = found.first() else {
        return Err(otherwise);
    };
    if found.iter().any(|v| v != first) {
        return Err(Skip::No((Reason::CodeNotUnderstood, "the codings of the answer disagree".to_owned())));
    }
    Ok(match first {
        AnswerValue::Truth(b) => Value::Truth(Truth::from(*b)),
        AnswerValue::Number(n) => Value::Number(Interval::exact(n.clone())),
    })
}
