//! What the door is made of, its router, and the probes.

use super::auth::{Client, Right, admit};
use super::limits::Limits;
use super::metrics::Metrics;
use super::outcome::Fault;
use crate::flow::gateway::Gateway;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use std::sync::Arc;

/// The door's state, shared by all requests.
#[derive(Debug)]
pub struct Door {
    /// The corridor.
    pub gateway: Arc<Gateway>,
    /// Machine clients; none: whoever is on this machine is `local`.
    pub clients: Vec<Client>,
    /// Bounds.
    pub limits: Limits,
    /// Counters.
    pub metrics: Metrics,
}

/// The paths of the router, beside what a program hangs beside them; a test names each.
pub const ROUTES: &[&str] = &["/fhir", "/fhir/", "/fhir/{*rest}", "/healthz", "/readyz", "/metrics"];

/// The router: FHIR, probes, metrics, and what else a program hangs beside them.
pub fn router(door: Arc<Door>, beside: Router) -> Router {
    ROUTES
        .iter()
        .fold(Router::new(), |router, path| router.route(path, handler(path)))
        .with_state(door)
        .merge(beside)
        .fallback(async || Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address"))
        .method_not_allowed_fallback(async || {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", "this method is not served here")
        })
        .layer(from_fn(guard))
}

fn handler(path: &str) -> MethodRouter<Arc<Door>> {
    match path {
        "/healthz" => get(async || "{\"status\":\"ok\"}\n"),
        "/readyz" => get(ready),
        "/metrics" => get(metrics),
        _ => any(super::fhir::answer),
    }
}

/// Runs each request in a task of its own, so that a client who hangs up does not stop a commit halfway on its
/// walk, and a panic becomes an answer.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(_) => Fault::internal("a request panicked").into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn ready(State(door): State<Arc<Door>>) -> Result<&'static str, Fault> {
    door.gateway.ready().await?;
    Ok("{\"status\":\"ready\"}\n")
}

async fn metrics(State(door): State<Arc<Door>>, headers: HeaderMap) -> Result<String, Fault> {
    admit(&door.clients, &headers, None, Right::Read)?;
    let mut text = door.metrics.text();
    if let Ok((waiting, parked)) = door.gateway.waiting().await {
        text.push_str(&format!("# TYPE trialgate_persons_waiting gauge\ntrialgate_persons_waiting {waiting}\n"));
        text.push_str(&format!("# TYPE trialgate_persons_parked gauge\ntrialgate_persons_parked {parked}\n"));
    }
    Ok(text)
}
