//! Where data moves a person, and what it may only point out.

use super::permitted::{Grounds, permitted};
use crate::model::assessment::{Assessment, Considered, Overall, TreatmentFinding};
use crate::model::change::{Alert, Change, Move};
use crate::model::purpose::Purpose;
use crate::model::standing::{Evidence, Standing, Status};
use crate::model::time::Instant;
use crate::trial::definition::Conduct;

/// What is known of the person beside the trial; each says "it is stated so", never "it is not stated otherwise".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonFacts {
    /// A death is recorded.
    pub deceased: bool,
    /// `Patient.active` is false, a test patient, or restricted, and the site's rule does not allow it.
    pub hidden: bool,
    /// The person objected to research.
    pub objected: bool,
}

/// Everything that deciding by data looks at.
#[derive(Debug, Clone, Copy)]
pub struct DataView<'a> {
    /// The newest assessment.
    pub assessment: &'a Assessment,
    /// What the definition's treatment section gives; `None`: it has none, or it was not worked out.
    pub treatment: Option<&'a TreatmentFinding>,
    /// The newest standing of the newest attempt.
    pub standing: Option<&'a Standing>,
    /// Beside the trial.
    pub person: PersonFacts,
    /// Grounds stated for this trial and source.
    pub grounds: &'a Grounds,
    /// The trial recruits at the site.
    pub recruiting: bool,
    /// Facts of a time before registration changed since, and judged by them the sealed record is no longer eligible.
    pub sealed_record_in_question: bool,
    /// The definition's words.
    pub conduct: &'a Conduct,
    /// The caller's clock.
    pub now: Instant,
}

/// The reason of T15 at the end of the treatment; in `on-study` it says that the course has been.
const TREATMENT_ENDED: &str = "treatment ended";

/// What data asks for. One row at a time: after a move another row may follow, see [`looks_again_at`].
pub fn by_data(view: &DataView) -> Change {
    let mut change = Change::default();
    if view.person.objected {
        objected(view, &mut change);
        return change;
    }
    match view.standing {
        Some(standing) if standing.removed && standing.by_person() => {}
        Some(standing) if !is_open(standing) => after_a_person(view, standing, &mut change),
        open => change.moved = open_move(view, open.filter(|s| !s.removed)),
    }
    treatment_alert(view, &mut change);
    change
}

/// Nobody but data has moved it: data may go on doing so.
pub(super) fn is_open(standing: &Standing) -> bool {
    let prescreen = matches!(standing.status, Status::PotentialCandidate | Status::Candidate | Status::Ineligible);
    prescreen && !standing.by_person() && !is_consented(standing)
}

fn is_consented(standing: &Standing) -> bool {
    standing.evidence.consented.is_some() || standing.evidence.registered.is_some()
}

fn objected(view: &DataView, change: &mut Change) {
    let Some(standing) = view.standing.filter(|s| !s.removed) else { return };
    if is_consented(standing) {
        let text =
            "The person objected to research after consent; two persons decide what becomes of the participation.";
        change.alerts.push(alert("objection", text));
    } else {
        change.moved = Some(taken_back("T21", standing, "objection"));
    }
}

/// T1 to T5, and the lapse of what is no longer to be listed.
fn open_move(view: &DataView, standing: Option<&Standing>) -> Option<Move> {
    if let Some(reason) = unlisted(view) {
        return standing.map(|s| taken_back("lapse", s, &format!("lapsed: {reason}")));
    }
    let assessment = view.assessment;
    let wanted = match assessment.overall {
        Overall::Ineligible => Status::Ineligible,
        Overall::Eligible => Status::Candidate,
        Overall::Undetermined if assessment.for_people_only => Status::Candidate,
        Overall::Undetermined => Status::PotentialCandidate,
    };
    let from = standing.map(|s| s.status);
    let transition = open_row(from, wanted)?;
    let needs_recruiting = matches!(transition, "T1" | "T2" | "T5");
    if needs_recruiting && !view.recruiting {
        return None;
    }
    let evidence = standing.map(|s| s.evidence.clone()).unwrap_or_default();
    Some(moved(transition, wanted, &format!("data: verdict {}", assessment.overall.word()), evidence))
}

fn open_row(from: Option<Status>, to: Status) -> Option<&'static str> {
    match (from, to) {
        (Some(from), to) if from == to => None,
        (_, Status::Ineligible) => Some("T4"),
        (Some(Status::Ineligible), _) => Some("T5"),
        (Some(Status::Candidate), _) => Some("T3"),
        (_, Status::Candidate) => Some("T2"),
        _ => Some("T1"),
    }
}

/// Why the person is in no list; `None`: may be listed.
fn unlisted(view: &DataView) -> Option<String> {
    if view.person.deceased {
        return Some("deceased".into());
    }
    if view.person.hidden {
        return Some("hidden".into());
    }
    match view.assessment.considered {
        Considered::No => return Some("not considered".into()),
        Considered::Unknown(reason) => return Some(format!("not looked at: {}", reason.words())),
        Considered::Yes => {}
    }
    permitted(view.grounds, false, Purpose::List).err().map(|_| "not listed: no ground stated".into())
}

/// A person decided: data moves the treatment states only and points out the rest.
fn after_a_person(view: &DataView, standing: &Standing, change: &mut Change) {
    if view.person.deceased {
        death_alert(standing, change);
    }
    if view.sealed_record_in_question && standing.evidence.registered.is_some() {
        let text = "Facts of a time before registration changed: the sealed eligibility record is in question. The status stays; judge whether it is a deviation.";
        change.alerts.push(alert("eligibility-in-question", text));
    }
    if let (Some(treatment), Some(registered)) = (view.treatment, standing.evidence.registered) {
        treatment_move(view, standing, treatment, registered, change);
    }
}

fn death_alert(standing: &Standing, change: &mut Change) {
    let enrolled = standing.status.is_on_study() || standing.status == Status::FollowUp;
    let open = matches!(
        standing.status,
        Status::PotentialCandidate | Status::Candidate | Status::Screening | Status::Eligible | Status::PendingOnStudy
    );
    if enrolled {
        change.alerts.push(alert("death", "A death is recorded. Proposed: off-study, reason death."));
    } else if open {
        change.alerts.push(alert("death", "A death is recorded before registration. Proposed: close the attempt."));
    }
}

/// T14 to T16. Every guard is a moment that is known; an unknown start moves nothing forward.
fn treatment_move(
    view: &DataView,
    standing: &Standing,
    treatment: &TreatmentFinding,
    registered: Instant,
    change: &mut Change,
) {
    let started = treatment.starts.is_some_and(|at| at >= registered && at <= view.now);
    let ended = treatment.ends.is_some_and(|at| at <= view.now);
    let after_course = standing.reason == TREATMENT_ENDED && !view.conduct.observation;
    let row = match standing.status {
        Status::OnStudy if started && !(ended && after_course) => {
            Some(("T14", Status::OnStudyIntervention, "first administration"))
        }
        Status::OnStudyIntervention if treatment.starts.is_none() => {
            retracted(standing, change);
            let by_data = !standing.by_person();
            by_data.then_some(("T15", Status::OnStudy, "all administrations retracted"))
        }
        Status::OnStudyIntervention if started && ended => {
            let to = if view.conduct.observation { Status::OnStudyObservation } else { Status::OnStudy };
            Some(("T15", to, TREATMENT_ENDED))
        }
        Status::OnStudyObservation if treatment.starts.is_none() => {
            retracted(standing, change);
            None
        }
        Status::OnStudyObservation if started && treatment.ends.is_some() && !ended => {
            Some(("T16", Status::OnStudyIntervention, "next course"))
        }
        _ => None,
    };
    change.moved = row.map(|(name, to, reason)| moved(name, to, reason, standing.evidence.clone()));
}

/// A person who states the treatment without any administration in the data is not contradicted by their absence.
fn retracted(standing: &Standing, change: &mut Change) {
    if !standing.by_person() {
        let text = "All administrations of the study drug were retracted; look at the status and at what was given.";
        change.alerts.push(alert("administrations-retracted", text));
    }
}

fn treatment_alert(view: &DataView, change: &mut Change) {
    let Some(start) = view.treatment.and_then(|t| t.starts).filter(|at| *at <= view.now) else { return };
    let registered = view.standing.and_then(|s| s.evidence.registered);
    if registered.is_none_or(|at| start < at) {
        let found = if registered.is_some() { "before the registration" } else { "without a registration" };
        let text = format!("Study drug was given {found}. The status stays; a person must look.");
        change.alerts.push(alert("drug-without-registration", &text));
    }
}

/// When deciding should be asked again although no data changes: at once when another row follows the move,
/// else at the start or end of the treatment. The caller takes the earliest of this and the assessment's own moment.
pub fn looks_again_at(view: &DataView, change: &Change) -> Option<Instant> {
    if let (Some(moved), Some(standing)) = (&change.moved, view.standing) {
        let mut after = standing.clone();
        after.status = moved.status;
        after.reason.clone_from(&moved.reason);
        after.removed = moved.removed;
        let next = by_data(&DataView { standing: Some(&after), ..*view });
        if next.moved.is_some() {
            return Some(view.now);
        }
    }
    let treatment = view.treatment?;
    [treatment.starts, treatment.ends].into_iter().flatten().filter(|at| *at > view.now).min()
}

/// The word under which the person is counted once `change` is written: a status code, or why there is none.
pub fn counted_as(view: &DataView, change: &Change) -> String {
    let (status, removed) = match (&change.moved, view.standing) {
        (Some(moved), _) => (Some(moved.status), moved.removed),
        (None, Some(standing)) => (Some(standing.status), standing.removed),
        (None, None) => (None, false),
    };
    if let Some(status) = status.filter(|_| !removed) {
        return status.code().into();
    }
    if view.person.objected {
        return "objected".into();
    }
    if removed && change.moved.is_none() && view.standing.is_some_and(Standing::by_person) {
        return "removed".into();
    }
    unlisted(view).unwrap_or_else(|| "not recruiting".into())
}

/// A standing of data that lapses, since another standing of the same person counts.
pub fn lapsed_into_another(standing: &Standing) -> Move {
    taken_back("lapse", standing, "lapsed: another standing of the same person counts since their records are one")
}

/// People decided about two subjects who are one person since: data chooses none.
pub fn two_subjects() -> Alert {
    let text = "Two subjects of this trial are one person since their records were merged. Both stay as they are; a person decides which one remains.";
    alert("two-subjects", text)
}

fn moved(transition: &'static str, status: Status, reason: &str, evidence: Evidence) -> Move {
    Move { transition, status, removed: false, reason: reason.into(), evidence, expires: None, collection: None }
}

fn taken_back(transition: &'static str, standing: &Standing, reason: &str) -> Move {
    Move { removed: true, ..moved(transition, standing.status, reason, standing.evidence.clone()) }
}

fn alert(kind: &'static str, text: &str) -> Alert {
    Alert { kind, text: text.into() }
}
