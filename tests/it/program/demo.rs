//! The demo: who was told what, in which order, and where everybody ends.

use super::{output, trialgate};
use serde_json::Value;
use std::collections::BTreeMap;
use trialgate::decide::TABLE;
use trialgate::model::standing::Status;

#[test]
fn the_table_of_the_demo_is_that_of_the_worked_cases() {
    let text = output(trialgate().args(["demo", "--once", "--json"]));
    let json: Value = serde_json::from_str(&text).expect("one object");
    let of = |name: &str| -> Value {
        let persons = json["persons"].as_array().expect("persons");
        persons.iter().find(|p| p["person"] == name).cloned().unwrap_or_else(|| panic!("{name} is not in the table"))
    };
    let expected = [
        ("C01", "eligible", "candidate"),
        ("C07", "eligible", "candidate"),
        ("C04", "eligible", "candidate"),
        ("C09", "ineligible", "ineligible (computed)"),
        ("C06", "ineligible", "ineligible (computed)"),
        ("C12", "ineligible", "ineligible (computed)"),
        ("C13", "eligible", "on-study-intervention"),
    ];
    for (name, verdict, status) in expected {
        let row = of(name);
        assert_eq!((row["verdict"].as_str(), row["status"].as_str()), (Some(verdict), Some(status)), "{name}");
    }
}

/// Whom which target was told of, in order, as the status table has it: the row and what it tells. The research store
/// is told every computed status, the chart from consent on.
const RESEARCH_STORE: &[(&str, &[(&str, &str)])] = &[
    ("C01", &[("T2", "candidate")]),
    // Asked not to be contacted: what was computed is taken back.
    ("C03", &[("T4", "ineligible"), ("T21", "")]),
    ("C04", &[("T2", "candidate")]),
    ("C06", &[("T4", "ineligible")]),
    ("C07", &[("T1", "potential-candidate"), ("T2", "candidate")]),
    ("C09", &[("T4", "ineligible")]),
    // The first albumin changes no status, its correction does.
    ("C12", &[("T1", "potential-candidate"), ("T4", "ineligible")]),
    (
        "C13",
        &[
            ("T2", "candidate"),
            ("T6", "screening"),
            ("T8", "eligible"),
            ("T13", "on-study"),
            ("T14", "on-study-intervention"),
        ],
    ),
];
const HOSPITAL_CHART: &[(&str, &[(&str, &str)])] =
    &[("C13", &[("T6", "screening"), ("T8", "eligible"), ("T13", "on-study"), ("T14", "on-study-intervention")])];

#[test]
fn each_target_hears_of_each_subject_the_sequence_of_the_status_table_once() {
    let text = output(trialgate().args(["demo", "--once", "--json"]));
    let json: Value = serde_json::from_str(&text).expect("one object");
    let told: BTreeMap<String, BTreeMap<String, Vec<String>>> =
        serde_json::from_value(json["told"].clone()).expect("what was told");
    let expected = [("research-store", RESEARCH_STORE), ("hospital-chart", HOSPITAL_CHART)];
    assert_eq!(told.keys().map(String::as_str).collect::<Vec<_>>(), ["hospital-chart", "research-store"]);
    for (target, persons) in expected {
        let writes = |(_, status): &(&str, &str)| match *status {
            "" => "DELETE".to_owned(),
            status => format!("PUT {status}"),
        };
        let wanted: BTreeMap<String, Vec<String>> =
            persons.iter().map(|(person, rows)| ((*person).to_owned(), rows.iter().map(writes).collect())).collect();
        assert_eq!(told[target], wanted, "{target}");
    }
}

#[test]
fn the_sequences_are_walks_of_the_status_table() {
    for (person, rows) in RESEARCH_STORE {
        let mut from = None;
        for (name, status) in *rows {
            let row = TABLE.iter().find(|row| row.name == *name).expect("a row");
            let to = Status::from_code(status);
            assert!(from.map_or(row.from_none, |from| row.from.contains(&from)), "{person}: {name} from {from:?}");
            assert!(to.is_none_or(|to| row.to.contains(&to)), "{person}: {name} to {status}");
            from = to;
        }
    }
}

#[test]
fn the_story_is_told_in_words() {
    let text = output(trialgate().args(["demo", "--once"]));
    let chart: Vec<&str> = text.lines().filter_map(|l| l.trim().strip_prefix("hospital-chart <- ")).collect();
    assert_eq!(chart, ["screening", "eligible", "on-study", "on-study-intervention"], "{text}");
    assert!(text.contains("K/uL"), "{text}");
    assert!(text.contains("1 person objected and is not shown"), "{text}");
}
