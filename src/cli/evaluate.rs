//! `trial evaluate`: a definition on a case file, a Bundle or NDJSON; nothing is kept.

use super::files;
use super::print::{End, fail, json};
use crate::flow::library;
use crate::flow::profiles::Profiles;
use crate::flow::rehearsal::rehearse::{self, Asked, Evaluated};
use crate::model::terms::TermsBySource;
use crate::model::time::Instant;
use crate::trial::definition::Trial;
use std::path::{Path, PathBuf};

/// What is asked.
pub struct Question<'a> {
    /// Folder of the definition.
    pub dir: &'a Path,
    /// Files.
    pub files: &'a [PathBuf],
    /// The moment, as written.
    pub as_of: Option<&'a str>,
    /// JSON instead of words.
    pub json: bool,
    /// The machine's clock, for a silent `as_of`.
    pub now: Instant,
}

/// Evaluates and prints.
pub fn run(question: &Question<'_>, profiles: Profiles) -> End {
    let (folder, profiles) = match profiles.with_trial(question.dir) {
        Ok(found) => found,
        Err(words) => return fail(End::Failed, words),
    };
    let (terms, mut mistakes) = library::maps(&profiles);
    let (trial, found) = library::definition(&profiles, &folder);
    mistakes.extend(found);
    let Some(trial) = trial.filter(|_| !mistakes.iter().any(|m| m.is_error())) else {
        mistakes.iter().filter(|m| m.is_error()).for_each(|m| eprintln!("{m}\n"));
        return fail(End::Wrong, format!("{} is not taken up; mend the errors above", question.dir.display()));
    };
    match evaluate(question, &trial, &terms) {
        Ok(found) => print(question, found),
        Err(words) => fail(End::Failed, words),
    }
}

fn evaluate(question: &Question<'_>, trial: &Trial, terms: &TermsBySource) -> Result<Vec<Evaluated>, String> {
    let mut bodies = Vec::new();
    let paths = files::expand(question.files).map_err(|e| format!("the files cannot be listed: {e}"))?;
    for path in paths {
        let bytes = files::read_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        bodies.push((path.display().to_string(), files::is_lines(&path), bytes));
    }
    rehearse::evaluate_files(trial, terms, &bodies, &Asked { as_of: question.as_of, now: question.now })
}

fn print(question: &Question<'_>, found: Vec<Evaluated>) -> End {
    let mut wrong = false;
    for one in &found {
        for issue in &one.issues {
            eprintln!("{issue}");
        }
        for difference in &one.differences {
            wrong = true;
            eprintln!("{}: {difference}", one.file);
        }
    }
    if found.is_empty() {
        return fail(End::Wrong, "the files hold no person; wanted a Patient, or resources whose subject is one");
    }
    match &found[..] {
        [one] if question.json => json(&one.json),
        many if question.json => json(&many.iter().map(|e| e.json.clone()).collect()),
        many => many.iter().for_each(|e| println!("{}", e.text)),
    }
    if wrong { End::Wrong } else { End::Done }
}
