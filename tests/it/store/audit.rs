//! The audit: chains that show what was touched; opening and closing files.

use super::{Place, caller, on_both};
use trialgate::model::time::Instant;
use trialgate::store::{AuditNote, AuditTail, Options, Redact, Store, StoreError};

on_both!(
    an_audit_that_nobody_touched_is_whole,
    a_detail_is_taken_away_and_the_chain_stays_whole,
    an_audit_that_was_touched_names_the_place
);

fn note(n: i64) -> AuditNote {
    AuditNote { action: "read".into(), detail: format!("read {n}"), person: None, caller: caller(), at: Instant(n) }
}

/// One lane of 51 rows: written at once where one connection writes, one after the other where each has its lane.
async fn filled(place: &Place) {
    let store = place.open();
    if matches!(place, Place::Database(..)) {
        for n in 0..50 {
            store.write(note(n)).await.expect("written");
        }
        return store.close().await.expect("closed");
    }
    let writes = (0..50).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.write(note(n)).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.expect("no panic").expect("written");
    }
    store.close().await.expect("closed");
}

async fn broken_after(like: &Place, sql: &str) -> Vec<String> {
    let place = like.another();
    filled(&place).await;
    filled(&place).await;
    place.tamper(sql);
    let store = place.open();
    store.audit_verify().await.expect("it can be checked").broken
}

async fn an_audit_that_nobody_touched_is_whole(place: Place) {
    filled(&place).await;
    filled(&place).await;
    let report = place.open().audit_verify().await.expect("it can be checked");
    assert_eq!((report.rows, report.lanes, report.broken), (102, 2, vec![]));
}

async fn an_audit_that_was_touched_names_the_place(place: Place) {
    let lane = "lane = (select min(lane) from audit)";
    for sql in [
        "update audit set actor = 'other' where seq = 7",
        "update audit set at = at + 1 where seq = 7",
        "update audit set commitment = zeroblob(32) where seq = 7",
        "update audit set person = zeroblob(16) where seq = 7",
        "update audit_detail set detail = 'read 99' where seq = 7",
        "update audit_detail set salt = zeroblob(16) where seq = 7",
        "delete from audit_detail where seq = 7",
        "delete from audit where seq = 7",
    ] {
        let broken = broken_after(&place, &format!("{sql} and {lane};")).await;
        assert!(broken.iter().any(|b| b.contains("row 7") || b.contains("row 8")), "{sql}: {broken:?}");
    }
    let swap = "update audit_detail set seq = case seq when 7 then -8 else -7 end where seq in (7, 8); \
                update audit_detail set seq = -seq where seq < 0;";
    assert!(!broken_after(&place, swap).await.is_empty());
    // The lane that was begun second quotes the first one's head.
    let tail = "delete from audit where seq > 45 and lane <> (select d.lane from audit_detail d where d.detail like '% 51 %');";
    let broken = broken_after(&place, tail).await;
    assert!(broken.iter().any(|b| b.contains("row 51")), "{broken:?}");
}

async fn a_detail_is_taken_away_and_the_chain_stays_whole(place: Place) {
    filled(&place).await;
    let store = place.open();
    let rows = store.read(AuditTail { count: 3 }).await.expect("read");
    let rows = rows.into_iter().map(|r| (r.lane, r.seq)).collect();
    let redact = Redact {
        rows,
        reason: "asked for".into(),
        ground: "erasure".into(),
        second: "another".into(),
        caller: caller(),
        at: Instant(60),
    };
    assert_eq!(store.write(redact).await.expect("written"), 3);
    let report = store.audit_verify().await.expect("it can be checked");
    assert_eq!((report.redacted, report.redactions, report.broken), (3, 1, vec![]));
}

#[tokio::test]
async fn one_process_writes_and_others_read() {
    let place = Place::file();
    let store = place.open();
    store.write(note(1)).await.expect("written");
    assert!(matches!(Store::open(&place.url(), Options::default()), Err(StoreError::Unreachable(_))));
    let reader = Store::open(&place.url(), Options { create: false, read_only: true }).expect("it opens for reading");
    assert_eq!(reader.read(AuditTail { count: 9 }).await.expect("read").len(), 2);
    assert!(matches!(reader.write(note(2)).await, Err(StoreError::Unreachable(_))));
    store.close().await.expect("closed");
    assert!(matches!(store.write(note(3)).await, Err(StoreError::Unreachable(_))));
    place.open();
}

#[tokio::test]
async fn a_newer_schema_and_a_missing_file_are_refused() {
    let place = Place::file();
    assert!(Store::open(&place.url(), Options { create: false, read_only: false }).is_err());
    place.open().close().await.expect("closed");
    place.tamper("insert into schema (version) values (99);");
    assert!(matches!(Store::open(&place.url(), Options::default()), Err(StoreError::Corrupt(_))));
}
