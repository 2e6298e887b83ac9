//! Dates known in part, and the calendars of zones: days follow each other without gap, wherever clocks are turned.

use super::config;
use jiff::civil::Date;
use proptest::prelude::*;
use trialgate::model::time::{
    DAY_US, Instant, Partial, TimeRange, Zone, add_days, add_months, days_between, months_between, years_between,
};

/// Zones that turn their clocks at midnight, a minute after it, by half an hour, or left out a day.
const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Beirut",
    "Africa/Casablanca",
];

fn zones() -> impl Strategy<Value = Zone> {
    proptest::sample::select(&ZONES[..]).prop_map(|name| Zone::named(name).expect("a zone of the list"))
}

/// Days on which some of these zones turn their clocks at or near midnight, and the day that Samoa left out.
const TURNS: [(i16, i8, i8); 6] =
    [(2006, 10, 29), (2011, 12, 30), (2018, 11, 4), (2019, 2, 17), (2012, 11, 4), (2011, 4, 3)];

fn dates() -> impl Strategy<Value = Date> {
    let near = (proptest::sample::select(&TURNS[..]), -2_i32..=2)
        .prop_map(|((y, m, d), days)| add_days(Date::new(y, m, d).expect("a day"), days));
    prop_oneof![2 => any_dates(), 1 => near]
}

fn any_dates() -> impl Strategy<Value = Date> {
    (1900_i16..2100, 1_i8..=12, 1_i8..=31).prop_filter_map("a day of the calendar", |(y, m, d)| Date::new(y, m, d).ok())
}

fn instants() -> impl Strategy<Value = Instant> {
    // From 1900 to 2100, often at a full hour, where clocks are turned.
    let hour = DAY_US / 24;
    let turn = (proptest::sample::select(&TURNS[..]), -48 * 60_i64..48 * 60).prop_map(|((y, m, d), minutes)| {
        Zone::utc().start_of(Date::new(y, m, d).expect("a day")).plus_us(minutes * 60_000_000)
    });
    prop_oneof![
        turn,
        (-613_000_i64..1_139_000).prop_map(move |h| Instant(h * hour)),
        (-613_000 * hour..1_139_000 * hour).prop_map(Instant)
    ]
}

fn partials() -> impl Strategy<Value = Partial> {
    let offset = (-14 * 60_i32..=14 * 60).prop_map(|minutes| minutes * 60);
    prop_oneof![
        (1_i16..=9999).prop_map(Partial::Year),
        (1_i16..=9999, 1_i8..=12).prop_map(|(y, m)| Partial::Month(y, m)),
        dates().prop_map(Partial::Day),
        (instants(), offset).prop_map(|(at, offset)| Partial::Instant(at, offset)),
    ]
}

/// Whether there is such a day at all: Samoa went from 29 to 31 December 2011.
fn exists(zone: &Zone, date: Date) -> bool {
    zone.date_of(zone.start_of(date)) == date
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn what_is_printed_is_read_as_the_same(p in partials()) {
        prop_assert_eq!(Partial::parse(&p.to_string()), Ok(p));
    }

    #[test]
    fn no_text_is_read_as_a_day_that_is_not(text in "[0-9]{4}(-[0-9]{2}){0,2}(T[0-9:.]{0,9}(Z|[+-][0-9:]{0,5}))?|\\PC{0,12}") {
        if let Ok(p) = Partial::parse(&text) {
            prop_assert_eq!(Partial::parse(&p.to_string()), Ok(p.clone()), "{}", text);
            let (first, last) = p.dates(&Zone::utc());
            prop_assert!(first <= last, "{}", text);
            if !matches!(p, Partial::Instant(..)) {
                prop_assert_eq!(p.to_string(), text);
            }
        }
    }

    #[test]
    fn a_range_holds_the_moments_of_its_days_and_no_other(p in partials(), zone in zones(), at in instants()) {
        let range = p.range(&zone);
        let (first, last) = p.dates(&zone);
        prop_assert!(range.earliest <= range.latest, "{} in {}", p, zone.name());
        if let Partial::Instant(own, _) = &p {
            prop_assert_eq!((range.earliest, range.latest), (*own, *own));
            return Ok(());
        }
        let inside = (range.earliest..=range.latest).contains(&at);
        let day = zone.date_of(at);
        prop_assert_eq!(inside, first <= day && day <= last, "{} and {} in {}", p, at, zone.name());
        for edge in [range.earliest, range.latest] {
            let day = zone.date_of(edge);
            prop_assert!((first <= day && day <= last) || !exists(&zone, first), "{} of {} in {}", edge, p, zone.name());
        }
    }

    #[test]
    fn a_range_is_named_by_its_very_days_or_not_at_all(p in partials(), first in dates(), n in 0..800, whole in any::<bool>()) {
        let utc = Zone::utc();
        let range = p.range(&utc);
        // The calendar ends within the year 9999.
        prop_assume!(range.latest < Instant::MAX);
        prop_assert_eq!(utc.partial(range).map(|named| named.range(&utc)), Some(range), "{}", p);
        let first = if whole { first.first_of_month() } else { first };
        let last = add_days(first, n);
        let last = if whole { last.last_of_month() } else { last };
        let days = TimeRange { earliest: utc.start_of(first), latest: utc.end_of(last) };
        let is_year = first.first_of_year() == first && first.last_of_year() == last;
        let is_month = first.first_of_month() == first && first.last_of_month() == last;
        let named = utc.partial(days).map(|named| named.dates(&utc));
        prop_assert_eq!(named, (first == last || is_month || is_year).then_some((first, last)));
        prop_assert_eq!(utc.partial(TimeRange { earliest: Instant::MIN, ..days }), None);
    }

    #[test]
    fn days_follow_each_other_without_gap(date in dates(), zone in zones()) {
        let next = add_days(date, 1);
        prop_assert!(zone.start_of(date) <= zone.end_of(date));
        if exists(&zone, date) && exists(&zone, next) {
            // Where the clocks go back over midnight, a day ends after the next has begun.
            prop_assert!(zone.end_of(date).plus_us(1) >= zone.start_of(next));
            prop_assert_eq!(zone.date_of(zone.end_of(date)), date);
        }
    }

    #[test]
    fn a_moment_is_shown_as_it_stands_in_its_zone(at in instants(), zone in zones()) {
        let shown = zone.show(at);
        // Offsets of a second's precision are older than FHIR's form, which has minutes.
        if let Ok(Partial::Instant(read, offset)) = Partial::parse(&shown) && at.0 > 0 {
            prop_assert_eq!(read, at, "{}", shown);
            prop_assert_eq!(&shown[..10], zone.date_of(at).to_string());
            prop_assert_eq!(offset % 60, 0);
        } else {
            prop_assert!(at.0 <= 0, "{}", shown);
        }
    }

    #[test]
    fn months_and_years_count_what_is_complete(from in dates(), n in -2400_i32..2400, days in -40_000_i32..40_000) {
        let later = add_months(from, n);
        if from.day() <= 28 {
            prop_assert_eq!(months_between(from, later), i64::from(n));
            prop_assert_eq!(years_between(from, later), i64::from(n).div_euclid(12));
            prop_assert_eq!(months_between(from, add_days(later, -1)), i64::from(n) - 1, "a day before it is not complete");
        }
        prop_assert!(later.day() <= from.day());
        let other = add_days(from, days);
        prop_assert_eq!(days_between(from, other), i64::from(days));
        prop_assert!(months_between(from, other) <= months_between(from, add_days(other, 1)));
        prop_assert_eq!(years_between(from, other), months_between(from, other).div_euclid(12));
    }
}

#[test]
fn a_birthday_on_a_leap_day_falls_on_the_first_of_march() {
    let day = |text: &str| text.parse::<Date>().expect("a date");
    assert_eq!(years_between(day("2008-02-29"), day("2026-02-28")), 17);
    assert_eq!(years_between(day("2008-02-29"), day("2026-03-01")), 18);
    assert_eq!(years_between(day("2008-02-29"), day("2028-02-29")), 20);
}

#[test]
fn a_length_that_no_calendar_reaches_ends_where_the_calendar_does() {
    let day = jiff::civil::date(2026, 3, 15);
    for far in [i32::MAX, 240_000, 7_400_000] {
        assert_eq!(add_months(day, far), jiff::civil::Date::MAX, "{far} months");
        assert_eq!(add_months(day, -far), jiff::civil::Date::MIN, "{far} months back");
    }
    assert_eq!((add_days(day, i32::MAX), add_days(day, i32::MIN)), (jiff::civil::Date::MAX, jiff::civil::Date::MIN));
}

#[test]
fn how_long_it_is_until_then() {
    assert_eq!(Instant(1).until(Instant(1_000_001)), std::time::Duration::from_secs(1));
    assert_eq!(Instant(1_000_001).until(Instant(1)), std::time::Duration::ZERO, "it is over");
    assert_eq!(Instant::MIN.until(Instant::MAX).as_micros(), i64::MAX.unsigned_abs().into(), "held at the end of time");
}
