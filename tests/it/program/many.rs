//! Over HTTP, on both databases: a walk of twenty thousand subjects while others write, and ten thousand updates by rivals.

use super::client::Wire;
use super::crash::{diagnosis, patient};
use super::server::Server;
use super::{Folder, trialgate};
use crate::definitions::act_of;
use crate::place::{Place, on_both};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use trialgate::model::key::{PersonKey, digest_words};
use trialgate::model::standing::{Actor, Evidence, Standing, Status};
use trialgate::model::time::Instant;
use trialgate::store::{Act, SubjectsOfPerson};

on_both!(a_walk_of_twenty_thousand_meets_each_once, of_ten_thousand_updates_over_http_none_is_lost);

const SUBJECTS: usize = 20_000;
const UPDATES: usize = 10_000;
const RESOURCES: usize = 200;
const WRITERS: usize = 32;
const TRIAL: &str = "NCT00962923";
const CONFIG: &str =
    "[sources.main]\nzone = \"UTC\"\n[trials.NCT00962923]\nrecruiting = true\ngrounds = { list = \"test\" }\n";

/// A person whom a coordinator took up.
fn taken_up(n: usize) -> Act {
    let digest = digest_words(&[&n.to_string()]);
    let person = PersonKey(digest[..16].try_into().expect("16 bytes"));
    let standing = Standing {
        person,
        trial: TRIAL.into(),
        attempt: 1,
        version: 1,
        status: Status::Candidate,
        removed: false,
        actor: Actor::Data,
        reason: "data".into(),
        evidence: Evidence::default(),
        at: Instant(1_773_561_600_000_000),
        expires: None,
        assessment: None,
    };
    act_of(standing)
}

/// Fills the store; answers the ids of the subjects.
async fn fill(place: &Place) -> BTreeSet<String> {
    let store = place.open();
    let mut ids = BTreeSet::new();
    for chunk in (0..SUBJECTS).collect::<Vec<_>>().chunks(500) {
        let writes: Vec<_> = chunk
            .iter()
            .map(|n| {
                let (store, act) = (store.clone(), taken_up(*n));
                tokio::spawn(async move {
                    let person = act.person;
                    store.write(act).await.expect("written");
                    store.read(SubjectsOfPerson { person }).await.expect("read").remove(0).subject.id
                })
            })
            .collect();
        for write in writes {
            ids.insert(write.await.expect("no panic"));
        }
    }
    store.close().await.expect("closes");
    ids
}

async fn a_walk_of_twenty_thousand_meets_each_once(place: Place) {
    let there = fill(&place).await;
    let folder = Folder::new(&format!("walk-{}", digest_of(&place)));
    let server = Server::start_on(&place.url(), trialgate(), &folder, CONFIG);
    // A round of writes for each page, so that neither runs away from the other: a new person appears, and one who
    // appeared before gets another diagnosis.
    let (turns, turn) = sync_channel::<()>(4);
    let address = server.address.clone();
    let writer = std::thread::spawn(move || {
        let mut wire = Wire::to(&address);
        for n in 0.. {
            if turn.recv().is_err() {
                return n;
            }
            let again = diagnosis(n / 2).1.replace("\"id\":\"c", "\"id\":\"again-");
            for (path, body) in [patient(n), diagnosis(n), (format!("/fhir/Condition/again-{}", n / 2), again)] {
                let answer = wire.ask("PUT", &path, &[], &body);
                assert!(matches!(answer.status, 200 | 201), "{path}: {} {}", answer.status, answer.body);
            }
        }
        0
    });
    let mut wire = Wire::to(&server.address);
    let (mut pages, mut newcomers) = (0, 0);
    // The four sizes; then on, until somebody who is new was assessed and met.
    for count in [1000, 499, 250, 97].into_iter().chain([1000; 200]) {
        if pages > 0 && count == 1000 && newcomers > 0 {
            break;
        }
        let (met, walked) = walk(&mut wire, count, || turns.send(()).expect("the writer works"));
        assert!(there.is_subset(&met), "{count} to a page: {} were not met", there.difference(&met).count());
        (newcomers, pages) = (met.len() - there.len(), pages + walked);
    }
    drop(turns);
    assert!(writer.join().expect("no panic") + 4 >= pages, "a round of writes for each page");
    assert!(newcomers > 0, "people appeared meanwhile");
}

/// The ids met on all pages, and how many pages there were.
fn walk(wire: &mut Wire, count: usize, mut beside: impl FnMut()) -> (BTreeSet<String>, usize) {
    let (mut met, mut pages) = (BTreeSet::new(), 0);
    let mut path = Some(format!("/fhir/ResearchSubject?_count={count}"));
    while let Some(asked) = path {
        beside();
        let page = wire.ask("GET", &asked, &[], "");
        assert_eq!(page.status, 200, "{}", page.body);
        let page: Value = serde_json::from_str(&page.body).expect("JSON");
        for entry in page["entry"].as_array().into_iter().flatten() {
            let id = entry["resource"]["id"].as_str().expect("an id").to_owned();
            assert!(met.insert(id), "{count} to a page: met twice");
        }
        let next = page["link"].as_array().expect("links").iter().find(|l| l["relation"] == "next");
        let url = next.map(|l| l["url"].as_str().expect("a URL"));
        path = url.map(|url| url[url.find("/fhir").expect("our base")..].to_owned());
        pages += 1;
    }
    (met, pages)
}

fn digest_of(place: &Place) -> String {
    trialgate::model::key::hex(&digest_words(&[&place.url()])[..6])
}

fn result(n: usize, value: usize) -> (String, String) {
    let body = format!(
        r#"{{"resourceType":"Observation","id":"o{n}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"1751-7"}}]}},"subject":{{"reference":"Patient/p{n}"}},"effectiveDateTime":"2026-01-02","valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"g/L"}}}}"#
    );
    (format!("/fhir/Observation/o{n}"), body)
}

/// Updates by what it reads until the shared count is used up; every version that it followed.
fn rival(address: &str, left: &AtomicUsize) -> Vec<(usize, String)> {
    let mut wire = Wire::to(address);
    let mut won = Vec::new();
    while let Ok(turn) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
        let resource = turn % RESOURCES;
        let (path, body) = result(resource, turn);
        loop {
            let seen = wire.ask("GET", &path, &[], "");
            let etag = seen.header("etag").expect("an ETag").to_owned();
            let answer = wire.ask("PUT", &path, &[&format!("if-match: {etag}")], &body);
            match answer.status {
                200 => break won.push((resource, etag)),
                // A rival was sooner.
                412 => {}
                other => panic!("{other}: {}", answer.body),
            }
        }
    }
    won
}

async fn of_ten_thousand_updates_over_http_none_is_lost(place: Place) {
    let folder = Folder::new(&format!("rivals-{}", digest_of(&place)));
    let server = Server::start_on(&place.url(), trialgate(), &folder, CONFIG);
    let mut wire = Wire::to(&server.address);
    for n in 0..RESOURCES {
        for (path, body) in [patient(n), result(n, 0)] {
            assert_eq!(wire.ask("PUT", &path, &[], &body).status, 201);
        }
    }
    let left = AtomicUsize::new(UPDATES);
    let won: Vec<(usize, String)> = std::thread::scope(|scope| {
        let rivals: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| rival(&server.address, &left))).collect();
        rivals.into_iter().flat_map(|r| r.join().expect("no panic")).collect()
    });
    assert_eq!(won.len(), UPDATES);
    let bases: BTreeSet<&(usize, String)> = won.iter().collect();
    assert_eq!(bases.len(), UPDATES, "no version was followed twice");
    // The first connection was idle for too long.
    let mut wire = Wire::to(&server.address);
    for n in 0..RESOURCES {
        let history = wire.ask("GET", &format!("/fhir/Observation/o{n}/_history?_count=1000"), &[], "");
        let history: Value = serde_json::from_str(&history.body).expect("JSON");
        let values: BTreeSet<u64> = history["entry"]
            .as_array()
            .expect("versions")
            .iter()
            .map(|e| e["resource"]["valueQuantity"]["value"].as_u64().expect("a value"))
            .collect();
        let turns = (0..UPDATES).filter(|turn| turn % RESOURCES == n).map(|turn| turn as u64);
        assert!(turns.into_iter().all(|turn| values.contains(&turn)), "an update of o{n} is not in its history");
    }
}
