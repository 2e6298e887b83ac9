//! A locked table is made again byte for byte, and what differs is said.

use super::*;
use crate::place::on_both;
use trialgate::flow::export::lock::{self, Checked};
use trialgate::store::LocksAll;

on_both!(a_lock_is_made_again_and_says_what_differs, a_lock_moves_with_its_store);

async fn checked(town: &Town) -> Checked {
    let to = To { out: &mut std::io::sink(), spool: None };
    lock::check(&town.desk, "final", crate::definitions::caller(), to, |_| {}).await.expect("a check")
}

async fn locked(town: &Town) -> Request {
    let now = town.clock.now().to_string();
    let ask = Request { known_at: Some(now), ..request(Dataset::Outcomes, Format::Csv) };
    let (_, exported) = made(town, &ask).await;
    let lock = lock::lock(&town.desk, "final", &ask, &exported, "statistician", crate::definitions::caller());
    assert!(lock.await.expect("a lock"));
    ask
}

async fn a_lock_is_made_again_and_says_what_differs(place: Place) {
    let town = followed(place, "").await;
    let ask = locked(&town).await;
    assert_eq!(checked(&town).await.differs, Vec::<String>::new());
    // What comes later is later knowledge.
    town.clock.set(town.clock.now().plus_us(3_600_000_000));
    town.load(&[result("patient-one", "skin", "2026-06-16", "11", "{score}")]).await;
    assert_eq!(checked(&town).await.differs, Vec::<String>::new());
    // A name is given once.
    let (_, exported) = made(&town, &ask).await;
    let again = lock::lock(&town.desk, "final", &ask, &exported, "other", crate::definitions::caller()).await;
    assert!(!again.expect("an answer"));
    // Who may no longer be shown is missed by name of their pseudonym.
    town.load(&[{
        let mut gone = patient("patient-three");
        gone["active"] = json!(false);
        gone
    }])
    .await;
    let differs = checked(&town).await.differs;
    assert!(differs.iter().any(|d| d.starts_with("no longer in it, 1 persons: ")), "{differs:?}");
    let file = town.desk.store().read(LocksAll {}).await.expect("locks");
    assert_eq!((file.len(), file[0].signed_by.as_str()), (1, "statistician"));
    let rows = town.desk.store().read(trialgate::store::AuditTail { count: 50 }).await.expect("the audit");
    assert!(rows.iter().any(|r| r.action == "export locked") && rows.iter().any(|r| r.action == "export"));
}

async fn a_lock_moves_with_its_store(place: Place) {
    let other = place.another();
    let (from, to) = (place.url(), other.url());
    let town = followed(place, "").await;
    locked(&town).await;
    town.desk.store().close().await.expect("closed");
    let proofs = trialgate::store::transfer(&from, &to, |_| {}).await.expect("moved");
    assert!(proofs.iter().all(trialgate::store::TableProof::is_equal));
    for table in ["collected", "secret", "export_lock"] {
        assert!(proofs.iter().any(|p| p.table == table), "{table}");
    }
    let moved = crate::exports::town(other, "");
    moved.clock.set(town.clock.now());
    assert_eq!(checked(&moved).await.differs, Vec::<String>::new());
}
