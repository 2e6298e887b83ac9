//! Numbers are exact, known in part, and the same in every unit.

use super::*;
use proptest::prelude::*;
use trialgate::model::interval::Interval;
use trialgate::model::number::Number;
use trialgate::model::reading::{Reason, Value};

const NOW: &str = "2026-03-15T12:00:00+08:00";
const AT: &str = "2026-03-10";

fn holds(require: &str, unit: &str, value: FactValue) -> Truth {
    asks(&number("x", unit), require).truth(&[fact("x", value, AT)], NOW)
}

#[test]
fn a_tenth_is_not_above_ten_percent() {
    let loss = "(1 - Last(w within 28 days) / Max(w within 365 days)) * 100 '%' > 10 '%'";
    let w = asks(&number("w", "kg"), loss);
    let seen = |now: &str| {
        let facts = [fact("w", ucum("62.0", "kg"), "2025-09-01"), fact("w", ucum(now, "kg"), "2026-03-10")];
        w.truth(&facts, NOW)
    };
    assert_eq!(seen("55.8"), Truth::False);
    assert_eq!(seen("55.80"), Truth::False);
    assert_eq!(seen("55.7999999"), Truth::True);
}

#[test]
fn a_number_known_in_part_decides_only_where_it_can() {
    for (value, require, truth) in [
        ("<0.15", "x > 0.5 'g/L'", Truth::False),
        ("<100", "x < 80 'g/L'", Truth::Unknown),
        ("<5", "x > 25 'g/L'", Truth::False),
        ("<5", "x > 3 'g/L'", Truth::Unknown),
        ("<80", "x < 80 'g/L'", Truth::True),
        ("<=80", "x < 80 'g/L'", Truth::Unknown),
        (">80", "x <= 80 'g/L'", Truth::False),
        ("50-55", "x > 49 'g/L'", Truth::True),
        ("50-55", "x >= 50 'g/L'", Truth::True),
        ("50-55", "x > 52 'g/L'", Truth::Unknown),
        ("50-55", "x > 55 'g/L'", Truth::False),
    ] {
        assert_eq!(holds(require, "g/L", ucum(value, "g/L")), truth, "{value} {require}");
    }
    let words = FactValue::Text("50-55 g/L".into());
    assert_eq!(holds("x >= 50 'g/L'", "g/L", words), Truth::True);
}

#[test]
fn a_cut_off_is_the_same_in_every_unit() {
    for (value, unit) in [("25", "g/L"), ("2.5", "g/dL"), ("2500", "mg/dL"), ("25000", "mg/L"), ("25.000", "mg/mL")] {
        assert_eq!(holds("x < 25 'g/L'", "g/L", ucum(value, unit)), Truth::False, "{value} {unit}");
        assert_eq!(holds("x <= 2.5 'g/dL'", "g/L", ucum(value, unit)), Truth::True, "{value} {unit}");
    }
    assert_eq!(holds("x < 80 '10*9/L'", "10*9/L", ucum("80", "10*3/uL")), Truth::False);
    assert_eq!(holds("x >= 80 '10*9/L'", "10*9/L", ucum("80", "10*3/uL")), Truth::True);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn the_variables_unit_changes_nothing(value in 0_u32..60_000, limit in 0_u32..60) {
        let received = format!("{}.{:03}", value / 1000, value % 1000);
        let truths = ["g/L", "g/dL", "mg/L", "kg/m3"].map(|unit| {
            holds(&format!("x < {limit} 'g/L'"), unit, ucum(&received, "g/L"))
        });
        prop_assert_eq!(truths, [Truth::from(value < limit * 1000); 4]);
    }
}

#[test]
fn kelvin_is_refused_unless_the_site_says_thousand() {
    let body = format!("{}{}", number("x", "10*9/L"), include("A", "x < 100 '10*9/L'"));
    let sent = [fact("x", ucum("80", "K/uL"), AT)];
    let left = &world(&body).readings(&sent).series[0].left_out;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].reason, Reason::UnitNotConvertible);
    let text = &left[0].text;
    assert!(["K/uL", "kelvin", "wanted `10*9/L`", "site map"].iter().all(|w| text.contains(w)), "{text}");
    let mapped = world_with(&body, "[units]\n\"K/uL\" = \"10*3/uL\"\n").readings(&sent);
    assert_eq!(mapped.series[0].readings[0].value, Value::Number(Interval::exact(Number::from(80))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_decimal_is_shown_as_what_it_is(mantissa in any::<i64>(), places in 0_i32..24) {
        let number = Number::decimal(i128::from(mantissa), -places);
        let text = number.to_decimal().expect("its decimals end");
        prop_assert_eq!(Number::parse(&text), Ok(number));
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "{}", text);
    }

    /// However few or many zeros stand at its end.
    #[test]
    fn a_decimal_of_few_digits_is_read_as_what_it_is(digits in 0_i64..100_000_000, zeros in 0_u32..9, places in 0_usize..18, sign in any::<bool>()) {
        let mantissa = digits * 10_i64.pow(zeros);
        let padded = format!("{mantissa:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let point = if places == 0 { "" } else { "." };
        let text = format!("{}{whole}{point}{fraction}", if sign { "-" } else { "" });
        let number = Number::decimal(i128::from(if sign { -mantissa } else { mantissa }), -i32::try_from(places).expect("few"));
        prop_assert_eq!(Number::parse(&text), Ok(number), "{}", text);
    }
}

#[test]
fn a_power_of_many_factors_is_known_closely_enough() {
    // As in the equation for kidneys, which raises 0.9938 to the age in years.
    let one =
        FactValue::Quantity { number: ReceivedNumber::Exact("0.9938".into()), unit: ReceivedUnit::Ucum("1".into()) };
    for (age, from, to) in [(64, "0.67163", "0.67164"), (65, "0.66747", "0.66748"), (80, "0.60802", "0.60803")] {
        let require = format!("Power(Number(x, '1'), {age}) between {from} and {to}");
        assert_eq!(holds(&require, "1", one.clone()), Truth::True, "{age}");
    }
}

#[test]
fn doubling_steps_of_a_titer_are_whole() {
    let steps = |titer: &str, wanted: &str| {
        let world = asks(&number("x", "{titer}"), &format!("Log(Last(x) / First(x), 2) {wanted}"));
        let facts = [fact("x", ucum("640", "{titer}"), "2026-01-01"), fact("x", ucum(titer, "{titer}"), "2026-03-01")];
        world.truth(&facts, "2026-03-15T12:00:00+08:00")
    };
    assert_eq!(steps("160", "= -2"), Truth::True);
    assert_eq!(steps("1280", "= 1"), Truth::True);
    assert_eq!(steps("640", "= 0"), Truth::True);
    assert_eq!(steps("20480", "= 5"), Truth::True);
    assert_eq!(steps("161", "> -2"), Truth::True, "161 is two whole steps no more");
    // What is below 1:40 may be nothing, of which there is no logarithm: the steps are asked by a quotient.
    assert_eq!(steps("<40", "< -4"), Truth::Unknown);
    let world = asks(&number("x", "{titer}"), "Last(x) <= First(x) / 4");
    let facts = [fact("x", ucum("640", "{titer}"), "2026-01-01"), fact("x", ucum("<40", "{titer}"), "2026-03-01")];
    assert_eq!(world.truth(&facts, "2026-03-15T12:00:00+08:00"), Truth::True);
}
