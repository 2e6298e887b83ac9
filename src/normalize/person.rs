//! What Patient resources and the gateway's milestones say of a person.

use super::plan::Plan;
use super::quantity::Refusal;
use super::sorted::Sorted;
use crate::model::code::MILESTONE_SYSTEM;
use crate::model::fact::{Fact, FactStatus, FactValue, Origin};
use crate::model::key::Item;
use crate::model::reading::{PersonWords, Reading, Reason, Value};
use crate::model::time::{Instant, Partial, TimeRange};
use crate::model::truth::Truth;

/// Labels that keep a person off every list: test data, restricted, very restricted.
const HIDING_LABELS: [(&str, &str); 3] = [("HTEST", "test data"), ("R", "restricted"), ("V", "very restricted")];

/// All that is said of the person apart from variables: of Patient resources what their elements say, of the gateway its
/// milestones. A result that a source sends in these codes is neither.
pub(super) fn words(plan: &Plan, sorted: &Sorted<'_>, facts: &[Fact]) -> PersonWords {
    let mut person = PersonWords::default();
    let mut births: Vec<&Partial> = Vec::new();
    let mut sexes: Vec<&str> = Vec::new();
    let usable = |f: &&&Fact| !matches!(f.draft.status, FactStatus::EnteredInError | FactStatus::Unusable);
    let said: Vec<&Fact> = sorted.said.iter().filter(usable).copied().collect();
    let replaced = replaced(&said);
    for fact in &said {
        if fact.draft.origin != Origin::Patient {
            continue;
        }
        match (fact.draft.code.code.as_str(), &fact.draft.value) {
            ("birth-date", FactValue::Date(date)) => births.push(date),
            ("sex", value) => sexes.extend(word(value)),
            ("death", FactValue::Date(date)) => {
                person.deceased = true;
                person.death = Some(person.death.take().map_or_else(|| date.clone(), |d| coarser(&d, date)));
            }
            ("death", FactValue::Boolean(true)) => person.deceased = true,
            ("active", FactValue::Boolean(false)) if !replaced.contains(&fact.item) => {
                hide(&mut person, "active = false");
            }
            ("security", value) => {
                let label = word(value).and_then(|w| HIDING_LABELS.iter().find(|(code, _)| *code == w));
                label.iter().for_each(|(_, words)| hide(&mut person, words));
            }
            _ => {}
        }
    }
    person.birth_date = agreed_date(&births);
    person.sex = sexes.first().filter(|s| sexes.iter().all(|t| t == *s) && **s != "unknown").map(|s| (*s).to_owned());
    person.consented = milestone(plan, &said, "consented");
    person.enrolled = milestone(plan, &said, "enrolled");
    person.problem_list = problem_list(&sorted.conditions, facts);
    person
}

/// Records in whose place another is used: that one of a person's records is out of use does not hide the person.
fn replaced(said: &[&Fact]) -> Vec<Item> {
    let by_themselves = said.iter().filter(|f| is_of_patient(f, "replaced-by")).map(|f| f.item);
    let by_others = said.iter().filter(|f| is_of_patient(f, "replaces"));
    let of_other = |f: &&Fact| Some(Item::of(&f.source, "Patient", word(&f.draft.value)?));
    by_themselves.chain(by_others.filter_map(of_other)).collect()
}

fn is_of_patient(fact: &Fact, element: &str) -> bool {
    fact.draft.origin == Origin::Patient && fact.draft.code.code == element
}

fn word(value: &FactValue) -> Option<&str> {
    match value {
        FactValue::Coded { codings, text } => codings.first().map(|c| c.code.as_str()).or(text.as_deref()),
        FactValue::Text(text) => Some(text),
        _ => None,
    }
}

fn hide(person: &mut PersonWords, why: &str) {
    // The same words whatever the order of the facts.
    if person.hidden.as_deref().is_none_or(|so_far| why < so_far) {
        person.hidden = Some(why.to_owned());
    }
}

/// The date on which all agree, as far as they do; `None`: not even on the year.
fn agreed_date(dates: &[&Partial]) -> Option<Partial> {
    let (first, rest) = dates.split_first()?;
    let year = |p: &Partial| match p {
        Partial::Year(y) | Partial::Month(y, _) => Some(*y),
        Partial::Day(d) => Some(d.year()),
        Partial::Instant(..) => None,
    };
    let agreed = rest.iter().fold((*first).clone(), |so_far, d| coarser(&so_far, d));
    let same_year = dates.iter().all(|d| year(d) == year(first));
    (rest.is_empty() || same_year || dates.iter().all(|d| d == first)).then_some(agreed)
}

/// What two dates of one year have in common.
fn coarser(a: &Partial, b: &Partial) -> Partial {
    let parts = |p: &Partial| match p {
        Partial::Year(y) => (*y, None),
        Partial::Month(y, m) => (*y, Some(*m)),
        Partial::Day(d) => (d.year(), Some(d.month())),
        Partial::Instant(..) => (0, None),
    };
    match (a, b) {
        (a, b) if a == b => a.clone(),
        // Two reports of one event: the earlier stands.
        (Partial::Instant(x, _), Partial::Instant(y, _)) => (if x <= y { a } else { b }).clone(),
        (Partial::Instant(..), _) => b.clone(),
        (_, Partial::Instant(..)) => a.clone(),
        _ => match (parts(a), parts(b)) {
            ((y, Some(m)), (z, Some(n))) if y == z && m == n => Partial::Month(y, m),
            ((y, _), (z, _)) => Partial::Year(y.min(z)),
        },
    }
}

/// When a milestone of this trial was reached, by the statement that the gateway learned last.
fn milestone(plan: &Plan, said: &[&Fact], name: &str) -> Option<Instant> {
    let of_this = |f: &&&Fact| {
        f.draft.code.system == MILESTONE_SYSTEM
            && f.draft.code.code.split_once('/') == Some((plan.trial.as_str(), name))
    };
    let newest = said.iter().filter(of_this).max_by_key(|f| (f.known, f.item))?;
    match &newest.draft.value {
        FactValue::Boolean(false) => None,
        _ => newest.draft.at.map(|at| at.earliest),
    }
}

/// The times at which a source gave this person's problem list, oldest first.
fn problem_list(conditions: &[usize], facts: &[Fact]) -> Vec<Reading> {
    let listed = |place: &usize| {
        let f = &facts[*place];
        let at = f.draft.recorded.filter(|_| f.draft.status != FactStatus::EnteredInError)?;
        Some(Reading {
            value: Value::Truth(Truth::True),
            at: TimeRange::exact(at),
            other_end: None,
            recorded: Some(at),
            provisional: false,
            past: f.draft.status == FactStatus::Past,
            range: None,
            fact: *place,
            special: None,
        })
    };
    let mut found: Vec<Reading> = conditions.iter().filter_map(listed).collect();
    found.sort_by_key(|r| r.at.earliest);
    found
}

/// What is dated before the birth has a wrong date, or is somebody else's.
pub(super) fn in_this_life(at: TimeRange, born: Option<Instant>) -> Result<(), Refusal> {
    match born {
        Some(born) if at.latest < born => {
            Err((Reason::Implausible, "dated before the birth; wanted a time of this life".into()))
        }
        _ => Ok(()),
    }
}
