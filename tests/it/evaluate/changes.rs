//! The order of facts changes nothing, and before `changes_at` nothing changes by time alone.

use super::*;
use proptest::prelude::*;
use trialgate::model::assessment::Overall;
use trialgate::model::code::PATIENT_SYSTEM;
use trialgate::model::time::DAY_US;

const NOW: &str = "2026-03-15T12:00:00+08:00";

fn trial() -> World {
    let mut body = format!("{}{}{}{}", number("x", "g/L"), answered("t"), dated("o"), dated("q"));
    body += "[variables.age]\nderive = \"years between birth_date and Today()\"\n";
    body += "[variables.ok]\nattest = \"Is it so?\"\nexpires = \"90 days\"\n";
    for (id, require) in [
        ("A", "Last(x within 28 days) < 25 'g/L'"),
        ("B", "age >= 18"),
        ("C", "AnyTrue(t within 48 hours)"),
        ("D", "o + 2 years > Today()"),
        ("E", "exists (x within 2 months)"),
        ("F", "months between o and Today() >= 3"),
        ("G", "Count(x within 10 days before q) >= 2"),
        ("H", "Last(t).time > Now() - 36 hours"),
        ("I", "Max(x since o) > 30 'g/L'"),
        ("J", "days between q and Today() < 40"),
        ("K", "ok"),
    ] {
        body += &include(id, require);
    }
    world(&body)
}

/// A time near now, of any precision.
fn times() -> impl Strategy<Value = String> {
    (-800_i64..60, 0_u32..86_400, 0..6).prop_map(|(days, second, precision)| {
        let near = if second % 3 == 0 { days } else { days / 12 };
        let at = Instant(time(NOW).0 + near * DAY_US);
        let day = Zone::named(ZONE).expect("a zone").date_of(at).to_string();
        match precision {
            0 => day[..7].to_owned(),
            1 | 2 => day,
            _ => format!("{day}T{:02}:{:02}:{:02}+08:00", second / 3600, second / 60 % 60, second % 60),
        }
    })
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let one = prop_oneof![
        (15_u32..40, times()).prop_map(|(n, at)| fact("x", ucum(&n.to_string(), "g/L"), &at)),
        (15_u32..40, times()).prop_map(|(n, at)| fact("x", ucum(&n.to_string(), "K/uL"), &at)),
        (any::<bool>(), times()).prop_map(|(t, at)| answer("t", t, &at)),
        times().prop_map(|at| fact("t", coded("82334004"), &at)),
        (times(), times()).prop_map(|(o, at)| fact("o", date(&o), &at)),
        (times(), times()).prop_map(|(q, at)| fact("q", date(&q), &at)),
    ];
    let birth = prop_oneof![Just("2008"), Just("2008-03"), Just("2008-03-16"), Just("2008-02-29"), Just("1980")];
    (proptest::collection::vec(one, 0..12), birth).prop_map(|(mut all, birth)| {
        let mut person = fact("birth-date", date(birth), "2020");
        person.draft.origin = Origin::Patient;
        person.draft.code = Coding::new(PATIENT_SYSTEM, "birth-date");
        all.push(person);
        all
    })
}

fn verdicts(a: &Assessment) -> (Overall, Vec<(String, CriterionResult)>) {
    (a.overall, a.criteria.iter().map(|c| (c.id.clone(), c.result)).collect())
}

/// The assessment without the places of facts in the list.
fn placeless(mut a: Assessment) -> Assessment {
    a.criteria.iter_mut().flat_map(|c| &mut c.facts).for_each(|f| f.fact = 0);
    a
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]
    #[test]
    fn order_changes_nothing(facts in facts(), turn in 0_usize..12) {
        let w = trial();
        let mut other = facts.clone();
        other.reverse();
        let by = turn % other.len();
        other.rotate_left(by);
        prop_assert_eq!(placeless(w.assess(&facts, NOW)), placeless(w.assess(&other, NOW)));
    }

    #[test]
    fn nothing_changes_before_it_is_said_to(facts in facts(), spots in proptest::collection::vec(0_i64..1_000_000, 8)) {
        let w = trial();
        let now = time(NOW);
        let first = w.assess_at(&facts, now);
        let until = first.changes_at.unwrap_or(Instant(now.0 + 1500 * DAY_US));
        prop_assert!(until > now);
        let within = spots.iter().map(|s| now.0 + (until.0 - now.0) / 1_000_000 * s);
        for at in within.chain([until.0 - 1]).filter(|at| *at > now.0) {
            let later = w.assess_at(&facts, Instant(at));
            prop_assert_eq!(verdicts(&first), verdicts(&later), "{} of {}", Instant(at), until);
        }
    }
}
