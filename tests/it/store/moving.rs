//! A store moved between databases: equal by proof, whole by audit, at work afterwards.

use super::rivals::{TRIAL, act, standing};
use super::*;
use trialgate::store::{
    Act, CursorOf, KeepAside, SaveCursor, SetAside, StoreError, SubjectsOf, TableProof, TallyOf, transfer,
};

on_both!(
    a_store_moves_and_both_ends_hold_the_same,
    what_differs_is_named,
    only_an_empty_place_or_a_begun_move_is_written
);

/// Persons with results, a correction, a subject each, something set aside, a cursor.
async fn filled(place: &Place) {
    let store = place.open();
    for n in 0..8 {
        let mut first = entry(&format!("o{n}"), "{\"a\":1}", one_number("1-1", "1"));
        first.patient = Some(format!("p{n}"));
        first.draft.identifiers = vec![identifier(&n.to_string())];
        keep(&store, first, 10).await;
        let mut second = entry(&format!("o{n}"), "{\"a\":2}", one_number("1-1", "2"));
        second.patient = Some(format!("p{n}"));
        keep(&store, second, 11).await;
        let person = person(&store, &format!("p{n}")).await;
        store.write(Act { facts: one_number("9-9", "7"), ..act(standing(person, 1, "seen")) }).await.expect("written");
    }
    let aside = SetAside { source: "lab".into(), reason: "x".into(), place: "f:1".into(), body: vec![0, 255, 10] };
    store.write(KeepAside { aside, caller: caller(), at: Instant(12) }).await.expect("written");
    let cursor = SaveCursor { name: "feed".into(), value: "7".into(), at: Instant(13) };
    store.write(cursor).await.expect("written");
    store.close().await.expect("closed");
}

async fn moved(from: &Place, to: &Place) -> Vec<TableProof> {
    transfer(&from.url(), &to.url(), |_| {}).await.expect("it is moved")
}

async fn state(place: &Place) -> (Vec<Vec<Fact>>, usize, Vec<(String, i64)>, Option<String>, Vec<String>) {
    let store = place.open();
    let mut all = Vec::new();
    for n in 0..8 {
        all.push(facts(&store, &format!("p{n}")).await);
    }
    let subjects = store.read(SubjectsOf { trial: TRIAL.into(), after: None, count: 100 }).await.expect("read").len();
    let tally = store.read(TallyOf { trial: TRIAL.into() }).await.expect("read");
    let cursor = store.read(CursorOf { name: "feed".into() }).await.expect("read");
    let broken = store.audit_verify().await.expect("checked").broken;
    store.close().await.expect("closed");
    (all, subjects, tally, cursor, broken)
}

async fn a_store_moves_and_both_ends_hold_the_same(place: Place) {
    let (start, end) = (Place::file(), Place::file());
    filled(&start).await;
    let before = state(&start).await;
    assert_eq!((before.1, &before.2[..], before.4.len()), (8, &[("candidate".to_owned(), 8)][..], 0));
    let (mut last, mut rows) = (None, 0);
    let (from, to) = (start.url(), place.url());
    let proofs = transfer(&from, &to, |p| {
        assert!(p.done <= p.total, "{p:?}");
        last = Some((p.comparing, p.done, p.total));
    });
    for proof in proofs.await.expect("it is moved") {
        assert!(proof.is_equal(), "{proof:?}");
        rows += proof.from.rows;
    }
    assert_eq!(last, Some((true, 2 * rows, 2 * rows)));
    assert_eq!(state(&place).await, before);
    // At work there: a person's status moves, and sums with it.
    let store = place.open();
    let key = person(&store, "p3").await;
    let mut next = standing(key, 2, "moved");
    next.status = trialgate::model::standing::Status::Screening;
    store.write(act(next)).await.expect("written");
    store.close().await.expect("closed");
    for proof in moved(&place, &end).await {
        assert!(proof.is_equal(), "{proof:?}");
    }
    let after = state(&end).await;
    assert_eq!(after.2, [("candidate".to_owned(), 7), ("screening".to_owned(), 1)]);
    assert_eq!((after.0, after.4), (before.0, vec![]));
}

async fn what_differs_is_named(place: Place) {
    let start = Place::file();
    filled(&start).await;
    moved(&start, &place).await;
    // As if the move had been begun and not ended, and somebody had changed a row meanwhile.
    let mark = format!("insert into cursor (name, value, at) values ('move of a store', '{}', 0);", start.url());
    place.tamper(&format!("{mark} update assessment set at = at + 1; update member set since = since + 1;"));
    let different: Vec<String> =
        moved(&start, &place).await.into_iter().filter(|p| !p.is_equal()).map(|p| p.table).collect();
    assert_eq!(different, ["member"]);
}

async fn only_an_empty_place_or_a_begun_move_is_written(place: Place) {
    let start = Place::file();
    filled(&start).await;
    moved(&start, &place).await;
    let again = transfer(&start.url(), &place.url(), |_| {}).await;
    assert!(matches!(&again, Err(StoreError::Unreachable(words)) if words.contains("rows already")), "{again:?}");
    let mark = format!("insert into cursor (name, value, at) values ('move of a store', '{}', 0);", start.url());
    place.tamper(&format!("{mark} delete from fact; delete from resource where state = 2;"));
    assert!(moved(&start, &place).await.iter().all(TableProof::is_equal));
    assert!(matches!(transfer(&start.url(), &start.url(), |_| {}).await, Err(StoreError::Unreachable(_))));
}
