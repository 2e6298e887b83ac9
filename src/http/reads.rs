//! The answers that show one resource, one version, or a history.

use super::body::http_date;
use super::fhir::{Asked, etag, note, stamped};
use super::outcome::{Fault, fhir};
use super::prefer::strict;
use crate::flow::query::{has_already, pairs};
use crate::flow::search::{Parts, shaped};
use crate::flow::served::Served;
use crate::model::time::Instant;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `GET Type/id`
pub(super) async fn read(asked: &Asked<'_>) -> Result<Response, Fault> {
    let found = asked.door.gateway.current(asked.source, asked.served()?, asked.id).await;
    note(asked, found.iter().count(), Some(asked.id)).await?;
    let (version, known, body) = found?;
    one(asked, version, known, body)
}

/// `GET Type/id/_history/version`
pub(super) async fn vread(asked: &Asked<'_>, version: &str) -> Result<Response, Fault> {
    let found = asked.door.gateway.version(asked.source, asked.served()?, asked.id, version).await;
    note(asked, found.iter().count(), Some(asked.id)).await?;
    let found = found?;
    one(asked, found.version, found.known, found.body)
}

/// One resource, or that the client has it already.
fn one(asked: &Asked<'_>, version: i64, known: Instant, body: Vec<u8>) -> Result<Response, Fault> {
    let served = asked.served()?;
    let parts = parts(asked)?;
    if unchanged(asked.headers, version, known) {
        return Ok(stamped(StatusCode::NOT_MODIFIED.into_response(), &etag(version), known));
    }
    let body = shaped(served.name(), &body, &parts).into_owned();
    Ok(stamped(fhir(StatusCode::OK, body), &etag(version), known))
}

/// `_summary` and `_elements`, the only parameters that a read takes.
fn parts(asked: &Asked<'_>) -> Result<Parts, Fault> {
    let mut parts = Parts::Whole;
    for (name, value) in pairs(asked.query)? {
        match name.as_str() {
            "_summary" | "_elements" => parts = Parts::parse(&name, &value)?,
            "_format" | "_pretty" => {}
            _ if strict(asked.headers) => {
                let text = "a parameter of read is not supported; wanted _summary or _elements alone";
                return Err(Fault::new(StatusCode::BAD_REQUEST, "not-supported", text));
            }
            _ => {}
        }
    }
    Ok(parts)
}

/// By `If-None-Match`, and only without one by `If-Modified-Since`; a date that cannot be read is none.
fn unchanged(headers: &HeaderMap, version: i64, known: Instant) -> bool {
    let tags: Vec<&str> = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).collect();
    if !tags.is_empty() {
        return tags.iter().any(|tags| has_already(tags, version));
    }
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|v| v.to_str().ok()).and_then(http_date);
    // HTTP's dates have no parts of seconds.
    since.is_some_and(|since| known.0.div_euclid(1_000_000) <= since)
}

/// `GET Type/id/_history` and `GET Type/_history`
pub(super) async fn history(asked: &Asked<'_>, id: Option<&str>) -> Result<Response, Fault> {
    let served = asked.served()?;
    let gateway = &asked.door.gateway;
    let strict = strict(asked.headers);
    let found = gateway.history(asked.source, served, id, asked.query, strict).await;
    note(asked, found.as_ref().map_or(0, |page| page.versions.len()), id).await?;
    let page = found?;
    let base = gateway.base_of(asked.source);
    let place = id.map_or_else(|| served.name().to_owned(), |id| format!("{}/{id}", served.name()));
    Ok(fhir(StatusCode::OK, page.bundle(&base, served.name(), &place)))
}

impl Asked<'_> {
    /// The type that the address names.
    pub(super) fn served(&self) -> Result<Served, Fault> {
        self.kind.ok_or_else(|| Fault::internal("an address without a type"))
    }
}
