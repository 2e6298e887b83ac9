//! Units: factors are exact, there and back, and chained; what measures another thing never converts.

use super::{config, ratio};
use proptest::prelude::*;
use trialgate::model::number::Number;
use trialgate::model::unit::{UNIT_CODE_MAX, Unit, conversion};

/// Units that measure the same, one kind a line.
const KINDS: &[&[&str]] = &[
    &["g/L", "g/dL", "mg/dL", "mg/L", "kg/m3", "ug/mL", "[lb_av]/[ft_i]3", "[oz_av]/[gal_us]"],
    &["umol/L", "mmol/L", "nmol/mL", "mol/m3"],
    &["10*9/L", "10*3/uL", "10*3/mm3", "/uL", "/mm3", "10*6/L", "{cells}/uL", "1/dL"],
    &["g/(24.h)", "g/d", "mg/(24.h)", "mg/d", "kg/a"],
    &["mL/min", "mL/s", "L/h", "m3/d"],
    &["mm[Hg]", "kPa", "m[H2O]", "bar", "[psi]", "Pa"],
    &["kg", "g", "[lb_av]", "[oz_av]", "t"],
    &["cm", "m", "[in_i]", "[ft_i]", "mm"],
    &["%", "1", "10*-2", "[ppm]", "{score}"],
    &["[iU]/mL", "k[iU]/L", "m[iU]/uL"],
    &["mm/h", "cm/d", "[in_i]/min"],
    &["mmol/mol", "umol/mmol", "mol/mol"],
    &["U/L", "ukat/L", "mU/mL", "umol/(min.L)"],
    &["mL/min/{1.73_m2}", "L/h/{1.73_m2}"],
];

fn kinds() -> impl Strategy<Value = &'static [&'static str]> {
    proptest::sample::select(KINDS)
}

fn of_one_kind() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    let one = |kind: &'static [&'static str]| proptest::sample::select(kind);
    kinds().prop_flat_map(move |kind| (one(kind), one(kind), one(kind)))
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn there_and_back_is_where_it_began((a, b, c) in of_one_kind(), value in -10_000_000_i64..10_000_000, scale in 1_i64..1_000_000) {
        let way = |from: &str, to: &str| conversion(from, to).unwrap_or_else(|e| panic!("{from} to {to}: {e}"));
        let value = ratio(value, scale);
        prop_assert_eq!(way(b, a).apply(&way(a, b).apply(&value)), value.clone(), "{} and {}", a, b);
        prop_assert_eq!(way(b, c).apply(&way(a, b).apply(&value)), way(a, c).apply(&value), "{}, {}, {}", a, b, c);
        prop_assert_eq!(way(a, a).apply(&value), value);
    }

    #[test]
    fn what_measures_another_thing_does_not_convert(a in kinds(), b in kinds(), i in 0_usize..8, j in 0_usize..8) {
        let (from, to) = (a[i % a.len()], b[j % b.len()]);
        prop_assert_eq!(conversion(from, to).is_ok(), a == b, "{} to {}", from, to);
        prop_assert_eq!(conversion(to, from).is_ok(), a == b, "{} to {}", to, from);
    }

    #[test]
    fn powers_of_ten_are_exact(a in -18_i32..18, b in -18_i32..18) {
        let way = conversion(&format!("10*{a}/L"), &format!("10*{b}/L")).expect("both are counts in a volume");
        prop_assert_eq!(&way.factor, &Number::decimal(1, a - b));
        prop_assert!(way.offset.is_zero());
    }

    #[test]
    fn a_product_and_a_quotient_have_the_factors_of_their_parts((a, b, _) in of_one_kind(), (c, d, _) in of_one_kind()) {
        let unit = |code: &str| Unit::parse(code).expect("a unit of UCUM");
        let factor = |from: &Unit, to: &Unit| from.conversion(to).map(|way| way.factor);
        let (ab, cd) = (factor(&unit(a), &unit(b)).expect("one kind"), factor(&unit(c), &unit(d)).expect("one kind"));
        let notes = [a, b, c, d].iter().any(|code| code.contains('{'));
        if !notes {
            let times = factor(&unit(a).times(&unit(c)).expect("a unit"), &unit(b).times(&unit(d)).expect("a unit"));
            prop_assert_eq!(times, Ok(&ab * &cd), "{}.{} to {}.{}", a, c, b, d);
            let per = factor(&unit(a).per(&unit(c)).expect("a unit"), &unit(b).per(&unit(d)).expect("a unit"));
            prop_assert_eq!(per, Ok(ab.checked_div(&cd).expect("no factor is zero")), "({})/({})", a, c);
        }
    }

    #[test]
    fn temperatures_are_exact_and_only_they_have_an_offset(tenths in -2000_i64..2000) {
        let way = |from: &str, to: &str| conversion(from, to).expect("both are temperatures");
        let celsius = ratio(tenths, 10);
        let fahrenheit = &(&celsius * &ratio(9, 5)) + &Number::from(32);
        prop_assert_eq!(way("Cel", "[degF]").apply(&celsius), fahrenheit.clone());
        prop_assert_eq!(way("[degF]", "Cel").apply(&fahrenheit), celsius.clone());
        prop_assert_eq!(way("Cel", "K").apply(&celsius), &celsius + &ratio(27_315, 100));
    }

    #[test]
    fn no_code_makes_it_stumble(code in "[a-zA-Z0-9*/.{}\\[\\]()%_'+-]{0,30}|\\PC{0,12}") {
        if let Ok(unit) = Unit::parse(&code) {
            prop_assert_eq!(unit.code(), code.as_str());
            let same = unit.conversion(&unit).expect("a unit converts to itself");
            prop_assert_eq!(same.apply(&ratio(7, 3)), ratio(7, 3));
        }
    }
}

#[test]
fn what_is_no_unit_to_compute_with_is_refused() {
    for code in ["", "mmHg", "gm/dL", "[pH]x", "B", "[pH]", "10*", &"m".repeat(UNIT_CODE_MAX + 1)] {
        let read = Unit::parse(code);
        assert_eq!(read.is_err(), code != "10*", "{code}: {read:?}");
    }
    assert!(conversion("[iU]/L", "U/L").is_err(), "an arbitrary unit is itself alone");
    assert!(conversion("K/uL", "10*3/uL").is_err(), "K is kelvin");
    assert!(conversion("mmol/L", "10*9/L").is_err(), "an amount of substance is no count");
    assert!(conversion("mmol/mol", "%").is_err(), "of HbA1c the two differ by more than a factor");
    assert!(conversion("meq/L", "mmol/L").is_ok());
    assert!(conversion("ng/mL{FEU}", "ng/mL").is_err(), "behind a denominator braces count");
}
