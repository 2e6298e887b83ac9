//! A stand-in FHIR server in memory, for the demo and for tests: what it was told, in order, and it can be down.

use super::running::{Running, Serving};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// One write that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `PUT` or `DELETE`.
    pub method: &'static str,
    /// FHIR type.
    pub resource_type: String,
    /// Id.
    pub id: String,
    /// `ResearchSubject.status`; `None` for a removal or a type without one.
    pub status: Option<String>,
    /// The body as it was sent.
    pub body: String,
}

#[derive(Debug, Default)]
struct Inside {
    down: bool,
    resources: BTreeMap<(String, String), (u64, Value)>,
    log: Vec<Written>,
}

type Shared = Arc<Mutex<Inside>>;

/// A stand-in server that runs.
pub struct Standin {
    running: Running,
    inside: Shared,
}

impl Standin {
    /// Starts one on a free port of this machine.
    pub async fn start() -> io::Result<Self> {
        let inside = Shared::default();
        let app = Router::new()
            .route("/fhir/metadata", get(metadata))
            .route("/fhir/{kind}", put(conditional))
            .route("/fhir/{kind}/{id}", get(read).put(update).delete(remove))
            .with_state(inside.clone());
        let running = Running::serve(Serving::local()?, app);
        Ok(Self { running, inside })
    }

    /// Its FHIR base.
    pub fn base(&self) -> String {
        format!("{}/fhir", self.running.base())
    }

    /// Everything that it took, in order.
    pub fn log(&self) -> Vec<Written> {
        lock(&self.inside).log.clone()
    }

    /// Down: every request is answered 503.
    pub fn down(&self, down: bool) {
        lock(&self.inside).down = down;
    }

    /// Stops it.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn lock(inside: &Shared) -> std::sync::MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn metadata(State(inside): State<Shared>) -> Response {
    if lock(&inside).down {
        return outcome(StatusCode::SERVICE_UNAVAILABLE, "transient");
    }
    let resource = |kind: &str| {
        json!({ "type": kind, "versioning": "versioned-update", "updateCreate": true, "conditionalUpdate": true,
                "interaction": [{ "code": "read" }, { "code": "update" }, { "code": "delete" }] })
    };
    let resources = vec![resource("ResearchSubject"), resource("ResearchStudy")];
    let statement = json!({ "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
        "format": ["json"], "date": "2026-01-01", "rest": [{ "mode": "server", "resource": resources }] });
    answer(StatusCode::OK, None, &statement)
}

async fn read(State(inside): State<Shared>, Path(key): Path<(String, String)>) -> Response {
    let inside = lock(&inside);
    match inside.resources.get(&key) {
        _ if inside.down => outcome(StatusCode::SERVICE_UNAVAILABLE, "transient"),
        Some((version, body)) => answer(StatusCode::OK, Some(*version), body),
        None => outcome(StatusCode::NOT_FOUND, "not-found"),
    }
}

async fn update(
    State(inside): State<Shared>,
    Path(key): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    store(&inside, key, &headers, &body)
}

async fn conditional(
    State(inside): State<Shared>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let wanted = query.unwrap_or_default();
    let found = lock(&inside)
        .resources
        .iter()
        .find(|((k, _), (_, body))| *k == kind && meets(body, &wanted))
        .map(|(key, _)| key.clone());
    let fresh = lock(&inside).resources.len();
    store(&inside, found.unwrap_or_else(|| (kind, format!("own-{fresh}"))), &headers, &body)
}

/// Whether the value of the asked identifier is one of the resource's.
fn meets(body: &Value, query: &str) -> bool {
    let value = query.rsplit(['|', '=']).next().unwrap_or("").rsplit("%7C").next().unwrap_or("");
    body["identifier"].as_array().is_some_and(|all| all.iter().any(|i| i["value"] == value))
}

fn store(inside: &Shared, key: (String, String), headers: &HeaderMap, body: &[u8]) -> Response {
    let mut inside = lock(inside);
    if inside.down {
        return outcome(StatusCode::SERVICE_UNAVAILABLE, "transient");
    }
    let Ok(resource) = serde_json::from_slice::<Value>(body) else {
        return outcome(StatusCode::BAD_REQUEST, "structure");
    };
    let before = inside.resources.get(&key).map(|(version, _)| *version);
    if !current(headers, before) {
        return outcome(StatusCode::PRECONDITION_FAILED, "conflict");
    }
    let version = before.unwrap_or(0) + 1;
    inside.log.push(Written {
        method: "PUT",
        resource_type: key.0.clone(),
        id: key.1.clone(),
        status: resource["status"].as_str().map(str::to_owned),
        body: String::from_utf8_lossy(body).into_owned(),
    });
    inside.resources.insert(key, (version, resource.clone()));
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    answer(status, Some(version), &resource)
}

async fn remove(State(inside): State<Shared>, Path(key): Path<(String, String)>, headers: HeaderMap) -> Response {
    let mut inside = lock(&inside);
    if inside.down {
        return outcome(StatusCode::SERVICE_UNAVAILABLE, "transient");
    }
    let before = inside.resources.get(&key).map(|(version, _)| *version);
    if before.is_none() {
        return outcome(StatusCode::NOT_FOUND, "not-found");
    }
    if !current(&headers, before) {
        return outcome(StatusCode::PRECONDITION_FAILED, "conflict");
    }
    inside.resources.remove(&key);
    let (resource_type, id) = key;
    inside.log.push(Written { method: "DELETE", resource_type, id, status: None, body: String::new() });
    StatusCode::NO_CONTENT.into_response()
}

fn current(headers: &HeaderMap, before: Option<u64>) -> bool {
    let Some(wanted) = headers.get(header::IF_MATCH).and_then(|v| v.to_str().ok()) else { return true };
    before.is_some_and(|version| wanted == format!("W/\"{version}\""))
}

fn answer(status: StatusCode, version: Option<u64>, body: &Value) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "application/fhir+json")], body.to_string()).into_response();
    if let Some(etag) = version.and_then(|v| format!("W/\"{v}\"").parse().ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn outcome(status: StatusCode, code: &str) -> Response {
    let issue = json!({ "severity": "error", "code": code });
    answer(status, None, &json!({ "resourceType": "OperationOutcome", "issue": [issue] }))
}
