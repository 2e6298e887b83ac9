//! The short ways give what the long ways give.

use super::*;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use trialgate::model::number::Number;

const NOW: &str = "2026-03-15T12:00:00+08:00";

/// Numbers at the edges of what is small, and plain ones.
fn pairs() -> impl Strategy<Value = (i64, i64)> {
    let edge =
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(i64::MIN + 1), Just(0), Just(1), Just(-1), any::<i64>()];
    let above = prop_oneof![edge, -1000_i64..1000];
    let below =
        prop_oneof![1_i64..1000, Just(i64::MAX), Just(i64::MIN), any::<i64>().prop_filter("no zero", |d| *d != 0)];
    (above, below)
}

fn big((n, d): (i64, i64)) -> BigRational {
    BigRational::new(BigInt::from(n), BigInt::from(d))
}

/// As `Number` shows itself for a programmer: numerator and denominator in lowest terms.
fn plain(n: &BigRational) -> String {
    n.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]
    #[test]
    fn small_numbers_are_worked_with_as_big_ones(a in pairs(), b in pairs()) {
        let number = |(n, d): (i64, i64)| Number::ratio(n, d).expect("no zero below");
        let (x, y, p, q) = (number(a), number(b), big(a), big(b));
        prop_assert_eq!(format!("{x:?}"), plain(&p));
        prop_assert_eq!(format!("{:?}", &x + &y), plain(&(&p + &q)));
        prop_assert_eq!(format!("{:?}", &x - &y), plain(&(&p - &q)));
        prop_assert_eq!(format!("{:?}", &x * &y), plain(&(&p * &q)));
        let quotient = x.checked_div(&y).map(|n| format!("{n:?}"));
        prop_assert_eq!(quotient, (b.0 != 0).then(|| plain(&(&p / &q))));
        prop_assert_eq!(x.cmp(&y), p.cmp(&q));
    }

    #[test]
    fn a_short_decimal_is_read_as_any_decimal(text in "[-+]?[0-9]{0,12}[.]?[0-9]{0,9}") {
        // With an exponent it is read the long way.
        prop_assert_eq!(Number::parse(&text), Number::parse(&format!("{text}e0")), "{}", text);
    }

    #[test]
    fn a_moment_is_written_as_the_calendar_writes_it(at in -62_000_000_000_000_000_i64..250_000_000_000_000_000, cut in 0_u32..7) {
        let at = Instant(at.div_euclid(10_i64.pow(cut)) * 10_i64.pow(cut));
        for name in ["Asia/Shanghai", "America/St_Johns", "Europe/Dublin", "Asia/Kathmandu"] {
            let zone = Zone::named(name).expect("a zone of the list");
            let there = jiff::tz::TimeZone::get(name).expect("a zone of the list");
            let stamp = jiff::Timestamp::from_microsecond(at.0).expect("in the calendar");
            let offset = there.to_offset(stamp);
            let digits = [6, 3, 0][usize::from(at.0 % 1000 == 0) + usize::from(at.0 % 1_000_000 == 0)];
            let (sign, minutes) = (if offset.seconds() < 0 { '-' } else { '+' }, offset.seconds().abs() / 60);
            let civil = offset.to_datetime(stamp);
            let wanted = format!("{civil:.digits$}{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            prop_assert_eq!(zone.show(at), wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn what_was_learned_changes_no_reading(values in proptest::collection::vec((0_usize..4, 0_usize..5, 1_u32..90), 1..12)) {
        static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(|| {
            world(&format!("{}{}{}", number("x", "g/L"), number("y", "mmol/L"), include("A", "x < y * 1 'g/mmol'")))
        });
        let value = |(code, unit, value): (usize, usize, u32)| {
            let unit = ["g/L", "g/dL", "mmol/L", "umol/mL", "no unit"][unit];
            fact(["x", "y", "z", "w"][code], ucum(&format!("{value}.5"), unit), "2026-03-10")
        };
        let facts: Vec<Fact> = values.into_iter().map(value).collect();
        let zone = &WORLD.trial.study.sites[0].zone;
        let fresh = || Plan::new(&WORLD.trial, &TermsBySource::default());
        let taught = fresh();
        for f in facts.iter().map(std::slice::from_ref).chain([&facts[..]]) {
            prop_assert_eq!(normalize(&taught, f, zone), normalize(&fresh(), f, zone));
        }
    }
}

#[test]
fn more_codes_than_are_remembered_are_read_all_the_same() {
    let w = asks(&number("x", "g/L"), "x < 5 'g/L'");
    let own = fact("x", ucum("0.4", "g/dL"), "2026-03-10");
    let before = w.readings(std::slice::from_ref(&own));
    let many: Vec<Fact> = (0..21_000).map(|n| fact(&format!("other-{n}"), ucum("1", "g"), "2026-03-10")).collect();
    assert!(w.readings(&many).series[0].readings.is_empty());
    assert_eq!(w.readings(std::slice::from_ref(&own)), before);
    let unit = |n: u32| fact("x", ucum("1", &format!("unit{n}")), "2026-03-10");
    let units: Vec<Fact> = (0..100).map(unit).collect();
    assert_eq!(w.readings(&units).series[0].left_out.len(), 100);
    assert_eq!(w.readings(&[own]), before);
}
