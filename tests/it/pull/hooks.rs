//! Rest-hooks: what may be told, what is made of it, and that it is a hint and no more.

use super::hospital::Manner;
use super::*;
use crate::place::on_both;
use std::io::{BufRead, BufReader, Read, Write};
use tokio::net::TcpListener;
use trialgate::flow::hooks::{HINTS_MAX, Hints, Hook, HookSettings, TOKEN_MIN, Told};
use trialgate::flow::pull::{bring, run};
use trialgate::http::hooks::{HOOK_BYTES, HOOK_PATHS, HOOKS_PER_MINUTE};
use trialgate::http::running::{Running, Serving};

const TOKEN: &str = "a-token-of-the-hospital-for-us";

fn settings() -> HookSettings {
    serde_json::from_value(json!({ "token": TOKEN })).expect("settings")
}

fn hook(ward: &Ward) -> Arc<Hook> {
    Arc::new(Hook::new("ehr", &ward.hospital.base(), settings()))
}

fn serve(ward: &Ward, hook: &Arc<Hook>) -> Running {
    let mut serving = Serving::local().expect("a listener");
    serving.hooks = [("ehr".to_owned(), hook.clone())].into();
    Running::start(ward.gateway.clone(), serving, None)
}

/// One request: status, and the body of the answer.
async fn tell(server: &Running, verb: &str, path: &str, headers: &[&str], body: &[u8]) -> (u16, String) {
    let address = server.base().trim_start_matches("http://").to_owned();
    let mut sent =
        format!("{verb} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|line| sent.push_str(&format!("{line}\r\n")));
    let sent = [format!("{sent}\r\n").as_bytes(), body].concat();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("connects");
        let _ = stream.write_all(&sent);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = answer.await.expect("no panic");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status"), body.to_owned())
}

/// A notification as the R4 backport has it.
fn backport(sort: &str, events: i64, told: &[(i64, &str)]) -> Vec<u8> {
    let part = |name: &str, member: &str, value: Value| json!({ "name": name, member: value });
    let mut all = vec![
        part("subscription", "valueReference", json!({ "reference": "https://ehr.example/fhir/Subscription/s1" })),
        part("topic", "valueCanonical", json!("https://ehr.example/topic")),
        part("status", "valueCode", json!("active")),
        part("type", "valueCode", json!(sort)),
        part("events-since-subscription-start", "valueString", json!(events.to_string())),
    ];
    for (number, focus) in told {
        let parts = json!([{ "name": "event-number", "valueString": number.to_string() },
            { "name": "focus", "valueReference": { "reference": focus } }]);
        all.push(part("notification-event", "part", parts));
    }
    let status = json!({ "resourceType": "Parameters", "parameter": all });
    json!({ "resourceType": "Bundle", "type": "history", "entry": [{ "resource": status }] }).to_string().into_bytes()
}

/// The same as R5 has it.
fn status(sort: &str, events: i64, told: &[(i64, &str)]) -> Vec<u8> {
    let event =
        |(number, focus): &(i64, &str)| json!({ "eventNumber": number.to_string(), "focus": { "reference": focus } });
    let status = json!({ "resourceType": "SubscriptionStatus", "status": "active", "type": sort,
        "eventsSinceSubscriptionStart": events.to_string(), "subscription": { "reference": "Subscription/s1" },
        "notificationEvent": told.iter().map(event).collect::<Vec<_>>() });
    json!({ "resourceType": "Bundle", "type": "subscription-notification", "entry": [{ "resource": status }] })
        .to_string()
        .into_bytes()
}

on_both!(
    a_gap_in_the_counters_asks_for_a_round,
    events_that_were_not_heard_are_asked_for_where_the_source_tells_them,
    what_is_hinted_at_is_read_where_it_is,
);

async fn a_gap_in_the_counters_asks_for_a_round(place: Place) {
    type Form = fn(&str, i64, &[(i64, &str)]) -> Vec<u8>;
    for form in [backport as Form, status as Form] {
        let place = place.another();
        let ward = ward(&place, By::Server, |_| {}).await;
        let hook = hook(&ward);
        let absolute = format!("{}/Observation/o9/_history/3", hook.base);
        let elsewhere = "https://other.example/fhir/Observation/o1";
        for (sort, events, told, resources, round, missed) in [
            ("handshake", 0, vec![], 0, false, 0),
            ("event-notification", 1, vec![(1, "Observation/o1")], 1, false, 0),
            ("heartbeat", 1, vec![], 0, false, 0),
            // Told again, and late: nothing is missing.
            ("event-notification", 1, vec![(1, "Observation/o1")], 1, false, 0),
            ("event-notification", 4, vec![(4, absolute.as_str())], 1, true, 2),
            ("event-notification", 3, vec![(2, "Observation/o2"), (3, "Observation/o3")], 2, false, 0),
            ("heartbeat", 6, vec![], 0, true, 2),
            ("event-notification", 8, vec![(7, "Observation/o7"), (8, "Patient/p1")], 2, false, 0),
            // What is not below the base, of another type or no reference at all is not followed.
            ("event-notification", 11, vec![(9, elsewhere), (10, "Encounter/e1"), (11, "../metadata")], 0, false, 0),
            ("event-notification", 12, vec![], 0, true, 0),
            // It starts anew.
            ("handshake", 0, vec![], 0, false, 0),
            ("event-notification", 1, vec![(1, "Condition/c1")], 1, false, 0),
        ] {
            let answered = hook.posted(&ward.gateway, &form(sort, events, &told)).await.expect("taken");
            assert_eq!(answered, Told { resources, round, missed }, "{sort} {events} {told:?}");
            let waits = hook.take();
            assert_eq!((waits.round, waits.resources.len()), (round, resources), "{sort} {events} {told:?}");
        }
        // What another gateway of the same store heard counts as well, and so after a restart.
        hook.posted(&ward.gateway, &form("event-notification", 2, &[(2, "Observation/o2")])).await.expect("taken");
        let later = Hook::new("ehr", &ward.hospital.base(), settings());
        let told =
            later.posted(&ward.gateway, &form("event-notification", 5, &[(5, "Observation/o5")])).await.expect("taken");
        assert_eq!(told, Told { resources: 1, round: true, missed: 2 });
    }
}

async fn events_that_were_not_heard_are_asked_for_where_the_source_tells_them(place: Place) {
    let ward = ward(&place, By::Server, |_| {}).await;
    let hook = hook(&ward);
    let subscription = format!("{}/Subscription/s1", hook.base);
    let told = |form: &[u8]| {
        String::from_utf8_lossy(form).replace("https://ehr.example/fhir/Subscription/s1", &subscription).into_bytes()
    };
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    for n in ["o1", "o2", "o3", "o4", "o5"] {
        ward.hospital.keeps(result(n, "p1", 1), CLOCK - 10);
    }
    let event = |n: i64, focus: &str| told(&backport("event-notification", n, &[(n, focus)]));
    let asked = async |body: &[u8]| {
        hook.posted(&ward.gateway, body).await.expect("taken");
        let hints = hook.take();
        assert!(hints.round, "a round, unless the source tells");
        let pulled = bring(&ward.gateway, &ward.feed, &hints).await;
        assert!(pulled.problems.is_empty(), "{pulled:?}");
        ward.hospital.asked()
    };
    hook.posted(&ward.gateway, &event(1, "Observation/o1")).await.expect("taken");
    hook.take();
    ward.hospital.asked();
    // All of them are told: no round.
    ward.hospital.tells(&told(&backport(
        "query-event",
        4,
        &[(2, "Observation/o2"), (3, "Observation/o3"), (4, "Observation/o4")],
    )));
    let log = asked(&event(4, "Observation/o4")).await;
    let events = "Subscription/s1/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=id-only";
    assert_eq!(log, [events, "Observation/o2", "Observation/o3", "Observation/o4"]);
    assert_eq!(ward.observations().await, ids(&["o2", "o3", "o4"]));
    // One is missing there, or one has no name: a round.
    let unnamed = String::from_utf8(told(&backport("query-event", 9, &[(8, "Observation/o5"), (9, "Observation/o5")])))
        .expect("text");
    let unnamed = unnamed.replace("\"focus\"", "\"other\"").into_bytes();
    for (n, answer) in [(7, told(&backport("query-event", 7, &[(5, "Observation/o5")]))), (10, unnamed)] {
        ward.hospital.tells(&answer);
        let log = asked(&event(n, "Observation/o4")).await;
        assert!(
            log.iter().any(|l| l.contains("$events")) && log.iter().any(|l| l.starts_with("Observation?")),
            "{log:?}"
        );
    }
    assert_eq!(ward.observations().await, ids(&["o1", "o2", "o3", "o4", "o5"]));
    // A round that is wanted anyway asks for no events, and a Subscription of elsewhere is not asked about.
    hook.round();
    assert!(!asked(&event(13, "Observation/o4")).await.iter().any(|l| l.contains("$events")));
    hook.posted(&ward.gateway, &backport("event-notification", 9, &[(9, "Observation/o4")])).await.expect("taken");
    hook.take();
    assert!(
        !asked(&backport("event-notification", 12, &[(12, "Observation/o4")]))
            .await
            .iter()
            .any(|l| l.contains("$events"))
    );
}

#[tokio::test]
async fn what_is_told_is_judged_before_it_counts() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |_| {}).await;
    let hook = hook(&ward);
    let server = serve(&ward, &hook);
    let (ours, json_body) = (format!("Authorization: Bearer {TOKEN}"), "Content-Type: application/fhir+json");
    let ok = [ours.as_str(), json_body];
    let resource = result("o1", "p1", 5).to_string();
    let resource = resource.as_bytes();
    let long = vec![b' '; HOOK_BYTES + 1];
    for (verb, path, headers, body, wanted) in [
        ("POST", "/hooks/ehr", &[][..], &b""[..], 401),
        ("POST", "/hooks/ehr", &["Authorization: Bearer wrong"], b"", 401),
        ("POST", "/hooks/ehr", &[ours.as_str(), ours.as_str()], b"", 401),
        ("POST", "/hooks/nosource", &ok, b"", 401),
        ("PUT", "/hooks/ehr/Observation/o1", &[json_body], resource, 401),
        ("DELETE", "/hooks/ehr/Observation/o1", &[], b"", 401),
        ("GET", "/hooks/ehr", &ok, b"", 405),
        ("PUT", "/hooks/ehr", &ok, b"", 405),
        ("POST", "/hooks/ehr/Observation/o1", &ok, b"", 405),
        ("POST", "/hooks/ehr/Observation", &ok, b"", 404),
        ("POST", "/hooks/ehr", &[ours.as_str(), "Content-Type: application/fhir+xml"], b"<Bundle/>", 415),
        ("POST", "/hooks/ehr", &ok, b"{", 400),
        ("POST", "/hooks/ehr", &ok, resource, 400),
        (
            "POST",
            "/hooks/ehr",
            &ok,
            br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]}"#,
            400,
        ),
        ("POST", "/hooks/ehr", &ok, &long, 413),
        ("PUT", "/hooks/ehr/Observation/o2", &ok, resource, 400),
        ("PUT", "/hooks/ehr/Condition/o1", &ok, resource, 400),
        ("PUT", "/hooks/ehr/Observation/o1", &ok, b"{\"resourceType\"", 400),
        ("DELETE", "/hooks/ehr/Observation/..%2f..", &ok, b"", 400),
    ] {
        let (status, answer) = tell(&server, verb, path, headers, body).await;
        assert_eq!(status, wanted, "{verb} {path} {answer}");
        assert!(answer.contains("OperationOutcome"), "{verb} {path} {answer}");
        assert!(!answer.contains(TOKEN), "{answer}");
        assert_eq!(hook.take(), Hints::default(), "{verb} {path}");
    }
    assert_eq!(HOOK_PATHS.len(), 2, "each is told something here");
    assert_eq!(tell(&server, "POST", "/hooks/ehr", &[ours.as_str()], b"").await.0, 200);
    assert!(hook.take().round);
    let (status, echoed) = tell(&server, "PUT", "/hooks/ehr/Observation/o1", &ok, resource).await;
    assert_eq!((status, echoed.as_bytes()), (200, resource), "what was received is answered");
    assert_eq!(hook.take().resources, [(ResourceType::Observation, "o1".to_owned())].into());
    assert_eq!(tell(&server, "DELETE", "/hooks/ehr/Observation/o1", &[ours.as_str()], b"").await.0, 200);
    assert_eq!(hook.take().resources.len(), 1);
    // A type that is not kept is no fault of the one who tells.
    assert_eq!(tell(&server, "DELETE", "/hooks/ehr/Encounter/e1", &[ours.as_str()], b"").await.0, 200);
    let r5 = [ours.as_str(), "Content-Type: application/fhir+json; fhirVersion=5.0"];
    assert_eq!(tell(&server, "POST", "/hooks/ehr", &r5, &super::hooks::status("heartbeat", 0, &[])).await.0, 200);
    assert_eq!(hook.take(), Hints::default());
    server.stop().await;
}

#[test]
fn too_many_hints_are_a_round_and_settings_are_judged() {
    let hook = Hook::new("ehr", "https://ehr.example/fhir/", settings());
    for n in 0..=HINTS_MAX {
        hook.hinted("Observation", &format!("o{n}")).expect("an id");
    }
    assert_eq!(hook.take(), Hints { round: true, ..Hints::default() });
    let other = HookSettings { header: "X-Hook".into(), ..settings() };
    let named = Hook::new("ehr", "https://ehr.example/fhir", other.clone());
    assert!(
        named.admits(TOKEN.as_bytes()) && !named.admits(b"") && !named.admits(format!("Bearer {TOKEN}").as_bytes())
    );
    assert_eq!((settings().wrong(), other.wrong()), (None, None));
    let short = HookSettings { token: "x".repeat(TOKEN_MIN - 1), ..settings() };
    assert_eq!(short.wrong().expect("wrong").0, "token");
    assert_eq!(HookSettings { header: "A B".into(), ..settings() }.wrong().expect("wrong").0, "header");
    let text = "[sources.ehr]\nzone = \"UTC\"\n[sources.ehr.hooks]\ntoken = \"0123456789012345678901\"\n";
    let alone = trialgate::config::Settings::parse(text).expect_err("refused");
    assert!(alone.contains("a hook is only a hint") && !alone.contains("0123456789"), "{alone}");
    let both = format!("{text}[sources.ehr.pull]\nurl = \"https://ehr.example/fhir\"\nby = \"server\"\n");
    let both = trialgate::config::Settings::parse(&both).expect("settings");
    assert!(!both.masked().to_string().contains("0123456789"), "the token is masked");
}

async fn what_is_hinted_at_is_read_where_it_is(place: Place) {
    let ward = ward(&place, By::Server, |pull| pull.kinds = vec!["Patient".into(), "Observation".into()]).await;
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    for n in ["o1", "o2"] {
        ward.hospital.keeps(result(n, "p1", 1), CLOCK - 10);
    }
    let hints = |resources: &[(ResourceType, &str)]| Hints {
        round: false,
        resources: resources.iter().map(|(kind, id)| (*kind, (*id).to_owned())).collect(),
        gaps: Vec::new(),
    };
    use ResourceType::{Condition, Observation};
    let some = hints(&[(Observation, "o1"), (Observation, "nowhere"), (Condition, "c1")]);
    let pulled = bring(&ward.gateway, &ward.feed, &some).await;
    assert_eq!((pulled.problems.len(), pulled.deleted), (0, 1), "{pulled:?}");
    assert_eq!(ward.observations().await, ids(&["o1"]));
    assert_eq!(
        ward.hospital.asked(),
        ["Observation/nowhere", "Observation/o1"],
        "a type that is not pulled is not asked for"
    );
    ward.hospital.forgets("Observation", "o1");
    bring(&ward.gateway, &ward.feed, &some).await;
    assert!(ward.observations().await.is_empty(), "gone there, gone here");
    // A hint beside a round: both.
    ward.hospital.asked();
    let pulled = bring(&ward.gateway, &ward.feed, &Hints { round: true, ..hints(&[(Observation, "o2")]) }).await;
    assert_eq!((pulled.problems.len(), ward.observations().await), (0, ids(&["o2"])), "{pulled:?}");
    assert_eq!(ward.hospital.asked().last().map(String::as_str), Some("Observation/o2"));

    // Of a roster's patients alone.
    let place = place.another();
    let ward = super::ward(&place, By::Patients, |pull| pull.patients = vec!["p1".into()]).await;
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    ward.hospital.keeps(patient("p2"), CLOCK - 10);
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK - 10);
    ward.hospital.keeps(result("o2", "p2", 1), CLOCK - 10);
    bring(&ward.gateway, &ward.feed, &hints(&[(Observation, "o2")])).await;
    assert_eq!(ward.observations().await, ids(&["o1"]), "a hint brings nobody who is not on the roster");
}

#[tokio::test]
async fn a_hint_wakes_a_feed_that_rests() {
    let place = Place::file();
    let mut ward = ward(&place, By::Server, |pull| pull.every = Duration::from_secs(86_400)).await;
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    let hook = hook(&ward);
    let server = serve(&ward, &hook);
    // Each request that the source answers is told here.
    let (gone_by, mut passing) = tokio::sync::mpsc::unbounded_channel::<String>();
    let inner = ward.hospital.base();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/api/FHIR/R4", listener.local_addr().expect("an address"));
    let front = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (inner, gone_by) = (inner.clone(), gone_by.clone());
        async move {
            let path = request.uri().path_and_query().expect("a path").to_string();
            let rest: Vec<&str> = path.trim_start_matches("/api/FHIR/R4/").split(['/', '?']).collect();
            let settings = link(&inner);
            let segments: Vec<&str> = rest.iter().take(if path.contains('?') { 1 } else { 2 }).copied().collect();
            let now = "ge1900-01-01T00:00:00Z";
            let query = if path.contains('?') { vec![("_lastUpdated", now)] } else { Vec::new() };
            let answer =
                Client::new(settings).expect("a link").get(&segments, &query, Instant(0)).await.expect("an answer");
            let _ = gone_by.send(segments.join("/"));
            (axum::http::StatusCode::from_u16(answer.status).expect("a status"), answer.body)
        }
    });
    tokio::spawn(async move { axum::serve(listener, front).await });
    ward.feed.client = Client::new(link(&base)).expect("a link");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (gateway, feed, waked) = (ward.gateway.clone(), ward.feed, hook.clone());
    let running = tokio::spawn(async move { run(&gateway, &feed, Some(waked), stopped).await });
    for wanted in ["metadata", "Patient", "Observation", "Condition"] {
        assert_eq!(passing.recv().await.as_deref(), Some(wanted), "the first round");
    }
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK);
    let ours = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(tell(&server, "DELETE", "/hooks/ehr/Observation/o1", &[&ours], b"").await.0, 200);
    assert_eq!(passing.recv().await.as_deref(), Some("Observation/o1"), "read where it is, whatever was told of it");
    assert_eq!(tell(&server, "POST", "/hooks/ehr", &[&ours], b"").await.0, 200);
    for wanted in ["metadata", "Patient", "Observation", "Condition"] {
        assert_eq!(passing.recv().await.as_deref(), Some(wanted), "a round");
    }
    stop.send_replace(true);
    running.await.expect("it ends");
    let walk = Walk::through(Narrow::nothing("ehr", ResourceType::Observation), 1000);
    let kept: Vec<String> = ward.store.read(walk).await.expect("read").resources.into_iter().map(|r| r.id).collect();
    assert_eq!(kept, ["o1"]);
    server.stop().await;
}

/// How many tellings a source may send here: far more than a minute's worth, however slowly they go.
const TOLD_MAX: u32 = 10 * HOOKS_PER_MINUTE;

/// Tells again and again over one connection: how many were heard, and the head of the first answer that is none.
fn tell_on(address: &str) -> (u32, String) {
    let mut sent = std::net::TcpStream::connect(address).expect("connects");
    let mut answers = BufReader::new(sent.try_clone().expect("a handle"));
    let request = format!(
        "DELETE /hooks/ehr/Observation/o1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n"
    );
    for told in 0..TOLD_MAX {
        sent.write_all(request.as_bytes()).expect("sent");
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            answers.read_line(&mut line).expect("a line");
            if let Some((_, n)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                length = n.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        answers.read_exact(&mut vec![0; length]).expect("a body");
        if !head.starts_with("HTTP/1.1 200") {
            return (told, head);
        }
    }
    (TOLD_MAX, String::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_too_often_is_a_round_in_its_place() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |_| {}).await;
    let hook = hook(&ward);
    let server = serve(&ward, &hook);
    let address = server.base().trim_start_matches("http://").to_owned();
    let (heard, head) = tokio::task::spawn_blocking(move || tell_on(&address)).await.expect("no panic");
    assert!(heard >= HOOKS_PER_MINUTE, "{heard}");
    assert!(head.starts_with("HTTP/1.1 429") && head.to_ascii_lowercase().contains("retry-after: "), "{heard} {head}");
    let waits = hook.take();
    assert!(waits.round, "nothing that was told is lost");
    assert_eq!(waits.resources, [(ResourceType::Observation, "o1".to_owned())].into());
}

#[tokio::test]
async fn a_server_that_is_away_ends_the_round_and_hints_wait() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |pull| {
        (pull.kinds, pull.every) = (vec!["Observation".into()], Duration::from_millis(10));
    })
    .await;
    for n in ["o1", "o2"] {
        ward.hospital.keeps(result(n, "p1", 1), CLOCK - 10);
    }
    let of = |kind, ids: &[&str]| ids.iter().map(|id| (kind, (*id).to_owned())).collect();
    let both = Hints { round: false, resources: of(ResourceType::Observation, &["o1", "o2"]), gaps: Vec::new() };
    bring(&ward.gateway, &ward.feed, &both).await;
    assert_eq!(ward.observations().await, ids(&["o1", "o2"]));
    // Gone there: polling would never find it, the hint alone does.
    ward.hospital.forgets("Observation", "o1");
    ward.hospital.asked();
    ward.hospital.behaves(&[Manner::Away]);
    let pulled = bring(&ward.gateway, &ward.feed, &both).await;
    assert_eq!(pulled.problems.len(), 1, "{pulled:?}");
    assert_eq!(ward.hospital.asked(), ["Observation/o1"; 4], "the others would fare no better");

    let hook = hook(&ward);
    hook.resource(ResourceType::Observation, "o1");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (gateway, feed, waked) = (ward.gateway.clone(), ward.feed, hook.clone());
    let running = tokio::spawn(async move { run(&gateway, &feed, Some(waked), stopped).await });
    let mut asked = 0;
    while asked < 9 {
        asked += ward.hospital.asked().len();
        tokio::task::yield_now().await;
    }
    ward.hospital.behaves(&[]);
    let kept = || async {
        let walk = Walk::through(Narrow::nothing("ehr", ResourceType::Observation), 1000);
        ward.store.read(walk).await.expect("read").resources.len()
    };
    let gone = async { while kept().await > 1 {} };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("the hint is followed once the server is back");
    stop.send_replace(true);
    running.await.expect("it ends");
}

#[tokio::test]
async fn a_server_that_is_away_ends_a_round_of_many_patients() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| {
        (pull.kinds, pull.patients) = (vec!["Observation".into()], vec!["p1".into(), "p2".into(), "p3".into()]);
    })
    .await;
    ward.hospital.behaves(&[Manner::Away]);
    let pulled = trialgate::flow::pull::round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.problems.len(), ward.hospital.asked().len()), (1, 4), "{pulled:?}");
}
