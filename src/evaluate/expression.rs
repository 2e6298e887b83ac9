//! Working out an expression at the moment in hand.

use super::scene::Scene;
use super::value::{Known, Val, When, compare, compare_ranges, equal, merge, of_truth, of_value, to_truth};
use crate::model::interval::Interval;
use crate::model::time::TimeRange;
use crate::model::truth::Truth;
use crate::trial::expression::tree::{Aggregate, Comparison, Expr, Kind, Source, Timing, Type};

impl<'a> Scene<'a> {
    /// The value of an expression; `None`: unknown.
    pub(super) fn value(&self, e: &'a Expr) -> Known {
        if e.ty == Type::Truth {
            return of_truth(self.truth(e));
        }
        match &e.kind {
            Kind::Literal(value) => value.as_ref().and_then(|v| of_value(v, self.zone())),
            Kind::Name(name) => self.name(*name),
            Kind::Now => Some(Val::Time(self.now_when(false))),
            Kind::Today => Some(Val::Time(self.now_when(true))),
            Kind::Arithmetic(..) | Kind::Negate(_) | Kind::Convert(..) => self.arithmetic(e).map(Val::Number),
            Kind::Call(function, arguments) => self.call(*function, arguments, &e.ty),
            Kind::Shift(time, duration, back) => self.time(time).map(|t| Val::Time(self.shifted(t, *duration, *back))),
            Kind::UnitsBetween(unit, a, b, difference) => {
                self.units_between(*unit, self.time(a)?, self.time(b)?, *difference).map(Val::Number)
            }
            Kind::If(condition, then, otherwise) => match self.truth(condition) {
                Truth::True => self.value(then),
                Truth::False => self.value(otherwise),
                Truth::Unknown => merge(self.value(then), self.value(otherwise)),
            },
            Kind::Case(comparand, pairs, otherwise) => self.case(comparand.as_deref(), pairs, otherwise),
            Kind::Aggregate(what, source) => self.aggregate(*what, source),
            Kind::TimeOf(of) => self.time_picked(of),
            Kind::Limit(upper, of) => self.limit(*upper, of).map(Val::Number),
            Kind::Baseline(of) => self.baseline(of),
            _ => None,
        }
    }

    /// The truth of an expression; what is no truth is unknown.
    pub(super) fn truth(&self, e: &'a Expr) -> Truth {
        let plain = self.truth_plain(e);
        if self.flip.is_some_and(|f| std::ptr::eq(f, e)) { !plain } else { plain }
    }

    fn truth_plain(&self, e: &'a Expr) -> Truth {
        match &e.kind {
            Kind::Not(a) => !self.truth(a),
            Kind::And(list) => list.iter().fold(Truth::True, |all, p| all.and(self.truth(p))),
            Kind::Or(list) => list.iter().fold(Truth::False, |any, p| any.or(self.truth(p))),
            Kind::Xor(a, b) => self.truth(a).xor(self.truth(b)),
            Kind::Implies(a, b) => self.truth(a).implies(self.truth(b)),
            Kind::AtLeast(n, list) => Truth::at_least(*n, list.iter().map(|p| self.truth(p))),
            Kind::Compare(op, a, b) => {
                let (left, right) = self.sides(a, b);
                self.compared(*op, &left, &right)
            }
            Kind::Timing(timing, a, b) => self.timing(*timing, a, b),
            Kind::Between(x, low, high) => {
                let (from, low) = self.sides(x, low);
                let (to, high) = self.sides(x, high);
                let above = self.compared(Comparison::GreaterOrEqual, &from, &low);
                above.and(self.compared(Comparison::LessOrEqual, &to, &high))
            }
            Kind::Member(x, list) => self.member(x, list),
            Kind::IsNull(a, negated) => Truth::from(self.value(a).is_none() != *negated),
            Kind::IsTruth(a, wanted, negated) => Truth::from((self.truth(a) == Truth::from(*wanted)) != *negated),
            Kind::If(condition, then, otherwise) => match self.truth(condition) {
                Truth::True => self.truth(then),
                Truth::False => self.truth(otherwise),
                Truth::Unknown => agree(self.truth(then), self.truth(otherwise)),
            },
            Kind::Case(comparand, pairs, otherwise) => to_truth(&self.case(comparand.as_deref(), pairs, otherwise)),
            Kind::Name(name) => to_truth(&self.name(*name)),
            Kind::Literal(value) => to_truth(&value.as_ref().and_then(|v| of_value(v, self.zone()))),
            Kind::Aggregate(what, source) => to_truth(&self.aggregate(*what, source)),
            Kind::Call(function, arguments) => to_truth(&self.call(*function, arguments, &e.ty)),
            Kind::Baseline(of) => to_truth(&self.baseline(of)),
            _ => Truth::Unknown,
        }
    }

    pub(super) fn number(&self, e: &'a Expr) -> Option<Interval> {
        match self.value(e)? {
            Val::Number(n) => Some(n),
            _ => None,
        }
    }

    pub(super) fn time(&self, e: &'a Expr) -> Option<When> {
        match self.value(e)? {
            Val::Time(t) => Some(t),
            _ => None,
        }
    }

    fn aggregate(&self, what: Aggregate, source: &'a Source) -> Known {
        match source {
            Source::Series(series) => self.over_series(what, &self.view(series)),
            Source::List(list) => self.over_list(what, list),
        }
    }

    fn case(&self, comparand: Option<&'a Expr>, pairs: &'a [(Expr, Expr)], otherwise: &'a Expr) -> Known {
        let with = comparand.map(|c| self.value(c));
        let mut open: Option<Known> = None;
        let add = |open: Option<Known>, value: Known| match open {
            None => Some(value),
            Some(so_far) => Some(merge(so_far, value)),
        };
        for (when, then) in pairs {
            let holds = match &with {
                Some(with) => equal(with, &self.value(when)),
                None => self.truth(when),
            };
            match holds {
                Truth::True => return add(open, self.value(then)).flatten(),
                Truth::Unknown => open = add(open, self.value(then)),
                Truth::False => {}
            }
        }
        add(open, self.value(otherwise)).flatten()
    }

    /// A comparison of two values of one type.
    pub(super) fn compared(&self, op: Comparison, a: &Known, b: &Known) -> Truth {
        match (a, b) {
            (Some(Val::Number(a)), Some(Val::Number(b))) => compare(op, a, b),
            (Some(Val::Time(a)), Some(Val::Time(b))) => self.compare_times(op, *a, *b),
            (Some(_), Some(_)) => match op {
                Comparison::Equal => equal(a, b),
                Comparison::NotEqual => !equal(a, b),
                _ => Truth::Unknown,
            },
            _ => Truth::Unknown,
        }
    }

    fn compare_times(&self, op: Comparison, a: When, b: When) -> Truth {
        self.when_times_turn(a, b);
        if a.calendar || b.calendar {
            let dates = |r: TimeRange| (self.zone().date_of(r.earliest), self.zone().date_of(r.latest));
            return compare_ranges(op, dates(a.range), dates(b.range));
        }
        let ends = |r: TimeRange| (r.earliest, r.latest);
        compare_ranges(op, ends(a.range), ends(b.range))
    }

    fn timing(&self, timing: Timing, a: &'a Expr, b: &'a Expr) -> Truth {
        let op = match timing {
            Timing::Before => Comparison::Less,
            Timing::After => Comparison::Greater,
            Timing::OnOrBefore => Comparison::LessOrEqual,
            Timing::OnOrAfter => Comparison::GreaterOrEqual,
            Timing::During => return self.member(a, b),
        };
        self.compared(op, &self.value(a), &self.value(b))
    }

    /// `in`, `contains`, `during`: in a list, or between the ends of an interval.
    fn member(&self, x: &'a Expr, of: &'a Expr) -> Truth {
        let x = self.value(x);
        match &of.kind {
            Kind::Interval(low, low_closed, high, high_closed) => {
                let above = if *low_closed { Comparison::GreaterOrEqual } else { Comparison::Greater };
                let below = if *high_closed { Comparison::LessOrEqual } else { Comparison::Less };
                self.compared(above, &x, &self.value(low)).and(self.compared(below, &x, &self.value(high)))
            }
            // What is unknown may be any member, and anything may be an unknown member; in no list is nothing.
            Kind::List(list) => list.iter().fold(Truth::False, |any, e| any.or(equal(&x, &self.value(e)))),
            _ => Truth::Unknown,
        }
    }

    fn time_picked(&self, of: &'a Expr) -> Known {
        if let Kind::Name(crate::trial::expression::tree::Name::Anchor(_)) = &of.kind {
            return self.value(of);
        }
        let (variable, picked) = self.picks(of)?;
        picked.iter().for_each(|m| self.used(variable, m.place));
        let range = picked.iter().map(|m| m.reading.at).reduce(TimeRange::hull)?;
        Some(Val::Time(super::names::time_of(range)))
    }

    /// A limit of the reference range of the very result that is picked.
    fn limit(&self, upper: bool, of: &'a Expr) -> Option<Interval> {
        let (variable, picked) = self.picks(of)?;
        picked.iter().for_each(|m| self.used(variable, m.place));
        let end = |m: &super::series::Member| {
            let range = m.reading.range.as_ref()?;
            let end = if upper { range.high.as_ref() } else { range.low.as_ref() }?;
            Some(Interval::exact(end.value.clone()))
        };
        let mut ends = picked.iter().map(end);
        let first = ends.next()??;
        ends.try_fold(first, |so_far, e| Some(so_far.hull(&e?)))
    }
}

/// What two branches agree on.
fn agree(a: Truth, b: Truth) -> Truth {
    if a == b { a } else { Truth::Unknown }
}
