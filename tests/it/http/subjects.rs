//! ResearchSubject as it is served: read, searched, paged, taken back, and never written by a client.

use super::house::{House, open, patient};
use crate::definitions::act_of;
use std::collections::BTreeSet;
use trialgate::model::standing::{Actor, Evidence, Role, Standing, Status};
use trialgate::model::time::Instant;
use trialgate::store::{Finished, PersonOf, SubjectsOfPerson};

/// A door that shows the first trial, and the trial's id.
async fn showing() -> (House, String) {
    let house = open().await;
    let trial = house.show_trials("http://names.test");
    (house, trial)
}

/// Puts a person into the trial; answers the subject's id.
async fn stands(house: &House, trial: &str, name: &str, status: Status, removed: bool) -> String {
    let put = house.ask("PUT", &format!("/fhir/Patient/{name}"), &[], patient(name).as_bytes()).await;
    assert_eq!(put.status, 201);
    let question = PersonOf { source: "main".into(), patient: name.into() };
    let person = house.store.read(question).await.expect("read").expect("a person");
    let standing = Standing {
        person,
        trial: trial.into(),
        attempt: 1,
        version: 1,
        status,
        removed,
        actor: Actor::Person { name: "One".into(), role: Role::Coordinator },
        reason: "test".into(),
        evidence: Evidence {
            consented: (status == Status::OnStudy).then(|| "2026-03-01".into()),
            ..Evidence::default()
        },
        at: Instant(1_773_561_600_000_000),
        expires: None,
        assessment: None,
    };
    let act = act_of(standing);
    assert_eq!(house.store.write(act).await.expect("written"), Finished::Done);
    house.store.read(SubjectsOfPerson { person }).await.expect("read").remove(0).subject.id
}

/// The ids on one page, and the path of the next.
async fn page(house: &House, query: &str) -> (BTreeSet<String>, Option<String>) {
    let answer = house.get(&format!("/fhir/ResearchSubject?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let bundle = answer.json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let ids = entries.iter().map(|e| e["resource"]["id"].as_str().expect("an id").to_owned()).collect();
    let links = bundle["link"].as_array().expect("links");
    let next = links.iter().find(|l| l["relation"] == "next").and_then(|l| l["url"].as_str());
    (ids, next.and_then(|url| url.split_once('?')).map(|(_, query)| query.to_owned()))
}

#[tokio::test]
async fn subjects_are_found_by_each_parameter_and_met_once_over_pages() {
    let (house, trial) = showing().await;
    let a = stands(&house, &trial, "a", Status::Candidate, false).await;
    let b = stands(&house, &trial, "b", Status::OnStudy, false).await;
    let c = stands(&house, &trial, "c", Status::OnStudy, false).await;
    let gone = stands(&house, &trial, "d", Status::Candidate, true).await;
    let studies = house.get("/fhir/ResearchStudy").await.json();
    let study = studies["entry"][0]["resource"]["id"].as_str().expect("a study").to_owned();
    let some = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<_>>();
    for (query, wanted) in [
        (String::new(), some(&[&a, &b, &c])),
        (format!("_id={a},{gone}"), some(&[&a])),
        ("status=on-study".into(), some(&[&b, &c])),
        ("status=on-study,candidate".into(), some(&[&a, &b, &c])),
        (format!("study={study}&status=candidate"), some(&[&a])),
        ("study=ResearchStudy/another".into(), some(&[])),
        ("patient=b".into(), some(&[&b])),
        ("individual=Patient/c&status=on-study".into(), some(&[&c])),
        ("patient=nobody".into(), some(&[])),
        ("patient=d".into(), some(&[])),
        (format!("identifier={b}"), some(&[&b])),
    ] {
        assert_eq!(page(&house, &query).await, (wanted, None), "{query}");
    }
    let (mut met, mut next) = (Vec::new(), Some("_count=1&study=".to_owned() + &study));
    while let Some(query) = next {
        let (ids, after) = page(&house, &query).await;
        assert!(ids.len() <= 1);
        met.extend(ids);
        next = after;
    }
    assert_eq!(met.len(), 3);
    assert_eq!(met.into_iter().collect::<BTreeSet<_>>(), some(&[&a, &b, &c]));
}

#[tokio::test]
async fn a_subject_is_read_with_its_version_and_names_nobody() {
    let (house, trial) = showing().await;
    let id = stands(&house, &trial, "a-known-name", Status::OnStudy, false).await;
    let path = format!("/fhir/ResearchSubject/{id}");
    let read = house.get(&path).await;
    assert_eq!((read.status, read.header("etag")), (200, "W/\"1\""));
    assert_eq!((&read.json()["status"], &read.json()["id"]), (&"on-study".into(), &id.into()));
    assert!(!read.text.contains("a-known-name"), "{}", read.text);
    let same = house.ask("GET", &path, &["If-None-Match: W/\"1\""], b"").await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
}

#[tokio::test]
async fn what_was_taken_back_is_gone_and_nobody_writes_one() {
    let (house, trial) = showing().await;
    let id = stands(&house, &trial, "a", Status::Candidate, true).await;
    let gone = house.get(&format!("/fhir/ResearchSubject/{id}")).await;
    assert_eq!((gone.status, gone.code().as_str()), (410, "deleted"));
    let none = house.get("/fhir/ResearchSubject/none").await;
    assert_eq!((none.status, none.code().as_str()), (404, "not-found"));
    let elsewhere = house.get(&format!("/fhir/lab/ResearchSubject/{id}")).await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "not-supported"));
    for (verb, path) in [("POST", ""), ("PUT", "/x"), ("DELETE", "/x"), ("PATCH", "/x")] {
        let answer = house.ask(verb, &format!("/fhir/ResearchSubject{path}"), &[], b"{}").await;
        assert_eq!(
            (answer.status, answer.code().as_str(), answer.header("allow")),
            (405, "not-supported", "GET, HEAD")
        );
    }
}

#[tokio::test]
async fn a_question_that_is_wrong_is_refused() {
    let (house, trial) = showing().await;
    stands(&house, &trial, "a", Status::Candidate, false).await;
    stands(&house, &trial, "b", Status::Candidate, false).await;
    let (_, next) = page(&house, "_count=1").await;
    let forged = next.expect("a second page").replace("_count=1&", "_count=2&");
    for (query, code) in [
        ("_count=-1", "value"),
        (forged.as_str(), "invalid"),
        ("_cursor=x", "invalid"),
        ("status:not=x", "not-supported"),
    ] {
        let answer = house.get(&format!("/fhir/ResearchSubject?{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}");
    }
    let strict = house.ask("GET", "/fhir/ResearchSubject?nonsense=1", &["Prefer: handling=strict"], b"").await;
    assert_eq!((strict.status, strict.code().as_str()), (400, "not-supported"));
    let lenient = house.get("/fhir/ResearchSubject?nonsense=1").await.json();
    assert!(lenient["entry"].to_string().contains("OperationOutcome"), "what was passed over is said");
}
