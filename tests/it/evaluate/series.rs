//! What could not be read must not be taken for what is not there.

use super::*;
use trialgate::model::reading::Reason;

const NOW: &str = "2026-03-15T12:00:00+08:00";
const TEST: &str = r#"[variables.t]
from = "observation"
code = ["local|t"]
answers.true = ["snomed|10828004"]
answers.false = ["snomed|260385009"]
"#;

fn positive(at: &str) -> Fact {
    fact("t", coded("10828004"), at)
}

fn negative(at: &str) -> Fact {
    fact("t", coded("260385009"), at)
}

fn unreadable(at: &str) -> Fact {
    fact("t", coded("82334004"), at)
}

fn pending(at: &str) -> Fact {
    let mut f = positive(at);
    f.draft.status = FactStatus::Preliminary;
    f
}

#[test]
fn any_true_is_unknown_while_one_in_the_window_is_not_understood() {
    let w = asks(TEST, "AnyTrue(t within 28 days)");
    assert_eq!(w.truth(&[negative("2026-03-10")], NOW), Truth::False);
    for open in [unreadable("2026-03-09"), unreadable("2026-03-12"), pending("2026-03-12")] {
        assert_eq!(w.truth(&[negative("2026-03-10"), open.clone()], NOW), Truth::Unknown);
        assert_eq!(w.truth(&[positive("2026-03-10"), open], NOW), Truth::True);
    }
    assert_eq!(w.truth(&[negative("2026-03-10"), unreadable("2026-01-01")], NOW), Truth::False);
    assert_eq!(w.truth(&[negative("2026-03-10"), unreadable("2026-03-20")], NOW), Truth::False);
}

#[test]
fn all_true_is_unknown_while_one_in_the_window_is_not_understood() {
    let w = asks(TEST, "AllTrue(t within 28 days)");
    assert_eq!(w.truth(&[positive("2026-03-10")], NOW), Truth::True);
    assert_eq!(w.truth(&[positive("2026-03-10"), unreadable("2026-03-12")], NOW), Truth::Unknown);
    assert_eq!(w.truth(&[negative("2026-03-10"), unreadable("2026-03-12")], NOW), Truth::False);
}

#[test]
fn exists_is_unknown_while_one_that_the_where_may_take_is_not_readable() {
    let x = number("x", "g/L");
    let w = asks(&x, "exists (x within 28 days where value < 25 'g/L')");
    let (high, low) = (fact("x", ucum("30", "g/L"), "2026-03-10"), fact("x", ucum("20", "g/L"), "2026-03-10"));
    let kelvin = fact("x", ucum("20", "K/uL"), "2026-03-12");
    assert_eq!(w.truth(std::slice::from_ref(&high), NOW), Truth::False);
    assert_eq!(w.truth(&[high.clone(), kelvin.clone()], NOW), Truth::Unknown);
    assert_eq!(w.truth(&[low, kelvin.clone()], NOW), Truth::True);
    let old = asks(&x, "exists (x within 28 days where time < @2026-03-11)");
    let newer = fact("x", ucum("30", "g/L"), "2026-03-11T08:00:00+08:00");
    assert_eq!(old.truth(&[newer, kelvin], NOW), Truth::False);
}

#[test]
fn last_keeps_to_what_is_readable_and_shows_what_is_not() {
    let w = asks(&number("x", "g/dL"), "x < 11 'g/dL'");
    let facts = [fact("x", ucum("10.5", "g/dL"), "2026-03-10"), fact("x", ucum("9.8", "K/uL"), "2026-03-12")];
    let a = w.assess(&facts, NOW);
    assert_eq!(truth_of(&a, "A"), Truth::True);
    let kept = finding(&a, "A").facts.iter().find(|f| f.value.is_none()).expect("what is not used is shown");
    let remark = kept.remark.as_deref().expect("a remark");
    assert!(remark.starts_with("unit not convertible: ") && remark.contains("wanted `g/dL`"), "{remark}");
}

#[test]
fn another_measurement_by_its_context_opens_nothing() {
    let context = "context = { method = { except = [\"snomed|40701008\"] } }\n";
    let w = asks(&format!("{TEST}{context}"), "AnyTrue(t within 28 days)");
    let mut echo = positive("2026-03-12");
    echo.draft
        .context
        .push((trialgate::model::fact::Qualifier::Method, Coding::new("http://snomed.info/sct", "40701008")));
    assert_eq!(w.truth(&[negative("2026-03-10"), echo], NOW), Truth::False);
}

#[test]
fn what_opens_is_named_with_its_own_reason() {
    let w = asks(TEST, "AnyTrue(t within 28 days)");
    let a = w.assess(&[negative("2026-03-10"), unreadable("2026-03-12")], NOW);
    assert_eq!(a.missing.len(), 1);
    assert_eq!((a.missing[0].variable.as_str(), a.missing[0].reason), ("t", Reason::CodeNotUnderstood));
}

#[test]
fn what_was_not_done_does_not_count_at_all() {
    const DRUG: &str =
        "[variables.drug]\nfrom = \"medication_administration\"\ncode = [\"local|drug\"]\namount = \"presence\"\n";
    const PRESUME: &str = "presume = { value = false, when = \"sex is null\" }\n";
    let given = |status: FactStatus, at: &str| {
        let mut f = fact("drug", FactValue::Boolean(true), at);
        (f.draft.origin, f.draft.status) = (Origin::MedicationAdministration, status);
        f
    };
    let (not_done, done) = (given(FactStatus::NotDone, "2026-03-12"), given(FactStatus::Final, "2026-03-10"));
    for (require, without, with) in [
        ("exists (drug within 28 days)", Truth::Unknown, Truth::True),
        ("exists (drug within 28 days where time > @2026-03-11)", Truth::Unknown, Truth::False),
        ("Count(drug within 28 days) = 1", Truth::Unknown, Truth::True),
        ("not exists (drug within 28 days)", Truth::Unknown, Truth::False),
    ] {
        let w = asks(DRUG, require);
        let all = [not_done.clone(), done.clone()];
        assert_eq!(w.truth(&all[..1], NOW), without, "{require}");
        assert_eq!(w.truth(&all, NOW), with, "{require}");
        assert_eq!(w.truth(&all[1..], NOW), with, "{require}");
        let presuming = asks(&format!("{DRUG}{PRESUME}"), require);
        assert_eq!(presuming.truth(&all[..1], NOW), presuming.truth(&[], NOW), "{require}");
    }
    let a = asks(DRUG, "exists (drug within 28 days)").assess(&[not_done], NOW);
    assert_eq!(a.missing[0].reason, Reason::NeverSeen);
    let shown = finding(&a, "A").facts.iter().find_map(|f| f.remark.clone()).expect("it is shown all the same");
    assert_eq!(shown, "never seen: its status is not done; wanted one that was");
}

#[test]
fn a_cancelled_test_is_no_answer_to_wait_for() {
    let w = asks(TEST, "AnyTrue(t within 28 days)");
    let mut cancelled = positive("2026-03-12");
    cancelled.draft.status = FactStatus::NotDone;
    assert_eq!(w.truth(&[negative("2026-03-10"), cancelled.clone()], NOW), Truth::False);
    assert_eq!(w.truth(&[cancelled], NOW), Truth::Unknown);
}

#[test]
fn nothing_is_presumed_while_a_code_that_is_not_understood_may_be_it() {
    const DRUG: &str = "[variables.drug]\nfrom = \"medication_administration\"\ncode = [\"atc|A10\"]\namount = \"presence\"\n\
                        presume = { value = false, when = \"sex is null\" }\n";
    let given = |code: Coding, at: &str| {
        let mut f = fact("drug", FactValue::Boolean(true), at);
        (f.draft.origin, f.draft.code) = (Origin::MedicationAdministration, code);
        f
    };
    let local = given(Coding::new("urn:pharmacy", "4711"), "2026-03-10");
    let unresolved = given(Coding::new("", "Medication/m1"), "2026-03-10");
    let other = given(Coding::new("http://www.whocc.no/atc", "C07AB02"), "2026-03-11");
    let old = given(Coding::new("urn:pharmacy", "4711"), "2025-03-10");
    let body = format!("{DRUG}\n{}", include("A", "exists (drug within 28 days)"));
    let w = world(&body);
    assert_eq!(w.truth(&[], NOW), Truth::False, "presumed");
    assert_eq!(w.truth(std::slice::from_ref(&other), NOW), Truth::False, "it is known to be another drug");
    assert_eq!(w.truth(&[old], NOW), Truth::False, "outside the window");
    for unknown in [&local, &unresolved] {
        let a = w.assess(&[unknown.clone(), other.clone()], NOW);
        assert_eq!(truth_of(&a, "A"), Truth::Unknown);
        assert_eq!((a.missing[0].variable.as_str(), a.missing[0].reason), ("drug", Reason::CodeNotUnderstood));
    }
    // A second coding of the same administration that is understood speaks for it.
    let mut both = given(Coding::new("http://www.whocc.no/atc", "C07AB02"), "2026-03-10");
    both.item = local.item;
    assert_eq!(w.truth(&[local.clone(), both], NOW), Truth::False);
    // The site's map says what the code means.
    for (atc, truth) in [("A10BA02", Truth::True), ("C07AB02", Truth::False)] {
        let map = format!("[codes]\n\"urn:pharmacy|4711\" = [\"atc|{atc}\"]\n");
        assert_eq!(world_with(&body, &map).truth(std::slice::from_ref(&local), NOW), truth, "{atc}");
    }
}

#[test]
fn a_newer_result_that_is_left_out_is_shown_beside_the_older_one_that_decides() {
    let variable = format!("{}select = \"Last(plt within 28 days)\"\n", number("plt", "10*9/L"));
    let again = include("B", "plt > 10 '10*9/L'");
    let w = world(&format!("{variable}{again}{}", exclude("A", "plt < 80 '10*9/L' or Max(plt) < 10 '10*9/L'")));
    let older = fact("plt", ucum("330", "10*9/L"), "2026-03-10");
    let newer = fact("plt", quantity("20", ReceivedUnit::Word("G/l".into())), "2026-03-14");
    let a = w.assess(&[older, newer], "2026-03-15T12:00:00Z");
    assert_eq!(truth_of(&a, "A"), Truth::False);
    let shown: Vec<_> = finding(&a, "A").facts.iter().map(|f| (f.received.as_str(), f.value.is_some())).collect();
    assert_eq!(shown, [("330 10*9/L", true), ("20 G/l", false)]);
}

#[test]
fn what_could_not_be_read_may_be_the_highest_or_the_lowest() {
    let (x, kelvin) = (number("x", "g/L"), fact("x", ucum("20", "K/uL"), "2026-03-12"));
    let read = fact("x", ucum("30", "g/L"), "2026-03-10");
    for (rule, alone, beside) in [
        ("Max(x within 28 days) > 25 'g/L'", Truth::True, Truth::True),
        ("Max(x within 28 days) < 40 'g/L'", Truth::True, Truth::Unknown),
        ("Max(x within 28 days) > 40 'g/L'", Truth::False, Truth::Unknown),
        ("Min(x within 28 days) < 40 'g/L'", Truth::True, Truth::True),
        ("Min(x within 28 days) > 25 'g/L'", Truth::True, Truth::Unknown),
        ("Avg(x within 28 days) > 25 'g/L'", Truth::True, Truth::Unknown),
        ("Median(x within 28 days) > 25 'g/L'", Truth::True, Truth::Unknown),
        ("Max(x within 3 days) > 25 'g/L'", Truth::Unknown, Truth::Unknown),
        ("Last(x within 28 days) > 25 'g/L'", Truth::True, Truth::True),
    ] {
        let w = asks(&x, rule);
        assert_eq!(w.truth(std::slice::from_ref(&read), NOW), alone, "{rule}");
        assert_eq!(w.truth(&[read.clone(), kelvin.clone()], NOW), beside, "{rule} beside one in kelvin");
    }
}
