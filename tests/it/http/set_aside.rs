//! What was set aside, by HTTP and by command: each client sees its own source; a replay keeps what is right by now and nothing else.

use super::house::{House, NOW, open, open_as};
use crate::program::Folder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trialgate::flow::aside::{AsideList, OF_ANOTHER, Replayed};
use trialgate::flow::lines::Line;
use trialgate::http::auth::{Client, Right};
use trialgate::http::limits::Limits;
use trialgate::model::time::Instant;
use trialgate::store::{Caller, KeepAside, SetAside};

const BY_NUMBER: &str = r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
    "subject":{"identifier":{"system":"urn:mrn","value":"7"}},"valueString":"1"}"#;
const PERSON: &str = r#"{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:mrn","value":"7"}]}"#;
const WRONG: &str =
    r#"{"resourceType":"Observation","id":"w","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#;

fn caller() -> Caller {
    Caller { actor: "tester".into(), purpose: "intake".into() }
}

async fn arrive(house: &House, source: &str, bodies: &[&str]) {
    let source = house.gateway.source(source).expect("a source");
    let lines: Vec<Line<'_>> = bodies.iter().map(|b| Line { place: "file:1", body: b.as_bytes() }).collect();
    house.gateway.load_lines(source, &lines, &caller()).await.expect("loaded");
}

async fn aside(house: &House, source: &str, reason: &str, body: &str) -> i64 {
    let aside = SetAside { source: source.into(), reason: reason.into(), place: "page".into(), body: body.into() };
    house.store.write(KeepAside { aside, caller: caller(), at: Instant(NOW) }).await.expect("kept")
}

fn numbers(answer: &Value) -> Vec<i64> {
    answer["rows"].as_array().expect("rows").iter().filter_map(|r| r["number"].as_i64()).collect()
}

#[tokio::test]
async fn what_is_right_by_now_is_kept_by_a_replay_and_what_is_wrong_stays() {
    let house = open().await;
    arrive(&house, "main", &[BY_NUMBER]).await;
    arrive(&house, "main", &[WRONG]).await;
    let listed = house.get("/api/set-aside").await.json();
    assert_eq!((numbers(&listed), &listed["more"]), (vec![1, 2], &json!(false)), "{listed}");
    let why = listed["rows"][1]["reason"].as_str().expect("a reason").to_owned();
    assert!(why.contains("status") && listed["rows"][1]["body"].is_null(), "{listed}");
    assert_eq!(numbers(&house.get("/api/set-aside?reason=status&count=1").await.json()), [2]);
    assert_eq!(numbers(&house.get("/api/set-aside?after=1").await.json()), [2]);
    assert_eq!(house.get("/api/set-aside/2").await.json()["body"], WRONG);

    let json = ["Content-Type: application/json"];
    let replay = async |n: i64| house.ask("POST", &format!("/api/set-aside/{n}/replay"), &json, b"").await.json();
    assert_eq!(replay(1).await["result"], "refused", "the Patient is not there yet");
    arrive(&house, "main", &[PERSON]).await;
    let (first, second) = (replay(1).await, replay(2).await);
    assert_eq!((&first["result"], &first["type"]), (&json!("kept"), &json!("Observation")));
    assert!(second["result"] == "refused" && second["reason"].as_str().expect("why").contains("status"), "{second}");
    assert_eq!(house.get("/fhir/Observation/o").await.status, 200);
    // Kept once: the row is closed, and none was added for what stays.
    assert_eq!(replay(1).await["result"], "left out");
    assert_eq!(numbers(&house.get("/api/set-aside").await.json()), [2]);
    assert_eq!(numbers(&house.get("/api/set-aside?closed=true").await.json()), [1, 2]);
    for (path, status) in [("/api/set-aside/9", 404), ("/api/set-aside/x", 404), ("/api/set-aside?sorce=main", 400)] {
        assert_eq!(house.get(path).await.status, status, "{path}");
    }
    // A page of another origin cannot send this without being asked first.
    assert_eq!(house.ask("POST", "/api/set-aside/2/replay", &[], b"").await.status, 400);
}

#[tokio::test]
async fn a_replay_of_all_leaves_out_what_may_be_somebody_elses_and_what_is_older() {
    let house = open().await;
    arrive(&house, "main", &[PERSON]).await;
    let good = |id: &str, value: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"valueString":"{value}"}}"#
        )
    };
    aside(&house, "main", &format!("error (conflict) at subject: {OF_ANOTHER}"), &good("a", "1")).await;
    aside(&house, "main", "error (processing): a fault that is mended", &good("b", "1")).await;
    aside(&house, "main", "error (structure)", "PID|1 is no message").await;
    aside(&house, "nowhere", "error (processing)", &good("c", "1")).await;
    let older = aside(&house, "main", "error (processing)", &good("d", "old")).await;
    arrive(&house, "main", &[&good("d", "new")]).await;
    let sums = house.gateway.replay_all(&AsideList::default(), &caller()).await.expect("replayed");
    assert_eq!(sums.words, [("kept", 1), ("left out", 4)].into());
    let why: Vec<&str> = sums.reasons.keys().map(String::as_str).collect();
    for part in ["another Patient", "another version", "no FHIR resource", "`nowhere` is not configured"] {
        assert!(why.iter().any(|w| w.contains(part)), "{part}: {why:?}");
    }
    assert_eq!(
        (house.get("/fhir/Observation/a").await.status, house.get("/fhir/Observation/b").await.status),
        (404, 200)
    );
    assert_eq!(house.get("/fhir/Observation/d").await.json()["valueString"], "new");
    // Somebody looked at it and says that it is of no use.
    assert!(house.gateway.dismiss(older, &caller()).await.expect("dismissed"));
    assert!(!house.gateway.dismiss(older, &caller()).await.expect("read"), "once");
    let again = house.gateway.replay(older, &caller()).await.expect("read");
    assert_eq!(again, Replayed::LeftOut("it was dismissed".into()));
    assert!(house.gateway.dismiss(99, &caller()).await.is_err());
}

#[tokio::test]
async fn the_same_bytes_are_set_aside_once_and_what_was_dismissed_stays_so() {
    let house = open().await;
    let open_rows = async || numbers(&house.get("/api/set-aside").await.json());
    for _ in 0..2 {
        arrive(&house, "main", &[WRONG]).await;
        assert_eq!(open_rows().await, [1]);
    }
    assert!(house.gateway.dismiss(1, &caller()).await.expect("dismissed"));
    arrive(&house, "main", &[WRONG]).await;
    assert!(open_rows().await.is_empty());
    assert_eq!(numbers(&house.get("/api/set-aside?closed=true").await.json()), [1]);
    assert_eq!(house.get("/api/set-aside/1").await.json()["state"], "dismissed");
    // A byte more is another resource, and waits.
    arrive(&house, "main", &[&format!("{WRONG} ")]).await;
    assert_eq!(open_rows().await.len(), 1);
}

#[tokio::test]
async fn a_client_sees_and_replays_its_own_source_alone() {
    let client = |name: &str, source: &str, rights: &[Right]| Client {
        name: name.into(),
        token: Sha256::digest(name).into(),
        source: source.into(),
        rights: rights.to_vec(),
        until: None,
    };
    let clients = vec![
        client("lab-reads", "lab", &[Right::Read]),
        client("lab-writes", "lab", &[Right::Write]),
        client("main-both", "main", &[Right::Read, Right::Write]),
    ];
    let house = open_as(Limits::default(), clients, axum::Router::new()).await;
    let mine = aside(&house, "lab", "error", BY_NUMBER).await;
    let get = async |who: &str, path: &str| {
        house.ask("GET", path, &[&format!("Authorization: Bearer {who}")], b"").await.status
    };
    let replay = async |who: &str| {
        let headers = [&*format!("Authorization: Bearer {who}"), "Content-Type: application/json"];
        house.ask("POST", &format!("/api/set-aside/{mine}/replay"), &headers, b"").await.status
    };
    let one = format!("/api/set-aside/{mine}");
    assert_eq!(get("lab-reads", "/api/set-aside?source=lab").await, 200);
    assert_eq!(get("lab-reads", &one).await, 200);
    assert_eq!(get("lab-writes", &one).await, 403, "the body is for who may read");
    assert_eq!(get("main-both", "/api/set-aside?source=lab").await, 403);
    assert_eq!((get("main-both", &one).await, replay("main-both").await), (404, 404), "not even that it is there");
    assert_eq!((get("nobody", &one).await, replay("nobody").await), (401, 401));
    assert_eq!((replay("lab-reads").await, replay("lab-writes").await), (403, 200));
}

#[test]
fn the_command_lists_shows_replays_and_dismisses() {
    let folder = Folder::new("set-aside");
    let file = folder.0.join("lines.ndjson");
    std::fs::write(&file, [BY_NUMBER.replace('\n', ""), WRONG.to_owned()].join("\n")).expect("written");
    let store = folder.store();
    let run = |args: &[&str]| {
        let out = crate::program::trialgate().args(args).args(["--store", &store]).output().expect("starts");
        let told = [out.stdout, out.stderr].concat();
        (out.status.code(), String::from_utf8_lossy(&told).into_owned())
    };
    run(&["import", file.to_str().expect("text")]);
    let (ended, told) = run(&["set-aside", "list"]);
    assert!(ended == Some(0) && told.contains("lines.ndjson") && told.contains("status"), "{told}");
    let (_, told) = run(&["set-aside", "list", "--json", "--reason", "status"]);
    let listed: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(numbers(&listed).len(), 1, "{listed}");
    let number = numbers(&listed)[0].to_string();
    let (ended, told) = run(&["set-aside", "show", &number]);
    assert!(ended == Some(0) && told.contains(WRONG), "{told}");
    std::fs::write(&file, PERSON).expect("written");
    run(&["import", "--again", file.to_str().expect("text")]);
    let (ended, told) = run(&["set-aside", "replay", "--json"]);
    let sums: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((ended, &sums["results"]), (Some(1), &json!({ "kept": 1, "refused": 1 })), "{told}");
    assert_eq!(run(&["set-aside", "replay", &number]).0, Some(1));
    assert_eq!(run(&["set-aside", "dismiss", &number]).0, Some(0));
    let (ended, told) = run(&["set-aside", "list", "--since", "2000-01-01"]);
    assert!(ended == Some(0) && told.contains("nothing is set aside"), "{told}");
    assert_eq!(run(&["set-aside", "show", "99"]).0, Some(1));
    assert_eq!(run(&["set-aside", "list", "--since", "yesterday"]).0, Some(2));
}

#[tokio::test]
async fn metrics_say_when_a_feed_was_seen_and_what_is_set_aside() {
    let house = open().await;
    let seen = WRONG.replace(r#""id":"w""#, r#""id":"s","status":"final""#);
    arrive(&house, "main", &[&seen, WRONG]).await;
    let text = house.get("/metrics").await.text;
    let seconds = NOW / 1_000_000;
    for line in [
        &*format!("trialgate_feed_last_seen_timestamp_seconds{{source=\"main\"}} {seconds}"),
        "trialgate_feed_silent{source=\"main\"} 0",
        "trialgate_set_aside_open{source=\"main\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}: {text}");
    }
}
