//! `explain`: one person's verdict in words.

use super::print::{End, fail, json};
use crate::flow::desk::Desk;
use crate::flow::explain::{Asked, ExplainError, explain};

/// Prints it.
pub async fn run(desk: &Desk, asked: &Asked<'_>, as_json: bool) -> End {
    match explain(desk, asked).await {
        Ok(found) if as_json => json(&found.json),
        Ok(found) => println!("{}", found.text),
        Err(ExplainError::NotFound(words)) => return fail(End::Wrong, words),
        Err(ExplainError::Store(error)) => return fail(End::Failed, error),
    }
    End::Done
}
