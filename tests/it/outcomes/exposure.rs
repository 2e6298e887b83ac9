//! What was given of the study drug: day 0, doses in every form, departures from the protocol, drugs beside it.

use super::*;
use trialgate::model::outcome::Deviation;
use trialgate::model::time::TimeRange;

const DAY0: &str = "2026-01-31T10:00:00+08:00";
const NOW: &str = "2026-06-01T00:00:00+08:00";

fn weight(value: &str, day: &str) -> Fact {
    fact("weight", ucum(value, "kg"), day)
}

/// Dose, whether within the tolerance, by which weight.
fn dose(given: &[Fact]) -> (Option<String>, Option<Truth>, Option<String>) {
    let found = trial().outcomes(given, NOW).exposure;
    let words = found.given.map(|(dose, unit)| format!("{dose} {unit}"));
    (words, found.within_tolerance, found.weight)
}

#[test]
fn a_dose_per_kilogram_comes_in_every_form() {
    let known =
        |dose: &str, within, weight: Option<&str>| (Some(dose.to_owned()), Some(within), weight.map(str::to_owned));
    let kg56 = Some("56 kg, 2026-01-29");
    let cells = |value: &str, unit: &str| drug("cells", ucum(value, unit), DAY0, FactStatus::Final);
    let weighed = |given: Fact| dose(&[weight("60", "2026-01-20"), weight("56", "2026-01-29"), given]);
    // 58 × 10⁶ / 56 never ends: it is shown as near to a number.
    let worked = |found| assert_eq!(found, known("≈1035714 {cells}/kg", Truth::True, kg56));
    worked(weighed(cells("58", "10*6")));
    worked(weighed(cells("58000000", "{cells}")));
    let mut by_strength = cells("58", "10*6");
    by_strength.draft.part = 2;
    let mut volume = cells("29", "mL");
    volume.item = by_strength.item;
    worked(dose(&[weight("56", "2026-01-29"), volume.clone(), by_strength]));
    // Sent per weight it is not divided once more, and leans on no weight.
    for unit in ["10*6/kg", "10*6.{cells}/kg"] {
        assert_eq!(weighed(cells("1.036", unit)), known("1036000 {cells}/kg", Truth::True, None), "{unit}");
        assert_eq!(dose(&[cells("1.2", unit)]), known("1200000 {cells}/kg", Truth::False, None), "{unit}");
    }
    assert_eq!(weighed(cells("61.6", "10*6")), known("1100000 {cells}/kg", Truth::True, kg56), "10 % is within");
    assert_eq!(weighed(cells("61.7", "10*6")).1, Some(Truth::False));
    assert_eq!(dose(&[weight("56", "2026-01-20"), cells("58", "10*6")]), (None, None, None), "a weight too old");
    let mut held = volume.clone();
    held.draft.status = FactStatus::Unusable;
    assert_eq!(trial().outcomes(&[held], NOW).exposure.doses, [], "what is on hold was not given");
    // A volume without a strength says nothing, and that something was given stands there.
    let found = trial().outcomes(&[volume], NOW).exposure;
    assert_eq!((found.day0, found.doses.len(), found.doses[0].amount.clone()), (None, 1, None));
}

#[test]
fn a_dose_sent_per_weight_starts_the_clock() {
    let world = trial();
    let given = drug("cells", ucum("1", "10*6/kg"), DAY0, FactStatus::Final);
    let found = world.outcomes(&[given, skin("20", "2026-02-28")], NOW);
    assert_eq!(found.exposure.day0.map(|d| d.to_string()).as_deref(), Some("2026-01-31"));
    assert_eq!(found.exposure.doses[0].amount, None, "how much it was in all is not known");
    assert_eq!(world.told(&found, "skin")[1], "M1 captured 20");
}

#[test]
fn day_0_is_of_the_first_administration_that_counts() {
    let of = |facts: &[Fact]| {
        let found = trial().outcomes(facts, NOW).exposure;
        let codes: Vec<&str> = found.deviations.iter().map(|d| d.code()).collect();
        (found.day0.map(|d| d.to_string()).unwrap_or_default(), found.provisional, codes.join(" "), found.days)
    };
    let at = |status| drug("cells", ucum("58", "10*6"), DAY0, status);
    let is = |day: &str, provisional, codes: &str, days| (day.to_owned(), provisional, codes.to_owned(), days);
    assert_eq!(of(&[at(FactStatus::Final)]), is("2026-01-31", false, "", 1));
    assert_eq!(of(&[at(FactStatus::Preliminary)]), is("2026-01-31", true, "", 1));
    assert_eq!(of(&[at(FactStatus::Stopped)]), is("2026-01-31", false, Deviation::Stopped.code(), 1));
    assert_eq!(of(&[at(FactStatus::NotDone)]), is("", false, "", 0));
    assert_eq!(of(&[at(FactStatus::EnteredInError)]), is("", false, "", 0));
    let again = cells("2026-02-10T10:00:00+08:00");
    assert_eq!(of(&[again.clone(), at(FactStatus::Final)]), is("2026-01-31", false, Deviation::GivenAgain.code(), 2));
    assert_eq!(of(&[again, at(FactStatus::NotDone)]), is("2026-02-10", false, "", 1));
    let outside = [weight("100", "2026-01-30"), at(FactStatus::Final)];
    assert_eq!(of(&outside).2, Deviation::DoseOutsideTolerance.code());
    // By the site's calendar: late in the evening there is the day before by UTC.
    assert_eq!(of(&[cells("2026-01-31T23:30:00Z")]).0, "2026-02-01");
}

#[test]
fn what_leans_on_an_infusion_that_runs_is_provisional() {
    let world = trial();
    let mut runs = drug("cells", ucum("58", "10*6"), DAY0, FactStatus::Preliminary);
    runs.draft.other_end = Some(Instant::MAX);
    let found = world.outcomes(&[runs, skin("20", "2026-02-28")], NOW);
    assert!(found.exposure.doses[0].running && world.cell(&found, "skin", "M1").provisional);
    assert!(!world.cell(&found, "skin", "M2").provisional, "there is nothing");
}

#[test]
fn drugs_of_declared_classes_are_told_since_day_0() {
    let given = |first: &str, last: Option<&str>| {
        let mut fact = drug("steroid", FactValue::Boolean(true), first, FactStatus::Final);
        fact.draft.at = Some(TimeRange::exact(time(first)));
        fact.draft.other_end = last.map(time);
        fact
    };
    let facts = [
        cells(DAY0),
        given("2026-01-02T08:00:00+08:00", Some("2026-01-05T08:00:00+08:00")),
        given("2026-01-28T08:00:00+08:00", Some("2026-02-02T08:00:00+08:00")),
        given("2026-02-02T20:00:00+08:00", None),
        given("2026-02-10T08:00:00+08:00", None),
        given("2026-07-10T08:00:00+08:00", None),
    ];
    let world = trial();
    // One that ran when collection stopped counts up to then.
    let stopped = Followed { stopped: Some(time("2026-02-01T08:00:00+08:00")), ..Followed::default() };
    let until = world.followed(&facts, &stopped, time(NOW)).exposure.concomitant;
    assert_eq!(until.iter().map(|c| c.days).collect::<Vec<_>>(), [2], "31 January and 1 February");
    let found = world.outcomes(&facts, NOW).exposure.concomitant;
    let [steroid] = found.as_slice() else { panic!("{found:?}") };
    let days = |a: &str, b: &str| (a.parse().expect("a date"), b.parse().expect("a date"));
    assert_eq!((steroid.days, steroid.between), (4, days("2026-01-31", "2026-02-10")));
    assert_eq!(steroid.facts, [2, 3, 4]);
}

#[test]
fn a_dose_of_which_only_the_end_is_known_has_no_day() {
    let world = trial();
    let mut given = cells(DAY0);
    given.draft.at = given.draft.at.map(|at| TimeRange { earliest: Instant::MIN, ..at });
    let found = world.outcomes(&[given], NOW);
    let zone = &world.trial.study.sites[0].zone;
    let json = trialgate::publish::course::to_json(&world.trial, &found, zone);
    assert_eq!((found.exposure.doses.len(), &json["exposure"]["doses"][0]["at"]), (1, &serde_json::Value::Null));
}
