//! `trial cql`: a definition as a CQL library.

use super::print::{End, fail, json};
use crate::flow::library;
use crate::flow::profiles::Profiles;
use crate::trial::cql;
use serde_json::json;
use std::path::Path;

/// Prints the library of the definition in `dir`; what CQL cannot say goes to stderr, or with `--json` beside it.
pub fn run(dir: &Path, profiles: Profiles, as_json: bool) -> End {
    let (folder, profiles) = match profiles.with_trial(dir) {
        Ok(found) => found,
        Err(words) => return fail(End::Failed, words),
    };
    let (trial, mistakes) = library::definition(&profiles, &folder);
    let errors: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
    let Some(trial) = trial.filter(|_| errors.is_empty()) else {
        return fail(End::Wrong, format!("the definition is not taken up:\n{}", errors.join("\n")));
    };
    let written = cql::write(&trial);
    if as_json {
        let unsaid: Vec<_> = written
            .unsaid
            .iter()
            .map(|u| json!({ "name": u.name, "expression": u.expression, "why": u.why }))
            .collect();
        json(&json!({ "library": written.text, "unsaid": unsaid }));
        return End::Done;
    }
    print!("{}", written.text);
    for unsaid in &written.unsaid {
        eprintln!("null in CQL: {}: {} ({})", unsaid.name, unsaid.expression, unsaid.why);
    }
    End::Done
}
