//! ADT: PID as a Patient, MRG as a Patient that is replaced by another; which Patient a PID means.

use super::code::{below, system};
use super::fhir::{Json, said, some};
use super::message::{Field, Message, Segment};
use super::read::{Fault, Said, Spoken, Words, fault};
use super::time::{self, When};
use crate::model::key::{digest_words, hex};

/// The Patient's id that a list of numbers (PID-3, MRG-1) means.
///
/// With an authority it is that one's number, so that FHIR of the same source means the same Patient. Without, a number
/// that names its authority is known together with it: the same number of two hospitals is two people.
pub(super) fn id_of(at: &Segment<'_>, field: usize, how: &Spoken<'_>) -> Result<String, Fault> {
    let all = at.repetitions(field);
    let numbers: Vec<&Field<'_>> = all.iter().filter(|n| !n.get(1).is_empty()).collect();
    if numbers.is_empty() {
        return Err(fault(at, field, 101, "found no patient number; wanted one"));
    }
    let of: Vec<&&Field<'_>> = numbers.iter().filter(|n| belongs(n, how)).collect();
    let typed = |kind: &str| of.iter().filter(|n| n.get(5) == kind).map(|n| **n).collect::<Vec<_>>();
    let candidates = [typed("MR"), typed("PI"), of.iter().map(|n| **n).collect()];
    let chosen = candidates.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    let mut ids: Vec<String> = chosen.iter().map(|n| number_id(n, how)).collect();
    ids.sort();
    ids.dedup();
    match (ids.pop(), ids.is_empty()) {
        (Some(id), true) => Ok(id),
        (None, _) => Err(fault(at, field, 204, "found no number of the authority that the settings name; wanted one")),
        (Some(_), false) => {
            let text = "found more than one number that may be the patient's; wanted one of type MR, or `authority` in the settings";
            Err(fault(at, field, 204, text))
        }
    }
}

fn belongs(number: &Field<'_>, how: &Spoken<'_>) -> bool {
    match how.authority {
        None | Some("*") => true,
        Some(name) => number.sub(4, 1) == name || number.sub(4, 2) == name,
    }
}

fn number_id(number: &Field<'_>, how: &Spoken<'_>) -> String {
    let value = number.get(1);
    let authority = if how.authority.is_some() { "" } else { number.raw(4) };
    let fits = (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if authority.is_empty() && fits {
        return value;
    }
    hex(&digest_words(&["hl7v2 patient", authority, &value])[..16])
}

/// When a message's version begins: its place in the order of versions, and FHIR's `meta`.
pub(super) fn meta(at: &When, sent: Option<&When>, rank: i64) -> Json {
    let utc = crate::model::time::Zone::utc();
    let number = sent.map_or(0, |s| s.earliest.0.max(0)) * 10 + rank;
    let meta = Json::one("versionId", Json::Text(number.to_string()));
    meta.with("lastUpdated", Some(Json::Text(utc.show(at.earliest))))
}

/// The time of the message; the error names MSH-7.
pub(super) fn sent(message: &Message<'_>, how: &Spoken<'_>) -> Result<Option<When>, Fault> {
    let msh = &message.segments[0];
    let stamp = msh.get(7, 1);
    if stamp.is_empty() {
        return Ok(None);
    }
    time::read(&stamp, how.zone).map(Some).map_err(|words| fault(msh, 7, 102, words))
}

/// EVN-2, else MSH-7: when what an ADT message says was entered.
fn entered(message: &Message<'_>, how: &Spoken<'_>) -> Result<(When, Option<When>), Fault> {
    let sent = sent(message, how);
    if let Some(evn) = message.segments.iter().find(|s| s.name == "EVN") {
        let stamp = evn.get(2, 1);
        if !stamp.is_empty() {
            let at = time::read(&stamp, how.zone).map_err(|words| fault(evn, 2, 102, words))?;
            return Ok((at, sent?));
        }
    }
    match sent? {
        Some(at) => Ok((at.clone(), Some(at))),
        None => Err(no_time(&message.segments[0])),
    }
}

pub(super) fn no_time(msh: &Segment<'_>) -> Fault {
    fault(msh, 7, 101, "found no time of the message; wanted one, since versions are ordered by it")
}

/// A01, A04, A05, A08, A28, A31: the Patient as PID says.
pub(super) fn read(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let pids: Vec<&Segment<'_>> = message.segments.iter().filter(|s| s.name == "PID").collect();
    let [pid] = pids[..] else {
        let text = format!("found {} PID; wanted one", pids.len());
        return Err(vec![fault(pids.last().copied().unwrap_or(&message.segments[0]), 0, 100, text)]);
    };
    let mut faults = Vec::new();
    let id = id_of(pid, 3, how).map_err(|f| faults.push(f)).ok();
    let at = entered(message, how).map_err(|f| faults.push(f)).ok();
    let about = about(pid, how, &mut faults);
    match (id, at) {
        (Some(id), Some((at, sent))) if faults.is_empty() => {
            let mut patient = resource(&id, meta(&at, sent.as_ref(), 0));
            for (name, value) in about {
                patient = patient.with(name, Some(value));
            }
            let said = Said { place: "PID[1]".into(), body: patient.bytes() };
            Ok(Words { said: vec![said], aside: Vec::new() })
        }
        _ => Err(faults),
    }
}

fn resource(id: &str, meta: Json) -> Json {
    Json::one("resourceType", Json::text("Patient")).with("id", Some(Json::text(id))).with("meta", Some(meta))
}

fn about(pid: &Segment<'_>, how: &Spoken<'_>, faults: &mut Vec<Fault>) -> Vec<(&'static str, Json)> {
    let mut all: Vec<(&'static str, Json)> = Vec::new();
    all.extend(some(identifiers(pid, 3, how)).map(|list| ("identifier", list)));
    let name = |n: &Field<'_>| {
        let given = [2, 3].into_iter().filter_map(|c| said(n.get(c))).collect();
        let family = said(n.sub(1, 1));
        super::fhir::filled(Json::Object(Vec::new()).with("family", family).with("given", some(given)))
    };
    all.extend(some(pid.repetitions(5).iter().filter_map(name).collect()).map(|list| ("name", list)));
    let gender = match pid.get(8, 1).as_str() {
        "F" => Some("female"),
        "M" => Some("male"),
        "O" | "A" | "N" => Some("other"),
        "U" => Some("unknown"),
        "" => None,
        _ => {
            faults.push(fault(pid, 8, 103, "found a sex that HL7 does not have; wanted F, M, O, U, A or N"));
            None
        }
    };
    all.extend(gender.map(|g| ("gender", Json::text(g))));
    let mut date = |field: usize| {
        let stamp = pid.get(field, 1);
        let read = if stamp.is_empty() { None } else { Some(time::read(&stamp, how.zone)) };
        match read? {
            Ok(when) => Some(when),
            Err(words) => {
                faults.push(fault(pid, field, 102, words));
                None
            }
        }
    };
    // A day of birth is one of the calendar, whatever hour was sent with it.
    all.extend(date(7).map(|w| ("birthDate", Json::text(w.text.split('T').next().unwrap_or_default()))));
    match (date(29), pid.get(30, 1).as_str()) {
        (Some(death), _) => all.push(("deceasedDateTime", Json::Text(death.text))),
        (None, "Y") => all.push(("deceasedBoolean", Json::Bare("true".into()))),
        (None, "N") => all.push(("deceasedBoolean", Json::Bare("false".into()))),
        (None, _) => {}
    }
    all
}

fn identifiers(at: &Segment<'_>, field: usize, how: &Spoken<'_>) -> Vec<Json> {
    let one = |n: &Field<'_>| {
        let value = said(n.get(1))?;
        let (namespace, oid) = (n.sub(4, 1), n.sub(4, 2));
        let is_oid = oid.contains('.') && oid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let of = match how.systems.get(&namespace) {
            Some(stated) => Some(stated.clone()),
            None if is_oid => Some(format!("urn:oid:{oid}")),
            None if namespace.is_empty() => None,
            None => Some(below(&namespace)),
        };
        let kind = n.get(5);
        let coding = Json::one("coding", Json::List(vec![
            Json::Object(Vec::new()).with("system", system("HL70203", how).map(Json::Text)).with("code", said(kind.clone())),
        ]));
        let kind = (!kind.is_empty()).then_some(coding);
        Some(Json::Object(Vec::new()).with("type", kind).with("system", of.map(Json::Text)).with("value", Some(value)))
    };
    at.repetitions(field).iter().filter_map(one).collect()
}

/// A18, A34, A40: the Patient of each MRG is replaced by the one of the PID before it. The PID of a merge is no new version of its Patient.
pub(super) fn merge(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let (mut words, mut faults) = (Words::default(), Vec::new());
    let at = entered(message, how).map_err(|f| faults.push(f)).ok();
    let (mut into, mut merges) = (None, 0);
    for segment in &message.segments {
        match segment.name {
            "PID" => into = id_of(segment, 3, how).map_err(|f| faults.push(f)).ok(),
            "MRG" => {
                merges += 1;
                let from = id_of(segment, 1, how).map_err(|f| faults.push(f)).ok();
                match (from, &into, &at) {
                    (Some(from), Some(into), Some(_)) if from == *into => {
                        faults.push(fault(segment, 1, 204, "found a patient merged into itself; wanted two"));
                    }
                    (Some(from), Some(into), Some((at, sent))) => {
                        let identifiers = identifiers(segment, 1, how);
                        words.said.push(replaced(segment, &from, into, meta(at, sent.as_ref(), 1), identifiers));
                    }
                    (_, None, _) if faults.is_empty() => {
                        faults.push(fault(segment, 0, 100, "found MRG before PID; wanted the patient who stays first"));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if merges == 0 {
        faults.push(fault(&message.segments[0], 0, 100, "found no MRG; wanted the patient who is merged"));
    }
    if faults.is_empty() { Ok(words) } else { Err(faults) }
}

fn replaced(mrg: &Segment<'_>, from: &str, into: &str, meta: Json, identifiers: Vec<Json>) -> Said {
    let other = Json::one("reference", Json::Text(format!("Patient/{into}")));
    let link = Json::one("other", other).with("type", Some(Json::text("replaced-by")));
    let patient = resource(from, meta).with("identifier", some(identifiers));
    let patient = patient.with("link", Some(Json::List(vec![link])));
    Said { place: format!("MRG[{}]", mrg.nth), body: patient.bytes() }
}
