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
    body += "[variables.ill]\nfrom = \"condition\"\ncode = [\"local|ill\"]\n";
    body += "[variables.drug]\nfrom = \"medication_administration\"\ncode = [\"local|drug\"]\namount = \"presence\"\n";
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
        ("L", "exists (ill within 30 days)"),
        ("M", "exists (ill during Interval[@2026-01-01, @2026-03-20])"),
        ("N", "drug"),
        ("O", "exists (drug within 36 hours)"),
        ("P", "Count(drug before q) = 1"),
        ("Q", "Today() on or after q"),
        ("R", "Now() before o + 2 years"),
        ("S", "exists (ill since (Today() - 2 months))"),
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

/// A condition (active, past, past with an end, refuted) or an administration (given, with an end, running).
fn lasting(name: &str, from: &str, to: &str, kind: u8) -> Fact {
    let mut f = fact(name, FactValue::Boolean(true), from);
    // One resource says one thing at a time.
    f.item = Item::of("main", "Condition", &format!("{name} {from} {to} {kind}"));
    let to = Partial::parse(to).expect("a FHIR time").range(&Zone::named(ZONE).expect("a zone"));
    f.draft.origin = if kind < 4 { Origin::Condition } else { Origin::MedicationAdministration };
    f.draft.recorded = (kind < 4).then_some(to.latest);
    (f.draft.status, f.draft.other_end) = match kind {
        0 => (FactStatus::Final, Some(Instant::MAX)),
        1 => (FactStatus::Past, None),
        2 => (FactStatus::Past, Some(to.latest)),
        3 => (FactStatus::Refuted, None),
        4 => (FactStatus::Final, None),
        5 => (FactStatus::Final, Some(to.latest)),
        _ => (FactStatus::Preliminary, Some(Instant::MAX)),
    };
    f
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let one = prop_oneof![
        (15_u32..40, times()).prop_map(|(n, at)| fact("x", ucum(&n.to_string(), "g/L"), &at)),
        (15_u32..40, times()).prop_map(|(n, at)| fact("x", ucum(&n.to_string(), "K/uL"), &at)),
        (any::<bool>(), times()).prop_map(|(t, at)| answer("t", t, &at)),
        times().prop_map(|at| fact("t", coded("82334004"), &at)),
        (times(), times()).prop_map(|(o, at)| fact("o", date(&o), &at)),
        (times(), times()).prop_map(|(q, at)| fact("q", date(&q), &at)),
        (times(), times(), 0_u8..4).prop_map(|(from, to, kind)| lasting("ill", &from, &to, kind)),
        (times(), times(), 4_u8..7).prop_map(|(from, to, kind)| lasting("drug", &from, &to, kind)),
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
    (a.overall, a.criteria.iter().map(|c| (c.id.to_string(), c.result)).collect())
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

/// The next moment of a criterion over these variables.
fn next(variables: &str, require: &str, facts: &[Fact], now: &str) -> Option<String> {
    let zone = Zone::named(ZONE).expect("a zone");
    asks(variables, require).assess(facts, now).changes_at.map(|at| zone.show(at))
}

#[test]
fn the_next_moment_is_the_one_at_which_it_changes() {
    const END: &str = "2026-03-15T23:59:59.999999+08:00";
    let x = |at: &str| vec![fact("x", ucum("30", "g/L"), at)];
    let (number, t, o) = (number("x", "g/L"), answered("t"), dated("o"));
    let onset = |day: &str| vec![fact("o", date(day), "2026-03-01")];
    let cases: Vec<(&str, &str, Vec<Fact>, &str, Option<&str>)> = vec![
        (&number, "Last(x within 28 days) > 0 'g/L'", x("2026-03-10"), NOW, Some("2026-04-08T00:00:00+08:00")),
        (&number, "Last(x within 28 days) > 0 'g/L'", x("2026-03-15"), NOW, Some("2026-04-13T00:00:00+08:00")),
        (&number, "Last(x within 28 days) > 0 'g/L'", x("2026-03-15"), END, Some("2026-04-13T00:00:00+08:00")),
        (
            &number,
            "Last(x within 28 days) > 0 'g/L'",
            x("2026-03-15T23:00:00+08:00"),
            END,
            Some("2026-04-13T00:00:00+08:00"),
        ),
        (&number, "exists (x within 2 months)", x("2026-03-15"), END, Some("2026-05-16T00:00:00+08:00")),
        (
            &number,
            "Last(x within 48 hours) > 0 'g/L'",
            x("2026-03-15T08:00:00+08:00"),
            NOW,
            Some("2026-03-17T08:00:00.000001+08:00"),
        ),
        (&number, "Last(x within 28 days) > 0 'g/L'", x("2026-03-20"), NOW, Some("2026-03-20T00:00:00+08:00")),
        (&number, "Last(x) > 0 'g/L'", x("2026-03-15"), NOW, None),
        (&number, "exists (x since @2026-03-01)", x("2026-03-15"), NOW, None),
        (&t, "AnyTrue(t within 7 days)", vec![answer("t", true, "2026-03-15")], END, Some("2026-03-23T00:00:00+08:00")),
        (&o, "Today() before o + 2 years", onset("2025-05-20"), NOW, Some("2027-05-20T00:00:00+08:00")),
        (&o, "Today() before o + 2 years", onset("2024-03-16"), END, Some("2026-03-16T00:00:00+08:00")),
    ];
    for (variables, require, facts, now, wanted) in cases {
        assert_eq!(next(variables, require, &facts, now).as_deref(), wanted, "{require} of {:?}", facts[0].draft.at);
    }
    let ok = "[variables.ok]\nattest = \"Is it so?\"\nexpires = \"90 days\"\n";
    let mut given = fact("ok", FactValue::Boolean(true), END);
    given.draft.origin = Origin::Gateway;
    given.draft.code = Coding::new(trialgate::model::code::ATTESTATION_SYSTEM, "T1/ok");
    assert_eq!(next(ok, "ok", &[given], END).as_deref(), Some("2026-06-14T00:00:00+08:00"));
}
