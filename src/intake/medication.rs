//! Medication: what a drug is made of. It is about nobody; administrations that name it are read with what it says.

use super::json::Node;
use super::resource::Content;
use super::{element, quantity};
use crate::model::code::Coding;
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin, ReceivedRange, ReceivedUnit};

/// What a Medication states: each of its codes, and for each ingredient with a strength so much (the value) in so much
/// of the drug (the lower limit of the range). Of a drug of one ingredient that holds for its own codes too.
pub(super) fn read(root: &Node<'_>) -> Content {
    let status = match root.text_of("status") {
        Some("entered-in-error") => FactStatus::EnteredInError,
        _ => FactStatus::Final,
    };
    let fact = |code, part, value, range| DraftFact {
        code,
        part,
        origin: Origin::Medication,
        at: None,
        other_end: None,
        recorded: None,
        status,
        value,
        range,
        context: Vec::new(),
    };
    let mut facts: Vec<DraftFact> =
        codes(root, root).into_iter().map(|c| fact(c, 0, FactValue::Boolean(true), None)).collect();
    for (place, (codes, strength)) in strengths(root, root).into_iter().enumerate() {
        let Some((substance, per)) = parts(strength) else { continue };
        let part = u16::try_from(place + 1).unwrap_or(u16::MAX);
        facts.extend(codes.into_iter().map(|c| fact(c, part, substance.clone(), Some(Box::new(per.clone())))));
    }
    Content { facts, ..Content::default() }
}

/// The codes of an ingredient: its own, or those of the Substance or Medication inside `root` that it names.
fn item_codes(root: &Node<'_>, ingredient: &Node<'_>) -> Vec<Coding> {
    if let Some(concept) = ingredient.get("itemCodeableConcept") {
        return element::codes(concept);
    }
    let reference = ingredient.get("itemReference").and_then(|r| r.text_of("reference"));
    let named = reference.and_then(|r| element::contained(root, r)).and_then(|item| item.get("code"));
    named.map(element::codes).unwrap_or_default()
}

/// The codes of a drug and of its ingredients, each once; what `root` contains is looked up there.
pub(super) fn codes(root: &Node<'_>, medication: &Node<'_>) -> Vec<Coding> {
    let own = medication.get("code").map(element::codes).unwrap_or_default();
    let ingredients = medication.list("ingredient").iter().flat_map(|i| item_codes(root, i));
    let mut codes: Vec<Coding> = Vec::new();
    for code in own.into_iter().chain(ingredients) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Each strength, with the codes for which it holds: those of the ingredient, and of the drug when it has only one.
pub(super) fn strengths<'r, 'a>(root: &Node<'_>, medication: &'r Node<'a>) -> Vec<(Vec<Coding>, &'r Node<'a>)> {
    let ingredients = medication.list("ingredient");
    let mut found = Vec::new();
    for ingredient in ingredients {
        let Some(strength) = ingredient.get("strength") else { continue };
        let own = item_codes(root, ingredient);
        let whole = medication.get("code").filter(|_| ingredients.len() == 1).map(element::codes).unwrap_or_default();
        let mut codes: Vec<Coding> = Vec::new();
        for code in own.into_iter().chain(whole) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        found.push((codes, strength));
    }
    found
}

/// A strength as so much in so much.
pub(super) fn parts(strength: &Node<'_>) -> Option<(FactValue, ReceivedRange)> {
    let (over, under) = (strength.get("numerator")?, strength.get("denominator")?);
    if under.get("comparator").is_some() {
        return None;
    }
    let unit: ReceivedUnit = quantity::unit(under);
    Some((quantity::quantity(over)?, ReceivedRange { low: Some(under.number_of("value")?.into()), high: None, unit }))
}
