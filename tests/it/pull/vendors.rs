//! How the servers of three vendors answer, as their captured answers show (material/vendor-sandbox, ../shared/reality.md).

use super::hospital::{Inside, answer};
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// XML without an Accept header; unknown parameters are dropped in silence; 1,000 entries on the first page, `total` is
    /// that of the page, the next link an opaque session before the self link; no `meta`; a remark that some is withheld.
    Epic,
    /// A parameter too many is refused, and so is a search without a patient; `_lastUpdated` only as a closed range, and
    /// not for MedicationAdministration; pages by a context; no `total` on them; issues that say it in `details`.
    Oracle,
    /// No MedicationAdministration; what is wrong is told in JSON of its own.
    Meditech,
}

fn outcome(severity: &str, code: &str, text: &str) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": severity, "code": code, "details": { "text": text } }] })
}

fn fhir(inside: &Inside, status: u16, body: &Value) -> Response<Body> {
    answer(inside, status, "application/fhir+json", body.to_string())
}

fn wrong(vendor: Vendor, inside: &Inside, status: u16, code: &str, text: &str) -> Response<Body> {
    match vendor {
        Vendor::Meditech => {
            answer(inside, status, "application/json", json!({ "error": text, "status": status }).to_string())
        }
        Vendor::Epic if status == 404 && code == "not-supported" => answer(
            inside,
            status,
            "text/html",
            "<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head></html>",
        ),
        _ => fhir(inside, status, &outcome(if vendor == Vendor::Epic { "fatal" } else { "error" }, code, text)),
    }
}

/// The parts of its CapabilityStatement that an intake looks at.
pub(super) fn statement(vendor: Vendor) -> Value {
    let kind = |kind: &str, parameters: &[&str]| {
        let parameters: Vec<Value> = parameters.iter().map(|name| json!({ "name": name })).collect();
        json!({ "type": kind, "interaction": [{ "code": "read" }, { "code": "search-type" }], "searchParam": parameters })
    };
    let exports = |name: &str| json!({ "type": "Group", "operation": [{ "name": name }] });
    let resources = match vendor {
        Vendor::Epic => json!([
            kind("Patient", &["_id", "identifier", "family"]),
            kind("Observation", &["patient", "category", "code", "date", "_count"]),
            kind("Condition", &["patient", "category", "_count"]),
            kind("Procedure", &["patient", "date", "_count"]),
            kind("MedicationAdministration", &["patient", "effective-time", "_count"]),
            kind("QuestionnaireResponse", &["patient", "_count"]),
            kind("Medication", &["_id", "_count"]),
            exports("group-export"),
        ]),
        Vendor::Oracle => json!([
            kind("Patient", &["_id", "identifier", "name"]),
            kind("Observation", &["patient", "category", "code", "date", "_lastUpdated", "_count"]),
            kind("Condition", &["patient", "category", "_lastUpdated"]),
            kind("Procedure", &["patient", "date", "_lastUpdated"]),
            kind("MedicationAdministration", &["patient", "effective-time"]),
            exports("export"),
        ]),
        Vendor::Meditech => json!([
            kind("Patient", &["_id", "name"]),
            kind("Observation", &["patient", "category"]),
            kind("Condition", &["patient"]),
            kind("Procedure", &["patient"]),
        ]),
    };
    let service = json!([{ "coding": [{ "code": "SMART-on-FHIR" }] }]);
    let rest = json!([{ "mode": "server", "security": { "service": service }, "resource": resources }]);
    json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest })
}

/// One resource as it was captured.
pub(super) fn read(vendor: Vendor, inside: &Inside, kind: &str, id: &str) -> Response<Body> {
    match inside.resources.get(&(kind.to_owned(), id.to_owned())) {
        Some((resource, _)) => fhir(inside, 200, resource),
        None => wrong(vendor, inside, 404, "not-found", "The FHIR ID provided was not found."),
    }
}

/// A page of a search.
pub(super) fn search(
    vendor: Vendor,
    inside: &Inside,
    kind: &str,
    given: &[(String, String)],
    accepts: &str,
) -> Response<Body> {
    let one = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let kinds: &[&str] = match vendor {
        Vendor::Epic | Vendor::Oracle => {
            &["Patient", "Observation", "Condition", "Procedure", "MedicationAdministration", "QuestionnaireResponse"]
        }
        Vendor::Meditech => &["Patient", "Observation", "Condition", "Procedure"],
    };
    if vendor == Vendor::Epic && !accepts.contains("json") {
        return answer(inside, 200, "application/fhir+xml", "<Bundle xmlns=\"http://hl7.org/fhir\"/>");
    }
    if !kinds.contains(&kind) {
        return wrong(vendor, inside, 404, "not-supported", "Not Found");
    }
    if let (Vendor::Oracle, Some(fault)) = (vendor, oracle_fault(kind, given)) {
        return wrong(vendor, inside, 400, "invalid", fault);
    }
    let (patient, from, count) = match one("sessionID").or(one("-pageContext")) {
        Some(token) => {
            let mut parts = token.split('*');
            let number = |text: Option<&str>| text.and_then(|t| t.parse().ok()).expect("a number");
            let patient = parts.next().expect("a patient").to_owned();
            (patient, number(parts.next()), number(parts.next()))
        }
        None => {
            let Some(patient) = one("patient") else {
                return wrong(vendor, inside, 400, "required", "one of patient, subject or _id is wanted");
            };
            let most = if vendor == Vendor::Oracle { 50 } else { 1000 };
            (patient.to_owned(), 0, one("_count").map_or(most, |n| n.parse::<usize>().expect("a number").min(most)))
        }
    };
    fhir(inside, 200, &page(vendor, inside, kind, &patient, from, count))
}

fn oracle_fault(kind: &str, given: &[(String, String)]) -> Option<&'static str> {
    let known = ["patient", "subject", "_id", "category", "_count", "_lastUpdated", "-pageContext", "-pageDirection"];
    if given.iter().any(|(name, _)| !known.contains(&name.as_str())) {
        return Some("a parameter is not supported");
    }
    let ranges: Vec<&str> = given.iter().filter(|(n, _)| n == "_lastUpdated").map(|(_, v)| &v[..2]).collect();
    if !ranges.is_empty() && kind == "MedicationAdministration" {
        return Some("_lastUpdated is not supported");
    }
    (!ranges.is_empty() && ranges != ["ge", "lt"]).then_some("_lastUpdated must be a closed range")
}

fn page(vendor: Vendor, inside: &Inside, kind: &str, patient: &str, from: usize, count: usize) -> Value {
    let about = format!("Patient/{patient}");
    let fits = |r: &Value| r["subject"]["reference"] == about.as_str() || (kind == "Patient" && r["id"] == patient);
    let of_kind = inside.resources.iter().filter(|((of, _), (r, _))| of == kind && fits(r));
    let all: Vec<&Value> = of_kind.map(|(_, (r, _))| r).collect();
    let url = |r: &Value| format!("{}/{kind}/{}", inside.base, r["id"].as_str().unwrap_or_default());
    let shown: Vec<Value> = all
        .iter()
        .skip(from)
        .take(count)
        .map(|r| json!({ "fullUrl": url(r), "resource": r, "search": { "mode": "match" } }))
        .collect();
    let (here, last) = (shown.len(), from + count >= all.len());
    let mut entries = shown;
    if vendor == Vendor::Epic && last {
        let text = "The authenticated client's search request applies to a sub-resource that the client is not authorized for. Results of this sub-type will not be returned.";
        entries.push(json!({ "resource": outcome("warning", "suppressed", text), "search": { "mode": "outcome" } }));
    }
    let own = json!({ "relation": "self", "url": format!("{}/{kind}?patient={patient}", inside.base) });
    let token = format!("{patient}*{}*{count}", from + count);
    let next = match vendor {
        Vendor::Oracle => format!("{}/{kind}?patient={patient}&-pageContext={token}&-pageDirection=NEXT", inside.base),
        Vendor::Epic | Vendor::Meditech => format!("{}/{kind}?sessionID={token}", inside.base),
    };
    let next = json!({ "relation": "next", "url": next });
    let links = match (last, vendor) {
        (true, _) => json!([own]),
        (false, Vendor::Epic) => json!([next, own]),
        (false, _) => json!([own, next]),
    };
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries });
    match vendor {
        Vendor::Epic => bundle["total"] = here.into(),
        Vendor::Oracle if !last || from > 0 => {}
        Vendor::Oracle | Vendor::Meditech => bundle["total"] = all.len().into(),
    }
    bundle
}
