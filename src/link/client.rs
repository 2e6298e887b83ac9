//! One target or source: its base, its token, and single requests with a deadline and a bounded answer.

use super::access::{Access, Tls};
use super::answer::{Answer, Failure};
use super::token::Tokens;
use crate::model::time::Instant;
use base64::Engine;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use reqwest::{Method, Url, redirect};
use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;

/// The most that is read of an answer, after decompression.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The most that is read of a page of a search, after decompression: large servers send 1,000 resources at once.
pub const PAGE_BYTES: usize = 64 * 1024 * 1024;
/// The most that delivering one parcel takes, all its requests together; the lease of a wish must be longer.
pub const SEND_DEADLINE: Duration = Duration::from_secs(40);

const FHIR_JSON: &str = "application/fhir+json";

/// A token; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// Of these characters.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is configured for one target or source.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The FHIR base, such as `https://ehr.example/fhir`.
    pub base: String,
    /// Bearer token.
    pub token: Option<Secret>,
    /// Deadline of one request.
    pub timeout: Duration,
    /// `User-Agent`.
    pub user_agent: String,
    /// Plain HTTP beyond this machine is allowed.
    pub insecure: bool,
}

/// Why a link cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The base is unfit.
    #[error("the base URL {0}")]
    Base(&'static str),
    /// The token has characters that no header takes.
    #[error("the token has characters that no HTTP header takes; wanted visible ASCII")]
    Token,
    /// What shows who we are is unfit or missing.
    #[error("{0}")]
    Access(String),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// A link to one server. It is cheap to clone and keeps its connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) base: Url,
    shown: Shown,
    pub(super) timeout: Duration,
}

/// What goes along with a request.
#[derive(Debug, Clone)]
enum Shown {
    Nothing,
    Header(HeaderValue),
    Tokens(Arc<Tokens>),
}

/// One request under the base.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// Segments below the base.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) if_match: Option<&'a str>,
    pub(super) body: Option<&'a [u8]>,
}

impl Client {
    /// A link with these settings.
    pub fn new(mut settings: LinkSettings) -> Result<Self, LinkError> {
        let access = settings.token.take().map_or(Access::Open, Access::Bearer);
        Self::with(settings, access, &Tls::default())
    }

    /// A link that shows who we are; the settings' own token has no say.
    pub fn with(settings: LinkSettings, access: Access, tls: &Tls) -> Result<Self, LinkError> {
        static CRYPTO: Once = Once::new();
        // An error means that a provider is installed already, which serves as well.
        CRYPTO.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let base = base_url(&settings.base, settings.insecure)?;
        let http = http(settings.user_agent, tls)?;
        let timeout = settings.timeout.min(SEND_DEADLINE);
        let shown = match access {
            Access::Open => Shown::Nothing,
            Access::Bearer(token) => Shown::Header(bearer(&token.0)?),
            Access::Basic(user, password) => Shown::Header(basic(&user, &password.0)?),
            Access::Smart(smart) => {
                let tokens = Tokens::new(smart, http.clone(), &base, settings.insecure, timeout)?;
                Shown::Tokens(Arc::new(tokens))
            }
        };
        Ok(Self { http, base, shown, timeout })
    }

    /// Reads `path` below the base with a query. `now` is for a `Retry-After` that is a date.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)], now: Instant) -> Result<Answer, Failure> {
        self.request(Request { method: Method::GET, path, query, if_match: None, body: None }, now).await
    }

    /// Reads a page of a search at `path`, which may be much longer than another answer.
    pub async fn get_page(&self, path: &[&str], query: &[(&str, &str)], now: Instant) -> Result<Answer, Failure> {
        self.run(self.http.get(self.url(path, query)?), PAGE_BYTES, now).await
    }

    /// Reads the next page, at an address that the server gave: absolute, or below the base's own origin. Another origin
    /// is refused.
    pub async fn next_page(&self, url: &str, now: Instant) -> Result<Answer, Failure> {
        let url = self.base.join(url).map_err(|_| Failure::lasting("the next link is no URL"))?;
        if !same_place(&url, &self.base) {
            return Err(Failure::lasting("the next link leads to another origin; it was not followed"));
        }
        self.run(self.http.get(url), PAGE_BYTES, now).await
    }

    pub(super) async fn request(&self, request: Request<'_>, now: Instant) -> Result<Answer, Failure> {
        let url = self.url(request.path, request.query)?;
        let mut headers = HeaderMap::new();
        if let Some(etag) = request.if_match {
            let value = HeaderValue::from_str(etag).map_err(|_| Failure::new("the kept ETag fits in no header"))?;
            headers.insert(IF_MATCH, value);
        }
        let mut builder = self.http.request(request.method, url).headers(headers);
        if let Some(body) = request.body {
            builder = builder.header(CONTENT_TYPE, FHIR_JSON).body(body.to_vec());
        }
        self.run(builder, MAX_ANSWER_BYTES, now).await
    }

    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Failure::new("the base URL takes no path"))?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// What shows who we are in one request; `refused`: what was just not taken. A token is renewed then, and what cannot
    /// be renewed is not shown again.
    pub(super) async fn credentials(
        &self,
        refused: Option<&HeaderValue>,
        now: Instant,
    ) -> Result<Option<HeaderValue>, Failure> {
        Ok(match &self.shown {
            Shown::Nothing => None,
            Shown::Header(header) => refused.is_none().then(|| header.clone()),
            Shown::Tokens(tokens) => Some(tokens.header(now, refused).await?),
        })
    }

    pub(super) async fn run(
        &self,
        builder: reqwest::RequestBuilder,
        bound: usize,
        now: Instant,
    ) -> Result<Answer, Failure> {
        let again = builder.try_clone();
        let header = self.credentials(None, now).await?;
        let answer = self.once(builder, header.as_ref(), bound, now).await?;
        match self.renewed(answer.status, header.as_ref(), now).await?.zip(again) {
            Some((renewed, again)) => self.once(again, Some(&renewed), bound, now).await,
            None => Ok(answer),
        }
    }

    /// What to show once more after an answer of that status; `None`: the answer stands. A token may end before its
    /// time; once, for a second refusal is not about its age.
    pub(super) async fn renewed(
        &self,
        status: u16,
        shown: Option<&HeaderValue>,
        now: Instant,
    ) -> Result<Option<HeaderValue>, Failure> {
        if status == 401 && shown.is_some() { self.credentials(shown, now).await } else { Ok(None) }
    }

    async fn once(
        &self,
        mut builder: reqwest::RequestBuilder,
        header: Option<&HeaderValue>,
        bound: usize,
        now: Instant,
    ) -> Result<Answer, Failure> {
        if let Some(header) = header {
            builder = builder.header(AUTHORIZATION, header.clone());
        }
        let response = builder.header(ACCEPT, FHIR_JSON).timeout(self.timeout).send().await;
        let response = response.map_err(|e| Failure::new(network_words(&e)))?;
        read(response, bound, now).await
    }
}

/// A client that follows no redirect and trusts whom the settings name.
fn http(user_agent: String, tls: &Tls) -> Result<reqwest::Client, LinkError> {
    let mut builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        // A proxy of the environment would see the token; one that is wanted has to be configured.
        .no_proxy()
        .referer(false)
        .user_agent(user_agent);
    if let Some(pem) = &tls.authorities {
        let unfit = || LinkError::Access("`authorities` holds no certificate in PEM".into());
        let all = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| unfit())?;
        if all.is_empty() {
            return Err(unfit());
        }
        builder = builder.tls_certs_only(all);
    }
    if let Some(pem) = &tls.identity {
        let identity = reqwest::Identity::from_pem(pem.0.as_bytes());
        let words = "`certificate` and `certificate_key` are no certificate and private key in PEM";
        builder = builder.identity(identity.map_err(|_| LinkError::Access(words.into()))?);
    }
    builder.build().map_err(|e| LinkError::Client(e.to_string()))
}

/// Whether credentials for `base` may go to `url`: the same scheme, host and port, and nothing of its own.
pub(super) fn same_place(url: &Url, base: &Url) -> bool {
    url.origin() == base.origin() && url.username().is_empty() && url.password().is_none()
}

/// What failed on the way; never the URL, which may hold an identifier.
pub(super) fn network_words(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within the time-out"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "the connection broke"
    }
}

pub(super) async fn read(mut response: reqwest::Response, bound: usize, now: Instant) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (etag, location, content_location) = (header("etag"), header("location"), header("content-location"));
    let date = header("date").and_then(|words| super::answer::http_date(&words));
    let retry_after = header("retry-after").and_then(|words| super::answer::retry_after(&words, date, now));
    let content_type = header("content-type").unwrap_or_default();
    let mut body = Vec::new();
    let mut cut = false;
    while let Some(chunk) = response.chunk().await.map_err(|e| Failure::new(network_words(&e)))? {
        if body.len() + chunk.len() > bound {
            cut = true;
            break;
        }
        body.extend_from_slice(&chunk);
    }
    if cut {
        body.clear();
    }
    Ok(Answer { status, etag, location, content_location, retry_after, date, content_type, body, too_long: cut })
}

pub(super) fn bearer(token: &str) -> Result<HeaderValue, LinkError> {
    let fits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    hidden(&format!("Bearer {token}")).filter(|_| fits).ok_or(LinkError::Token)
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, LinkError> {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    hidden(&format!("Basic {text}")).ok_or(LinkError::Token)
}

/// A header's value that is never printed.
fn hidden(words: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(words).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) fn base_url(base: &str, insecure: bool) -> Result<Url, LinkError> {
    let unfit = |why| Err(LinkError::Base(why));
    let Ok(url) = Url::parse(base) else { return unfit("is no URL; wanted https://host/path") };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return unfit("carries credentials, a query or a fragment; wanted https://host/path alone");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if insecure || is_loopback(&url) => Ok(url),
        "http" => unfit("is plain HTTP beyond this machine; wanted https, or `insecure` set on purpose"),
        _ => unfit("is neither https nor http"),
    }
}

/// Whether that URL may be a base: https, or http on this machine or where that is allowed on purpose.
pub fn check_base(url: &str, insecure: bool) -> Result<(), LinkError> {
    base_url(url, insecure).map(drop)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
