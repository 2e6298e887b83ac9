//! The answers that keep something: create, update, conditional update, Bundles.

use super::auth::{Right, admit};
use super::body;
use super::fhir::{Asked, etag, kept_type, stamped};
use super::outcome::{Fault, fhir, status_of};
use super::prefer::Return;
use super::routes::Interaction;
use crate::flow::answer::{BundleKind, EntryAnswer, Written};
use crate::flow::bundle::Asking;
use crate::flow::query::expected;
use crate::flow::render::{Kind, Response as EntryResponse, operation_outcome, transaction_response};
use crate::flow::{Caller, Deleted, Event};
use crate::model::issue::Issue;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Reads the body and keeps what it holds, or deletes.
pub(super) async fn answer(asked: &Asked<'_>, what: Interaction, body: Body) -> Result<Response, Fault> {
    let limits = &asked.door.limits;
    let bound = if what == Interaction::Bundle { limits.bundle_bytes } else { limits.resource_bytes };
    let (gateway, source) = (&asked.door.gateway, asked.source);
    if what == Interaction::Bundle {
        let taken = body::read(asked.headers, body, bound, asked.door).await?;
        let now = gateway.now();
        let reads = admit(&asked.door.clients, asked.headers, Some(&source.name), Right::Read, now).is_ok();
        let asking = Asking { caller: caller(asked, "import"), reads };
        let (kind, answers) = gateway.bundle_asked(source, &taken.bytes, asking).await?;
        return bundle(asked, kind, &answers).await;
    }
    let kind = kept_type(asked)?;
    let if_match = header_text(asked, "if-match")?;
    let if_none_match = header_text(asked, "if-none-match")?;
    if matches!(what, Interaction::Delete | Interaction::ConditionalDelete) {
        unconditional(if_none_match, "If-None-Match")?;
        let caller = caller(asked, "delete");
        let deleted = match what {
            Interaction::Delete => gateway.delete(source, kind, asked.id, if_match, caller).await?,
            _ => gateway.conditional_delete(source, kind, asked.query, if_match, caller).await?,
        };
        return Ok(gone(asked, &deleted));
    }
    let if_none_exist = header_text(asked, "if-none-exist")?;
    let taken = body::read(asked.headers, body, bound, asked.door).await?;
    let (body, caller) = (taken.bytes.as_slice(), caller(asked, "import"));
    let written = match what {
        Interaction::Create => {
            unconditional(if_match.or(if_none_match), "If-Match or If-None-Match")?;
            gateway.create(source, kind, body, if_none_exist, caller).await?
        }
        Interaction::ConditionalUpdate => {
            let expected = expected(if_match, if_none_match)?;
            gateway.conditional_update(source, kind, asked.query, body, expected, caller).await?
        }
        _ => {
            let expected = expected(if_match, if_none_match)?;
            gateway.update(source, kind, asked.id, body, expected, caller).await?
        }
    };
    one(asked, &written).await
}

fn caller(asked: &Asked<'_>, purpose: &str) -> Caller {
    Caller { actor: asked.client.clone(), purpose: purpose.into() }
}

/// A condition that means nothing here must not be passed over: the client leans on it.
fn unconditional(condition: Option<&str>, name: &str) -> Result<(), Fault> {
    if condition.is_none() {
        return Ok(());
    }
    let text = format!("{name} has no meaning for this request; wanted it left out");
    Err(Fault::new(StatusCode::BAD_REQUEST, "not-supported", text))
}

/// The answer to a deletion: also when nothing was there, for then it is as asked.
fn gone(asked: &Asked<'_>, deleted: &Deleted) -> Response {
    let (issue, kept) = match deleted {
        Deleted::Now(kept) => ("deleted", Some(kept)),
        Deleted::Before(kept) => ("it was deleted before", Some(kept)),
        Deleted::Never => ("there was no such resource", None),
    };
    let response = match Return::of(asked.headers) {
        Return::Outcome => {
            let issues = [Issue::information("informational", "", issue)];
            applied(fhir(StatusCode::OK, operation_outcome(&issues)), Return::Outcome)
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    };
    match kept {
        Some(kept) => stamped(response, &etag(kept.version), kept.known),
        None => response,
    }
}

fn applied(mut response: Response, preference: Return) -> Response {
    if let Some(word) = preference.word() {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static(word));
    }
    response
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
    let wish = Return::of(asked.headers);
    let mut response = match wish {
        Return::Representation => {
            let stored = asked.door.gateway.read(asked.source, written.resource_type, &kept.id).await?;
            fhir(status, stored.body)
        }
        Return::Outcome => fhir(status, operation_outcome(&written.issues)),
        Return::Unsaid if !written.issues.is_empty() => fhir(status, operation_outcome(&written.issues)),
        Return::Unsaid | Return::Minimal => status.into_response(),
    };
    let base = asked.door.gateway.base_of(asked.source);
    let place = format!("{base}/{}", place(written));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(applied(stamped(response, &etag(kept.version), kept.known), wish))
}

/// Where the version is: R4 wants it with its `_history`.
fn place(written: &Written) -> String {
    format!("{}/{}/_history/{}", written.resource_type.name(), written.kept.id, written.kept.version)
}

async fn bundle(asked: &Asked<'_>, kind: BundleKind, answers: &[EntryAnswer]) -> Result<Response, Fault> {
    let wish = Return::of(asked.headers);
    let mut entries = Vec::with_capacity(answers.len());
    for answer in answers {
        let mut said = entry(answer, wish);
        if let (EntryAnswer::Written(written), Return::Representation) = (answer, wish) {
            let (source, of) = (asked.source, written.resource_type);
            said.resource = Some(asked.door.gateway.read(source, of, &written.kept.id).await?.body);
        }
        entries.push(said);
    }
    let kind = if kind == BundleKind::Transaction { Kind::Transaction } else { Kind::Batch };
    Ok(applied(fhir(StatusCode::OK, transaction_response(kind, &entries)), wish))
}

fn entry(answer: &EntryAnswer, wish: Return) -> EntryResponse {
    let outcome = |issues: &[Issue]| match wish {
        Return::Minimal => None,
        Return::Outcome => Some(operation_outcome(issues)),
        _ => (!issues.is_empty()).then(|| operation_outcome(issues)),
    };
    match answer {
        EntryAnswer::Written(written) => {
            let created = written.kept.event == Event::Created;
            EntryResponse {
                status: if created { "201 Created" } else { "200 OK" }.into(),
                location: Some(place(written)),
                etag: Some(etag(written.kept.version)),
                last_modified: Some(written.kept.known.to_string()),
                outcome: outcome(&written.issues),
                resource: None,
            }
        }
        EntryAnswer::Deleted(deleted) => {
            let kept = match deleted {
                Deleted::Now(kept) | Deleted::Before(kept) => Some(kept),
                Deleted::Never => None,
            };
            EntryResponse {
                status: "204 No Content".into(),
                etag: kept.map(|k| etag(k.version)),
                last_modified: kept.map(|k| k.known.to_string()),
                ..EntryResponse::default()
            }
        }
        EntryAnswer::Shown(shown) => EntryResponse {
            status: if shown.body.is_some() { "200 OK" } else { "304 Not Modified" }.into(),
            etag: shown.version.map(|(version, _)| etag(version)),
            last_modified: shown.version.map(|(_, known)| known.to_string()),
            resource: shown.body.clone(),
            ..EntryResponse::default()
        },
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
