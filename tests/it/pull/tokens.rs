//! SMART Backend Services as a client, before an authorization server that verifies by our published keys.

use super::registrar::{CLIENT, Registrar};
use super::*;
use trialgate::flow::keys;
use trialgate::flow::pull::round;
use trialgate::link::{Access, Algorithm, Keys, Smart, Tls};

/// A folder of keys that goes with the test.
pub(super) struct Folder(std::path::PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let name = format!("trialgate-keys-{}-{}", std::process::id(), trialgate::clock::random_u64());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn with(self, algorithm: Algorithm, day: i64) -> Self {
        let at = Instant((CLOCK + day * 86_400) * 1_000_000);
        keys::make(&self.0, algorithm, at, &[0; 4]).expect("a key");
        self
    }

    pub(super) fn keys(&self) -> Keys {
        keys::load(&self.0).expect("keys")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn smart(keys: &Keys, algorithm: Option<Algorithm>, endpoint: Option<String>) -> Smart {
    let key = keys.pick(None, algorithm).expect("a key");
    Smart {
        client: CLIENT.into(),
        scopes: vec!["system/Patient.rs".into(), "system/Observation.rs".into()],
        key,
        endpoint,
    }
}

/// A ward before which a registrar stands, and which asks it as `smart` says.
async fn guarded(place: &Place, keys: &Keys, smart: Smart) -> (Ward, Registrar) {
    // The gateway's clock in these wards is an hour behind the hospital's; the registrar goes by the gateway's.
    let registrar = Registrar::new(&keys.public(), CLOCK - 3600);
    let hospital = Hospital::open_behind("http://127.0.0.1:9", |router, base| registrar.front(router, base)).await;
    let mut ward = ward_at(place, By::Server, hospital, |_| {});
    ward.feed.client =
        Client::with(link(&ward.hospital.base()), Access::Smart(smart), &Tls::default()).expect("a link");
    (ward, registrar)
}

#[tokio::test]
async fn a_round_is_pulled_by_either_algorithm() {
    let folder = Folder::new().with(Algorithm::Es384, 0).with(Algorithm::Rs384, 1);
    let keys = folder.keys();
    for algorithm in [Algorithm::Es384, Algorithm::Rs384] {
        let place = Place::file();
        let (ward, registrar) = guarded(&place, &keys, smart(&keys, Some(algorithm), None)).await;
        ward.hospital.keeps(patient("p1"), CLOCK - 10);
        for n in 0..5 {
            ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
        }
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        assert_eq!(
            (pulled.problems.len(), ward.observations().await.len()),
            (0, 5),
            "{pulled:?} {:?}",
            registrar.refusals()
        );
        assert_eq!(registrar.given(), 1, "one token for all of it");
        assert!(registrar.shown().iter().all(|shown| shown == "Bearer token-1"));
        // Ended before its time: renewed once, and nobody notices.
        registrar.forgets_tokens();
        let again = round(&ward.gateway, &ward.feed, true).await;
        assert_eq!((again.problems.len(), registrar.given()), (0, 2), "{again:?}");
    }
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end_and_many_who_wait_share_one() {
    let folder = Folder::new().with(Algorithm::Es384, 0);
    let keys = folder.keys();
    let place = Place::file();
    let (ward, registrar) = guarded(&place, &keys, smart(&keys, None, None)).await;
    let now = ward.gateway.now();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let client = ward.feed.client.clone();
        asking.spawn(async move { client.get(&["metadata"], &[], now).await.expect("an answer").status });
    }
    assert_eq!(asking.join_all().await, [200; 20]);
    assert_eq!(registrar.given(), 1);
    // One that has ended when it comes is used for nothing but the request that asked for it.
    registrar.gives_for(json!("0"));
    registrar.forgets_tokens();
    for given in 2..4 {
        assert_eq!(ward.feed.client.get(&["metadata"], &[], now).await.expect("an answer").status, 200);
        assert_eq!(registrar.given(), given);
    }
    // A server that refuses its own tokens is asked for one more, and no further.
    let refusing = axum::Router::new()
        .route("/api/FHIR/R4/metadata", axum::routing::get(async || axum::http::StatusCode::UNAUTHORIZED));
    let other = Registrar::new(&keys.public(), CLOCK - 3600);
    let hospital = Hospital::open_behind("http://127.0.0.1:9", |_, base| other.front(refusing, base)).await;
    let client = Client::with(link(&hospital.base()), Access::Smart(smart(&keys, None, None)), &Tls::default());
    let answer = client.expect("a link").get(&["metadata"], &[], now).await.expect("an answer");
    assert_eq!((answer.status, other.given()), (401, 2));
}

#[tokio::test]
async fn several_keys_are_published_and_a_server_may_know_any_of_them() {
    let folder = Folder::new().with(Algorithm::Es384, 0).with(Algorithm::Es384, 1);
    let both = folder.keys();
    assert_eq!(both.0.len(), 2);
    // The oldest signs until it is taken away.
    assert_eq!(both.pick(None, None).expect("a key").id, both.0[0].id);
    let known = both.0[1].id.clone();
    std::fs::remove_file(folder.0.join(format!("{}.pem", both.0[0].id))).expect("removed");
    let one = folder.keys();
    assert_eq!(one.pick(None, None).expect("a key").id, known);
    let place = Place::file();
    let (ward, registrar) = guarded(&place, &both, smart(&one, None, None)).await;
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.problems.len(), registrar.given()), (0, 1), "{pulled:?}");
    // A key that the server was never given.
    let stranger = Folder::new().with(Algorithm::Es384, 5).keys();
    let place = Place::file();
    let (ward, registrar) = guarded(&place, &both, smart(&stranger, None, None)).await;
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, ["the token endpoint gave no token: HTTP 400 invalid_client"]);
    assert_eq!(registrar.refusals(), ["kid"], "asked once, and then left in peace for a while");
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.problems.len(), registrar.refusals().len()), (1, 1));
    let words = both.pick(Some("none"), Some(Algorithm::Rs384)).expect_err("none");
    assert!(words.starts_with("no signing key is none RS384; there are 2026"), "{words}");
}

#[tokio::test]
async fn what_token_endpoints_say_instead_is_told_without_our_secrets() {
    let folder = Folder::new().with(Algorithm::Es384, 0);
    let keys = folder.keys();
    let html = || vec![("content-type", "text/html".to_owned())];
    let json = || vec![("content-type", "application/json".to_owned())];
    let at = |seconds: i64| {
        let at = jiff::Timestamp::from_second(CLOCK - 3600 + seconds).expect("a moment");
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let long = format!("{{\"access_token\":\"{}\"", "x".repeat(70_000));
    let cases: Vec<(u16, Vec<(&'static str, String)>, String, &str)> = vec![
        (
            400,
            json(),
            "{\"error\":\"invalid_scope\",\"error_description\":\"eyJh\"}".into(),
            "the token endpoint gave no token: HTTP 400 invalid_scope",
        ),
        (
            400,
            vec![("date", at(600))],
            "{\"error\":\"invalid_client\"}".into(),
            "the token endpoint gave no token: HTTP 400 invalid_client; its clock is 600 s ahead of ours, and assertions live 240 s",
        ),
        (
            401,
            vec![("date", at(-900))],
            String::new(),
            "the token endpoint gave no token: HTTP 401; its clock is 900 s behind ours, and assertions live 240 s",
        ),
        (
            302,
            vec![("location", "http://127.0.0.1:9/token".into())],
            String::new(),
            "the token endpoint gave no token: HTTP 302: a redirect, which is never followed; wanted `token_url` as the endpoint itself",
        ),
        (
            200,
            html(),
            "<html>sign in</html>".into(),
            "the token endpoint gave no token that can be used: the answer is no JSON",
        ),
        (
            200,
            json(),
            "{\"token_type\":\"bearer\"}".into(),
            "the token endpoint gave no token that can be used: it has no access_token",
        ),
        (
            200,
            json(),
            "{\"access_token\":\"a\",\"token_type\":\"mac\"}".into(),
            "the token endpoint gave no token that can be used: it is no bearer token",
        ),
        (
            200,
            json(),
            "{\"access_token\":\"a\\r\\nb\",\"token_type\":\"bearer\"}".into(),
            "the token endpoint gave no token that can be used: it fits in no header",
        ),
        (200, json(), long, "the token endpoint gave no token: HTTP 200: an answer longer than the bound"),
        (503, vec![("retry-after", "3600".into())], String::new(), "the token endpoint gave no token: HTTP 503"),
    ];
    for (status, headers, body, words) in cases {
        let place = Place::file();
        let (ward, registrar) = guarded(&place, &keys, smart(&keys, None, None)).await;
        let later = status == 503;
        registrar.answers(Some((status, headers, body)));
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        assert_eq!((pulled.problems.as_slice(), pulled.later.is_some()), ([words.to_owned()].as_slice(), later));
        assert!(registrar.shown().is_empty(), "nothing is asked without a token");
    }
    assert!(!format!("{:?}", smart(&keys, None, None)).contains("PRIVATE"));
}

#[tokio::test]
async fn a_wrong_clock_of_ours_is_told() {
    let folder = Folder::new().with(Algorithm::Es384, 0);
    let keys = folder.keys();
    let place = Place::file();
    let (ward, _) = guarded(&place, &keys, smart(&keys, None, None)).await;
    let answer = ward.feed.client.get(&["metadata"], &[], Instant((CLOCK - 7200) * 1_000_000)).await;
    let words = answer.expect_err("no token").text;
    let wanted = "the token endpoint gave no token: HTTP 400 invalid_client; its clock is 3600 s ahead of ours, and assertions live 240 s";
    assert_eq!(words, wanted);
}

#[tokio::test]
async fn a_named_token_endpoint_may_be_elsewhere_and_a_discovered_one_may_not() {
    let folder = Folder::new().with(Algorithm::Es384, 0);
    let keys = folder.keys();
    let place = Place::file();
    // A second registrar, of another origin, that knows our keys too.
    let (other, elsewhere) = guarded(&place.another(), &keys, smart(&keys, None, None)).await;
    drop(other);
    let (ward, registrar) = guarded(&place, &keys, smart(&keys, None, None)).await;
    registrar.names(&elsewhere.endpoint());
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    let words = ".well-known/smart-configuration: its token_endpoint leads to another origin; nothing was sent there; \
                 wanted a token endpoint there, or `token_url` in the settings";
    assert_eq!(pulled.problems, [words]);
    assert_eq!((registrar.given(), elsewhere.given(), registrar.shown().len()), (0, 0, 0));
    let named = smart(&keys, None, Some(elsewhere.endpoint()));
    let client = Client::with(link(&ward.hospital.base()), Access::Smart(named), &Tls::default()).expect("a link");
    assert_eq!(
        client.get(&["metadata"], &[], ward.gateway.now()).await.expect("an answer").status,
        401,
        "its token is not of this server"
    );
    assert_eq!((registrar.given(), elsewhere.given()), (0, 2));
    for (url, words) in [
        (
            "http://ehr.example/token",
            "`token_url`: the base URL is plain HTTP beyond this machine; wanted https, or `insecure` set on purpose",
        ),
        (
            "https://user:word@ehr.example/token",
            "`token_url`: the base URL carries credentials, a query or a fragment; wanted https://host/path alone",
        ),
        ("ftp://ehr.example/token", "`token_url`: the base URL is neither https nor http"),
    ] {
        let access = Access::Smart(smart(&keys, None, Some(url.into())));
        let refused = Client::with(link(&ward.hospital.base()), access, &Tls::default()).expect_err("refused");
        assert_eq!(refused.to_string(), words);
    }
}
