//! `audit verify`: walks every chain and says what does not fit.

use super::args::Place;
use super::print::{End, fail, json, thousands};
use crate::flow::Store;
use clap::Subcommand;
use serde_json::json;

/// `trialgate audit …`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walks every chain and says what does not fit.
    Verify {
        /// Prints the report as JSON.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

/// Verifies and prints.
pub async fn verify(store: &Store, as_json: bool) -> End {
    let report = match store.audit_verify().await {
        Ok(report) => report,
        Err(error) => return fail(End::Failed, error),
    };
    let whole = report.broken.is_empty();
    if as_json {
        json(&json!({ "whole": whole, "rows": report.rows, "lanes": report.lanes, "redacted": report.redacted,
                      "redactions": report.redactions, "broken": report.broken }));
    } else {
        let word = if whole { "chain whole" } else { "CHAIN BROKEN" };
        let redacted = format!("{} redacted under {} redactions", report.redacted, report.redactions);
        println!("{word}: {} rows in {} lanes, {redacted}", thousands(report.rows), report.lanes);
        report.broken.iter().for_each(|place| println!("  {place}"));
    }
    if whole { End::Done } else { End::Wrong }
}
