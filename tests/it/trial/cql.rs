//! A definition as a CQL library: every name has its define, guards stand where CQL alone would decide, the rest is listed.

use crate::evaluate::{asks, number};
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::model::number::Number;
use trialgate::trial::cql::{Written, decimal, write};

/// What CQL cannot say of the definitions of the profiles: trial, name, and the part. All of it is for outcomes.
const UNSAID: &[(&str, &str, &str)] = &[
    ("NCT00962923", "lung_recovery.better", "Baseline(vital_capacity)"),
    ("NCT00962923", "lung_recovery.better", "Baseline(dlco_pct)"),
    ("NCT00962923", "gut_recovered", "Baseline(weight_reference)"),
    ("NCT00962923", "lung_relapse", "lung_relapse"),
    ("NCT00962923", "lung_relapse_once", "lung_relapse_once"),
    ("NCT00962923", "skin_response.five_and_a_quarter", "Baseline(mrss)"),
    ("NCT00962923", "skin_response.a_quarter", "Baseline(mrss)"),
    ("NCT00962923", "relapse.confirmed", "relapse.confirmed"),
    ("NCT00962923", "relapse.once", "relapse.once"),
];

fn written(variables: &str, require: &str) -> Written {
    write(&asks(variables, require).trial)
}

fn holds(written: &Written, part: &str) {
    assert!(written.text.contains(part), "{part}\nis not in\n{}", written.text);
}

#[test]
fn every_name_of_every_definition_has_its_define() {
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    let mut unsaid = Vec::new();
    for active in &library.trials {
        let trial = &active.trial;
        let written = write(trial);
        let defines: Vec<&str> = written.text.lines().filter_map(|l| l.strip_prefix("define ")).collect();
        let mut names: Vec<String> = trial.variables.iter().map(|v| v.name.to_string()).collect();
        names.extend(trial.anchors.iter().map(|(name, _)| name.clone()));
        names.extend(trial.criteria.iter().map(|c| c.id.clone()));
        for reading in &trial.readings {
            names.push(reading.name.clone());
            names.extend(reading.alternatives.iter().map(|(word, _)| format!("{}.{word}", reading.name)));
        }
        names.push("Eligible".into());
        for name in names {
            let found = defines.iter().filter(|d| **d == format!("\"{name}\":")).count();
            assert_eq!(found, 1, "{}: defines of {name}", trial.id);
        }
        unsaid.extend(written.unsaid.into_iter().map(|u| (trial.id.clone(), u.name, u.expression)));
    }
    let unsaid: Vec<_> = unsaid.iter().map(|(t, n, e)| (t.as_str(), n.as_str(), e.as_str())).collect();
    assert_eq!(unsaid, UNSAID, "what CQL cannot say of the profiles' definitions");
}

#[test]
fn a_series_is_a_query_and_what_it_asks_is_guarded() {
    let w = written(&number("x", "g/L"), "Last(x within 28 days) < 25 'g/L' or exists (x within 3 hours)");
    holds(
        &w,
        "let inside: ((case when F.last < (Today() - 28 days) then false when F.first >= (Today() - 28 days) then true else null end)), taken: true",
    );
    holds(&w, "((\"x 2: Last\" < 25.0) or \"x 3: Exists\")");
    holds(&w, "when exists ((\"x 3\") M where M.read and M.inside) then false\n    else null end");
    assert_eq!(w.unsaid, []);
}

#[test]
fn nothing_unknown_is_passed_over() {
    let names = number("x", "g/L") + &number("y", "g/L");
    let w = written(&names, "(if Coalesce(x, y) > 1 'g/L' then 2 else 3) = 2 and Max({x, y}) < 9 'g/L'");
    holds(&w, "(if \"x: nothing\" is true then \"y\" else \"x\")");
    holds(&w, "is null then null else if ");
    holds(
        &w,
        "(\"x\" is null and \"x: nothing\" is not true) or (\"y\" is null and \"y: nothing\" is not true) then null else Max({ \"x\", \"y\" })",
    );
}

#[test]
fn what_is_reckoned_is_not_decided_at_the_limit() {
    let w = written(&number("x", "g/L"), "x / 3 > 5 'g/L' and x > 5 'g/L'");
    holds(&w, "(IsAbove((\"x\" / 3.0), 5.0) and (\"x\" > 5.0))");
}

#[test]
fn what_cql_cannot_say_is_null_and_listed() {
    let w = written(&number("x", "g/L"), "x mod 2 'g/L' > 1 'g/L' or x > 3 'g/L'");
    holds(&w, "(IsAbove((null as Decimal), 1.0) or (\"x\" > 3.0))");
    holds(&w, "// - A: x mod 2 'g/L' (a whole quotient or rest of decimals)");
    assert_eq!(w.unsaid.len(), 1);
}

#[test]
fn a_number_that_is_cut_stays_on_its_side_of_every_limit() {
    for (above, below, wanted) in [
        (1, 3, "0.33333333"),
        (2, 3, "0.66666667"),
        (-1, 3, "-0.33333333"),
        (5, 2, "2.5"),
        (1, 1_000_000_000, "0.00000001"),
    ] {
        let n = Number::ratio(above, below).expect("the denominator is not zero");
        assert_eq!(decimal(&n), wanted);
    }
    let just_below = &Number::from(120) - &Number::decimal(1, -12);
    assert_eq!(decimal(&just_below), "119.99999999");
    let just_above = &Number::from(120) + &Number::decimal(1, -12);
    assert_eq!(decimal(&just_above), "120.00000001");
}
