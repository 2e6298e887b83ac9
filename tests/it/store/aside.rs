//! What is set aside, listed by source, reason and time; sums of what is open.

use super::*;
use trialgate::store::{AsideList, AsideOne, AsideSums, CloseAside, KeepAside, SetAside};

on_both!(rows_are_found_by_source_reason_and_time);

async fn rows_are_found_by_source_reason_and_time(place: Place) {
    let store = place.open();
    for (source, reason, at) in [("lab", "no unit", 10), ("lab", "100% wrong_", 20), ("ward", "no unit", 30)] {
        let aside =
            SetAside { source: source.into(), reason: reason.into(), place: "p".into(), body: b"\0{}".to_vec() };
        store.write(KeepAside { aside, caller: caller(), at: Instant(at) }).await.expect("kept");
    }
    let ask = AsideList { count: 9, ..AsideList::default() };
    let numbers = async |asked: AsideList| -> Vec<i64> {
        store.read(asked).await.expect("read").iter().map(|row| row.arrival).collect()
    };
    assert_eq!(numbers(ask.clone()).await, [1, 2, 3]);
    assert_eq!(numbers(AsideList { source: Some("lab".into()), ..ask.clone() }).await, [1, 2]);
    assert_eq!(numbers(AsideList { reason: Some("no".into()), ..ask.clone() }).await, [1, 3]);
    // Words are words: no sign of theirs stands for others.
    assert_eq!(numbers(AsideList { reason: Some("%".into()), ..ask.clone() }).await, [2]);
    assert_eq!(numbers(AsideList { since: Some(Instant(20)), ..ask.clone() }).await, [2, 3]);
    assert_eq!(numbers(AsideList { after: 1, count: 1, ..ask.clone() }).await, [2]);
    let close = CloseAside { arrival: 1, state: 1, caller: caller(), at: Instant(40) };
    assert!(store.write(close.clone()).await.expect("closed") && !store.write(close).await.expect("read"));
    assert_eq!(numbers(ask.clone()).await, [2, 3]);
    assert_eq!(numbers(AsideList { closed: true, ..ask }).await, [1, 2, 3]);
    let sums = store.read(AsideSums {}).await.expect("read");
    assert_eq!(sums, [("lab".into(), 1, Instant(20)), ("ward".into(), 1, Instant(30))]);
    let (row, state) = store.read(AsideOne { arrival: 1 }).await.expect("read").expect("there");
    assert_eq!((row.aside.body, state), (b"\0{}".to_vec(), 1));
    assert!(store.read(AsideOne { arrival: 4 }).await.expect("read").is_none());
}
