//! FHIR addresses: who asks what of which base, and the answers that only read.

use super::address::{Does, Target};
use super::auth::admit;
use super::body::check_accept;
use super::operations::{On, Operation};
use super::outcome::{Fault, fhir};
use super::packing::{accepts_gzip, packed};
use super::routes::{Interaction, Stated, operations};
use super::server::Door;
use super::{reads, searches, writes};
use crate::clock::steady;
use crate::flow::Caller;
use crate::flow::gateway::{MAIN, Source};
use crate::flow::query::pairs;
use crate::flow::render::{Server, statement};
use crate::flow::search::EVERYWHERE;
use crate::flow::served::Served;
use crate::model::draft::ResourceType;
use crate::model::time::Instant;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// A request whose address, caller and right are known; its body is not yet read.
pub(super) struct Asked<'a> {
    pub(super) door: &'a Door,
    pub(super) source: &'a Source,
    pub(super) kind: Option<Served>,
    pub(super) id: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) client: String,
}

/// Any request below `/fhir`.
pub(super) async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let mut what = "none";
    let answered = route(&door, &parts.method, parts.uri.path(), query, &parts.headers, body, &mut what).await;
    let gzip = accepts_gzip(&parts.headers);
    let response = answered.unwrap_or_else(|fault| {
        fault.issues.iter().for_each(|issue| door.metrics.refused(issue.code));
        fault.into_response()
    });
    door.metrics.request(what, response.status());
    packed(gzip, response).await
}

async fn route(
    door: &Door,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: Body,
    what: &mut &'static str,
) -> Result<Response, Fault> {
    let steps: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).skip(1).collect();
    let (name, rest) = split_source(&steps);
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    let target = Target::of(name, rest, asked);
    let client = match target.right(asked) {
        Some(right) => {
            let client = admit(&door.clients, headers, Some(name), right, door.gateway.now())?;
            door.rate.check(&client, steady())?;
            client
        }
        None => String::new(),
    };
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address");
    let source = door.gateway.source(name).ok_or_else(nothing)?;
    let target = target.known(name)?;
    let (kind, id, does) = (target.kind, target.id, target.does(asked)?);
    *what = does.label();
    if query.len() > door.limits.query_bytes {
        let text = format!("the query is longer than {} bytes", door.limits.query_bytes);
        return Err(Fault::new(StatusCode::URI_TOO_LONG, "too-long", text));
    }
    let format = pairs(query)?.into_iter().find(|(n, _)| n == "_format").map(|(_, v)| v);
    check_accept(headers, format.as_deref())?;
    let asked = Asked { door, source, kind, id, query, headers, client };
    match does {
        Does::Operation(operation) => (operation.answer)(&asked, body).await,
        Does::Interaction(Interaction::Capabilities) => Ok(capabilities(&asked)),
        Does::Interaction(Interaction::Read) => reads::read(&asked).await,
        Does::Interaction(Interaction::Vread) => reads::vread(&asked, target.version).await,
        Does::Interaction(Interaction::HistoryInstance) => reads::history(&asked, Some(id)).await,
        Does::Interaction(Interaction::HistoryType) => reads::history(&asked, None).await,
        Does::Interaction(Interaction::SearchType) => match *method {
            Method::POST => searches::by_post(&asked, body).await,
            _ => searches::by_get(&asked).await,
        },
        Does::Interaction(other) => writes::answer(&asked, other, body).await,
    }
}

/// Source names are lower case, so that no type and no operation can be meant.
fn split_source<'a, 'p>(steps: &'a [&'p str]) -> (&'p str, &'a [&'p str]) {
    match steps.split_first() {
        Some((first, rest)) if *first != "metadata" && first.starts_with(|c: char| c.is_ascii_lowercase()) => {
            (first, rest)
        }
        _ => (MAIN, steps),
    }
}

fn capabilities(asked: &Asked<'_>) -> Response {
    let gateway = &asked.door.gateway;
    let all: Vec<Stated> = Served::at(&asked.source.name).map(|s| Stated::new(s, &asked.source.name)).collect();
    let types: Vec<_> = all.iter().map(Stated::of_type).collect();
    let of_system = |o: &&Operation| o.on == On::System;
    let operations: Vec<_> = operations(&asked.source.name).filter(of_system).map(|o| (o.name, o.definition)).collect();
    let (base, date) = (gateway.base_of(asked.source), gateway.now().to_string());
    let server = Server {
        base: &base,
        version: env!("CARGO_PKG_VERSION"),
        date: &date,
        interactions: &["transaction", "batch"],
        types: &types,
        operations: &operations,
        search: EVERYWHERE,
        secured: !asked.door.clients.is_empty(),
    };
    fhir(StatusCode::OK, statement(&server))
}

/// Person data is shown only once the audit has it.
pub(super) async fn note(asked: &Asked<'_>, count: usize, one: Option<&str>) -> Result<(), Fault> {
    let served = asked.served()?;
    if !served.is_personal() {
        return Ok(());
    }
    let purpose = if one.is_some() { "read" } else { "search" }.into();
    let caller = Caller { actor: asked.client.clone(), purpose };
    Ok(asked.door.gateway.note(asked.source, caller, served.name(), count, one).await?)
}

/// The ETag of a version.
pub(super) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// With ETag and Last-Modified.
pub(super) fn stamped(mut response: Response, etag: &str, known: Instant) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    let date = jiff::Timestamp::from_microsecond(known.0).map(|t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = date.ok().and_then(|d| HeaderValue::from_str(&d).ok()) {
        headers.insert(header::LAST_MODIFIED, value);
    }
    response
}

/// The kept type of an address that is written to.
pub(super) fn kept_type(asked: &Asked<'_>) -> Result<ResourceType, Fault> {
    match asked.kind {
        Some(Served::Kept(kind)) => Ok(kind),
        _ => Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", "this type is read only")),
    }
}
