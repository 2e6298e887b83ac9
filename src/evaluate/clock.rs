//! Times that go on with the clock: now, shifted times, spans, and when they turn a result.

use super::scene::Scene;
use super::value::When;
use super::window::{clock_us, shift_date};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::time::{Instant, TimeRange, add_months, days_between, months_between};
use crate::trial::expression::tree::{Calendar, Duration};
use jiff::civil::Date;

const MINUTE_US: i64 = 60_000_000;

impl Scene<'_> {
    /// `Now()`, or with `calendar` `Today()`.
    pub(super) fn now_when(&self, calendar: bool) -> When {
        let range = if calendar {
            TimeRange { earliest: self.zone().start_of(self.today()), latest: self.zone().end_of(self.today()) }
        } else {
            TimeRange::exact(self.now)
        };
        When { range, calendar, moves: self.live }
    }

    /// A time moved by a duration; days and longer count calendar dates, and make it one.
    pub(super) fn shifted(&self, t: When, by: Duration, back: bool) -> When {
        let clock = clock_us(by);
        let one = |at: Instant| match clock {
            _ if at == Instant::MIN || at == Instant::MAX => at,
            Some(us) => at.plus_us(if back { -us } else { us }),
            None => {
                let date = self.zone().date_of(at);
                let into_day = at.0.saturating_sub(self.zone().start_of(date).0);
                let moved = shift_date(date, by, back);
                self.zone().start_of(moved).plus_us(into_day).min(self.zone().end_of(moved))
            }
        };
        let range = TimeRange { earliest: one(t.range.earliest), latest: one(t.range.latest) };
        When { range, calendar: clock.is_none() || t.calendar, moves: t.moves }
    }

    /// When a comparison of two times may turn.
    pub(super) fn when_times_turn(&self, a: When, b: When) {
        let (moving, fixed) = match (a.moves, b.moves) {
            (false, false) => return,
            (true, true) => return self.turns(self.now.plus_us(MINUTE_US)),
            (true, false) => (a, b),
            (false, true) => (b, a),
        };
        for edge in [fixed.range.earliest, fixed.range.latest] {
            if edge == Instant::MIN || edge == Instant::MAX {
                continue;
            }
            if !moving.calendar && !fixed.calendar {
                let gap = edge.0.saturating_sub(moving.range.earliest.0);
                self.turns(self.now.plus_us(gap));
                self.turns(self.now.plus_us(gap).plus_us(1));
                continue;
            }
            if moving.calendar && moving.range == self.now_when(true).range {
                // Today itself: it reaches the other's day and leaves it.
                let day = self.zone().date_of(edge);
                self.turns(self.zone().start_of(day));
                self.turns(self.zone().end_of(day).plus_us(1));
                continue;
            }
            // Months of unlike length: four days less than the distance is never too late.
            let days = days_between(self.zone().date_of(moving.range.earliest), self.zone().date_of(edge));
            if days >= -4 {
                let wait = u32::try_from((days - 4).max(1)).unwrap_or(1);
                let day = shift_date(self.today(), Duration { count: wait, of: Calendar::Day }, false);
                self.turns(self.zone().start_of(day));
            }
        }
    }

    /// How many whole units lie between two times: a range where they are known in part.
    pub(super) fn units_between(&self, unit: Calendar, a: When, b: When, difference: bool) -> Option<Interval> {
        if a.range.earliest == Instant::MIN || b.range.latest == Instant::MAX {
            return None;
        }
        let count = |from: Instant, to: Instant| Number::from(self.units(unit, from, to, difference));
        let low = count(a.range.latest, b.range.earliest);
        let high = count(a.range.earliest, b.range.latest);
        if a.moves || b.moves {
            self.when_units_turn(unit, a, b, difference);
        }
        Some(Interval::between(low, high))
    }

    fn units(&self, unit: Calendar, from: Instant, to: Instant, difference: bool) -> i64 {
        let (a, b) = (self.zone().date_of(from), self.zone().date_of(to));
        let whole = |n: i64, d: i64| if n < 0 { -((-n) / d) } else { n / d };
        match unit {
            Calendar::Year if difference => i64::from(b.year()) - i64::from(a.year()),
            Calendar::Month if difference => months_between(first_of_month(a), first_of_month(b)),
            Calendar::Year => whole(whole_months(a, b), 12),
            Calendar::Month => whole_months(a, b),
            Calendar::Week if difference => weeks_since_sunday(b) - weeks_since_sunday(a),
            Calendar::Week => whole(days_between(a, b), 7),
            Calendar::Day => days_between(a, b),
            Calendar::Hour | Calendar::Minute => {
                let us = if unit == Calendar::Hour { 60 * MINUTE_US } else { MINUTE_US };
                if difference {
                    to.0.div_euclid(us) - from.0.div_euclid(us)
                } else {
                    whole(to.0.saturating_sub(from.0), us)
                }
            }
        }
    }

    fn when_units_turn(&self, unit: Calendar, a: When, b: When, difference: bool) {
        if matches!(unit, Calendar::Hour | Calendar::Minute) {
            return self.turns(self.now.plus_us(MINUTE_US));
        }
        let plain_now = b.moves && self.zone().date_of(b.range.earliest) == self.today();
        let months = match unit {
            Calendar::Year => 12,
            Calendar::Month => 1,
            _ => 0,
        };
        if !plain_now || a.moves || difference || months == 0 {
            return self.turns_tomorrow();
        }
        for edge in [a.range.earliest, a.range.latest] {
            let from = self.zone().date_of(edge);
            let done = months_between(from, self.today()).div_euclid(months);
            let next = i32::try_from((done + 1) * months).unwrap_or(i32::MAX);
            let next = add_months(from, next);
            if next > self.today() {
                self.turns(self.zone().start_of(next));
            } else {
                self.turns_tomorrow();
            }
        }
    }
}

/// Completed months, counted towards zero.
fn whole_months(a: Date, b: Date) -> i64 {
    if b < a { -months_between(b, a) } else { months_between(a, b) }
}

/// Whole weeks from a Sunday to a date: CQL's weeks begin on Sundays.
fn weeks_since_sunday(date: Date) -> i64 {
    days_between(jiff::civil::date(1970, 1, 4), date).div_euclid(7)
}

fn first_of_month(date: Date) -> Date {
    date.first_of_month()
}
