//! Condition: a diagnosis, with when it began and whether it still lasts.

use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use super::{element, wording};
use crate::model::code::Coding;
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
    let lasts =
        |status| if status == FactStatus::Past { other_end.filter(|end| *end != Instant::MAX) } else { other_end };
    let certainty = Certainty::of(root.get("code"));
    let mut context = Vec::new();
    element::qualify(root, "category", Qualifier::Category, &mut context);
    element::qualify(root, "bodySite", Qualifier::BodySite, &mut context);
    let fact = |code| {
        let status = status(clinical, verification, certainty.of_code(&code));
        DraftFact {
            code,
            part: 0,
            origin: Origin::Condition,
            at: Some(at),
            other_end: lasts(status),
            recorded: Some(recorded),
            status,
            value: FactValue::Boolean(true),
            range: None,
            context: context.clone(),
        }
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

/// Of two statements about it the one with more doubt holds.
fn status(clinical: Option<&str>, verification: Option<&str>, certainty: Option<&str>) -> FactStatus {
    match (verification, certainty, clinical) {
        (Some("entered-in-error"), ..) => FactStatus::EnteredInError,
        (Some("refuted"), ..) | (_, Some("A"), _) => FactStatus::Refuted,
        (Some("unconfirmed" | "provisional" | "differential"), ..) | (_, Some("V"), _) => FactStatus::Unconfirmed,
        (_, Some("Z"), _) | (.., Some("inactive" | "remission" | "resolved")) => FactStatus::Past,
        (None, None, None) => FactStatus::Unconfirmed,
        _ => FactStatus::Final,
    }
}

/// How sure the German coding rules say a diagnosis is, code by code: A excluded, V suspected, Z a state after, G sure.
struct Certainty<'r> {
    of: Vec<(Coding, &'r str)>,
}

impl<'r> Certainty<'r> {
    fn of(concept: Option<&'r Node<'_>>) -> Self {
        const EXTENSION: &str = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit";
        let said = |coding: &'r Node<'_>| {
            let extension = coding.list("extension").iter().find(|e| e.text_of("url") == Some(EXTENSION))?;
            let letter = extension.get("valueCoding").and_then(|c| c.text_of("code"));
            let code = Coding::new(coding.text_of("system").unwrap_or_default(), coding.text_of("code")?);
            Some((code, letter.or_else(|| extension.text_of("valueCode"))?))
        };
        Self { of: concept.map(|c| c.list("coding").iter().filter_map(said).collect()).unwrap_or_default() }
    }

    /// The word of that code; of one without, that of another code of the same diagnosis.
    fn of_code(&self, code: &Coding) -> Option<&'r str> {
        self.of.iter().find(|(c, _)| c == code).or(self.of.first()).map(|(_, letter)| *letter)
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
