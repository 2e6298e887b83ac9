//! Searches: by GET, and by POST with a form, which is the same.

use super::body::form;
use super::fhir::{Asked, note};
use super::outcome::{Fault, fhir};
use super::prefer::strict;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET Type?…`
pub(super) async fn by_get(asked: &Asked<'_>) -> Result<Response, Fault> {
    search(asked, asked.query).await
}

/// `POST Type/_search`: parameters of the address and of the form together.
pub(super) async fn by_post(asked: &Asked<'_>, body: Body) -> Result<Response, Fault> {
    let form = form(asked.headers, body, asked.door.limits.resource_bytes, asked.door).await?;
    let both = [asked.query, form.as_str()].into_iter().filter(|q| !q.is_empty()).collect::<Vec<_>>().join("&");
    search(asked, &both).await
}

async fn search(asked: &Asked<'_>, query: &str) -> Result<Response, Fault> {
    let served = asked.served()?;
    let gateway = &asked.door.gateway;
    let page = gateway.search(asked.source, served, query, strict(asked.headers)).await?;
    note(asked, page.entries.len(), None).await?;
    Ok(fhir(StatusCode::OK, page.searchset(&gateway.base_of(asked.source), served.name())))
}
