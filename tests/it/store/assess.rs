//! Claims: never twice, marks that arrive meanwhile stay, and three failures park.

use super::*;
use trialgate::store::{ClaimPending, FailClaim, Finish, Finished, PendingCount, Unpark};

on_both!(nobody_is_claimed_twice, a_mark_that_arrived_meanwhile_stays_and_three_failures_park);

fn claim(lease: &str, at: i64) -> ClaimPending {
    ClaimPending { lease: lease.into(), until: Instant(at + 50), count: 7, at: Instant(at) }
}

async fn nobody_is_claimed_twice(place: Place) {
    let store = place.open();
    for n in 0..60 {
        let mut entry = entry(&format!("o{n}"), "{}", one_number("1-1", "1"));
        entry.patient = Some(format!("p{n}"));
        keep(&store, entry, 10).await;
    }
    // Each claims until it gets nothing; every other one is another process where the database allows it.
    let other = place.beside(&store);
    let tasks = (0..12).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let lease = format!("l{n}-{}", mine.len());
                let claims = store.write(claim(&lease, 20)).await.expect("written");
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims);
            }
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.expect("no panic").into_iter().map(|c| c.person));
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (60, 60));
}

async fn a_mark_that_arrived_meanwhile_stays_and_three_failures_park(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{}", one_number("1-1", "1")), 10).await;
    let claimed = store.write(claim("a", 20)).await.expect("written").remove(0);
    keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "2")), 21).await;
    let finish = Finish {
        person: claimed.person,
        claim: Some(claimed),
        trials: vec![],
        due: None,
        caller: caller(),
        at: Instant(22),
    };
    assert_eq!(store.write(finish).await.expect("written"), Finished::Done);
    for n in 0..3 {
        let claimed = store.write(claim(&format!("b{n}"), 100 + n)).await.expect("written").remove(0);
        let fail = FailClaim { claim: claimed, reason: "x".into(), retry_at: Instant(100), at: Instant(100) };
        assert_eq!(store.write(fail).await.expect("written"), n == 2);
    }
    assert!(store.write(claim("c", 200)).await.expect("written").is_empty());
    assert_eq!(store.read(PendingCount {}).await.expect("read"), (1, 1));
    let unpark = Unpark { person: None, caller: caller(), at: Instant(201) };
    assert_eq!(store.write(unpark).await.expect("written"), 1);
    assert_eq!(store.write(claim("d", 202)).await.expect("written").len(), 1);
}
