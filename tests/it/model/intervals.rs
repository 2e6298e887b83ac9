//! Ranges with open and closed ends: arithmetic is never too narrow, and a comparison says what holds for all of it.

use super::{config, ratio};
use proptest::prelude::*;
use trialgate::model::interval::{End, Interval};
use trialgate::model::number::Number;
use trialgate::model::truth::Truth;

/// An end at a small fraction, so that ends meet often.
fn end() -> impl Strategy<Value = Option<End>> {
    let some =
        (-12_i64..=12, 1_i64..=3, any::<bool>()).prop_map(|(n, d, closed)| Some(End { value: ratio(n, d), closed }));
    prop_oneof![1 => Just(None), 6 => some]
}

fn intervals() -> impl Strategy<Value = Interval> {
    (end(), end()).prop_filter_map("an empty range", |(low, high)| Interval::new(low, high))
}

/// Numbers of a range: those near its ends and the other's, in its middle, and far out where it goes on.
fn points(i: &Interval, other: &Interval) -> Vec<Number> {
    let near = ratio(1, 1000);
    let mut all = Vec::new();
    for end in [&i.low, &i.high, &other.low, &other.high].into_iter().flatten() {
        all.extend([end.value.clone(), &end.value - &near, &end.value + &near]);
        all.extend([&end.value - &Number::from(100), &end.value + &Number::from(100)]);
    }
    if let (Some(low), Some(high)) = (&i.low, &i.high) {
        all.push(&(&low.value + &high.value) * &ratio(1, 2));
    }
    all.extend([Number::ZERO, Number::from(1000), Number::from(-1000)]);
    all.retain(|n| i.contains(n));
    all
}

fn each(
    a: &Interval,
    b: &Interval,
    mut see: impl FnMut(&Number, &Number) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    for p in &points(a, b) {
        for q in &points(b, a) {
            see(p, q)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn what_comes_out_holds_every_result(a in intervals(), b in intervals()) {
        let quotient = a.div(&b);
        let zero = b.contains(&Number::ZERO);
        prop_assert_eq!(quotient.is_none(), zero, "{:?}", b);
        each(&a, &b, |p, q| {
            prop_assert!(a.add(&b).contains(&(p + q)), "{p} + {q} of {a} and {b}");
            prop_assert!(a.sub(&b).contains(&(p - q)), "{p} - {q} of {a} and {b}");
            prop_assert!(a.mul(&b).contains(&(p * q)), "{p} * {q} of {a} and {b}");
            prop_assert!(a.max(&b).contains(p.max(q)), "max of {p} and {q} of {a} and {b}");
            prop_assert!(a.min(&b).contains(p.min(q)), "min of {p} and {q} of {a} and {b}");
            prop_assert!(a.hull(&b).contains(p) && a.hull(&b).contains(q));
            if let Some(quotient) = &quotient {
                let exact = p.checked_div(q).expect("zero is not in the divisor");
                prop_assert!(quotient.contains(&exact), "{p} / {q} of {a} and {b}: {quotient}");
            }
            Ok(())
        })?;
        for p in points(&a, &b) {
            prop_assert!(a.neg().contains(&-&p) && a.abs().contains(&p.abs()));
            prop_assert!(a.map_monotone(|n| n.round(0)).contains(&p.round(0)));
            prop_assert_eq!(a.intersection(&b).is_some_and(|both| both.contains(&p)), b.contains(&p));
        }
    }

    #[test]
    fn sums_and_differences_are_no_wider_than_they_must_be(a in intervals(), b in intervals()) {
        // Each end of the sum is the sum of two ends, and belongs to it only if both do.
        let (sum, both) = (a.add(&b), |x: &Option<End>, y: &Option<End>| Some((x.clone()?, y.clone()?)));
        for (end, parts) in [(&sum.low, both(&a.low, &b.low)), (&sum.high, both(&a.high, &b.high))] {
            prop_assert_eq!(end.is_some(), parts.is_some());
            if let (Some(end), Some((x, y))) = (end, parts) {
                prop_assert_eq!(&end.value, &(&x.value + &y.value));
                prop_assert_eq!(end.closed, x.closed && y.closed);
            }
        }
        prop_assert_eq!(a.sub(&b), a.add(&b.neg()));
        prop_assert_eq!(a.neg().neg(), a);
    }

    #[test]
    fn a_comparison_is_true_of_all_false_of_none_else_unknown(a in intervals(), b in intervals()) {
        type Holds = fn(&Number, &Number) -> bool;
        let table: [(&str, Truth, Holds); 5] = [
            ("<", a.lt(&b), |p, q| p < q),
            ("<=", a.le(&b), |p, q| p <= q),
            (">", a.gt(&b), |p, q| p > q),
            (">=", a.ge(&b), |p, q| p >= q),
            ("=", a.eq_truth(&b), |p, q| p == q),
        ];
        for (what, said, holds) in table {
            let (mut some, mut none) = (false, false);
            each(&a, &b, |p, q| {
                if holds(p, q) { some = true } else { none = true }
                Ok(())
            })?;
            let right = match (some, none) {
                (true, false) => Truth::True,
                (false, true) => Truth::False,
                _ => Truth::Unknown,
            };
            prop_assert_eq!(said, right, "{} {} {}", a, what, b);
        }
    }

    #[test]
    fn no_empty_range_is_made(low in end(), high in end()) {
        let range = Interval::new(low.clone(), high.clone());
        let empty = match (&low, &high) {
            (Some(l), Some(h)) => l.value > h.value || (l.value == h.value && !(l.closed && h.closed)),
            _ => false,
        };
        prop_assert_eq!(range.is_none(), empty);
        if let Some(range) = range {
            prop_assert!(!points(&range, &range).is_empty());
            for (end, inside) in [(low, 1), (high, -1)] {
                let Some(end) = end else { continue };
                prop_assert_eq!(range.contains(&end.value), end.closed);
                prop_assert!(!range.contains(&(&end.value - &ratio(inside, 1_000_000))));
            }
        }
    }
}

#[test]
fn a_value_below_a_limit_answers_what_it_can() {
    let below_5 = Interval { low: None, high: Some(End::open(Number::from(5))) };
    let exact = |n: i64| Interval::exact(Number::from(n));
    assert_eq!(below_5.gt(&exact(25)), Truth::False);
    assert_eq!(below_5.gt(&exact(3)), Truth::Unknown);
    assert_eq!(below_5.ge(&exact(5)), Truth::False);
    assert_eq!(below_5.lt(&exact(5)), Truth::True);
}
