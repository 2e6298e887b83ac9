//! Which of two things said of the same is the newer: by the times that the sender wrote, never by arrival.

use super::fhir::Json;
use super::message::{Message, Segment};
use super::read::{Fault, Spoken, fault};
use super::time::{self, When};
use crate::model::time::DAY_US;

/// When a message's version begins: its place in the order of versions, and FHIR's `meta`.
pub(super) fn meta(at: &When, sent: Option<&When>, rank: i64) -> Json {
    let utc = crate::model::time::Zone::utc();
    let number = sent.map_or(0, |s| s.earliest.0.max(0)) * 10 + rank;
    let meta = Json::one("versionId", Json::Text(number.to_string()));
    meta.with("lastUpdated", Some(Json::Text(utc.show(at.earliest))))
}

/// The time of the message; the error names MSH-7.
pub(super) fn sent(message: &Message<'_>, how: &Spoken<'_>) -> Result<Option<When>, Fault> {
    past(&message.segments[0], 7, how)
}

/// A time by which versions are ordered. One that lies ahead would keep all that follows from being the newest.
fn past(at: &Segment<'_>, field: usize, how: &Spoken<'_>) -> Result<Option<When>, Fault> {
    let when = time::of(at, field, how.zone)?;
    if when.as_ref().is_some_and(|when| when.earliest > how.received.plus_us(DAY_US)) {
        let text = "found a time that lies ahead, by which versions would be ordered; wanted one of the past";
        return Err(fault(at, field, 102, text));
    }
    Ok(when)
}

/// EVN-2, else MSH-7: when what an ADT message says was entered.
pub(super) fn entered(message: &Message<'_>, how: &Spoken<'_>) -> Result<(When, Option<When>), Fault> {
    let sent = sent(message, how);
    let evn = message.segments.iter().find(|s| s.name == "EVN");
    if let Some(at) = evn.map(|evn| past(evn, 2, how)).transpose()?.flatten() {
        return Ok((at, sent?));
    }
    match sent? {
        Some(at) => Ok((at.clone(), Some(at))),
        None => Err(no_time(&message.segments[0])),
    }
}

fn no_time(msh: &Segment<'_>) -> Fault {
    fault(msh, 7, 101, "found no time of the message; wanted one, since versions are ordered by it")
}

/// The version of what a segment states: its own field where that has a time of day, else MSH-7.
pub(super) fn version(
    at: &Segment<'_>,
    field: usize,
    sent: Option<&When>,
    message: &Message<'_>,
    how: &Spoken<'_>,
) -> Result<When, Fault> {
    if let Some(when) = past(at, field, how)?.filter(|when| when.moment.is_some()) {
        return Ok(when);
    }
    sent.cloned().ok_or_else(|| no_time(&message.segments[0]))
}

/// The order of what was entered and sent then.
pub(super) fn order(at: &When, sent: Option<&When>) -> String {
    let number = |when: &When| format!("{:019}", when.earliest.0.max(0));
    format!("{} {}", number(at), sent.map_or_else(String::new, number))
}
