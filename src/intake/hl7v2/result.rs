//! ORU^R01: each OBX as an Observation, known by order, code, sub-id and time, so that a correction meets what it corrects.

use super::code::{self, concept};
use super::fhir::{Json, said, some};
use super::message::{Field, Message, Segment};
use super::order::{meta, sent, version};
use super::patient::id_of;
use super::read::{Fault, Number, Said, Spoken, Words, aside, blame, fault};
use super::time::{self, When};
use super::value;
use crate::model::key::{digest_words, hex};

/// Where the segment stands as it was received.
const SEGMENT: &str = "https://trialgate.example/fhir/StructureDefinition/hl7v2-segment";

/// An order and what was reported for it.
#[derive(Default)]
struct Group<'m, 'a> {
    obr: Option<&'m Segment<'a>>,
    specimen: Option<&'m Segment<'a>>,
    results: Vec<(&'m Segment<'a>, Vec<String>)>,
}

/// One result on its way: what makes its identity, and how it stands in the order of versions.
struct Found {
    id: String,
    rank: i64,
    said: Said,
}

/// A member of a resource: its name and its value.
type Member = (&'static str, Json);

struct Context<'m, 'a> {
    how: &'m Spoken<'m>,
    sent: Option<When>,
    message: &'m Message<'a>,
}

pub(super) fn read(message: &Message<'_>, how: &Spoken<'_>) -> Result<Words, Vec<Fault>> {
    let mut faults = Vec::new();
    let sent = sent(message, how).unwrap_or_else(|f| {
        faults.push(f);
        None
    });
    let context = Context { how, sent, message };
    let (mut words, mut found) = (Words::default(), Vec::new());
    let (mut patient, mut group, mut results) = (None, Group::default(), 0);
    // Whether what comes next may be a note of the last result.
    let mut noted = false;
    for segment in &message.segments {
        noted = match segment.name {
            "OBX" => misplaced(&group).is_none(),
            "NTE" | "PRT" => noted,
            _ => false,
        };
        match segment.name {
            "PID" | "OBR" => {
                context.finish(patient.as_deref(), std::mem::take(&mut group), &mut found, &mut words, &mut faults);
                if segment.name == "PID" {
                    patient = id_of(segment, 3, how).map_err(|f| faults.push(f)).ok();
                } else {
                    group.obr = Some(segment);
                }
            }
            "SPM" => group.specimen = group.specimen.or(Some(segment)),
            "OBX" => {
                results += 1;
                match misplaced(&group) {
                    Some(reason) => words.aside.push(aside("OBX", segment.nth, reason)),
                    None => group.results.push((segment, Vec::new())),
                }
            }
            "NTE" => {
                if let Some((_, notes)) = group.results.last_mut().filter(|_| noted) {
                    notes.extend(segment.repetitions(3).iter().map(Field::whole));
                }
            }
            _ => {}
        }
    }
    context.finish(patient.as_deref(), group, &mut found, &mut words, &mut faults);
    if !message.segments.iter().any(|s| s.name == "PID") {
        faults.push(fault(&message.segments[0], 0, 100, "found no PID; wanted one at least"));
    }
    if results == 0 {
        // Orders on their way have none yet; of one that is done or cancelled, people may have expected some.
        let done = |s: &&Segment<'_>| s.name == "OBR" && matches!(s.raw(25), "A" | "C" | "F" | "K" | "R" | "X");
        let orders = message.segments.iter().filter(done);
        words
            .aside
            .extend(orders.map(|s| aside("OBR", s.nth, "found an order that is done or cancelled, without a result")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    settle(found, &mut words);
    Ok(words)
}

fn misplaced(group: &Group<'_, '_>) -> Option<&'static str> {
    match (group.obr, group.specimen) {
        (None, _) => Some("found a result before any OBR; wanted the order first"),
        // The standard's group of a specimen: what is said there is said of the specimen.
        (Some(_), Some(_)) => Some("found behind SPM: it is said of the specimen, not of the patient"),
        (Some(_), None) => None,
    }
}

/// Results of one identity in one message: versions of one, where their statuses tell the order; repetitions are one; else nobody
/// can tell which is meant, and all are set aside.
fn settle(found: Vec<Found>, words: &mut Words) {
    let mut by_id: Vec<Vec<Found>> = Vec::new();
    for one in found {
        match by_id.iter_mut().find(|all| all[0].id == one.id) {
            Some(all) => all.push(one),
            None => by_id.push(vec![one]),
        }
    }
    for mut all in by_id {
        all.sort_by_key(|one| one.rank);
        let clash = all.windows(2).any(|two| two[0].rank == two[1].rank);
        if clash {
            let reason =
                "found more than one result of the same order, code, sub-id and time; wanted OBX-4 to tell them apart";
            words.aside.extend(all.into_iter().map(|one| aside("OBX", one.said.nth, reason)));
        } else {
            words.said.extend(all.into_iter().map(|one| one.said));
        }
    }
}

impl Context<'_, '_> {
    fn finish(
        &self,
        patient: Option<&str>,
        group: Group<'_, '_>,
        found: &mut Vec<Found>,
        words: &mut Words,
        faults: &mut Vec<Fault>,
    ) {
        let (Some(obr), false) = (group.obr, group.results.is_empty()) else { return };
        let Some(patient) = patient else {
            if faults.is_empty() {
                faults.push(fault(obr, 0, 100, "found an order before any PID; wanted the patient first"));
            }
            return;
        };
        let order = match order_number(obr, self.how) {
            Ok(order) => order,
            Err(fault) => return faults.push(fault),
        };
        let issued = match version(obr, 22, self.sent.as_ref(), self.message, self.how) {
            Ok(issued) => issued,
            Err(fault) => return blame(faults, fault),
        };
        for (obx, notes) in joined(&group.results) {
            match self.result(patient, &order, &issued, &group, &obx, notes) {
                Ok(one) => found.push(one),
                Err(reason) => words.aside.push(aside("OBX", obx[0].nth, reason)),
            }
        }
    }

    fn result(
        &self,
        patient: &str,
        order: &str,
        issued: &When,
        group: &Group<'_, '_>,
        obx: &[&Segment<'_>],
        notes: Vec<String>,
    ) -> Result<Found, String> {
        let (first, how) = (obx[0], self.how);
        let (status, rank) = status(first.raw(11), group.obr.map_or("", |o| o.raw(25)))?;
        let code = concept(&first.field(3), how).ok_or("found no code in OBX-3; wanted one")?;
        let (time, named) = self.effective(first, group)?;
        let known = known_as(&first.field(3), how);
        let id = hex(&digest_words(&["hl7v2 result", order, &known.0, &known.1, &first.get(4, 1), &named])[..16]);
        let value = if obx.len() == 1 { value::read(first, how)? } else { lines(obx) };
        let lines: Vec<&str> = obx.iter().map(|s| s.text).collect();
        let extension = Json::one("url", Json::text(SEGMENT)).with("valueString", Some(Json::Text(lines.join("\n"))));
        let specimen = specimen(group, how);
        let text = |field: usize| concept(&first.field(field), how);
        let mut json = Json::one("resourceType", Json::text("Observation"))
            .with("id", Some(Json::text(&id)))
            .with("meta", Some(meta(issued, self.sent.as_ref(), rank)))
            .with("contained", specimen.clone().map(|s| Json::List(vec![s])))
            .with("extension", Some(Json::List(vec![extension])))
            .with("status", Some(Json::text(status)))
            .with("code", Some(code))
            .with("subject", Some(Json::one("reference", Json::Text(format!("Patient/{patient}")))));
        if let Some((name, value)) = time {
            json = json.with(name, Some(value));
        }
        json = json.with("issued", issued.moment.map(|_| Json::text(&issued.text)));
        if let Some((name, value)) = value {
            json = json.with(name, Some(value));
        }
        let note = notes.into_iter().filter_map(said).map(|text| Json::one("text", text)).collect();
        json = json
            .with("interpretation", some(interpretation(first, how)))
            .with("note", some(note))
            .with("bodySite", text(20))
            .with("method", text(17))
            .with("specimen", specimen.map(|_| Json::one("reference", Json::text("#specimen"))))
            .with("referenceRange", value::reference_range(first, how).map(|range| Json::List(vec![range])));
        Ok(Found { id, rank, said: Said { segment: "OBX", nth: first.nth, body: json.bytes() } })
    }

    /// OBX-14; else OBR-7, with OBR-8 a period; else SPM-17. And the words of it in the identity.
    fn effective(&self, obx: &Segment<'_>, group: &Group<'_, '_>) -> Result<(Option<Member>, String), String> {
        let read = |at: Option<&Segment<'_>>, field: usize| {
            let when = at.map(|at| time::of(at, field, self.how.zone)).transpose();
            when.map(Option::flatten).map_err(|f| format!("{}-{field}: {}", f.segment, f.text))
        };
        let own = read(Some(obx), 14)?;
        let name = |when: &When| when.moment.map_or_else(|| when.text.clone(), |at| at.0.to_string());
        let (start, end) = match own {
            Some(own) => (Some(own), None),
            None => (read(group.obr, 7)?, read(group.obr, 8)?),
        };
        Ok(match (start, end) {
            (Some(start), Some(end)) if end.earliest > start.earliest => {
                let named = name(&start);
                let period = Json::one("start", Json::Text(start.text)).with("end", Some(Json::Text(end.text)));
                (Some(("effectivePeriod", period)), named)
            }
            (Some(at), _) => (Some(("effectiveDateTime", Json::text(&at.text))), name(&at)),
            (None, _) => match read(group.specimen, 17)? {
                Some(at) => (Some(("effectiveDateTime", Json::text(&at.text))), name(&at)),
                None => (None, String::new()),
            },
        })
    }
}

/// The number of the order by which what OBR or ORC begins is known.
pub(super) fn order_number(at: &Segment<'_>, how: &Spoken<'_>) -> Result<String, Fault> {
    let (field, other) = if how.order == Number::Filler { (3, "placer") } else { (2, "filler") };
    let number = at.field(field);
    if number.get(1).is_empty() {
        let text = format!(
            "found no number of the order, by which what belongs to it is known; wanted one, or `order = \"{other}\"` in the settings"
        );
        return Err(fault(at, field, 101, text));
    }
    Ok([1, 2, 3, 4].map(|c| number.get(c)).join("^"))
}

/// Lines of text with the same OBX-3 and OBX-4, one behind the other, are one result.
fn joined<'m, 'a>(results: &[(&'m Segment<'a>, Vec<String>)]) -> Vec<(Vec<&'m Segment<'a>>, Vec<String>)> {
    let mut all: Vec<(Vec<&'m Segment<'a>>, Vec<String>)> = Vec::new();
    for (obx, notes) in results {
        let goes_on = |before: &Segment<'_>| {
            matches!(obx.raw(2), "TX" | "FT") && [2, 3, 4, 11, 14].iter().all(|f| before.raw(*f) == obx.raw(*f))
        };
        match all.last_mut() {
            Some((before, all_notes)) if goes_on(before[0]) => {
                before.push(obx);
                all_notes.extend(notes.iter().cloned());
            }
            _ => all.push((vec![obx], notes.clone())),
        }
    }
    all
}

fn lines(obx: &[&Segment<'_>]) -> Option<(&'static str, Json)> {
    let lines: Vec<String> = obx.iter().flat_map(|s| s.repetitions(5)).map(|f| f.whole()).collect();
    said(lines.join("\n")).map(|text| ("valueString", text))
}

/// System and code by which something is known.
pub(super) fn known_as(field: &Field<'_>, how: &Spoken<'_>) -> (String, String) {
    let first = code::codings(field, how).into_iter().next();
    first.map_or_else(|| (String::new(), field.get(2)), |(system, code, _)| (system.unwrap_or_default(), code))
}

/// OBX-11 (else OBR-25) as FHIR's status, and its place among versions of the same moment. The error says why it is none.
fn status(obx: &str, obr: &str) -> Result<(&'static str, i64), String> {
    let word = if obx.is_empty() { obr } else { obx };
    Ok(match word {
        "I" | "O" => ("registered", 0),
        "P" | "R" | "S" => ("preliminary", 1),
        "F" | "V" => ("final", 2),
        "A" | "B" => ("amended", 3),
        "C" | "K" => ("corrected", 4),
        "X" => ("cancelled", 5),
        "D" | "W" => ("entered-in-error", 6),
        "" => return Err("found no status in OBX-11, nor in OBR-25; wanted one of table 0085".into()),
        "U" => {
            return Err(
                "found status U, which makes final what was sent before; wanted the result once more with status F"
                    .into(),
            );
        }
        "N" => return Err("found status N: nothing was asked, so nothing is said".into()),
        _ => return Err("found a status that HL7 does not have; wanted one of table 0085".into()),
    })
}

fn interpretation(obx: &Segment<'_>, how: &Spoken<'_>) -> Vec<Json> {
    let one = |field: &Field<'_>| {
        let code = said(field.get(1))?;
        let name = field.get(3);
        let system = code::system(if name.is_empty() { "HL70078" } else { &name }, how);
        let coding = Json::Object(Vec::new()).with("system", system.map(Json::Text)).with("code", Some(code));
        Some(Json::one("coding", Json::List(vec![coding])))
    };
    obx.repetitions(8).iter().filter_map(one).collect()
}

/// SPM-4, else the specimen of OBR-15, as a contained Specimen.
fn specimen(group: &Group<'_, '_>, how: &Spoken<'_>) -> Option<Json> {
    let of = |at: Option<&Segment<'_>>, field: usize| concept(&at?.field(field), how);
    let kind = of(group.specimen, 4).or_else(|| {
        let sent = group.obr?.field(15);
        let (code, words, name) = (sent.sub(1, 1), sent.sub(1, 2), sent.sub(1, 3));
        let system = code::system(&name, how).map(Json::Text);
        let coding = said(code).map(|c| Json::Object(Vec::new()).with("system", system).with("code", Some(c)));
        super::fhir::filled(
            Json::Object(Vec::new()).with("coding", coding.map(|c| Json::List(vec![c]))).with("text", said(words)),
        )
    })?;
    let specimen = Json::one("resourceType", Json::text("Specimen")).with("id", Some(Json::text("specimen")));
    Some(specimen.with("type", Some(kind)))
}
