//! `trial check`: a definition's files, and its own cases.

use super::print::{End, fail, json};
use crate::flow::library;
use crate::flow::profiles::Profiles;
use crate::flow::rehearsal::cases::{self, CaseResult};
use crate::trial::{Mistake, Severity, unmapped};
use serde_json::json;
use std::path::Path;

/// Checks the definition in `dir` with the maps of `profiles` and runs its cases.
pub fn run(dir: &Path, profiles: Profiles, as_json: bool) -> End {
    let (folder, profiles) = match profiles.with_trial(dir) {
        Ok(found) => found,
        Err(words) => return fail(End::Failed, words),
    };
    let (terms, mut mistakes) = library::maps(&profiles);
    let (trial, found) = library::definition(&profiles, &folder);
    mistakes.extend(found);
    let results = trial.as_ref().map_or_else(Vec::new, |trial| cases::run_all(trial, &terms, &profiles.below(&folder)));
    let wrong =
        mistakes.iter().any(|m| m.is_error()) || trial.is_none() || results.iter().any(|r| !r.differences.is_empty());
    if let Some(trial) = &trial {
        let warning = |text| Mistake::at(Severity::Warning, &format!("{folder}/trial.toml"), "", 0..0, text);
        mistakes.extend(unmapped(trial, &terms).into_iter().map(warning));
    }
    if as_json {
        print_json(&mistakes, &results, wrong);
        return if wrong { End::Wrong } else { End::Done };
    }
    for mistake in &mistakes {
        println!("{mistake}\n");
    }
    let passed = results.iter().filter(|r| r.differences.is_empty()).count();
    for result in results.iter().filter(|r| !r.differences.is_empty()) {
        println!("{}: {}", result.file, result.title);
        for difference in &result.differences {
            println!("    {difference}");
        }
    }
    match &trial {
        Some(trial) => println!(
            "{} version {}: {} criteria, {} variables, {} readings; {} of {} cases as expected",
            trial.id,
            trial.version,
            trial.criteria.len(),
            trial.variables.len(),
            trial.readings.len(),
            passed,
            results.len()
        ),
        None => println!("{}: not taken up; mend the errors above", dir.display()),
    }
    if wrong { End::Wrong } else { End::Done }
}

fn print_json(mistakes: &[crate::trial::mistake::Mistake], results: &[CaseResult], wrong: bool) {
    let mistakes: Vec<_> = mistakes
        .iter()
        .map(|m| {
            json!({ "severity": if m.is_error() { "error" } else { "warning" }, "file": m.file, "line": m.line,
                    "column": m.column, "message": m.message, "help": m.help })
        })
        .collect();
    let cases: Vec<_> =
        results.iter().map(|r| json!({ "file": r.file, "title": r.title, "differences": r.differences })).collect();
    json(&json!({ "ok": !wrong, "mistakes": mistakes, "cases": cases }));
}
