//! ADT: PID as a Patient, MRG and pairs of PID as links between Patients; which Patient a PID means.

use super::code::{below, system};
use super::fhir::{Json, said, some};
use super::message::{Field, Message, Segment};
use super::order::{entered, order};
use super::read::{Change, Fault, OfPatient, Spoken, Words, aside, fault};
use super::time;
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
    let fits =
        (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if authority.is_empty() && fits {
        return value;
    }
    hex(&digest_words(&["hl7v2 patient", authority, &value])[..16])
}

/// The PIDs of a message, with the Patients that they mean, and the order of what is said.
fn named<'m, 'a>(message: &'m Message<'a>, how: &Spoken<'_>, wanted: usize) -> Named<'m, 'a> {
    let pids: Vec<&Segment<'_>> = message.segments.iter().filter(|s| s.name == "PID").collect();
    if pids.len() != wanted {
        let text = format!("found {} PID; wanted {wanted}", pids.len());
        return Err(vec![fault(pids.last().copied().unwrap_or(&message.segments[0]), 0, 100, text)]);
    }
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for pid in pids {
        match id_of(pid, 3, how) {
            Ok(id) => all.push((pid, id)),
            Err(fault) => faults.push(fault),
        }
    }
    match entered(message, how) {
        Ok((at, sent)) if faults.is_empty() => Ok((all, order(&at, sent.as_ref()))),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

type Named<'m, 'a> = Result<(Vec<(&'m Segment<'a>, String)>, String), Vec<Fault>>;

fn only(patients: Vec<OfPatient>) -> Words {
    Words { patients, ..Words::default() }
}

/// A01, A04, A05, A08, A28, A31: the Patient as PID says.
pub(super) fn read(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let mut faults = Vec::new();
    let named = named(message, how, 1).map_err(|all| faults.extend(all)).ok();
    let about = message.segments.iter().find(|s| s.name == "PID").map(|pid| about(pid, how, &mut faults));
    match (named, about) {
        (Some((mut pids, order)), Some(about)) if faults.is_empty() => {
            let id = pids.pop().map(|(_, id)| id).unwrap_or_default();
            let mut patient = Json::one("resourceType", Json::text("Patient")).with("id", Some(Json::text(&id)));
            for (name, value) in about {
                patient = patient.with(name, Some(value));
            }
            let what = Change::Record(patient.bytes());
            let patients = vec![OfPatient { segment: "PID", nth: 1, id, order, what }];
            let results = message.segments.iter().filter(|s| s.name == "OBX");
            let aside = results
                .map(|s| aside(s.name, s.nth, "found a result without an order; wanted it in ORU^R01"))
                .collect();
            Ok(Words { patients, aside, ..Words::default() })
        }
        _ => Err(faults),
    }
}

/// A23, A29: the record is gone.
pub(super) fn delete(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let (pids, order) = named(message, how, 1)?;
    let gone = |(pid, id): (&Segment<'_>, String)| OfPatient {
        segment: "PID",
        nth: pid.nth,
        id,
        order: order.clone(),
        what: Change::Deleted,
    };
    Ok(only(pids.into_iter().map(gone).collect()))
}

/// A24, A37: two Patients are of one person, or no longer. Each of them says so, since either may be named first.
pub(super) fn link(message: &Message<'_>, how: &Spoken<'_>, kind: Option<&'static str>) -> Result<Words, Vec<Fault>> {
    let (pids, order) = named(message, how, 2)?;
    let [(first, one), (second, other)] = &pids[..] else { return Ok(Words::default()) };
    if one == other {
        return Err(vec![fault(second, 3, 204, "found a patient linked with itself; wanted two")]);
    }
    let says = |pid: &Segment<'_>, id: &String, of: &String| {
        let what = Change::Link(of.clone(), kind);
        OfPatient { segment: "PID", nth: pid.nth, id: id.clone(), order: order.clone(), what }
    };
    Ok(only(vec![says(first, one, other), says(second, other, one)]))
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
    let sent = pid.get(8, 1);
    let stated = how.sexes.get(&sent).map(String::as_str);
    let gender = stated.or(match sent.to_ascii_uppercase().as_str() {
        "F" | "FEMALE" => Some("female"),
        "M" | "MALE" => Some("male"),
        "O" | "A" | "N" => Some("other"),
        "U" => Some("unknown"),
        _ => None,
    });
    if gender.is_none() && !sent.is_empty() {
        let text = "found a sex that HL7 does not have; wanted F, M, O, U, A or N, or what it means under `sexes` in the settings";
        faults.push(fault(pid, 8, 103, text));
    }
    all.extend(gender.map(|g| ("gender", Json::text(g))));
    let mut date = |field: usize| time::of(pid, field, how.zone).map_err(|f| faults.push(f)).ok().flatten();
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
        let coding = Json::one(
            "coding",
            Json::List(vec![
                Json::Object(Vec::new())
                    .with("system", system("HL70203", how).map(Json::Text))
                    .with("code", said(kind.clone())),
            ]),
        );
        let kind = (!kind.is_empty()).then_some(coding);
        Some(Json::Object(Vec::new()).with("type", kind).with("system", of.map(Json::Text)).with("value", Some(value)))
    };
    at.repetitions(field).iter().filter_map(one).collect()
}

/// A18, A34, A40: the Patient of each MRG is replaced by the one of the PID before it. The PID of a merge is no new record.
pub(super) fn merge(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let (mut patients, mut faults) = (Vec::new(), Vec::new());
    let at = entered(message, how).map_err(|f| faults.push(f)).ok();
    let order = at.map(|(at, sent)| order(&at, sent.as_ref())).unwrap_or_default();
    let (mut into, mut merges) = (None, 0);
    for segment in &message.segments {
        match segment.name {
            "PID" => into = id_of(segment, 3, how).map_err(|f| faults.push(f)).ok(),
            "MRG" => {
                merges += 1;
                let from = id_of(segment, 1, how).map_err(|f| faults.push(f)).ok();
                match (from, &into) {
                    (Some(from), Some(into)) if from == *into => {
                        faults.push(fault(segment, 1, 204, "found a patient merged into itself; wanted two"));
                    }
                    (Some(from), Some(into)) => {
                        let what = Change::Link(into.clone(), Some("replaced-by"));
                        let nth = segment.nth;
                        patients.push(OfPatient { segment: "MRG", nth, id: from, order: order.clone(), what });
                    }
                    (_, None) if faults.is_empty() => {
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
    if faults.is_empty() { Ok(only(patients)) } else { Err(faults) }
}
