//! Exponentials and logarithms as ranges narrower than 10^-20, exact where there is an exact value.

use crate::model::interval::{End, Interval};
use crate::model::number::Number;

/// Decimals that are worked with.
const PLACES: u32 = 40;
/// Beyond this size of an exponent nothing is computed.
const EXPONENT_MOST: i64 = 200;

/// e to the power of a number.
pub(super) fn exp(x: &Interval) -> Option<Interval> {
    if x.as_exact().is_some_and(Number::is_zero) {
        return Some(Interval::exact(Number::ONE));
    }
    let low = match &x.low {
        Some(e) => Some(End { value: exp_of(&e.value)?.0, closed: e.closed }),
        None => Some(End::open(Number::ZERO)),
    };
    let high = match &x.high {
        Some(e) => Some(End { value: exp_of(&e.value)?.1, closed: e.closed }),
        None => None,
    };
    Interval::new(low, high)
}

/// The natural logarithm; unknown of what may not be above zero.
pub(super) fn ln(x: &Interval) -> Option<Interval> {
    if x.as_exact() == Some(&Number::ONE) {
        return Some(Interval::exact(Number::ZERO));
    }
    let low = match &x.low {
        Some(e) if e.value > Number::ZERO => Some(End { value: ln_of(&e.value)?.0, closed: e.closed }),
        Some(e) if e.value.is_zero() && !e.closed => None,
        _ => return None,
    };
    let high = match &x.high {
        Some(e) => Some(End { value: ln_of(&e.value)?.1, closed: e.closed }),
        None => None,
    };
    Interval::new(low, high)
}

/// The logarithm to a base.
pub(super) fn log(x: &Interval, base: &Interval) -> Option<Interval> {
    if let (Some(x), Some(b)) = (x.as_exact(), base.as_exact()) {
        let exact = (-64..=64).find(|n| *b != Number::ONE && b.checked_pow(*n).as_ref() == Some(x));
        if let Some(n) = exact {
            return Some(Interval::exact(Number::from(i64::from(n))));
        }
    }
    ln(x)?.div(&ln(base)?)
}

/// A power: exact for whole exponents of exact numbers, as far as their digits are counted; else by logarithm, of what is
/// above zero.
pub(super) fn power(base: &Interval, exponent: &Interval) -> Option<Interval> {
    if let Some(n) = exponent.as_exact() {
        if let Some(n) = n.to_i64().and_then(|n| i32::try_from(n).ok())
            && let Some(exact) = base.as_exact().and_then(|base| base.checked_pow(n))
        {
            return Some(Interval::exact(exact));
        }
        if let Some(root) = base.as_exact().and_then(|b| exact_power(b, n)) {
            return Some(Interval::exact(root));
        }
    }
    exp(&ln(base)?.mul(exponent))
}

/// The exact value of a square root and its powers, where there is one.
fn exact_power(base: &Number, exponent: &Number) -> Option<Number> {
    let twice = (exponent + exponent).to_i64().and_then(|n| i32::try_from(n).ok())?;
    let (guess, _) = exp_of(&ln_of(base)?.0.checked_div(&Number::from(2))?)?;
    let guess = guess.round(12);
    (&guess * &guess == *base).then(|| guess.checked_pow(twice)).flatten()
}

/// Bounds of e^x from below and above.
fn exp_of(x: &Number) -> Option<(Number, Number)> {
    if x.abs() > Number::from(EXPONENT_MOST) {
        return None;
    }
    if x.is_negative() {
        let (low, high) = exp_of(&-x)?;
        return Some((Number::ONE.checked_div(&high)?, Number::ONE.checked_div(&low)?));
    }
    // e^x = (e^(x / 2^k))^(2^k), the inner one by its series.
    let mut halvings = 0;
    let mut small = x.clone();
    let half = Number::decimal(5, -1);
    while small > half {
        small = &small * &half;
        halvings += 1;
    }
    let (mut term, mut sum) = (Number::ONE, Number::ONE);
    for n in 1..40 {
        term = cut(&(&term * &small), false, PLACES + 20).checked_div(&Number::from(n))?;
        sum = &sum + &term;
    }
    let slack = Number::decimal(1, -(i32::try_from(PLACES).ok()?));
    let (mut low, mut high) = (&sum - &slack, &sum + &slack);
    for _ in 0..halvings {
        low = cut(&(&low * &low), false, PLACES);
        high = cut(&(&high * &high), true, PLACES);
    }
    Some((low, high))
}

/// Bounds of ln x from below and above, for x above zero.
fn ln_of(x: &Number) -> Option<(Number, Number)> {
    let two = Number::from(2);
    let (mut m, mut doublings) = (x.clone(), 0_i64);
    while m > Number::decimal(15, -1) {
        m = &m * &Number::decimal(5, -1);
        doublings += 1;
    }
    while m < Number::decimal(75, -2) {
        m = &m * &two;
        doublings -= 1;
    }
    let own = series_ln(&m)?;
    let ln2 = series_ln(&Number::decimal(2, 0).checked_div(&Number::decimal(15, -1))?)
        .and_then(|a| Some(&a + &series_ln(&Number::decimal(15, -1))?))?;
    let middle = &own + &(&ln2 * &Number::from(doublings));
    let slack = Number::decimal(1, -(i32::try_from(PLACES).ok()? - 8));
    Some((&middle - &slack, &middle + &slack))
}

/// 2 × (z + z³/3 + z⁵/5 …) with z = (m − 1) / (m + 1), for m near one.
fn series_ln(m: &Number) -> Option<Number> {
    let z = cut(&(m - &Number::ONE).checked_div(&(m + &Number::ONE))?, false, PLACES + 20);
    let square = cut(&(&z * &z), false, PLACES + 20);
    let (mut power, mut sum) = (z.clone(), z);
    for n in 1..40 {
        power = cut(&(&power * &square), false, PLACES + 20);
        sum = &sum + &power.checked_div(&Number::from(2 * n + 1))?;
        sum = cut(&sum, false, PLACES + 20);
    }
    Some(&sum + &sum)
}

/// Cut to so many decimals, downwards or upwards.
fn cut(n: &Number, up: bool, places: u32) -> Number {
    let scale = Number::decimal(1, i32::try_from(places).unwrap_or(0));
    let scaled = n * &scale;
    let whole = if up { scaled.ceil() } else { scaled.floor() };
    whole.checked_div(&scale).unwrap_or(whole)
}
