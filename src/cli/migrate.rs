//! `migrate --from … --to …`: a store moved to another database, and the proof that both hold the same.

use super::print::{End, json, thousands};
use crate::flow::{Progress, TableProof};
use crate::model::key::hex;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Digits of a digest that are shown to people; machines get all.
const DIGITS: usize = 16;

/// A bar with rate and time left; it draws only where somebody looks.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("{msg:<24} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Moves the bar.
pub fn show(bar: &ProgressBar, progress: Progress<'_>) {
    if bar.length() != Some(progress.total) || progress.done < bar.position() {
        bar.reset();
        bar.set_length(progress.total);
    }
    let word = if progress.comparing { "comparing" } else { "copying" };
    bar.set_message(format!("{word} {}", progress.table));
    bar.set_position(progress.done);
}

/// Prints what was compared; a difference is an error.
pub fn proof(proofs: &[TableProof], as_json: bool) -> End {
    let equal = proofs.iter().all(TableProof::is_equal);
    if as_json {
        let end = |content: &crate::flow::Content| json!({ "rows": content.rows, "digest": hex(&content.digest) });
        let table =
            |p: &TableProof| json!({ "table": p.table, "equal": p.is_equal(), "from": end(&p.from), "to": end(&p.to) });
        json(&json!({ "equal": equal, "tables": proofs.iter().map(table).collect::<Vec<_>>() }));
    } else {
        for p in proofs {
            let digest = |digest: &[u8; 32]| hex(digest)[..DIGITS].to_owned();
            let (rows, word) = (thousands(p.from.rows), digest(&p.from.digest));
            if p.is_equal() {
                println!("{:<14} {rows:>14} rows  {word}  equal", p.table);
            } else {
                let (rows_to, word_to) = (thousands(p.to.rows), digest(&p.to.digest));
                println!("{:<14} {rows:>14} rows  {word}  DIFFERS: {rows_to} rows  {word_to}", p.table);
            }
        }
        let rows = thousands(proofs.iter().map(|p| p.from.rows).sum());
        println!(
            "{}",
            if equal {
                format!("both ends hold the same {rows} rows")
            } else {
                "THE ENDS DIFFER: was one written meanwhile? Stop whoever writes, empty the target, and move again"
                    .into()
            }
        );
    }
    if equal { End::Done } else { End::Wrong }
}
