//! Delivering one parcel: PUT to the chosen id, else conditional update by identifier; DELETE for a removal.
//!
//! <https://hl7.org/fhir/R4/http.html#update>, `#cond-update`, `#delete`, and `#concurrency` for `If-Match`.

use super::answer::{Answer, Failure};
use super::client::{Client, Request, SEND_DEADLINE};
use crate::model::capabilities::Capabilities;
use crate::model::parcel::{Action, Parcel};
use crate::model::time::Instant;
use reqwest::Method;
use serde_json::Value;

/// What is known of the resource at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known<'a> {
    /// The id that the target gave, when it was not ours.
    pub remote: Option<&'a str>,
    /// ETag of what was sent last.
    pub etag: Option<&'a str>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is as wished.
    Done {
        /// The id at the target, when it is not ours.
        remote: Option<String>,
        /// The ETag that it has there.
        etag: Option<String>,
    },
    /// Somebody else wrote it. The caller looks at what is there and sends once more with this ETag, or gives up.
    Conflict {
        /// The id at the target, when it is not ours.
        remote: Option<String>,
        /// What is there; empty: it is gone.
        body: Vec<u8>,
        /// The ETag to send with; `None`: send without.
        etag: Option<String>,
    },
    /// Try later.
    Later {
        /// What happened, without person data.
        answer: String,
        /// Not before this moment, when the target says so.
        not_before: Option<Instant>,
    },
    /// Never: the target's own words, without person data.
    Dead {
        /// The words.
        answer: String,
    },
}

impl Client {
    /// Delivers a parcel within [`SEND_DEADLINE`]. `same` says whether a body at the target says what the parcel says.
    pub async fn send(
        &self,
        parcel: &Parcel,
        capabilities: Capabilities,
        known: Known<'_>,
        now: Instant,
        same: &(dyn Fn(&[u8]) -> bool + Sync),
    ) -> Sent {
        let sending = async {
            match parcel.action {
                Action::Nothing => Ok(Sent::Done { remote: owned(known.remote), etag: owned(known.etag) }),
                Action::Put => self.put(parcel, capabilities, known, now, same).await,
                Action::Delete => self.delete(parcel, capabilities, known, now).await,
            }
        };
        match tokio::time::timeout(SEND_DEADLINE, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(failure)) => Sent::Later { answer: failure.text, not_before: failure.later },
            Err(_) => Sent::Later { answer: "not done within the deadline".into(), not_before: None },
        }
    }

    async fn put(
        &self,
        parcel: &Parcel,
        capabilities: Capabilities,
        known: Known<'_>,
        now: Instant,
        same: &(dyn Fn(&[u8]) -> bool + Sync),
    ) -> Result<Sent, Failure> {
        let own_path = [parcel.resource_type, parcel.id.as_str()];
        let criterion = token(parcel);
        let by_identifier = [("identifier", criterion.as_str())];
        let (path, query): (&[&str], &[(&str, &str)]) =
            match (capabilities.update_create, capabilities.conditional_update) {
                (true, _) => (&own_path, &[]),
                (false, true) => (&own_path[..1], &by_identifier),
                (false, false) => return Ok(not_taken(parcel)),
            };
        let if_match = known.etag.filter(|_| capabilities.versioned);
        let request = Request { method: Method::PUT, path, query, if_match, body: Some(&parcel.body) };
        let answer = self.request(request, now).await?;
        match answer.status {
            200..=299 => Ok(done(parcel, &answer, known)),
            // A PUT that creates never finds nothing, unless the version it leaned on was taken away.
            404 | 410 if if_match.is_some() => Ok(gone(known)),
            409 | 412 => {
                let found = self.find(parcel, capabilities, known, now).await?;
                Ok(found.map_or_else(|sent| sent, |found| settle(found, same)))
            }
            _ => Ok(refused(parcel, &answer)),
        }
    }

    async fn delete(
        &self,
        parcel: &Parcel,
        capabilities: Capabilities,
        known: Known<'_>,
        now: Instant,
    ) -> Result<Sent, Failure> {
        let id = match (capabilities.update_create, known.remote) {
            (true, _) => parcel.id.clone(),
            (false, Some(remote)) => remote.into(),
            (false, None) => match self.find(parcel, capabilities, known, now).await? {
                Ok(Found { remote: Some(remote), .. }) => remote,
                Ok(_) => return Ok(Sent::Done { remote: None, etag: None }),
                Err(sent) => return Ok(sent),
            },
        };
        if !is_id(&id) {
            return Ok(Sent::Dead { answer: "the id kept for the target is no FHIR id".into() });
        }
        let path = [parcel.resource_type, id.as_str()];
        let if_match = known.etag.filter(|_| capabilities.versioned);
        let request = Request { method: Method::DELETE, path: &path, query: &[], if_match, body: None };
        let answer = self.request(request, now).await?;
        match answer.status {
            200..=299 | 404 | 410 => Ok(Sent::Done { remote: None, etag: None }),
            409 | 412 => {
                let found = self.find(parcel, capabilities, Known { remote: Some(&id), ..known }, now).await?;
                Ok(match found {
                    Ok(found) if found.body.is_empty() => Sent::Done { remote: None, etag: None },
                    Ok(found) => settle(found, &|_| false),
                    Err(sent) => sent,
                })
            }
            _ => Ok(refused(parcel, &answer)),
        }
    }

    /// What is there now, by id where it is known, else by identifier. `Err`: the answer ends the delivery.
    async fn find(
        &self,
        parcel: &Parcel,
        capabilities: Capabilities,
        known: Known<'_>,
        now: Instant,
    ) -> Result<Result<Found, Sent>, Failure> {
        let id = if capabilities.update_create { Some(parcel.id.as_str()) } else { known.remote };
        let answer = match id {
            Some(id) => self.get(&[parcel.resource_type, id], &[], now).await?,
            None => self.get(&[parcel.resource_type], &[("identifier", &token(parcel))], now).await?,
        };
        if answer.is_gone() {
            return Ok(Ok(Found { remote: None, etag: None, body: Vec::new() }));
        }
        if !answer.is_success() || answer.too_long {
            return Ok(Err(refused(parcel, &answer)));
        }
        Ok(match id {
            Some(_) => Ok(Found { remote: owned(known.remote), etag: answer.etag, body: answer.body }),
            None => only_match(&answer.body),
        })
    }
}

/// What lies at the target; an empty body: nothing.
struct Found {
    remote: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

fn settle(found: Found, same: &(dyn Fn(&[u8]) -> bool + Sync)) -> Sent {
    let Found { remote, etag, body } = found;
    if !body.is_empty() && same(&body) { Sent::Done { remote, etag } } else { Sent::Conflict { remote, body, etag } }
}

fn gone(known: Known) -> Sent {
    Sent::Conflict { remote: owned(known.remote), body: Vec::new(), etag: None }
}

/// The one resource of a searchset.
fn only_match(body: &[u8]) -> Result<Found, Sent> {
    let dead = |answer: &str| Err(Sent::Dead { answer: answer.into() });
    let bundle: Value = serde_json::from_slice(body).unwrap_or_default();
    if bundle["resourceType"] != "Bundle" {
        return dead("the search by identifier was not answered by a Bundle");
    }
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let matches: Vec<&Value> =
        entries.filter(|e| e["search"]["mode"].as_str().is_none_or(|m| m == "match")).map(|e| &e["resource"]).collect();
    match matches[..] {
        [] => Ok(Found { remote: None, etag: None, body: Vec::new() }),
        [resource] => {
            let remote = resource["id"].as_str().filter(|id| is_id(id)).map(str::to_owned);
            let etag = resource["meta"]["versionId"].as_str().map(|version| format!("W/\"{version}\""));
            Ok(Found { remote, etag, body: resource.to_string().into_bytes() })
        }
        _ => dead("more than one resource has the identifier of this subject; a person must look"),
    }
}

fn done(parcel: &Parcel, answer: &Answer, known: Known) -> Sent {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let from_body = (body["resourceType"] == parcel.resource_type).then(|| body["id"].as_str()).flatten();
    let from_location = answer.location.as_deref().and_then(|location| id_in(location, parcel.resource_type));
    let remote = from_location.or(from_body).or(known.remote).filter(|id| is_id(id) && *id != parcel.id);
    Sent::Done { remote: owned(remote), etag: answer.etag.clone() }
}

/// The id in `…/Type/id` or `…/Type/id/_history/version`.
fn id_in<'a>(location: &'a str, resource_type: &str) -> Option<&'a str> {
    let mut parts = location.split('/').skip_while(|part| *part != resource_type);
    parts.next()?;
    parts.next()
}

fn refused(parcel: &Parcel, answer: &Answer) -> Sent {
    let words = answer.words(Some(parcel));
    if answer.is_passing() {
        Sent::Later { answer: words, not_before: answer.retry_after }
    } else {
        Sent::Dead { answer: words }
    }
}

fn not_taken(parcel: &Parcel) -> Sent {
    let answer = format!(
        "the target offers {} neither updateCreate nor conditionalUpdate in its CapabilityStatement; wanted one of them",
        parcel.resource_type
    );
    Sent::Dead { answer }
}

/// `system|value`, with what separates tokens escaped.
fn token(parcel: &Parcel) -> String {
    let escaped = |part: &str| part.replace('\\', "\\\\").replace('|', "\\|").replace(',', "\\,").replace('$', "\\$");
    format!("{}|{}", escaped(&parcel.identifier_system), escaped(&parcel.id))
}

/// FHIR's id: 1 to 64 letters, digits, `-`, `.`; and no step in a path.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !matches!(id, "." | "..")
}

fn owned(words: Option<&str>) -> Option<String> {
    words.map(str::to_owned)
}
