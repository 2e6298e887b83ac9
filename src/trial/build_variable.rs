//! Variables of the file: where their facts come from and how they are read.

use super::build::{checked, number, written_duration};
use super::build_instrument;
use super::definition::{
    Amount, AnswerValue, CodeSet, ContextRule, Presume, Recorded, ValueType, Variable, VariableKind,
};
use super::document::Node;
use super::expression::check::Wanted;
use super::expression::names::{Symbol, near};
use super::expression::tree::{Name, Type};
use super::instrument::Instrument;
use super::load::{Loader, symbol, unit_of};
use crate::model::fact::{FactStatus, Origin, Qualifier};
use crate::model::number::Number;
use crate::model::unit::Unit;
use std::sync::Arc;

/// Places of a variable's expressions.
#[derive(Default)]
pub(super) struct VariablePlan {
    recorded: Option<Recorded>,
    attested: Option<ValueType>,
    unit: Option<Unit>,
    derive: Option<usize>,
    select: Option<usize>,
    presume: Option<(bool, Option<usize>)>,
}

/// Declares every variable, then takes up their expressions.
pub(super) fn declare<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> Vec<VariablePlan> {
    let nodes = root.table("variables");
    let mut plans: Vec<VariablePlan> =
        nodes.iter().enumerate().map(|(i, (name, node))| declare_one(loader, i, name, node)).collect();
    for ((name, node), plan) in nodes.iter().zip(&mut plans) {
        let wanted = plan.unit.clone().map_or(Wanted::Any, Wanted::Number);
        plan.derive = loader.job(node.get("derive"), wanted);
        if let Some(derive) = plan.derive {
            loader.jobs[derive].defines = Some((*name).to_owned());
        }
        let recorded = plan.recorded.as_ref().map(|r| value_type(r.value, plan.unit.as_ref()));
        let wanted = recorded.map_or(Wanted::Any, |ty| match ty {
            Type::Number(unit) => Wanted::Number(unit),
            Type::Time => Wanted::Time,
            Type::Text => Wanted::Text,
            _ => Wanted::Truth,
        });
        let broken = node.get("unit").is_some() && loader.names.get(name).is_some_and(|s| s.ty.is_none());
        plan.select = loader.job(node.get("select"), if broken { Wanted::Any } else { wanted });
        loader.leans(name, plan.derive);
        loader.leans(name, plan.select);
        if let Some(presume) = node.get("presume") {
            let when = loader.job(presume.get("when"), Wanted::Truth);
            loader.series_leans(name, when);
            plan.presume = presume.truth("value").map(|value| (value, when));
        }
    }
    plans
}

fn declare_one<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, place: usize, name: &str, node: &Node<'d, 'a>) -> VariablePlan {
    let kinds: Vec<&str> = ["from", "derive", "attest"].into_iter().filter(|k| node.get(k).is_some()).collect();
    if kinds.len() != 1 {
        let mistake = loader.document.at_key(
            super::mistake::Severity::Error,
            &node.pointer,
            format!("`{name}` has {} of from, derive, attest", kinds.len()),
        );
        loader.mistakes.push(mistake.with_help("exactly one of them says what a variable is made of"));
    }
    only_for(loader, node, kinds.first().copied().unwrap_or("from"));
    let unit = unit_of(loader, node);
    let mut plan = VariablePlan { unit, ..VariablePlan::default() };
    let mut declared: Symbol = symbol(Name::Variable(place), None);
    match kinds.first() {
        Some(&"from") => {
            if let Some(recorded) = recorded(loader, node, node.get("unit").is_some()) {
                // A unit that is none is told already; what leans on the variable only follows.
                let broken = plan.unit.is_none() && node.get("unit").is_some();
                if recorded.value == ValueType::Number && plan.unit.is_none() {
                    plan.unit = Some(Unit::one());
                }
                let ty = value_type(recorded.value, plan.unit.as_ref());
                declared.ty = (!broken).then(|| ty.clone());
                declared.facts = (!broken).then_some(ty);
                declared.molar_mass = recorded.molar_mass.clone();
                plan.recorded = Some(recorded);
            }
        }
        Some(&"attest") => {
            let answer = match node.text("answer") {
                Some("number") => ValueType::Number,
                Some("date") => ValueType::Time,
                _ => ValueType::Truth,
            };
            if answer == ValueType::Number && plan.unit.is_none() {
                plan.unit = Some(Unit::one());
            }
            declared.ty = Some(value_type(answer, plan.unit.as_ref()));
            plan.attested = Some(answer);
        }
        _ => {}
    }
    loader.declare(name, &node.pointer, declared);
    plan
}

/// Keys that mean nothing for this kind of variable are refused.
fn only_for(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, kind: &str) {
    let known: &[&str] = match kind {
        "derive" => &["label", "derive", "unit", "plausible"],
        "attest" => &["label", "attest", "expires", "answer", "unit"],
        _ => return,
    };
    for (key, below) in node.entries() {
        if !known.contains(&key) && key != "from" && key != "derive" && key != "attest" {
            loader.error(&below.pointer, format!("`{key}` has no meaning beside `{kind}`"), "");
        }
    }
}

fn value_type(value: ValueType, unit: Option<&Unit>) -> Type {
    match value {
        ValueType::Number => Type::Number(unit.cloned().unwrap_or_else(Unit::one)),
        ValueType::Truth => Type::Truth,
        ValueType::Time => Type::Time,
        ValueType::Text => Type::Text,
    }
}

fn origins(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Vec<Origin> {
    const KNOWN: [&str; 5] =
        ["observation", "condition", "procedure", "medication_administration", "questionnaire_response"];
    let mut all = Vec::new();
    let items = node.get("from").map(|n| n.one_or_many()).unwrap_or_default();
    if items.is_empty() {
        let help = format!("one or more of {}", KNOWN.join(", "));
        loader.error(&format!("{}/from", node.pointer), "`from` names no kind of resource", &help);
    }
    for item in items {
        match item.value.as_str() {
            Some("observation") => all.push(Origin::Observation),
            Some("condition") => all.push(Origin::Condition),
            Some("medication_administration") => all.push(Origin::MedicationAdministration),
            Some("procedure") => all.push(Origin::Procedure),
            Some("questionnaire_response") => all.push(Origin::QuestionnaireResponse),
            Some(other) => {
                let help = match near(other, KNOWN.into_iter()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of {}", KNOWN.join(", ")),
                };
                loader.error(&item.pointer, format!("`{other}` is no kind of resource that variables read"), &help);
            }
            None => {}
        }
    }
    all
}

fn recorded(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, has_unit: bool) -> Option<Recorded> {
    let from = origins(loader, node);
    let first = *from.first()?;
    let instrument = instrument(loader, node);
    let amount = match node.text("amount") {
        Some("dose") => Amount::Dose,
        Some("rate") => Amount::Rate,
        _ => Amount::Presence,
    };
    let answers = answers(loader, node);
    let scale = answers.iter().any(|(value, _)| matches!(value, AnswerValue::Number(_)));
    let value = match (node.text("type"), first) {
        (Some("date"), _) => ValueType::Time,
        (Some(_), _) => ValueType::Text,
        (None, Origin::MedicationAdministration) if amount != Amount::Presence => ValueType::Number,
        (None, Origin::Observation | Origin::QuestionnaireResponse) if has_unit || scale => ValueType::Number,
        (None, _) => ValueType::Truth,
    };
    let asked = matches!(first, Origin::Observation | Origin::QuestionnaireResponse);
    if asked && value == ValueType::Truth && answers.is_empty() {
        let message = "this variable does not say what it takes";
        loader.error(
            &node.pointer,
            message,
            "`unit` for numbers, `answers` for words that mean true or false, or `type`",
        );
    }
    let codes = match node.get("code") {
        Some(code) => loader.codes.set(&code),
        None if node.get("instrument").is_some() => CodeSet::default(),
        None => {
            loader.error(&node.pointer, "`code` is missing", "the codes by which its facts are found");
            CodeSet::default()
        }
    };
    Some(Recorded {
        status: statuses(node, &from),
        from,
        codes,
        value,
        molar_mass: node.get("molar_mass").and_then(|n| number(&n)),
        plausible: bounds(loader, node, "plausible"),
        select: None,
        answers,
        context: context(loader, node),
        presume: None,
        history: node.truth("history").unwrap_or(false),
        amount,
        collection_hours: bounds(loader, node, "collection_hours"),
        instrument,
    })
}

/// The instrument that the variable names, whose scores are plain numbers.
fn instrument(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Option<Arc<Instrument>> {
    let named = node.get("instrument")?;
    let score = node.text("unit").and_then(|u| Unit::parse(u).ok()).is_some_and(|u| u.conversion(&Unit::one()).is_ok());
    if !score {
        let help = "a score is a plain number: write unit = \"{score}\"";
        loader.error(&named.pointer, "a variable with an instrument has another unit, or none", help);
    }
    match build_instrument::instrument(&named, loader.others, &loader.codes) {
        Ok((found, text)) => {
            loader.leans_on.insert(format!("{}{}.toml", build_instrument::FOLDER, found.id), text);
            Some(Arc::new(found))
        }
        Err(mistakes) => {
            loader.mistakes.extend(mistakes);
            None
        }
    }
}

fn bounds(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, key: &str) -> Option<(Number, Number)> {
    let all: Vec<Number> = node.items(key).iter().filter_map(number).collect();
    let [low, high] = <[Number; 2]>::try_from(all).ok()?;
    if low > high {
        loader.error(&format!("{}/{key}", node.pointer), "the bounds run backwards", "write the lower one first");
    }
    Some((low, high))
}

fn statuses(node: &Node<'_, '_>, from: &[Origin]) -> Vec<FactStatus> {
    use FactStatus as S;
    let written = node.texts("status");
    let mut all: Vec<S> = match written.is_empty() {
        true => vec![S::Final, S::Amended, S::Corrected],
        false => [S::Preliminary, S::Final, S::Amended, S::Corrected]
            .into_iter()
            .filter(|s| written.iter().any(|w| w == s.word()))
            .collect(),
    };
    let mut add = |more: &[S]| {
        more.iter().for_each(|s| {
            if !all.contains(s) {
                all.push(*s)
            }
        })
    };
    if from.contains(&Origin::Condition) {
        add(&[S::Final, S::Unconfirmed, S::Refuted, S::Past]);
    }
    let happens = from.iter().any(|o| matches!(o, Origin::MedicationAdministration | Origin::Procedure));
    if happens && written.is_empty() {
        add(&[S::Stopped, S::Preliminary]);
    }
    all
}

fn answers(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Vec<(AnswerValue, CodeSet)> {
    let mut all = Vec::new();
    for (word, codes) in node.table("answers") {
        let value = match word {
            "true" => AnswerValue::Truth(true),
            "false" => AnswerValue::Truth(false),
            _ => match Number::parse(word) {
                Ok(points) => AnswerValue::Number(points),
                Err(_) => continue,
            },
        };
        all.push((value, loader.codes.set(&codes)));
    }
    all
}

fn context(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Vec<(Qualifier, ContextRule)> {
    let mut all = Vec::new();
    for (word, rule) in node.table("context") {
        let qualifier = match word {
            "method" => Qualifier::Method,
            "body_site" => Qualifier::BodySite,
            "specimen" => Qualifier::Specimen,
            "category" => Qualifier::Category,
            "fasting" => Qualifier::Fasting,
            "interpretation" => Qualifier::Interpretation,
            _ => continue,
        };
        let any = rule.get("any").map(|n| loader.codes.set(&n)).unwrap_or_default();
        let except = rule.get("except").map(|n| loader.codes.set(&n)).unwrap_or_default();
        let absent_ok = rule.truth("absent_ok").unwrap_or(false);
        all.push((qualifier, ContextRule { any, except, absent_ok }));
    }
    all
}

/// The checked variables, in the order of the file.
pub(super) fn finish(
    loader: &Loader<'_, '_, '_>,
    root: &Node<'_, '_>,
    plans: &[VariablePlan],
) -> Option<Vec<Variable>> {
    let nodes = root.table("variables");
    let mut all = Vec::new();
    for ((name, node), plan) in nodes.iter().zip(plans) {
        let kind = if let Some(recorded) = &plan.recorded {
            let presume = match &plan.presume {
                Some((value, when)) => Some(Presume { value: *value, when: checked(loader, *when)? }),
                None => None,
            };
            let select = checked(loader, plan.select);
            VariableKind::Recorded(Box::new(Recorded { select, presume, ..recorded.clone() }))
        } else if let Some(answer) = plan.attested {
            let question = node.text("attest")?.to_owned();
            VariableKind::Attested { question, expires: node.text("expires").and_then(written_duration), answer }
        } else {
            VariableKind::Derived(checked(loader, plan.derive)?)
        };
        let unit = match &kind {
            VariableKind::Derived(expr) => match &expr.ty {
                Type::Number(unit) => Some(unit.clone()),
                _ => None,
            },
            _ => plan.unit.clone(),
        };
        let label = node.text("label").unwrap_or(name).to_owned();
        all.push(Variable { name: (*name).into(), label, kind, unit });
    }
    Some(all)
}
