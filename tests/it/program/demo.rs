//! The demo: who was told what, in which order, and where everybody ends.

use super::{output, trialgate};
use serde_json::Value;

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

#[test]
fn targets_hear_the_statuses_in_order_and_the_chart_nothing_before_consent() {
    let text = output(trialgate().args(["demo", "--once"]));
    let told = |target: &str| -> Vec<String> {
        let marker = format!("{target} <- ");
        text.lines().filter_map(|l| l.trim().strip_prefix(&marker).map(str::to_owned)).collect()
    };
    let chart = ["screening", "eligible", "on-study", "on-study-intervention"];
    assert_eq!(told("hospital-chart"), chart, "{text}");
    let store = told("research-store");
    for word in ["candidate", "ineligible", "screening", "eligible", "on-study", "on-study-intervention", "removed"] {
        assert!(store.iter().any(|s| s == word), "the research store never heard {word}:\n{text}");
    }
    assert!(text.contains("K/uL"), "{text}");
    assert!(text.contains("1 person objected and is not shown"), "{text}");
}
