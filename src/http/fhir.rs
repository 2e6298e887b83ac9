//! FHIR addresses: who asks what of which base, and the answers that only read.

use super::address::{Does, Target};
use super::auth::admit;
use super::body::check_accept;
use super::operations::{On, Operation};
use super::outcome::{Fault, fhir};
use super::routes::{Interaction, Served, Stated, operations};
use super::server::Door;
use super::writes;
use crate::clock::steady;
use crate::flow::gateway::{MAIN, Source};
use crate::flow::own::Owned;
use crate::flow::query::pairs;
use crate::flow::render::{Hit, Server, operation_outcome, searchset, statement};
use crate::flow::{Caller, Stored};
use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
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
    let response = answered.unwrap_or_else(|fault| {
        fault.issues.iter().for_each(|issue| door.metrics.refused(issue.code));
        fault.into_response()
    });
    door.metrics.request(what, response.status());
    response
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
            let client = admit(&door.clients, headers, Some(name), right)?;
            door.rate.check(&client, steady())?;
            client
        }
        None => String::new(),
    };
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address");
    let source = door.gateway.source(name).ok_or_else(nothing)?;
    let target = target.known(name, rest)?;
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
        Does::Interaction(Interaction::Read) => read(&asked).await,
        Does::Interaction(Interaction::SearchType) => search(&asked).await,
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
    let all: Vec<Stated> = Served::at(&asked.source.name).map(Stated::new).collect();
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
        secured: !asked.door.clients.is_empty(),
    };
    fhir(StatusCode::OK, statement(&server))
}

async fn read(asked: &Asked<'_>) -> Result<Response, Fault> {
    let gateway = &asked.door.gateway;
    let (version, known, body) = match asked.kind {
        Some(Served::Kept(kind)) => {
            let found = gateway.read(asked.source, kind, asked.id).await;
            note(asked, found.iter().count(), Some(asked.id)).await?;
            let Stored { version, known, body, .. } = found?;
            (version, known, body)
        }
        Some(Served::Own(own)) => {
            let found = (own.read)(gateway, asked.id).await;
            if own.personal {
                note(asked, found.iter().count(), Some(asked.id)).await?;
            }
            let Owned { version, known, body, .. } = found?;
            (version, known, body.to_vec())
        }
        None => return Err(Fault::internal("a read without a type")),
    };
    let etag = etag(version);
    let none_match = asked.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let same = none_match.flat_map(|v| v.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.trim_start_matches("W/") == etag.trim_start_matches("W/")
    });
    let response = if same { StatusCode::NOT_MODIFIED.into_response() } else { fhir(StatusCode::OK, body) };
    Ok(stamped(response, version, known))
}

/// Person data is shown only once the audit has it.
async fn note(asked: &Asked<'_>, count: usize, one: Option<&str>) -> Result<(), Fault> {
    let purpose = if one.is_some() { "read" } else { "search" }.into();
    let caller = Caller { actor: asked.client.clone(), purpose };
    let what = asked.kind.map_or("", Served::name);
    Ok(asked.door.gateway.note(asked.source, caller, what, count, one).await?)
}

async fn search(asked: &Asked<'_>) -> Result<Response, Fault> {
    let gateway = &asked.door.gateway;
    let strict = prefers(asked.headers, "handling=strict");
    let base = gateway.base_of(asked.source);
    match asked.kind {
        Some(Served::Kept(kind)) => {
            let page = gateway.search(asked.source, kind, asked.query, strict).await?;
            note(asked, page.found.resources.len(), None).await?;
            let hits: Vec<_> = page.found.resources.iter().map(|r| (r.id.as_str(), r.body.as_slice())).collect();
            let links = (page.self_query, page.next_query);
            Ok(bundle(&base, kind.name(), links, &hits, &page.remarks))
        }
        Some(Served::Own(own)) => {
            let page = gateway.search_own(own, asked.query, strict).await?;
            if own.personal {
                note(asked, page.found.len(), None).await?;
            }
            let hits: Vec<_> = page.found.iter().map(|r| (r.id.as_str(), &*r.body)).collect();
            Ok(bundle(&base, own.name, (page.self_query, page.next_query), &hits, &page.remarks))
        }
        None => Err(Fault::internal("a search without a type")),
    }
}

fn bundle(
    base: &str,
    kind: &str,
    links: (String, Option<String>),
    found: &[(&str, &[u8])],
    remarks: &[Issue],
) -> Response {
    let urls: Vec<String> = found.iter().map(|(id, _)| format!("{base}/{kind}/{id}")).collect();
    let outcome = operation_outcome(remarks);
    let mut hits: Vec<Hit> =
        urls.iter().zip(found).map(|(url, (_, body))| Hit { full_url: url, body, mode: "match" }).collect();
    // An outcome of the search itself lies nowhere.
    let place = "urn:uuid:00000000-0000-4000-8000-000000000000";
    if !remarks.is_empty() {
        hits.push(Hit { full_url: place, body: &outcome, mode: "outcome" });
    }
    let mut all = vec![("self", format!("{base}/{kind}?{}", links.0))];
    all.extend(links.1.map(|next| ("next", format!("{base}/{kind}?{next}"))));
    fhir(StatusCode::OK, searchset(None, &all, &hits))
}

/// The ETag of a version.
pub(super) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// With ETag and Last-Modified.
pub(super) fn stamped(mut response: Response, version: i64, known: Instant) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&etag(version)) {
        headers.insert(header::ETAG, value);
    }
    let date = jiff::Timestamp::from_microsecond(known.0).map(|t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = date.ok().and_then(|d| HeaderValue::from_str(&d).ok()) {
        headers.insert(header::LAST_MODIFIED, value);
    }
    response
}

/// Whether a `Prefer` header holds this preference.
pub(super) fn prefers(headers: &HeaderMap, wanted: &str) -> bool {
    let all = headers.get_all("prefer").iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split([',', ';'])).any(|p| p.trim().eq_ignore_ascii_case(wanted))
}

/// The kept type of an address that is written to.
pub(super) fn kept_type(asked: &Asked<'_>) -> Result<ResourceType, Fault> {
    match asked.kind {
        Some(Served::Kept(kind)) => Ok(kind),
        _ => Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", "this type is read only")),
    }
}
