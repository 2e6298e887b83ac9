//! FHIR addresses: who asks what of which base, and the answers that only read.

use super::auth::{Right, admit};
use super::body::check_accept;
use super::outcome::{Fault, fhir};
use super::routes::{Interaction, Place, Served, codes, offered, stated};
use super::server::Door;
use super::writes;
use crate::clock::steady;
use crate::flow::gateway::{MAIN, Source};
use crate::flow::query::{is_id, pairs};
use crate::flow::render::{Hit, Server, operation_outcome, searchset, statement};
use crate::flow::research::Owned;
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
    let open = rest == ["metadata"];
    let right = if matches!(*method, Method::GET | Method::HEAD) { Right::Read } else { Right::Write };
    let client = if open { String::new() } else { admit(&door.clients, headers, Some(name), right)? };
    if !open {
        door.rate.check(&client, steady())?;
    }
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address");
    let source = door.gateway.source(name).ok_or_else(nothing)?;
    let (place, kind, id) = match rest {
        [] => (Place::System, None, ""),
        ["metadata"] => (Place::Metadata, None, ""),
        [kind] => (Place::Type, Some(served(kind, name)?), ""),
        [kind, id] if is_id(id) => (Place::Instance, Some(served(kind, name)?), *id),
        _ => return Err(nothing()),
    };
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    let Some((_, interaction)) = offered(place, kind).find(|(m, _)| m == asked) else {
        let allow: Vec<String> = offered(place, kind).map(|(m, _)| m.to_string()).collect();
        let fault =
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", "this method is not served at this address");
        return Err(fault.with(header::ALLOW, &allow.join(", ")));
    };
    *what = interaction.code().unwrap_or(match interaction {
        Interaction::Bundle => "bundle",
        Interaction::ConditionalUpdate => "conditional-update",
        _ => "capabilities",
    });
    if query.len() > door.limits.query_bytes {
        let text = format!("the query is longer than {} bytes", door.limits.query_bytes);
        return Err(Fault::new(StatusCode::URI_TOO_LONG, "too-long", text));
    }
    let format = pairs(query)?.into_iter().find(|(n, _)| n == "_format").map(|(_, v)| v);
    check_accept(headers, format.as_deref())?;
    let asked = Asked { door, source, kind, id, query, headers, client };
    match interaction {
        Interaction::Capabilities => Ok(capabilities(&asked)),
        Interaction::Read => read(&asked).await,
        Interaction::SearchType => search(&asked).await,
        _ => writes::answer(&asked, interaction, body).await,
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

fn served(name: &str, source: &str) -> Result<Served, Fault> {
    let text = "this type is not served at this base; the CapabilityStatement lists those that are";
    Served::named(name, source).ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "not-supported", text))
}

fn capabilities(asked: &Asked<'_>) -> Response {
    let gateway = &asked.door.gateway;
    let all = Served::at(&asked.source.name);
    let of_each: Vec<Vec<&str>> = all.iter().map(|s| codes(*s)).collect();
    let types: Vec<_> = all.iter().zip(&of_each).map(|(s, codes)| stated(*s, codes)).collect();
    let (base, date) = (gateway.base_of(asked.source), gateway.now().to_string());
    let server = Server {
        base: &base,
        version: env!("CARGO_PKG_VERSION"),
        date: &date,
        interactions: &["transaction", "batch"],
        types: &types,
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
        Some(Served::Subject) => {
            let found = gateway.research_subject(asked.id).await;
            note(asked, found.iter().count(), Some(asked.id)).await?;
            let Owned { version, known, body, .. } = found?;
            (version, known, body.to_vec())
        }
        _ => {
            let Owned { version, known, body, .. } = gateway.research_study(asked.id)?;
            (version, known, body.to_vec())
        }
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
        Some(Served::Subject) => {
            let page = gateway.research_subjects(asked.query, strict).await?;
            note(asked, page.found.len(), None).await?;
            let hits: Vec<_> = page.found.iter().map(|r| (r.id.as_str(), &*r.body)).collect();
            Ok(bundle(&base, "ResearchSubject", (page.self_query, page.next_query), &hits, &page.remarks))
        }
        _ => {
            let page = gateway.research_studies(asked.query, strict)?;
            let hits: Vec<_> = page.found.iter().map(|r| (r.id.as_str(), &*r.body)).collect();
            Ok(bundle(&base, "ResearchStudy", (page.self_query, page.next_query), &hits, &page.remarks))
        }
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
    let place = format!("{base}/OperationOutcome/remarks");
    if !remarks.is_empty() {
        hits.push(Hit { full_url: &place, body: &outcome, mode: "outcome" });
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
