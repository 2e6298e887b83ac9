//! In front of every page: who may be spoken to under which name, and the headers that keep a browser from doing harm.

use super::routes::Pages;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// Nothing but our own stylesheet, picture and forms; no script, no frame around us.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Under which names the pages are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Host of the public base, without a port; empty: none is stated.
    pub host: String,
    /// The listener is on loopback: names of this machine are taken too.
    pub loopback: bool,
    /// The public base is https: cookies are for it alone.
    pub secure: bool,
}

impl Exposure {
    /// From the public base and the address of the listener.
    pub fn of(base: &str, listen: IpAddr) -> Self {
        let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
        let authority = rest.split('/').next().unwrap_or_default();
        let host = without_port(authority).to_ascii_lowercase();
        Self { host, loopback: listen.is_loopback(), secure: scheme == "https" }
    }

    /// Whether a Host header names us.
    pub fn is_us(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        (!self.host.is_empty() && name == self.host) || (self.loopback && is_this_machine(&name))
    }

    /// Whether a form may come from there: the very origin that the request was sent to.
    pub fn is_ours(&self, origin: &str, host: &str) -> bool {
        let scheme = if self.secure { "https" } else { "http" };
        origin
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|a| a.eq_ignore_ascii_case(host))
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    }
}

/// `localhost` or a loopback address: no name that somebody else's DNS can point here.
fn is_this_machine(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
}

/// A header's text; empty when it is absent or no text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// Host and Origin first, then the page, then the headers of every answer.
pub(super) async fn guard(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let refusal = refused(&pages.exposure, request.method(), request.headers());
    let mut response = match refusal {
        Some((status, words)) => (status, words).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // With `no-referrer` a browser would send its forms with the origin `null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Cookie, Accept-Language"));
    response
}

fn refused(exposure: &Exposure, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let host = text(headers, "host");
    if !exposure.is_us(host) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "the pages are not served under this name\n"));
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let (origin, site) = (text(headers, "origin"), text(headers, "sec-fetch-site"));
    let foreign = !exposure.is_ours(origin, host) || !(site.is_empty() || site == "same-origin");
    foreign.then_some((StatusCode::FORBIDDEN, "a form is taken from these pages alone\n"))
}
