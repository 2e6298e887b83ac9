//! The authorization server of the mock hospital: it takes assertions by the keys that it was given, as SMART Backend
//! Services wants them, and lets nobody through without a token that it gave. It judges by a library of its own.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{get, post};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The client that is registered.
pub const CLIENT: &str = "trialgate-at-site";

/// Status, headers and body.
type Answer = (u16, Vec<(&'static str, String)>, String);

#[derive(Default)]
struct Inside {
    keys: Vec<Jwk>,
    base: String,
    /// What the configuration says in place of the truth.
    endpoint: Option<String>,
    expires_in: Value,
    now: i64,
    seen: BTreeSet<String>,
    tokens: BTreeSet<String>,
    given: usize,
    refusals: Vec<String>,
    /// Every Authorization header that came to FHIR.
    shown: Vec<String>,
    answer: Option<Answer>,
}

/// The server.
#[derive(Clone, Default)]
pub struct Registrar(Arc<Mutex<Inside>>);

impl Registrar {
    /// That knows these public keys, at a moment in seconds since 1970.
    pub fn new(keys: &Value, now: i64) -> Self {
        let set: JwkSet = serde_json::from_value(keys.clone()).expect("a JSON Web Key Set");
        let inside = Inside { keys: set.keys, expires_in: json!(300), now, ..Inside::default() };
        Self(Arc::new(Mutex::new(inside)))
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panicked")
    }

    /// In front of a hospital.
    pub fn front(&self, hospital: Router, base: &str) -> Router {
        self.inside().base = base.to_owned();
        let behind = hospital.layer(from_fn_with_state(self.clone(), guard));
        let own = Router::new()
            .route("/api/FHIR/R4/.well-known/smart-configuration", get(configuration))
            .route("/oauth2/token", post(token))
            .with_state(self.clone());
        own.merge(behind)
    }

    /// The token endpoint.
    pub fn endpoint(&self) -> String {
        self.inside().base.replace("/api/FHIR/R4", "/oauth2/token")
    }

    /// The configuration names that endpoint.
    pub fn names(&self, endpoint: &str) {
        self.inside().endpoint = Some(endpoint.to_owned());
    }

    /// Tokens are said to live so long.
    pub fn gives_for(&self, expires_in: Value) {
        self.inside().expires_in = expires_in;
    }

    /// No token that was given holds any longer.
    pub fn forgets_tokens(&self) {
        self.inside().tokens.clear();
    }

    /// The token endpoint answers so and no other way; `None`: as it should.
    pub fn answers(&self, answer: Option<Answer>) {
        self.inside().answer = answer;
    }

    /// Tokens given so far.
    pub fn given(&self) -> usize {
        self.inside().given
    }

    /// Why assertions were refused.
    pub fn refusals(&self) -> Vec<String> {
        self.inside().refusals.clone()
    }

    /// What came as Authorization.
    pub fn shown(&self) -> Vec<String> {
        self.inside().shown.clone()
    }
}

fn answer(status: u16, headers: Vec<(&'static str, String)>, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}

async fn configuration(State(registrar): State<Registrar>) -> Response<Body> {
    let named = registrar.inside().endpoint.clone();
    let endpoint = named.unwrap_or_else(|| registrar.endpoint());
    let body = json!({ "token_endpoint": endpoint, "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": ["system/*.rs"], "capabilities": ["client-confidential-asymmetric", "permission-v2"] });
    answer(200, vec![("content-type", "application/json".into())], body.to_string())
}

async fn token(State(registrar): State<Registrar>, headers: HeaderMap, body: String) -> Response<Body> {
    assert!(headers.get(header::AUTHORIZATION).is_none(), "an assertion goes alone");
    let endpoint = registrar.endpoint();
    let mut inside = registrar.inside();
    let (status, mut headers, body) = match inside.answer.clone() {
        Some(answer) => answer,
        None => given(&mut inside, &endpoint, &body),
    };
    if !headers.iter().any(|(name, _)| *name == "date") {
        let now = jiff::Timestamp::from_second(inside.now).expect("a moment");
        headers.push(("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
    }
    answer(status, headers, body)
}

fn given(inside: &mut Inside, endpoint: &str, body: &str) -> Answer {
    match judged(inside, endpoint, body) {
        Ok(scope) => {
            inside.given += 1;
            let token = format!("token-{}", inside.given);
            inside.tokens.insert(token.clone());
            let life = &inside.expires_in;
            let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": life, "scope": scope });
            (200, vec![("content-type", "application/json".into())], body.to_string())
        }
        Err(words) => {
            inside.refusals.push(words);
            (400, vec![], json!({ "error": "invalid_client", "error_description": body }).to_string())
        }
    }
}

/// What SMART 2.2 wants of a request for a token; the error says what was not there.
fn judged(inside: &mut Inside, endpoint: &str, body: &str) -> Result<String, String> {
    let url = form(body);
    let one = |name: &str| match url.iter().filter(|(n, _)| n == name).collect::<Vec<_>>()[..] {
        [(_, value)] => Ok(value.clone()),
        _ => Err(format!("not one {name}")),
    };
    if one("grant_type")? != "client_credentials" {
        return Err("grant_type".into());
    }
    if one("client_assertion_type")? != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Err("client_assertion_type".into());
    }
    let assertion = one("client_assertion")?;
    let head = jsonwebtoken::decode_header(&assertion).map_err(|e| e.to_string())?;
    let key = inside.keys.iter().find(|k| k.common.key_id == head.kid && head.kid.is_some()).ok_or("kid")?;
    if !matches!(head.alg, Algorithm::RS384 | Algorithm::ES384) || head.typ.as_deref() != Some("JWT") {
        return Err("alg or typ".into());
    }
    let mut wanted = Validation::new(head.alg);
    wanted.set_audience(&[endpoint]);
    wanted.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // Judged by the registrar's own clock, below.
    wanted.validate_exp = false;
    let key = DecodingKey::from_jwk(key).map_err(|e| e.to_string())?;
    let claims = jsonwebtoken::decode::<Value>(&assertion, &key, &wanted).map_err(|e| e.to_string())?.claims;
    let exp = claims["exp"].as_i64().ok_or("exp")?;
    if exp <= inside.now || exp > inside.now + 300 {
        return Err(format!("exp is {} s ahead", exp - inside.now));
    }
    if claims["iss"] != CLIENT || claims["sub"] != CLIENT {
        return Err("iss or sub".into());
    }
    if !inside.seen.insert(claims["jti"].as_str().ok_or("jti")?.to_owned()) {
        return Err("jti was seen before".into());
    }
    one("scope")
}

/// The fields of a form.
fn form(body: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let (mut out, mut bytes) = (Vec::new(), text.bytes());
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [bytes.next().expect("a digit"), bytes.next().expect("a digit")];
                    u8::from_str_radix(std::str::from_utf8(&digits).expect("ASCII"), 16).expect("hexadecimal")
                }
                other => other,
            });
        }
        String::from_utf8(out).expect("UTF-8")
    };
    body.split('&').filter_map(|part| part.split_once('=')).map(|(n, v)| (plain(n), plain(v))).collect()
}

async fn guard(State(registrar): State<Registrar>, request: Request, next: Next) -> Response<Body> {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let known = {
        let mut inside = registrar.inside();
        inside.shown.push(shown.clone());
        shown.strip_prefix("Bearer ").is_some_and(|token| inside.tokens.contains(token))
    };
    if !known {
        return answer(401, vec![("www-authenticate", "Bearer".into())], "");
    }
    next.run(request).await
}
