//! What an amendment changes, in the text and for each person.

use super::*;
use trialgate::flow::amendment;
use trialgate::flow::rehearsal::diff;

on_both!(an_amendment_is_weighed_person_by_person_the_enrolled_first);

const STRICTER: [(&str, &str); 3] = [
    ("version = 1\n", "version = 2\n"),
    ("platelets < 80 '10*9/L'", "platelets < 1000 '10*9/L'"),
    ("protocol = \"Creatinine clearance <20 ml/min\"", "protocol = \"Creatinine clearance < 20 ml/min\""),
];

#[test]
fn texts_are_compared_by_what_they_name() {
    let old = Profiles::built_in().0.remove(&format!("trials/{TRIAL}/trial.toml")).expect("the definition");
    let mut new = old.clone();
    for (from, to) in STRICTER {
        new = new.replace(from, to);
    }
    let new = new.replace("[variables.hb]", "[variables.hemoglobin]").replace(" hb ", " hemoglobin ");
    let found = amendment::compare(&old, &new).expect("TOML");
    let named: Vec<(&str, &str, bool)> = found.iter().map(|c| (c.what.as_str(), c.name.as_str(), c.in_both)).collect();
    let expected = [
        ("criterion", "E2", true),
        ("criterion", "E3", true),
        ("reading", "esr_and_or_hb", true),
        ("variable", "hb", false),
        ("variable", "hemoglobin", false),
        ("version", "", true),
    ];
    assert_eq!(named, expected);
    let e3 = &found[1].keys[0];
    assert_eq!(e3.0, "reject");
    assert!(e3.1.as_ref().is_some_and(|t| t.contains("< 80 ")) && e3.2.as_ref().is_some_and(|t| t.contains("< 1000 ")));
    assert_eq!(amendment::compare(&old, &old), Ok(Vec::new()));
    assert!(amendment::compare(&old, "a = ").is_err_and(|e| e.contains("the new definition is no TOML")));
}

async fn an_amendment_is_weighed_person_by_person_the_enrolled_first(place: Place) {
    let town = Town::of_the_first(place).await;
    town.enroll("t0-C04", TRIAL).await;
    let (old, new) = (town.amended(&[]).0, town.amended(&STRICTER).0);
    let (old, new) = (town.question(old), town.question(new));
    let found = diff::run(town.desk.store(), TRIAL, &old, &new, true, |_| {}).await.expect("a comparison");
    let word = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(found.enrolled, 1);
    assert_eq!(found.of_enrolled.get(&word("eligible", "ineligible")), Some(&1));
    assert!(found.moved.len() > 2, "{found:?}");
    let first = &found.moved[0];
    assert_eq!((first.person, first.enrolled), (town.person("t0-C04").await, true));
    assert_eq!(first.criteria, [("E3".to_owned(), "false".to_owned(), "true".to_owned())]);
    assert!(found.moved.iter().skip(1).all(|m| !m.enrolled && m.from != m.to));
    assert!(!found.verdicts.contains_key(&word("eligible", "eligible")), "every count in the cases is below 1000");
    assert_eq!(found.verdicts.values().sum::<u64>(), found.persons);
    // The same definition twice moves nobody; without `keep` nobody is named.
    let same = diff::run(town.desk.store(), TRIAL, &old, &old, true, |_| {}).await.expect("a comparison");
    assert!(same.moved.is_empty() && same.criteria.is_empty() && same.verdicts.keys().all(|(a, b)| a == b));
    let unnamed = diff::run(town.desk.store(), TRIAL, &old, &new, false, |_| {}).await.expect("a comparison");
    assert!(unnamed.moved.is_empty() && unnamed.verdicts == found.verdicts);
}
