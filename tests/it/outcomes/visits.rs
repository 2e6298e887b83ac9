//! Visits by the calendar, which result serves which, and how it stands with each.

use super::*;
use trialgate::model::outcome::{EndedBy, Reached, State};
use trialgate::model::reading::Reason;
use trialgate::model::time::TimeRange;

const DAY0: &str = "2026-01-31T10:00:00+08:00";
const LATE: &str = "2028-12-01T00:00:00+08:00";

fn date(text: &str) -> jiff::civil::Date {
    text.parse().expect("a date")
}

fn zone() -> Zone {
    Zone::named(crate::evaluate::ZONE).expect("a zone of the list")
}

#[test]
fn months_count_from_the_anchor_and_windows_hold_whole_days() {
    let world = trial();
    let found = world.outcomes(&[cells(DAY0)], LATE);
    assert_eq!(found.anchors, [Reached::On(date("2026-01-31")); 2]);
    let monthly = &found.visits[0];
    let told: Vec<_> = monthly.iter().take(5).map(|v| (v.number, v.name.as_str(), v.target.to_string())).collect();
    let of = |n, name, day: &str| (n, name, day.to_owned());
    let wanted = [
        of(0, "Baseline", "2026-01-31"),
        of(1, "M1", "2026-02-28"),
        of(2, "M2", "2026-03-31"),
        of(3, "M3", "2026-04-30"),
        of(4, "M4", "2026-05-31"),
    ];
    assert_eq!(told, wanted);
    assert_eq!((monthly.len(), monthly[24].name.as_str(), monthly[24].target), (25, "M24", date("2028-01-31")));
    let window = (zone().start_of(date("2026-02-21")), zone().end_of(date("2026-03-07")));
    assert_eq!(monthly[1].window, window);
    let quarterly: Vec<&str> = found.visits[1].iter().map(|v| v.name.as_str()).collect();
    assert_eq!(quarterly, ["Baseline", "M3", "M6", "M9", "M12", "M15", "M18", "M21", "M24"]);
}

#[test]
fn of_a_window_the_nearest_counts_and_of_two_the_later() {
    let world = trial();
    let m1 = |facts: &[Fact]| {
        let facts = [&[cells(DAY0)], facts].concat();
        let found = world.outcomes(&facts, LATE);
        let unscheduled: Vec<String> = found.unscheduled.iter().map(|u| shown(&u.value)).collect();
        format!("{}; {}", world.tell(&found, world.cell(&found, "skin", "M1")), unscheduled.join(" "))
    };
    assert_eq!(m1(&[skin("20", "2026-02-21"), skin("21", "2026-03-01")]), "M1 captured 21; 20");
    assert_eq!(
        m1(&[skin("20", "2026-02-26"), skin("21", "2026-03-02")]),
        "M1 captured 21; 20",
        "of two as far the later"
    );
    assert_eq!(
        m1(&[skin("21", "2026-03-02T08:00:00+08:00"), skin("20", "2026-03-02T09:00:00+08:00")]),
        "M1 captured 20; 21"
    );
    let both = "M1 captured 20..21; ";
    assert_eq!(m1(&[skin("20", "2026-03-02T09:00:00+08:00"), skin("21", "2026-03-02T09:00:00+08:00")]), both);
    assert_eq!(
        m1(&[skin("20", "2026-03-02"), skin("21", "2026-03-02T09:00:00+08:00")]),
        both,
        "one of that day may be the later"
    );
    assert_eq!(m1(&[skin("20", "2026-02")]), "M1 missed (too old); 20", "of a month nobody knows how near it lies");
}

#[test]
fn what_lies_outside_is_of_the_nearest_visit_and_shown_as_that() {
    let world = trial();
    let told = |day: &str| {
        let found = world.outcomes(&[cells(DAY0), skin("30", "2026-01-20"), skin("20", day)], LATE);
        let of = |item: &str| {
            let told = world.told(&found, item).into_iter().filter(|t| t.contains(" 20") || t.contains("true"));
            told.collect::<Vec<_>>().join("; ")
        };
        format!("{}|{}|{}", of("skin"), of("response"), found.unscheduled.len())
    };
    assert_eq!(told("2026-02-21"), "M1 captured 20, -10, ≈-33.3333 %|M1 captured true|0");
    assert_eq!(told("2026-02-20"), "M1 captured outside the window 20||0", "no change, and no response by it");
    assert_eq!(told("2026-02-14"), "M1 captured outside the window 20||0", "as near to day 0: the later");
    assert_eq!(told("2026-02-13"), "||1", "nearer to day 0");
    assert_eq!(told("2026-03-15"), "M1 captured outside the window 20||0");
    assert_eq!(told("2026-03-16"), "M2 captured outside the window 20||0", "15 days from M1 and from M2");
    assert_eq!(told("2028-02-14"), "M24 captured outside the window 20||0");
    assert_eq!(told("2028-02-15"), "||1", "nearer to where a next one would be");
    let two = [cells(DAY0), skin("20", "2026-02-20"), skin("22", "2026-02-22")];
    let found = world.outcomes(&two, LATE);
    assert_eq!(world.tell(&found, world.cell(&found, "skin", "M1")), "M1 captured 22");
    assert_eq!(found.unscheduled.iter().map(|u| (shown(&u.value), u.fact)).collect::<Vec<_>>(), [("20".to_owned(), 1)]);
}

#[test]
fn a_visit_comes_due_and_is_missed_at_its_own_moments() {
    let world = trial();
    let facts = [cells(DAY0), skin("30", "2026-01-20")];
    let mut now = time("2026-02-01T00:00:00+08:00");
    let mut told = Vec::new();
    for _ in 0..6 {
        let found = world.followed(&facts, &Followed::default(), now);
        let state = |item: &str, visit: &str| world.cell(&found, item, visit).state.words();
        told.push(format!(
            "{} {} {} {}",
            zone().show(now),
            state("skin", "M1"),
            state("response", "M1"),
            state("skin", "M2")
        ));
        now = found.changes_at.expect("it changes");
    }
    let wanted = [
        "2026-02-01T00:00:00+08:00 not due not due not due",
        "2026-02-21T00:00:00+08:00 due due not due",
        "2026-03-08T00:00:00+08:00 overdue overdue not due",
        "2026-03-16T00:00:00+08:00 missed missed not due",
        "2026-03-24T00:00:00+08:00 missed missed due",
        "2026-04-08T00:00:00+08:00 missed missed overdue",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn the_baseline_is_from_before_the_infusion() {
    let world = trial();
    let baseline = |facts: &[Fact]| {
        let found = world.outcomes(&[&[cells(DAY0)], facts].concat(), LATE);
        let cell = world.cell(&found, "skin", "Baseline");
        format!("{}{}", world.tell(&found, cell), if cell.same_day { ", same day" } else { "" })
    };
    assert_eq!(baseline(&[]), "Baseline missed (never seen)");
    assert_eq!(baseline(&[skin("20", "2026-01-03"), skin("21", "2026-01-30")]), "Baseline captured 21");
    assert_eq!(baseline(&[skin("20", "2026-01-02")]), "Baseline missed (too old)");
    assert_eq!(baseline(&[skin("21", "2026-01-31")]), "Baseline captured 21, same day");
    assert_eq!(baseline(&[skin("21", "2026-01-31T09:59:59+08:00")]), "Baseline captured 21");
    assert_eq!(baseline(&[skin("21", DAY0)]), "Baseline missed (never seen)", "at that very moment it is not before");
    assert_eq!(baseline(&[skin("21", "2026-01-31T10:00:01+08:00")]), "Baseline missed (never seen)");
    let after = world.outcomes(&[cells(DAY0), skin("21", "2026-01-31T10:00:01+08:00")], LATE);
    assert_eq!(after.unscheduled.len(), 1);
    // A day 0 without a time: what is of that day may be from before it, and is said to be of it.
    let day = world.outcomes(&[cells("2026-01-31"), skin("21", "2026-01-31T10:00:01+08:00")], LATE);
    assert!(world.cell(&day, "skin", "Baseline").same_day);
    assert_eq!(world.told(&day, "skin")[0], "Baseline captured 21");
}

#[test]
fn a_change_is_as_exact_as_what_it_leans_on() {
    let world = trial();
    let m1 = |baseline: &str, value: &str| {
        let facts = [cells(DAY0), skin(baseline, "2026-01-20"), skin(value, "2026-02-28")];
        let found = world.outcomes(&facts, LATE);
        [world.cell(&found, "skin", "M1"), world.cell(&found, "response", "M1")]
            .map(|c| world.tell(&found, c))
            .join("; ")
    };
    assert_eq!(m1("28", "21"), "M1 captured 21, -7, -25 %; M1 captured true");
    assert_eq!(m1("28", "22"), "M1 captured 22, -6, ≈-21.4286 %; M1 captured false");
    assert_eq!(m1("28", "20-24"), "M1 captured 20..24, -8..-4, ≈-28.5714..≈-14.2857 %; M1 captured (known in part)");
    assert_eq!(m1("0", "3"), "M1 captured 3, 3; M1 not applicable", "no percent of 0");
    assert_eq!(m1("10-12", "3"), "M1 captured 3, -9..-7, -75..-70 %; M1 captured true");
}

#[test]
fn visits_end_with_the_person() {
    let world = trial();
    let facts = vec![cells(DAY0), skin("20", "2026-03-01"), skin("19", "2026-04-02"), skin("18", "2026-04-29")];
    let states = |found: &Outcomes| {
        let told = world.told(found, "skin").into_iter().skip(1).take(4).collect::<Vec<_>>().join("; ");
        (
            told,
            found.ended.map(|(date, by)| format!("{date} {}", by.words())),
            found.after_stop,
            found.unscheduled.len(),
        )
    };
    let died = world.outcomes(&[facts.clone(), vec![death("2026-03-27")]].concat(), LATE);
    let ended = "M1 captured 20; M2 captured 19; M3 ended; M4 ended".to_owned();
    assert_eq!(states(&died), (ended.clone(), Some("2026-03-27 died".into()), 0, 1));
    let at = time("2026-03-27T09:00:00+08:00");
    let now = time(LATE);
    let off = Followed { ended: Some((at, EndedBy::OffStudy)), ..Followed::default() };
    assert_eq!(states(&world.followed(&facts, &off, now)), (ended, Some("2026-03-27 off study".into()), 0, 1));
    let stopped = Followed { stopped: Some(at), ended: Some((at, EndedBy::Withdrawn)), ..Followed::default() };
    let of_stop = "M1 captured 20; M2 missed (too old); M3 ended; M4 ended".to_owned();
    assert_eq!(states(&world.followed(&facts, &stopped, now)), (of_stop, Some("2026-03-27 withdrawn".into()), 2, 0));
    let later = world.followed(&facts, &stopped, time("2026-03-26T09:00:00+08:00"));
    assert_eq!((later.ended, later.changes_at), (None, Some(at)), "it has not ended yet, and then it will");
    // Neither is a death that was told of later: what the person became is not looked at.
    let with_death = world.followed(&[facts.clone(), vec![death("2026-05-01")]].concat(), &stopped, now);
    assert_eq!((with_death.after_stop, with_death.events), (3, world.followed(&facts, &stopped, now).events));
    let of_the_day = Followed { stopped: Some(time("2026-03-01T12:00:00+08:00")), ..Followed::default() };
    assert_eq!(world.followed(&facts, &of_the_day, now).after_stop, 3, "of that day, and perhaps from after it");
}

#[test]
fn what_has_no_value_says_why() {
    let world = trial();
    let albumin = |value: &str, unit: &str| fact("albumin", ucum(value, unit), "2026-04-30");
    let m3 = |facts: &[Fact]| {
        let found = world.outcomes(&[&[cells(DAY0)], facts].concat(), LATE);
        let cell = world.cell(&found, "albumin", "M3");
        (cell.state, cell.unknown)
    };
    assert_eq!(m3(&[]), (State::Missed, Some(Reason::NeverSeen)));
    assert_eq!(m3(&[fact("albumin", ucum("40", "g/L"), "2026-01-30")]), (State::Missed, Some(Reason::TooOld)));
    assert_eq!(m3(&[albumin("400", "g/L")]), (State::Missed, Some(Reason::Implausible)));
    assert_eq!(m3(&[albumin("40", "mol")]), (State::Missed, Some(Reason::UnitNotConvertible)));
    assert_eq!(m3(&[albumin("4.0", "g/dL")]), (State::Captured, None));
}

#[test]
fn without_a_day_there_are_no_visits() {
    let world = trial();
    let none = world.outcomes(&[skin("20", "2026-01-20")], LATE);
    assert_eq!((none.anchors, none.visits, none.cells.len()), (vec![Reached::No; 2], vec![vec![]; 2], 0));
    assert_eq!(none.exposure.day0, None);
    let month = world.outcomes(&[cells("2026-01"), skin("20", "2026-02-20")], LATE);
    let reached = Reached::InPart(date("2026-01-01"), date("2026-01-31"));
    assert_eq!((month.anchors, month.cells.len(), month.exposure.day0), (vec![reached; 2], 0, None));
}

const HOURS: &str = r#"
[anchors]
start = "First(shock).time"
baseline = "First(shock).time"
[visits]
six = { every = "6 hours", until = "1 day", from = "start", window = "1 hour" }
weeks = { every = "2 weeks", until = "24 weeks", from = "start", window = "3 days" }
[[outcomes]]
id = "lactate"
kind = "primary"
value = "lactate"
visits = "six"
[[outcomes]]
id = "weekly"
kind = "other"
value = "Max(lactate since start)"
visits = "weeks"
"#;

#[test]
fn rows_of_hours_count_instants() {
    let variables = number("lactate", "mmol/L") + &number("shock", "{score}");
    let world = world(&format!("{variables}{HOURS}{}", include("A", "lactate > 2 'mmol/L'")));
    let lactate = |value: &str, at: &str| fact("lactate", ucum(value, "mmol/L"), at);
    let start = fact("shock", ucum("1", "{score}"), "2026-01-31T23:30:00+08:00");
    let facts = [
        start,
        lactate("4.1", "2026-01-31T23:00:00+08:00"),
        lactate("3.5", "2026-02-01T05:00:00+08:00"),
        lactate("3.4", "2026-02-01T06:00:00+08:00"),
        lactate("3.3", "2026-02-01T06:30:01+08:00"),
        lactate("3.0", "2026-02-01T12:31:00+08:00"),
        lactate("2.9", "2026-02-01"),
    ];
    let found = world.outcomes(&facts, LATE);
    let wanted = [
        "Baseline captured 4.1",
        "H6 captured 3.4, -0.7, ≈-17.0732 %",
        "H12 captured outside the window 3",
        "H18 missed (too old)",
        "H24 missed (too old)",
    ];
    assert_eq!(world.told(&found, "lactate"), wanted);
    let unscheduled: Vec<String> = found.unscheduled.iter().map(|u| shown(&u.value)).collect();
    assert_eq!(unscheduled, ["2.9", "3.5", "3.3"]);
    assert_eq!(world.told(&found, "weekly")[..2], ["Baseline missed (too old)", "W2 captured 3.5"]);
    // Of a start of which only the day is known no hour can be told, and the weeks can.
    let mut facts = facts;
    facts[0] = fact("shock", ucum("1", "{score}"), "2026-01-31");
    let found = world.outcomes(&facts, LATE);
    assert_eq!(
        found.anchors,
        [Reached::InPart(date("2026-01-31"), date("2026-01-31")), Reached::On(date("2026-01-31"))]
    );
    assert_eq!((found.visits[0].len(), found.visits[1].len()), (0, 13));
}

#[test]
fn a_baseline_follows_the_reading_that_is_chosen() {
    let readings = "[readings.which]\nquestion = \"which?\"\ndefault = \"low\"\nlow = \"Baseline(level) > 20\"\nhigh = \"Baseline(level) > 30\"\nbecause = \"b\"\n\
                    [readings.variant]\nquestion = \"of which?\"\ndefault = \"skin\"\nskin = \"skin\"\ntwice = \"2 * skin\"\nbecause = \"b\"\n\
                    [variables.level]\nunit = \"{score}\"\nderive = \"variant\"\n[variables.ill]\nderive = \"which\"\n";
    let select = "select = \"Last(skin within 28 days)\"\n";
    let anchors = "[anchors]\nday0 = \"First(start).time\"\n";
    let body = format!("{}{select}{}{anchors}{readings}", number("skin", "{score}"), number("start", "{score}"));
    let world = world(&format!("{body}{}", include("A", "ill")));
    let facts = [skin("18", "2026-01-20"), fact("start", ucum("1", "{score}"), DAY0)];
    let found = world.assess(&facts, LATE);
    let told: Vec<String> = found.readings.iter().map(|(name, all)| format!("{name} {all:?}")).collect();
    assert_eq!(told[1], r#"variant [("skin", Ineligible), ("twice", Eligible)]"#, "{told:?}");
    assert_eq!(told[0], r#"which [("low", Ineligible), ("high", Ineligible)]"#);
}

/// What began at an unknown time up to when it was recorded is not dated by its record, nor is what leans on it.
#[test]
fn a_time_that_is_no_moment_day_month_or_year_is_known_in_part() {
    let world = trial_of(
        "[variables.ill]\nfrom = \"condition\"\ncode = [\"local|ill\"]\n[variables.onset]\nderive = \"First(ill).time\"\n\
         [anchors]\nday0 = \"First(cells).time\"\n[visits]\n\
         monthly = { every = \"1 month\", until = \"2 months\", from = \"day0\", window = \"7 days\" }\n\
         [[outcomes]]\nid = \"onset\"\nkind = \"other\"\nvalue = \"onset\"\nvisits = \"monthly\"\n\
         [[outcomes]]\nid = \"skin\"\nkind = \"other\"\nvalue = \"skin\"\nvisits = \"monthly\"\n",
    );
    let ill = |at: TimeRange| {
        let mut ill = fact("ill", FactValue::Boolean(true), "2025-06-01");
        (ill.draft.origin, ill.draft.at, ill.draft.recorded) = (Origin::Condition, Some(at), Some(at.latest));
        ill.draft.other_end = Some(Instant::MAX);
        ill
    };
    let days = |text: &str| fact("x", FactValue::Boolean(true), text).draft.at.expect("a time");
    let unknown = |at: TimeRange| TimeRange { earliest: Instant::MIN, ..at };
    for (at, value, when) in [
        (days("2025-06-01"), Some("2025-06-01"), Some("2025-06-01")),
        (days("2025-06"), Some("2025-06"), Some("2025-06")),
        (unknown(days("2025-06-01")), None, None),
        (days("2025-06-01").hull(days("2025-06-02")), None, None),
    ] {
        let found = world.outcomes(&[cells(DAY0), ill(at)], LATE);
        let cell = world.cell(&found, "onset", "M1");
        assert_eq!((cell.state, cell.value.as_ref().map(shown).as_deref()), (State::Captured, value), "{at:?}");
        assert_eq!(cell.at.as_ref().map(ToString::to_string).as_deref(), when, "{at:?}");
        assert_eq!(cell.unknown, value.is_none().then_some(Reason::KnownInPart), "{at:?}");
    }
    // A result of the month's first half or its second serves no visit, and no day is said of it.
    let mut between = skin("20", "2026-02-12");
    between.draft.at = between.draft.at.map(|at| at.hull(days("2026-02-20")));
    let found = world.outcomes(&[cells(DAY0), between], LATE);
    assert_eq!(found.unscheduled.iter().map(|u| u.at.clone()).collect::<Vec<_>>(), [None]);
}
