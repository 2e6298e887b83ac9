//! `set-aside`: what could not be kept, with its reason; shown, read again, dismissed.

use super::print::{End, count, fail, json, thousands};
use super::waiting::SetAside;
use crate::flow::Caller;
use crate::flow::aside::{AsideHead, AsideList, Sums, head_json, replayed_json, row_json, state_word};
use crate::flow::gateway::Gateway;
use crate::model::time::{Instant, Zone};
use serde_json::json;

/// Who acts, as the audit shows it.
fn caller() -> Caller {
    Caller { actor: "set-aside".into(), purpose: "intake".into() }
}

fn when(at: Instant) -> String {
    Zone::utc().show(at)
}

/// Does what is asked; `since` is the moment of `--since`.
pub async fn run(gateway: &Gateway, asked: &SetAside, since: Option<Instant>) -> End {
    match asked {
        SetAside::List { filter, closed, most, json, .. } => {
            let list = AsideList { closed: *closed, ..filter.asked(since) };
            listed(gateway, list, *most, *json).await
        }
        SetAside::Show { number, json, .. } => show(gateway, *number, *json).await,
        SetAside::Replay { number: Some(number), json, .. } => replayed(gateway, *number, *json).await,
        SetAside::Replay { number: None, filter, json, .. } => {
            match gateway.replay_all(&filter.asked(since), &caller()).await {
                Ok(sums) => summed(&sums, *json),
                Err(refusal) => fail(End::Failed, refusal.words()),
            }
        }
        SetAside::Dismiss { number, .. } => match gateway.dismiss(*number, &caller()).await {
            Ok(true) => End::Done,
            Ok(false) => fail(End::Wrong, format!("{number} is closed already")),
            Err(refusal) => fail(End::Wrong, refusal.words()),
        },
    }
}

async fn listed(gateway: &Gateway, asked: AsideList, most: usize, as_json: bool) -> End {
    // One more than is shown tells that there are more.
    let rows = match gateway.asides(AsideList { count: most.saturating_add(1), ..asked }).await {
        Ok(rows) => rows,
        Err(error) => return fail(End::Failed, error),
    };
    let (shown, more) = (&rows[..rows.len().min(most)], rows.len() > most);
    if as_json {
        json(&json!({ "rows": shown.iter().map(head_json).collect::<Vec<_>>(), "more": more }));
        return End::Done;
    }
    if shown.is_empty() {
        println!("nothing is set aside");
    }
    for row in shown {
        let AsideHead { arrival, at, source, reason, place, bytes, state } = row;
        let bytes = thousands(bytes.unsigned_abs());
        println!("{arrival:>8}  {}  {source}  {place}  {bytes} bytes  {}", when(*at), state_word(*state));
        println!("          {reason}");
    }
    if more {
        println!("and more; --most N shows them, --after NUMBER goes on");
    }
    End::Done
}

async fn show(gateway: &Gateway, number: i64, as_json: bool) -> End {
    let (row, state) = match gateway.aside(number, caller()).await {
        Ok(Some(found)) => found,
        Ok(None) => return fail(End::Wrong, format!("nothing was set aside under the number {number}")),
        Err(error) => return fail(End::Failed, error),
    };
    let (aside, body) = (&row.aside, String::from_utf8_lossy(&row.aside.body));
    if as_json {
        json(&row_json(&row, state));
        return End::Done;
    }
    println!("number  {number}, {}", state_word(state));
    println!("at      {}", when(row.at));
    println!("source  {}", aside.source);
    println!("place   {}", aside.place);
    println!("reason  {}", aside.reason);
    println!("\n{body}");
    End::Done
}

async fn replayed(gateway: &Gateway, number: i64, as_json: bool) -> End {
    let done = match gateway.replay(number, &caller()).await {
        Ok(done) => done,
        Err(refusal) => return fail(End::Wrong, refusal.words()),
    };
    if as_json {
        json(&replayed_json(number, &done));
    } else {
        println!("{number} {}: {}", done.word(), done.kept().or(done.stays()).unwrap_or_default());
    }
    if done.kept().is_some() { End::Done } else { End::Wrong }
}

fn summed(sums: &Sums, as_json: bool) -> End {
    if as_json {
        json(&json!({ "results": sums.words, "reasons": sums.reasons }));
    } else {
        for (word, n) in &sums.words {
            println!("{} {word}", count(*n, "row"));
        }
        for (why, n) in &sums.reasons {
            println!("{:>8}  {why}", thousands(*n));
        }
        if sums.words.is_empty() {
            println!("nothing is set aside that fits");
        }
    }
    if sums.reasons.is_empty() { End::Done } else { End::Wrong }
}
