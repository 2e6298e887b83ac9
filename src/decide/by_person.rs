//! What people do along the status table: every guard is checked, every refusal names row, finding and wish.

use super::act::{Act, Consent, END_REASONS};
use super::permitted::{Grounds, permitted};
use super::table::row;
use crate::model::assessment::{Assessment, Overall};
use crate::model::change::{Move, Refused};
use crate::model::purpose::Purpose;
use crate::model::standing::{Actor, Collection, Evidence, Role, Standing, Status};
use crate::model::time::{Instant, Partial, Zone, add_days, add_months};
use crate::trial::definition::Conduct;
use crate::trial::expression::tree::{Calendar, Duration};

/// Everything that deciding on an act looks at.
#[derive(Debug, Clone, Copy)]
pub struct PersonView<'a> {
    /// The newest standing of the newest attempt.
    pub standing: Option<&'a Standing>,
    /// The version before it, for T20.
    pub before: Option<&'a Standing>,
    /// What could be used before the newest version, for T20.
    pub collection_before: Collection,
    /// The verdict now.
    pub assessment: &'a Assessment,
    /// SHA-256 (hexadecimal) of the evidence as it is now.
    pub evidence_now: &'a str,
    /// Grounds; `consented` says whether the recorded consent is still active.
    pub grounds: &'a Grounds,
    /// The person objected to research.
    pub objected: bool,
    /// A death is recorded.
    pub deceased: bool,
    /// A person corrected a value since the computed `ineligible` (T6).
    pub corrected: bool,
    /// The definition's words.
    pub conduct: &'a Conduct,
    /// The site's calendar.
    pub zone: &'a Zone,
    /// The name with which the actor signs.
    pub name: &'a str,
    /// In which role.
    pub role: Role,
    /// The caller's clock.
    pub now: Instant,
}

type Answer = Result<Move, Refused>;

/// The move that an act makes, or why not.
pub fn by_person(view: &PersonView, act: &Act) -> Answer {
    let name = row_of(act);
    enter(view, name)?;
    match act {
        Act::WorthAsking => worth_asking(view),
        Act::RecordConsent(consent) => record_consent(view, consent),
        Act::Decline { reason } => close(view, name, Status::NotRegistered, reason, None),
        Act::SignEligible { seen } => sign_eligible(view, seen),
        Act::AskAgain => Ok(plain(name, Status::Screening, "confirmation asked again", unsigned(view))),
        Act::Withdraw { reason, day } => {
            let moved = close(view, name, Status::Withdrawn, reason, Some(day))?;
            Ok(Move { collection: Some(Collection::Stopped), ..moved })
        }
        Act::FailScreening { criteria, day } => fail_screening(view, criteria, day),
        Act::Preregister => {
            let expires = view.standing.and_then(|s| s.expires);
            Ok(Move { expires, ..plain(name, Status::PendingOnStudy, "pre-registered", evidence(view)) })
        }
        Act::NotRegister { reason, day } => close(view, name, Status::NotRegistered, reason, Some(day)),
        Act::Register { at } => register(view, *at),
        Act::StartTreatment { at } => start_treatment(view, *at),
        Act::FollowUp { collection } => {
            let moved = plain(name, Status::FollowUp, "treatment over, follow-up agreed", evidence(view));
            Ok(Move { collection: Some(*collection), ..moved })
        }
        Act::EndStudy { reason, day, collection } => end_study(view, reason, day, *collection),
        Act::Rescreen(consent) => rescreen(view, consent),
        Act::Undo => undo(view),
        Act::Object => object(view),
        Act::Remove { reason, second } => remove(view, reason, second.as_deref()),
    }
}

fn row_of(act: &Act) -> &'static str {
    match act {
        Act::WorthAsking => "T2",
        Act::RecordConsent(_) => "T6",
        Act::Decline { .. } => "T7",
        Act::SignEligible { .. } => "T8",
        Act::AskAgain => "T8b",
        Act::Withdraw { .. } => "T9",
        Act::FailScreening { .. } => "T10",
        Act::Preregister => "T11",
        Act::NotRegister { .. } => "T12",
        Act::Register { .. } => "T13",
        Act::StartTreatment { .. } => "T14",
        Act::FollowUp { .. } => "T17",
        Act::EndStudy { .. } => "T18",
        Act::Rescreen(_) => "T19",
        Act::Undo => "T20",
        Act::Object | Act::Remove { .. } => "T21",
    }
}

/// Role and starting state, as the table has them; a removed subject is final.
fn enter(view: &PersonView, name: &'static str) -> Result<(), Refused> {
    let Some(row) = row(name) else { return refuse(name, "no such row".into()) };
    if !row.who.roles.contains(&view.role) {
        let wanted: Vec<_> = row.who.roles.iter().map(|r| r.word()).collect();
        return refuse(name, format!("acting as {}; wanted {}", view.role.word(), wanted.join(" or ")));
    }
    if view.name.trim().is_empty() {
        return refuse(name, "no name is given to sign with; wanted one".into());
    }
    match view.standing {
        Some(standing) if standing.removed => refuse(name, "the subject was taken back; wanted one that stands".into()),
        Some(standing) if row.from.contains(&standing.status) => Ok(()),
        None if row.from_none => Ok(()),
        found => {
            let found = found.map_or("no standing", |s| s.status.code());
            let wanted: Vec<_> = row.from.iter().map(|s| s.code()).collect();
            refuse(name, format!("the status is {found}; wanted {}", wanted.join(" or ")))
        }
    }
}

fn worth_asking(view: &PersonView) -> Answer {
    alive(view, "T2")?;
    permitted(view.grounds, view.objected, Purpose::List).map_err(|r| Refused { transition: "T2", ..r })?;
    Ok(plain("T2", Status::Candidate, "worth asking", evidence(view)))
}

fn record_consent(view: &PersonView, consent: &Consent) -> Answer {
    alive(view, "T6")?;
    let Some(standing) = view.standing else { return refuse("T6", "there is no standing; wanted a candidate".into()) };
    if standing.status == Status::Ineligible {
        if standing.by_person() {
            return refuse("T6", "the status is a screen failure; wanted a new attempt (T19)".into());
        }
        if !view.corrected {
            return refuse(
                "T6",
                "computed ineligible, and no person corrected a value since; wanted a correction".into(),
            );
        }
    }
    permitted(view.grounds, view.objected, Purpose::Contact).map_err(|r| Refused { transition: "T6", ..r })?;
    let evidence = consented(view, "T6", consent, evidence(view))?;
    Ok(plain("T6", Status::Screening, "consent recorded", evidence))
}

fn consented(
    view: &PersonView,
    name: &'static str,
    consent: &Consent,
    mut evidence: Evidence,
) -> Result<Evidence, Refused> {
    if consent.signer.trim().is_empty() {
        return refuse(name, "the consent names no signer; wanted who signed, such as subject or guardian".into());
    }
    if consent.version != view.conduct.consent_version {
        return refuse(
            name,
            format!("the consent form is another version; wanted version {}", view.conduct.consent_version),
        );
    }
    past_day(view, name, &consent.day)?;
    evidence.consented = Some(consent.day.clone());
    evidence.consent_version = Some(consent.version.clone());
    evidence.consent = Some(consent.reference.clone().unwrap_or_else(|| format!("recorded by a {}", view.role.word())));
    Ok(evidence)
}

fn sign_eligible(view: &PersonView, seen: &str) -> Answer {
    alive(view, "T8")?;
    active_consent(view, "T8")?;
    if view.assessment.overall != Overall::Eligible {
        return refuse("T8", format!("the verdict now is {}; wanted eligible", view.assessment.overall.word()));
    }
    if view.evidence_now.is_empty() || !seen.eq_ignore_ascii_case(view.evidence_now) {
        return refuse(
            "T8",
            "the evidence that was seen is not the evidence of now; wanted a look at the newest".into(),
        );
    }
    let mut evidence = evidence(view);
    evidence.seen = Some(view.evidence_now.into());
    let expires = Some(valid_until(view.conduct.eligibility_valid, view.now, view.zone));
    Ok(Move { expires, ..plain("T8", Status::Eligible, "eligibility confirmed", evidence) })
}

/// The last moment of the signature: whole days run to the end of the site's day.
fn valid_until(valid: Duration, now: Instant, zone: &Zone) -> Instant {
    let count = i32::try_from(valid.count).unwrap_or(i32::MAX);
    let today = zone.date_of(now);
    let us = |seconds: i64| now.plus_us(i64::from(valid.count).saturating_mul(seconds * 1_000_000));
    match valid.of {
        Calendar::Year => zone.end_of(add_months(today, count.saturating_mul(12))),
        Calendar::Month => zone.end_of(add_months(today, count)),
        Calendar::Week => zone.end_of(add_days(today, count.saturating_mul(7))),
        Calendar::Day => zone.end_of(add_days(today, count)),
        Calendar::Hour => us(3600),
        Calendar::Minute => us(60),
    }
}

fn fail_screening(view: &PersonView, criteria: &[String], day: &str) -> Answer {
    if criteria.is_empty() {
        return refuse("T10", "no criterion is named; wanted the ids of those not met".into());
    }
    if let Some(unknown) = criteria.iter().find(|id| !view.assessment.criteria.iter().any(|c| c.id == **id)) {
        return refuse("T10", format!("{unknown:.40} is no criterion of this definition; wanted ids of its criteria"));
    }
    let mut moved = close(view, "T10", Status::Ineligible, "screen failure", Some(day))?;
    moved.evidence.criteria = criteria.to_vec();
    Ok(moved)
}

fn register(view: &PersonView, at: Instant) -> Answer {
    alive(view, "T13")?;
    active_consent(view, "T13")?;
    let Some(standing) = view.standing else { return refuse("T13", "there is no standing; wanted eligible".into()) };
    if standing.status == Status::Screening {
        if !view.conduct.run_in {
            return refuse("T13", "the status is screening and the trial has no run-in; wanted eligible".into());
        }
    } else if standing.evidence.seen.is_none() || standing.expires.is_none_or(|until| until < view.now) {
        return refuse(
            "T13",
            "the investigator's signature is absent or ran out; wanted a valid one (T8b, then T8)".into(),
        );
    }
    if at > view.now {
        return refuse("T13", "the registration lies in the future; wanted a moment that has passed".into());
    }
    let mut evidence = evidence(view);
    let day = view.zone.date_of(at).to_string();
    if evidence.consented.as_deref().is_some_and(|consented| day.as_str() < consented) {
        return refuse("T13", "the registration lies before the day of consent; wanted one on or after it".into());
    }
    evidence.registered = Some(at);
    evidence.sealed_version = Some(view.assessment.version);
    Ok(plain("T13", Status::OnStudy, "registered", evidence))
}

fn start_treatment(view: &PersonView, at: Instant) -> Answer {
    let evidence = evidence(view);
    if evidence.registered.is_none_or(|registered| at < registered) || at > view.now {
        return refuse(
            "T14",
            "the treatment starts before registration or in the future; wanted a moment between".into(),
        );
    }
    Ok(plain("T14", Status::OnStudyIntervention, "treatment started", evidence))
}

fn end_study(view: &PersonView, reason: &str, day: &str, collection: Collection) -> Answer {
    if !END_REASONS.contains(&reason) {
        return refuse("T18", format!("the reason is none of the list; wanted one of: {}", END_REASONS.join(", ")));
    }
    if reason == "withdrawal by subject" && collection == Collection::CareData {
        return refuse(
            "T18",
            "withdrawn, and care data would go on; wanted public-records, stopped, or follow-up if agreed".into(),
        );
    }
    let moved = close(view, "T18", Status::OffStudy, reason, Some(day))?;
    Ok(Move { collection: Some(collection), ..moved })
}

fn rescreen(view: &PersonView, consent: &Consent) -> Answer {
    alive(view, "T19")?;
    let Some(standing) = view.standing else { return refuse("T19", "there is no earlier attempt; wanted one".into()) };
    if !view.conduct.rescreen {
        return refuse("T19", "the trial allows no second attempt".into());
    }
    if standing.status == Status::Ineligible && !standing.by_person() {
        return refuse(
            "T19",
            "computed ineligible is no screen failure; wanted consent after a correction (T6)".into(),
        );
    }
    permitted(view.grounds, view.objected, Purpose::Contact).map_err(|r| Refused { transition: "T19", ..r })?;
    let withdrawn = standing.status == Status::Withdrawn;
    if withdrawn && standing.evidence.ended.as_deref().is_none_or(|ended| consent.day.as_str() < ended) {
        return refuse("T19", "the consent is older than the withdrawal; wanted a new one".into());
    }
    let evidence = consented(view, "T19", consent, Evidence::default())?;
    let reason = "new attempt, consent recorded";
    Ok(Move { collection: Some(Collection::CareData), ..plain("T19", Status::Screening, reason, evidence) })
}

fn undo(view: &PersonView) -> Answer {
    let Some(Actor::Person { role, .. }) = view.standing.map(|s| &s.actor) else {
        return refuse("T20", "the newest version was made by data; wanted one that a person made".into());
    };
    if *role != view.role {
        return refuse("T20", format!("acting as {}; wanted {}, who made it", view.role.word(), role.word()));
    }
    let Some(before) = view.before else {
        return refuse("T20", "there is no state before; wanted one (a first entry is taken back by T21)".into());
    };
    Ok(Move {
        transition: "T20",
        status: before.status,
        removed: before.removed,
        reason: "entered in error".into(),
        evidence: before.evidence.clone(),
        expires: before.expires,
        collection: Some(view.collection_before),
    })
}

fn object(view: &PersonView) -> Answer {
    if view.standing.is_some_and(|s| s.evidence.consented.is_some()) {
        return refuse("T21", "a consent is recorded, so one person cannot take the subject back; wanted a withdrawal (T9, T18), or a removal by two persons".into());
    }
    Ok(Move { removed: true, ..stay(view, "T21", "objection") })
}

fn remove(view: &PersonView, reason: &str, second: Option<&str>) -> Answer {
    said("T21", reason)?;
    let consented = view.standing.is_some_and(|s| s.evidence.consented.is_some());
    let another = second.map(str::trim).is_some_and(|s| !s.is_empty() && s != view.name.trim());
    if consented && !another {
        return refuse(
            "T21",
            "a consent is recorded and one person asks; wanted the signature of a second person".into(),
        );
    }
    Ok(Move { removed: true, ..stay(view, "T21", reason) })
}

/// An end: a reason, and the day where participation had begun.
fn close(view: &PersonView, name: &'static str, status: Status, reason: &str, day: Option<&str>) -> Answer {
    said(name, reason)?;
    let mut evidence = evidence(view);
    if let Some(day) = day {
        past_day(view, name, day)?;
        let registered = evidence.registered.map(|at| view.zone.date_of(at).to_string());
        let begun = registered.as_deref().max(evidence.consented.as_deref());
        if begun.is_some_and(|begun| day < begun) {
            return refuse(name, "the day lies before consent or registration; wanted one on or after it".into());
        }
        evidence.ended = Some(day.into());
    }
    Ok(plain(name, status, reason, evidence))
}

fn said(name: &'static str, reason: &str) -> Result<(), Refused> {
    if reason.trim().is_empty() { refuse(name, "no reason is given; wanted one".into()) } else { Ok(()) }
}

/// A whole day, not in the future. The text is not quoted: it may be anything.
fn past_day(view: &PersonView, name: &'static str, day: &str) -> Result<(), Refused> {
    match Partial::parse(day) {
        Ok(Partial::Day(date)) if date <= view.zone.date_of(view.now) => Ok(()),
        Ok(Partial::Day(_)) => refuse(name, "the day lies in the future; wanted today or earlier".into()),
        _ => refuse(name, "the day is no whole date; wanted YYYY-MM-DD".into()),
    }
}

fn alive(view: &PersonView, name: &'static str) -> Result<(), Refused> {
    if view.deceased { refuse(name, "a death is recorded; wanted a living person".into()) } else { Ok(()) }
}

fn active_consent(view: &PersonView, name: &'static str) -> Result<(), Refused> {
    if view.standing.is_none_or(|s| s.evidence.consented.is_none()) {
        return refuse(name, "no consent is recorded; wanted an active one for this trial".into());
    }
    permitted(view.grounds, view.objected, Purpose::Screen).map_err(|r| Refused { transition: name, ..r })
}

fn evidence(view: &PersonView) -> Evidence {
    view.standing.map(|s| s.evidence.clone()).unwrap_or_default()
}

fn unsigned(view: &PersonView) -> Evidence {
    Evidence { seen: None, ..evidence(view) }
}

fn plain(transition: &'static str, status: Status, reason: &str, evidence: Evidence) -> Move {
    Move { transition, status, removed: false, reason: reason.trim().into(), evidence, expires: None, collection: None }
}

fn stay(view: &PersonView, transition: &'static str, reason: &str) -> Move {
    let status = view.standing.map_or(Status::PotentialCandidate, |s| s.status);
    plain(transition, status, reason, evidence(view))
}

fn refuse<T>(transition: &'static str, text: String) -> Result<T, Refused> {
    Err(Refused { transition, text: format!("{transition}: {text}") })
}
