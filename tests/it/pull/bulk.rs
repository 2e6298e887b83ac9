//! Exports: what they bring, what is gone, and every odd way of the servers that make them.

use super::export::Odd;
use super::*;
use crate::place::on_both;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use trialgate::flow::bulk::{Bulk, LINE_MAX, Level, Piece, Split, round};
use trialgate::flow::mark::Stands;
use trialgate::flow::pull::Pulled;
use trialgate::link::{Access, Algorithm, Secret, Tls};
use trialgate::store::{CursorOf, SetAsideList};

on_both!(
    an_export_brings_everything_and_the_next_what_changed,
    what_the_server_deleted_is_deleted,
    what_an_export_of_everything_lacks_is_asked_for_and_deleted_when_gone,
    an_export_that_was_cut_off_goes_on_at_its_line,
);

async fn hospital(place: &Place, change: impl FnOnce(&mut Pull)) -> Ward {
    hospital_away(place, "http://127.0.0.1:9", change).await
}

async fn hospital_away(place: &Place, elsewhere: &str, change: impl FnOnce(&mut Pull)) -> Ward {
    let mut ward = ward_away(place, By::Bulk, elsewhere, change).await;
    let settings = LinkSettings { token: Some(Secret::new("secret")), ..link(&ward.hospital.base()) };
    ward.feed.client = Client::new(settings).expect("a link");
    ward
}

/// A Patient and five results: one file of Patients, three of Observations.
fn filled(ward: &Ward) {
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    for n in 0..5 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
    }
}

fn events(pulled: &Pulled) -> Vec<(&str, u64)> {
    pulled.loaded.events.iter().map(|(word, n)| (word.as_str(), *n)).collect()
}

async fn places(ward: &Ward) -> Vec<(String, Vec<u8>)> {
    let rows = ward.store.read(SetAsideList { after: 0, count: 100 }).await.expect("read");
    rows.into_iter().map(|row| (row.aside.place, row.aside.body)).collect()
}

async fn an_export_brings_everything_and_the_next_what_changed(place: Place) {
    let ward = hospital(&place, |_| {}).await;
    ward.hospital.exports(&[Odd::Slow, Odd::Busy]);
    filled(&ward);
    let first = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((first.problems.clone(), first.files, events(&first)), (vec![], 4, vec![("created", 6)]), "{first:?}");
    let asked = ward.hospital.asked();
    assert_eq!(asked[0], "Patient/$export?_type=Patient%2CObservation%2CCondition");
    assert_eq!(
        asked.iter().filter(|q| *q == "status 1").count(),
        4,
        "twice unfinished, once busy, then there: {asked:?}"
    );
    assert_eq!(asked.last().expect("a last"), "end 1");

    ward.hospital.keeps(result("o1", "p1", 77), CLOCK + 60);
    ward.hospital.keeps(result("o9", "p1", 1), CLOCK + 60);
    ward.hospital.at(CLOCK + 600);
    let second = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(events(&second), [("created", 1), ("updated", 1)], "{second:?}");
    assert!(ward.hospital.asked()[0].contains("_since=2026-03-15T08%3A00%3A00Z"), "from what the first was of");

    // Everything again, because it is asked for.
    let whole = round(&ward.gateway, &ward.feed, true).await;
    assert_eq!(events(&whole), [("unchanged", 7)]);
    assert!(!ward.hospital.asked()[0].contains("_since"));
    // Other types are another question: what was before says nothing of them.
    let mut feed = ward.feed;
    feed.settings.kinds.push("Procedure".into());
    round(&ward.gateway, &feed, false).await;
    assert!(!ward.hospital.asked()[0].contains("_since"));
}

async fn what_the_server_deleted_is_deleted(place: Place) {
    let ward = hospital(&place, |pull| pull.group = Some("trial".into())).await;
    filled(&ward);
    round(&ward.gateway, &ward.feed, false).await;
    assert!(ward.hospital.asked()[0].starts_with("Group/trial/$export?"));
    for id in ["o2", "o4", "never-here"] {
        ward.hospital.deletes("Observation", id, CLOCK + 10);
    }
    ward.hospital.at(CLOCK + 600);
    // Of one that was deleted and came back the deletion goes first.
    ward.hospital.keeps(result("o4", "p1", 9), CLOCK + 20);
    let second = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(
        (second.problems.clone(), events(&second)),
        (vec![], vec![("created", 1), ("deleted", 3)]),
        "{second:?}"
    );
    assert_eq!(ward.observations().await, ids(&["o0", "o1", "o3", "o4"]));
}

async fn what_an_export_of_everything_lacks_is_asked_for_and_deleted_when_gone(place: Place) {
    let ward = hospital(&place, |pull| {
        pull.bulk = Some(Bulk { reread: Some(Duration::from_secs(86_400)), ..Bulk::default() });
    })
    .await;
    filled(&ward);
    assert_eq!(round(&ward.gateway, &ward.feed, true).await.deleted, 0);
    ward.hospital.asked();
    ward.hospital.forgets("Observation", "o2");
    // Not due: an export of what changed says nothing of what is missing.
    let soon = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((soon.deleted, ward.observations().await.len()), (0, 5));
    ward.hospital.asked();
    // A server that shows nothing by its id would make everything look gone.
    ward.hospital.exports(&[Odd::NoReads]);
    let blind = round(&ward.gateway, &ward.feed, true).await;
    assert_eq!(blind.deleted, 0, "{blind:?}");
    let words = "Observation: the server does not show by its id what it exported; nothing was deleted";
    assert_eq!(blind.problems, [words]);
    // A torn one says nothing either.
    ward.hospital.exports(&[Odd::FileForbidden]);
    let torn = round(&ward.gateway, &ward.feed, true).await;
    assert_eq!((torn.deleted, torn.problems.len()), (0, 1), "{torn:?}");
    ward.hospital.exports(&[]);
    ward.hospital.asked();
    let whole = round(&ward.gateway, &ward.feed, true).await;
    assert_eq!((whole.deleted, whole.problems.clone()), (1, vec![]), "{whole:?}");
    assert_eq!(ward.observations().await, ids(&["o0", "o1", "o3", "o4"]));
    // What left the Group is missing too, and is there when it is asked for.
    ward.hospital.asked();
    ward.hospital.exporting(|exports| exports.without = vec!["o3".into()]);
    let left = round(&ward.gateway, &ward.feed, true).await;
    assert_eq!((left.deleted, ward.observations().await.len()), (0, 4), "{left:?}");
    assert!(ward.hospital.asked().contains(&"Observation/o3".to_owned()));
}

async fn an_export_that_was_cut_off_goes_on_at_its_line(place: Place) {
    let ward = hospital(&place, |_| {}).await;
    filled(&ward);
    ward.hospital.exports(&[Odd::BreaksOnce]);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.problems.clone(), events(&pulled)), (vec![], vec![("created", 6)]), "{pulled:?}");
    let asked = ward.hospital.asked();
    assert_eq!(asked.iter().filter(|q| q.contains("Patient-0")).count(), 2, "{asked:?}");

    // A round that ends in the middle: the next one asks for no other export.
    ward.hospital.exports(&[]);
    ward.hospital.keeps(result("o7", "p1", 7), CLOCK + 10);
    ward.hospital.at(CLOCK + 20);
    ward.hospital.exporting(|e| e.refuses = true);
    let halted = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(halted.problems, ["Observation file 1: HTTP 503: warning transient (1)"], "{halted:?}");
    assert!(halted.later.is_some());
    ward.hospital.exporting(|e| e.refuses = false);
    ward.hospital.asked();
    let on = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((on.problems.clone(), events(&on)), (vec![], vec![("created", 1)]), "{on:?}");
    assert_eq!(ward.hospital.asked(), ["status 2", "file 2 Observation-0.ndjson", "end 2"]);
}

/// How a case is: its ways, whether all is read, whether the next export asks from its moment on, and what is told.
type Case<'a> = (&'a [Odd], bool, bool, &'a [&'a str]);

#[tokio::test]
async fn odd_exports_are_read_or_told() {
    let cases: &[Case<'_>] = &[
        (&[Odd::TokenAsText], true, true, &[]),
        (&[Odd::NoToken], true, true, &[]),
        (&[Odd::Relative], true, true, &[]),
        (&[Odd::CountsText], true, true, &[]),
        (&[Odd::Encoded], true, true, &[]),
        (&[Odd::Packed], true, true, &[]),
        (&[Odd::NoLastEnd], true, true, &[]),
        (&[Odd::FileBusyOnce], true, true, &[]),
        (&[Odd::Warnings], true, true, &["the server remarks warning not-supported (1)"]),
        (&[Odd::OtherType], true, true, &["a file of Binary, a type that was not asked for, was passed over"]),
        (
            &[Odd::Errors],
            true,
            false,
            &["OperationOutcome file 5: the server could not export all: error not-supported (1)"],
        ),
        (
            &[Odd::NoTime],
            true,
            false,
            &["the manifest has no transactionTime: the next export asks from the same moment on"],
        ),
        (&[Odd::CountsHigh], true, false, &["Patient file 1: 1 lines where the manifest counts 2"; 1]),
        (&[Odd::CountsLow], true, true, &["Patient file 1: 1 lines where the manifest counts 0"; 1]),
        (&[Odd::PackedCut], false, false, &["Patient file 1: what is packed in it is damaged"]),
        (&[Odd::EncodedCut], false, false, &["Patient file 1: what is packed in it is damaged"]),
        (&[Odd::EndsMidLine], false, false, &["Patient file 1: it ends in the middle of line 1"]),
        (&[Odd::FileForbidden], false, false, &["Patient file 1: HTTP 403: warning forbidden (1)"]),
        (
            &[Odd::ForgetsOnce],
            true,
            true,
            &["the server no longer knows the export, or one of its files: it was begun anew"],
        ),
        (
            &[Odd::ForgetsFilesOnce],
            true,
            true,
            &["the server no longer knows the export, or one of its files: it was begun anew"],
        ),
    ];
    for (odd, all, moves, told) in cases {
        let place = Place::file();
        let ward = hospital(&place, |_| {}).await;
        filled(&ward);
        ward.hospital.exports(odd);
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        for words in *told {
            assert!(pulled.problems.iter().any(|p| p == words), "{odd:?}: {words}\nin {pulled:?}");
        }
        assert!(!told.is_empty() || pulled.problems.is_empty(), "{odd:?}: {pulled:?}");
        assert!(!pulled.problems.iter().any(|p| p.contains("p1")), "nobody is named: {pulled:?}");
        assert_eq!(ward.observations().await.len(), 5, "{odd:?}: one bad file does not keep the others: {pulled:?}");
        assert_eq!(ward.kept(ResourceType::Patient).await.len(), usize::from(*all), "{odd:?}");
        // The next export asks from that moment on only if all was read; either way it brings what was not.
        ward.hospital.exports(&[]);
        ward.hospital.asked();
        let next = round(&ward.gateway, &ward.feed, false).await;
        assert_eq!(ward.hospital.asked()[0].contains("_since"), *moves, "{odd:?}: {next:?}");
        assert_eq!(ward.kept(ResourceType::Patient).await.len(), 1, "{odd:?}");
        assert_eq!(next.problems, [""; 0], "{odd:?}");
        ward.hospital.exporting(|exports| assert_eq!(exports.known(), 0, "{odd:?}: every export was ended"));
    }
}

#[tokio::test]
async fn an_export_that_fails_is_told_and_another_is_asked_for() {
    for (odd, words) in [
        (
            Odd::OutcomeInstead,
            "the export failed: found an OperationOutcome instead of a manifest: warning exception (1)",
        ),
        (Odd::Fails, "the export failed: HTTP 500: warning exception (1)"),
        (Odd::TooMany, "asking for an export: HTTP 429: warning throttled (1)"),
        (Odd::Forgets, "the server lost the export again; it is asked anew in the next round"),
    ] {
        let place = Place::file();
        let ward = hospital(&place, |_| {}).await;
        filled(&ward);
        ward.hospital.exports(&[odd]);
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        assert!(pulled.problems.iter().any(|p| p == words), "{odd:?}: {pulled:?}");
        assert_eq!(pulled.later.is_some(), odd == Odd::TooMany, "{odd:?}");
        ward.hospital.exports(&[]);
        let next = round(&ward.gateway, &ward.feed, false).await;
        assert_eq!((events(&next), next.problems.clone()), (vec![("created", 6)], vec![]), "{odd:?}: {next:?}");
    }
}

#[tokio::test]
async fn an_export_that_takes_too_long_is_given_up() {
    let place = Place::file();
    let ward = hospital(&place, |pull| {
        pull.bulk = Some(Bulk { within: Duration::ZERO, level: Some(Level::System), ..Bulk::default() });
    })
    .await;
    filled(&ward);
    ward.hospital.exports(&[Odd::Slow]);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, ["the status of the export: not finished after the first question"]);
    assert!(ward.hospital.asked()[0].starts_with("$export?"));
    let mut feed = ward.feed;
    feed.settings.bulk = Some(Bulk { level: Some(Level::System), ..Bulk::default() });
    let next = round(&ward.gateway, &feed, false).await;
    assert_eq!(events(&next), [("created", 6)], "the same export: {next:?}");
    assert!(!ward.hospital.asked().iter().any(|q| q.starts_with("$export?")));

    // One that was asked for three days ago is not waited for any longer.
    feed.settings.bulk = Some(Bulk { within: Duration::ZERO, ..Bulk::default() });
    round(&ward.gateway, &feed, true).await;
    let later = Gateway::new(Parts {
        store: ward.store.clone(),
        sources: vec![Source::new("ehr", Zone::utc())],
        clock: Arc::new(|| Instant((CLOCK + 3 * 86_400) * 1_000_000)),
        cursor_key: [7; 32],
        base: "http://gateway.test/fhir".into(),
    });
    feed.settings.bulk = None;
    ward.hospital.exports(&[]);
    ward.hospital.asked();
    let anew = round(&later, &feed, true).await;
    assert_eq!(anew.problems, ["an export took longer than `bulk.within`: it was given up and begun anew"]);
    let asked = ward.hospital.asked();
    assert!(asked[0].starts_with("end ") && asked[1].starts_with("Patient/$export?"), "{asked:?}");
    assert_eq!(events(&anew), [("unchanged", 6)]);
}

#[tokio::test]
async fn nobody_is_led_to_another_origin_unless_it_is_configured() {
    let canary = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let elsewhere = format!("http://{}", canary.local_addr().expect("an address"));
    // What stands there asks for no credentials and tells which it got.
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (told, text) = (heard.clone(), format!("{}\n{}\n", result("o0", "p1", 0), result("o1", "p1", 1)));
    let app = axum::Router::new().fallback(move |headers: axum::http::HeaderMap| {
        let text = text.clone();
        told.lock().expect("nobody panicked").push(headers.get("authorization").map(|v| v.as_bytes().to_vec()));
        async move { text }
    });
    tokio::spawn(async move { axum::serve(canary, app).await });
    let place = Place::file();
    let ward = hospital_away(&place, &elsewhere, |_| {}).await;
    filled(&ward);
    ward.hospital.exports(&[Odd::OffOrigin]);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    let words = format!(
        "Observation file 2: an address at another origin, {elsewhere}; it was not asked. Where files lie there on purpose, name it in `bulk.origins`"
    );
    assert_eq!(pulled.problems, [words]);
    assert_eq!(ward.observations().await.len(), 3);
    assert_eq!(heard.lock().expect("nobody panicked").len(), 0, "nobody went there");
    // Configured, it is asked: with the credentials where the manifest says so.
    let mut feed = ward.feed;
    feed.settings.bulk = Some(Bulk { origins: vec![elsewhere], ..Bulk::default() });
    let next = round(&ward.gateway, &feed, false).await;
    assert_eq!(next.problems, [""; 0], "{next:?}");
    assert_eq!(*heard.lock().expect("nobody panicked"), [Some(b"Bearer secret".to_vec())]);
    let store = place.beside(&ward.store);
    let walk = Walk::through(Narrow::nothing("ehr", ResourceType::Observation), 100);
    assert_eq!(store.read(walk).await.expect("read").resources.len(), 5);
}

#[tokio::test]
async fn a_token_that_ends_between_two_files_is_renewed() {
    let folder = tokens::Folder::new().with(Algorithm::Es384, 0);
    let keys = folder.keys();
    let place = Place::file();
    let registrar = registrar::Registrar::new(&keys.public(), CLOCK - 3600);
    let (ends, first) = (registrar.clone(), Arc::new(AtomicBool::new(true)));
    let forgets = move |request: axum::extract::Request, next: axum::middleware::Next| {
        if request.uri().path().contains("Observation-1") && first.swap(false, Ordering::SeqCst) {
            ends.forgets_tokens();
        }
        next.run(request)
    };
    let hospital = Hospital::open_behind("http://127.0.0.1:9", |router, base| {
        registrar.front(router, base).layer(axum::middleware::from_fn(forgets))
    })
    .await;
    let mut ward = ward_at(&place, By::Bulk, hospital, |_| {});
    let access = Access::Smart(tokens::smart(&keys, None, None));
    ward.feed.client = Client::with(link(&ward.hospital.base()), access, &Tls::default()).expect("a link");
    filled(&ward);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.problems.clone(), events(&pulled)), (vec![], vec![("created", 6)]), "{pulled:?}");
    assert_eq!(registrar.given(), 2, "one more for the files");
}

#[tokio::test]
async fn what_cannot_be_kept_is_set_aside_with_its_place() {
    let place = Place::file();
    let ward = hospital(&place, |_| {}).await;
    filled(&ward);
    let mut wrong = result("o1", "p1", 1);
    wrong["status"] = "none".into();
    ward.hospital.keeps(wrong, CLOCK - 10);
    ward.hospital.exports(&[Odd::EndsMidLine, Odd::Errors]);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    let aside = places(&ward).await;
    let names: Vec<&str> = aside.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        names,
        ["export Patient file 1:1", "export Observation file 2:2", "export OperationOutcome file 5:1"],
        "{pulled:?}"
    );
    assert!(aside[2].1.starts_with(b"{\"issue\""), "what the server told is kept whole");
    assert_eq!(pulled.loaded.set_aside.values().sum::<u64>(), 3);
}

#[test]
fn lines_are_cut_wherever_the_stretches_end() {
    let text = b"one\n\ntwo\r\nthree";
    for step in 1..text.len() {
        let (mut split, mut found) = (Split::default(), Vec::new());
        text.chunks(step).for_each(|stretch| split.take(stretch, &mut found));
        found.extend(split.rest());
        let line = |text: &str| Piece::Line(text.as_bytes().to_vec());
        assert_eq!(found, [line("one"), line(""), line("two\r"), line("three")], "{step}");
    }
    let (mut split, mut found) = (Split::default(), Vec::new());
    let block = vec![b'x'; LINE_MAX / 4];
    (0..6).for_each(|_| split.take(&block, &mut found));
    split.take(b"\nshort\n", &mut found);
    assert!(matches!(&found[0], Piece::TooLong(begun) if begun.len() == LINE_MAX), "no more than the bound is held");
    assert_eq!(found[1], Piece::Line(b"short".to_vec()));
    assert!(split.rest().is_none());
}

#[tokio::test]
async fn what_tears_an_export_outlives_whoever_read_it() {
    let place = Place::file();
    let ward = hospital(&place, |pull| pull.kinds = vec!["Patient".into()]).await;
    for id in ["a", "b"] {
        let mut long = patient(id);
        long["text"] = json!({ "status": "generated", "div": "x".repeat(LINE_MAX) });
        ward.hospital.keeps(long, CLOCK - 10);
    }
    // The connection breaks in the second line, the first is passed over by then; whoever read it is gone.
    ward.hospital.exports(&[Odd::BreaksOnce]);
    let moved = async {
        let mark = CursorOf { name: "bulk/ehr/read".into() };
        let stands = |json: String| serde_json::from_str::<Stands>(&json).expect("a mark").lines;
        while ward.store.read(mark.clone()).await.expect("read").map_or(0, stands) == 0 {}
    };
    tokio::select! {
        pulled = round(&ward.gateway, &ward.feed, false) => panic!("it was read to its end: {pulled:?}"),
        () = moved => {}
    }
    let next = round(&ward.gateway, &ward.feed, false).await;
    let words = |n: usize| format!("Patient file 1: line {n} is longer than {LINE_MAX} bytes");
    assert_eq!(next.problems, [words(1), words(2)], "{:?}", next.loaded);
}

#[tokio::test]
async fn an_export_that_is_over_is_not_taken_for_lost() {
    let place = Place::file();
    let ward = hospital(&place, |_| {}).await;
    filled(&ward);
    // Whoever read it is gone when the server has just forgotten it, as it was asked to.
    let forgotten = async {
        let mut ended = 0;
        while ended == 0 {
            tokio::task::yield_now().await;
            ward.hospital.exporting(|exports| ended = exports.ended);
        }
    };
    tokio::select! {
        biased;
        () = forgotten => {}
        pulled = round(&ward.gateway, &ward.feed, false) => panic!("it ended before: {pulled:?}"),
    }
    assert_eq!(ward.observations().await.len(), 5);
    ward.hospital.asked();
    let next = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(next.problems, [""; 0], "{next:?}");
    let asked = ward.hospital.asked();
    assert!(asked.iter().any(|query| query.contains("_since=")), "the next asks from its moment on: {asked:?}");
}
