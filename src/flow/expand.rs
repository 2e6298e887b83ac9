//! The value sets that a definition wants expanded, asked of a terminology server once, so that loading needs none.

use crate::link::Client;
use crate::model::time::Instant;
use crate::trial::value_set::{Expandable, expandable};
use std::path::{Component, Path};

/// What became of one set.
pub struct Expanded {
    /// Its name and file.
    pub set: Expandable,
    /// How many codes, and the text of the file; or why not.
    pub found: Result<(usize, String), String>,
}

/// Asks for every set of that `trial.toml` that says `expand`; `only` names some of them.
pub async fn expand(text: &str, only: &[String], client: &Client, now: Instant) -> Result<Vec<Expanded>, String> {
    let mut all = expandable("trial.toml", text)?;
    if let Some(unknown) = only.iter().find(|name| !all.iter().any(|set| set.name == **name)) {
        let names: Vec<&str> = all.iter().map(|set| set.name.as_str()).collect();
        return Err(format!("no set of [codes] with `expand` is named `{unknown}`; there are: {}", names.join(", ")));
    }
    all.retain(|set| only.is_empty() || only.contains(&set.name));
    let mut done = Vec::new();
    for set in all {
        let found = match is_beside(&set.file) {
            true => client.expand(&set.url, now).await.and_then(|value| {
                let count = value["expansion"]["contains"].as_array().map_or(0, Vec::len);
                let text = serde_json::to_string_pretty(&value).map_err(|e| e.to_string())?;
                Ok((count, text + "\n"))
            }),
            false => Err(format!("the file `{}` is not beside the definition", set.file)),
        };
        done.push(Expanded { set, found });
    }
    Ok(done)
}

/// Whether a path stays in the folder.
fn is_beside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
