//! Condition: a diagnosis, with when it began and whether it still lasts.

use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use super::{element, wording};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin, Qualifier};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange, Zone};

const CLINICAL_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CLINICAL: [&str; 6] = ["active", "recurrence", "relapse", "inactive", "remission", "resolved"];
const VERIFICATION_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const VERIFICATION: [&str; 6] =
    ["unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"];

/// What a Condition states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let clinical = required_code(root, "clinicalStatus", CLINICAL_SYSTEM, &CLINICAL, issues);
    let verification = required_code(root, "verificationStatus", VERIFICATION_SYSTEM, &VERIFICATION, issues);
    let abated = ABATEMENTS.iter().any(|n| root.get(n).is_some());
    check(clinical, verification, abated, issues);
    let About::Person(subject) = reference::about(root, "Condition", setting, issues) else {
        return Content::default();
    };
    let recorded = recorded(root, setting);
    let at = onset(root, recorded, setting.zone);
    let other_end = if abated { abatement(root, setting.zone) } else { is_active(clinical).then_some(Instant::MAX) };
    let mut context = Vec::new();
    element::qualify(root, "category", Qualifier::Category, &mut context);
    element::qualify(root, "bodySite", Qualifier::BodySite, &mut context);
    let fact = |code| DraftFact {
        code,
        part: 0,
        origin: Origin::Condition,
        at: Some(at),
        other_end,
        recorded: Some(recorded),
        status: status(clinical, verification),
        value: FactValue::Boolean(true),
        range: None,
        context: context.clone(),
    };
    let facts = root.get("code").map(element::codes).unwrap_or_default().into_iter().map(fact).collect();
    Content { subject: Some(subject), facts, ..Content::default() }
}

/// The code of an element whose binding is required; one outside of it is an issue.
fn required_code(
    root: &Node<'_>,
    name: &str,
    system: &str,
    allowed: &[&'static str],
    issues: &mut Vec<Issue>,
) -> Option<&'static str> {
    let concept = root.get(name)?;
    let sent = element::coded(concept);
    let of_system = sent.iter().find(|c| c.system == system);
    let known = of_system.and_then(|c| allowed.iter().find(|a| **a == c.code));
    if known.is_none() {
        let found = of_system.map_or("no code of the system", |c| wording::token(&c.code));
        let text = format!("found {found}; wanted of {system} one of {}", allowed.join(", "));
        issues.push(Issue::error("code-invalid", format!("Condition.{name}"), text));
    }
    known.copied()
}

fn is_active(clinical: Option<&str>) -> bool {
    matches!(clinical, Some("active" | "recurrence" | "relapse"))
}

fn check(clinical: Option<&str>, verification: Option<&str>, abated: bool, issues: &mut Vec<Issue>) {
    if abated && is_active(clinical) {
        let text = "found an abatement of an active condition; wanted inactive, remission or resolved, or no abatement (con-4)";
        issues.push(Issue::error("invariant", "Condition", text));
    }
    if clinical.is_some() && verification == Some("entered-in-error") {
        let text = "found a clinical status of what was entered in error; wanted none (con-5)";
        issues.push(Issue::error("invariant", "Condition", text));
    }
}

fn status(clinical: Option<&str>, verification: Option<&str>) -> FactStatus {
    match (verification, clinical) {
        (Some("entered-in-error"), _) => FactStatus::EnteredInError,
        (Some("refuted"), _) => FactStatus::Refuted,
        (Some("unconfirmed" | "provisional" | "differential"), _) => FactStatus::Unconfirmed,
        (_, Some("inactive" | "remission" | "resolved")) => FactStatus::Past,
        (None, None) => FactStatus::Unconfirmed,
        _ => FactStatus::Final,
    }
}

/// When the source had it on its list: `recordedDate`, else `meta.lastUpdated`, else the moment of receipt.
fn recorded(root: &Node<'_>, setting: &Setting<'_>) -> Instant {
    let recorded = element::range(root, "recordedDate", setting.zone).map(|r| r.latest);
    let updated = || element::instant(root.get("meta")?, "lastUpdated");
    recorded.or_else(updated).unwrap_or(setting.received)
}

/// Where the onset lies. An age, a range of ages or words do not date it: then at any time until it was recorded.
fn onset(root: &Node<'_>, recorded: Instant, zone: &Zone) -> TimeRange {
    let until = |latest| TimeRange { earliest: Instant::MIN, latest };
    if let Some(at) = element::range(root, "onsetDateTime", zone) {
        return at;
    }
    match root.get("onsetPeriod").map(|p| element::period(p, zone)) {
        Some((Some(start), Some(end))) => start.hull(end),
        Some((Some(start), None)) => TimeRange { latest: recorded.max(start.latest), ..start },
        Some((None, Some(end))) => until(end.latest),
        _ => until(recorded),
    }
}

const ABATEMENTS: [&str; 5] =
    ["abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString"];

/// The last moment at which it may have ended; `None`: it ended at an unknown time.
fn abatement(root: &Node<'_>, zone: &Zone) -> Option<Instant> {
    if let Some(at) = element::range(root, "abatementDateTime", zone) {
        return Some(at.latest);
    }
    let (_, end) = element::period(root.get("abatementPeriod")?, zone);
    end.map(|e| e.latest)
}
