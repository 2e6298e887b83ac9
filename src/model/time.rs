//! FHIR dates that are known in part, instants, and the calendar of a site's time zone.

use super::words::Words;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::fmt;
use std::time::Duration;

/// Microseconds of one day of 24 hours.
pub const DAY_US: i64 = 86_400_000_000;

/// A moment in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// Before everything: the clinical time of what always holds, and the start of what has no known start.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything: the end of what still lasts.
    pub const MAX: Self = Self(i64::MAX);

    /// This moment moved by so many microseconds, held at the ends of time.
    pub fn plus_us(self, us: i64) -> Self {
        Self(self.0.saturating_add(us))
    }

    /// How long it is until then; nothing where it is over.
    pub fn until(self, then: Self) -> Duration {
        Duration::from_micros(then.0.saturating_sub(self.0).max(0).unsigned_abs())
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

impl fmt::Display for Instant {
    /// As FHIR prints an instant in UTC, with milliseconds when there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*}", fraction_digits(*self), self.timestamp())
    }
}

/// Where a moment lies: both ends belong to it. Equal ends: it is known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first moment that it may be.
    pub earliest: Instant,
    /// The last moment that it may be.
    pub latest: Instant,
}

impl TimeRange {
    /// A moment known exactly.
    pub fn exact(at: Instant) -> Self {
        Self { earliest: at, latest: at }
    }

    /// The smallest range that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self { earliest: self.earliest.min(other.earliest), latest: self.latest.max(other.latest) }
    }
}

/// A FHIR `date`, `dateTime` or `instant` with the precision that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Partial {
    /// `1980`
    Year(i16),
    /// `1980-03`
    Month(i16, i8),
    /// `1980-03-15`
    Day(Date),
    /// `2026-03-15T08:00:00+08:00`: the moment and the offset from UTC in seconds that was written.
    Instant(Instant, i32),
}

impl Partial {
    /// Reads a FHIR date or dateTime. The error says what is wrong, in words fit for an issue.
    /// A time must carry seconds and a zone, as R4 demands; second 60 counts as 59.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = |what: &str| Err(format!("{what}; wanted YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"));
        let (date, time) = match text.split_once('T') {
            Some((d, t)) => (d, Some(t)),
            None => (text, None),
        };
        let parts: Vec<&str> = date.split('-').collect();
        let shape: Vec<usize> = parts.iter().map(|p| p.len()).collect();
        if !date.bytes().all(|b| b.is_ascii_digit() || b == b'-') || !matches!(shape[..], [4] | [4, 2] | [4, 2, 2]) {
            return bad("not a FHIR date");
        }
        let number = |i: usize| parts[i].parse::<i16>().unwrap_or(-1);
        let year = number(0);
        if year < 1 {
            return bad("year 0000 does not exist");
        }
        if parts.len() == 1 && time.is_none() {
            return Ok(Self::Year(year));
        }
        let month = i8::try_from(if parts.len() > 1 { number(1) } else { 1 }).unwrap_or(0);
        if !(1..=12).contains(&month) {
            return bad(&format!("month {month:02} does not exist"));
        }
        if parts.len() == 2 && time.is_none() {
            return Ok(Self::Month(year, month));
        }
        if parts.len() < 3 {
            return bad("a time without a day");
        }
        let day = i8::try_from(number(2)).unwrap_or(0);
        let Ok(date) = Date::new(year, month, day) else {
            return bad(&format!("{date} is not in the calendar"));
        };
        match time {
            None => Ok(Self::Day(date)),
            Some(time) => parse_time(date, time).map_or_else(|what| bad(&what), Ok),
        }
    }

    /// Where the moment lies; a date without a time is that day in `zone`.
    pub fn range(&self, zone: &Zone) -> TimeRange {
        let days = |first: Date, last: Date| TimeRange { earliest: zone.start_of(first), latest: zone.end_of(last) };
        match self {
            Self::Instant(at, _) => TimeRange::exact(*at),
            Self::Day(d) => days(*d, *d),
            _ => {
                let (first, last) = self.dates(zone);
                days(first, last)
            }
        }
    }

    /// The first and the last calendar date that it may be, in `zone`.
    pub fn dates(&self, zone: &Zone) -> (Date, Date) {
        match self {
            Self::Year(y) => (civil(*y, 1, 1), civil(*y, 12, 31)),
            Self::Month(y, m) => (civil(*y, *m, 1), civil(*y, *m, 1).last_of_month()),
            Self::Day(d) => (*d, *d),
            Self::Instant(at, _) => (zone.date_of(*at), zone.date_of(*at)),
        }
    }
}

fn civil(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap_or(Date::MIN)
}

fn parse_time(date: Date, time: &str) -> Result<Partial, String> {
    let zone_at = time.find(['Z', '+', '-']).ok_or("a time without a zone")?;
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() != 3 || parts.iter().any(|p| p.len() != 2 || !digits(p)) {
        return Err("a time without hours, minutes and seconds of two digits each".into());
    }
    let value = |i: usize| parts[i].parse::<i64>().unwrap_or(99);
    let (hour, minute, second) = (value(0), value(1), value(2));
    if hour > 23 || minute > 59 || second > 60 {
        return Err(format!("{clock} is no time of day"));
    }
    let fraction = fraction.unwrap_or("0");
    if fraction.is_empty() || !digits(fraction) {
        return Err("a fraction of a second that is no number".into());
    }
    let us: i64 = format!("{:0<6.6}", fraction).parse().unwrap_or(0);
    let offset = parse_offset(zone)?;
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second.min(59) - i64::from(offset);
    Ok(Partial::Instant(Instant(seconds * 1_000_000 + us), offset))
}

fn parse_offset(zone: &str) -> Result<i32, String> {
    if zone == "Z" {
        return Ok(0);
    }
    let fault = || format!("{zone} is no zone");
    let (hours, minutes) = zone.get(1..).and_then(|z| z.split_once(':')).ok_or_else(fault)?;
    if hours.len() != 2 || minutes.len() != 2 {
        return Err(fault());
    }
    let (h, m): (i32, i32) = (hours.parse().map_err(|_| fault())?, minutes.parse().map_err(|_| fault())?);
    if h > 14 || m > 59 {
        return Err(fault());
    }
    Ok(if zone.starts_with('-') { -1 } else { 1 } * (h * 3600 + m * 60))
}

impl fmt::Display for Partial {
    /// As it was sent, in its own precision and offset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(y) => write!(f, "{y:04}"),
            Self::Month(y, m) => write!(f, "{y:04}-{m:02}"),
            Self::Day(d) => write!(f, "{d}"),
            Self::Instant(at, offset) => f.write_str(&with_offset(*at, *offset)),
        }
    }
}

/// Written by hand: the general formatter costs more than the rest of an evidence line.
fn with_offset(at: Instant, offset_s: i32) -> String {
    let offset = jiff::tz::Offset::from_seconds(offset_s).unwrap_or(jiff::tz::Offset::UTC);
    let civil = offset.to_datetime(at.timestamp());
    if civil.year() < 0 {
        return with_offset_any(at, offset, offset_s);
    }
    let mut out = String::with_capacity(32);
    let mut put = |before: &str, n: i32, width: u32| {
        out.push_str(before);
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (n / 10_i32.pow(place) % 10) as u8));
        }
    };
    put("", i32::from(civil.year()), 4);
    put("-", i32::from(civil.month()), 2);
    put("-", i32::from(civil.day()), 2);
    put("T", i32::from(civil.hour()), 2);
    put(":", i32::from(civil.minute()), 2);
    put(":", i32::from(civil.second()), 2);
    let us = civil.subsec_nanosecond() / 1000;
    match fraction_digits(at) {
        0 => {}
        3 => put(".", us / 1000, 3),
        _ => put(".", us, 6),
    }
    let minutes = offset_s.abs() / 60;
    put(if offset_s < 0 { "-" } else { "+" }, minutes / 60, 2);
    put(":", minutes % 60, 2);
    out
}

/// How many digits of a second's fraction are shown.
fn fraction_digits(at: Instant) -> usize {
    if at.0.rem_euclid(1_000_000) == 0 {
        0
    } else if at.0.rem_euclid(1000) == 0 {
        3
    } else {
        6
    }
}

fn with_offset_any(at: Instant, offset: jiff::tz::Offset, offset_s: i32) -> String {
    let (civil, digits) = (offset.to_datetime(at.timestamp()), fraction_digits(at));
    let sign = if offset_s < 0 { '-' } else { '+' };
    let minutes = offset_s.abs() / 60;
    format!("{civil:.digits$}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time zone of the IANA list; its tables are built in, so that a replay meets the same calendar.
#[derive(Debug, Clone)]
pub struct Zone {
    name: Words,
    zone: TimeZone,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// The zone of that name, such as `Asia/Shanghai`; `None` when the list has none.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        Some(Self { name: name.into(), zone })
    }

    /// Its name in the IANA list.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar date at that moment.
    pub fn date_of(&self, at: Instant) -> Date {
        self.zone.to_datetime(at.timestamp()).date()
    }

    /// The first moment of a date; of one that the zone left out, the moment at which it would have begun.
    pub fn start_of(&self, date: Date) -> Instant {
        let end_of_time = || if date.year() < 0 { Instant::MIN } else { Instant::MAX };
        self.midnight(date).compatible().map_or_else(|_| end_of_time(), |ts| Instant(ts.as_microsecond()))
    }

    /// The last microsecond of a date, and never before its first moment.
    pub fn end_of(&self, date: Date) -> Instant {
        let Ok(next) = date.tomorrow() else { return Instant::MAX };
        let midnight = self.midnight(next);
        let before = |ts: Timestamp| Instant(ts.as_microsecond() - 1);
        // Clocks that go back over midnight come to the date a second time.
        if midnight.is_ambiguous()
            && let Ok(again) = midnight.later().map(before)
            && self.date_of(again) == date
        {
            return again;
        }
        self.start_of(next).plus_us(-1).max(self.start_of(date))
    }

    /// The moment at which clocks of the zone showed what clocks of UTC show at `utc`; `None` when they showed it twice or never.
    pub fn shown_once(&self, utc: Instant) -> Option<Instant> {
        let shown = jiff::tz::Offset::UTC.to_datetime(utc.timestamp());
        let at = self.zone.to_ambiguous_timestamp(shown).unambiguous().ok()?;
        Some(Instant(at.as_microsecond()))
    }

    fn midnight(&self, date: Date) -> jiff::tz::AmbiguousTimestamp {
        self.zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
    }

    /// A time as people read it: a moment, a day, or from one day to another.
    pub fn write_range(&self, range: TimeRange, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if range.earliest == range.latest {
            return f.write_str(&self.show(range.earliest));
        }
        let (first, last) = (self.date_of(range.earliest), self.date_of(range.latest));
        if range.earliest == Instant::MIN {
            write!(f, "some time before {last}")
        } else if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}..{last}")
        }
    }

    /// A range of moments as FHIR says it: a moment, a day, a month or a year; `None`: it is none of them.
    pub fn partial(&self, range: TimeRange) -> Option<Partial> {
        if range.earliest == range.latest {
            return Some(Partial::Instant(range.latest, self.zone.to_offset(range.latest.timestamp()).seconds()));
        }
        let (first, last) = (self.date_of(range.earliest), self.date_of(range.latest));
        if first == last {
            Some(Partial::Day(last))
        } else if first.first_of_month() == first && first.last_of_month() == last {
            Some(Partial::Month(first.year(), first.month()))
        } else {
            let is_year = first.first_of_year() == first && first.last_of_year() == last;
            is_year.then(|| Partial::Year(first.year()))
        }
    }

    /// Where that moment stands in this zone, with offset: `2026-03-15T23:59:59.999999+08:00`.
    pub fn show(&self, at: Instant) -> String {
        with_offset(at, self.zone.to_offset(at.timestamp()).seconds())
    }
}

/// A date so many months later; beyond the end of a month it is the month's last day.
pub fn add_months(date: Date, months: i32) -> Date {
    moved(date, Span::new().try_months(months), months < 0)
}

/// A date so many days later.
pub fn add_days(date: Date, days: i32) -> Date {
    moved(date, Span::new().try_days(days), days < 0)
}

/// A length that no calendar reaches ends at the calendar's own end.
fn moved(date: Date, by: Result<Span, jiff::Error>, back: bool) -> Date {
    match by {
        Ok(span) => date.saturating_add(span),
        Err(_) if back => Date::MIN,
        Err(_) => Date::MAX,
    }
}

/// Whole calendar years from one date to a later one: completed years of age.
/// A birthday on 29 February falls on 1 March in common years. Negative when `to` is earlier.
pub fn years_between(from: Date, to: Date) -> i64 {
    months_between(from, to).div_euclid(12)
}

/// Whole calendar months from one date to another, counted as [`years_between`] counts.
pub fn months_between(from: Date, to: Date) -> i64 {
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month() - from.month());
    if to.day() < from.day() { months - 1 } else { months }
}

/// Whole days from one date to another.
pub fn days_between(from: Date, to: Date) -> i64 {
    let span: Span = to - from;
    i64::from(span.get_days())
}
