//! What is decisive is what brute force says: the verdict hangs on it in some world that the data allow.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use trialgate::model::assessment::Overall;

const NOW: &str = "2026-03-15T12:00:00+08:00";
const AT: &str = "2026-03-10";
const TRUTHS: usize = 4;
/// Formulas that are tried; without optimization fewer, which takes as long.
const CASES: u32 = if cfg!(debug_assertions) { 400 } else { 3000 };

#[derive(Debug, Clone)]
enum F {
    Name(usize),
    Less(i64),
    AtLeast(i64),
    Not(Box<F>),
    Two(&'static str, Box<F>, Box<F>),
    Of(Box<F>, Box<F>, Box<F>),
}

fn formulas() -> impl Strategy<Value = F> {
    let leaf =
        prop_oneof![(0..TRUTHS).prop_map(F::Name), (2_i64..7).prop_map(F::Less), (2_i64..7).prop_map(F::AtLeast),];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let op = prop_oneof![Just("and"), Just("or"), Just("xor"), Just("implies")];
        prop_oneof![
            inner.clone().prop_map(|a| F::Not(Box::new(a))),
            (op, inner.clone(), inner.clone()).prop_map(|(op, a, b)| F::Two(op, Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| F::Of(Box::new(a), Box::new(b), Box::new(c))),
        ]
    })
}

impl F {
    fn text(&self) -> String {
        match self {
            F::Name(i) => format!("p{i}"),
            F::Less(n) => format!("(x < {n} 'g/L')"),
            F::AtLeast(n) => format!("(x >= {n} 'g/L')"),
            F::Not(a) => format!("not ({})", a.text()),
            F::Two(op, a, b) => format!("(({}) {op} ({}))", a.text(), b.text()),
            F::Of(a, b, c) => format!("AtLeast(2, {}, {}, {})", a.text(), b.text(), c.text()),
        }
    }

    fn holds(&self, truths: &[bool], x: i64) -> bool {
        match self {
            F::Name(i) => truths[*i],
            F::Less(n) => x < *n,
            F::AtLeast(n) => x >= *n,
            F::Not(a) => !a.holds(truths, x),
            F::Two(op, a, b) => {
                let (a, b) = (a.holds(truths, x), b.holds(truths, x));
                match *op {
                    "and" => a && b,
                    "or" => a || b,
                    "xor" => a != b,
                    _ => !a || b,
                }
            }
            F::Of(a, b, c) => [a, b, c].iter().filter(|f| f.holds(truths, x)).count() >= 2,
        }
    }
}

/// Every world that the data allow: truths, and a number.
fn worlds(known: &[Option<bool>], x: &str) -> Vec<(Vec<bool>, i64)> {
    let numbers: Vec<i64> = match x {
        "" => (1..9).collect(),
        ">=4" => (4..9).collect(),
        "3-5" => (3..6).collect(),
        one => vec![one.parse().expect("a number")],
    };
    let mut all = Vec::new();
    for bits in 0..1_u32 << known.len() {
        let truths: Vec<bool> = (0..known.len()).map(|i| bits >> i & 1 == 1).collect();
        if truths.iter().zip(known).all(|(t, k)| k.is_none_or(|k| k == *t)) {
            all.extend(numbers.iter().map(|n| (truths.clone(), *n)));
        }
    }
    all
}

fn decisive(verdict: &dyn Fn(&(Vec<bool>, i64)) -> bool, worlds: &[(Vec<bool>, i64)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for a in worlds {
        for b in worlds {
            let mut differ: Vec<String> = (0..TRUTHS).filter(|i| a.0[*i] != b.0[*i]).map(|i| format!("p{i}")).collect();
            differ.extend((a.1 != b.1).then(|| "x".to_owned()));
            if differ.len() == 1 && verdict(a) != verdict(b) {
                found.extend(differ);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]
    #[test]
    fn missing_is_what_brute_force_finds(
        wanted in formulas(),
        refused in formulas(),
        known in proptest::collection::vec(proptest::option::of(any::<bool>()), TRUTHS),
        x in prop_oneof![Just(""), Just(""), Just("2"), Just("5"), Just(">=4"), Just("3-5")],
    ) {
        let mut body: String = (0..TRUTHS).map(|i| answered(&format!("p{i}"))).collect();
        body += &number("x", "g/L");
        body += &include("A", &wanted.text());
        body += &exclude("B", &refused.text());
        let named = |(i, k): (usize, &Option<bool>)| k.map(|k| answer(&format!("p{i}"), k, AT));
        let mut facts: Vec<Fact> = known.iter().enumerate().filter_map(named).collect();
        if !x.is_empty() {
            facts.push(fact("x", ucum(x, "g/L"), AT));
        }
        let a = world(&body).assess(&facts, NOW);
        let worlds = worlds(&known, x);
        let verdict = |w: &(Vec<bool>, i64)| wanted.holds(&w.0, w.1) && !refused.holds(&w.0, w.1);
        let (all, any) = (worlds.iter().all(&verdict), worlds.iter().any(&verdict));
        let overall = if all { Overall::Eligible } else if any { Overall::Undetermined } else { Overall::Ineligible };
        prop_assert_eq!(a.overall, overall);
        let missing: BTreeSet<String> = a.missing.iter().map(|m| m.variable.clone()).collect();
        prop_assert_eq!(missing, decisive(&verdict, &worlds));
    }
}
