//! MedicationAdministration: a drug given. Part 0 is the dose, or what ran at a rate from start to end; part 1 the rate, part 2 the amount of
//! substance in a volume.

use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use super::{element, medication, quantity};
use crate::model::code::Coding;
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin, Qualifier};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange, Zone};

/// What an administration states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let dosage = root.get("dosage");
    check(dosage, issues);
    let codes = codes(root, setting, issues);
    let About::Person(subject) = reference::about(root, "MedicationAdministration", setting, issues) else {
        return Content::default();
    };
    let status = status(root);
    let (at, other_end) = effective(root, status, setting.zone);
    let mut context = Vec::new();
    element::qualify(root, "category", Qualifier::Category, &mut context);
    let fact = |code, part, value| DraftFact {
        code,
        part,
        origin: Origin::MedicationAdministration,
        at,
        other_end,
        recorded: None,
        status,
        value,
        range: None,
        context: context.clone(),
    };
    let dose = dosage.and_then(|d| d.get("dose"));
    let unreadable = || FactValue::Unreadable("dosage.dose".into());
    let given = match dose {
        Some(dose) => quantity::quantity(dose).unwrap_or_else(unreadable),
        None => infused(root, status, setting.zone).unwrap_or(FactValue::Boolean(true)),
    };
    let rate = dosage.and_then(quantity::rate);
    let mut facts: Vec<DraftFact> = codes.iter().map(|c| fact(c.clone(), 0, given.clone())).collect();
    if let Some(rate) = rate {
        facts.extend(codes.iter().map(|c| fact(c.clone(), 1, rate.clone())));
    }
    facts.extend(amounts(root, &given).into_iter().map(|(code, amount)| fact(code, 2, amount)));
    Content { subject: Some(subject), facts, ..Content::default() }
}

/// The amount of what has run at a rate: only where it has ended, and start, end and rate are exact.
fn infused(root: &Node<'_>, status: FactStatus, zone: &Zone) -> Option<FactValue> {
    if !matches!(status, FactStatus::Final | FactStatus::Stopped) {
        return None;
    }
    let (start, end) = element::period(root.get("effectivePeriod")?, zone);
    let moment = |when: Option<TimeRange>| when.filter(|w| w.earliest == w.latest).map(|w| w.earliest);
    let us = moment(end)?.0.checked_sub(moment(start)?.0).filter(|us| *us > 0)?;
    quantity::amount_over(root.get("dosage")?, us)
}

fn check(dosage: Option<&Node<'_>>, issues: &mut Vec<Issue>) {
    let given = ["dose", "rateRatio", "rateQuantity"];
    if dosage.is_some_and(|d| given.iter().all(|n| d.get(n).is_none())) {
        let text = "found a dosage without dose and rate; wanted one of the two (mad-1)";
        issues.push(Issue::error("invariant", "MedicationAdministration.dosage", text));
    }
}

/// The contained Medication that the administration names.
fn inside<'r, 'a>(root: &'r Node<'a>) -> Option<&'r Node<'a>> {
    let reference = root.get("medicationReference")?.text_of("reference")?;
    element::contained(root, reference).filter(|c| c.text_of("resourceType") == Some("Medication"))
}

fn codes(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Vec<Coding> {
    if let Some(concept) = root.get("medicationCodeableConcept") {
        return element::codes(concept);
    }
    let Some(reference) = root.get("medicationReference").and_then(|r| r.text_of("reference")) else {
        return Vec::new();
    };
    if !reference.starts_with('#') {
        return elsewhere(reference, setting);
    }
    let Some(medication) = inside(root) else {
        let text = "found a reference to a contained Medication that is not there; wanted it in contained";
        issues.push(Issue::error("value", "MedicationAdministration.medicationReference.reference", text));
        return Vec::new();
    };
    medication::codes(root, medication)
}

/// A Medication of its own: its reference without a version stands for its code until it is known.
fn elsewhere(reference: &str, setting: &Setting<'_>) -> Vec<Coding> {
    let reference = reference::relative(reference, setting);
    match reference::type_and_id(reference) {
        Some((kind, id)) => vec![Coding::new("", format!("{kind}/{id}"))],
        None => vec![Coding::new("", reference)],
    }
}

/// The substance in a volume: for each ingredient, and for the drug itself when it has only one.
fn amounts(root: &Node<'_>, dose: &FactValue) -> Vec<(Coding, FactValue)> {
    let Some(medication) = inside(root) else { return Vec::new() };
    let mut amounts: Vec<(Coding, FactValue)> = Vec::new();
    for (codes, strength) in medication::strengths(root, medication) {
        let Some(amount) = quantity::strength_of(dose, strength) else { continue };
        for code in codes {
            if !amounts.iter().any(|(c, _)| *c == code) {
                amounts.push((code, amount.clone()));
            }
        }
    }
    amounts
}

fn status(root: &Node<'_>) -> FactStatus {
    match root.text_of("status") {
        Some("completed") => FactStatus::Final,
        Some("in-progress") => FactStatus::Preliminary,
        Some("stopped") => FactStatus::Stopped,
        Some("not-done") => FactStatus::NotDone,
        Some("entered-in-error") => FactStatus::EnteredInError,
        _ => FactStatus::Unusable,
    }
}

/// Start and end; what is in progress and has no end lasts.
fn effective(root: &Node<'_>, status: FactStatus, zone: &Zone) -> (Option<TimeRange>, Option<Instant>) {
    let (start, end) = match root.get("effectivePeriod") {
        Some(period) => element::period(period, zone),
        None => (element::range(root, "effectiveDateTime", zone), None),
    };
    let lasting = (status == FactStatus::Preliminary).then_some(Instant::MAX);
    let began = start.or_else(|| end.map(|e| TimeRange { earliest: Instant::MIN, latest: e.latest }));
    (began, end.map(|e| e.latest).or(lasting))
}
