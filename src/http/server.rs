//! What the door is made of, and its router.

use super::auth::Client;
use super::budget::{Budget, Rate};
use super::hooks::{HOOK_PATHS, HOOKS_PER_MINUTE};
use super::limits::Limits;
use super::metrics::Metrics;
use super::openapi::ROUTES;
use super::outcome::Fault;
use crate::flow::gateway::Gateway;
use crate::flow::hooks::Hooks;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::sync::Arc;

/// A JSON Web Key Set of none.
pub(super) const NO_KEYS: &str = "{\"keys\":[]}";

/// The door's state, shared by all requests.
#[derive(Debug)]
pub struct Door {
    /// The corridor.
    pub gateway: Arc<Gateway>,
    /// Machine clients; none: whoever is on this machine is `local`.
    pub clients: Vec<Client>,
    /// Bounds.
    pub limits: Limits,
    /// Bytes of bodies that may be held now.
    pub budget: Budget,
    /// How often each client came.
    pub rate: Rate,
    /// Counters.
    pub metrics: Metrics,
    /// The public halves of the gateway's signing keys, as a JSON Web Key Set.
    pub keys: String,
    /// Where sources tell that something changed.
    pub hooks: Hooks,
    /// How often each of them told.
    pub hook_rate: Rate,
    /// The pages are served beside.
    pub pages: bool,
}

impl Door {
    /// A door to this corridor.
    pub fn new(gateway: Arc<Gateway>, clients: Vec<Client>, limits: Limits) -> Self {
        let (budget, rate) = (Budget::new(limits.bytes_in_flight), Rate::new(limits.requests_per_minute));
        Self {
            gateway,
            clients,
            limits,
            budget,
            rate,
            metrics: Metrics::default(),
            keys: NO_KEYS.into(),
            hooks: Hooks::new(),
            hook_rate: Rate::new(Some(HOOKS_PER_MINUTE)),
            pages: false,
        }
    }
}

/// The paths below which FHIR is served.
pub const FHIR_PATHS: &[&str] = &["/fhir", "/fhir/", "/fhir/{*rest}"];

/// The router: FHIR, the table of what is beside it, and what else a program hangs beside them.
pub fn router(door: Arc<Door>, beside: Router) -> Router {
    let fhir = FHIR_PATHS.iter().fold(Router::new(), |router, path| router.route(path, any(super::fhir::answer)));
    let hooks = HOOK_PATHS.iter().fold(fhir, |router, path| router.route(path, any(super::hooks::answer)));
    ROUTES
        .iter()
        .fold(hooks, |router, route| router.route(route.path, (route.handler)()))
        .with_state(door)
        .merge(beside)
        .fallback(async || Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address"))
        .method_not_allowed_fallback(async || {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", "this method is not served here")
        })
        .layer(from_fn(guard))
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
