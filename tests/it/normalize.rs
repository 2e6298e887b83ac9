//! How facts are read by a trial's variables.

use crate::evaluate::{asks, fact, ucum};
use trialgate::model::fact::{Fact, Origin};
use trialgate::model::interval::Interval;
use trialgate::model::number::Number;
use trialgate::model::reading::Value;

const DRUG: &str = r#"[variables.drug]
from = "medication_administration"
code = ["local|drug"]
amount = "dose"
unit = "mg"
"#;

fn part(mut f: Fact, part: u16) -> Fact {
    f.draft.part = part;
    f.draft.origin = Origin::MedicationAdministration;
    f.item = trialgate::model::key::Item::of("main", "MedicationAdministration", "m1");
    f
}

fn doses(facts: &[Fact]) -> Vec<Value> {
    let w = asks(DRUG, "Sum(drug) > 0 'mg'");
    w.readings(facts).series[0].readings.iter().map(|r| r.value.clone()).collect()
}

fn mg(n: i64) -> Vec<Value> {
    vec![Value::Number(Interval::exact(Number::from(n)))]
}

#[test]
fn an_administration_counts_one_dose_whichever_part_comes_first() {
    let own = part(fact("drug", ucum("80", "mg"), "2026-03-10T08:00:00Z"), 0);
    let volume = part(fact("drug", ucum("2", "mL"), "2026-03-10T08:00:00Z"), 0);
    let by_strength = part(fact("drug", ucum("81", "mg"), "2026-03-10T08:00:00Z"), 2);
    assert_eq!(doses(&[own.clone(), by_strength.clone()]), mg(80));
    assert_eq!(doses(&[by_strength.clone(), own.clone()]), mg(80));
    assert_eq!(doses(&[volume.clone(), by_strength.clone()]), mg(81));
    assert_eq!(doses(&[by_strength, volume]), mg(81));
}

#[test]
fn a_dose_as_sent_that_is_implausible_is_not_made_up_for() {
    let w = asks(&format!("{DRUG}plausible = [0, 100]\n"), "Sum(drug) > 0 'mg'");
    let own = part(fact("drug", ucum("800", "mg"), "2026-03-10T08:00:00Z"), 0);
    let by_strength = part(fact("drug", ucum("80", "mg"), "2026-03-10T08:00:00Z"), 2);
    let series = &w.readings(&[by_strength, own]).series[0];
    assert!(series.readings.is_empty());
    assert_eq!(series.left_out.len(), 1);
}

#[test]
fn two_administrations_of_one_day_are_two() {
    let mut second = fact("drug", ucum("80", "mg"), "2026-03-10");
    second.draft.origin = Origin::MedicationAdministration;
    let first = part(fact("drug", ucum("80", "mg"), "2026-03-10"), 0);
    assert_eq!(doses(&[first, second]).len(), 2);
}
