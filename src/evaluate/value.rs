//! Values while an expression is worked out, and the operators on them.

use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::time::{Instant, TimeRange, Zone};
use crate::model::truth::Truth;
use crate::trial::expression::tree::Comparison;

/// A point in time, known as far as its range says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct When {
    pub(super) range: TimeRange,
    /// It is a calendar date: it is compared by dates of the site.
    pub(super) calendar: bool,
    /// It goes on with the clock.
    pub(super) moves: bool,
}

/// A known value; what is unknown is `None` of [`Known`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Truth(bool),
    Number(Interval),
    Time(When),
    Text(String),
}

/// A value, or nothing known of it.
pub(super) type Known = Option<Val>;

/// A literal or a fact's value as expressions work with it.
pub(super) fn of_value(value: &Value, zone: &Zone) -> Known {
    match value {
        Value::Number(n) => Some(Val::Number(n.clone())),
        Value::Truth(t) => t.known().map(Val::Truth),
        Value::Text(t) => Some(Val::Text(t.clone())),
        Value::Time(p) => Some(Val::Time(When {
            range: p.range(zone),
            calendar: !matches!(p, crate::model::time::Partial::Instant(..)),
            moves: false,
        })),
    }
}

pub(super) fn of_truth(truth: Truth) -> Known {
    truth.known().map(Val::Truth)
}

pub(super) fn to_truth(known: &Known) -> Truth {
    match known {
        Some(Val::Truth(b)) => Truth::from(*b),
        _ => Truth::Unknown,
    }
}

/// What two possible values agree on: numbers and times span a range, others must be the same.
pub(super) fn merge(a: Known, b: Known) -> Known {
    match (a?, b?) {
        (Val::Number(a), Val::Number(b)) => Some(Val::Number(a.hull(&b))),
        (Val::Time(a), Val::Time(b)) => Some(Val::Time(When {
            range: a.range.hull(b.range),
            calendar: a.calendar && b.calendar,
            moves: a.moves || b.moves,
        })),
        (a, b) => (a == b).then_some(a),
    }
}

/// A comparison of two numbers known in part.
pub(super) fn compare(op: Comparison, a: &Interval, b: &Interval) -> Truth {
    match op {
        Comparison::Less => a.lt(b),
        Comparison::LessOrEqual => a.le(b),
        Comparison::Greater => a.gt(b),
        Comparison::GreaterOrEqual => a.ge(b),
        Comparison::Equal => a.eq_truth(b),
        Comparison::NotEqual => !a.eq_truth(b),
    }
}

/// The comparison that holds when the sides change places.
pub(super) fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// A comparison of two ranges on one line of whole numbers (days or microseconds).
pub(super) fn compare_ranges<T: Ord>(op: Comparison, a: (T, T), b: (T, T)) -> Truth {
    let less = |a: &(T, T), b: &(T, T)| {
        if a.1 < b.0 {
            Truth::True
        } else if a.0 >= b.1 {
            Truth::False
        } else {
            Truth::Unknown
        }
    };
    let equal = |a: &(T, T), b: &(T, T)| {
        if a.0 == a.1 && b.0 == b.1 {
            Truth::from(a.0 == b.0)
        } else if a.1 < b.0 || b.1 < a.0 {
            Truth::False
        } else {
            Truth::Unknown
        }
    };
    match op {
        Comparison::Less => less(&a, &b),
        Comparison::Greater => less(&b, &a),
        Comparison::LessOrEqual => !less(&b, &a),
        Comparison::GreaterOrEqual => !less(&a, &b),
        Comparison::Equal => equal(&a, &b),
        Comparison::NotEqual => !equal(&a, &b),
    }
}

/// Equality of two values of one type.
pub(super) fn equal(a: &Known, b: &Known) -> Truth {
    match (a, b) {
        (Some(Val::Number(a)), Some(Val::Number(b))) => a.eq_truth(b),
        (Some(Val::Truth(a)), Some(Val::Truth(b))) => Truth::from(a == b),
        (Some(Val::Text(a)), Some(Val::Text(b))) => Truth::from(a == b),
        (Some(Val::Time(a)), Some(Val::Time(b))) => {
            compare_ranges(Comparison::Equal, (a.range.earliest, a.range.latest), (b.range.earliest, b.range.latest))
        }
        _ => Truth::Unknown,
    }
}

/// A whole number as an interval.
pub(super) fn whole(n: usize) -> Interval {
    Interval::exact(Number::from(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// A moment known exactly.
pub(super) fn at(instant: Instant) -> When {
    When { range: TimeRange::exact(instant), calendar: false, moves: false }
}
