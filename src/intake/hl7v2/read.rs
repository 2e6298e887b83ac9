//! One message: what it says, what is set aside of it, or why it is refused.

use super::charset;
use super::message::{self, Delimiters, Header, Message, SEGMENTS_MAX, Segment};
use super::{administration, patient, result};
use crate::model::time::{Instant, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Which number of an order its results are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Number {
    /// OBR-3 and ORC-3, the number of who fulfills the order.
    #[default]
    Filler,
    /// OBR-2 and ORC-2, the number of who placed the order.
    Placer,
}

/// How a sender speaks, beside what its messages say.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'a> {
    /// The zone of times that name none.
    pub zone: &'a Zone,
    /// When the message came.
    pub received: Instant,
    /// The character set where MSH-18 is silent.
    pub charset: &'a str,
    /// The assigning authority whose patient numbers are the ids of Patients; `*`: whatever is written there.
    pub authority: Option<&'a str>,
    /// The number of an order that its results are known by.
    pub order: Number,
    /// MSH-11 that is taken.
    pub processing: &'a [String],
    /// FHIR systems of names of code systems and authorities.
    pub systems: &'a BTreeMap<String, String>,
    /// What a sender writes in PID-8 beside HL7's words, and FHIR's gender of it.
    pub sexes: &'a BTreeMap<String, String>,
    /// Segments that need not be told of.
    pub ignore: &'a [String],
}

/// One resource that a message states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The segment that it was made from.
    pub segment: &'static str,
    /// Which of its name, from 1.
    pub nth: usize,
    /// FHIR JSON with an id and the version of its source.
    pub body: Vec<u8>,
}

/// Why a message is not taken, or a part of it is set aside: what ERR says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Segment.
    pub segment: String,
    /// Which of its name, from 1.
    pub nth: usize,
    /// Field; 0: the segment.
    pub field: usize,
    /// HL7 table 0357.
    pub code: u16,
    /// What was found and what is wanted, without personal data.
    pub text: String,
}

/// What a message comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Statements, and what is set aside of it.
    Stated(Words),
    /// An event that changes nothing here.
    NotUsed,
    /// It breaks a rule: AE.
    Wrong(Vec<Fault>),
    /// Of a kind that is not taken at all: AR.
    Rejected(Vec<Fault>),
}

/// What a message says of one Patient. Each part of what is known of a Patient has an order of its own, so that a merge takes
/// no name away, and whatever arrives first, the same stands in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfPatient {
    /// The segment that it was made from.
    pub segment: &'static str,
    /// Which of its name, from 1.
    pub nth: usize,
    /// The Patient's id.
    pub id: String,
    /// When it was entered and sent, as words in the order of time.
    pub order: String,
    /// What.
    pub what: Change,
}

/// What changes of a Patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The record says this now: FHIR JSON with an id.
    Record(Vec<u8>),
    /// The record is deleted.
    Deleted,
    /// How it is linked to another Patient: the code of `Patient.link.type`, or no longer.
    Link(String, Option<&'static str>),
}

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Resources that are whole.
    pub said: Vec<Said>,
    /// What is said of Patients.
    pub patients: Vec<OfPatient>,
    /// Parts that state nothing that can be kept.
    pub aside: Vec<Fault>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let field = if self.field > 0 { format!("-{}", self.field) } else { String::new() };
        write!(f, "{}[{}]{field}: {}", self.segment, self.nth, self.text)
    }
}

pub(super) fn fault(at: &Segment<'_>, field: usize, code: u16, text: impl Into<String>) -> Fault {
    Fault { segment: at.name.into(), nth: at.nth, field, code, text: text.into() }
}

/// Why a segment is set aside.
pub fn aside(segment: &str, nth: usize, text: impl Into<String>) -> Fault {
    Fault { segment: segment.into(), nth, field: 0, code: 207, text: text.into() }
}

/// One more, unless that field is blamed already.
pub(super) fn blame(faults: &mut Vec<Fault>, one: Fault) {
    if !faults.iter().any(|f| (&f.segment, f.nth, f.field) == (&one.segment, one.nth, one.field)) {
        faults.push(one);
    }
}

fn at_header(field: usize, code: u16, text: impl Into<String>) -> Fault {
    Fault { segment: "MSH".into(), nth: 1, field, code, text: text.into() }
}

/// The first segment of bytes, and what parts it; with the usual delimiters where its own are wrong, and then `false`. What is needed
/// to answer is ASCII in every set that is taken; a byte beyond it changes nothing there.
fn first(bytes: &[u8]) -> Option<(Cow<'_, str>, Delimiters, bool)> {
    let end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let msh = String::from_utf8_lossy(&bytes[..end]);
    let own = Delimiters::of(&msh);
    let with = own.or_else(|| Delimiters::usual(&msh))?;
    Some((msh, with, own.is_some()))
}

/// The header of bytes of which no more can be read, as of a message that is too long.
pub fn read_header(bytes: &[u8]) -> Option<Header> {
    let (msh, with, _) = first(message::bare(bytes))?;
    Some(message::header(&Segment::of(&msh, 1, with)))
}

/// Reads the bytes of one message; `None` for the header: there is none.
pub fn read_message(bytes: &[u8], how: &Spoken<'_>) -> (Option<Header>, Outcome) {
    let bytes = message::bare(bytes);
    let (msh, with) = match first(bytes) {
        Some((msh, with, true)) => (msh, with),
        _ => {
            let text = "found no MSH with delimiters that differ; wanted such as MSH|^~\\&";
            return (read_header(bytes), Outcome::Rejected(vec![at_header(2, 100, text)]));
        }
    };
    let named = message::charset(&Segment::of(&msh, 1, with));
    let text = match charset::decode(bytes, if named.is_empty() { how.charset } else { &named }) {
        Ok(text) => text,
        Err(words) => return (read_header(bytes), Outcome::Wrong(vec![at_header(18, 102, words)])),
    };
    let message = message::split(&text, with);
    let faults = envelope(&message, how);
    let outcome = match faults.iter().all(|f| matches!(f.code, 200..=203)) {
        _ if faults.is_empty() => stated(&message, how),
        true => Outcome::Rejected(faults),
        false => Outcome::Wrong(faults),
    };
    (Some(message.header), outcome)
}

/// What must hold of any message.
fn envelope(message: &Message<'_>, how: &Spoken<'_>) -> Vec<Fault> {
    let (header, mut faults) = (&message.header, Vec::new());
    if header.control.is_empty() {
        faults.push(at_header(10, 101, "found no control id; wanted one, different for each message"));
    }
    if let Some(second) = message.segments.iter().skip(1).find(|s| s.name == "MSH") {
        faults.push(fault(second, 0, 100, "found a second message in one block; wanted a block for each"));
    }
    if message.segments.len() > SEGMENTS_MAX {
        faults.push(at_header(0, 100, format!("found more than {SEGMENTS_MAX} segments; wanted no more")));
    }
    if !header.version.starts_with("2.") {
        faults.push(at_header(12, 203, "found no version 2; wanted 2.3 to 2.8"));
    }
    let processing = header.processing.split(['^', '~']).next().unwrap_or_default();
    if !processing.is_empty() && !how.processing.iter().any(|p| p == processing) {
        let wanted = how.processing.join(", ");
        faults.push(at_header(11, 202, format!("found a processing id that is not taken here; wanted {wanted}")));
    }
    faults
}

fn stated(message: &Message<'_>, how: &Spoken<'_>) -> Outcome {
    let msh = &message.segments[0];
    let (kind, event) = (msh.get(9, 1), msh.get(9, 2));
    let read = match (kind.as_str(), event.as_str()) {
        ("ORU", "R01" | "") => result::read(message, how),
        // O01 before version 2.4.
        ("RAS", "O17" | "O01" | "") => administration::read(message, how),
        ("ADT", "A01" | "A04" | "A05" | "A08" | "A28" | "A31") => patient::read(message, how),
        ("ADT", "A23" | "A29") => patient::delete(message, how),
        ("ADT", "A18" | "A34" | "A40") => patient::merge(message, how),
        ("ADT", "A24") => patient::link(message, how, Some("seealso")),
        ("ADT", "A37") => patient::link(message, how, None),
        ("ADT", "A30" | "A35" | "A36" | "A39" | "A43" | "A46" | "A47") => Ok(for_people(&event)),
        ("ORU" | "OUL" | "RAS", _) => {
            let text = "found results or administrations in an event that is not read here; wanted ORU^R01 or RAS^O17";
            return Outcome::Rejected(vec![fault(msh, 9, if kind == "OUL" { 200 } else { 201 }, text)]);
        }
        ("", _) => return Outcome::Wrong(vec![fault(msh, 9, 101, "found no type of message; wanted such as ORU^R01")]),
        _ => return Outcome::NotUsed,
    };
    match read {
        Ok(mut words) => {
            words.aside.extend(unknown(message, how));
            let nothing = words.said.is_empty() && words.patients.is_empty() && words.aside.is_empty();
            if nothing { Outcome::NotUsed } else { Outcome::Stated(words) }
        }
        Err(faults) => Outcome::Wrong(faults),
    }
}

/// Events that move or merge numbers in ways that no Patient has words for.
fn for_people(event: &str) -> Words {
    let reason = format!(
        "found ADT^{event}, which merges or moves numbers of patients in a way that is not read here; people have to look at it"
    );
    Words { aside: vec![aside("MSH", 1, reason)], ..Words::default() }
}

/// Segments of the standard that state nothing that is read here.
const KNOWN: &[&str] = &[
    "MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "MRG", "ORC", "OBR", "OBX", "NTE", "SPM", "TQ1", "TQ2",
    "CTD", "CTI", "FT1", "ROL", "DB1", "AL1", "IN1", "IN2", "IN3", "GT1", "ACC", "UB1", "UB2", "PDA", "DRG", "DSC",
    "PRT", "SAC", "ARV", "UAC", "RXA", "RXR", "RXE", "RXO", "RXG",
];

/// Segments that nobody here understands, all in one: the message is kept whole.
fn unknown(message: &Message<'_>, how: &Spoken<'_>) -> Option<Fault> {
    let odd = |s: &&Segment<'_>| !KNOWN.contains(&s.name) && !how.ignore.iter().any(|i| i == s.name);
    let found: Vec<&Segment<'_>> = message.segments.iter().filter(odd).collect();
    let first = found.first()?;
    let named = |name: &str| name.len() == 3 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let mut names: Vec<&str> =
        found.iter().map(|s| if named(s.name) { s.name } else { "one without a name" }).collect();
    names.dedup();
    let reason =
        format!("segments that are not understood: {}; name them in `ignore` if they are not needed", names.join(", "));
    Some(aside(if named(first.name) { first.name } else { "segment" }, first.nth, reason))
}
