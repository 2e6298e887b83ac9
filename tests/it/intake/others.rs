use super::facts::codes;
use super::{at, draft};
use trialgate::model::fact::{FactStatus, FactValue, ReceivedNumber, ReceivedUnit};
use trialgate::model::time::{Instant, TimeRange};

fn condition(members: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition","subject":{{"reference":"Patient/p"}},"code":{{"coding":[{{"system":"i","code":"M32.1"}}]}}{}{members}}}"#,
        if members.is_empty() { "" } else { "," }
    )
}

fn clinical(code: &str) -> String {
    format!(
        r#""clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{code}"}}]}}"#
    )
}

fn verification(code: &str) -> String {
    format!(
        r#""verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"{code}"}}]}}"#
    )
}

#[test]
fn a_condition_says_when_it_began_and_whether_it_lasts() {
    let times = |members: &str| {
        let fact = draft(&condition(members)).facts.remove(0);
        (fact.at.expect("always an onset"), fact.other_end, fact.recorded.expect("always recorded"))
    };
    let received = at("2026-06-01T00:00:00Z");
    let until = |latest| TimeRange { earliest: Instant::MIN, latest };
    assert_eq!(times(""), (until(received), None, received));
    let recorded = at("2026-02-01T00:00:00Z");
    let dated = r#""recordedDate":"2026-02-01T00:00:00Z""#;
    assert_eq!(times(&format!("{},{dated}", clinical("active"))), (until(recorded), Some(Instant::MAX), recorded));
    assert_eq!(times(&format!("{dated},\"onsetString\":\"childhood\"")), (until(recorded), None, recorded));
    let onset = times(&format!(
        "{},{dated},\"onsetDateTime\":\"2020-01-01T00:00:00Z\",\"abatementDateTime\":\"2021-01-01T00:00:00Z\"",
        clinical("resolved")
    ));
    assert_eq!(onset, (TimeRange::exact(at("2020-01-01T00:00:00Z")), Some(at("2021-01-01T00:00:00Z")), recorded));
    let updated = r#""meta":{"lastUpdated":"2026-03-01T00:00:00Z"}"#;
    assert_eq!(times(updated).2, at("2026-03-01T00:00:00Z"));
}

#[test]
fn a_condition_has_a_status_of_two_codes() {
    use FactStatus::*;
    let status = |members: String| draft(&condition(&members)).facts[0].status;
    let both = |c: &str, v: &str| format!("{},{}", clinical(c), verification(v));
    assert_eq!(status(String::new()), Unconfirmed);
    assert_eq!(status(clinical("active")), Final);
    assert_eq!(status(both("relapse", "confirmed")), Final);
    assert_eq!(status(both("active", "provisional")), Unconfirmed);
    assert_eq!(status(both("active", "refuted")), Refuted);
    assert_eq!(status(both("remission", "confirmed")), Past);
    assert_eq!(status(verification("confirmed")), Final);
    assert_eq!(status(verification("entered-in-error")), EnteredInError);
}

fn administration(members: &str) -> String {
    format!(
        r#"{{"resourceType":"MedicationAdministration","status":"completed","subject":{{"reference":"Patient/p"}},"effectivePeriod":{{"start":"2026-01-01T08:00:00Z","end":"2026-01-01T09:00:00Z"}},{members}}}"#
    )
}

fn amount(decimal: &str, unit: &str) -> FactValue {
    FactValue::Quantity { number: ReceivedNumber::Exact(decimal.into()), unit: ReceivedUnit::Ucum(unit.into()) }
}

const UCUM: &str = r#""system":"http://unitsofmeasure.org""#;

#[test]
fn an_infusion_states_dose_rate_and_amount() {
    let medication = format!(
        r##""contained":[{{"resourceType":"Medication","id":"m","code":{{"coding":[{{"system":"s","code":"bag"}}]}},"ingredient":[{{"itemCodeableConcept":{{"coding":[{{"system":"s","code":"drug"}}]}},
        "strength":{{"numerator":{{"value":10,{UCUM},"code":"mg"}},"denominator":{{"value":4,{UCUM},"code":"mL"}}}}}}]}}],"medicationReference":{{"reference":"#m"}}"##
    );
    let dosage = format!(
        r#""dosage":{{"dose":{{"value":100.0,{UCUM},"code":"mL"}},"rateRatio":{{"numerator":{{"value":50,{UCUM},"code":"mL"}},"denominator":{{"value":2,{UCUM},"code":"h"}}}}}}"#
    );
    let facts = draft(&administration(&format!("{medication},{dosage}"))).facts;
    let shown: Vec<(u16, &str, FactValue)> =
        facts.iter().map(|f| (f.part, f.code.code.as_str(), f.value.clone())).collect();
    let (dose, rate, drug) = (amount("100.0", "mL"), amount("25", "mL/h"), amount("250", "mg"));
    assert_eq!(
        shown,
        [
            (0, "bag", dose.clone()),
            (0, "drug", dose),
            (1, "bag", rate.clone()),
            (1, "drug", rate),
            (2, "drug", drug.clone()),
            (2, "bag", drug)
        ]
    );
    assert_eq!(facts[0].at, Some(TimeRange::exact(at("2026-01-01T08:00:00Z"))));
    assert_eq!(facts[0].other_end, Some(at("2026-01-01T09:00:00Z")));
}

#[test]
fn what_ran_at_a_rate_is_an_amount_only_where_all_of_it_is_exact() {
    let drug = r#""medicationCodeableConcept":{"coding":[{"system":"s","code":"drug"}]}"#;
    let quantity = |value: &str, code: &str| format!(r#"{{"value":{value},{UCUM},"code":"{code}"}}"#);
    let per = |value: &str, code: &str| format!(r#""rateQuantity":{}"#, quantity(value, code));
    let ratio = |over: (&str, &str), under: (&str, &str)| {
        format!(
            r#""rateRatio":{{"numerator":{},"denominator":{}}}"#,
            quantity(over.0, over.1),
            quantity(under.0, under.1)
        )
    };
    let given = |body: &str| draft(body).facts[0].value.clone();
    let body = |rate: &str| administration(&format!(r#"{drug},"dosage":{{{rate}}}"#));
    // An hour.
    for (rate, wanted) in [
        (per("5", "mg/h"), Some(("5", "mg"))),
        (per("0.1", "ug/kg/min"), Some(("6", "ug/kg"))),
        (per("2.5", "mL/min"), Some(("150", "mL"))),
        (ratio(("100", "mg"), ("3", "h")), None),
        (ratio(("120", "mg"), ("1", "d")), Some(("5", "mg"))),
        (ratio(("100", "mg"), ("24", "h")), None),
        (per("5", "mg/h/kg"), None),
        (per("5", "mg"), None),
        (per("5", "/h"), None),
        (per("-5", "mg/h"), None),
        (r#""rateQuantity":{"value":5,"unit":"mg/h"}"#.to_owned(), None),
        (format!(r#""rateQuantity":{{"value":5,"comparator":"<",{UCUM},"code":"mg/h"}}"#), None),
    ] {
        let wanted = wanted.map_or(FactValue::Boolean(true), |(number, unit)| amount(number, unit));
        assert_eq!(given(&body(&rate)), wanted, "{rate}");
    }
    let rate = per("5", "mg/h");
    let known = body(&rate);
    assert_eq!(given(&known.replace("completed", "stopped")), amount("5", "mg"));
    for (what, found, other) in [
        ("it may still be changed", "completed", "in-progress"),
        ("no moment", "2026-01-01T09:00:00Z", "2026-01-02"),
        ("nothing lies between", "2026-01-01T09:00:00Z", "2026-01-01T08:00:00Z"),
    ] {
        assert_eq!(given(&known.replace(found, other)), FactValue::Boolean(true), "{what}");
    }
    let dose = format!(r#""dose":{},{rate}"#, quantity("7", "mg"));
    assert_eq!(given(&body(&dose)), amount("7", "mg"), "what was given is said");
}

#[test]
fn a_drug_without_dose_was_given_and_one_in_progress_lasts() {
    let body = administration(r#""medicationReference":{"reference":"Medication/m7/_history/2"}"#);
    let read = draft(&body);
    assert_eq!(codes(&read.facts), [("Medication/m7", &FactValue::Boolean(true))]);
    let running = draft(&body.replace("completed", "in-progress").replace(r#","end":"2026-01-01T09:00:00Z""#, ""));
    assert_eq!((running.facts[0].status, running.facts[0].other_end), (FactStatus::Preliminary, Some(Instant::MAX)));
    for (word, status) in [
        ("stopped", FactStatus::Stopped),
        ("not-done", FactStatus::NotDone),
        ("on-hold", FactStatus::Unusable),
        ("unknown", FactStatus::Unusable),
        ("entered-in-error", FactStatus::EnteredInError),
    ] {
        assert_eq!(draft(&body.replace("completed", word)).facts[0].status, status);
    }
}
