//! MedicationAdministration: a drug given. Part 0 is the dose, part 1 the rate, part 2 the amount of substance in a volume.

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
    let given = dose.map_or(FactValue::Boolean(true), |d| quantity::quantity(d).unwrap_or_else(unreadable));
    let rate = dosage.and_then(quantity::rate);
    let mut facts: Vec<DraftFact> = codes.iter().map(|c| fact(c.clone(), 0, given.clone())).collect();
    if let Some(rate) = rate {
        facts.extend(codes.iter().map(|c| fact(c.clone(), 1, rate.clone())));
    }
    let amounts = dose.map(|d| amounts(root, d)).unwrap_or_default();
    facts.extend(amounts.into_iter().map(|(code, amount)| fact(code, 2, amount)));
    Content { subject: Some(subject), facts, ..Content::default() }
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
fn amounts(root: &Node<'_>, dose: &Node<'_>) -> Vec<(Coding, FactValue)> {
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
