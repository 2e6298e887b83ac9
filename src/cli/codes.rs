//! `codes unmapped`: codes and units that arrive and that nobody reads, by source and volume.

use super::print::{End, fail, json, thousands};
use crate::flow::desk::Desk;
use crate::flow::library::{self, Unmapped};
use crate::model::time::Zone;
use serde_json::{Value, json};

/// Prints the most frequent of one source, or of all.
pub async fn unmapped(desk: &Desk, source: Option<&str>, most: usize, as_json: bool) -> End {
    let library = desk.library();
    let found = match library::unmapped(desk.store(), &library, source).await {
        Ok(found) => found,
        Err(error) => return fail(End::Failed, error),
    };
    let shown = &found[..found.len().min(most)];
    if as_json {
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
        let may = if row.may_be.is_empty() { String::new() } else { format!("; may be {}", row.may_be.join(", ")) };
        let last = row.last.map_or_else(String::new, |at| Zone::utc().show(at).chars().take(10).collect());
        let count = thousands(u64::try_from(row.count).unwrap_or(0));
        println!("{count:>10}  {:<12} {:<40} {:<16} {last:<10}  {}{may}", row.source, row.code, row.unit, row.what);
    }
    if found.len() > shown.len() {
        println!("and {} more; --most N shows them", thousands((found.len() - shown.len()) as u64));
    }
    End::Done
}

fn object(row: &Unmapped) -> Value {
    json!({ "source": row.source, "code": row.code, "unit": row.unit, "results": row.count, "what": row.what,
            "first": row.first.map(|at| Zone::utc().show(at)), "last": row.last.map(|at| Zone::utc().show(at)), "may_be": row.may_be })
}
