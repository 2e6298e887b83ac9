//! The FHIR addresses as an OpenAPI document, made from the CapabilityStatement, for a tester that knows only such.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Search, read, create, transaction and the operation, each once for all types: so many cases go round.
pub(super) fn fhir(statement: &Value) -> Value {
    let types = statement["rest"][0]["resource"].as_array().expect("types");
    let names: Vec<&str> = types.iter().filter_map(|t| t["type"].as_str()).collect();
    let parameters: BTreeSet<&str> = types
        .iter()
        .flat_map(|t| t["searchParam"].as_array().into_iter().flatten())
        .filter_map(|p| p["name"].as_str())
        .chain(["_count", "_cursor", "_sort", "_format", "_lastUpdated", "_include", "nonsense"])
        .collect();
    let query: Vec<Value> =
        parameters.iter().map(|name| parameter(name, "query", json!({ "type": "string" }))).collect();
    let kind = parameter("kind", "path", json!({ "type": "string", "enum": names }));
    let id = parameter("id", "path", json!({ "type": "string" }));
    let mut search = vec![kind.clone()];
    search.extend(query);
    let prefer = parameter("Prefer", "header", json!({ "type": "string" }));
    let if_match = parameter("If-Match", "header", json!({ "type": "string" }));
    let if_none_exist = parameter("If-None-Exist", "header", json!({ "type": "string" }));
    let resource = resource();
    let entry = json!({ "type": "object", "properties": { "fullUrl": { "type": "string" }, "resource": resource,
        "request": { "type": "object", "properties": { "method": { "enum": ["POST", "PUT"] }, "url": { "enum": names } } } } });
    let bundle = json!({ "type": "object", "required": ["resourceType", "type"], "properties": {
        "resourceType": { "enum": ["Bundle"] }, "type": { "enum": ["transaction", "batch", "collection"] },
        "entry": { "type": "array", "items": entry, "maxItems": 3 } } });
    let study = parameter("id", "path", json!({ "type": "string", "enum": ["nct00962923", "none"] }));
    let mut paths = Map::new();
    paths.insert("/{kind}".into(), json!({ "get": operation(search, None) }));
    paths.insert(
        "/{kind}/{id}".into(),
        json!({
        "get": operation(vec![kind.clone(), id.clone(), prefer.clone()], None),
        "put": operation(vec![kind.clone(), id, if_match, prefer], Some(&resource)) }),
    );
    paths.insert("/Observation".into(), json!({ "post": operation(vec![if_none_exist], Some(&resource)) }));
    paths.insert("/".into(), json!({ "post": operation(vec![], Some(&bundle)) }));
    paths.insert(
        "/ResearchStudy/{id}/$evaluate-eligibility".into(),
        json!({ "post": operation(vec![study], Some(&bundle)) }),
    );
    json!({ "openapi": "3.0.3", "info": { "title": "FHIR", "version": "4.0.1" }, "paths": paths })
}

fn parameter(name: &str, place: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema })
}

fn operation(parameters: Vec<Value>, body: Option<&Value>) -> Value {
    let mut operation = json!({ "parameters": parameters, "responses": { "default": { "description": "any" } } });
    if let Some(schema) = body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/fhir+json": { "schema": schema } } });
    }
    operation
}

/// Something like a result or a patient, often wrong.
fn resource() -> Value {
    let text = json!({ "type": "string" });
    let coding = json!({ "type": "object", "properties": { "system": { "enum": ["http://loinc.org", "urn:x"] }, "code": { "enum": ["777-3", "1751-7", ""] } } });
    let concept = json!({ "type": "object", "properties": { "coding": { "type": "array", "items": coding, "maxItems": 2 }, "text": text } });
    let quantity = json!({ "type": "object", "properties": { "value": { "type": "number" }, "comparator": { "enum": ["<", ">=", "x"] },
        "system": { "enum": ["http://unitsofmeasure.org"] }, "code": { "enum": ["g/L", "10*9/L", "K/uL", ""] } } });
    json!({ "type": "object", "required": ["resourceType"], "properties": {
        "resourceType": { "enum": ["Observation", "Patient", "Condition", "MedicationAdministration", "Encounter", "Nonsense"] },
        "id": text, "status": { "enum": ["final", "amended", "entered-in-error", "enrolled"] }, "code": concept,
        "subject": { "type": "object", "properties": { "reference": { "enum": ["Patient/C01", "Patient/none", "urn:uuid:x", "../.."] } } },
        "effectiveDateTime": { "enum": ["2026-03-01", "2026-03-01T08:00:00Z", "2026-02-30", "0001-01-01"] },
        "valueQuantity": quantity, "valueString": text, "birthDate": { "enum": ["1980", "1980-05-06", "x"] } } })
}
