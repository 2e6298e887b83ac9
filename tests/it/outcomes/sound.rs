//! What must hold of every table of outcomes, whatever the facts and the order in which they came.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use trialgate::model::fact::ReceivedNumber;
use trialgate::model::outcome::State;
use trialgate::model::time::{DAY_US, TimeRange};

/// Midnight of day 0 at the site.
const DAY0: &str = "2026-01-31T00:00:00+08:00";
/// The infusion is at ten.
const TEN: i64 = 10 * 3_600_000_000;
const MINUTE_US: i64 = 60_000_000;

/// One result: of which variable, its value, on which day after day 0, at which minute if one is known.
#[derive(Debug, Clone)]
struct Told {
    variable: &'static str,
    value: i64,
    day: i64,
    minute: Option<i64>,
}

fn told() -> impl Strategy<Value = Told> {
    let day = prop_oneof![
        2 => -40_i64..60,
        4 => 0_i64..760,
        // About a visit, and about its window's edges.
        4 => (1_i64..25, prop_oneof![-1_i64..2, 6_i64..9, -9_i64..-5, 13_i64..17]).prop_map(|(n, k)| n * 304 / 10 + k),
    ];
    let minute = prop_oneof![2 => Just(None), 3 => (0_i64..1440).prop_map(Some), 1 => Just(Some(600))];
    let variable = prop_oneof![3 => Just("skin"), 2 => Just("albumin"), 1 => Just("creatinine")];
    (variable, 6_i64..30, day, minute).prop_map(|(variable, value, day, minute)| Told { variable, value, day, minute })
}

fn history() -> impl Strategy<Value = Vec<Told>> {
    proptest::collection::vec(told(), 0..40)
}

fn begin() -> Instant {
    time(DAY0)
}

fn result(n: usize, told: &Told) -> Fact {
    let day = begin().plus_us(told.day * DAY_US);
    let at = match told.minute {
        Some(minute) => TimeRange::exact(day.plus_us(minute * MINUTE_US)),
        None => TimeRange { earliest: day, latest: day.plus_us(DAY_US - 1) },
    };
    let (value, unit) = match told.variable {
        "skin" => (told.value.to_string(), "{score}"),
        "albumin" => (format!("{}.{}", told.value / 10, told.value % 10), "g/dL"),
        _ => ((told.value * 9).to_string(), "umol/L"),
    };
    let mut fact = fact(told.variable, ucum(&value, unit), "2026-01-01");
    fact.draft.at = Some(at);
    fact.item = Item::of("main", "Observation", &format!("r{n}"));
    fact
}

fn infusion(day: i64, status: FactStatus) -> Fact {
    let mut given = drug("cells", ucum("58", "10*6"), "2026-01-01", status);
    given.draft.at = Some(TimeRange::exact(begin().plus_us(day * DAY_US + TEN)));
    given.item = Item::of("main", "MedicationAdministration", &format!("d{day}"));
    given
}

fn facts(history: &[Told]) -> Vec<Fact> {
    let results = history.iter().enumerate().map(|(n, t)| result(n, t));
    std::iter::once(infusion(0, FactStatus::Final)).chain(results).collect()
}

/// A table line by line, facts by their resources.
fn lines(found: &Outcomes, facts: &[Fact]) -> Vec<String> {
    let name = |places: &[usize]| places.iter().map(|p| format!("{:?}", facts[*p].item)).collect::<BTreeSet<_>>();
    let mut all = vec![format!("{:?} {:?} {:?}", found.anchors, found.visits, found.exposure.day0)];
    all.push(format!("{:?} {} {:?}", found.ended, found.after_stop, found.changes_at));
    for c in &found.cells {
        let bare = Cell { facts: Vec::new(), ..c.clone() };
        all.push(format!("{bare:?} {:?}", name(&c.facts)));
    }
    let mut unscheduled: Vec<String> = found
        .unscheduled
        .iter()
        .map(|u| format!("{} {} {:?} {:?} {:?}", u.outcome, u.item, u.value, u.at, name(&[u.fact])))
        .collect();
    unscheduled.sort();
    all.extend(unscheduled);
    all.extend(found.events.iter().map(|e| format!("{:?} {:?}", e.found, name(&e.facts))));
    let grades = found.grades.iter().map(|g| {
        format!(
            "{} {:?} {} {} {:?} {} {:?}",
            g.safety,
            g.value,
            g.grade,
            g.at_least,
            g.baseline,
            g.period,
            name(&[g.fact])
        )
    });
    let mut grades: Vec<String> = grades.collect();
    grades.sort();
    all.extend(grades);
    all
}

fn at(world: &World, facts: &[Fact], now: Instant) -> Outcomes {
    world.followed(facts, &Followed::default(), now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_arrival_does_not_matter(history in history(), seed in any::<u64>(), now in 0_i64..800) {
        let world = trial();
        let now = begin().plus_us(now * DAY_US);
        let facts = facts(&history);
        let mut other = facts.clone();
        let mut dice = seed;
        for n in (1..other.len()).rev() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            other.swap(n, usize::try_from(dice >> 33).expect("small") % (n + 1));
        }
        prop_assert_eq!(lines(&at(&world, &facts, now), &facts), lines(&at(&world, &other, now), &other));
    }

    #[test]
    fn each_result_serves_one_visit_or_none(history in history(), now in 0_i64..800) {
        let world = trial();
        let now = begin().plus_us(now * DAY_US);
        let facts = facts(&history);
        let found = at(&world, &facts, now);
        for item in ["skin", "albumin", "creatinine"] {
            let mut served: BTreeMap<usize, usize> = BTreeMap::new();
            let cells: Vec<&Cell> = of_item(&world.trial, &found, item).collect();
            for cell in cells.iter().filter(|c| c.visit > 0) {
                cell.facts.iter().for_each(|f| *served.entry(*f).or_default() += 1);
                let window = found.visits[world.row(cell)][cell.visit].window;
                let inside = |f: &usize| {
                    let at = facts[*f].draft.at.expect("a time");
                    window.0 <= at.earliest && at.latest <= window.1
                };
                match cell.state {
                    State::Captured => prop_assert!(cell.facts.iter().all(inside), "{:?}", cell),
                    State::CapturedOutside => prop_assert!(!cell.facts.iter().any(inside), "{:?}", cell),
                    _ => prop_assert!(cell.facts.is_empty() && cell.value.is_none(), "{:?}", cell),
                }
            }
            let own = found.unscheduled.iter().filter(|u| item_of(&world.trial, u.outcome, u.item) == item);
            own.for_each(|u| *served.entry(u.fact).or_default() += 1);
            for (n, told) in history.iter().enumerate().filter(|(_, t)| t.variable == item) {
                let when = facts[n + 1].draft.at.expect("a time");
                // A result twice at one moment is one fact; its twin may stand for it.
                let twin = |(m, t): (usize, &Told)| m != n && t.variable == told.variable && t.value == told.value
                    && t.day == told.day && t.minute == told.minute && told.minute.is_some();
                let counts = when.earliest <= now && when.earliest > begin().plus_us(TEN);
                let times = served.get(&(n + 1)).copied().unwrap_or(0);
                let is_twin = history.iter().enumerate().any(twin);
                let fits = if counts { times == 1 || (is_twin && times == 0) } else { times == 0 };
                prop_assert!(fits, "{told:?} serves {times} times");
            }
        }
    }

    #[test]
    fn nothing_changes_before_it_says_so(history in history(), now in 0_i64..800 * 24, part in 0_i64..1000) {
        let world = trial();
        let now = begin().plus_us(now * DAY_US / 24);
        let facts = facts(&history);
        let first = at(&world, &facts, now);
        let until = first.changes_at.unwrap_or(now.plus_us(4000 * DAY_US));
        prop_assert!(until > now);
        let wait = i64::try_from(i128::from(until.0 - 1 - now.0) * i128::from(part) / 999).expect("fits");
        let then = at(&world, &facts, now.plus_us(wait));
        prop_assert_eq!(lines(&first, &facts), lines(&then, &facts));
    }

    #[test]
    fn a_retracted_first_infusion_moves_every_visit(history in history(), again in 1_i64..60, now in 60_i64..800) {
        let world = trial();
        let now = begin().plus_us(now * DAY_US);
        let mut facts = facts(&history);
        facts[0].draft.status = FactStatus::EnteredInError;
        let none = at(&world, &facts, now);
        prop_assert!(none.cells.is_empty() && none.visits.iter().all(Vec::is_empty) && none.exposure.day0.is_none());
        facts.push(infusion(again, FactStatus::Final));
        let mut without = facts.clone();
        without.remove(0);
        let found = at(&world, &facts, now);
        let zone = &world.trial.study.sites[0].zone;
        prop_assert_eq!(found.exposure.day0, Some(zone.date_of(begin().plus_us(again * DAY_US))));
        prop_assert!(found.exposure.deviations.is_empty());
        prop_assert_eq!(lines(&found, &facts), lines(&at(&world, &without, now), &without));
    }

    #[test]
    fn a_corrected_result_changes_what_leans_on_it_alone(history in history(), n in any::<prop::sample::Index>(), more in 1_i64..9) {
        prop_assume!(!history.is_empty());
        let world = trial();
        let now = begin().plus_us(800 * DAY_US);
        let n = n.index(history.len());
        let before = facts(&history);
        let mut corrected = history.clone();
        corrected[n].value += more;
        let mut after = before.clone();
        after[n + 1].draft.value = result(n, &corrected[n]).draft.value;
        after[n + 1].draft.status = FactStatus::Corrected;
        let (one, two) = (at(&world, &before, now), at(&world, &after, now));
        prop_assert_eq!(one.cells.len(), two.cells.len());
        let leans = |c: &Cell| c.facts.contains(&(n + 1));
        let baseline_leans = |found: &Outcomes, c: &Cell| {
            found.cells.iter().any(|b| (b.outcome, b.item, b.visit) == (c.outcome, c.item, 0) && leans(b))
        };
        for (a, b) in one.cells.iter().zip(&two.cells) {
            let plain = |c: &Cell| format!("{:?}", Cell { facts: Vec::new(), ..c.clone() });
            // Two alike at one moment are one, and two unlike stand beside each other.
            let twin = history.iter().enumerate().any(|(m, t)| m != n && t.variable == history[n].variable
                && (t.day, t.minute) == (history[n].day, history[n].minute));
            let response = world.trial.outcomes[a.outcome].applies.is_some();
            let may = leans(a) || leans(b) || baseline_leans(&one, a) || baseline_leans(&two, b) || twin
                || (response && history[n].variable == "skin" && history[n].day <= 0);
            prop_assert!(may || plain(a) == plain(b), "{:?} became {:?}", a, b);
            if leans(a) && !twin && !response && a.value.is_some() && a.facts.len() == 1 {
                prop_assert!(a.value != b.value, "{:?} stayed", a);
            }
        }
    }

    #[test]
    fn a_captured_number_stands_in_its_fact(history in history()) {
        let world = trial();
        let facts = facts(&history);
        let found = at(&world, &facts, begin().plus_us(800 * DAY_US));
        for item in ["skin", "albumin", "creatinine"] {
            for cell in of_item(&world.trial, &found, item) {
                let Some(Value::Number(value)) = &cell.value else { continue };
                let sent = |f: &usize| match &facts[*f].draft.value {
                    FactValue::Quantity { number: ReceivedNumber::Exact(decimal), .. } => {
                        let n = trialgate::model::number::Number::parse(decimal).expect("a decimal");
                        if item == "albumin" { &n * &trialgate::model::number::Number::from(10) } else { n }
                    }
                    other => panic!("{other:?}"),
                };
                let sent: Vec<_> = cell.facts.iter().map(sent).collect();
                prop_assert!(!sent.is_empty());
                let ends = [&value.low, &value.high].map(|e| e.as_ref().expect("an end").value.clone());
                prop_assert!(ends.iter().all(|e| sent.contains(e)), "{:?} of {:?}", cell, sent);
                prop_assert!(sent.iter().all(|s| value.contains(s)), "{:?} of {:?}", cell, sent);
            }
        }
    }

    #[test]
    fn all_moved_by_some_days_is_moved_by_some_days(history in history(), days in 1_i64..3000, now in 0_i64..800) {
        let rows = "[visits]\nmonthly = { every = \"4 weeks\", until = \"96 weeks\", from = \"day0\", window = \"7 days\" }\n\
                    quarterly = { every = \"90 days\", until = \"700 days\", from = \"day0\", window = \"14 days\" }\n";
        let (head, tail) = REST.split_once("[visits]").expect("rows of visits");
        let (_, tail) = tail.split_once("[[outcomes]]").expect("outcomes");
        let world = trial_of(&format!("{head}{rows}[[outcomes]]{tail}"));
        let moved = |facts: &[Fact]| -> Vec<Fact> {
            let by = |at: TimeRange| TimeRange { earliest: at.earliest.plus_us(days * DAY_US), latest: at.latest.plus_us(days * DAY_US) };
            facts.iter().cloned().map(|mut f| { f.draft.at = f.draft.at.map(by); f }).collect()
        };
        let now = begin().plus_us(now * DAY_US);
        let facts = facts(&history);
        let (one, two) = (at(&world, &facts, now), at(&world, &moved(&facts), now.plus_us(days * DAY_US)));
        let bare = |found: &Outcomes| found.cells.iter().map(|c| Cell { at: None, ..c.clone() }).collect::<Vec<_>>();
        prop_assert_eq!(bare(&one), bare(&two));
        let later = |at: Instant| at.plus_us(days * DAY_US);
        prop_assert_eq!(one.changes_at.map(later), two.changes_at);
        let windows = |found: &Outcomes, by: i64| found.visits.iter().flatten().skip(1).map(|v| v.window.1.plus_us(by)).collect::<Vec<_>>();
        prop_assert_eq!(windows(&one, days * DAY_US), windows(&two, 0));
        let left = |found: &Outcomes| found.unscheduled.iter().map(|u| u.fact).collect::<Vec<_>>();
        prop_assert_eq!(left(&one), left(&two));
    }
}
