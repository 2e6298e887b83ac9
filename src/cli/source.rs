//! `source health`: what each source and variable sent, what was to be expected, how late, and what changed.

use super::print::{End, fail, json, thousands, unknown};
use super::waiting::Health;
use crate::flow::desk::Desk;
use crate::flow::feeds::{self, Change, Late, SourceHealth, VariableHealth, Volume};
use crate::model::time::{Instant, Zone};
use serde_json::{Value, json};

fn when(at: Instant) -> String {
    Zone::utc().show(at)
}

/// Prints it; ends with 1 where a feed or a variable is silent.
pub async fn health(desk: &Desk, asked: &Health) -> End {
    if let Some(name) = &asked.source {
        match feeds::names(desk).await {
            Ok(known) if known.contains(name) => {}
            Ok(known) => return fail(End::Usage, unknown(name, "source", &known)),
            Err(error) => return fail(End::Failed, error),
        }
    }
    let found = match feeds::health(desk, asked.source.as_deref()).await {
        Ok(found) => found,
        Err(error) => return fail(End::Failed, error),
    };
    if asked.json {
        json(&json!({ "sources": found.iter().map(object).collect::<Vec<_>>() }));
    } else {
        found.iter().for_each(print);
        if found.is_empty() {
            println!("nothing came of that source");
        }
    }
    let silent = |s: &SourceHealth| s.volume.silent.or(s.variables.iter().find_map(|v| v.volume.silent)).is_some();
    if found.iter().any(silent) { End::Wrong } else { End::Done }
}

fn object(source: &SourceHealth) -> Value {
    let aside = source.set_aside.map(|(n, since)| json!({ "open": n, "since": when(since) }));
    let mut all = volume(&source.volume);
    all["source"] = json!(source.source);
    all["week"] = json!({ "facts": source.week.0, "read_by_nobody": source.week.1 });
    all["set_aside"] = json!(aside);
    all["variables"] = source.variables.iter().map(variable).collect();
    all
}

fn variable(found: &VariableHealth) -> Value {
    let change =
        |c: &Change| json!({ "kind": c.kind, "day": feeds::date(c.day), "before": c.before, "after": c.after });
    let mut all = volume(&found.volume);
    all["trial"] = json!(found.trial);
    all["variable"] = json!(found.variable);
    all["changes"] = found.changes.iter().map(change).collect();
    all
}

fn volume(v: &Volume) -> Value {
    let late = |l: &Late| json!({ "facts": l[0], "within_hour": l[1], "within_day": l[2], "within_week": l[3] });
    json!({ "last": when(v.last), "today": v.today, "yesterday": v.yesterday, "expected_yesterday": v.expected,
            "silent_since": v.silent.map(feeds::date), "known_after_clinical": late(&v.clinical),
            "known_after_recorded": late(&v.recorded) })
}

/// The share of those within an hour, a day, a week.
fn late(l: &Late) -> String {
    let percent = |n: i64| n * 100 / l[0].max(1);
    match l[0] {
        0 => "-".to_owned(),
        _ => format!("{} %, {} %, {} %", percent(l[1]), percent(l[2]), percent(l[3])),
    }
}

fn counts(v: &Volume) -> String {
    let expected = v.expected.map_or_else(|| "?".to_owned(), |n| thousands(n.unsigned_abs()));
    let silent = v.silent.map_or_else(String::new, |day| format!("  SILENT since {}", feeds::date(day)));
    let count = |n: i64| thousands(n.unsigned_abs());
    format!("yesterday {} of {expected} expected, today {}{silent}", count(v.yesterday), count(v.today))
}

fn print(source: &SourceHealth) {
    let v = &source.volume;
    println!("{}: last {}, {}", source.source, when(v.last), counts(v));
    println!("  known within an hour, a day, a week of the clinical time: {}", late(&v.clinical));
    println!("  known within an hour, a day, a week of the recorded time: {}", late(&v.recorded));
    let (all, unread) = source.week;
    let count = |n: i64| thousands(n.unsigned_abs());
    println!("  last seven days: {} facts, {} in codes that no definition reads", count(all), count(unread));
    if let Some((n, since)) = source.set_aside {
        println!("  set aside: {} since {}", count(n), when(since));
    }
    for found in &source.variables {
        println!(
            "  {} of {}: last {}, {}",
            found.variable,
            found.trial,
            when(found.volume.last),
            counts(&found.volume)
        );
        found.changes.iter().for_each(|change| println!("      {change}"));
    }
}
