//! What the file says is measured on study: outcomes by visit, times to an event, grades of results, drugs told of.

use super::build::checked;
use super::definition::Visits;
use super::document::Node;
use super::expression::check::{Wanted, describe};
use super::expression::names::near;
use super::expression::tree::{Expr, Kind, Name, PROBLEM_LIST, Type};
use super::load::Loader;
use super::mistake::Severity;
use super::outcome::{Better, Item, Measured, Outcome, OutcomeKind, Safety};
use crate::model::words::Words;
use std::collections::HashSet;

/// Places of the expressions of outcomes and grades.
pub(super) struct OutcomePlans {
    outcomes: Vec<OutcomePlan>,
    grades: Vec<Vec<Option<usize>>>,
}

#[derive(Default)]
struct OutcomePlan {
    applies: Option<usize>,
    items: Vec<Option<usize>>,
    event: Option<usize>,
    censor: Option<usize>,
}

const AT_VISITS: [&str; 3] = ["value", "visits", "better"];
const TO_EVENT: [&str; 3] = ["from", "event", "censor"];
const TWO_WAYS: &str =
    "an outcome is measured at visits (`value`, `visits`) or as the time to an event (`from`, `event`, `censor`)";

/// Takes up the expressions, and says which keys do not go together.
pub(super) fn plan<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> OutcomePlans {
    let mut outcomes = Vec::new();
    for node in root.items("outcomes") {
        let mut plan =
            OutcomePlan { applies: loader.job(node.get("applies"), Wanted::Truth), ..OutcomePlan::default() };
        if goes_together(loader, &node) {
            plan.items = values(loader, &node);
            plan.event = loader.job(node.get("event"), Wanted::Time);
            plan.censor = loader.job(node.get("censor"), Wanted::Time);
        }
        outcomes.push(plan);
    }
    let mut grades = Vec::new();
    for node in root.items("safety") {
        grades.push(node.items("grades").into_iter().map(|n| loader.job(Some(n), Wanted::Truth)).collect());
    }
    OutcomePlans { outcomes, grades }
}

/// Whether the keys of an outcome are those of one way to measure, and all of it.
fn goes_together(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> bool {
    let id = node.text("id").unwrap_or_default();
    let has = |key: &&&str| node.get(key).is_some();
    let (wanted, other) = match (node.get("value"), TO_EVENT.iter().find(has)) {
        (None, None) => {
            let mistake = loader.document.at_key(
                Severity::Error,
                &node.pointer,
                format!("`{id}` has neither `value` nor `event`"),
            );
            loader.mistakes.push(mistake.with_help(TWO_WAYS));
            return false;
        }
        (Some(_), _) => (&AT_VISITS[..2], &TO_EVENT[..]),
        (None, Some(_)) => (&TO_EVENT[..], &AT_VISITS[..]),
    };
    let mut right = true;
    for key in other.iter().filter(has) {
        let message = format!("`{key}` has no meaning beside `{}`", wanted.iter().find(has).unwrap_or(&wanted[0]));
        let mistake = loader.document.at_key(Severity::Error, &format!("{}/{key}", node.pointer), message);
        loader.mistakes.push(mistake.with_help(TWO_WAYS));
        right = false;
    }
    for key in wanted.iter().filter(|key| !has(key)) {
        let mistake =
            loader.document.at_key(Severity::Error, &node.pointer, format!("`{key}` of the outcome `{id}` is missing"));
        loader.mistakes.push(mistake.with_help(TWO_WAYS));
        right = false;
    }
    right
}

/// An expression, or for each name of a list its own.
fn values<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, node: &Node<'d, 'a>) -> Vec<Option<usize>> {
    let Some(value) = node.get("value") else { return Vec::new() };
    if !value.value.is_array() {
        return vec![loader.job(Some(value), Wanted::Any)];
    }
    let mut all = Vec::new();
    for name in value.one_or_many() {
        let Some(word) = name.value.as_str() else { continue };
        let known = loader.names.get(word).map(|s| s.name);
        if matches!(known, Some(Name::Variable(_) | Name::Reading(_) | Name::Criterion(_))) && word != "problem_list" {
            all.push(loader.job(Some(name), Wanted::Any));
            continue;
        }
        let help = match loader.names.near(word) {
            Some(near) if known.is_none() => format!("did you mean `{near}`?"),
            _ => {
                "a list holds names; what is worked out is an expression alone, or a variable with `derive`".to_owned()
            }
        };
        loader.error(&name.pointer, format!("`{word}` names no variable, reading or criterion"), &help);
    }
    all
}

/// The checked outcomes, in the order of the file.
pub(super) fn outcomes(
    loader: &mut Loader<'_, '_, '_>,
    root: &Node<'_, '_>,
    plans: &OutcomePlans,
    anchors: &[(String, Expr)],
    rows: &[Visits],
) -> Vec<Outcome> {
    let nodes = root.items("outcomes");
    ids_once(loader, &nodes);
    let mut all: Vec<Outcome> = Vec::new();
    for (node, plan) in nodes.iter().zip(&plans.outcomes) {
        let measured = match plan.items.is_empty() {
            true => to_event(loader, node, plan, anchors),
            false => at_visits(loader, node, plan, rows),
        };
        let (Some(id), Some(kind), Some(measured)) = (node.text("id"), kind(node), measured) else { continue };
        let protocol = node.text("protocol").map(Words::from);
        let outcome = Outcome { id: id.into(), kind, protocol, applies: checked(loader, plan.applies), measured };
        once_at_a_row(loader, node, &all, &outcome);
        all.push(outcome);
    }
    all
}

fn ids_once(loader: &mut Loader<'_, '_, '_>, nodes: &[Node<'_, '_>]) {
    let mut seen = HashSet::new();
    for node in nodes {
        let id = node.text("id").unwrap_or_default();
        if !seen.insert(id) {
            loader.error(&format!("{}/id", node.pointer), format!("the id `{id}` stands twice"), "give each its own");
        }
    }
}

/// One name is measured once at a row, or a column of a table would stand for two things.
fn once_at_a_row(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, before: &[Outcome], new: &Outcome) {
    let Measured::AtVisits { row, items } = &new.measured else { return };
    let mut taken: HashSet<&Words> = HashSet::new();
    for outcome in before {
        if let Measured::AtVisits { row: other, items } = &outcome.measured
            && other == row
        {
            taken.extend(items.iter().map(|i| &i.name));
        }
    }
    for item in items {
        if !taken.insert(&item.name) {
            let message = format!("`{}` is an outcome of this row of visits twice", item.name);
            loader.error(&format!("{}/value", node.pointer), message, "name it once");
        }
    }
}

fn kind(node: &Node<'_, '_>) -> Option<OutcomeKind> {
    [OutcomeKind::Primary, OutcomeKind::Secondary, OutcomeKind::Other]
        .into_iter()
        .find(|kind| node.text("kind") == Some(kind.word()))
}

/// The place of a name in a list of names, or the mistake. `declared`: the names as they are written, right or not.
fn place(
    loader: &mut Loader<'_, '_, '_>,
    node: &Node<'_, '_>,
    (key, what): (&str, &str),
    names: &[&str],
    declared: &[&str],
) -> Option<usize> {
    let word = node.text(key)?;
    let found = names.iter().position(|n| *n == word);
    if found.is_none() && !declared.contains(&word) {
        let help = match (near(word, declared.iter().copied()), declared.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, false) => format!("wanted one of {}", declared.join(", ")),
            (None, true) => format!("no {what} is declared"),
        };
        loader.error(&format!("{}/{key}", node.pointer), format!("no {what} is named `{word}`"), &help);
    }
    found
}

fn at_visits(
    loader: &mut Loader<'_, '_, '_>,
    node: &Node<'_, '_>,
    plan: &OutcomePlan,
    rows: &[Visits],
) -> Option<Measured> {
    let names: Vec<&str> = rows.iter().map(|r| r.name.as_str()).collect();
    let declared: Vec<&str> = node.document.root().table("visits").iter().map(|(name, _)| *name).collect();
    let row = place(loader, node, ("visits", "row of visits"), &names, &declared)?;
    let list = node.get("value").is_some_and(|v| v.value.is_array());
    let mut items = Vec::new();
    for job in &plan.items {
        let Some(expression) = checked(loader, *job) else { continue };
        if expression.ty == Type::Null {
            loader.error(&format!("{}/value", node.pointer), "`null` is nothing that can be measured", "");
        }
        let named = match expression.kind {
            Kind::Name(Name::Variable(place)) => Some(place),
            _ => None,
        };
        let name: &str = if list { &expression.text } else { node.text("id")? };
        let written = node.text("label").filter(|_| !list);
        let variables = node.document.root().table("variables");
        let of_variable = || variables.get(named?)?.1.text("label");
        let label = written.or_else(of_variable).map_or_else(|| name.replace('_', " "), str::to_owned);
        let unit = match &expression.ty {
            Type::Number(unit) => Some(unit.clone()),
            _ => None,
        };
        let is_recorded = |p: &usize| loader.names.of(Name::Variable(*p)).is_some_and(|s| s.facts.is_some());
        let variable = named.filter(is_recorded);
        let better = better(loader, node, &expression);
        items.push(Item { name: name.into(), label: label.into(), expression, variable, unit, better });
    }
    Some(Measured::AtVisits { row, items })
}

/// Which way is better, where it fits the type.
fn better(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, expression: &Expr) -> Option<Better> {
    let word = node.text("better")?;
    let (found, truth) = match word {
        "higher" => (Better::Higher, false),
        "lower" => (Better::Lower, false),
        "true" => (Better::True, true),
        "false" => (Better::False, true),
        _ => return None,
    };
    let help = match &expression.ty {
        Type::Number(_) if !truth => return Some(found),
        Type::Truth if truth => return Some(found),
        Type::Number(_) => "of a number the better one is \"higher\" or \"lower\"",
        Type::Truth => "of a truth the better one is \"true\" or \"false\"",
        _ => "only numbers and truths have a better one",
    };
    let message = format!("`{}` is {}, of which `{word}` says nothing", expression.text, describe(&expression.ty));
    loader.error(&format!("{}/better", node.pointer), message, help);
    None
}

fn to_event(
    loader: &mut Loader<'_, '_, '_>,
    node: &Node<'_, '_>,
    plan: &OutcomePlan,
    anchors: &[(String, Expr)],
) -> Option<Measured> {
    node.get("event")?;
    let names: Vec<&str> = anchors.iter().map(|(name, _)| name.as_str()).collect();
    let declared: Vec<&str> = node.document.root().table("anchors").iter().map(|(name, _)| *name).collect();
    let from = place(loader, node, ("from", "anchor"), &names, &declared)?;
    Some(Measured::ToEvent { from, event: checked(loader, plan.event)?, censor: checked(loader, plan.censor)? })
}

/// The checked grades, in the order of the file.
pub(super) fn safety(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>, plans: &OutcomePlans) -> Vec<Safety> {
    let nodes = root.items("safety");
    ids_once(loader, &nodes);
    let mut all = Vec::new();
    for (node, grades) in nodes.iter().zip(&plans.grades) {
        let on = node.get("on").and_then(|on| {
            let (place, facts) = recorded(loader, &on)?;
            if !matches!(facts, Type::Number(_)) {
                let message = format!("the results of `{}` are {}", on.value.as_str()?, describe(&facts));
                loader.error(&on.pointer, message, "only numbers are graded");
            }
            Some(place)
        });
        let grades: Option<Vec<Expr>> = grades.iter().map(|job| checked(loader, *job)).collect();
        let (Some(id), Some(on), Some(grades)) = (node.text("id"), on, grades) else { continue };
        let label = node.text("label").map_or_else(|| id.replace('_', " "), str::to_owned);
        all.push(Safety { id: id.into(), label: label.into(), on, grades });
    }
    all
}

/// The drugs that are told of beside the study drug, by place.
pub(super) fn concomitant(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>) -> Vec<usize> {
    let Some(treatment) = root.get("treatment") else { return Vec::new() };
    let variables = root.table("variables");
    let mut all = Vec::new();
    for node in treatment.items("concomitant") {
        let Some((place, _)) = recorded(loader, &node) else { continue };
        let Some((word, variable)) = variables.get(place) else { continue };
        let wrong = if treatment.text("drug") == Some(word) {
            format!("`{word}` is the study drug itself")
        } else if !variable.texts("from").iter().any(|from| from == "medication_administration") {
            format!("`{word}` is no drug: it is not read from medication_administration")
        } else if all.contains(&place) {
            format!("`{word}` stands twice")
        } else {
            all.push(place);
            continue;
        };
        loader.error(&node.pointer, wrong, "wanted variables of the drugs that are told of beside the study drug");
    }
    all
}

/// The recorded variable that a text names, and the type of its facts. One with a mistake of its own is passed over.
fn recorded(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Option<(usize, Type)> {
    let word = node.value.as_str()?;
    let symbol = loader.names.get(word);
    match symbol.map(|s| (s.name, &s.facts, &s.ty)) {
        Some((Name::Variable(place), Some(facts), _)) if place != PROBLEM_LIST => return Some((place, facts.clone())),
        Some((Name::Variable(_), None, None)) => return None,
        _ => {}
    }
    let help = match loader.names.near(word).filter(|_| symbol.is_none()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "wanted the name of a variable with `from`".to_owned(),
    };
    loader.error(&node.pointer, format!("`{word}` is no recorded variable"), &help);
    None
}
