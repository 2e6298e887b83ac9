//! What a definition hides, by whichever version a person is followed, whatever leans on it, through whichever door.

use super::*;
use crate::exports::fhir::{found, read};
use crate::place::on_both;
use trialgate::flow::definitions::{self, Loaded};
use trialgate::flow::{library, takeup};

on_both!(
    one_version_shows_what_another_hides_of_its_own_persons,
    grades_that_lean_on_what_is_hidden_are_hidden,
    a_hidden_study_drug_hides_the_dates_that_count_from_it,
    the_completeness_of_visits_counts_what_is_shown_by_one_definition
);

/// Puts another text of the definition in force; those who are enrolled stay with theirs.
async fn amended(town: &Town, text: String) {
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    let (mut profiles, folder) = (town.profiles.clone(), format!("trials/{TRIAL}"));
    profiles.0.insert(format!("{folder}/trial.toml"), text);
    let (trial, mistakes) = library::definition(&profiles, &folder);
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:?}"));
    let loaded = definitions::load(&town.desk, &trial, profiles.below(&folder), crate::definitions::caller()).await;
    assert_eq!(loaded.expect("loaded"), Loaded::InForce(Some(1)));
    assert!(definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
}

async fn one_version_shows_what_another_hides_of_its_own_persons(place: Place) {
    let town = followed(place, "\"skin\"").await;
    amended(&town, definition(2, "")).await;
    let (text, _) = made(&town, &request(Dataset::Outcomes, Format::Wide)).await;
    let mut rows = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let head = rows.next().expect("a head");
    let (mut persons, mut shown) = (0, 0);
    for row in rows {
        let of = |name: &str| row[head.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no {name}"))];
        assert_eq!(of("definition"), "1");
        for hidden in ["skin", "skin.state", "response", "response.state"] {
            assert_eq!(of(hidden), "", "{hidden} of {row:?}");
        }
        persons += 1;
        shown += usize::from(!of("labs.albumin").is_empty());
    }
    assert!(persons > 10 && shown > 10, "{text}");
    let persons = lines(&town, &request(Dataset::Persons, Format::Ndjson)).await;
    assert_eq!(persons.len(), 3);
    for person in persons {
        assert!(person.contains_key("labs.albumin.baseline") && person.contains_key("survival.state"), "{person:?}");
        for hidden in ["skin.baseline", "response.baseline", "response.ever", "response.first"] {
            assert!(!person.contains_key(hidden), "{hidden} of {person:?}");
        }
    }
    let all = lines(&town, &request(Dataset::Outcomes, Format::Ndjson)).await;
    assert!(!all.iter().any(|l| l["item"] == "skin" || l["item"] == "response"));
}

async fn grades_that_lean_on_what_is_hidden_are_hidden(place: Place) {
    let leaning = |hidden: &str| {
        let old = "\"albumin < 20 'g/L'\"";
        let text = definition(1, hidden);
        assert!(text.contains(old));
        text.replace(old, "\"albumin < 20 'g/L' or albumin < 30 'g/L' and Last(skin within 28 days) < 100 '{score}'\"")
    };
    let town = followed_by(place, leaning("\"skin\"")).await;
    let all = lines(&town, &request(Dataset::Outcomes, Format::Ndjson)).await;
    assert!(all.iter().any(|l| l["item"] == "albumin" && l["record"] == "visit"));
    assert!(!all.iter().any(|l| l["record"] == "grade"), "a grade leans on the skin");
    let open = Request { unblinded: true, ..request(Dataset::Outcomes, Format::Ndjson) };
    assert!(lines(&town, &open).await.iter().any(|l| l["record"] == "grade"), "and is there");
    let tasks = found(&town, "Task").await;
    assert!(tasks.iter().any(|t| t["code"]["coding"][0]["code"] == "visit-due"));
    assert!(!tasks.iter().any(|t| t["code"]["coding"][0]["code"] == "review-grade"), "{tasks:#?}");
}

async fn a_hidden_study_drug_hides_the_dates_that_count_from_it(place: Place) {
    let town = followed(place, "\"study_drug\"").await;
    let all = lines(&town, &request(Dataset::Outcomes, Format::Ndjson)).await;
    let dated = |l: &BTreeMap<String, Value>| l.contains_key("study_day") || l.contains_key("visit_target");
    assert!(all.iter().any(|l| l.contains_key("date") && l.contains_key("visit")));
    assert!(!all.iter().any(dated), "{all:#?}");
    // The days of an event and its date would give the day from which they count.
    assert!(!all.iter().any(|l| l["record"] == "event" && l.contains_key("date") && l.contains_key("value")));
    for person in lines(&town, &request(Dataset::Persons, Format::Ndjson)).await {
        assert!(!person.contains_key("day0") && person.contains_key("survival.days"), "{person:?}");
    }
    let (wide, _) = made(&town, &request(Dataset::Outcomes, Format::Wide)).await;
    assert!(wide.contains("M1") && !wide.contains("2026-03-16") && !wide.contains("2026-04-16"), "{wide}");
    let tasks = found(&town, "Task").await;
    let due: Vec<_> = tasks.iter().filter(|t| t["code"]["coding"][0]["code"] == "visit-due").collect();
    assert!(!due.is_empty());
    for task in due {
        let words = task["description"].as_str().expect("words");
        assert!(!words.contains("2026") && task["authoredOn"].is_null() && task["lastModified"].is_null(), "{task:#?}");
    }
    let open = Request { unblinded: true, ..request(Dataset::Outcomes, Format::Ndjson) };
    assert!(lines(&town, &open).await.iter().any(dated), "to the unblinded they are shown");
}

/// What each group of the report on visits counts, in words.
async fn groups(town: &Town) -> Vec<String> {
    let report = read(town, "MeasureReport", "t1-visits").await;
    let all = report["group"].as_array().cloned().unwrap_or_default();
    all.iter().map(|g| g["code"]["text"].as_str().expect("words").to_owned()).collect()
}

async fn the_completeness_of_visits_counts_what_is_shown_by_one_definition(place: Place) {
    let town = followed(place, "\"skin\", \"albumin\"").await;
    assert_eq!(groups(&town).await, Vec::<String>::new(), "nothing of any visit may be seen");
    let text = definition(2, "").replace("monthly", "each_month");
    amended(&town, text).await;
    let groups = groups(&town).await;
    assert!(groups.contains(&"each_month M1: complete".to_owned()), "{groups:?}");
    assert!(groups.iter().all(|g| g.starts_with("each_month ")), "by the definition in force: {groups:?}");
}
