//! Codes: CE, CWE and CNE with both triplets; the names of HL7's table 0396 as FHIR's systems.

use super::fhir::{Json, said, some};
use super::message::Field;
use super::read::Spoken;
use crate::model::code::UCUM_SYSTEM;

/// What the names of a site are below, when its settings say nothing of them.
const LOCAL: &str = "https://trialgate.example/fhir/hl7v2";

/// FHIR's system of a name; a site's own settings come first.
pub(super) fn system(name: &str, how: &Spoken<'_>) -> Option<String> {
    if let Some(stated) = how.systems.get(name) {
        return Some(stated.clone());
    }
    let upper = name.to_ascii_uppercase();
    let known = match upper.as_str() {
        "" => return None,
        "LN" | "LOINC" => "http://loinc.org",
        // SNM3 and SCT2 are other code systems, whose codes look alike.
        "SCT" | "SNOMED-CT" => "http://snomed.info/sct",
        "UCUM" => UCUM_SYSTEM,
        "I10" => "http://hl7.org/fhir/sid/icd-10",
        "I10C" => "http://hl7.org/fhir/sid/icd-10-cm",
        "I9C" | "I9CDX" => "http://hl7.org/fhir/sid/icd-9-cm",
        "RXNORM" => "http://www.nlm.nih.gov/research/umls/rxnorm",
        "NDC" => "http://hl7.org/fhir/sid/ndc",
        "CVX" => "http://hl7.org/fhir/sid/cvx",
        "C4" => "http://www.ama-assn.org/go/cpt",
        "WC" => "http://www.whocc.no/atc",
        _ => match upper.strip_prefix("HL7").filter(|table| table.parse::<u16>().is_ok()) {
            Some(table) => return Some(format!("http://terminology.hl7.org/CodeSystem/v2-{table:0>4}")),
            None => return Some(below(name)),
        },
    };
    Some(known.into())
}

/// An address for a name: what has no place in one is left to its code.
pub(super) fn below(name: &str) -> String {
    let mut out = format!("{LOCAL}/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The codings of both triplets: system, code, words.
pub(super) fn codings(field: &Field<'_>, how: &Spoken<'_>) -> Vec<(Option<String>, String, String)> {
    let triplet = |first: usize| (system(&field.get(first + 2), how), field.get(first), field.get(first + 1));
    [triplet(1), triplet(4)].into_iter().filter(|(_, code, _)| !code.is_empty()).collect()
}

/// A CodeableConcept; `None` when nothing is said. The ninth component is the text that the codes were made from.
pub(super) fn concept(field: &Field<'_>, how: &Spoken<'_>) -> Option<Json> {
    let coding = |(system, code, words): (Option<String>, String, String)| {
        let coding = Json::Object(Vec::new()).with("system", system.map(Json::Text));
        coding.with("code", Some(Json::Text(code))).with("display", said(words))
    };
    let list: Vec<Json> = codings(field, how).into_iter().map(coding).collect();
    let words = [9, 2, 5].map(|component| field.get(component));
    let text = words.into_iter().enumerate().find(|(i, w)| !w.is_empty() && (*i == 0 || list.is_empty()));
    let concept = Json::Object(Vec::new()).with("coding", some(list)).with("text", text.map(|(_, w)| Json::Text(w)));
    super::fhir::filled(concept)
}

/// The unit of OBX-6: UCUM where one of its triplets says so, else the word that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    word: String,
    ucum: Option<String>,
}

impl Unit {
    /// A unit of UCUM.
    pub(super) fn of_ucum(code: &str) -> Self {
        Self { word: code.to_owned(), ucum: Some(code.to_owned()) }
    }
}

pub(super) fn unit(field: &Field<'_>, how: &Spoken<'_>) -> Option<Unit> {
    if let Some(word) = power(field) {
        return Some(Unit { word, ucum: None });
    }
    let all = codings(field, how);
    let ucum = all.iter().find(|(system, ..)| system.as_deref() == Some(UCUM_SYSTEM)).map(|(_, code, _)| code.clone());
    let word = ucum.clone().or_else(|| all.into_iter().next().map(|(_, code, _)| code));
    let word = word.or_else(|| Some(field.get(2)).filter(|w| !w.is_empty()))?;
    Some(Unit { word, ucum })
}

/// `10^9/L`, where the sign of a power was not escaped and parts the word in two.
fn power(field: &Field<'_>) -> Option<String> {
    let (front, rest) = (field.get(1), field.get(2));
    let parted = front.ends_with("10") && rest.starts_with(|c: char| c.is_ascii_digit()) && field.raw(3).is_empty();
    parted.then(|| format!("{front}^{rest}"))
}

/// A Quantity: the number as printed.
pub(super) fn quantity(number: &str, comparator: Option<&str>, unit: Option<&Unit>) -> Json {
    let quantity = Json::one("value", Json::Bare(number.into())).with("comparator", comparator.map(Json::text));
    let Some(unit) = unit else { return quantity };
    let quantity = quantity.with("unit", Some(Json::text(&unit.word)));
    let Some(code) = &unit.ucum else { return quantity };
    quantity.with("system", Some(Json::text(UCUM_SYSTEM))).with("code", Some(Json::text(code)))
}
