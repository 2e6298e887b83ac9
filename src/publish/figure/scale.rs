//! A scale with round ticks, worked out exactly, and places on it as whole numbers.

use crate::model::number::Number;

/// The side of a drawing.
pub const SIDE: i64 = 1000;
/// Powers of ten that are tried for a step.
const POWERS_MAX: usize = 700;

/// From a round number to a round number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Round numbers, from the lower end to the upper one.
    pub ticks: Vec<Number>,
    low: Number,
    high: Number,
}

impl Scale {
    /// A scale that holds all values, with about so many steps; `None` of no value.
    pub fn holding<'n>(values: impl Iterator<Item = &'n Number> + Clone, steps: i64) -> Option<Self> {
        let (least, most) = (values.clone().min()?, values.max()?);
        let span = most - least;
        // One value alone lies in the middle of what is as wide as a tenth of it.
        let pad = match least.abs().checked_div(&Number::from(20)) {
            Some(pad) if !pad.is_zero() => pad,
            _ => Number::ONE,
        };
        let (least, most) = if span.is_zero() { (least - &pad, most + &pad) } else { (least.clone(), most.clone()) };
        let step = round_step(&(&most - &least).checked_div(&Number::from(steps.max(1)))?);
        let low = &least.checked_div(&step)?.floor() * &step;
        let high = &most.checked_div(&step)?.ceil() * &step;
        let count = (&high - &low).checked_div(&step)?.to_i64()?;
        let ticks = (0..=count).map(|i| &low + &(&step * &Number::from(i))).collect();
        Some(Self { ticks, low, high })
    }

    /// Where a number lies, from 0 at the lower end to [`SIDE`]; beyond an end: at it.
    pub fn place(&self, number: &Number) -> i64 {
        let part = &(number - &self.low) * &Number::from(SIDE);
        let place = part.checked_div(&(&self.high - &self.low));
        let beyond = if *number < self.low { 0 } else { SIDE };
        place.and_then(|p| p.round(0).to_i64()).map_or(beyond, |p| p.clamp(0, SIDE))
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below.
fn round_step(least: &Number) -> Number {
    let ten = Number::from(10);
    let mut power = Number::ONE;
    for _ in 0..POWERS_MAX {
        let next = &power * &ten;
        if power > *least {
            power = power.checked_div(&ten).unwrap_or(Number::ONE);
        } else if next <= *least {
            power = next;
        } else {
            break;
        }
    }
    [1, 2, 5].into_iter().map(|n| &power * &Number::from(n)).find(|s| s >= least).unwrap_or(&power * &ten)
}
