//! RAS^O17: each RXA as a MedicationAdministration, known by order, counters, drug and start.

use super::code::{self, concept, quantity};
use super::fhir::{Json, said};
use super::message::{Message, Segment};
use super::order::{meta, sent, version};
use super::patient::id_of;
use super::read::{Fault, Said, Spoken, Words, aside, blame, fault};
use super::result::{known_as, order_number};
use super::time::{self, When};
use super::value::decimal;
use crate::model::key::{digest_words, hex};

/// What stands before an RXA and holds for it, and what stands behind it.
struct Given<'m, 'a> {
    rxa: &'m Segment<'a>,
    patient: Option<String>,
    order: Option<&'m Segment<'a>>,
    route: Option<&'m Segment<'a>>,
}

pub(super) fn read(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let (mut words, mut faults) = (Words::default(), Vec::new());
    let sent = sent(message, how).unwrap_or_else(|f| {
        faults.push(f);
        None
    });
    let (mut patient, mut order, mut all) = (None, None, Vec::<Given<'_, '_>>::new());
    for segment in &message.segments {
        match segment.name {
            "PID" => {
                patient = id_of(segment, 3, how).map_err(|f| faults.push(f)).ok();
                order = None;
            }
            "ORC" => order = Some(segment),
            "RXA" => all.push(Given { rxa: segment, patient: patient.clone(), order, route: None }),
            // Before the first RXA it is the order's, not what was done.
            "RXR" => {
                if let Some(given) = all.last_mut() {
                    given.route = Some(segment);
                }
            }
            "OBX" => {
                words.aside.push(aside("OBX", segment.nth, "found beside an administration; wanted results in ORU^R01"))
            }
            _ => {}
        }
    }
    if all.is_empty() {
        faults.push(fault(&message.segments[0], 0, 100, "found no RXA; wanted one at least"));
    }
    for given in &all {
        match administration(given, message, sent.as_ref(), how) {
            Ok(Ok(said)) => words.said.push(said),
            Ok(Err(one)) => words.aside.push(one),
            Err(fault) => blame(&mut faults, fault),
        }
    }
    if faults.is_empty() { Ok(words) } else { Err(faults) }
}

fn administration(
    given: &Given<'_, '_>,
    message: &Message<'_>,
    sent: Option<&When>,
    how: &Spoken<'_>,
) -> Result<Result<Said, Fault>, Fault> {
    let rxa = given.rxa;
    let missing = |segment: &str| fault(rxa, 0, 100, format!("found no {segment} before it; wanted one"));
    let patient = given.patient.as_ref().ok_or_else(|| missing("PID"))?;
    let order = order_number(given.order.ok_or_else(|| missing("ORC"))?, how)?;
    let at = version(rxa, 22, sent, message, how)?;
    let start =
        time::of(rxa, 3, how.zone)?.ok_or_else(|| fault(rxa, 3, 101, "found no start; wanted when it was given"))?;
    let end = time::of(rxa, 4, how.zone)?.filter(|end| end.earliest > start.earliest);
    let drug = concept(&rxa.field(5), how).ok_or_else(|| fault(rxa, 5, 101, "found no drug; wanted its code"))?;
    let (status, rank) = match status(&rxa.get(20, 1), &rxa.get(21, 1)) {
        Ok(status) => status,
        Err(reason) => return Ok(Err(aside("RXA", rxa.nth, reason))),
    };
    let dose = match dose(rxa, how) {
        Ok(dose) => dose,
        Err(reason) => return Ok(Err(aside("RXA", rxa.nth, reason))),
    };
    let known = known_as(&rxa.field(5), how);
    let began = start.moment.map_or_else(|| start.text.clone(), |m| m.0.to_string());
    let words = ["hl7v2 administration", &order, &rxa.get(1, 1), &rxa.get(2, 1), &known.0, &known.1, &began];
    let id = hex(&digest_words(&words)[..16]);
    let when = match end {
        Some(end) => {
            let period = Json::one("start", Json::Text(start.text)).with("end", Some(Json::Text(end.text)));
            ("effectivePeriod", period)
        }
        None => ("effectiveDateTime", Json::Text(start.text)),
    };
    let note: Vec<Json> = rxa.repetitions(9).iter().filter_map(|n| said(n.get(2)).or_else(|| said(n.get(1)))).collect();
    let note = note.into_iter().map(|text| Json::one("text", text)).collect();
    let body = Json::one("resourceType", Json::text("MedicationAdministration"))
        .with("id", Some(Json::text(id)))
        .with("meta", Some(meta(&at, sent, rank)))
        .with("status", Some(Json::text(status)))
        .with("medicationCodeableConcept", Some(drug))
        .with("subject", Some(Json::one("reference", Json::Text(format!("Patient/{patient}")))))
        .with(when.0, Some(when.1))
        .with("note", super::fhir::some(note))
        .with("dosage", dose.map(|dose| dosage(dose, given.route, how)));
    Ok(Ok(Said { segment: "RXA", nth: rxa.nth, body: body.bytes() }))
}

/// RXA-20 and RXA-21 as FHIR's status, and its place among versions of the same moment. The error says why it is none.
fn status(completion: &str, action: &str) -> Result<(&'static str, i64), String> {
    let rank = match action {
        "" | "A" => 2,
        "U" => 4,
        "D" => return Ok(("entered-in-error", 6)),
        _ => return Err("found an action in RXA-21 that HL7 does not have; wanted A, U or D".into()),
    };
    match completion {
        "" | "CP" | "PA" => Ok(("completed", rank)),
        "RE" | "NA" => Ok(("not-done", rank)),
        _ => Err("found a completion in RXA-20 that HL7 does not have; wanted CP, PA, RE or NA".into()),
    }
}

/// RXA-6 and RXA-7 as a dose, with RXA-12 as a rate; 999 is the standard's word for an amount that nobody knows.
fn dose(rxa: &Segment<'_>, how: &Spoken<'_>) -> Result<Option<(&'static str, Json)>, String> {
    let amount = rxa.get(6, 1);
    if matches!(amount.as_str(), "" | "999") {
        return Ok(None);
    }
    let number = decimal(&amount).ok_or("found an amount in RXA-6 that is no number; wanted one")?;
    let amount = quantity(&number, None, code::unit(&rxa.field(7), how).as_ref());
    let per = rxa.get(12, 1);
    if per.is_empty() {
        return Ok(Some(("dose", amount)));
    }
    let time = time_unit(&per)
        .ok_or("found a time unit in RXA-12 that is none of HL7; wanted S, M, H or D with a number, such as H1")?;
    Ok(Some(("rateRatio", Json::one("numerator", amount).with("denominator", Some(time)))))
}

/// `H8` is eight hours.
fn time_unit(sent: &str) -> Option<Json> {
    let (letter, number) = (sent.get(..1)?, decimal(sent.get(1..)?)?);
    let word = match letter {
        "S" => "s",
        "M" => "min",
        "H" => "h",
        "D" => "d",
        _ => return None,
    };
    let is_whole = number.bytes().all(|b| b.is_ascii_digit()) && number != "0";
    is_whole.then(|| quantity(&number, None, Some(&code::Unit::of_ucum(word))))
}

fn dosage((name, amount): (&'static str, Json), route: Option<&Segment<'_>>, how: &Spoken<'_>) -> Json {
    let of = |field: usize| route.and_then(|r: &Segment<'_>| concept(&r.field(field), how));
    Json::Object(Vec::new()).with("site", of(2)).with("route", of(1)).with("method", of(4)).with(name, Some(amount))
}
