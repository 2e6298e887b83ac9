//! `outbox`: what waits for the targets, what they refused, and what becomes of it.

use super::print::{End, count, fail, json, unknown};
use super::waiting::Outbox;
use crate::flow::Caller;
use crate::flow::desk::Desk;
use crate::flow::pages::queues::{self, state_word};
use crate::model::time::{Instant, Zone};
use serde_json::{Value, json};

fn when(at: Instant) -> String {
    Zone::utc().show(at)
}

/// Does what is asked.
pub async fn run(desk: &Desk, asked: &Outbox) -> End {
    let target = match asked {
        Outbox::List { .. } => None,
        Outbox::Retry { target, .. } => target.as_deref(),
        Outbox::Drop { target, .. } => Some(target.as_str()),
    };
    if let Some(name) = target {
        match queues::target_names(desk).await {
            Ok(known) if known.contains(name) => {}
            Ok(known) => return fail(End::Usage, unknown(name, "target", &known)),
            Err(error) => return fail(End::Failed, error),
        }
    }
    let caller = Caller { actor: "outbox".into(), purpose: "tell".into() };
    let done = match asked {
        Outbox::List { state, most, json, .. } => return list(desk, state.as_deref(), *most, *json).await,
        Outbox::Retry { target, .. } => queues::retry(desk, target.as_deref(), caller).await.map(|n| (n, "sent again")),
        Outbox::Drop { target, .. } => queues::give_up(desk, target, caller).await.map(|n| (n, "given up")),
    };
    match done {
        Ok((n, what)) => {
            println!("{} {what}", count(n.unsigned_abs(), "dead letter"));
            End::Done
        }
        Err(error) => fail(End::Failed, error),
    }
}

async fn list(desk: &Desk, state: Option<&str>, most: usize, as_json: bool) -> End {
    let states: &[i64] = match state {
        Some("there") => &[0],
        Some("waiting") => &[1],
        Some("dead") => &[2],
        Some(_) => &[3],
        None => &[2, 1],
    };
    let (mut rows, mut more) = (Vec::new(), false);
    for state in states {
        match queues::wishes(desk, Some(*state), most.saturating_add(1)).await {
            Ok(found) => rows.extend(found),
            Err(error) => return fail(End::Failed, error),
        }
        more |= rows.len() > most;
        rows.truncate(most);
    }
    if as_json {
        let one = |row: &crate::flow::pages::queues::OutboxRow| -> Value {
            let w = &row.wish;
            json!({ "target": w.target, "person": w.person.to_string(), "trial": w.trial, "attempt": w.attempt,
                    "wanted": w.wanted, "sent": w.sent, "tries": w.tries, "failing_since": w.first_failed.map(when),
                    "state": state_word(row.state), "answer": row.answer })
        };
        json(&json!({ "rows": rows.iter().map(one).collect::<Vec<_>>(), "more": more }));
        return End::Done;
    }
    if rows.is_empty() {
        println!("nothing waits, and nothing was refused");
    }
    for row in &rows {
        let w = &row.wish;
        let since = w.first_failed.map_or_else(String::new, |at| format!(", failing since {}", when(at)));
        println!(
            "{:<8} {}  person {} in {}, version {}{since}",
            state_word(row.state),
            w.target,
            w.person,
            w.trial,
            w.wanted
        );
        if let Some(answer) = &row.answer {
            println!("         {answer}");
        }
    }
    if more {
        println!("and more; --most N shows them");
    }
    End::Done
}
