//! Tokens, sources and rights.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use trialgate::http::auth::{Client, Right, admit, check_exposure};
use trialgate::model::time::Instant;

const UNTIL: Instant = Instant(1_000);

fn client() -> Client {
    let token = Sha256::digest(b"secret").into();
    Client { name: "lab".into(), token, source: "main".into(), rights: vec![Right::Write], until: Some(UNTIL) }
}

fn headers(name: header::HeaderName, values: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name.clone(), HeaderValue::from_static(value));
    }
    headers
}

fn status(given: &[&'static str], source: &str, right: Right) -> u16 {
    match admit(&[client()], &headers(header::AUTHORIZATION, given), Some(source), right, Instant(UNTIL.0 - 1)) {
        Ok(name) => {
            assert_eq!(name, "lab");
            200
        }
        Err(fault) => fault.status.as_u16(),
    }
}

#[test]
fn only_the_right_token_for_the_right_source_and_right() {
    let good = "Bearer secret";
    assert_eq!(status(&[good], "main", Right::Write), 200);
    assert_eq!(status(&["bearer secret"], "main", Right::Write), 200);
    assert_eq!(status(&[good], "main", Right::Read), 403);
    assert_eq!(status(&[good], "other", Right::Write), 403);
    for bad in ["", "Bearer", "Bearer ", "Bearer secre", "Bearer secret2", "Basic secret", "secret"] {
        assert_eq!(status(&[bad], "main", Right::Write), 401, "{bad}");
    }
    assert_eq!(status(&[], "main", Right::Write), 401);
    assert_eq!(status(&[good, good], "main", Right::Write), 401);
}

#[test]
fn a_token_that_has_expired_is_told_from_one_that_was_never_known() {
    // `{"alg":"none"}` and some claims: a bearer of any other making is one that is not known.
    let forged = "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJsYWIifQ.";
    for (given, code) in [("Bearer secret", "expired"), ("Bearer secret2", "login"), (forged, "login")] {
        let fault = admit(&[client()], &headers(header::AUTHORIZATION, &[given]), Some("main"), Right::Write, UNTIL)
            .expect_err("refused");
        assert_eq!((fault.status.as_u16(), fault.issues[0].code), (401, code), "{given}");
    }
}

#[test]
fn without_clients_only_this_machine_is_served() {
    for (host, fits) in [("localhost:8080", true), ("127.0.0.1:1", true), ("[::1]:80", true), ("evil.example", false)] {
        assert_eq!(
            admit(&[], &headers(header::HOST, &[host]), Some("main"), Right::Write, UNTIL).is_ok(),
            fits,
            "{host}"
        );
    }
    assert!(check_exposure([127, 0, 0, 1].into(), &[]).is_ok());
    assert!(check_exposure([0, 0, 0, 0].into(), &[client()]).is_ok());
    assert!(check_exposure([0, 0, 0, 0].into(), &[]).is_err_and(|e| e.contains("`trialgate client add NAME")));
}
