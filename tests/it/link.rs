//! Delivering to a real HTTP server on loopback, and when to try again.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use trialgate::link::{Client, Known, LinkSettings, MAX_ANSWER_BYTES, Secret, Sent, retry};
use trialgate::model::capabilities::Capabilities;
use trialgate::model::parcel::{Action, Parcel};
use trialgate::model::time::Instant;

const NOW: Instant = Instant(1_773_532_800_000_000);
const UPDATE_CREATE: Capabilities =
    Capabilities { update_create: true, conditional_update: true, delete: true, versioned: true, research_study: true };
const CONDITIONAL: Capabilities = Capabilities { update_create: false, ..UPDATE_CREATE };

pub(crate) type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);
type Script = Arc<dyn Fn(&str, &str) -> Reply + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Server {
    script: Script,
    seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    server.seen.lock().expect("no panic").push((format!("{method} {uri}"), request.headers().clone()));
    let (status, headers, body) = (server.script)(&method, &uri);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name, value.parse().expect("a header"));
    }
    (StatusCode::from_u16(status).expect("a status"), map, body).into_response()
}

/// A server that answers by script; its base and what it has seen.
pub(crate) async fn serve(script: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> (String, Server) {
    let server = Server { script: Arc::new(script), seen: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/fhir", listener.local_addr().expect("an address"));
    let app = Router::new().fallback(answer).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, server)
}

impl Server {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").iter().map(|(line, _)| line.clone()).collect()
    }

    fn header(&self, at: usize, name: &str) -> Option<String> {
        let seen = self.seen.lock().expect("no panic");
        seen[at].1.get(name).map(|v| v.to_str().expect("ASCII").to_owned())
    }
}

fn client(base: &str) -> Client {
    Client::new(LinkSettings {
        base: base.into(),
        token: Some(Secret::new("hush")),
        timeout: Duration::from_secs(5),
        user_agent: "trialgate".into(),
        insecure: false,
    })
    .expect("a client")
}

fn parcel(action: Action) -> Parcel {
    let body = br#"{"resourceType":"ResearchSubject","individual":{"reference":"Patient/p77"}}"#.to_vec();
    let system = "https://t.example/sid/subject/x".into();
    Parcel { action, resource_type: "ResearchSubject", id: "abc".into(), identifier_system: system, body }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

async fn send(base: &str, action: Action, capabilities: Capabilities, known: Known<'_>, same: bool) -> Sent {
    client(base).send(&parcel(action), capabilities, known, NOW, &move |_| same).await
}

fn plain(status: u16) -> Reply {
    (status, vec![], vec![])
}

#[test]
fn a_put_goes_to_the_chosen_id_with_if_match() {
    run(async {
        let (base, server) = serve(|_, _| (200, vec![("etag", "W/\"2\"".into())], vec![])).await;
        let known = Known { remote: None, etag: Some("W/\"1\"") };
        let sent = send(&base, Action::Put, UPDATE_CREATE, known, false).await;
        assert_eq!(sent, Sent::Done { remote: None, etag: Some("W/\"2\"".into()) });
        assert_eq!(server.lines(), ["PUT /fhir/ResearchSubject/abc"]);
        assert_eq!(server.header(0, "if-match").as_deref(), Some("W/\"1\""));
        assert_eq!(server.header(0, "authorization").as_deref(), Some("Bearer hush"));
    });
}

#[test]
fn without_update_create_it_is_conditional_and_the_id_is_kept() {
    run(async {
        let location = "http://t/fhir/ResearchSubject/77/_history/1";
        let (base, server) = serve(move |_, _| (201, vec![("location", location.into())], vec![])).await;
        let sent = send(&base, Action::Put, CONDITIONAL, Known::default(), false).await;
        assert_eq!(sent, Sent::Done { remote: Some("77".into()), etag: None });
        let line = "PUT /fhir/ResearchSubject?identifier=https%3A%2F%2Ft.example%2Fsid%2Fsubject%2Fx%7Cabc";
        assert_eq!(server.lines(), [line]);
        let neither = send(&base, Action::Put, Capabilities::default(), Known::default(), false).await;
        assert!(matches!(neither, Sent::Dead { .. }));
    });
}

#[test]
fn a_conflict_is_read_again() {
    run(async {
        let (base, server) = serve(|method, _| match method {
            "PUT" => plain(412),
            _ => (200, vec![("etag", "W/\"9\"".into())], b"theirs".to_vec()),
        })
        .await;
        let done = send(&base, Action::Put, UPDATE_CREATE, Known::default(), true).await;
        assert_eq!(done, Sent::Done { remote: None, etag: Some("W/\"9\"".into()) });
        assert_eq!(server.lines()[1], "GET /fhir/ResearchSubject/abc");
        let other = send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await;
        let wanted = Sent::Conflict { remote: None, body: b"theirs".to_vec(), etag: Some("W/\"9\"".into()) };
        assert_eq!(other, wanted);
    });
}

#[test]
fn a_removal_of_what_is_gone_is_done() {
    run(async {
        let (base, server) = serve(|_, _| plain(404)).await;
        let done = Sent::Done { remote: None, etag: None };
        assert_eq!(send(&base, Action::Delete, UPDATE_CREATE, Known::default(), false).await, done);
        assert_eq!(server.lines(), ["DELETE /fhir/ResearchSubject/abc"]);
    });
}

#[test]
fn passing_failures_wait_and_refusals_die_in_the_target_s_words() {
    run(async {
        for status in [408, 423, 429, 500, 503] {
            let (base, _) = serve(move |_, _| (status, vec![("retry-after", "7".into())], vec![])).await;
            let sent = send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await;
            assert!(matches!(sent, Sent::Later { not_before: Some(at), .. } if at == NOW.plus_us(7_000_000)));
        }
        let date = "Sun, 15 Mar 2026 00:01:00 GMT";
        let own = "Sun, 15 Mar 2026 00:00:00 GMT";
        let (base, _) =
            serve(move |_, _| (429, vec![("date", own.into()), ("retry-after", date.into())], vec![])).await;
        let sent = send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await;
        assert!(matches!(sent, Sent::Later { not_before: Some(at), .. } if at == NOW.plus_us(60_000_000)));
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"code":"invalid","diagnostics":"Patient/p77 unknown for abc"}]}"#;
        let (base, _) = serve(move |_, _| (422, vec![], outcome.into())).await;
        let sent = send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await;
        assert_eq!(sent, Sent::Dead { answer: "HTTP 422: invalid […] unknown for […]".into() });
        let (base, _) = serve(|_, _| (400, vec![], b"<html>Jane</html>".to_vec())).await;
        let Sent::Dead { answer } = send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await else {
            panic!("wanted a dead letter")
        };
        assert!(!answer.contains("Jane"));
        let sent = send("http://127.0.0.1:1/fhir", Action::Put, UPDATE_CREATE, Known::default(), false).await;
        assert!(matches!(sent, Sent::Later { not_before: None, .. }));
    });
}

#[test]
fn redirects_are_not_followed_and_answers_are_bounded() {
    run(async {
        let (other, thief) = serve(|_, _| plain(200)).await;
        let to = format!("{other}/ResearchSubject/abc");
        let (base, _) = serve(move |_, _| (307, vec![("location", to.clone())], vec![])).await;
        assert!(matches!(send(&base, Action::Put, UPDATE_CREATE, Known::default(), false).await, Sent::Dead { .. }));
        assert!(client(&base).next_page(&format!("{other}/x"), NOW).await.is_err());
        assert!(thief.lines().is_empty(), "nothing went to the other port");
        let (base, _) = serve(|_, _| (200, vec![], vec![b' '; MAX_ANSWER_BYTES + 1])).await;
        let answer = client(&base).get(&["metadata"], &[], NOW).await.expect("an answer");
        assert!(answer.too_long && answer.body.is_empty());
    });
}

#[test]
fn a_probe_takes_only_what_is_said() {
    run(async {
        let (base, _) = serve(|_, _| plain(404)).await;
        assert_eq!(client(&base).probe(NOW).await, Ok(Capabilities::default()));
        let statement = r#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[{"type":"ResearchSubject",
            "interaction":[{"code":"update"}],"updateCreate":true,"versioning":"versioned"}]}]}"#;
        let (base, _) = serve(move |_, _| (200, vec![], statement.into())).await;
        let wanted = Capabilities { update_create: true, versioned: true, ..Capabilities::default() };
        assert_eq!(client(&base).probe(NOW).await, Ok(wanted));
    });
}

#[test]
fn a_base_must_be_fit_for_a_token() {
    for base in ["http://ehr.example/fhir", "ftp://x/", "https://u:p@x/fhir", "https://x/fhir?a=b", "x"] {
        let settings = LinkSettings {
            base: base.into(),
            token: None,
            timeout: Duration::from_secs(1),
            user_agent: "t".into(),
            insecure: false,
        };
        assert!(Client::new(settings).is_err(), "{base}");
    }
    assert!(!format!("{:?}", Secret::new("hush")).contains("hush"));
}

proptest! {
    #[test]
    fn waits_stay_between_now_and_the_ceiling(tries in 0..1000_i64, random: u64, age in 0..retry::HORIZON_US) {
        let first = NOW.plus_us(-age);
        let next = retry::next(tries, Some(first), NOW, random).expect("before the horizon");
        prop_assert!(next >= NOW && next <= NOW.plus_us(retry::CAP_US) && next <= first.plus_us(retry::HORIZON_US));
        prop_assert_eq!(retry::next(tries, Some(NOW.plus_us(-retry::HORIZON_US)), NOW, random), None);
    }
}

/// A terminology server that has these codes, pages of at most `page`, and says or hides how many there are.
pub(crate) fn terminology(codes: usize, page: usize, says_total: bool) -> impl Fn(&str, &str) -> Reply {
    move |_, uri| {
        let number = |name: &str| {
            let words = uri.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            words.and_then(|w| w.parse::<usize>().ok()).unwrap_or(0)
        };
        let (from, count) = (number("offset").min(codes), number("count").min(page));
        let until = (from + count).min(codes);
        let entry = |n: usize| serde_json::json!({ "system": "http://snomed.info/sct", "code": n.to_string() });
        let contains: Vec<serde_json::Value> = (from..until).map(entry).collect();
        let mut expansion = serde_json::json!({ "timestamp": "2026-01-01", "offset": from, "contains": contains,
            "parameter": [{ "name": "count", "valueInteger": count }, { "name": "version", "valueUri": "sct|2026" }] });
        if says_total {
            expansion["total"] = codes.into();
        }
        let body = serde_json::json!({ "resourceType": "ValueSet", "status": "active", "version": "7", "expansion": expansion });
        (200, vec![], body.to_string().into_bytes())
    }
}

#[test]
fn an_expansion_is_fetched_page_after_page_until_it_is_whole() {
    run(async {
        for (codes, page, says_total) in
            [(0, 10, true), (3, 1_000, true), (2_500, 1_000, true), (2_500, 1_000, false), (25, 10, true)]
        {
            let (base, server) = serve(terminology(codes, page, says_total)).await;
            let kept = client(&base).expand("http://x.example/vs", NOW).await.expect("whole");
            let all = kept["expansion"]["contains"].as_array().expect("codes");
            assert_eq!((all.len(), &kept["expansion"]["total"]), (codes, &codes.into()), "{codes} by {page}");
            assert_eq!((&kept["url"], &kept["version"]), (&"http://x.example/vs".into(), &"7".into()));
            assert_eq!(kept["expansion"]["parameter"].as_array().map(Vec::len), Some(1), "what is of a page goes");
            assert_eq!(
                server.lines()[0],
                "GET /fhir/ValueSet/$expand?url=http%3A%2F%2Fx.example%2Fvs&offset=0&count=1000"
            );
        }
    });
}

#[test]
fn an_expansion_that_is_not_whole_is_none_and_says_why() {
    let outcome = |status: u16, code: &str| {
        let body = format!(
            r#"{{"resourceType":"OperationOutcome","issue":[{{"severity":"error","code":"{code}","diagnostics":"words of the server"}}]}}"#
        );
        (status, vec![], body.into_bytes())
    };
    let marked = |word: &str| {
        let body = format!(
            r#"{{"resourceType":"ValueSet","expansion":{{"extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/{word}","valueBoolean":true}}],"contains":[]}}}}"#
        );
        (200, vec![], body.into_bytes())
    };
    let table: Vec<(Reply, &str)> = vec![
        (
            outcome(422, "too-costly"),
            "too costly to expand (HTTP 422: too-costly words of the server); wanted a narrower value set",
        ),
        (outcome(404, "not-found"), "no such value set, or cannot expand (HTTP 404: not-found"),
        (outcome(400, "invalid"), "the server refuses (HTTP 400: invalid"),
        (plain(503), "cannot answer now (HTTP 503); try again later"),
        (marked("valueset-toocostly"), "too costly and gave a part"),
        (marked("valueset-unclosed"), "has no end (unclosed)"),
        ((200, vec![], b"<html>".to_vec()), "the answer is no JSON"),
        ((200, vec![], br#"{"resourceType":"ValueSet"}"#.to_vec()), "no ValueSet with an expansion"),
        ((200, vec![], vec![b' '; MAX_ANSWER_BYTES + 1]), "longer than the bound"),
    ];
    run(async {
        for (reply, words) in table {
            let (base, _) = serve(move |_, _| reply.clone()).await;
            let found = client(&base).expand("http://x.example/vs", NOW).await.expect_err(words);
            assert!(found.contains(words), "{words}: {found}");
        }
        // It promises 5 codes and gives the same two for ever.
        let body = br#"{"resourceType":"ValueSet","expansion":{"total":5,"contains":[{"system":"s","code":"1"},{"system":"s","code":"2"}]}}"#;
        let (base, server) = serve(move |_, _| (200, vec![], body.to_vec())).await;
        let found = client(&base).expand("http://x.example/vs", NOW).await.expect_err("not whole");
        assert_eq!(found, "the page from 2 on has nothing new, of 5 codes; it is not whole");
        assert_eq!(server.lines().len(), 2);
        let body =
            br#"{"resourceType":"ValueSet","expansion":{"total":100001,"contains":[{"system":"s","code":"1"}]}}"#;
        let (base, _) = serve(move |_, _| (200, vec![], body.to_vec())).await;
        assert!(
            client(&base)
                .expand("http://x.example/vs", NOW)
                .await
                .expect_err("bound")
                .contains("more than 100000 codes")
        );
        let dead = client("http://127.0.0.1:1/fhir").expand("http://x.example/vs", NOW).await;
        assert_eq!(dead.expect_err("nobody listens"), "cannot be reached");
    });
}
