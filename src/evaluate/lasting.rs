//! How long a state has lasted, and its growing with the clock.

use super::scene::Scene;
use super::series::{Member, View};
use super::value::{Known, Val};
use super::window::{clock_us, shift_date};
use crate::model::interval::{End, Interval};
use crate::model::number::Number;
use crate::model::reading::{Reading, Value};
use crate::model::time::{Instant, TimeRange, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Aggregate, Arithmetic, Duration, Expr, Kind, Name, Source};

const HOUR_US: i64 = 3_600_000_000;

/// A stretch of time that a fact covers, or may cover.
struct Stretch {
    start: TimeRange,
    end: TimeRange,
    sure: bool,
}

impl<'a> Scene<'a> {
    /// `Duration(series, gap)`.
    pub(super) fn lasted(&self, view: &View<'a>, gap: Duration) -> Option<Interval> {
        self.use_all(view, view.members.iter());
        if !view.maybe_recorded {
            return self.presume(view).map(|_| Interval::exact(Number::ZERO));
        }
        if !view.recorded {
            return None;
        }
        let until = view.bounds.end(self.now);
        let mut all: Vec<Stretch> = view.members.iter().filter_map(|m| self.stretch_of(m)).collect();
        let unread = self.all_unread(view).map(|(l, _)| self.stretch(&l.unread, false));
        all.extend(unread);
        let low = view.bounds.begin();
        let least = self.reaches_back(&mut all, gap, until.latest, true).max(low.latest);
        let most = self.reaches_back(&mut all, gap, until.earliest, false).max(low.earliest);
        if most < until.latest {
            self.when_state_turns(&all, gap, until.latest == self.now);
        }
        let length = |from: Instant, to: Instant| self.length_of(from, to, gap);
        let high = (most > Instant::MIN).then(|| End::closed(length(most, until.latest)));
        Interval::new(Some(End::closed(length(least, until.earliest))), high)
    }

    /// How far back the state reaches from a moment: with all that may lengthen it, or only with what surely does.
    fn reaches_back(&self, all: &mut [Stretch], gap: Duration, until: Instant, surely: bool) -> Instant {
        let end = |s: &Stretch| if surely { s.end.earliest } else { s.end.latest };
        let start = |s: &Stretch| if surely { s.start.latest } else { s.start.earliest };
        all.sort_by_key(|s| std::cmp::Reverse(end(s)));
        let mut from = until;
        for s in all.iter().filter(|s| s.sure || !surely) {
            if self.end_of_gap(end(s), gap) < from {
                break;
            }
            from = from.min(start(s));
        }
        from
    }

    /// The last moment that a hole of this length reaches.
    fn end_of_gap(&self, from: Instant, gap: Duration) -> Instant {
        match clock_us(gap) {
            Some(us) => from.plus_us(us),
            None => self.zone().end_of(shift_date(self.zone().date_of(from), gap, false)),
        }
    }

    fn length_of(&self, from: Instant, to: Instant, gap: Duration) -> Number {
        if from >= to {
            return Number::ZERO;
        }
        if clock_us(gap).is_some() {
            return Number::ratio(to.0.saturating_sub(from.0), HOUR_US).unwrap_or(Number::ZERO);
        }
        Number::from(days_between(self.zone().date_of(from), self.zone().date_of(to)))
    }

    /// What a member covers; `None`: it says that the state does not hold.
    fn stretch_of(&self, m: &Member<'a>) -> Option<Stretch> {
        let holds = match m.reading.value {
            Value::Truth(holds) => holds,
            _ => Truth::True,
        };
        (holds != Truth::False).then(|| self.stretch(m.reading, m.sure && holds == Truth::True))
    }

    fn stretch(&self, reading: &Reading, sure: bool) -> Stretch {
        let at = reading.at;
        let end = match reading.other_end {
            Some(end) if end >= at.earliest => TimeRange::exact(end.max(at.earliest)),
            None if reading.past => {
                TimeRange { earliest: at.earliest, latest: reading.recorded.unwrap_or(self.now).max(at.earliest) }
            }
            _ => at,
        };
        Stretch { start: TimeRange { earliest: at.earliest, latest: at.latest.min(self.now) }, end, sure }
    }

    /// While a state may last, its length grows, and each hole may become too long.
    fn when_state_turns(&self, all: &[Stretch], gap: Duration, grows: bool) {
        if clock_us(gap).is_none() {
            self.turns_tomorrow();
            return;
        }
        for s in all {
            self.turns(self.end_of_gap(s.end.earliest, gap).plus_us(1));
            self.turns(self.end_of_gap(s.end.latest, gap).plus_us(1));
        }
        self.grows.set(self.grows.get() || grows);
    }

    /// The two sides of a comparison; of one that grows with the clock, when it passes the other.
    pub(super) fn sides(&self, a: &'a Expr, b: &'a Expr) -> (Known, Known) {
        let outer = self.grows.replace(false);
        let left = self.value(a);
        let left_grows = self.grows.replace(false);
        let right = self.value(b);
        let right_grows = self.grows.replace(outer);
        match (left_grows, right_grows) {
            (false, false) => {}
            (true, false) => self.when_passes(a, &left, &right),
            (false, true) => self.when_passes(b, &right, &left),
            (true, true) => self.turns(self.now.plus_us(1)),
        }
        (left, right)
    }

    /// When a number that grows steadily passes a limit; of one that does not grow steadily: at once.
    fn when_passes(&self, growing: &'a Expr, value: &Known, limit: &Known) {
        let (Some(Val::Number(value)), Some(Val::Number(limit))) = (value, limit) else { return };
        let Some(per_hour) = self.growth(growing) else { return self.turns(self.now.plus_us(1)) };
        let ends =
            |n: &Interval| [n.low.clone(), n.high.clone()].into_iter().flatten().map(|e| e.value).collect::<Vec<_>>();
        for to in ends(limit) {
            for from in ends(value) {
                let wait = (&to - &from).checked_div(&per_hour).map(|hours| (&hours * &Number::from(HOUR_US)).floor());
                if let Some(us) = wait.and_then(|us| us.to_i64()).filter(|us| *us >= 0) {
                    self.turns(self.now.plus_us(us));
                    self.turns(self.now.plus_us(us).plus_us(1));
                }
            }
        }
    }

    /// By how much an expression grows in an hour, when it does so steadily.
    fn growth(&self, e: &'a Expr) -> Option<Number> {
        let outer = self.grows.replace(false);
        let value = self.value(e);
        if !self.grows.replace(outer) {
            return Some(Number::ZERO);
        }
        match &e.kind {
            Kind::Aggregate(Aggregate::Duration(_), _) => Some(Number::ONE),
            Kind::Aggregate(Aggregate::Sum, Source::Series(series)) => self.sum_growth(series),
            Kind::Convert(factor, inner) => Some(&self.growth(inner)? * factor),
            Kind::Arithmetic(Arithmetic::Add, a, b) => Some(&self.growth(a)? + &self.growth(b)?),
            Kind::Arithmetic(Arithmetic::Subtract, a, b) => Some(&self.growth(a)? - &self.growth(b)?),
            Kind::Name(Name::Reading(i)) => self.growth(self.chosen(*i)?),
            Kind::Name(Name::Variable(i)) => match &self.trial.variables.get(*i)?.kind {
                VariableKind::Derived(inner) => self.growth(inner),
                VariableKind::Recorded(r) => self.growth(r.select.as_ref()?),
                VariableKind::Attested { .. } => None,
            },
            _ => None,
        }
        .filter(|_| value.is_some())
    }
}
