//! A definition's files become a checked definition, or mistakes with their places; never half of one.

use super::definition::Trial;
use super::document::Document;
use super::formulas::Formulas;
use super::mistake::Severity;
use super::systems::{CodeReader, systems};
use super::{schema, sections, variables};
use std::collections::BTreeMap;

pub use super::mistake::Mistake;

/// The files of one definition.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// The folder as it is shown in mistakes.
    pub folder: &'a str,
    /// Files by their path inside the folder; `trial.toml` is the definition.
    pub files: &'a [(String, String)],
    /// The text of `systems.toml`.
    pub systems: &'a str,
}

/// Reads and checks a definition. `None` when there is any error; every mistake is told, not the first.
pub fn load(files: &Files<'_>) -> (Option<Trial>, Vec<Mistake>) {
    let shown = format!("{}/trial.toml", files.folder);
    let Some((_, text)) = files.files.iter().find(|(path, _)| path == "trial.toml") else {
        let none = Mistake::at(Severity::Error, &shown, "", 0..0, "the folder holds no trial.toml");
        return (None, vec![none]);
    };
    let (document, mut mistakes) = Document::read(&shown, text);
    if !mistakes.is_empty() {
        return (None, mistakes);
    }
    mistakes.extend(schema::shape(&document));
    let (known, found) = systems("terms/systems.toml", files.systems);
    mistakes.extend(found);
    let mut codes = CodeReader { systems: &known, named: BTreeMap::new(), mistakes: Vec::new() };
    codes.named_sets(&document.root());
    let drafts = variables::read(&document, &mut codes, &mut mistakes);
    mistakes.append(&mut codes.mistakes);
    let mut formulas = Formulas::new(&document, &drafts, &mut mistakes);
    let variables = variables::build(drafts, &mut formulas);
    let trial = sections::build(&document, &mut codes, &mut formulas, variables, digest(files));
    mistakes.append(&mut codes.mistakes);
    mistakes.append(&mut formulas.mistakes);
    mistakes.sort_by_key(|m| (m.line, m.column));
    mistakes.dedup();
    let refused = mistakes.iter().any(Mistake::is_error);
    (trial.filter(|_| !refused), mistakes)
}

/// SHA-256 over the definition's own files; its cases say how it should behave, not what it is.
fn digest(files: &Files<'_>) -> [u8; 32] {
    let own = files.files.iter().filter(|(path, _)| !path.starts_with("cases/"));
    let words: Vec<&str> = own.flat_map(|(path, text)| [path.as_str(), text.as_str()]).collect();
    crate::model::key::digest_words(&words)
}
