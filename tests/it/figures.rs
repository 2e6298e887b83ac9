//! The numbers behind figures of outcomes, on values worked out by hand: quartiles, times to an event, scales, completeness, change, grades.

use jiff::civil::{Date, date};
use trialgate::model::interval::{End, Interval};
use trialgate::model::number::Number;
use trialgate::model::outcome::*;
use trialgate::model::reading::{Reason, Value};
use trialgate::model::time::{DAY_US, Instant, Partial, Zone};
use trialgate::publish::figure::completeness::{Counts, Whole, completeness};
use trialgate::publish::figure::scale::{SIDE, Scale};
use trialgate::publish::figure::shift::{shift, worst};
use trialgate::publish::figure::survival::survival;
use trialgate::publish::figure::visits::visit_figure;
use trialgate::publish::figure::waterfall::waterfall;
use trialgate::publish::statistics::{Followed, Survival, quantile, summary};
use trialgate::publish::trend::{Compared, change_thresholds, thresholds};
use trialgate::trial::outcome::Better;

fn number(text: &str) -> Number {
    Number::parse(text).expect("a number")
}

fn numbers(texts: &[&str]) -> Vec<Number> {
    texts.iter().map(|t| number(t)).collect()
}

#[test]
fn quartiles_are_values_or_the_mean_of_two() {
    for (values, expected) in [
        (&["3"][..], ["3", "3", "3", "3", "3"]),
        (&["2", "1"], ["1", "1", "1.5", "2", "2"]),
        (&["7", "1", "5", "3", "2", "6", "4"], ["1", "2", "4", "6", "7"]),
        (&["8", "1", "5", "3", "2", "7", "6", "4"], ["1", "2.5", "4.5", "6.5", "8"]),
        (&["24.9", "24.9", "31.15", "28"], ["24.9", "24.9", "26.45", "29.575", "31.15"]),
    ] {
        let found = summary(&numbers(values)).expect("values");
        let five = [&found.least, &found.lower, &found.median, &found.upper, &found.most].map(ToString::to_string);
        assert_eq!((found.count, five), (values.len(), expected.map(str::to_owned)), "{values:?}");
    }
    assert_eq!(summary(&[]), None);
    assert_eq!(quantile(&[], 1, 2), None);
    let thirds = [Number::ratio(1, 3).expect("a third"), Number::ratio(2, 3).expect("two thirds")];
    assert_eq!(summary(&thirds).expect("values").median, number("0.5"), "exact, not 0.49999");
}

/// Days and whether the event happened then.
fn people(all: &[(i64, bool)]) -> Vec<Followed> {
    all.iter().map(|(days, event)| Followed { days: *days, event: *event }).collect()
}

/// Ten people: 9/10, then 8 of 9 of it, then 5 of 7, then 3 of 4; one leaves on a day on which it happens to another.
#[test]
fn the_share_without_an_event_is_the_product_of_what_each_day_leaves() {
    let (yes, no) = (true, false);
    let all = [(20, yes), (5, yes), (8, no), (8, yes), (12, yes), (30, no), (12, yes), (15, no), (22, no), (30, no)];
    let curve = Survival::of(&people(&all));
    let falls: Vec<_> = curve.falls.iter().map(|f| (f.days, f.at_risk, f.events, f.share.fraction())).collect();
    let share = |n: &str, d: &str| (n.to_owned(), d.to_owned());
    assert_eq!(
        falls,
        [
            (5, 10, 1, share("9", "10")),
            (8, 9, 1, share("4", "5")),
            (12, 7, 2, share("4", "7")),
            (20, 4, 1, share("3", "7"))
        ]
    );
    assert_eq!((curve.persons, curve.events, curve.median(), curve.last()), (10, 5, Some(20), 30));
    assert_eq!(curve.censored, [8, 15, 22, 30, 30]);
    assert_eq!([0, 5, 6, 30, 31].map(|day| curve.at_risk(day)), [10, 10, 9, 2, 0]);
    assert_eq!([4, 5, 11, 99].map(|day| curve.share(day).fraction().0), ["1", "9", "4", "3"]);
    let half = Survival::of(&people(&[(3, yes), (9, no)]));
    assert_eq!(half.median(), Some(3), "exactly half is enough");
    let none = Survival::of(&people(&[(3, no)]));
    assert_eq!((none.median(), none.falls.len(), none.share(3)), (None, 0, Number::ONE));
    let gone = Survival::of(&people(&[(3, yes), (4, yes)]));
    assert_eq!(gone.share(4), Number::ZERO);
    assert_eq!(Survival::of(&[]).last(), 0);
}

#[test]
fn a_scale_has_round_ticks_and_holds_its_values() {
    let ticks = |values: &[&str], steps| -> Vec<String> {
        let values = numbers(values);
        Scale::holding(values.iter(), steps).expect("a scale").ticks.iter().map(ToString::to_string).collect()
    };
    assert_eq!(ticks(&["3", "28"], 5), ["0", "5", "10", "15", "20", "25", "30"]);
    assert_eq!(ticks(&["0.0121", "0.0134"], 4), ["0.012", "0.0125", "0.013", "0.0135"]);
    assert_eq!(ticks(&["-37.5", "12"], 6), ["-40", "-30", "-20", "-10", "0", "10", "20"]);
    assert_eq!(ticks(&["1000000"], 2), ["950000", "1000000", "1050000"]);
    assert_eq!(ticks(&["0"], 2), ["-1", "0", "1"], "nothing to be a tenth of");
    let values = numbers(&["3", "28"]);
    let scale = Scale::holding(values.iter(), 5).expect("a scale");
    let place = |text: &str| scale.place(&number(text));
    assert_eq!([place("0"), place("15"), place("30")], [0, SIDE / 2, SIDE]);
    assert_eq!([place("-1"), place("31"), place("1e200")], [0, SIDE, SIDE], "what lies beyond is at the edge");
    assert_eq!(Scale::holding([].iter(), 5), None);
    let far = numbers(&["-1e300", "1e-300", "1e300"]);
    let far = Scale::holding(far.iter(), 5).expect("a scale");
    assert_eq!((far.ticks.len(), far.place(&Number::ZERO)), (5, SIDE / 2));
}

#[test]
fn a_visit_stands_as_what_it_lacks_most() {
    let whole = |states: &[State]| {
        let mut counts = Counts::default();
        states.iter().for_each(|s| counts.add(*s));
        (counts.whole(), counts.captured(), counts.applicable(), counts.wanted())
    };
    use State::*;
    for (states, expected) in [
        (&[Captured, Captured, NotApplicable][..], (Whole::Is(Captured), 2, 2, 2)),
        (&[Captured, CapturedOutside], (Whole::Is(CapturedOutside), 2, 2, 2)),
        (&[Captured, Missed], (Whole::Part, 1, 2, 2)),
        (&[Missed, Overdue, Due, NotDue], (Whole::Is(Missed), 0, 4, 3)),
        (&[Due, NotDue], (Whole::Is(Due), 0, 2, 1)),
        (&[NotDue, Ended], (Whole::Is(NotDue), 0, 2, 0)),
        (&[NotApplicable], (Whole::Is(NotApplicable), 0, 0, 0)),
    ] {
        assert_eq!(whole(states), expected, "{states:?}");
    }
}

const DAY: Date = date(2026, 3, 16);

fn graded(grade: u8, baseline: Option<u8>, at_least: bool, unknown: bool, is_baseline: bool) -> Graded {
    let value = Value::Number(Interval::exact(number("70")));
    Graded {
        safety: 0,
        fact: 0,
        at: Partial::Day(DAY).range(&Zone::utc()),
        value,
        grade,
        at_least,
        unknown,
        baseline,
        is_baseline,
        period: 0,
    }
}

fn with_grades(grades: Vec<Graded>) -> Outcomes {
    Outcomes { grades, ..Outcomes::default() }
}

#[test]
fn a_shift_counts_each_person_once_by_their_worst() {
    let all = [
        with_grades(vec![
            graded(1, Some(1), false, false, true),
            graded(0, Some(1), false, false, false),
            graded(3, Some(1), false, false, false),
        ]),
        with_grades(vec![graded(0, Some(0), false, false, true), graded(2, Some(0), true, false, false)]),
        with_grades(vec![graded(0, None, false, false, false)]),
        with_grades(vec![graded(0, None, false, true, false)]),
        with_grades(vec![graded(2, Some(2), false, false, true)]),
    ];
    let table = shift(all.iter(), 0, 4);
    assert_eq!(table.grades, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
    let mut expected = vec![vec![0; 6]; 6];
    expected[1][3] = 1;
    expected[0][2] = 1;
    expected[5][0] = 1;
    expected[5][5] = 1;
    assert_eq!((table.persons, table.at_least, table.without), (expected, 1, 1));
    assert_eq!(worst(&all[0], 0).map(|w| (w.baseline, w.grade, w.at_least)), Some((Some(1), Some(3), false)));
    assert_eq!(worst(&all[4], 0), None, "the baseline alone is no result after it");
}

fn cell(visit: usize, value: Interval, change: Interval, percent: Option<Interval>) -> Cell {
    Cell {
        outcome: 0,
        item: 0,
        visit,
        state: State::Captured,
        value: Some(Value::Number(value)),
        unknown: None,
        change: Some(change),
        percent,
        at: None,
        facts: vec![],
        provisional: false,
        same_day: false,
    }
}

#[test]
fn the_best_change_of_each_person_stands_in_order() {
    let exact = |text: &str| Interval::exact(number(text));
    let plain = |visit, change: &str| cell(visit, exact("20"), exact(change), Some(exact(change)));
    let of = |cells| Outcomes { cells, ..Outcomes::default() };
    let partly = Interval::new(Some(End::closed(number("-30"))), Some(End::closed(number("-10"))));
    let partly = partly.expect("a range");
    let all = [
        of(vec![plain(1, "-5"), plain(2, "-25"), plain(3, "4")]),
        of(vec![plain(1, "7"), plain(2, "3")]),
        of(vec![plain(0, "-90")]),
        of(vec![cell(1, exact("20"), partly.clone(), Some(partly.clone()))]),
    ];
    let all: Vec<&Outcomes> = all.iter().collect();
    let found = waterfall(&all, (0, 0), Some(Better::Lower)).expect("a figure");
    let bars: Vec<_> = found.bars.iter().map(|b| (b.person, b.sure.to_string(), b.visit)).collect();
    let expected = [(1, "3", 2), (3, "-10", 1), (0, "-25", 2)].map(|(p, n, v)| (p, n.to_owned(), v));
    assert_eq!((bars, found.percent, found.without), (expected.to_vec(), true, 1), "the baseline is no change");
    assert_eq!(found.bars[1].change, partly, "of what is known in part the worse end counts, and both are shown");
    let higher = waterfall(&all, (0, 0), Some(Better::Higher)).expect("a figure");
    assert_eq!(higher.bars.iter().map(|b| b.person).collect::<Vec<_>>(), [3, 0, 1]);
    assert_eq!(waterfall(&all, (0, 0), None), None, "nobody said which way is better");
    assert_eq!(waterfall(&all, (0, 0), Some(Better::True)), None);
    let absolute = of(vec![cell(1, exact("0"), exact("-3"), None)]);
    let mixed: Vec<&Outcomes> = all.iter().copied().chain([&absolute]).collect();
    assert!(
        !waterfall(&mixed, (0, 0), Some(Better::Lower)).expect("a figure").percent,
        "not everybody has one in percent"
    );
}

#[test]
fn events_are_counted_and_what_is_no_time_is_told() {
    let of = |found| Outcomes { events: vec![ToEvent { outcome: 2, found, facts: vec![] }], ..Outcomes::default() };
    let all = [
        of(Followup::Event(DAY, 40)),
        of(Followup::Censored(DAY, 100)),
        of(Followup::NotStarted),
        of(Followup::NotApplicable),
        of(Followup::Unknown(Reason::KnownInPart)),
        Outcomes::default(),
    ];
    let figure = survival(all.iter(), 2);
    assert_eq!((figure.curve.persons, figure.curve.events), (2, 1));
    assert_eq!((figure.not_started, figure.not_applicable, figure.unknown), (1, 1, 1));
    assert_eq!(figure.marks.iter().map(|m| (m.0, m.1)).collect::<Vec<_>>()[..3], [(0, 2), (14, 2), (28, 2)]);
    assert_eq!(figure.marks.last().map(|m| (m.0, m.1, m.2.to_string())), Some((98, 1, "0.5".to_owned())));
    assert!(survival(all.iter(), 1).curve.falls.is_empty(), "of another outcome nothing");
    let long = of(Followup::Censored(DAY, 20_000));
    assert!(survival([long].iter(), 2).marks.len() <= 10, "a long study has few marks too");
}

/// A skin score by month, and a truth that compares it and its change with numbers.
fn skin_trial() -> trialgate::trial::definition::Trial {
    let drug = "[variables.cells]\nfrom = \"medication_administration\"\ncode = [\"local|cells\"]\namount = \"dose\"\nunit = \"mg\"\n\
                [anchors]\nday0 = \"First(cells).time\"\n[treatment]\ndrug = \"cells\"\nstarts = \"day0\"\n\
                [visits]\nmonthly = { every = \"1 month\", until = \"2 months\", from = \"day0\", window = \"7 days\" }\n";
    let outcomes = "[[outcomes]]\nid = \"skin\"\nkind = \"primary\"\nvalue = \"skin\"\nvisits = \"monthly\"\nbetter = \"lower\"\n\
                    [[outcomes]]\nid = \"response\"\nkind = \"secondary\"\nvisits = \"monthly\"\nbetter = \"true\"\n\
                    value = \"skin < 20 and PercentChange(Baseline(skin), skin) <= -25 '%'\"\n";
    let skin = crate::evaluate::number("skin", "{score}") + "select = \"Last(skin within 28 days)\"\n";
    crate::evaluate::world(&format!("{skin}{drug}{outcomes}{}", crate::evaluate::include("A", "skin > 20"))).trial
}

fn visits() -> Vec<Visit> {
    let day = |n: i64| Instant(n * DAY_US);
    let visit = |number: u32, low, high| Visit { number, name: format!("M{number}"), target: DAY, window: (low, high) };
    vec![visit(0, Instant::MIN, day(0)), visit(1, day(23), day(37)), visit(2, day(53), day(67))]
}

#[test]
fn everybodys_visits_lie_above_each_other() {
    let trial = skin_trial();
    let at = |day: i64| Some(Partial::Instant(Instant(day * DAY_US), 0));
    let exact = |text: &str| Interval::exact(number(text));
    let of = |cells: Vec<Cell>| Outcomes { visits: vec![visits()], cells, ..Outcomes::default() };
    let there = |visit, day, value: Interval| Cell { at: at(day), ..cell(visit, value, exact("0"), None) };
    let mut late = there(2, 70, exact("18"));
    late.state = State::CapturedOutside;
    let mut missed = there(2, 0, exact("0"));
    (missed.state, missed.value, missed.unknown) = (State::Missed, None, Some(Reason::NeverSeen));
    let range = Interval::between(number("18"), number("22"));
    let a = Outcomes {
        ended: Some((DAY, EndedBy::Death)),
        ..of(vec![there(0, -9, exact("26")), there(1, 30, exact("24")), late])
    };
    let b = of(vec![there(0, 0, exact("20")), there(1, 36, range.clone()), missed]);
    let item = &trial.outcomes[0].items()[0];
    let limits = thresholds(&trial, &[], item);
    assert_eq!(limits, [Compared { of: "response".into(), sign: "<", value: number("20") }]);
    let change = change_thresholds(&trial, &[], item);
    assert_eq!(change, [Compared { of: "response".into(), sign: "≤", value: number("-25") }]);

    let figure = visit_figure(&trial, &Zone::utc(), &[&a, &b], (0, 0), limits);
    let medians: Vec<_> =
        figure.columns.iter().map(|c| c.summary.as_ref().map(|s| (s.count, s.median.to_string()))).collect();
    assert_eq!(medians, [Some((2, "23".to_owned())), Some((1, "24".to_owned())), Some((1, "18".to_owned()))]);
    assert_eq!(figure.columns.iter().map(|c| c.window).collect::<Vec<_>>(), [(0, 0), (766, 1233), (1766, 2233)]);
    assert_eq!(figure.columns.iter().map(|c| (c.in_part, c.unknown)).collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1)]);
    let line = |n: usize| figure.lines[n].iter().map(|p| (p.at, p.outside, p.value.to_string())).collect::<Vec<_>>();
    let point = |at, outside, value: &str| (at, outside, value.to_owned());
    assert_eq!(
        line(0),
        [point(0, false, "26"), point(1000, false, "24"), point(2333, true, "18")],
        "before day 0 is at it"
    );
    assert_eq!(line(1), [point(0, false, "20"), point(1200, false, "18..22")], "nothing where it was missed");
    assert_eq!((figure.ended.clone(), figure.between.len(), figure.end()), (vec![true, false], 0, 2500));
    let ticks: Vec<_> = figure.scale.expect("a scale").ticks.iter().map(ToString::to_string).collect();
    assert_eq!(ticks, ["18", "20", "22", "24", "26"]);

    let value = Value::Number(exact("25"));
    let unscheduled = vec![Unscheduled { outcome: 0, item: 0, value, at: at(45), fact: 3 }];
    let alone = Outcomes { unscheduled, ..a };
    let figure = visit_figure(&trial, &Zone::utc(), &[&alone], (0, 0), vec![]);
    assert_eq!(
        figure.between.iter().map(|p| (p.at, p.visit)).collect::<Vec<_>>(),
        [(1500, 1)],
        "of one person those between too"
    );
    let nobody = visit_figure(&trial, &Zone::utc(), &[], (0, 0), vec![]);
    assert!(nobody.columns.is_empty() && nobody.scale.is_none());
    let row = &completeness(&trial, &[&b], |c| c.item == 0)[0];
    assert_eq!(
        row.persons[0].iter().map(|c| c.map(|c| c.whole())).collect::<Vec<_>>()[2],
        Some(Whole::Is(State::Missed))
    );
    assert_eq!((row.visits.len(), row.totals[1].captured()), (3, 1));
}
