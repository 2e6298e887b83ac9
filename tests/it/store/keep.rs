//! Definitions, maps, cursors, and what is set aside.

use super::*;
use std::collections::BTreeSet;
use trialgate::store::{
    ActiveTerms, CloseAside, CursorOf, DefinitionByDigest, DefinitionsActive, KeepAside, SaveCursor, SaveDefinition,
    SaveTerms, SetAside, SetAsideList, TermsByDigest,
};

on_both!(
    a_definition_is_kept_in_every_version_and_one_is_active,
    a_map_is_kept_in_every_version_and_one_of_a_source_is_active,
    a_cursor_is_where_it_was_put_last,
    what_is_set_aside_is_numbered_listed_and_closed_once
);

fn definition(trial: &str, version: u32, at: i64) -> SaveDefinition {
    let files = vec![
        ("trial.toml".to_owned(), format!("version = {version}\n# µ, 阴性\n").into_bytes()),
        ("protocol.md".to_owned(), Vec::new()),
    ];
    let digest = [u8::try_from(version).expect("small"); 32];
    SaveDefinition { trial: trial.into(), version, digest, files, caller: caller(), at: Instant(at) }
}

async fn a_definition_is_kept_in_every_version_and_one_is_active(place: Place) {
    let store = place.open();
    for unit in [definition("a", 1, 10), definition("b", 7, 11), definition("a", 2, 12)] {
        assert!(store.write(unit).await.expect("written"));
    }
    let active = store.read(DefinitionsActive {}).await.expect("read");
    let shown: Vec<_> = active.iter().map(|d| (d.trial.as_str(), d.version, d.at)).collect();
    assert_eq!(shown, [("a", 2, Instant(12)), ("b", 7, Instant(11))]);
    let old = store.read(DefinitionByDigest { digest: [1; 32] }).await.expect("read").expect("kept");
    assert_eq!((old.version, &old.files), (1, &definition("a", 1, 10).files), "an old version is there, byte for byte");
    assert!(store.read(DefinitionByDigest { digest: [9; 32] }).await.expect("read").is_none());
    store.write(definition("a", 1, 13)).await.expect("written");
    let active = store.read(DefinitionsActive {}).await.expect("read");
    let shown: Vec<_> = active.iter().map(|d| (d.trial.as_str(), d.version, d.at)).collect();
    assert_eq!(shown, [("a", 1, Instant(10)), ("b", 7, Instant(11))], "the old one is in force again, and kept once");
}

async fn a_map_is_kept_in_every_version_and_one_of_a_source_is_active(place: Place) {
    let store = place.open();
    let save = |source: &str, n: u8| SaveTerms {
        source: source.into(),
        digest: [n; 32],
        body: vec![n, 0, 255],
        caller: caller(),
        at: Instant(10),
    };
    for unit in [save("", 1), save("lab", 2), save("lab", 3)] {
        assert!(store.write(unit).await.expect("written"));
    }
    let active = store.read(ActiveTerms {}).await.expect("read");
    let shown: Vec<_> = active.iter().map(|t| (t.source.as_str(), t.version, t.digest[0])).collect();
    assert_eq!(shown, [("", 1, 1), ("lab", 2, 3)]);
    let old = store.read(TermsByDigest { digest: [2; 32] }).await.expect("read");
    assert_eq!((old.len(), old[0].version, &old[0].body), (1, 1, &vec![2, 0, 255]));
    assert!(store.read(TermsByDigest { digest: [9; 32] }).await.expect("read").is_empty());
}

async fn a_cursor_is_where_it_was_put_last(place: Place) {
    let store = place.open();
    let read = async || store.read(CursorOf { name: "feed".into() }).await.expect("read");
    assert_eq!(read().await, None);
    for value in ["a", "", "b'; drop table cursor; --"] {
        let unit = SaveCursor { name: "feed".into(), value: value.into(), at: Instant(10) };
        store.write(unit).await.expect("written");
        assert_eq!(read().await.as_deref(), Some(value));
    }
}

async fn what_is_set_aside_is_numbered_listed_and_closed_once(place: Place) {
    let store = place.open();
    let other = place.beside(&store);
    let tasks = (0..20_u8).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        let aside = SetAside {
            source: "lab".into(),
            reason: "structure".into(),
            place: format!("f:{n}"),
            body: vec![n, 0, 255],
        };
        tokio::spawn(async move {
            store.write(KeepAside { aside, caller: caller(), at: Instant(10) }).await.expect("written")
        })
    });
    let mut numbers = BTreeSet::new();
    for task in tasks.collect::<Vec<_>>() {
        numbers.insert(task.await.expect("no panic"));
    }
    assert_eq!(numbers, (1..=20).collect(), "none twice and none left out");
    let list = async |after, count| store.read(SetAsideList { after, count }).await.expect("read");
    let first = list(0, 15).await;
    let second = list(first[14].arrival, 15).await;
    let bodies: BTreeSet<Vec<u8>> = first.iter().chain(&second).map(|r| r.aside.body.clone()).collect();
    assert_eq!((first.len(), second.len(), bodies), (15, 5, (0..20).map(|n| vec![n, 0, 255]).collect()));
    let third = first[2].aside.body[0];
    let close = |arrival| CloseAside { arrival, state: 1, caller: caller(), at: Instant(11) };
    assert!(store.write(close(3)).await.expect("written"));
    assert!(!store.write(close(3)).await.expect("written"), "it is closed once");
    assert!(!store.write(close(99)).await.expect("written"));
    assert!(list(0, 100).await.iter().all(|r| r.arrival != 3));
    // What is read again is there already, unless it was replayed and fails again; another source's is its own.
    let again = |source: &str, n: u8| {
        let aside =
            SetAside { source: source.into(), reason: "other".into(), place: "g".into(), body: vec![n, 0, 255] };
        store.write(KeepAside { aside, caller: caller(), at: Instant(12) })
    };
    let first = first.iter().find(|row| row.arrival == 1).expect("the first");
    assert_eq!(again("lab", first.aside.body[0]).await.expect("written"), 1);
    assert_eq!(again("lab", third).await.expect("written"), 21);
    assert_eq!(again("ehr", first.aside.body[0]).await.expect("written"), 22);
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}
