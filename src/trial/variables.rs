//! The variables of a definition.

use super::definition::*;
use super::document::{Document, Node};
use super::expression::check::{Wanted, duration};
use super::expression::tree::{Duration, Type};
use super::formulas::Formulas;
use super::mistake::{Mistake, Severity};
use super::systems::CodeReader;
use crate::model::fact::{FactStatus, Origin, Qualifier};
use crate::model::number::Number;
use crate::model::unit::Unit;

/// A variable before its expressions are checked.
pub(super) struct Draft<'d, 'a> {
    pub(super) name: &'d str,
    pub(super) node: Node<'d, 'a>,
    pub(super) unit: Option<Unit>,
    pub(super) kind: DraftKind,
}

/// What it is made of.
pub(super) enum DraftKind {
    Recorded(Box<Recorded>),
    Derived,
    Attested(ValueType, Option<Duration>),
}

impl Draft<'_, '_> {
    /// The type of a value of that kind here.
    pub(super) fn ty(&self, value: ValueType) -> Option<Type> {
        Some(match value {
            ValueType::Number => Type::Number(self.unit.clone().unwrap_or_else(Unit::one)),
            ValueType::Truth => Type::Truth,
            ValueType::Time => Type::Time,
            ValueType::Text => Type::Text,
        })
    }
}

/// Reads all variables, without their expressions.
pub(super) fn read<'d, 'a>(
    document: &'d Document<'a>,
    codes: &mut CodeReader<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Draft<'d, 'a>> {
    let mut drafts = Vec::new();
    for (name, node) in document.root().table("variables") {
        let unit = Formulas::unit(&node, "unit", mistakes);
        let kind = match (node.get("derive"), node.get("attest"), node.get("from")) {
            (Some(_), None, None) => DraftKind::Derived,
            (None, Some(_), None) => {
                let answer = match node.text("answer").or(node.text("type")) {
                    Some("number") => ValueType::Number,
                    Some("date") => ValueType::Time,
                    _ => ValueType::Truth,
                };
                DraftKind::Attested(answer, time_span(&node, "expires", mistakes))
            }
            (None, None, Some(from)) => DraftKind::Recorded(Box::new(recorded(&node, &from, &unit, codes, mistakes))),
            _ => {
                let message =
                    format!("`{name}` is to be one of recorded (`from`), derived (`derive`) and attested (`attest`)");
                mistakes.push(document.at_key(Severity::Error, &node.pointer, message));
                DraftKind::Derived
            }
        };
        drafts.push(Draft { name, node, unit, kind });
    }
    drafts
}

fn recorded(
    node: &Node<'_, '_>,
    from: &Node<'_, '_>,
    unit: &Option<Unit>,
    codes: &mut CodeReader<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Recorded {
    let origins = origins(from, mistakes);
    let answers = answers(node, codes);
    let amount = match node.text("amount") {
        Some("dose") => Amount::Dose,
        Some("rate") => Amount::Rate,
        _ => Amount::Presence,
    };
    let value = value_type(node, unit, &answers, &origins);
    if value == ValueType::Number && unit.is_none() {
        let message = "numbers need a `unit`; a score has `{score}`, a plain number `1`";
        mistakes.push(node.document.at_key(Severity::Error, &node.pointer, message));
    }
    Recorded {
        from: origins,
        codes: node.get("code").map(|n| codes.set(&n)).unwrap_or_default(),
        value,
        molar_mass: node.get("molar_mass").and_then(|n| number(&n, mistakes)),
        plausible: bounds(node, "plausible", mistakes),
        select: None,
        status: statuses(node),
        answers,
        context: context(node, codes),
        presume: None,
        history: node.truth("history").unwrap_or(false),
        amount,
        collection_hours: bounds(node, "collection_hours", mistakes),
    }
}

fn origins(from: &Node<'_, '_>, mistakes: &mut Vec<Mistake>) -> Vec<Origin> {
    let mut found = Vec::new();
    for item in from.one_or_many() {
        match item.value.as_str() {
            Some("observation") => found.push(Origin::Observation),
            Some("condition") => found.push(Origin::Condition),
            Some("medication_administration") => found.push(Origin::MedicationAdministration),
            Some(other) => {
                let message =
                    format!("`{other}` is not read yet; wanted observation, condition or medication_administration");
                mistakes.push(item.document.at_value(Severity::Error, &item.pointer, message));
            }
            None => {}
        }
    }
    found
}

fn value_type(
    node: &Node<'_, '_>,
    unit: &Option<Unit>,
    answers: &[(AnswerValue, CodeSet)],
    from: &[Origin],
) -> ValueType {
    let truths = answers.iter().any(|(value, _)| matches!(value, AnswerValue::Truth(_)));
    let observed = from.contains(&Origin::Observation);
    match node.text("type") {
        Some("date") => ValueType::Time,
        Some("text") => ValueType::Text,
        _ if truths => ValueType::Truth,
        _ if unit.is_some() || !answers.is_empty() => ValueType::Number,
        _ if observed => ValueType::Number,
        _ => ValueType::Truth,
    }
}

fn answers(node: &Node<'_, '_>, codes: &mut CodeReader<'_>) -> Vec<(AnswerValue, CodeSet)> {
    let mut found = Vec::new();
    for (word, set) in node.table("answers") {
        let value = match word {
            "true" => AnswerValue::Truth(true),
            "false" => AnswerValue::Truth(false),
            points => match Number::parse(points) {
                Ok(number) => AnswerValue::Number(number),
                // The schema has told that the key is none.
                Err(_) => continue,
            },
        };
        found.push((value, codes.set(&set)));
    }
    found
}

fn statuses(node: &Node<'_, '_>) -> Vec<FactStatus> {
    let word = |word: &String| match word.as_str() {
        "final" => Some(FactStatus::Final),
        "amended" => Some(FactStatus::Amended),
        "corrected" => Some(FactStatus::Corrected),
        "preliminary" => Some(FactStatus::Preliminary),
        _ => None,
    };
    let stated: Vec<FactStatus> = node.texts("status").iter().filter_map(word).collect();
    if stated.is_empty() { vec![FactStatus::Final, FactStatus::Amended, FactStatus::Corrected] } else { stated }
}

fn context(node: &Node<'_, '_>, codes: &mut CodeReader<'_>) -> Vec<(Qualifier, ContextRule)> {
    let words = [
        ("method", Qualifier::Method),
        ("body_site", Qualifier::BodySite),
        ("specimen", Qualifier::Specimen),
        ("category", Qualifier::Category),
        ("fasting", Qualifier::Fasting),
        ("interpretation", Qualifier::Interpretation),
    ];
    let Some(context) = node.get("context") else { return Vec::new() };
    let mut found = Vec::new();
    for (word, qualifier) in words {
        if let Some(rule) = context.get(word) {
            let any = rule.get("any").map(|n| codes.set(&n)).unwrap_or_default();
            let except = rule.get("except").map(|n| codes.set(&n)).unwrap_or_default();
            found.push((qualifier, ContextRule { any, except, absent_ok: rule.truth("absent_ok").unwrap_or(false) }));
        }
    }
    found
}

fn number(node: &Node<'_, '_>, mistakes: &mut Vec<Mistake>) -> Option<Number> {
    let literal = node.literal()?;
    match Number::parse(&literal) {
        Ok(number) => Some(number),
        Err(_) => {
            mistakes.push(node.document.at_value(
                Severity::Error,
                &node.pointer,
                "a number of at most 28 digits is wanted",
            ));
            None
        }
    }
}

fn bounds(node: &Node<'_, '_>, key: &str, mistakes: &mut Vec<Mistake>) -> Option<(Number, Number)> {
    let found = node.items(key);
    let [low, high] = &found[..] else { return None };
    let (low, high) = (number(low, mistakes)?, number(high, mistakes)?);
    if low > high {
        let pointer = format!("{}/{key}", node.pointer);
        mistakes.push(node.document.at_value(Severity::Error, &pointer, "the lower bound is above the upper one"));
    }
    Some((low, high))
}

/// A duration such as `28 days`.
pub(super) fn time_span(node: &Node<'_, '_>, key: &str, mistakes: &mut Vec<Mistake>) -> Option<Duration> {
    let value = node.get(key)?;
    let (count, of) = value.value.as_str()?.split_once(' ')?;
    let written = super::expression::syntax::DurationSyntax::written(count, of);
    match written.map(|w| duration(&w)) {
        Some(Ok(found)) => Some(found),
        _ => {
            let message = "a duration is a whole number and year, month, week, day, hour or minute";
            mistakes.push(value.document.at_value(Severity::Error, &value.pointer, message));
            None
        }
    }
}

/// Checks the expressions and makes the variables; what has a mistake is left to its mistake.
pub(super) fn build(drafts: Vec<Draft<'_, '_>>, formulas: &mut Formulas<'_, '_>) -> Option<Vec<Variable>> {
    let mut all = Some(Vec::new());
    for draft in drafts {
        let made = one(draft, formulas);
        match (&mut all, made) {
            (Some(list), Some(variable)) => list.push(variable),
            _ => all = None,
        }
    }
    all
}

fn one(draft: Draft<'_, '_>, formulas: &mut Formulas<'_, '_>) -> Option<Variable> {
    let Draft { name, node, mut unit, kind } = draft;
    let kind = match kind {
        DraftKind::Derived => {
            let wanted = unit.clone().map_or(Wanted::Any, Wanted::Number);
            let expr = formulas.expression(&node.get("derive")?, &wanted)?;
            if let Type::Number(found) = &expr.ty {
                unit.get_or_insert_with(|| found.clone());
            }
            VariableKind::Derived(expr)
        }
        DraftKind::Attested(answer, expires) => {
            let question = node.text("attest")?.to_owned();
            VariableKind::Attested { question, expires, answer }
        }
        DraftKind::Recorded(mut recorded) => {
            if let Some(select) = node.get("select") {
                let wanted = formulas.type_of(name).map_or(Wanted::Any, |ty| as_wanted(&ty));
                recorded.select = Some(formulas.expression(&select, &wanted)?);
            }
            if let Some(presume) = node.get("presume") {
                let when = formulas.expression(&presume.get("when")?, &Wanted::Truth)?;
                recorded.presume = Some(Presume { value: presume.truth("value")?, when });
            }
            VariableKind::Recorded(recorded)
        }
    };
    let label = node.text("label").unwrap_or(name).to_owned();
    Some(Variable { name: name.to_owned(), label, kind, unit })
}

fn as_wanted(ty: &Type) -> Wanted {
    match ty {
        Type::Truth => Wanted::Truth,
        Type::Time => Wanted::Time,
        Type::Text => Wanted::Text,
        Type::Number(unit) => Wanted::Number(unit.clone()),
        _ => Wanted::Any,
    }
}
