//! Windows of clinical time: their ends, and which facts lie inside.

use super::scene::Scene;
use super::value::When;
use crate::model::reading::Reading;
use crate::model::time::{DAY_US, Instant, TimeRange, add_days, add_months};
use crate::model::truth::Truth;
use crate::trial::expression::tree::{Calendar, Duration, Expr, Kind, Window};
use jiff::civil::Date;

/// The ends of a window, both inside; each known as far as its range says. `None`: no end on that side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) low: Option<TimeRange>,
    pub(super) high: Option<TimeRange>,
    /// Microseconds from the ends, which lie inside, to where time is measured from and to: an end that is excluded, or
    /// the last moment of a date, stands one before or after its neighbor.
    measured: (i64, i64),
    /// The length of a window that ends now and so moves on.
    moving: Option<Duration>,
    /// Its ends move on in a way that is not followed exactly.
    restless: bool,
}

impl Bounds {
    /// From the first moment of a date to the last of another.
    pub(super) fn of_dates(low: Instant, high: Instant) -> Self {
        let exact = |at| Some(TimeRange::exact(at));
        Self { low: exact(low), high: exact(high), measured: (0, 1), ..Self::default() }
    }

    /// From where time inside is measured.
    pub(super) fn begin(&self) -> TimeRange {
        self.low.map_or(TimeRange::exact(Instant::MIN), |low| moved(low, self.measured.0))
    }

    /// To where time inside is measured, no later than now.
    pub(super) fn end(&self, now: Instant) -> TimeRange {
        let end = self.high.map_or(TimeRange::exact(now), |high| moved(high, self.measured.1));
        TimeRange { earliest: end.earliest.min(now), latest: end.latest.min(now) }
    }

    /// Whether its beginning moves on with the clock from moment to moment.
    pub(super) fn low_moves(&self) -> bool {
        self.restless || self.moving.is_some_and(|d| d.of.is_clock())
    }
}

fn moved(range: TimeRange, us: i64) -> TimeRange {
    TimeRange { earliest: range.earliest.plus_us(us), latest: range.latest.plus_us(us) }
}

/// A date moved by so many calendar units.
pub(super) fn shift_date(date: Date, duration: Duration, back: bool) -> Date {
    let count = i32::try_from(duration.count).unwrap_or(i32::MAX);
    let signed = if back { -count } else { count };
    match duration.of {
        Calendar::Year => add_months(date, signed.saturating_mul(12)),
        Calendar::Month => add_months(date, signed),
        Calendar::Week => add_days(date, signed.saturating_mul(7)),
        _ => add_days(date, signed),
    }
}

/// Microseconds of hours or minutes; `None` for what the calendar counts.
pub(super) fn clock_us(duration: Duration) -> Option<i64> {
    let unit = match duration.of {
        Calendar::Hour => DAY_US / 24,
        Calendar::Minute => DAY_US / 1440,
        _ => return None,
    };
    Some(i64::from(duration.count).saturating_mul(unit))
}

/// What the evaluation has worked out of one length of window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    of: Duration,
    /// Where a window of this length that ends now begins.
    start: Instant,
    /// Moments from this one on leave such a window no sooner than one that was seen.
    first: Option<Instant>,
}

impl<'a> Scene<'a> {
    fn length<T>(&self, d: Duration, see: impl FnOnce(&mut Length) -> T) -> T {
        let mut known = self.lengths.borrow_mut();
        let place = known.iter().position(|l| l.of == d).unwrap_or_else(|| {
            let start = match clock_us(d) {
                Some(us) => self.now.plus_us(-us),
                None => self.zone().start_of(shift_date(self.today(), d, true)),
            };
            known.push(Length { of: d, start, first: None });
            known.len() - 1
        });
        see(&mut known[place])
    }

    fn start_of_within(&self, d: Duration) -> Instant {
        self.length(d, |l| l.start)
    }

    /// Whether a moment may leave a moving window sooner than those that were seen.
    fn leaves_first(&self, at: Instant, d: Duration) -> bool {
        self.length(d, |l| l.first.is_none_or(|first| at < first))
    }

    fn left_first(&self, at: Instant, d: Duration) {
        self.length(d, |l| l.first = Some(l.first.map_or(at, |first| first.min(at))));
    }

    /// The ends of a window; `Err`: they lean on a time that is not known.
    pub(super) fn bounds(&self, window: Option<&'a Window>) -> Result<Bounds, ()> {
        let Some(window) = window else {
            return Ok(Bounds::default());
        };
        let anchor = |e: &'a Expr| self.time(e).ok_or(());
        Ok(match window {
            Window::Within(d) => {
                Bounds { low: Some(TimeRange::exact(self.start_of_within(*d))), moving: Some(*d), ..Bounds::default() }
            }
            Window::WithinOf(d, a) => self.around(anchor(a)?, Some(*d), Some(*d)),
            Window::WithinBefore(d, a) => self.around(anchor(a)?, Some(*d), None),
            Window::WithinAfter(d, a) => self.around(anchor(a)?, None, Some(*d)),
            Window::Since(a) | Window::OnOrAfter(a) => self.from(anchor(a)?, true),
            Window::After(a) => self.from(anchor(a)?, false),
            Window::Before(a) => self.until(anchor(a)?, false),
            Window::OnOrBefore(a) => self.until(anchor(a)?, true),
            Window::During(interval) => self.during_bounds(interval)?,
        })
    }

    fn during_bounds(&self, interval: &'a Expr) -> Result<Bounds, ()> {
        let Kind::Interval(a, a_closed, b, b_closed) = &interval.kind else {
            return Err(());
        };
        let low = self.from(self.time(a).ok_or(())?, *a_closed);
        let high = self.until(self.time(b).ok_or(())?, *b_closed);
        let measured = (low.measured.0, high.measured.1);
        Ok(Bounds { low: low.low, high: high.high, measured, moving: None, restless: low.restless || high.restless })
    }

    /// From so long before an anchor to so long after it; `None`: the anchor itself.
    fn around(&self, a: When, before: Option<Duration>, after: Option<Duration>) -> Bounds {
        let counts_dates = before.or(after).is_some_and(|d| clock_us(d).is_none());
        let edge = |at: Instant, d: Option<Duration>, back: bool| {
            if !counts_dates {
                let us = d.and_then(clock_us).unwrap_or(0);
                return at.plus_us(if back { -us } else { us });
            }
            let date = self.zone().date_of(at);
            let date = d.map_or(date, |d| shift_date(date, d, back));
            if back { self.zone().start_of(date) } else { self.zone().end_of(date) }
        };
        let side = |d: Option<Duration>, back: bool| TimeRange {
            earliest: edge(a.range.earliest, d, back),
            latest: edge(a.range.latest, d, back),
        };
        let measured = (0, i64::from(counts_dates));
        Bounds {
            low: Some(side(before, true)),
            high: Some(side(after, false)),
            measured,
            moving: None,
            restless: a.moves,
        }
    }

    fn from(&self, a: When, included: bool) -> Bounds {
        let edge = |at: Instant| match (a.calendar, included) {
            (false, true) => at,
            (false, false) => at.plus_us(1),
            (true, true) => self.zone().start_of(self.zone().date_of(at)),
            (true, false) => self.zone().end_of(self.zone().date_of(at)).plus_us(1),
        };
        let low = TimeRange { earliest: edge(a.range.earliest), latest: edge(a.range.latest) };
        let measured = (-i64::from(!a.calendar && !included), 0);
        Bounds { low: Some(low), measured, restless: a.moves, ..Bounds::default() }
    }

    fn until(&self, a: When, included: bool) -> Bounds {
        let edge = |at: Instant| match (a.calendar, included) {
            (false, true) => at,
            (false, false) => at.plus_us(-1),
            (true, true) => self.zone().end_of(self.zone().date_of(at)),
            (true, false) => self.zone().start_of(self.zone().date_of(at)).plus_us(-1),
        };
        let high = TimeRange { earliest: edge(a.range.earliest), latest: edge(a.range.latest) };
        let measured = (0, i64::from(a.calendar || !included));
        Bounds { high: Some(high), measured, restless: a.moves, ..Bounds::default() }
    }

    /// Whether a fact that is there by now lies inside, and when that may turn.
    pub(super) fn inside(&self, bounds: &Bounds, reading: &Reading) -> Truth {
        let inside = self.lies(bounds, reading);
        if self.live {
            self.when_turns(bounds, reading, inside);
        }
        inside
    }

    /// Whether a fact that is there by now lies inside.
    pub(super) fn lies(&self, bounds: &Bounds, reading: &Reading) -> Truth {
        let start = TimeRange { earliest: reading.at.earliest, latest: reading.at.latest.min(self.now) };
        match reading.other_end {
            Some(end) if end >= reading.at.earliest => lasts(bounds, start, TimeRange::exact(end)),
            None if reading.past => {
                let latest = reading.recorded.unwrap_or(self.now).min(self.now).max(start.earliest);
                lasts(bounds, start, TimeRange { earliest: start.earliest, latest })
            }
            _ => begins_before(bounds, start).and(reaches(bounds, start)),
        }
    }

    fn when_turns(&self, bounds: &Bounds, reading: &Reading, inside: Truth) {
        if bounds.restless {
            self.turns(self.now.plus_us(60_000_000));
        }
        let end = reading.other_end.or(reading.recorded).unwrap_or(Instant::MIN);
        // Of what is there by now only the trailing end of a window takes leave, on its own day.
        if let Some(d) = bounds.moving.filter(|_| inside != Truth::False) {
            for at in [reading.at.earliest, reading.at.latest, end] {
                let sooner = || self.changes_at().is_none_or(|c| at.plus_us(least_us(d)) < c);
                if at > Instant::MIN && at < Instant::MAX && self.leaves_first(at, d) && sooner() {
                    self.leaves_at(at, d);
                }
            }
        }
        if reading.at.latest > self.now || end > self.now {
            for edge in [bounds.low, bounds.high].into_iter().flatten() {
                self.turns(edge.earliest.plus_us(1));
                self.turns(edge.latest.plus_us(1));
                self.turns(edge.earliest);
                self.turns(edge.latest);
            }
        }
    }

    /// When the trailing end of a window that ends now passes a moment.
    fn leaves_at(&self, at: Instant, d: Duration) {
        if let Some(us) = clock_us(d) {
            self.turns(at.plus_us(us).plus_us(1));
            if at.plus_us(us) >= self.now {
                self.left_first(at, d);
            }
            return;
        }
        let date = self.zone().date_of(at);
        let last = shift_date(date, d, false);
        if last >= self.today() {
            // Clocks may go back over midnight: only what the day before is over by is surely no sooner.
            self.left_first(self.zone().end_of(add_days(date, -1)).plus_us(1), d);
            self.turns(self.zone().end_of(last).plus_us(1));
        } else if shift_date(self.today(), d, true) <= date {
            // Months of unlike length: the day may stand still at a month's end.
            self.turns_tomorrow();
        }
    }
}

/// Never more than what a duration moves a moment by, two days of room for calendars included.
fn least_us(d: Duration) -> i64 {
    let days = match d.of {
        Calendar::Year => 365,
        Calendar::Month => 28,
        Calendar::Week => 7,
        Calendar::Day => 1,
        Calendar::Hour | Calendar::Minute => 0,
    };
    (i64::from(d.count).saturating_mul(days) - 2).saturating_mul(DAY_US)
}

fn lasts(bounds: &Bounds, start: TimeRange, end: TimeRange) -> Truth {
    begins_before(bounds, start).and(reaches(bounds, end))
}

/// Whether a moment is not behind the window's end.
fn begins_before(bounds: &Bounds, t: TimeRange) -> Truth {
    match bounds.high {
        Some(high) if t.earliest > high.latest => Truth::False,
        Some(high) if t.latest > high.earliest => Truth::Unknown,
        _ => Truth::True,
    }
}

/// Whether a moment is not before the window's start.
fn reaches(bounds: &Bounds, t: TimeRange) -> Truth {
    match bounds.low {
        Some(low) if t.latest < low.earliest => Truth::False,
        Some(low) if t.earliest < low.latest => Truth::Unknown,
        _ => Truth::True,
    }
}
