//! OBX-5: a value as FHIR's `value[x]`, nothing converted. What is no value of its type is the words that were sent.

use super::code::{self, Unit, quantity};
use super::fhir::Json;
use super::message::{Field, Segment};
use super::read::Spoken;
use super::time;

/// Types of OBX-2 that are read.
const TYPES: &str = "NM, SN, ST, TX, FT, CE, CWE, CNE, CF, IS, ID, DT, TS or DTM";

/// `None`: there is none. The error says why the segment is set aside.
pub(super) fn read(obx: &Segment<'_>, how: &Spoken<'_>) -> Result<Option<(&'static str, Json)>, String> {
    let kind = obx.raw(2);
    let sent = obx.repetitions(5);
    let Some(field) = sent.first() else { return Ok(None) };
    let words = matches!(kind, "ST" | "TX" | "FT");
    if sent.len() > 1 && !words {
        return Err(format!("found {} values in OBX-5; wanted one, with a segment for each", sent.len()));
    }
    let unit = code::unit(&obx.field(6), how);
    let read = match kind {
        "NM" => number(&field.whole(), unit.as_ref()).unwrap_or_else(|| text(&field.whole())),
        "ST" | "TX" | "FT" => {
            let lines: Vec<String> = sent.iter().map(Field::whole).collect();
            let joined = lines.join("\n");
            // Laboratories send `<5` as a string, and the unit beside it: then it is a quantity.
            let measured = if unit.is_some() { number(&joined, unit.as_ref()) } else { None };
            measured.unwrap_or_else(|| text(&joined))
        }
        "SN" => structured(field, unit.as_ref()),
        "CE" | "CWE" | "CNE" | "CF" | "IS" | "ID" => match code::concept(field, how) {
            Some(concept) => ("valueCodeableConcept", concept),
            None => return Ok(None),
        },
        "DT" | "TS" | "DTM" => match time::read(&field.get(1), how.zone) {
            Ok(when) => ("valueDateTime", Json::Text(when.text)),
            Err(_) => text(&field.whole()),
        },
        "" => return Err("found a value without its type in OBX-2".into()),
        "ED" | "RP" => {
            return Err(format!(
                "found {kind} in OBX-2: a file, or where one is, states no value; wanted the value itself"
            ));
        }
        _ => return Err(format!("found a type of value in OBX-2 that is not read here; wanted {TYPES}")),
    };
    Ok(Some(read))
}

fn text(words: &str) -> (&'static str, Json) {
    ("valueString", Json::text(words))
}

/// Full-width signs, as Chinese systems write them, are the same signs.
fn narrow(sent: &str) -> String {
    let one = |c: char| match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    };
    sent.trim().chars().map(one).collect()
}

/// A number with or without a comparator.
fn number(sent: &str, unit: Option<&Unit>) -> Option<(&'static str, Json)> {
    let sent = narrow(sent);
    let (comparator, rest) = compared(sent.trim());
    Some(("valueQuantity", quantity(&decimal(rest)?, comparator, unit)))
}

/// The comparator in front, as FHIR writes it.
pub(super) fn compared(sent: &str) -> (Option<&'static str>, &str) {
    let marks =
        [("<=", "<="), (">=", ">="), ("=<", "<="), ("=>", ">="), ("≤", "<="), ("≥", ">="), ("<", "<"), (">", ">")];
    match marks.iter().find_map(|(mark, word)| Some((*word, sent.strip_prefix(mark)?))) {
        Some((word, rest)) => (Some(word), rest.trim_start()),
        None => (None, sent),
    }
}

/// A decimal of HL7 as JSON prints it: every digit stays, what JSON forbids in front of them goes.
pub(super) fn decimal(sent: &str) -> Option<String> {
    let sent = sent.trim();
    let (sign, digits) = match sent.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", sent.strip_prefix('+').unwrap_or(sent)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{dot}{fraction}"))
}

/// SN: comparator ^ number ^ separator ^ number.
fn structured(field: &Field<'_>, unit: Option<&Unit>) -> (&'static str, Json) {
    let [comparator, first, separator, second] = [1, 2, 3, 4].map(|c| field.get(c));
    let as_sent = || text(&[comparator.as_str(), &first, &separator, &second].concat());
    let plain = matches!(comparator.as_str(), "" | "=");
    let known = matches!(comparator.as_str(), "<" | ">" | "<=" | ">=");
    let one = |number: &str| Some(quantity(&decimal(number)?, None, unit));
    let read = match (separator.as_str(), second.as_str()) {
        ("", "") if plain => one(&first).map(|q| ("valueQuantity", q)),
        ("", "") if known => decimal(&first).map(|n| ("valueQuantity", quantity(&n, Some(&comparator), unit))),
        ("-", second) if plain => match (one(&first), one(second)) {
            (Some(low), Some(high)) => Some(("valueRange", Json::one("low", low).with("high", Some(high)))),
            _ => None,
        },
        (":" | "/", second) if plain => {
            let bare = |number: &str| Some(quantity(&decimal(number)?, None, None));
            match (bare(&first), bare(second)) {
                (Some(over), Some(under)) => {
                    Some(("valueRatio", Json::one("numerator", over).with("denominator", Some(under))))
                }
                _ => None,
            }
        }
        _ => None,
    };
    read.unwrap_or_else(as_sent)
}

/// OBX-7: `3.5-5.0`, `<5`, `>=60`; anything else is text. `None` when nothing was sent.
pub(super) fn reference_range(obx: &Segment<'_>, how: &Spoken<'_>) -> Option<Json> {
    let sent = obx.field(7).whole();
    let sent = sent.trim();
    if sent.is_empty() {
        return None;
    }
    let (unit, plain) = (code::unit(&obx.field(6), how), narrow(sent));
    let limit = |number: &str| Some(quantity(&decimal(number)?, None, unit.as_ref()));
    let (low, high) = match compared(&plain) {
        (Some("<" | "<="), rest) => (None, limit(rest)),
        (Some(_), rest) => (limit(rest), None),
        (None, _) => {
            // A minus in front belongs to the number.
            let dash = plain
                .char_indices()
                .skip(1)
                .find(|(_, c)| matches!(c, '-' | '–' | '~'))
                .map(|(at, c)| (at, c.len_utf8()));
            match dash.map(|(at, width)| (limit(&plain[..at]), limit(&plain[at + width..]))) {
                Some((Some(low), Some(high))) => (Some(low), Some(high)),
                _ => (None, None),
            }
        }
    };
    let range = Json::Object(Vec::new()).with("low", low).with("high", high);
    Some(range.with("text", Some(Json::text(sent))))
}
