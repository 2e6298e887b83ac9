//! Amounts: sums over a window by share of time, and what was given day by day.

use super::scene::Scene;
use super::series::View;
use super::window::Bounds;
use crate::model::interval::{End, Interval};
use crate::model::number::Number;
use crate::model::reading::Reading;
use crate::model::time::{Instant, TimeRange, add_days, days_between};
use crate::model::truth::Truth;
use crate::trial::definition::Amount;
use crate::trial::expression::tree::Series;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Most days for which amounts are worked out day by day; of a longer window they are unknown.
pub(super) const DOSE_DAYS_MAX: i64 = 3_660;
const HOUR_US: i64 = 3_600_000_000;

fn zero() -> Interval {
    Interval::exact(Number::ZERO)
}

/// An amount of which nothing is known but that it is not below zero.
fn some_amount() -> Interval {
    Interval { low: Some(End::closed(Number::ZERO)), high: None }
}

impl<'a> Scene<'a> {
    fn is_dose(&self, view: &View<'a>) -> bool {
        self.recorded(view.variable).is_some_and(|r| r.amount == Amount::Dose)
    }

    /// `Sum(series)`. A dose that could not be read may be any amount.
    pub(super) fn sum(&self, view: &View<'a>) -> Option<Interval> {
        self.use_all(view, view.members.iter());
        if !view.maybe_recorded {
            return self.presume(view).map(|_| zero());
        }
        if !view.recorded {
            return None;
        }
        let dose = self.is_dose(view);
        let mut total = zero();
        for m in &view.members {
            let mut amount = self.number_of(view, m)?;
            if dose {
                amount = amount.mul(&self.share(m.reading, &view.bounds));
            }
            let with = total.add(&amount);
            total = if m.sure { with } else { total.hull(&with) };
        }
        if dose && self.unread(view).is_some() {
            total = total.add(&some_amount());
        }
        Some(total)
    }

    /// The share of an infused amount that lies inside a window, up to now. Of one that still runs with no end said,
    /// all of it since it began.
    fn share(&self, reading: &Reading, bounds: &Bounds) -> Interval {
        let one = Interval::exact(Number::ONE);
        let (start, Some(end)) = (reading.at, reading.other_end.filter(|end| *end > reading.at.latest)) else {
            return one;
        };
        let (from, until) = (bounds.begin(), bounds.end(self.now));
        let begun_inside = start.earliest >= from.latest;
        if end == Instant::MAX {
            let to_now = until.earliest == self.now;
            return if begun_inside && to_now { one } else { Interval::between(Number::ZERO, Number::ONE) };
        }
        if begun_inside && end <= until.earliest {
            return one;
        }
        if start.earliest != start.latest || from.earliest != from.latest || until.earliest != until.latest {
            return Interval::between(Number::ZERO, Number::ONE);
        }
        let runs = end > self.now && until.latest == self.now;
        if runs {
            // From there on the sum grows otherwise.
            self.turns(end);
        }
        if bounds.low_moves() && !begun_inside || runs {
            self.grows.set(true);
        }
        let part = end.min(until.earliest).0.saturating_sub(start.earliest.max(from.earliest).0).max(0);
        let whole = end.0.saturating_sub(start.earliest.0);
        Number::ratio(part, whole).map_or(one, Interval::exact)
    }

    /// By how much a sum grows in an hour: by what runs in now, less what leaves with the window's beginning.
    pub(super) fn sum_growth(&self, series: &'a Series) -> Option<Number> {
        let view = self.view(series);
        let mut all = Number::ZERO;
        for m in &view.members {
            let (start, Some(end)) = (m.reading.at, m.reading.other_end) else { continue };
            if end == Instant::MAX || end <= start.latest {
                continue;
            }
            let leaves = view.bounds.low_moves() && start.earliest < view.bounds.begin().latest;
            let comes = end > self.now && view.bounds.end(self.now).latest == self.now;
            if !leaves && !comes {
                continue;
            }
            let exact = m.sure && start.earliest == start.latest;
            let amount = self.number_of(&view, m).filter(|_| exact)?.as_exact()?.clone();
            let hours = Number::ratio(end.0.saturating_sub(start.earliest.0), HOUR_US)?;
            let rate = amount.checked_div(&hours)?;
            if comes {
                all = &all + &rate;
            }
            if leaves {
                all = &all - &rate;
            }
        }
        Some(all)
    }

    /// The first and the last calendar date that lie wholly in a window and before today.
    fn full_days(&self, bounds: &Bounds) -> Option<(Date, Date)> {
        let zone = self.zone();
        let low = bounds.low?;
        let high = bounds.high.unwrap_or(TimeRange::exact(self.now));
        let yesterday = add_days(self.today(), -1);
        let first = |at: Instant| {
            let date = zone.date_of(at);
            if zone.start_of(date) == at { date } else { add_days(date, 1) }
        };
        let last = |at: Instant| {
            let date = zone.date_of(at);
            if zone.end_of(date) == at { date } else { add_days(date, -1) }
        };
        let (from, to) = (first(low.earliest), last(high.earliest).min(yesterday));
        if zone.date_of(high.latest) >= self.today() {
            self.turns_tomorrow();
        }
        let known = from == first(low.latest) && to == last(high.latest).min(yesterday);
        (known && from <= to && days_between(from, to) < DOSE_DAYS_MAX).then_some((from, to))
    }

    /// From the beginning of a date to the end of another.
    fn dates(&self, from: Date, to: Date) -> Bounds {
        Bounds::of_dates(self.zone().start_of(from), self.zone().end_of(to))
    }

    /// `DailyDose(series)`, in the unit of the amounts per day.
    pub(super) fn daily_dose(&self, view: &View<'a>) -> Option<Interval> {
        self.use_all(view, view.members.iter());
        if !view.maybe_recorded {
            return self.presume(view).map(|_| zero());
        }
        let (from, to) = self.full_days(&view.bounds).filter(|_| view.recorded)?;
        let inside = self.dates(from, to);
        let mut total = zero();
        for m in &view.members {
            total = self.with_part(total, &self.number_of(view, m)?, m.reading, m.sure, &inside);
        }
        for (left, _) in self.all_unread(view) {
            total = self.with_part(total, &some_amount(), &left.unread, false, &inside);
        }
        let days = Number::from(days_between(from, to) + 1);
        total.div(&Interval::exact(days))
    }

    /// A sum with the part of an amount that lies, or may lie, inside.
    fn with_part(&self, sum: Interval, amount: &Interval, of: &Reading, sure: bool, inside: &Bounds) -> Interval {
        let lies = self.lies(inside, of);
        if lies == Truth::False {
            return sum;
        }
        let with = sum.add(&amount.mul(&self.share(of, inside)));
        if sure && lies == Truth::True { with } else { sum.hull(&with) }
    }

    /// `StableDose(series)`.
    pub(super) fn stable_dose(&self, view: &View<'a>) -> Truth {
        self.use_all(view, view.members.iter());
        if !view.maybe_recorded {
            return self.presume(view).map_or(Truth::Unknown, |_| Truth::False);
        }
        let Some((from, to)) = self.full_days(&view.bounds).filter(|_| view.recorded) else {
            return Truth::Unknown;
        };
        let mut days: BTreeMap<Date, Interval> = BTreeMap::new();
        for m in &view.members {
            let Some(amount) = self.number_of(view, m) else { return Truth::Unknown };
            self.by_day(&mut days, &amount, m.reading, m.sure, (from, to));
        }
        for (left, _) in self.all_unread(view) {
            self.by_day(&mut days, &some_amount(), &left.unread, false, (from, to));
        }
        let with_none = i64::try_from(days.len()).is_ok_and(|n| n <= days_between(from, to));
        let mut amounts = days.into_values().chain(with_none.then(zero));
        let Some(first) = amounts.next() else { return Truth::Unknown };
        let mut exact = first.as_exact().is_some();
        let common = amounts.try_fold(first, |common, amount| {
            exact &= amount.as_exact().is_some();
            common.intersection(&amount)
        });
        match common {
            None => Truth::False,
            Some(one) if one.as_exact().is_some_and(Number::is_zero) => Truth::False,
            Some(_) => {
                if exact {
                    Truth::True
                } else {
                    Truth::Unknown
                }
            }
        }
    }

    /// Adds the parts of an amount to the days on which it was given, or may have been.
    fn by_day(
        &self,
        days: &mut BTreeMap<Date, Interval>,
        amount: &Interval,
        of: &Reading,
        sure: bool,
        (from, to): (Date, Date),
    ) {
        let last = of.other_end.unwrap_or(of.at.latest).max(of.at.latest);
        let mut day = self.zone().date_of(of.at.earliest).max(from);
        let last = self.zone().date_of(last).min(to);
        while day <= last {
            let sum = days.remove(&day).unwrap_or_else(zero);
            days.insert(day, self.with_part(sum, amount, of, sure, &self.dates(day, day)));
            day = add_days(day, 1);
        }
    }
}
