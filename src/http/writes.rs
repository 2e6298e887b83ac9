//! The answers that keep something: create, update, conditional update, Bundles.

use super::body;
use super::fhir::{Asked, etag, kept_type, prefers, stamped};
use super::outcome::{Fault, fhir, status_of};
use super::routes::Interaction;
use crate::flow::answer::{BundleKind, EntryAnswer, Written};
use crate::flow::render::{Kind, Response as EntryResponse, operation_outcome, transaction_response};
use crate::flow::{Caller, Event};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Reads the body and keeps what it holds.
pub(super) async fn answer(asked: &Asked<'_>, what: Interaction, body: Body) -> Result<Response, Fault> {
    let limits = &asked.door.limits;
    let bound = if what == Interaction::Bundle { limits.bundle_bytes } else { limits.resource_bytes };
    let if_match = header_text(asked, "if-match")?;
    let if_none_exist = header_text(asked, "if-none-exist")?;
    let taken = body::read(asked.headers, body, bound, asked.door).await?;
    let body = taken.bytes.as_slice();
    let caller = Caller { actor: asked.client.clone(), purpose: "import".into() };
    let (gateway, source) = (&asked.door.gateway, asked.source);
    if what == Interaction::Bundle {
        let (kind, answers) = gateway.bundle(source, body, caller).await?;
        return Ok(bundle(kind, &answers));
    }
    let kind = kept_type(asked)?;
    let written = match what {
        Interaction::Create => gateway.create(source, kind, body, if_none_exist, caller).await?,
        Interaction::ConditionalUpdate => {
            gateway.conditional_update(source, kind, asked.query, body, if_match, caller).await?
        }
        _ => gateway.update(source, kind, asked.id, body, if_match, caller).await?,
    };
    one(asked, &written).await
}

/// A header's text; one that is no text must not be taken for one that is absent.
fn header_text<'a>(asked: &Asked<'a>, name: &str) -> Result<Option<&'a str>, Fault> {
    let text = |v: &'a HeaderValue| {
        v.to_str().map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "value", format!("{name} is no text")))
    };
    asked.headers.get(name).map(text).transpose()
}

async fn one(asked: &Asked<'_>, written: &Written) -> Result<Response, Fault> {
    let kept = &written.kept;
    let status = if kept.event == Event::Created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = if prefers(asked.headers, "return=representation") {
        let stored = asked.door.gateway.read(asked.source, written.resource_type, &kept.id).await?;
        fhir(status, stored.body)
    } else if prefers(asked.headers, "return=OperationOutcome") || !written.issues.is_empty() {
        fhir(status, operation_outcome(&written.issues))
    } else {
        status.into_response()
    };
    let base = asked.door.gateway.base_of(asked.source);
    let place = format!("{base}/{}", place(written));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(stamped(response, kept.version, kept.known))
}

/// vread is not served, so the place is the resource's own; its version is in the ETag.
fn place(written: &Written) -> String {
    format!("{}/{}", written.resource_type.name(), written.kept.id)
}

fn bundle(kind: BundleKind, answers: &[EntryAnswer]) -> Response {
    let entries: Vec<EntryResponse> = answers.iter().map(entry).collect();
    let kind = if kind == BundleKind::Transaction { Kind::Transaction } else { Kind::Batch };
    fhir(StatusCode::OK, transaction_response(kind, &entries))
}

fn entry(answer: &EntryAnswer) -> EntryResponse {
    match answer {
        EntryAnswer::Written(written) => {
            let created = written.kept.event == Event::Created;
            EntryResponse {
                status: if created { "201 Created" } else { "200 OK" }.into(),
                location: Some(place(written)),
                etag: Some(etag(written.kept.version)),
                last_modified: Some(written.kept.known.to_string()),
                outcome: (!written.issues.is_empty()).then(|| operation_outcome(&written.issues)),
                resource: None,
            }
        }
        EntryAnswer::PassedOver(issue) => EntryResponse {
            status: "200 OK".into(),
            outcome: Some(operation_outcome(std::slice::from_ref(issue))),
            ..EntryResponse::default()
        },
        EntryAnswer::Refused(refusal) => EntryResponse {
            status: status_of(refusal.grade).to_string(),
            outcome: Some(operation_outcome(&refusal.issues)),
            ..EntryResponse::default()
        },
    }
}
