//! What is kept for a time only: counts by day are laid together, and old messages go.

use crate::definitions::{Town, caller};
use crate::place::{Place, on_both};
use serde_json::json;
use sha2::{Digest, Sha256};
use trialgate::flow::keep::{Gone, Keep, look};
use trialgate::flow::unmapped::unmapped;
use trialgate::model::time::DAY_US;
use trialgate::store::{FeedDays, MessageOf, UsageList};

/// What was counted, in words.
async fn counts(town: &Town) -> Vec<String> {
    let rows = town.desk.store().read(UsageList { source: None }).await.expect("read");
    rows.iter().map(|row| format!("{row:?}")).collect()
}

on_both!(old_days_are_laid_together_and_counted_still, old_messages_go_and_what_they_state_stays);

async fn old_days_are_laid_together_and_counted_still(place: Place) {
    let town = Town::of_the_first(place).await;
    let start = town.desk.now();
    for day in 1..80 {
        town.clock.set(start.plus_us(day * DAY_US));
        let result = json!({ "resourceType": "Observation", "id": format!("o{day}"), "status": "final",
            "subject": { "reference": "Patient/t0-C01" }, "code": { "coding": [{ "system": "urn:lab", "code": "ZZZ" }] },
            "effectiveDateTime": "2026-03-10", "valueQuantity": { "value": 70, "unit": "g/L" } });
        town.load(&[result]).await;
    }
    let store = town.desk.store();
    let before = counts(&town).await;
    let listed = unmapped(store, &town.desk.library(), None).await.expect("read");
    let newest = store.read(FeedDays { days: 43 }).await.expect("read");
    let keep = Keep { usage_days: 50, message_days: None };
    // Day 0 with all the people, and days 1 to 28 of the one result: 79 - 50 days lie before.
    assert_eq!(look(&town.desk, keep).await.expect("looked"), Gone { days: 29, messages: 0 });
    assert_eq!(counts(&town).await, before, "sums, first and last stay");
    assert_eq!(unmapped(store, &town.desk.library(), None).await.expect("read"), listed);
    let zzz =
        |rows: Vec<trialgate::store::FeedDay>| rows.into_iter().filter(|r| r.code.code == "ZZZ").collect::<Vec<_>>();
    assert_eq!(zzz(store.read(FeedDays { days: 43 }).await.expect("read")), zzz(newest));
    assert_eq!(look(&town.desk, keep).await.expect("looked"), Gone::default());
    // What is added to what was laid together is counted too.
    town.clock.set(town.desk.now().plus_us(10 * DAY_US));
    assert_eq!(look(&town.desk, keep).await.expect("looked").days, 10);
    assert_eq!(counts(&town).await, before);
}

async fn old_messages_go_and_what_they_state_stays(place: Place) {
    let town = Town::of_the_first(place).await;
    let start = town.desk.now();
    let text = |n: i64| {
        format!(
            "MSH|^~\\&|LIS|H|TG|TG|20260315090000+0000||ORU^R01|M{n}|P|2.5.1\rPID|1||t0-C01\rOBR|1||F{n}|1751-7^Albumin^LN|||20260315080000+0000\rOBX|1|NM|1751-7^Albumin^LN||3{n}|g/L^g/L^UCUM|||||F\r"
        )
    };
    let source = town.desk.gateway.source("main").expect("a source");
    for n in 0..3 {
        town.clock.set(start.plus_us(n * 10 * DAY_US));
        let told = town.desk.gateway.message(source, "m", text(n).as_bytes(), &caller()).await.expect("taken");
        assert!(told.aside.is_empty(), "{told:?}");
    }
    let there = async |n: i64| {
        let digest: [u8; 32] = Sha256::digest(text(n)).into();
        town.desk.store().read(MessageOf { source: "main".into(), digest }).await.expect("read").is_some()
    };
    let facts = counts(&town).await;
    let look = async |days: Option<u32>| {
        look(&town.desk, Keep { message_days: days, ..Keep::default() }).await.expect("looked").messages
    };
    assert_eq!(look(None).await, 0, "nothing goes where the settings do not say so");
    assert_eq!(look(Some(15)).await, 1);
    assert_eq!((there(0).await, there(1).await, there(2).await), (false, true, true));
    assert_eq!(look(Some(15)).await, 0);
    assert_eq!(counts(&town).await, facts);
}
