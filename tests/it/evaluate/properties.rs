//! What must hold of every verdict, whatever the formula and the facts: of units, of time, of arrival, of knowledge.

use super::*;
use proptest::prelude::*;
use trialgate::model::code::MILESTONE_SYSTEM;
use trialgate::model::number::Number;
use trialgate::model::time::{DAY_US, TimeRange};

const NOW: &str = "2026-03-15T12:00:00+08:00";
/// Times of these tests are whole minutes.
const MINUTE_US: i64 = 60_000_000;

/// One result or answer: of which variable, its value, and how long before now.
#[derive(Debug, Clone)]
struct Told {
    variable: &'static str,
    /// Lower and upper end, in thousandths of the variable's unit; of a truth 0 or 1000.
    value: (i64, i64),
    /// First and last moment, in minutes before now.
    before: (i64, i64),
}

fn told() -> impl Strategy<Value = Told> {
    let value = prop_oneof![
        // Whole, and one printed digit beside it.
        4 => (1_i64..9, -1_i64..2, prop_oneof![Just(0_i64), Just(1), Just(10), Just(100)]).prop_map(|(n, k, step)| (n * 1000 + k * step, n * 1000 + k * step)),
        1 => (1_i64..9, 1_i64..4).prop_map(|(n, wide)| (n * 1000, (n + wide) * 1000)),
    ];
    let before = prop_oneof![
        2 => (0_i64..60 * 1440).prop_map(|m| (m, m)),
        // At the edge of a window.
        1 => (prop_oneof![Just(3_i64), Just(10), Just(28)], -1_i64..2).prop_map(|(d, k)| (d * 1440 + k, d * 1440 + k)),
        // A day or two, not known closer.
        1 => (1_i64..50 * 1440, 1_i64..2880).prop_map(|(m, wide)| (m + wide, m)),
    ];
    (prop_oneof![Just("x"), Just("y"), Just("p")], value, before).prop_map(|(variable, value, before)| Told {
        variable,
        value,
        before,
    })
}

fn history() -> impl Strategy<Value = Vec<Told>> {
    proptest::collection::vec(told(), 0..7)
}

/// Conditions over series: every kind of function, window and `where`.
fn leaf() -> impl Strategy<Value = String> {
    let of = |n: i64, k: i64| {
        let all = [
            format!("Last(x within 28 days) < {n} 'g/L'"),
            format!("x >= {n} 'g/L'"),
            format!("exists (x within 28 days where value > {n} 'g/L')"),
            format!("Count(x within 10 days) >= {}", 1 + n % 3),
            format!("Max(x within 28 days) - Min(x) > {n} 'g/L'"),
            format!("Max({{x, Number(y, '10*9/L') * 1 'g/L'}}) <= {n} 'g/L'"),
            format!("First(x within 50 hours) != {n} 'g/L'"),
            format!("Sum(x within 28 days) > {} 'g/L'", 2 * n),
            format!("Avg(x within 28 days) <= {n} 'g/L'"),
            format!("Median(x) > {n} 'g/L'"),
            format!("Last(y within 10 days) between {n} '10*9/L' and {} '10*9/L'", n + 2),
            format!("y > {n}00 '10*7/L'"),
            format!("Coalesce(Last(x within 3 days), Last(x)) > {n} 'g/L'"),
            "AnyTrue(p within 28 days)".to_owned(),
            "AllTrue(p)".to_owned(),
            "Last(p within 10 days)".to_owned(),
            format!("exists (p within 3 days before (Now() - {n} days))"),
            format!("days between First(x).time and Today() > {}", 3 * n),
            format!("Last(x).time >= Now() - {n} days"),
            format!("Count(x where time < Now() - {n} days) = 1"),
            format!("(if p then x else Last(x within 3 days)) > {n} 'g/L'"),
        ];
        all[usize::try_from(k).expect("a place") % all.len()].clone()
    };
    (1_i64..9, 0_i64..21).prop_map(move |(n, k)| of(n, k))
}

fn formula() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        let op = prop_oneof![Just("and"), Just("or"), Just("xor"), Just("implies")];
        prop_oneof![
            inner.clone().prop_map(|a| format!("not ({a})")),
            (op, inner.clone(), inner.clone()).prop_map(|(op, a, b)| format!("(({a}) {op} ({b}))")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("AtLeast(2, {a}, {b}, {c})")),
        ]
    })
}

fn definition(wanted: &str, refused: &str) -> World {
    let names = number("x", "g/L") + &number("y", "10*9/L") + &answered("p");
    world(&format!("{names}{}{}", include("A", wanted), exclude("B", refused)))
}

fn decimal(thousandths: i64, factor: i64) -> String {
    Number::ratio(thousandths * factor, 1000).and_then(|n| n.to_decimal()).expect("a decimal")
}

/// The facts in these units, each with its exact factor, as seen from a moment.
fn facts(told: &[Told], now: Instant, units: (&str, i64, &str, i64)) -> Vec<Fact> {
    let made = |(place, t): (usize, &Told)| {
        let value = match t.variable {
            "p" => coded(if t.value.0 % 2000 < 1000 { "10828004" } else { "260385009" }),
            name => {
                let (unit, factor) = if name == "x" { (units.0, units.1) } else { (units.2, units.3) };
                let (low, high) = (decimal(t.value.0, factor), decimal(t.value.1, factor));
                ucum(&if low == high { low } else { format!("{low}-{high}") }, unit)
            }
        };
        let mut made = fact(t.variable, value, "2026-01-01");
        let at = |before: i64| now.plus_us(-before * MINUTE_US);
        made.draft.at = Some(TimeRange { earliest: at(t.before.0), latest: at(t.before.1) });
        made.item = Item::of("main", "Observation", &place.to_string());
        made
    };
    told.iter().enumerate().map(made).collect()
}

const OWN: (&str, i64, &str, i64) = ("g/L", 1, "10*9/L", 1);

/// What is said, without the facts that made it.
fn told_of(a: &Assessment) -> impl PartialEq + std::fmt::Debug + use<> {
    let criteria: Vec<String> = a.criteria.iter().map(|c| format!("{} {:?}", c.id, c.result)).collect();
    let missing: Vec<String> = a.missing.iter().map(|m| format!("{} {:?}", m.variable, m.reason)).collect();
    (format!("{:?}", a.overall), criteria, missing)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(256))]

    /// A value says the same in every unit, at a limit and one printed digit beside it.
    #[test]
    fn the_unit_in_which_a_result_is_sent_does_not_matter(
        (a, b) in (formula(), formula()),
        told in history(),
        units in prop_oneof![
            Just(("mg/dL", 100_i64, "10*3/uL", 1_i64)), Just(("kg/m3", 1, "/uL", 1000)), Just(("mg/L", 1000, "10*6/L", 1000)), Just(("ug/mL", 1000, "/mm3", 1000)),
        ],
    ) {
        let (world, now) = (definition(&a, &b), time(NOW));
        let (own, other) = (world.assess_at(&facts(&told, now, OWN), now), world.assess_at(&facts(&told, now, units), now));
        prop_assert_eq!(told_of(&own), told_of(&other));
        prop_assert_eq!(own.changes_at, other.changes_at);
    }

    /// Where the site's days are all of one length, a person and the moment asked about may move together.
    #[test]
    fn all_times_moved_by_whole_days_change_nothing((a, b) in (formula(), formula()), told in history(), days in -400_i64..400) {
        let world = definition(&a, &b);
        let now = time(NOW);
        let then = now.plus_us(days * DAY_US);
        let (own, moved) = (world.assess_at(&facts(&told, now, OWN), now), world.assess_at(&facts(&told, then, OWN), then));
        prop_assert_eq!(told_of(&own), told_of(&moved));
        prop_assert_eq!(own.changes_at.map(|at| at.plus_us(days * DAY_US)), moved.changes_at);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter((a, b) in (formula(), formula()), told in history(), turn in any::<u64>()) {
        let (world, now) = (definition(&a, &b), time(NOW));
        let facts = facts(&told, now, OWN);
        let mut others = facts.clone();
        for i in (1..others.len()).rev() {
            let n = (turn >> (i * 7)) % (i as u64 + 1);
            others.swap(i, usize::try_from(n).expect("small"));
        }
        let (own, other) = (world.assess_at(&facts, now), world.assess_at(&others, now));
        prop_assert_eq!(told_of(&own), told_of(&other));
        prop_assert_eq!(own.changes_at, other.changes_at);
    }

    /// What is decided while values and times are known in part holds for every value and moment that they may be.
    #[test]
    fn what_is_decided_holds_under_every_completion(
        (a, b) in (formula(), formula()),
        told in history(),
        chosen in proptest::collection::vec((0_i64..=4, 0_i64..=4), 7),
    ) {
        let (world, now) = (definition(&a, &b), time(NOW));
        let partial = world.assess_at(&facts(&told, now, OWN), now);
        let within = |(low, high): (i64, i64), fourths: i64| low + (high - low) * fourths / 4;
        let complete: Vec<Told> = told.iter().zip(&chosen).map(|(t, (v, m))| {
            // An answer is no range.
            let value = if t.variable == "p" { t.value.0 } else { within(t.value, *v) };
            let before = within(t.before, *m);
            Told { value: (value, value), before: (before, before), ..t.clone() }
        }).collect();
        let whole = world.assess_at(&facts(&complete, now, OWN), now);
        for (then, now) in partial.criteria.iter().zip(&whole.criteria) {
            if let CriterionResult::Is(truth) = then.result && truth != Truth::Unknown {
                prop_assert_eq!(&now.result, &then.result, "{}: {} of {:?}", then.id, a, complete);
            }
        }
        if partial.overall != trialgate::model::assessment::Overall::Undetermined {
            prop_assert_eq!(partial.overall, whole.overall);
        }
    }

    /// Of what asks only whether something is there, one more fact takes nothing away: only the newest, the least, the
    /// mean and `all` may be turned by it.
    #[test]
    fn one_more_fact_takes_no_yes_from_what_asks_for_one(
        parts in proptest::collection::vec((0_usize..5, 1_i64..9, any::<bool>()), 1..5),
        told in history(),
        more in told(),
    ) {
        let part = |(k, n, _): &(usize, i64, bool)| [
            format!("exists (x within 28 days where value > {n} 'g/L')"),
            format!("Max(x within 28 days) >= {n} 'g/L'"),
            format!("Count(x within 10 days) >= {}", 1 + n % 3),
            "AnyTrue(p within 28 days)".to_owned(),
            format!("Min(y) < {n} '10*9/L'"),
        ][*k].clone();
        let joined = parts.iter().skip(1).fold(part(&parts[0]), |so_far, p| {
            format!("({so_far} {} {})", if p.2 { "and" } else { "or" }, part(p))
        });
        let (world, now) = (definition(&joined, "p"), time(NOW));
        let before = truth_of(&world.assess_at(&facts(&told, now, OWN), now), "A");
        let mut with = told.clone();
        with.push(more);
        let after = truth_of(&world.assess_at(&facts(&with, now, OWN), now), "A");
        prop_assert!(before != Truth::True || after == Truth::True, "{}: {:?}", joined, with);
    }

    /// From registration on eligibility stands still: neither the clock nor what happens later moves it.
    #[test]
    fn eligibility_is_sealed_by_registration(
        (a, b) in (formula(), formula()),
        told in history(),
        later in history(),
        days in 0_i64..400,
    ) {
        let (world, registered) = (definition(&a, &b), time(NOW));
        let mut all = facts(&told, registered, OWN);
        let mut milestone = fact("x", FactValue::Boolean(true), "2026-01-01");
        milestone.draft.code = Coding::new(MILESTONE_SYSTEM, "T1/enrolled");
        milestone.draft.origin = Origin::Gateway;
        milestone.draft.at = Some(TimeRange::exact(registered));
        all.push(milestone);
        let then = world.assess_at(&all, registered);
        // What happens after that day.
        let after = registered.plus_us(61 * DAY_US);
        all.extend(facts(&later, after, OWN));
        let now = world.assess_at(&all, registered.plus_us(days * DAY_US));
        prop_assert_eq!(told_of(&then), told_of(&now));
        prop_assert_eq!(now.changes_at, None);
    }
}

#[test]
fn a_difference_in_weeks_counts_sundays() {
    // The 1st of March 2026 is a Sunday.
    for (from, to, weeks, boundaries) in [
        ("2026-02-28", "2026-03-01", 0, 1),
        ("2026-03-01", "2026-03-07", 0, 0),
        ("2026-03-07", "2026-03-15", 1, 2),
        ("2026-03-15", "2026-03-07", -1, -2),
    ] {
        let counts = |n: i64| if n < 0 { format!("-{}", -n) } else { n.to_string() };
        let text = format!(
            "weeks between @{from} and @{to} = {} and difference in weeks between @{from} and @{to} = {}",
            counts(weeks),
            counts(boundaries)
        );
        assert_eq!(asks("", &text).truth(&[], NOW), Truth::True, "{text}");
    }
}
