//! `codes unmapped`: codes and units that arrive and that nobody reads, by source and volume; `codes load`: a source's map.

use super::args::Unread;
use super::print::{End, fail, json, thousands};
use crate::flow::desk::Desk;
use crate::flow::maps::{MapChange, MapLoaded};
use crate::flow::unmapped::{self, Unmapped};
use crate::model::time::{Instant, Zone};
use serde_json::{Value, json};

/// Changes of a map that are printed one by one.
const CHANGES_SHOWN: usize = 20;

/// Prints the most frequent of one source, or of all.
pub async fn unmapped(desk: &Desk, asked: &Unread) -> End {
    let library = desk.library();
    let found = match unmapped::unmapped(desk.store(), &library, asked.source.as_deref()).await {
        Ok(found) => found,
        Err(error) => return fail(End::Failed, error),
    };
    let shown = &found[..found.len().min(asked.most.unwrap_or(if asked.csv { found.len() } else { 50 }))];
    if asked.csv {
        print!("{}", unmapped::table(&library, shown, day));
        return End::Done;
    }
    if asked.json {
        let rows: Vec<Value> = shown.iter().map(object).collect();
        json(&json!({ "rows": rows, "more": found.len() - shown.len() }));
        return End::Done;
    }
    if found.is_empty() {
        println!("every code that arrived is read by a definition in force, and every unit is understood");
        return End::Done;
    }
    println!("{:>10}  {:<12} {:<40} {:<16} {:<10}  what", "results", "source", "code", "unit", "last");
    for row in shown {
        let guesses: Vec<String> = row.may_be.iter().map(ToString::to_string).collect();
        let may = if guesses.is_empty() { String::new() } else { format!("; may be {}", guesses.join(", ")) };
        let (count, code) = (thousands(row.count.unsigned_abs()), row.code.to_string());
        println!(
            "{count:>10}  {:<12} {code:<40} {:<16} {:<10}  {}{may}",
            row.source,
            row.unit,
            day(row.last),
            row.what()
        );
    }
    if found.len() > shown.len() {
        println!("and {} more; --most N shows them", thousands((found.len() - shown.len()) as u64));
    }
    End::Done
}

fn day(at: Instant) -> String {
    Zone::utc().show(at).chars().take(10).collect()
}

fn object(row: &Unmapped) -> Value {
    let guess =
        |g: &unmapped::Guess| json!({ "code": g.code.to_string(), "variable": g.variable, "equal_code": g.equal });
    json!({ "source": row.source, "code": row.code.to_string(), "unit": row.unit, "results": row.count, "what": row.what(),
            "first": Zone::utc().show(row.first), "last": Zone::utc().show(row.last),
            "may_be": row.may_be.iter().map(guess).collect::<Vec<_>>() })
}

/// Prints what a map file changed.
pub fn loaded(source: &str, file: &str, loaded: &MapLoaded, as_json: bool) -> End {
    let MapLoaded { changes, marked, warnings } = loaded;
    if as_json {
        let one = |c: &MapChange| json!({ "source": c.source, "kind": c.kind, "word": c.word, "before": c.before, "after": c.after });
        let changes: Vec<Value> = changes.iter().map(one).collect();
        json(&json!({ "source": source, "file": file, "changes": changes, "persons": marked }));
        return End::Done;
    }
    warnings.iter().for_each(|mistake| eprintln!("{mistake}"));
    if changes.is_empty() {
        println!("{file} says nothing that the map of {source} did not say; nothing was written");
        return End::Done;
    }
    let count = |test: &dyn Fn(&&MapChange) -> bool| changes.iter().filter(test).count();
    let (added, removed) = (count(&|c| c.before.is_none()), count(&|c| c.after.is_none()));
    let another = changes.len() - added - removed;
    println!(
        "the map of {source}: {added} added, {removed} removed, {another} mapped differently; {marked} persons are looked at again"
    );
    for change in changes.iter().take(CHANGES_SHOWN) {
        let MapChange { kind, word, before, after, .. } = change;
        match (before, after) {
            (None, Some(after)) => println!("  + {kind} {word} = {after}"),
            (Some(before), None) => println!("  - {kind} {word} = {before}"),
            (before, after) => println!("  ~ {kind} {word} = {}, was {}", words(after), words(before)),
        }
    }
    if changes.len() > CHANGES_SHOWN {
        println!("  and {} more; --json prints all", changes.len() - CHANGES_SHOWN);
    }
    End::Done
}

fn words(meaning: &Option<String>) -> &str {
    meaning.as_deref().filter(|m| !m.is_empty()).unwrap_or("nothing")
}
