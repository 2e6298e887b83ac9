//! Exact rationals, checked against a library of big ones, and decimals as they are printed.

use super::config;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use trialgate::model::number::{DIGITS_MAX, EXPONENT_MAX, Number, NumberFault};

/// Small ones, great ones, and those at the border of 64 bits.
fn whole() -> impl Strategy<Value = i64> {
    let border = prop_oneof![Just(i64::MIN), Just(i64::MIN + 1), Just(i64::MAX), Just(0), Just(1), Just(-1)];
    prop_oneof![4 => -1000_i64..1000, 3 => any::<i64>(), 1 => border]
}

/// A number, and the same as the library has it.
fn pairs() -> impl Strategy<Value = (Number, BigRational)> {
    (whole(), whole().prop_filter("a denominator", |d| *d != 0)).prop_map(|(n, d)| {
        let number = Number::ratio(n, d).expect("the denominator is not zero");
        (number, BigRational::new(n.into(), d.into()))
    })
}

fn same(number: &Number, big: &BigRational) -> Result<(), TestCaseError> {
    prop_assert_eq!(format!("{number:?}"), big.to_string());
    Ok(())
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn arithmetic_is_that_of_fractions((a, x) in pairs(), (b, y) in pairs(), (c, z) in pairs()) {
        same(&(&a + &b), &(&x + &y))?;
        same(&(&a - &b), &(&x - &y))?;
        same(&(&a * &b), &(&x * &y))?;
        same(&-&a, &-&x)?;
        match a.checked_div(&b) {
            Some(quotient) => same(&quotient, &(&x / &y))?,
            None => prop_assert_eq!(&b, &Number::ZERO),
        }
        // What has grown beyond 64 bits goes on like any other, and comes back.
        let grown = &(&a * &b) + &c;
        same(&grown, &(&x * &y + &z))?;
        let back = &grown - &c;
        prop_assert_eq!(&back, &(&a * &b));
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        prop_assert_eq!(grown.cmp(&c), (&x * &y + &z).cmp(&z));
        prop_assert_eq!(a == b, x == y);
    }

    #[test]
    fn rounding_goes_where_it_is_said_to((a, x) in pairs(), places in 0_u32..6) {
        same(&a.floor(), &x.floor())?;
        same(&a.ceil(), &x.ceil())?;
        same(&a.truncate(), &x.trunc())?;
        let scale = BigRational::from_integer(BigInt::from(10).pow(places));
        // The library rounds halves away from zero, as CQL does.
        same(&a.round(places), &((&x * &scale).round() / &scale))?;
        prop_assert_eq!(a.is_integer(), x.is_integer());
        prop_assert_eq!(a.is_negative(), x < BigRational::from_integer(0.into()));
        let value = x.is_integer().then(|| i64::try_from(x.to_integer()).ok()).flatten();
        // The least of 64 bits is kept as a big number; it is read back as none.
        prop_assert_eq!(a.to_i64(), value.filter(|v| *v != i64::MIN));
    }

    #[test]
    fn a_decimal_is_what_is_printed(whole in 0_u64..10_u64.pow(15), fraction in "[0-9]{0,10}", negative: bool, exponent in -30_i32..30) {
        let sign = if negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        let digits: BigInt = format!("{sign}{whole}{fraction}").parse().expect("digits");
        let power = BigInt::from(10);
        let scaled = |places: i32| {
            let unit = power.pow(places.unsigned_abs());
            if places < 0 { BigRational::new(digits.clone(), unit) } else { BigRational::from_integer(&digits * unit) }
        };
        let places = i32::try_from(fraction.len()).expect("few digits");
        let plain = Number::parse(&format!("{sign}{whole}{point}{fraction}")).expect("a decimal");
        same(&plain, &scaled(-places))?;
        let raised = Number::parse(&format!("{sign}{whole}{point}{fraction}e{exponent}")).expect("a decimal");
        same(&raised, &scaled(exponent - places))?;
        // Zeros at its end are printed and change nothing.
        let zeros = format!("{sign}{whole}.{fraction}000");
        prop_assert_eq!(Number::parse(&zeros), Ok(plain));
    }

    #[test]
    fn decimals_end_only_where_twos_and_fives_divide((a, x) in pairs()) {
        let mut rest = x.denom().clone();
        for prime in [2, 5] {
            while (&rest % prime) == BigInt::from(0) {
                rest /= prime;
            }
        }
        let text = a.to_decimal();
        prop_assert_eq!(text.is_some(), rest == BigInt::from(1));
        if let Some(text) = text.filter(|t| t.bytes().filter(u8::is_ascii_digit).count() <= DIGITS_MAX) {
            prop_assert_eq!(Number::parse(&text), Ok(a));
        }
    }

    #[test]
    fn no_text_is_read_as_what_it_is_not(text in "[-+.0-9eE ]{0,12}|\\PC{0,8}") {
        if let Ok(number) = Number::parse(&text) {
            let mantissa = text.split(['e', 'E']).next().expect("a first part");
            prop_assert!(mantissa.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit()), "{}", text);
            prop_assert!(number.is_negative() == (text.starts_with('-') && !number.is_zero()), "{}", text);
        }
    }
}

#[test]
fn a_decimal_that_is_too_long_is_said_to_be() {
    let digits = |n: usize| "1".repeat(n);
    assert!(Number::parse(&digits(DIGITS_MAX)).is_ok());
    assert!(Number::parse(&format!("0.000{}", digits(DIGITS_MAX))).is_ok(), "zeros in front are no digits");
    for text in [
        digits(DIGITS_MAX + 1),
        format!("1.{}", digits(DIGITS_MAX)),
        format!("1e{}", EXPONENT_MAX + 1),
        format!("1e-{}", EXPONENT_MAX + 1),
        "1e400".into(),
        "1e99999999999999999999".into(),
        format!("{}.5", "0".repeat(100)),
    ] {
        assert_eq!(Number::parse(&text), Err(NumberFault::TooLong), "{text}");
    }
    for text in ["", "-", ".5", "5.", "1e", "e5", "1.2.3", "0x1", "1 ", "NaN", "1,5", "--1", "1e1.5", "\u{661}"] {
        assert_eq!(Number::parse(text), Err(NumberFault::NotDecimal), "{text}");
    }
}
