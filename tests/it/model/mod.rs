//! The words that cross rooms: what must hold of every number, range, date, unit and truth.

mod intervals;
mod numbers;
mod times;
mod truths;
mod units;

use proptest::prelude::*;
use trialgate::model::number::Number;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

fn ratio(numerator: i64, denominator: i64) -> Number {
    Number::ratio(numerator, denominator).expect("the denominator is not zero")
}
