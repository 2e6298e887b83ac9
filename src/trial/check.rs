//! A definition's folder, with the digest of what it says.

use super::definition::Trial;
use super::load::{self, load as load_files};
use super::mistake::Severity;
use super::systems::systems;

pub use super::mistake::Mistake;

/// The files of one definition.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// The folder as it is shown in mistakes.
    pub folder: &'a str,
    /// Files by their path inside the folder; `trial.toml` is the definition, `../instruments/` holds the instruments.
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
    let (known, mut mistakes) = systems("terms/systems.toml", files.systems);
    let others = files.files.iter().filter(|(path, _)| path != "trial.toml" && !path.starts_with("cases/"));
    let (trial, found) = load_files(&load::Files {
        trial_toml: text.clone(),
        name: shown,
        others: others.cloned().collect(),
        systems: known,
    });
    mistakes.extend(found);
    let refused = mistakes.iter().any(Mistake::is_error);
    (trial.filter(|_| !refused).map(|trial| Trial { digest: digest(files, &trial.leans_on), ..trial }), mistakes)
}

/// SHA-256 over the definition's own files, and those of the profiles on which it leans; its cases say how it should
/// behave, not what it is.
fn digest(files: &Files<'_>, leans_on: &[(String, String)]) -> [u8; 32] {
    let is_own = |path: &String| !path.starts_with("cases/") && !path.starts_with("../");
    let own = files.files.iter().filter(|(path, _)| is_own(path));
    let own = own.chain(leans_on.iter().filter(|(path, _)| path.starts_with("../")));
    let words: Vec<&str> = own.flat_map(|(path, text)| [path.as_str(), text.as_str()]).collect();
    crate::model::key::digest_words(&words)
}

impl Trial {
    /// How many questions the text leaves open: readings, and words that are on purpose no criterion.
    pub fn open_questions(&self) -> usize {
        self.readings.len() + self.notes.len()
    }
}
