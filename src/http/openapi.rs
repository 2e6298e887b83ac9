//! The routes beside FHIR, in one table: the router is built from it, and `/openapi.json` says what it says.

use super::auth::{Right, admit};
use super::coordinator::routes::{ADDRESSES, Address};
use super::hooks::{HOOK_METHODS, HOOK_PATHS, HOOK_REFUSALS};
use super::outcome::{FHIR_JSON, Fault};
use super::server::Door;
use super::set_aside;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// A route.
pub struct Route {
    /// Its path.
    pub path: &'static str,
    /// The one method that it answers.
    pub verb: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// What it takes: a name, and `path` or `query`.
    pub parameters: &'static [(&'static str, &'static str)],
    /// A token is asked for where clients are configured.
    pub secured: bool,
    /// What is answered when all is well: a media type.
    pub answer: &'static str,
    /// How else it may end, with an OperationOutcome: status and when.
    pub refusals: &'static [(u16, &'static str)],
    /// Who answers.
    pub(super) handler: fn() -> MethodRouter<Arc<Door>>,
}

/// Refusals of a route that asks who is there.
const ADMISSION: &[(u16, &str)] = &[(401, "no known token"), (403, "not allowed to this client")];

/// All of them.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/healthz",
        verb: "get",
        parameters: &[],
        summary: "Whether the program is alive.",
        secured: false,
        answer: JSON,
        refusals: &[],
        handler: || get(async || json_text("{\"status\":\"ok\"}\n")),
    },
    Route {
        path: "/readyz",
        verb: "get",
        parameters: &[],
        summary: "Whether the store answers.",
        secured: false,
        answer: JSON,
        refusals: &[(503, "the store does not answer")],
        handler: || get(ready),
    },
    Route {
        path: "/metrics",
        verb: "get",
        parameters: &[],
        summary: "Counters and gauges, in the text format of Prometheus.",
        secured: true,
        answer: TEXT,
        refusals: ADMISSION,
        handler: || get(metrics),
    },
    Route {
        path: "/.well-known/jwks.json",
        verb: "get",
        parameters: &[],
        summary: "The public halves of the keys by which the gateway signs, as a JSON Web Key Set.",
        secured: false,
        answer: JSON,
        refusals: &[],
        handler: || get(async |State(door): State<Arc<Door>>| key_set(&door)),
    },
    Route {
        path: "/openapi.json",
        verb: "get",
        parameters: &[],
        summary: "This document.",
        secured: false,
        answer: JSON,
        refusals: &[],
        handler: || get(async |State(door): State<Arc<Door>>| json_text(document(door.pages).to_string())),
    },
    Route {
        path: "/api/set-aside",
        verb: "get",
        parameters: &[
            ("source", "query"),
            ("reason", "query"),
            ("since", "query"),
            ("closed", "query"),
            ("after", "query"),
            ("count", "query"),
        ],
        summary: "What could not be kept of the client's source, in order of arrival, without bodies.",
        secured: true,
        answer: JSON,
        refusals: ASKED,
        handler: || get(set_aside::list),
    },
    Route {
        path: "/api/set-aside/{number}",
        verb: "get",
        parameters: &[("number", "path")],
        summary: "One row that was set aside, with its body.",
        secured: true,
        answer: JSON,
        refusals: ASKED,
        handler: || get(set_aside::show),
    },
    Route {
        path: "/api/set-aside/{number}/replay",
        verb: "post",
        parameters: &[("number", "path")],
        summary: "Reads one row again, as if it arrived now; `result` is `kept`, `refused` or `left out`.",
        secured: true,
        answer: JSON,
        refusals: ASKED,
        handler: || post(set_aside::replay),
    },
];

/// Refusals of a route that is asked for something.
const ASKED: &[(u16, &str)] = &[
    (400, "a parameter is not understood"),
    (401, "no known token"),
    (403, "not allowed to this client"),
    (404, "there is no such row of the client's source"),
    (503, "the store does not answer"),
];

pub(super) fn json_text(body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// A server that took the set may keep it so long: a new key is served before it signs.
const KEY_SET_AGE: &str = "max-age=300";

fn key_set(door: &Door) -> Response {
    ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, KEY_SET_AGE)], door.keys.clone()).into_response()
}

async fn ready(State(door): State<Arc<Door>>) -> Result<Response, Fault> {
    door.gateway.ready().await?;
    Ok(json_text("{\"status\":\"ready\"}\n"))
}

async fn metrics(State(door): State<Arc<Door>>, headers: HeaderMap) -> Result<String, Fault> {
    admit(&door.clients, &headers, None, Right::Read, door.gateway.now())?;
    let mut text = door.metrics.text() + &door.gateway.messages.text();
    if let Ok((waiting, parked)) = door.gateway.waiting().await {
        text.push_str(&format!("# TYPE trialgate_persons_waiting gauge\ntrialgate_persons_waiting {waiting}\n"));
        text.push_str(&format!("# TYPE trialgate_persons_parked gauge\ntrialgate_persons_parked {parked}\n"));
    }
    if let Ok(feeds) = door.gateway.feed_metrics().await {
        text.push_str(&feeds);
    }
    Ok(text)
}

/// The OpenAPI document, with the pages where they are served. FHIR describes itself at `/fhir/metadata`.
pub fn document(pages: bool) -> Value {
    let mut paths: Map<String, Value> =
        ROUTES.iter().map(|route| (route.path.to_owned(), json!({ (route.verb): operation(route) }))).collect();
    paths.extend(HOOK_PATHS.iter().zip(HOOK_METHODS).map(|(path, methods)| ((*path).to_owned(), hook(path, methods))));
    if pages {
        paths.extend(ADDRESSES.iter().map(|address| (address.path.to_owned(), page(address))));
    }
    let issue = json!({ "type": "object", "required": ["severity", "code"], "properties": {
        "severity": { "type": "string" }, "code": { "type": "string" }, "diagnostics": { "type": "string" } } });
    let outcome = json!({ "type": "object", "required": ["resourceType", "issue"], "properties": {
        "resourceType": { "type": "string", "enum": ["OperationOutcome"] },
        "issue": { "type": "array", "minItems": 1, "items": issue } } });
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "trialgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What is served beside FHIR. FHIR R4 is at /fhir and describes itself at /fhir/metadata.",
            "license": { "name": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": { "OperationOutcome": outcome },
            "securitySchemes": {
                "client": { "type": "http", "scheme": "bearer" },
                "hook": { "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "The token of the source's hook: behind `Bearer `, or alone in the header that the settings name." },
            },
        },
    })
}

fn responses(well: Value, refusals: &[(u16, &str)]) -> Map<String, Value> {
    let mut responses = Map::from_iter([("200".to_owned(), well)]);
    for (status, when) in refusals {
        let schema = json!({ "$ref": "#/components/schemas/OperationOutcome" });
        responses.insert(status.to_string(), response(when, FHIR_JSON, schema));
    }
    responses
}

/// Where a source tells.
fn hook(path: &str, methods: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = in_path(path).map(|name| parameter(name, "path")).collect();
    let operation = |(method, summary): &(&str, &str)| {
        let well = response("Heard.", FHIR_JSON, json!({ "type": "object" }));
        let mut operation = json!({ "summary": summary, "parameters": parameters, "security": [{ "hook": [] }],
            "responses": responses(well, HOOK_REFUSALS) });
        if *method != "delete" {
            operation["requestBody"] = json!({ "content": { FHIR_JSON: { "schema": { "type": "object" } } } });
        }
        ((*method).to_owned(), operation)
    };
    Value::Object(methods.iter().map(operation).collect())
}

fn operation(route: &Route) -> Value {
    let schema = if route.answer == JSON { json!({ "type": "object" }) } else { json!({ "type": "string" }) };
    let responses = responses(response("Well.", route.answer, schema), route.refusals);
    let mut operation = json!({ "summary": route.summary, "responses": responses });
    if !route.parameters.is_empty() {
        operation["parameters"] = route.parameters.iter().map(|(name, place)| parameter(name, place)).collect();
    }
    if route.secured {
        // Without configured clients this machine alone is served, and no token is asked for.
        operation["security"] = json!([{ "client": [] }, {}]);
    }
    operation
}

fn parameter(name: &str, place: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } })
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'))
}

/// A page: what else happens is a page too, or a way to one.
fn page(address: &Address) -> Value {
    let parameters: Vec<Value> = in_path(address.path)
        .map(|name| parameter(name, "path"))
        .chain(address.query.iter().map(|name| parameter(name, "query")))
        .collect();
    let fields: Map<String, Value> =
        address.fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    let form = json!({ "type": "object", "properties": fields });
    let mut methods = Map::new();
    for (method, summary) in address.methods {
        let responses = json!({ "200": { "description": "Shown." }, "303": { "description": "Go on there." },
            "default": { "description": "Not shown; where there is a page, it says why." } });
        let mut operation = json!({ "summary": summary, "parameters": parameters, "responses": responses });
        if *method == "post" {
            operation["requestBody"] =
                json!({ "content": { "application/x-www-form-urlencoded": { "schema": form } } });
        }
        methods.insert((*method).to_owned(), operation);
    }
    Value::Object(methods)
}

fn response(when: &str, media_type: &str, schema: Value) -> Value {
    json!({ "description": when, "content": { media_type: { "schema": schema } } })
}
