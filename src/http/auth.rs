//! Who may do what: bearer tokens of machine clients, kept as digests, each bound to one source.

use super::outcome::Fault;
use crate::model::time::Instant;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// What RFC 6750 says of a token that has expired.
const EXPIRED: &str = "Bearer realm=\"trialgate\", error=\"invalid_token\"";

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Read and search.
    Read,
    /// Create and update.
    Write,
    /// Act as a person does: confirm, refuse, attest.
    Decide,
}

/// A machine client of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its name, as the audit shows it.
    pub name: String,
    /// SHA-256 of its token.
    pub token: [u8; 32],
    /// The one source that it reads and writes.
    pub source: String,
    /// What it may do there.
    pub rights: Vec<Right>,
    /// From when on its token holds no longer.
    pub until: Option<Instant>,
}

/// Checks that nothing is served beyond this machine without authentication. The error says how to set it up.
pub fn check_exposure(listen: IpAddr, clients: &[Client]) -> Result<(), String> {
    if listen.is_loopback() || !clients.is_empty() {
        return Ok(());
    }
    Err(format!(
        "refused to listen on {listen}: it can be reached from other machines and no client is configured. \
         Make one with `trialgate client add NAME >> trialgate.toml`: it shows the client's token once and adds its \
         `[[clients]]` entry to the settings file, which is then given by --config; or listen on 127.0.0.1"
    ))
}

/// The name of the client that a request comes from, if it may do this to this source. Looks at headers alone.
///
/// Without configured clients the door is on loopback, and whoever is on this machine is the client `local`;
/// a web page that was led here under a foreign name is not.
pub fn admit(
    clients: &[Client],
    headers: &HeaderMap,
    source: Option<&str>,
    right: Right,
    now: Instant,
) -> Result<String, Fault> {
    if clients.is_empty() {
        return if names_this_machine(headers) {
            Ok("local".into())
        } else {
            Err(Fault::new(StatusCode::FORBIDDEN, "forbidden", "this address is served to this machine alone"))
        };
    }
    let client = find(clients, headers).ok_or_else(challenge)?;
    if client.until.is_some_and(|until| now >= until) {
        let text = "the token that came with the request has expired; wanted a newer one";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "expired", text).with(header::WWW_AUTHENTICATE, EXPIRED));
    }
    let text = if source.is_some_and(|source| source != client.source) {
        "this client is not bound to this source"
    } else if !client.rights.contains(&right) {
        "this client has no right to do this"
    } else {
        return Ok(client.name.clone());
    };
    Err(Fault::new(StatusCode::FORBIDDEN, "forbidden", text))
}

/// Every client is compared, whichever fits, so that time tells nothing.
fn find<'a>(clients: &'a [Client], headers: &HeaderMap) -> Option<&'a Client> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (given.next()?.to_str().ok()?, given.next()) else {
        return None;
    };
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return None;
    }
    let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    clients
        .iter()
        .fold(None, |found, client| if bool::from(client.token.ct_eq(&digest)) { Some(client) } else { found })
}

fn challenge() -> Fault {
    Fault::new(
        StatusCode::UNAUTHORIZED,
        "login",
        "no known token came with the request; wanted Authorization: Bearer <token>",
    )
    .with(header::WWW_AUTHENTICATE, "Bearer realm=\"trialgate\"")
}

/// The Host header names `localhost` or an address: no name that somebody else's DNS can point here.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|h| h.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}
