//! ResearchSubject: what one target is to be told of one standing (the column "told to" of the status table).

use super::canonical::{extension, part};
use super::json::{array, concept, identifier, object, text};
use super::study::study_id;
use crate::model::capabilities::{Capabilities, Publish};
use crate::model::parcel::{Action, Parcel};
use crate::model::standing::{Standing, Status, Subject};
use crate::model::time::Zone;
use crate::trial::definition::Trial;

/// What kind of target it is. Charts flow into patients' portals: nothing is on a chart before consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A hospital's record.
    Chart,
    /// A FHIR server for research only.
    ResearchStore,
}

/// How the person is named to this target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Individual {
    /// The target's own `Patient/<id>`.
    Reference(String),
    /// By identifier alone: system and value.
    Identifier(String, String),
}

/// One target, as far as a body depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// What it is told.
    pub publish: Publish,
    /// What it is.
    pub kind: TargetKind,
    /// The naming base from the configuration, such as `https://trialgate.example`, without a slash at the end.
    pub base: &'a str,
    /// What it takes.
    pub capabilities: Capabilities,
    /// How it knows the person.
    pub individual: &'a Individual,
    /// Something of this subject was sent before, or may have been.
    pub was_sent: bool,
}

/// The parcel for one target: put it, take it away, or nothing. `standing` is that of `subject`'s attempt.
pub fn parcel(trial: &Trial, subject: &Subject, standing: &Standing, target: &Target) -> Parcel {
    let action = match (tell(standing, target), target.was_sent) {
        (true, _) => Action::Put,
        (false, true) => Action::Delete,
        (false, false) => Action::Nothing,
    };
    let body = if action == Action::Put { research_subject(trial, subject, standing, target) } else { Vec::new() };
    Parcel {
        action,
        resource_type: "ResearchSubject",
        id: subject.id.clone(),
        identifier_system: identifier_system(trial, target.base),
        body,
    }
}

/// The system of a subject's identifier.
pub fn identifier_system(trial: &Trial, base: &str) -> String {
    format!("{base}/sid/subject/{}", study_id(&trial.id))
}

/// Whether this target is told of the status at all.
fn tell(standing: &Standing, target: &Target) -> bool {
    if standing.removed {
        return false;
    }
    if standing.evidence.consented.is_some() {
        return true;
    }
    if target.kind == TargetKind::Chart {
        return false;
    }
    match standing.status {
        Status::PotentialCandidate | Status::Ineligible => target.publish == Publish::AllComputed,
        Status::Candidate | Status::NotRegistered => target.publish != Publish::AfterConsent,
        // Every other status presupposes consent: without one on record nothing is told.
        _ => false,
    }
}

fn research_subject(trial: &Trial, subject: &Subject, standing: &Standing, target: &Target) -> Vec<u8> {
    // The server of a conditional update chooses the id, and refuses a body that brings another.
    let own_id = target.capabilities.update_create.then(|| text(&subject.id));
    let zone = trial.study.sites.first().map_or_else(Zone::utc, |site| site.zone.clone());
    let mut extensions = vec![progress(standing, &zone)];
    if is_computed(standing) {
        extensions.push(extension("basis", "valueCode", text("computed")));
    }
    object([
        ("resourceType", Some(text("ResearchSubject"))),
        ("id", own_id),
        ("extension", array(extensions)),
        ("identifier", array(vec![identifier(&identifier_system(trial, target.base), &subject.id)])),
        ("status", Some(text(standing.status.code()))),
        ("period", period(trial, standing, &zone)),
        ("study", Some(study(trial, target))),
        ("individual", Some(individual(target.individual))),
        ("consent", consent(standing, target.kind)),
    ])
    .into_bytes()
}

/// Worked out from data alone: `ineligible` is then no screen failure.
fn is_computed(standing: &Standing) -> bool {
    standing.evidence.consented.is_none() && matches!(standing.status, Status::PotentialCandidate | Status::Ineligible)
}

/// The state with the day of its change, which `period` never says (R5: `progress`).
fn progress(standing: &Standing, zone: &Zone) -> String {
    let system = |name: &str| format!("http://terminology.hl7.org/CodeSystem/{name}");
    let kind = concept(&system("research-subject-state-type"), "Enrollment", "");
    let state = concept(&system("research-subject-state"), standing.status.code(), "");
    let day = zone.date_of(standing.at).to_string();
    let parts = [
        part("type", "valueCodeableConcept", kind),
        part("subjectState", "valueCodeableConcept", state),
        part("startDate", "valueDateTime", text(&day)),
    ];
    extension("subject-progress", "extension", format!("[{}]", parts.join(",")))
}

/// Begin and end of participation; absent before it began.
fn period(trial: &Trial, standing: &Standing, zone: &Zone) -> Option<String> {
    let evidence = &standing.evidence;
    let start = if trial.conduct.participation_starts_at_consent {
        evidence.consented.clone()
    } else {
        evidence.registered.map(|at| zone.date_of(at).to_string())
    }?;
    let end = evidence.ended.as_ref().filter(|end| **end >= start).map(|end| text(end));
    Some(object([("start", Some(text(&start))), ("end", end)]))
}

/// By reference only where the study lies under the id that we chose.
fn study(trial: &Trial, target: &Target) -> String {
    let there = target.capabilities.research_study && target.capabilities.update_create;
    let reference = there.then(|| text(&format!("ResearchStudy/{}", study_id(&trial.id))));
    object([("reference", reference), ("identifier", Some(identifier(&trial.study.registry, &trial.id)))])
}

pub(super) fn individual(individual: &Individual) -> String {
    match individual {
        Individual::Reference(reference) => object([("reference", Some(text(reference)))]),
        Individual::Identifier(system, value) => {
            object([("type", Some(text("Patient"))), ("identifier", Some(identifier(system, value)))])
        }
    }
}

/// A Consent lives in the hospital's record, so only there it is a reference; who recorded it is told nowhere.
fn consent(standing: &Standing, kind: TargetKind) -> Option<String> {
    let day = standing.evidence.consented.as_deref()?;
    let reference = standing.evidence.consent.as_deref().filter(|words| words.starts_with("Consent/"));
    if let (Some(reference), TargetKind::Chart) = (reference, kind) {
        return Some(object([("reference", Some(text(reference)))]));
    }
    let version =
        standing.evidence.consent_version.as_deref().map(|v| format!(", form version {v}")).unwrap_or_default();
    Some(object([("display", Some(text(&format!("Consent recorded on {day}{version}"))))]))
}
