//! The health of feeds: volume beside what was expected, lateness, a unit that changed, and a feed from which nothing comes any more.

use crate::definitions::{TRIAL, Town};
use crate::place::{Place, on_both};
use serde_json::{Value, json};
use std::sync::Arc;
use trialgate::flow::explain::{Asked, explain};
use trialgate::flow::feeds::{Change, Silent, date, health, recent_health};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::served::Served;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::SubjectsOfPerson;

on_both!(a_unit_that_changed_and_a_feed_that_fell_silent_are_told, a_variable_stays_silent_while_its_source_goes_on);

const DAY_US: i64 = 86_400_000_000;

fn creatinine(id: String, at: &str, quantity: Value) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/t0-C01" },
            "code": { "coding": [{ "system": "http://loinc.org", "code": "14682-9" }] },
            "effectiveDateTime": at, "issued": at, "valueQuantity": quantity })
}

/// A day's results; what the clock says is when they are known.
async fn day(town: &Town, place: i64) {
    let now = town.desk.now();
    let at = Zone::utc().show(now.plus_us(-2 * 3_600_000_000));
    let coded = json!({ "value": 70, "unit": "umol/L", "system": "http://unitsofmeasure.org", "code": "umol/L" });
    let word = json!({ "value": 0.8, "unit": "mg/dL" });
    let quantity = if place < 25 { coded } else { word };
    let results: Vec<Value> = (0..3).map(|n| creatinine(format!("cr-{place}-{n}"), &at, quantity.clone())).collect();
    town.load(&results).await;
}

async fn explained(town: &Town) -> (String, Value) {
    let asked = Asked { person: "main/t0-C01", trial: Some(TRIAL), as_of: None, known_at: None };
    let found = explain(&town.desk, &asked).await.expect("explained");
    (found.text, found.json)
}

/// The verdict as FHIR, with its version.
async fn guidance(town: &Town) -> (i64, Value) {
    let person = town.person("t0-C01").await;
    let subjects = town.desk.store().read(SubjectsOfPerson { person }).await.expect("read");
    let served = Served::named("GuidanceResponse", "main").expect("served");
    let source = town.desk.gateway.source("main").expect("a source");
    let (version, _, body) =
        town.desk.gateway.current(source, served, &subjects[0].subject.id).await.expect("a verdict");
    (version, serde_json::from_slice(&body).expect("JSON"))
}

async fn a_unit_that_changed_and_a_feed_that_fell_silent_are_told(place: Place) {
    let town = Town::of_the_first(place).await;
    let start = town.desk.now();
    let go_to = |day: i64| town.clock.set(start.plus_us(day * DAY_US));
    for place in 1..30 {
        go_to(place);
        day(&town, place).await;
    }
    town.settle().await;
    let first = start.0.div_euclid(DAY_US);
    let found = health(&town.desk, None).await.expect("read");
    let [main] = found.as_slice() else { panic!("{found:?}") };
    let v = &main.volume;
    assert_eq!((v.today, v.yesterday, v.expected, v.silent, v.last), (3, 3, Some(3), None, town.desk.now()));
    // Two hours after their clinical and their recorded time: not within the hour, within the day.
    assert_eq!((v.clinical, v.recorded), ([21, 0, 21, 21], [21, 0, 21, 21]));
    let creatinine = main.variables.iter().find(|v| v.variable == "creatinine").expect("fed");
    let (before, after) = ("umol/L".to_owned(), "the word mg/dL".to_owned());
    assert_eq!(creatinine.changes, [Change { kind: "unit", day: first + 25, before, after }]);
    let told = creatinine.changes[0].to_string();
    assert_eq!(told, format!("unit changed from umol/L to the word mg/dL on {}", date(first + 25)));
    let before = explained(&town).await;
    assert!(!before.0.contains("silent") && before.1["silent_feeds"] == json!([]), "{}", before.0);
    let told_before = guidance(&town).await;
    assert!(told_before.1.get("evaluationMessage").is_none());

    // A source that may be away for three days.
    let patient = |day: i64| {
        let at = start.plus_us(day * DAY_US);
        Gateway::new(Parts {
            store: town.desk.store().clone(),
            sources: vec![Source { silent_after_days: 3, ..Source::new("main", Zone::utc()) }],
            clock: Arc::new(move || at),
            cursor_key: [7; 32],
            base: "http://test/fhir".into(),
        })
    };
    assert!(patient(32).silent().await.expect("read").is_empty());
    let silent = patient(33).silent().await.expect("read");
    assert_eq!((silent.len(), silent[0].day, silent[0].expected), (1, first + 30, 3));
    // Who asks for what is new since yesterday is told of it: it was known when the third day was over, not the first.
    assert_eq!(silent[0].since(), Instant((first + 33) * DAY_US));
    // The day after is not over: nothing is missed yet. When it is, and nothing came, the feed is silent.
    go_to(30);
    assert!(town.desk.gateway.silent().await.expect("read").is_empty());
    go_to(31);
    let silent = town.desk.gateway.silent().await.expect("read");
    assert_eq!((silent.len(), silent[0].day, silent[0].expected), (1, first + 30, 3));
    assert_eq!(silent[0].since(), Instant((first + 31) * DAY_US));
    let (text, json) = explained(&town).await;
    assert!(
        text.contains("the feed of main is silent: nothing came on") && text.contains("3 facts were expected"),
        "{text}"
    );
    assert_eq!(json["silent_feeds"][0]["day"], date(first + 30));
    assert_eq!(json["overall"], before.1["overall"], "a silent feed changes no verdict");
    let (version, told) = guidance(&town).await;
    assert!(
        version != told_before.0 && told["status"] == told_before.1["status"],
        "another representation, the same verdict"
    );
    let remarks = told["contained"].to_string();
    assert!(remarks.contains("is silent") && remarks.contains("incomplete"), "{remarks}");
    // It stays silent however long it lasts.
    go_to(400);
    assert_eq!(town.desk.gateway.silent().await.expect("read").len(), 1);
    // What was asked about another moment leans on what was known, not on what comes now.
    let asked = Asked { person: "main/t0-C01", trial: Some(TRIAL), as_of: Some("2026-03-15"), known_at: None };
    assert!(!explain(&town.desk, &asked).await.expect("explained").text.contains("silent"));
    day(&town, 400).await;
    go_to(401);
    assert!(town.desk.gateway.silent().await.expect("read").is_empty());
}

/// A result that some definition reads, and one that none does, of the day that the clock shows.
async fn one(town: &Town, id: String, code: &str) {
    let at = Zone::utc().show(town.desk.now().plus_us(-3_600_000_000));
    let result = json!({ "resourceType": "Observation", "id": id, "status": "final",
        "subject": { "reference": "Patient/t0-C01" }, "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
        "effectiveDateTime": at, "issued": at, "valueQuantity": { "value": 70 } });
    town.load(&[result]).await;
}

async fn a_variable_stays_silent_while_its_source_goes_on(place: Place) {
    let town = Town::of_the_first(place).await;
    let start = town.desk.now();
    for day in 1..100 {
        town.clock.set(start.plus_us(day * DAY_US));
        if day <= 28 {
            one(&town, format!("cr-{day}"), "14682-9").await;
        }
        one(&town, format!("plt-{day}"), "777-3").await;
    }
    let found = health(&town.desk, None).await.expect("read");
    let [main] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((main.volume.silent, main.volume.expected), (None, Some(1)), "the source goes on");
    let of = |name: &str| main.variables.iter().find(|v| v.variable == name).unwrap_or_else(|| panic!("{name}"));
    let first = start.0.div_euclid(DAY_US);
    assert_eq!(of("platelets").volume.silent, None);
    let creatinine = of("creatinine");
    assert_eq!((creatinine.volume.silent, creatinine.volume.yesterday), (Some(first + 29), 0), "70 days later");
    assert_eq!(creatinine.changes, [], "what changed is told of the last six weeks");

    // Verdicts that ask for it are marked, by its name; none is changed, and that of another trial is not marked.
    town.settle().await;
    let silent = town.desk.gateway.silent().await.expect("read");
    let of = |s: &Silent| s.is_of(TRIAL, |_| false);
    let [of_trial] = silent.iter().filter(|s| of(s)).collect::<Vec<_>>()[..] else { panic!("{silent:?}") };
    assert_eq!(of_trial.variable, Some((TRIAL.to_owned(), "creatinine".to_owned())));
    assert!(!of_trial.is_of(TRIAL, |name| name == "creatinine") && !of_trial.is_of("NCT0", |_| false));
    let (text, json) = explained(&town).await;
    assert!(text.contains("the feed of creatinine from main is silent: nothing came on"), "{text}");
    assert_eq!(json["silent_feeds"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["silent_feeds"][0]["variable"], "creatinine");
    let remarks = guidance(&town).await.1["contained"].to_string();
    assert!(remarks.contains("the feed of creatinine from main is silent"), "{remarks}");
    let gauges = town.desk.gateway.feed_metrics().await.expect("read");
    assert!(gauges.contains("trialgate_feed_silent{source=\"main\"} 0\n"), "{gauges}");
    assert!(
        gauges.contains(&format!("trialgate_feed_silent_variables{{source=\"main\"}} {}\n", silent.len())),
        "{gauges}"
    );

    // Of those who find it a minute old one works it out, and the others wait for that.
    town.clock.set(town.desk.now().plus_us(60_000_000));
    let (one, other) = tokio::join!(town.desk.gateway.silent(), town.desk.gateway.silent());
    let (one, other) = (one.expect("read"), other.expect("read"));
    assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &silent), "worked out once");
    let (one, other) = tokio::join!(recent_health(&town.desk), recent_health(&town.desk));
    assert!(Arc::ptr_eq(&one.expect("read"), &other.expect("read")), "worked out once");
}
