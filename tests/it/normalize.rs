//! How facts are read by a trial's variables.

use crate::evaluate::{asks, fact, ucum};
use trialgate::model::code::{ATTESTATION_SYSTEM, Coding, MILESTONE_SYSTEM, PATIENT_SYSTEM};
use trialgate::model::fact::{Fact, FactValue, Origin};
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

/// What a person answers, what the gateway notes and what a Patient resource says come from them alone: a source that sends
/// a result in one of their codes states none of it.
#[test]
fn a_source_neither_answers_nor_notes_a_milestone_by_a_result_in_their_codes() {
    const ASK: &str = "[variables.ok]\nattest = \"Is it so?\"\nexpires = \"90 days\"\n";
    let w = asks(ASK, "ok");
    let given = |origin: Origin| {
        let told = [
            (ATTESTATION_SYSTEM, "T1/ok", FactValue::Boolean(true), Origin::Gateway),
            (MILESTONE_SYSTEM, "T1/consented", FactValue::Boolean(true), Origin::Gateway),
            (MILESTONE_SYSTEM, "T1/enrolled", FactValue::Boolean(true), Origin::Gateway),
            (PATIENT_SYSTEM, "death", FactValue::Boolean(true), Origin::Patient),
        ];
        let fact_of = |(system, code, value, own)| {
            let mut f = fact(code, value, "2026-03-10T08:00:00Z");
            f.draft.code = Coding::new(system, code);
            f.draft.origin = if origin == Origin::Gateway { own } else { origin };
            f
        };
        let read = w.readings(&told.map(fact_of));
        let person = &read.person;
        let left_out = read.series[0].left_out.iter().map(|l| l.text.clone()).collect::<Vec<_>>();
        (
            read.series[0].readings.len(),
            person.consented.is_some(),
            person.enrolled.is_some(),
            person.deceased,
            left_out,
        )
    };
    assert_eq!(given(Origin::Gateway), (1, true, true, true, vec![]));
    let why = "what no person answered here was sent; wanted an answer that the definition or the map knows";
    for origin in [Origin::Observation, Origin::Condition, Origin::Procedure, Origin::MedicationAdministration] {
        assert_eq!(given(origin), (0, false, false, false, vec![why.to_owned()]), "{origin:?}");
    }
}
