//! Access tokens by SMART Backend Services: an assertion signed by our key is exchanged for a token that lives some minutes.
//!
//! <https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html>. **Where the assertion goes**: to the token
//! endpoint that the settings name; where they name none, to the one of the base's own
//! `.well-known/smart-configuration`, if it is of the base's own origin. Nothing else, and no redirect, is followed.

use super::answer::{self, Failure};
use super::client::{base_url, network_words, same_place};
use super::keys::Key;
use crate::clock;
use crate::model::key::hex;
use crate::model::time::Instant;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderValue};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long an assertion holds: servers take no more than five minutes.
pub const ASSERTION_LIFE: Duration = Duration::from_secs(240);
/// So long before its end a token is no longer used; of one that lives shortly, half its life.
pub const TOKEN_EARLY: Duration = Duration::from_secs(30);
/// The longest that a token is used, whatever is said of its life.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// A token without a stated life is used so long.
const TOKEN_LIFE_UNSAID: Duration = Duration::from_secs(60);
/// So long after a refusal the token endpoint is not asked again: the same words are given.
pub const TOKEN_REST: Duration = Duration::from_secs(30);
/// The most that is read of an answer about tokens.
pub const TOKEN_ANSWER_BYTES: usize = 64 * 1024;
/// Clocks that differ by more are worth a word.
const CLOCKS_APART_US: i64 = 60_000_000;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that is registered at a server.
#[derive(Debug, Clone)]
pub struct Smart {
    /// Its name there.
    pub client: String,
    /// What it asks for, such as `system/Observation.rs`.
    pub scopes: Vec<String>,
    /// What it signs with.
    pub key: Arc<Key>,
    /// The token endpoint; `None`: as discovered below the base.
    pub endpoint: Option<String>,
}

/// What stands between the client and its token.
pub(super) struct Tokens {
    smart: Smart,
    http: reqwest::Client,
    base: Url,
    /// As the settings name it.
    named: Option<Url>,
    timeout: Duration,
    /// Held while a token is asked for: one at a time, and who waited takes what came.
    state: Mutex<State>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("smart", &self.smart).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    discovered: Option<Url>,
    /// The header, and until when by the steady clock.
    token: Option<(HeaderValue, Duration)>,
    refused: Option<(Failure, Duration)>,
}

impl Tokens {
    pub(super) fn new(
        smart: Smart,
        http: reqwest::Client,
        base: &Url,
        insecure: bool,
        timeout: Duration,
    ) -> Result<Self, super::LinkError> {
        let named = smart.endpoint.as_deref().map(|url| base_url(url, insecure)).transpose();
        let named = named.map_err(|error| super::LinkError::Access(format!("`token_url`: {error}")))?;
        if smart.scopes.is_empty() || smart.client.is_empty() {
            let words = "a client of SMART Backend Services needs `client_id` and `scopes`, such as system/*.rs";
            return Err(super::LinkError::Access(words.into()));
        }
        Ok(Self { smart, http, base: base.clone(), named, timeout, state: Mutex::default() })
    }

    /// The header to send: of the token at hand, or of a new one. `stale` was refused and is not given again.
    pub(super) async fn header(&self, now: Instant, stale: Option<&HeaderValue>) -> Result<HeaderValue, Failure> {
        let mut state = self.state.lock().await;
        if let Some((header, until)) = &state.token
            && clock::steady() < *until
            && stale != Some(header)
        {
            return Ok(header.clone());
        }
        state.token = None;
        if let Some((failure, until)) = &state.refused
            && clock::steady() < *until
        {
            return Err(failure.clone());
        }
        state.refused = None;
        match self.renew(&mut state, now).await {
            Ok((header, life)) => {
                let early = TOKEN_EARLY.min(life / 2);
                state.token = Some((header.clone(), clock::steady() + (life - early)));
                Ok(header)
            }
            Err(failure) => {
                state.discovered = None;
                if failure.lasting {
                    state.refused = Some((failure.clone(), clock::steady() + TOKEN_REST));
                }
                Err(failure)
            }
        }
    }

    async fn renew(&self, state: &mut State, now: Instant) -> Result<(HeaderValue, Duration), Failure> {
        let endpoint = match (&self.named, &state.discovered) {
            (Some(named), _) => named.clone(),
            (None, Some(discovered)) => discovered.clone(),
            (None, None) => state.discovered.insert(self.discover(now).await?).clone(),
        };
        let assertion = self.assertion(&endpoint, now).map_err(Failure::lasting)?;
        let scope = self.smart.scopes.join(" ");
        let form = form(&[
            ("grant_type", "client_credentials"),
            ("scope", &scope),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let request = self.http.post(endpoint).header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = self.run(request, now).await.map_err(|f| f.at("the token endpoint"))?;
        if !answer.is_success() || answer.too_long {
            return Err(refusal(&answer, now));
        }
        token(&answer.body)
    }

    /// The token endpoint of the server's own configuration, if it is of the base's own origin.
    async fn discover(&self, now: Instant) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        let segments = url.path_segments_mut();
        let mut segments = segments.map_err(|()| Failure::lasting("the base URL takes no path"))?;
        segments.pop_if_empty().extend([".well-known", "smart-configuration"]);
        drop(segments);
        let what = ".well-known/smart-configuration";
        let answer = self.run(self.http.get(url), now).await.map_err(|f| f.at(what))?;
        let otherwise = "; wanted a token endpoint there, or `token_url` in the settings";
        if !answer.is_success() || answer.too_long {
            let passing = answer.is_passing();
            return Err(Failure {
                lasting: !passing,
                later: answer.retry_after,
                text: format!("{what}: {}{otherwise}", answer.words(None)),
            });
        }
        let wrong = |words: &str| Failure::lasting(format!("{what}: {words}{otherwise}"));
        let stated: Value = serde_json::from_slice(&answer.body).map_err(|_| wrong("it is no JSON"))?;
        let says = |list: &str, word: &str| stated[list].as_array().is_none_or(|all| all.iter().any(|m| m == word));
        if !says("token_endpoint_auth_methods_supported", "private_key_jwt") {
            return Err(wrong("it lists no private_key_jwt among its ways to authenticate"));
        }
        let algorithm = self.smart.key.algorithm().name();
        if !says("token_endpoint_auth_signing_alg_values_supported", algorithm) {
            return Err(wrong(&format!("it does not take {algorithm}, by which our key signs")));
        }
        let named = stated["token_endpoint"].as_str().ok_or_else(|| wrong("it names no token_endpoint"))?;
        let url = Url::parse(named).map_err(|_| wrong("its token_endpoint is no URL"))?;
        if !same_place(&url, &self.base) {
            return Err(wrong("its token_endpoint leads to another origin; nothing was sent there"));
        }
        Ok(url)
    }

    /// <https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html>
    fn assertion(&self, endpoint: &Url, now: Instant) -> Result<String, String> {
        let seconds = now.0.div_euclid(1_000_000);
        let life = i64::try_from(ASSERTION_LIFE.as_secs()).unwrap_or_default();
        self.smart.key.signed(&json!({
            "iss": self.smart.client,
            "sub": self.smart.client,
            "aud": self.named.as_ref().map_or(endpoint.as_str(), |_| self.smart.endpoint.as_deref().unwrap_or_default()),
            "iat": seconds,
            "exp": seconds + life,
            "jti": hex(&clock::random_bytes::<16>()),
        }))
    }

    async fn run(&self, request: reqwest::RequestBuilder, now: Instant) -> Result<answer::Answer, Failure> {
        let sent = request.header(ACCEPT, "application/json").timeout(self.timeout).send().await;
        let response = sent.map_err(|e| Failure::new(network_words(&e)))?;
        super::client::read(response, TOKEN_ANSWER_BYTES, now).await
    }
}

/// What the token endpoint said in place of a token: status and the code of RFC 6749 alone, for its text may quote us.
fn refusal(answer: &answer::Answer, now: Instant) -> Failure {
    let stated: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code: String = stated["error"]
        .as_str()
        .unwrap_or("")
        .chars()
        .filter(|c| c.is_ascii_lowercase() || *c == '_')
        .take(40)
        .collect();
    let mut text = format!("the token endpoint gave no token: HTTP {}", answer.status);
    if (300..400).contains(&answer.status) {
        text.push_str(": a redirect, which is never followed; wanted `token_url` as the endpoint itself");
    } else if answer.too_long {
        text.push_str(": an answer longer than the bound");
    } else if !code.is_empty() {
        text.push_str(&format!(" {code}"));
    }
    if let Some(date) = answer.date
        && (date.0 - now.0).abs() > CLOCKS_APART_US
    {
        let apart = (date.0 - now.0) / 1_000_000;
        let side = if apart > 0 { "ahead of" } else { "behind" };
        let apart = apart.abs();
        text.push_str(&format!(
            "; its clock is {apart} s {side} ours, and assertions live {} s",
            ASSERTION_LIFE.as_secs()
        ));
    }
    Failure { text, later: answer.retry_after, lasting: !answer.is_passing() }
}

/// The token of an answer as a header, and its life.
fn token(body: &[u8]) -> Result<(HeaderValue, Duration), Failure> {
    let wrong = |words: &str| Failure::lasting(format!("the token endpoint gave no token that can be used: {words}"));
    let stated: Value = serde_json::from_slice(body).map_err(|_| wrong("the answer is no JSON"))?;
    let token = stated["access_token"].as_str().ok_or_else(|| wrong("it has no access_token"))?;
    if !stated["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(wrong("it is no bearer token"));
    }
    let header = super::client::bearer(token).map_err(|_| wrong("it fits in no header"))?;
    let seconds = &stated["expires_in"];
    // Some servers write the number as a text.
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok());
    let life = seconds.map_or(TOKEN_LIFE_UNSAID, Duration::from_secs).min(TOKEN_LIFE_MAX);
    Ok((header, life))
}

/// A form's text.
fn form(fields: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}
