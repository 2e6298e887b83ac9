//! `trial expand`: value sets of a definition from a terminology server into files beside it.

use super::print::{End, fail};
use crate::flow::expand::Expanded;
use std::path::Path;

/// The text of the definition.
pub fn definition(dir: &Path) -> Result<String, String> {
    let path = dir.join("trial.toml");
    std::fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

/// Writes what was found, and says what was not. A set that failed leaves its file as it is.
pub fn run(dir: &Path, done: Vec<Expanded>) -> End {
    if done.is_empty() {
        println!("no set of [codes] says `expand`; there is nothing to ask for");
    }
    let mut end = End::Done;
    for one in done {
        let (name, path) = (&one.set.name, dir.join(&one.set.file));
        match one.found.and_then(|(count, text)| write(&path, &text).map(|()| count)) {
            Ok(count) => println!("{name}: {count} codes of {} in {}", one.set.url, path.display()),
            Err(words) => end = fail(End::Failed, format!("{name}: {words}")),
        }
    }
    end
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let fault = |e: std::io::Error| format!("{} cannot be written: {e}", path.display());
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(fault)?;
    // Whole or not at all: a definition may be loaded at any moment.
    let beside = path.with_extension("json.new");
    std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path)).map_err(fault)
}
