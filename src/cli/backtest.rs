//! `trial backtest`: what the stored history says of a definition; small counts of people are withheld.

use super::print::{End, fail, json, thousands};
use crate::flow::backtest::{Backtest, SMALL_CELL, withhold, withhold_steps};
use crate::flow::rehearse::Rehearsal;
use crate::model::time::Instant;
use crate::trial::definition::{Site, Trial};
use serde_json::{Map, Value, json};

/// What is printed of a backtest.
pub struct Printed<'a> {
    /// The definition.
    pub trial: &'a Trial,
    /// How it was asked.
    pub rehearsal: &'a Rehearsal<'a>,
    /// The site.
    pub site: &'a Site,
    /// The moment asked about.
    pub as_of: Instant,
    /// The sums.
    pub sums: &'a Backtest,
    /// With persons: nothing is withheld.
    pub persons: bool,
}

/// Prints it.
pub fn run(printed: &Printed<'_>, as_json: bool) -> End {
    if printed.sums.persons == 0 {
        return fail(End::Wrong, "the store holds no person; import some first: trialgate import FILE…");
    }
    if as_json {
        json(&object(printed))
    } else {
        text(printed)
    }
    End::Done
}

fn cells(printed: &Printed<'_>, counts: &[u64]) -> Vec<Option<u64>> {
    if printed.persons { counts.iter().copied().map(Some).collect() } else { withhold(counts) }
}

fn steps(printed: &Printed<'_>, total: u64, counts: &[u64]) -> Vec<Option<u64>> {
    if printed.persons { counts.iter().copied().map(Some).collect() } else { withhold_steps(total, counts) }
}

fn cell(n: Option<u64>) -> Value {
    n.map_or_else(|| json!({ "withheld": format!("<{SMALL_CELL}, or would give such a one away") }), |n| json!(n))
}

fn shown(n: Option<u64>) -> String {
    n.map_or_else(|| "withheld".into(), thousands)
}

/// Persons by verdict and by why they are not looked at: one table that sums to all persons.
fn counts(printed: &Printed<'_>) -> Vec<(String, Option<u64>)> {
    let sums = printed.sums;
    let verdicts = sums.verdicts.iter().map(|(word, n)| ((*word).to_owned(), *n));
    let others = sums.not_considered.iter().map(|(why, n)| (format!("not looked at: {why}"), *n));
    let (words, numbers): (Vec<String>, Vec<u64>) = verdicts.chain(others).unzip();
    words.into_iter().zip(cells(printed, &numbers)).collect()
}

fn object(printed: &Printed<'_>) -> Value {
    let sums = printed.sums;
    let considered: u64 = sums.verdicts.values().sum();
    let left: Vec<u64> = sums.columns.iter().map(|c| c.left).collect();
    let left = steps(printed, considered, &left);
    let alone = cells(printed, &sums.columns.iter().map(|c| c.alone).collect::<Vec<_>>());
    let attrition: Vec<Value> = (sums.columns.iter().zip(left).zip(alone))
        .map(|((c, left), alone)| json!({ "criterion": c.id, "left": cell(left), "alone": cell(alone) }))
        .collect();
    let decidability: Vec<Value> = sums.columns.iter().map(|c| {
        let a = cells(printed, &c.answers);
        json!({ "criterion": c.id, "true": cell(a[0]), "false": cell(a[1]), "unknown": cell(a[2]), "not applicable": cell(a[3]) })
    }).collect();
    let near: Vec<Value> = (sums.near.iter().zip(cells(printed, &sums.near.values().copied().collect::<Vec<_>>())))
        .map(|((id, _), n)| json!({ "criterion": id, "persons": cell(n) }))
        .collect();
    let mut out = Map::from_iter([
        ("trial".to_owned(), json!(printed.trial.id)),
        ("version".to_owned(), json!(printed.trial.version)),
        ("as_of".to_owned(), json!(printed.site.zone.show(printed.as_of))),
        ("persons_in_store".to_owned(), json!(sums.persons)),
        ("counts".to_owned(), counts(printed).into_iter().map(|(w, n)| (w, cell(n))).collect::<Map<_, _>>().into()),
        ("attrition".to_owned(), json!(attrition)),
        ("decidability".to_owned(), json!(decidability)),
        ("near_misses".to_owned(), json!(near)),
    ]);
    if printed.persons {
        let persons = sums.assessments.iter().map(|(p, a)| printed.rehearsal.json(a, &p.to_string(), printed.site));
        out.insert("persons".into(), persons.collect());
    }
    Value::Object(out)
}

fn text(printed: &Printed<'_>) {
    let sums = printed.sums;
    let at = printed.site.zone.show(printed.as_of);
    println!(
        "{} version {} as of {at}: {} persons in the store\n",
        printed.trial.id,
        printed.trial.version,
        thousands(sums.persons)
    );
    for (word, n) in counts(printed) {
        println!("  {:>10}  {word}", shown(n));
    }
    let considered: u64 = sums.verdicts.values().sum();
    let left = steps(printed, considered, &sums.columns.iter().map(|c| c.left).collect::<Vec<_>>());
    println!("\n  criterion      left   alone     true    false  unknown  not applicable");
    let alone = cells(printed, &sums.columns.iter().map(|c| c.alone).collect::<Vec<_>>());
    for ((column, left), alone) in sums.columns.iter().zip(left).zip(alone) {
        let a = cells(printed, &column.answers);
        println!(
            "  {:<10} {:>8} {:>7} {:>8} {:>8} {:>8} {:>8}",
            column.id,
            shown(left),
            shown(alone),
            shown(a[0]),
            shown(a[1]),
            shown(a[2]),
            shown(a[3])
        );
    }
    println!("\n  left: not kept out by this criterion or one before it; alone: kept out by this one only");
    for (person, assessment) in &sums.assessments {
        println!("  {person}  {}", assessment.overall.word());
    }
}
