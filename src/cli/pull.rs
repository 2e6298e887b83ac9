//! `pull`: one round of polling a source or one export, and what it brought.

use super::args::Pull;
use super::print::{End, fail, json, thousands};
use crate::flow::bulk;
use crate::flow::desk::Desk;
use crate::flow::pull::{By, Feed, round};
use serde_json::json;

/// Pulls and prints; ends with 3 when the round is not whole.
pub async fn run(desk: &Desk, feed: &Feed, args: &Pull) -> End {
    if args.bulk && feed.settings.exports().is_none() {
        let words = format!("the settings have no [sources.{}.pull.bulk]; wanted one, which may be empty", feed.source);
        return fail(End::Usage, words);
    }
    let is_bulk = args.bulk || feed.settings.by == By::Bulk;
    let progress = super::import::spinner(if is_bulk { "exporting" } else { "pulling" });
    let pulled = match is_bulk {
        true => bulk::round(&desk.gateway, feed, args.whole).await,
        false => round(&desk.gateway, feed, args.whole).await,
    };
    progress.finish_and_clear();
    if args.json {
        json(&json!({
            "source": feed.source,
            "pages": pulled.pages,
            "files": pulled.files,
            "kept": pulled.loaded.kept,
            "events": pulled.loaded.events,
            "ignored": pulled.loaded.ignored,
            "set_aside": pulled.loaded.set_aside,
            "deleted": pulled.deleted,
            "problems": pulled.problems,
        }));
    } else {
        match is_bulk {
            true => println!("{} files of {}", thousands(pulled.files), feed.source),
            false => println!("{} pages of {}", thousands(pulled.pages), feed.source),
        }
        for (kind, n) in &pulled.loaded.kept {
            println!("{:>12}  {kind}", thousands(*n));
        }
        for (event, n) in &pulled.loaded.events {
            println!("{:>12}  {event}", thousands(*n));
        }
        for (kind, n) in &pulled.loaded.ignored {
            println!("{:>12}  {kind}: a type that is not kept", thousands(*n));
        }
        for (code, n) in &pulled.loaded.set_aside {
            println!("{:>12}  set aside: {code}", thousands(*n));
        }
        if pulled.deleted > 0 {
            println!("{:>12}  gone at the source, deleted", thousands(pulled.deleted));
        }
        for problem in &pulled.problems {
            eprintln!("trialgate: {problem}");
        }
    }
    if pulled.problems.is_empty() { End::Done } else { End::Failed }
}
