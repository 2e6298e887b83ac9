//! Cookies, tokens of forms, the language, and signing in and out.

use super::gate::text;
use super::routes::{Pages, Visit};
use super::text::Lang;
use super::{frame, text as words};
use crate::flow::accounts::{SignedIn, Token, token_of};
use crate::flow::query::pairs;
use crate::flow::{StoreError, rights::Reader};
use crate::http::accept::Peer;
use crate::model::key::{digest_words, hex};
use crate::model::time::Zone;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Largest body of a form, in bytes.
const FORM_MAX: usize = 16 << 10;
/// How long a form's body may take.
const FORM_DEADLINE: Duration = Duration::from_secs(30);
/// Longest cookie header that is looked at, in bytes.
const COOKIES_MAX: usize = 8 << 10;

/// The cookies' names; `__Host-` binds them to this host and to https.
pub(super) struct Names {
    session: &'static str,
    visitor: &'static str,
}

/// The names for this exposure.
pub(super) fn names(secure: bool) -> Names {
    if secure {
        Names { session: "__Host-trialgate", visitor: "__Host-trialgate-visitor" }
    } else {
        Names { session: "trialgate", visitor: "trialgate-visitor" }
    }
}

/// The cookie of the chosen language.
const LANGUAGE: &str = "trialgate-lang";

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.filter(|line| line.len() <= COOKIES_MAX)
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}

fn set(response: &mut Response, pages: &Pages, name: &str, value: &str, age: Option<u64>) {
    let secure = if pages.exposure.secure { "; Secure" } else { "" };
    let age = age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    if let Ok(line) = HeaderValue::from_str(&line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}

/// Who comes: the session if there is one, the token that its forms carry, and the language.
pub(super) async fn visit(pages: &Pages, headers: &HeaderMap, query: &str) -> Result<Visit, StoreError> {
    let names = names(pages.exposure.secure);
    let session = cookie(headers, names.session).and_then(token_of);
    let reader: Option<Reader> = match &session {
        Some(token) => pages.accounts.reader(token, pages.desk.now()).await?,
        None => None,
    };
    let session = session.filter(|_| reader.is_some());
    let visitor = cookie(headers, names.visitor).and_then(token_of);
    let (secret, fresh) = match (session, visitor) {
        (Some(token), _) => (token, false),
        (None, Some(token)) => (token, false),
        (None, None) => (crate::clock::random_bytes(), true),
    };
    let asked =
        pairs(query).unwrap_or_default().into_iter().find(|(n, _)| n == "lang").and_then(|(_, v)| Lang::named(&v));
    let chosen = asked.or_else(|| cookie(headers, LANGUAGE).and_then(Lang::named));
    let lang = chosen.or_else(|| Lang::accepted(text(headers, "accept-language"))).unwrap_or(Lang::En);
    Ok(Visit { reader, session, lang, asked, form: form_token(&secret), visitor: fresh.then_some(secret) })
}

/// The token of a form, bound to the cookie: whoever cannot read the cookie cannot make it.
fn form_token(secret: &Token) -> String {
    hex(&digest_words(&["form", &hex(secret)]))
}

/// Sets what a visit brought about: a visitor's cookie, a language asked for.
pub(super) fn settle(pages: &Pages, visit: &Visit, mut response: Response) -> Response {
    if let Some(secret) = &visit.visitor {
        set(&mut response, pages, names(pages.exposure.secure).visitor, &hex(secret), None);
    }
    if let Some(lang) = visit.asked {
        set(&mut response, pages, LANGUAGE, lang.word(), Some(365 * 24 * 3600));
    }
    response
}

/// A form that was sent: its fields, its token checked.
struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// `None`: it is no form, too long, too slow, or its token is not this visit's.
    async fn read(headers: &HeaderMap, body: Body, visit: &Visit) -> Option<Self> {
        let kind = text(headers, "content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/x-www-form-urlencoded" || visit.visitor.is_some() {
            return None;
        }
        let bytes = tokio::time::timeout(FORM_DEADLINE, to_bytes(body, FORM_MAX)).await.ok()?.ok()?;
        let form = Self { fields: pairs(std::str::from_utf8(&bytes).ok()?).ok()? };
        let same = bool::from(form.field("form").as_bytes().ct_eq(visit.form.as_bytes()));
        same.then_some(form)
    }

    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// Only our own paths are gone back to.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if own { next } else { "/" }
}

/// Elsewhere, by GET.
pub(super) fn see(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// `GET /sign-in`
pub(super) async fn form(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let visit = match visit(&pages, request.headers(), query).await {
        Ok(visit) => visit,
        Err(error) => return frame::failed(&error),
    };
    if visit.reader.is_some() {
        return settle(&pages, &visit, see("/"));
    }
    let next = pairs(query).unwrap_or_default().into_iter().find(|(n, _)| n == "next").map(|(_, v)| v);
    let page = frame::sign_in(&pages, &visit, own_path(next.as_deref().unwrap_or("/")), None);
    settle(&pages, &visit, frame::answer(StatusCode::OK, &page))
}

/// `POST /sign-in`
pub(super) async fn sign_in(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    match signing_in(&pages, request).await {
        Ok(response) => response,
        Err(error) => frame::failed(&error),
    }
}

async fn signing_in(pages: &Pages, request: Request) -> Result<Response, StoreError> {
    let (parts, body) = request.into_parts();
    let visit = visit(pages, &parts.headers, "").await?;
    let Some(form) = Form::read(&parts.headers, body, &visit).await else {
        return Ok(stale(pages, &visit));
    };
    let next = own_path(form.field("next")).to_owned();
    let address = parts.extensions.get::<Peer>().map_or_else(String::new, |peer| peer.0.ip().to_string());
    let now = pages.desk.now();
    let answer = pages.accounts.sign_in(form.field("name"), form.field("password"), &address, now).await?;
    let (status, told) = match answer {
        SignedIn::Yes(token) => {
            // The session before, if there was one, is another's from here on.
            if let Some(old) = &visit.session {
                pages.accounts.sign_out(old, now).await?;
            }
            return Ok(signed_in(pages, &visit, &token, &next));
        }
        SignedIn::No => (StatusCode::FORBIDDEN, words::WRONG.say(visit.lang).to_owned()),
        SignedIn::Locked(until) => {
            let time = frame::minute(until, &Zone::utc());
            (StatusCode::TOO_MANY_REQUESTS, words::LOCKED.fill(visit.lang, &[&time]))
        }
    };
    let page = frame::sign_in(pages, &visit, &next, Some(&told));
    Ok(settle(pages, &visit, frame::answer(status, &page)))
}

/// Goes on with the new session; the visitor's cookie is not needed any more.
pub(super) fn signed_in(pages: &Pages, visit: &Visit, token: &Token, next: &str) -> Response {
    let names = names(pages.exposure.secure);
    let mut response = settle(pages, visit, see(next));
    set(&mut response, pages, names.session, &hex(token), None);
    set(&mut response, pages, names.visitor, "", Some(0));
    response
}

fn stale(pages: &Pages, visit: &Visit) -> Response {
    let told = words::STALE.say(visit.lang);
    let page = match &visit.reader {
        Some(_) => frame::notice(pages, visit, words::FAILED, told),
        None => frame::sign_in(pages, visit, "/", Some(told)),
    };
    settle(pages, visit, frame::answer(StatusCode::FORBIDDEN, &page))
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visit = match visit(&pages, &parts.headers, "").await {
        Ok(visit) => visit,
        Err(error) => return frame::failed(&error),
    };
    if Form::read(&parts.headers, body, &visit).await.is_none() {
        return stale(&pages, &visit);
    }
    if let Some(token) = &visit.session
        && let Err(error) = pages.accounts.sign_out(token, pages.desk.now()).await
    {
        return frame::failed(&error);
    }
    let mut response = see("/sign-in");
    set(&mut response, &pages, names(pages.exposure.secure).session, "", Some(0));
    response
}

/// `POST /language`
pub(super) async fn language(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = match visit(&pages, &parts.headers, "").await {
        Ok(visit) => visit,
        Err(error) => return frame::failed(&error),
    };
    let Some(form) = Form::read(&parts.headers, body, &visit).await else {
        return stale(&pages, &visit);
    };
    visit.asked = Lang::named(form.field("lang"));
    let back = own_path(form.field("next")).to_owned();
    settle(&pages, &visit, see(&back))
}
