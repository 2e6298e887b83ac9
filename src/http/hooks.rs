//! `/hooks/{source}`: where a source says that something changed. The token is judged before the body is read.
//!
//! `POST` with nothing or a notification; `PUT` and `DELETE` of `/hooks/{source}/{Type}/{id}`, as HAPI sends them,
//! answered with what was received.

use super::body;
use super::outcome::{Fault, fhir};
use super::server::Door;
use crate::clock::steady;
use crate::flow::hooks::{Hook, Told};
use crate::flow::render;
use crate::model::issue::Issue;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The paths below which sources tell.
pub const HOOK_PATHS: &[&str] = &["/hooks/{source}", "/hooks/{source}/{type}/{id}"];
/// What each of them takes, for the document of what is beside FHIR: method, and what it is for.
pub(super) const HOOK_METHODS: [&[(&str, &str)]; 2] = [
    &[("post", "A source tells that something changed: with nothing, or with a notification of a Subscription.")],
    &[
        ("put", "A source tells that this resource changed; a body is answered as it came, and not kept."),
        ("delete", "A source tells that this resource is gone."),
    ],
];
/// How what a source tells may be refused.
pub(super) const HOOK_REFUSALS: &[(u16, &str)] = &[
    (400, "what is told is not understood"),
    (401, "no hook of that name with that token"),
    (408, "the body came too slowly"),
    (413, "the body is too long"),
    (415, "the body is no JSON"),
    (429, "told more often than is taken; a round is asked for in place of it"),
    (503, "the store does not answer, or too many bytes are in flight"),
];
/// Bytes of what is told.
pub const HOOK_BYTES: usize = 4 << 20;
/// What one source may tell in a minute; beyond, a round is asked for in place of each.
pub const HOOKS_PER_MINUTE: u32 = 6_000;
/// The methods, as a refusal names them.
const ALLOW: [&str; 2] = ["POST", "PUT, DELETE"];

/// Any request below `/hooks`.
pub(super) async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let response = route(&door, &parts.method, parts.uri.path(), &parts.headers, body).await;
    let response = response.unwrap_or_else(|fault| {
        fault.issues.iter().for_each(|issue| door.metrics.refused(issue.code));
        fault.into_response()
    });
    door.metrics.request("hook", response.status());
    response
}

async fn route(door: &Door, method: &Method, path: &str, headers: &HeaderMap, body: Body) -> Result<Response, Fault> {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).skip(1).collect();
    let hook = admitted(door, steps.first().copied().unwrap_or_default(), headers)?;
    door.hook_rate.check(&hook.source, steady()).inspect_err(|_| hook.round())?;
    match (method.as_str(), steps.as_slice()) {
        ("POST", [_]) => {
            let taken = body::hint(headers, body, HOOK_BYTES, door).await?;
            let told = hook.posted(&door.gateway, &taken.bytes).await?;
            Ok(fhir(StatusCode::OK, said(&told)))
        }
        ("PUT", [_, kind, id]) => {
            let taken = body::hint(headers, body, HOOK_BYTES, door).await?;
            let told = hook.put(kind, id, &taken.bytes)?;
            let sent = if taken.bytes.is_empty() { said(&told) } else { taken.bytes.clone() };
            Ok(fhir(StatusCode::OK, sent))
        }
        ("DELETE", [_, kind, id]) => Ok(fhir(StatusCode::OK, said(&hook.hinted(kind, id)?))),
        (_, steps) => {
            let text = "this method is not served here";
            let fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", text);
            Err(fault.with(header::ALLOW, ALLOW[usize::from(steps.len() > 1)]))
        }
    }
}

/// The hook of that source, if the request shows its token. Whether there is a hook is told to nobody else.
fn admitted<'a>(door: &'a Door, source: &str, headers: &HeaderMap) -> Result<&'a Hook, Fault> {
    let shown = |hook: &&Arc<Hook>| {
        let mut given = headers.get_all(hook.settings.header.as_str()).iter();
        matches!((given.next(), given.next()), (Some(value), None) if hook.admits(value.as_bytes()))
    };
    door.hooks.get(source).filter(shown).map(AsRef::as_ref).ok_or_else(|| {
        let text = "no hook of that name with that token; wanted the source and the header of the settings";
        Fault::new(StatusCode::UNAUTHORIZED, "login", text).with(header::WWW_AUTHENTICATE, "Bearer realm=\"trialgate\"")
    })
}

fn said(told: &Told) -> Vec<u8> {
    let text = match told {
        Told { missed: 1.., .. } => "some events were not heard of; everything since the last round is asked for",
        Told { round: true, .. } => "everything since the last round is asked for",
        Told { resources: 0, .. } => "noted; nothing has to be read",
        Told { .. } => "what changed is read again",
    };
    render::operation_outcome(&[Issue::information("informational", "", text)])
}
