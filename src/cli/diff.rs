//! `trial diff`: what an amendment changes, in the text and person by person.

use super::print::{End, json, thousands};
use crate::flow::amendment::Changed;
use crate::flow::rehearsal::backtest::{SMALL_CELL, withhold};
use crate::flow::rehearsal::diff::{Diff, Moved};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is printed of a comparison.
pub struct Printed<'a> {
    /// Trial with its two versions, as asked.
    pub head: (&'a str, u32, u32),
    /// The moment asked about, in words.
    pub as_of: &'a str,
    /// What differs in the texts.
    pub text: &'a [Changed],
    /// What differs in the persons; `None`: no store was asked.
    pub persons: Option<&'a Diff>,
    /// Persons are named by our key and nothing is withheld.
    pub named: bool,
}

/// Prints it.
pub fn run(printed: &Printed<'_>, as_json: bool) -> End {
    if as_json {
        json(&object(printed));
    } else {
        text(printed);
    }
    End::Done
}

type Pairs = BTreeMap<(String, String), u64>;

/// Persons by what became of their verdict, small counts withheld.
fn cells(printed: &Printed<'_>, pairs: &Pairs) -> Vec<(String, String, Option<u64>)> {
    let counts: Vec<u64> = pairs.values().copied().collect();
    let shown = if printed.named { counts.into_iter().map(Some).collect() } else { withhold(&counts) };
    pairs.keys().zip(shown).map(|((from, to), n)| (from.clone(), to.clone(), n)).collect()
}

/// Those that moved; who stays is in the table too, or a withheld cell could be worked out from the total.
fn criteria(printed: &Printed<'_>, diff: &Diff) -> Vec<(String, Option<u64>, Option<u64>)> {
    let small = |n: u64| if printed.named || !(1..SMALL_CELL).contains(&n) { Some(n) } else { None };
    // Of all with another result, those whose verdict moved: either both are shown, or the rest would tell.
    let one = |(id, (all, moved)): (&String, &(u64, u64))| {
        let rest = small(all - moved).is_some();
        (id.clone(), small(*all), small(*moved).filter(|_| rest || small(*all).is_none()))
    };
    diff.criteria.iter().map(one).collect()
}

fn count(n: Option<u64>) -> Value {
    n.map_or_else(|| json!({ "withheld": format!("<{SMALL_CELL}, or would give such a one away") }), |n| json!(n))
}

fn shown(n: Option<u64>) -> String {
    n.map_or_else(|| "withheld".into(), thousands)
}

fn object(printed: &Printed<'_>) -> Value {
    let changed = printed.text.iter().map(|c| {
        let keys = c.keys.iter().map(|(key, old, new)| json!({ "key": key, "old": old, "new": new }));
        json!({ "what": c.what, "name": c.name, "change": change(c), "keys": keys.collect::<Vec<_>>() })
    });
    let mut out = Map::from_iter([
        ("trial".to_owned(), json!(printed.head.0)),
        ("old".to_owned(), json!(printed.head.1)),
        ("new".to_owned(), json!(printed.head.2)),
        ("text".to_owned(), changed.collect()),
    ]);
    if let Some(diff) = printed.persons {
        let table = |pairs: &Pairs| -> Value {
            let row = |(from, to, n)| json!({ "old": from, "new": to, "persons": count(n) });
            cells(printed, pairs).into_iter().map(row).collect()
        };
        let criteria = criteria(printed, diff)
            .into_iter()
            .map(|(id, all, moved)| json!({ "criterion": id, "persons": count(all), "verdict_moved": count(moved) }));
        out.insert("as_of".into(), json!(printed.as_of));
        out.insert("persons_in_store".into(), json!(diff.persons));
        out.insert("verdicts".into(), table(&diff.verdicts));
        out.insert("enrolled".into(), table(&diff.of_enrolled));
        out.insert("criteria".into(), criteria.collect());
        if printed.named {
            let person = |m: &Moved| {
                let criteria = m.criteria.iter().map(|(id, a, b)| json!({ "criterion": id, "old": a, "new": b }));
                json!({ "person": m.person.to_string(), "enrolled": m.enrolled, "old": m.from, "new": m.to,
                        "criteria": criteria.collect::<Vec<_>>(), "now_open": m.open })
            };
            out.insert("persons".into(), diff.moved.iter().map(person).collect());
        }
    }
    Value::Object(out)
}

fn change(c: &Changed) -> &'static str {
    match (c.in_both, c.keys.iter().all(|(_, old, _)| old.is_none())) {
        (true, _) => "changed",
        (false, true) => "added",
        (false, false) => "removed",
    }
}

fn text(printed: &Printed<'_>) {
    let (trial, old, new) = printed.head;
    println!("{trial}: version {old} and version {new}\n");
    if printed.text.is_empty() {
        println!("  the texts say the same");
    }
    for c in printed.text {
        println!("  {} {} {}", c.what, c.name, change(c));
        // What was added or removed is in the file; what changed is shown side by side.
        for (key, old, new) in c.keys.iter().filter(|_| c.in_both) {
            let side = |text: &Option<String>| text.as_deref().map_or_else(|| "(nothing)".to_owned(), one_line);
            println!("    {key}: {}\n    {:>width$}  {}", side(old), "->", side(new), width = key.len());
        }
    }
    let Some(diff) = printed.persons else { return };
    println!("\n  as of {}: {} persons in the store\n", printed.as_of, thousands(diff.persons));
    if diff.enrolled > 0 {
        println!("  enrolled, who stay with version {old} whatever this says:");
        rows(&cells(printed, &diff.of_enrolled));
        println!();
    }
    println!("  everybody:");
    rows(&cells(printed, &diff.verdicts));
    let criteria = criteria(printed, diff);
    if !criteria.is_empty() {
        println!("\n  criterion    another result    of these with another verdict");
    }
    for (id, all, moved) in criteria {
        println!("  {id:<12} {:>14} {:>32}", shown(all), shown(moved));
    }
    if printed.named {
        println!();
        diff.moved.iter().for_each(person);
    } else {
        println!("\n  withheld: a count below {SMALL_CELL}, or one from which such a count could be worked out");
    }
}

fn rows(cells: &[(String, String, Option<u64>)]) {
    for (from, to, n) in cells {
        let words = if from == to { format!("{from}, as before") } else { format!("{from} -> {to}") };
        println!("  {:>10}  {words}", shown(*n));
    }
}

fn person(m: &Moved) {
    let enrolled = if m.enrolled { "  enrolled" } else { "" };
    let criteria: Vec<String> = m.criteria.iter().map(|(id, a, b)| format!("{id} {a} -> {b}")).collect();
    let open = if m.open.is_empty() { String::new() } else { format!("; now open: {}", m.open.join(", ")) };
    println!("  {}{enrolled}  {} -> {}: {}{open}", m.person, m.from, m.to, criteria.join(", "));
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
