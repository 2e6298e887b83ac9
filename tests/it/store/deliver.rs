//! Wishes: one sender at a time, the latest wins, and nothing is given up in silence.

use super::rivals::{TRIAL, act, standing};
use super::*;
use std::collections::BTreeSet;
use trialgate::store::{
    ClaimOutbox, DeadLetters, Delivered, DropDead, FinishDelivery, Finished, NextWish, OutboxList, OutboxRow,
    RetryDead, TargetSums, Wish, WishAll,
};

on_both!(
    a_wish_has_one_sender_and_the_latest_wins,
    a_lease_that_ran_out_makes_both_senders_fail_and_the_wish_is_sent_again,
    a_failure_waits_keeps_its_first_moment_and_is_forgotten_once_sent,
    a_newer_wish_does_not_wait_for_an_older_ones_pause,
    a_dead_letter_keeps_the_words_and_is_sent_again_when_asked_or_outdated,
    a_new_target_is_told_of_every_subject_once,
    many_senders_take_no_wish_twice
);

fn claim(lease: &str, at: i64) -> ClaimOutbox {
    ClaimOutbox { lease: lease.into(), until: Instant(at + 50), count: 32, at: Instant(at) }
}

async fn claimed(store: &Store, lease: &str, at: i64) -> Vec<Wish> {
    store.write(claim(lease, at)).await.expect("written")
}

async fn finish(store: &Store, wish: &Wish, version: i64, outcome: Delivered, at: i64) -> Finished {
    let unit = FinishDelivery { wish: wish.clone(), version, outcome, caller: caller(), at: Instant(at) };
    store.write(unit).await.expect("written")
}

fn sent(etag: &str) -> Delivered {
    Delivered::Sent { remote: Some("r1".into()), etag: Some(etag.into()) }
}

fn later(next_at: i64, answer: &str) -> Delivered {
    Delivered::Later { next_at: Instant(next_at), answer: answer.into() }
}

async fn rows(store: &Store) -> Vec<OutboxRow> {
    store.read(OutboxList { state: None, count: 100 }).await.expect("read")
}

async fn sums(store: &Store) -> Vec<(String, i64, i64)> {
    let all = store.read(TargetSums {}).await.expect("read");
    all.into_iter().map(|s| (s.target, s.waiting, s.dead)).collect()
}

async fn next(store: &Store) -> Option<i64> {
    store.read(NextWish {}).await.expect("read").map(|at| at.0)
}

/// A person with a first standing, of which `research` wants to hear.
async fn wished(store: &Store, patient: &str) -> PersonKey {
    let mut first = entry(&format!("o-{patient}"), "{}", one_number("1-1", "1"));
    first.patient = Some(patient.into());
    keep(store, first, 10).await;
    let person = person(store, patient).await;
    assert_eq!(store.write(act(standing(person, 1, "first"))).await.expect("written"), Finished::Done);
    person
}

async fn a_wish_has_one_sender_and_the_latest_wins(place: Place) {
    let store = place.open();
    let person = wished(&store, "p").await;
    assert_eq!(next(&store).await, Some(1), "wished at the standing's own moment");
    let wish = claimed(&store, "a", 20).await.remove(0);
    assert_eq!((wish.target.as_str(), wish.person, wish.trial.as_str(), wish.attempt), ("research", person, TRIAL, 1));
    assert_eq!((wish.wanted, wish.sent, wish.tries, wish.lease.as_str()), (1, None, 0, "a"));
    assert!(claimed(&store, "b", 21).await.is_empty(), "it is being sent");
    store.write(act(standing(person, 2, "second"))).await.expect("written");
    assert!(claimed(&store, "b", 22).await.is_empty(), "it is still being sent");
    assert_eq!(finish(&store, &wish, 1, sent("W/\"1\""), 23).await, Finished::Done);
    let wish = claimed(&store, "b", 24).await.remove(0);
    assert_eq!((wish.wanted, wish.sent), (2, Some(1)));
    assert_eq!((wish.remote.as_deref(), wish.etag.as_deref()), (Some("r1"), Some("W/\"1\"")));
    assert_eq!(finish(&store, &wish, 2, sent("W/\"2\""), 25).await, Finished::Done);
    let row = rows(&store).await.remove(0);
    assert_eq!((row.state, row.wish.sent, row.wish.wanted), (0, Some(2), 2));
    assert_eq!((next(&store).await, claimed(&store, "c", i64::MAX - 100).await), (None, vec![]));
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

async fn a_lease_that_ran_out_makes_both_senders_fail_and_the_wish_is_sent_again(place: Place) {
    let store = place.open();
    wished(&store, "p").await;
    let frozen = claimed(&store, "a", 20).await.remove(0);
    let other = claimed(&store, "b", 71).await.remove(0);
    assert_eq!(finish(&store, &frozen, 1, sent("W/\"1\""), 72).await, Finished::Overtaken);
    assert_eq!(finish(&store, &other, 1, sent("W/\"2\""), 73).await, Finished::Overtaken);
    let again = claimed(&store, "c", 74).await.remove(0);
    assert_eq!((again.wanted, again.sent), (1, None), "nobody knows what is there");
    assert_eq!(finish(&store, &again, 1, sent("W/\"3\""), 75).await, Finished::Done);
    assert_eq!(rows(&store).await[0].wish.sent, Some(1));
}

async fn a_failure_waits_keeps_its_first_moment_and_is_forgotten_once_sent(place: Place) {
    let store = place.open();
    let person = wished(&store, "p").await;
    for (n, at) in [(1, 20), (2, 40)] {
        let wish = claimed(&store, &format!("l{n}"), at).await.remove(0);
        assert_eq!(finish(&store, &wish, 1, later(at + 10, "503 busy"), at).await, Finished::Done);
        let row = rows(&store).await.remove(0);
        assert_eq!((row.state, row.wish.tries, row.wish.first_failed), (1, n, Some(Instant(20))));
        assert_eq!((row.next_at, row.answer.as_deref()), (Instant(at + 10), Some("503 busy")));
        assert!(claimed(&store, "early", at + 9).await.is_empty());
        assert_eq!(next(&store).await, Some(at + 10));
    }
    let wish = claimed(&store, "l3", 50).await.remove(0);
    assert_eq!(finish(&store, &wish, 1, sent("W/\"1\""), 51).await, Finished::Done);
    let row = rows(&store).await.remove(0);
    assert_eq!((row.state, row.wish.tries, row.wish.first_failed, row.answer), (0, 0, None, None));
    store.write(act(standing(person, 2, "second"))).await.expect("written");
    assert_eq!(claimed(&store, "l4", 60).await[0].tries, 0);
}

async fn a_newer_wish_does_not_wait_for_an_older_ones_pause(place: Place) {
    let store = place.open();
    let person = wished(&store, "p").await;
    let wish = claimed(&store, "a", 20).await.remove(0);
    store.write(act(standing(person, 2, "second"))).await.expect("written");
    assert_eq!(finish(&store, &wish, 1, later(1000, "503"), 21).await, Finished::Done);
    assert_eq!(claimed(&store, "b", 22).await[0].wanted, 2);
    // The same for one that is dead: what is wanted now was never refused.
    let wish = rows(&store).await.remove(0).wish;
    store.write(act(standing(person, 3, "third"))).await.expect("written");
    assert_eq!(finish(&store, &wish, 2, Delivered::Dead { answer: "422".into() }, 23).await, Finished::Done);
    assert_eq!(claimed(&store, "c", 24).await[0].wanted, 3);
}

async fn a_dead_letter_keeps_the_words_and_is_sent_again_when_asked_or_outdated(place: Place) {
    let store = place.open();
    let person = wished(&store, "p").await;
    let dead = |answer: &str| Delivered::Dead { answer: answer.into() };
    let wish = claimed(&store, "a", 20).await.remove(0);
    assert_eq!(finish(&store, &wish, 1, dead("422 no such study"), 21).await, Finished::Done);
    let row = rows(&store).await.remove(0);
    assert_eq!((row.state, row.answer.as_deref()), (2, Some("422 no such study")));
    assert_eq!((next(&store).await, claimed(&store, "b", 1_000_000).await), (None, vec![]));
    assert_eq!(store.read(OutboxList { state: Some(2), count: 10 }).await.expect("read").len(), 1);
    assert!(store.read(OutboxList { state: Some(1), count: 10 }).await.expect("read").is_empty());
    let retry = |target: Option<&str>| RetryDead { target: target.map(Into::into), caller: caller(), at: Instant(30) };
    assert_eq!(store.write(retry(Some("chart"))).await.expect("written"), 0);
    assert_eq!(store.write(retry(Some("research"))).await.expect("written"), 1);
    assert_eq!(store.write(retry(None)).await.expect("written"), 0, "it is dead no longer");
    assert_eq!(sums(&store).await, [("research".into(), 1, 0)]);
    let wish = claimed(&store, "c", 31).await.remove(0);
    assert_eq!((wish.tries, wish.first_failed), (0, None));
    assert_eq!(finish(&store, &wish, 1, dead("422 again"), 32).await, Finished::Done);
    assert_eq!(sums(&store).await, [("research".into(), 0, 1)]);
    let words = store.read(DeadLetters { count: 9 }).await.expect("read");
    assert_eq!(words, [("research".into(), "422 again".into(), 1)]);
    // Somebody gives it up; a newer standing is told all the same.
    let give_up = |target: &str| DropDead { target: target.into(), caller: caller(), at: Instant(32) };
    assert_eq!(store.write(give_up("chart")).await.expect("written"), 0);
    assert_eq!(store.write(give_up("research")).await.expect("written"), 1);
    assert_eq!((sums(&store).await, store.write(retry(None)).await.expect("written")), (vec![], 0));
    store.write(act(standing(person, 2, "second"))).await.expect("written");
    assert_eq!(claimed(&store, "d", 33).await[0].wanted, 2, "a new standing is a new wish");
}

async fn a_new_target_is_told_of_every_subject_once(place: Place) {
    let store = place.open();
    for patient in ["p", "q"] {
        wished(&store, patient).await;
    }
    let second = person(&store, "q").await;
    store.write(act(standing(second, 2, "second"))).await.expect("written");
    let all = |target: &str, trial: &str| WishAll { target: target.into(), trial: trial.into(), at: Instant(50) };
    assert_eq!(store.write(all("chart", "another")).await.expect("written"), 0);
    assert_eq!(store.write(all("chart", TRIAL)).await.expect("written"), 2);
    assert_eq!(store.write(all("chart", TRIAL)).await.expect("written"), 0, "each is wished once");
    let mut wanted: Vec<i64> =
        rows(&store).await.iter().filter(|r| r.wish.target == "chart").map(|r| r.wish.wanted).collect();
    wanted.sort_unstable();
    assert_eq!(wanted, [1, 2], "the newest standing of each");
    assert_eq!(rows(&store).await.iter().filter(|r| r.wish.target == "research").count(), 2);
}

async fn many_senders_take_no_wish_twice(place: Place) {
    let store = place.open();
    let mut persons = BTreeSet::new();
    for n in 0..60 {
        persons.insert(wished(&store, &format!("p{n}")).await);
    }
    let other = place.beside(&store);
    let tasks = (0..12).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let unit = ClaimOutbox { count: 7, ..claim(&format!("l{n}-{}", mine.len()), 20) };
                let wishes = store.write(unit).await.expect("written");
                if wishes.is_empty() {
                    return mine;
                }
                mine.extend(wishes);
            }
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.expect("no panic"));
    }
    assert_eq!(all.len(), 60);
    assert_eq!(all.iter().map(|w| w.person).collect::<BTreeSet<_>>(), persons);
}
