//! A number that is known in part: a range with open or closed ends, or none.

use super::number::Number;
use super::truth::Truth;
use std::fmt;

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct End {
    /// Where the range ends.
    pub value: Number,
    /// Whether the value itself belongs to the range.
    pub closed: bool,
}

impl End {
    /// An end that belongs to the range.
    pub fn closed(value: Number) -> Self {
        Self { value, closed: true }
    }

    /// An end that does not belong to the range.
    pub fn open(value: Number) -> Self {
        Self { value, closed: false }
    }
}

/// All the numbers that a quantity may be. Without an end it goes on for ever.
/// Arithmetic may come out too wide, never too narrow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The least value; `None`: there is none.
    pub low: Option<End>,
    /// The greatest value; `None`: there is none.
    pub high: Option<End>,
}

impl Interval {
    /// Nothing is known of the number.
    pub const ANY: Self = Self { low: None, high: None };

    /// One number, known exactly.
    pub fn exact(value: Number) -> Self {
        Self { low: Some(End::closed(value.clone())), high: Some(End::closed(value)) }
    }

    /// The range of two ends; `None` when no number lies in it.
    pub fn new(low: Option<End>, high: Option<End>) -> Option<Self> {
        if let (Some(l), Some(h)) = (&low, &high)
            && (l.value > h.value || (l.value == h.value && !(l.closed && h.closed)))
        {
            return None;
        }
        Some(Self { low, high })
    }

    /// From one number to another, both belonging to it, in either order.
    pub fn between(a: Number, b: Number) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self { low: Some(End::closed(low)), high: Some(End::closed(high)) }
    }

    /// The number, when it is known exactly.
    pub fn as_exact(&self) -> Option<&Number> {
        match (&self.low, &self.high) {
            (Some(l), Some(h)) if l.value == h.value => Some(&l.value),
            _ => None,
        }
    }

    /// Whether `value` may be the number.
    pub fn contains(&self, value: &Number) -> bool {
        let above = self.low.as_ref().is_none_or(|e| *value > e.value || (e.closed && *value == e.value));
        let below = self.high.as_ref().is_none_or(|e| *value < e.value || (e.closed && *value == e.value));
        above && below
    }

    /// Whether some number from `low` to `high`, both included, may be the number.
    pub fn meets(&self, low: &Number, high: &Number) -> bool {
        let below = self.high.as_ref().is_some_and(|e| e.value < *low || (e.value == *low && !e.closed));
        let above = self.low.as_ref().is_some_and(|e| e.value > *high || (e.value == *high && !e.closed));
        !below && !above
    }

    /// The smallest range that holds both.
    pub fn hull(&self, other: &Self) -> Self {
        Self { low: outer(&self.low, &other.low, |a, b| a < b), high: outer(&self.high, &other.high, |a, b| a > b) }
    }

    /// The numbers that lie in both; `None` when there are none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(inner(&self.low, &other.low, |a, b| a > b), inner(&self.high, &other.high, |a, b| a < b))
    }

    /// The greater of two numbers known in part.
    pub fn max(&self, other: &Self) -> Self {
        Self { low: inner(&self.low, &other.low, |a, b| a > b), high: outer(&self.high, &other.high, |a, b| a > b) }
    }

    /// The lesser of two numbers known in part.
    pub fn min(&self, other: &Self) -> Self {
        self.neg().max(&other.neg()).neg()
    }

    /// The sum.
    pub fn add(&self, other: &Self) -> Self {
        Self { low: sum(&self.low, &other.low), high: sum(&self.high, &other.high) }
    }

    /// The difference.
    pub fn sub(&self, other: &Self) -> Self {
        self.add(&other.neg())
    }

    /// The negative.
    pub fn neg(&self) -> Self {
        let flip = |e: &End| End { value: -&e.value, closed: e.closed };
        Self { low: self.high.as_ref().map(flip), high: self.low.as_ref().map(flip) }
    }

    /// The distance from zero.
    pub fn abs(&self) -> Self {
        let zero = Number::ZERO;
        if self.ge(&Self::exact(zero.clone())) == Truth::True {
            return self.clone();
        }
        if self.le(&Self::exact(zero.clone())) == Truth::True {
            return self.neg();
        }
        Self { low: Some(End::closed(zero)), high: outer(&self.high, &self.neg().high, |a, b| a > b) }
    }

    /// The product.
    pub fn mul(&self, other: &Self) -> Self {
        if let (Some(a), Some(b)) = (self.as_exact(), other.as_exact()) {
            return Self::exact(a * b);
        }
        let corners = [
            corner(&self.low, false, &other.low, false),
            corner(&self.low, false, &other.high, true),
            corner(&self.high, true, &other.low, false),
            corner(&self.high, true, &other.high, true),
        ];
        let mut low = corners[0].clone();
        let mut high = corners[0].clone();
        for c in &corners[1..] {
            if c.less(&low) {
                low = c.clone();
            }
            if high.less(c) {
                high = c.clone();
            } else if !low.less(c) && !c.less(&low) {
                low = low.or_closed(c);
            }
            if !high.less(c) && !c.less(&high) {
                high = high.or_closed(c);
            }
        }
        Self { low: low.end(), high: high.end() }
    }

    /// The quotient; `None` when the divisor may be zero.
    pub fn div(&self, other: &Self) -> Option<Self> {
        other.reciprocal().map(|r| self.mul(&r))
    }

    fn reciprocal(&self) -> Option<Self> {
        if let Some(exact) = self.as_exact() {
            return Number::ONE.checked_div(exact).map(Self::exact);
        }
        let zero = Self::exact(Number::ZERO);
        if self.gt(&zero) != Truth::True && self.lt(&zero) != Truth::True {
            return None;
        }
        let invert = |e: &End| {
            // An open end at zero has no reciprocal: the range goes on for ever there.
            Number::ONE.checked_div(&e.value).map(|value| End { value, closed: e.closed })
        };
        let positive = self.gt(&zero) == Truth::True;
        let beyond = Some(End::open(Number::ZERO));
        let low = match &self.high {
            Some(e) => invert(e),
            None if positive => beyond.clone(),
            None => None,
        };
        let high = match &self.low {
            Some(e) => invert(e),
            None if !positive => beyond,
            None => None,
        };
        Some(Self { low, high })
    }

    /// Each end moved by a function that keeps order, such as rounding; ends become closed.
    pub fn map_monotone(&self, f: impl Fn(&Number) -> Number) -> Self {
        let shift = |e: &End| End::closed(f(&e.value));
        Self { low: self.low.as_ref().map(shift), high: self.high.as_ref().map(shift) }
    }

    /// Whether it is below the other, whatever the two are.
    pub fn lt(&self, other: &Self) -> Truth {
        if separate(&self.high, &other.low, true) {
            Truth::True
        } else if separate(&other.high, &self.low, false) {
            Truth::False
        } else {
            Truth::Unknown
        }
    }

    /// Whether it is not above the other.
    pub fn le(&self, other: &Self) -> Truth {
        !other.lt(self)
    }

    /// Whether it is above the other.
    pub fn gt(&self, other: &Self) -> Truth {
        other.lt(self)
    }

    /// Whether it is not below the other.
    pub fn ge(&self, other: &Self) -> Truth {
        !self.lt(other)
    }

    /// Whether both are the same number.
    pub fn eq_truth(&self, other: &Self) -> Truth {
        if let (Some(a), Some(b)) = (self.as_exact(), other.as_exact()) {
            return Truth::from(a == b);
        }
        if self.intersection(other).is_none() { Truth::False } else { Truth::Unknown }
    }
}

/// Whether everything up to `high` is below (`strict`) or not above all from `low` on.
fn separate(high: &Option<End>, low: &Option<End>, strict: bool) -> bool {
    match (high, low) {
        (Some(h), Some(l)) => h.value < l.value || (h.value == l.value && !(strict && h.closed && l.closed)),
        _ => false,
    }
}

fn outer(a: &Option<End>, b: &Option<End>, further: fn(&Number, &Number) -> bool) -> Option<End> {
    let (a, b) = (a.as_ref()?, b.as_ref()?);
    Some(if a.value == b.value {
        End { value: a.value.clone(), closed: a.closed || b.closed }
    } else if further(&a.value, &b.value) {
        a.clone()
    } else {
        b.clone()
    })
}

fn inner(a: &Option<End>, b: &Option<End>, nearer: fn(&Number, &Number) -> bool) -> Option<End> {
    match (a, b) {
        (Some(a), Some(b)) if a.value == b.value => Some(End { value: a.value.clone(), closed: a.closed && b.closed }),
        (Some(a), Some(b)) => Some(if nearer(&a.value, &b.value) { a.clone() } else { b.clone() }),
        (some, None) | (None, some) => some.clone(),
    }
}

fn sum(a: &Option<End>, b: &Option<End>) -> Option<End> {
    let (a, b) = (a.as_ref()?, b.as_ref()?);
    Some(End { value: &a.value + &b.value, closed: a.closed && b.closed })
}

/// A product of two ends on the line that has both infinities.
#[derive(Clone)]
enum Corner {
    Below,
    At(Number, bool),
    Above,
}

impl Corner {
    fn less(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Below, Self::Below) | (Self::Above, _) | (_, Self::Below) => false,
            (Self::Below, _) | (_, Self::Above) => true,
            (Self::At(a, _), Self::At(b, _)) => a < b,
        }
    }

    fn or_closed(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::At(a, x), Self::At(_, y)) => Self::At(a.clone(), *x || *y),
            _ => self.clone(),
        }
    }

    fn end(self) -> Option<End> {
        match self {
            Self::At(value, closed) => Some(End { value, closed }),
            _ => None,
        }
    }
}

fn corner(a: &Option<End>, a_high: bool, b: &Option<End>, b_high: bool) -> Corner {
    let sign = |e: &Option<End>, high: bool| match e {
        Some(e) if e.value.is_zero() => 0,
        Some(e) if e.value.is_negative() => -1,
        Some(_) => 1,
        None => {
            if high {
                1
            } else {
                -1
            }
        }
    };
    match (a, b) {
        (Some(x), Some(y)) => {
            // Zero that belongs to a range makes the product zero whatever the other end is.
            let zero = (x.value.is_zero() && x.closed) || (y.value.is_zero() && y.closed);
            Corner::At(&x.value * &y.value, (x.closed && y.closed) || zero)
        }
        _ => match sign(a, a_high) * sign(b, b_high) {
            0 => Corner::At(Number::ZERO, true),
            1 => Corner::Above,
            _ => Corner::Below,
        },
    }
}

impl fmt::Display for Interval {
    /// `38`, `<5`, `>=100`, `50..55`; open ends of a two-sided range are shown as `(50..55)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(exact) = self.as_exact() {
            return write!(f, "{exact}");
        }
        match (&self.low, &self.high) {
            (None, None) => f.write_str("any"),
            (None, Some(h)) => write!(f, "{}{}", if h.closed { "<=" } else { "<" }, h.value),
            (Some(l), None) => write!(f, "{}{}", if l.closed { ">=" } else { ">" }, l.value),
            (Some(l), Some(h)) => {
                let open = if l.closed { "" } else { "(" };
                let close = if h.closed { "" } else { ")" };
                write!(f, "{open}{}..{}{close}", l.value, h.value)
            }
        }
    }
}
