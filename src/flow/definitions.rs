//! Definitions that a store holds: loading a new version, and taking up what another process loaded.

use super::desk::Desk;
use super::library::{self, Active, Library};
use super::maps;
use super::profiles::Profiles;
use super::takeup;
use crate::store::*;
use crate::trial::check::{self, Files, Mistake};
use crate::trial::definition::Trial;
use std::sync::Arc;
use std::time::Duration;

/// How long until a running gateway sees what another process loaded.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What became of a definition that was to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// It is in force; the version before it, if there was one.
    InForce(Option<u32>),
    /// It was in force already; everybody is looked at again.
    Already,
    /// It may not follow what the store holds: why.
    Refused(String),
}

/// Loads a checked definition as the one in force, and marks everybody. Those who are enrolled stay with theirs.
pub async fn load(
    desk: &Desk,
    trial: &Trial,
    files: Vec<(String, String)>,
    caller: Caller,
) -> Result<Loaded, StoreError> {
    let held = desk.store().read(DefinitionsHeld {}).await?;
    let mut of_trial = held.iter().filter(|d| d.trial == trial.id);
    let active = of_trial.clone().find(|d| d.active);
    if active.is_some_and(|d| d.digest == trial.digest) {
        takeup::mark_all(desk).await?;
        return Ok(Loaded::Already);
    }
    if let Some(same) = of_trial.find(|d| d.version >= trial.version) {
        let newest = held.iter().filter(|d| d.trial == trial.id).map(|d| d.version).max().unwrap_or(same.version);
        let why = if same.version == trial.version && newest == trial.version {
            format!(
                "version {} of {} is loaded with another text; an amendment has a version of its own: set `version = {}`",
                trial.version,
                trial.id,
                newest + 1
            )
        } else {
            format!(
                "{} version {} is not higher than version {newest}, which this store has held; set `version = {}`",
                trial.id,
                trial.version,
                newest + 1
            )
        };
        return Ok(Loaded::Refused(why));
    }
    let save = SaveDefinition {
        trial: trial.id.clone(),
        version: trial.version,
        digest: trial.digest,
        files: files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect(),
        caller,
        at: desk.now(),
    };
    let before = active.map(|d| d.version);
    // Marked before too, so that a crash between only marks twice: a gateway that starts again finds it in force.
    takeup::mark_all(desk).await?;
    desk.store().write(save).await?;
    takeup::mark_all(desk).await?;
    Ok(Loaded::InForce(before))
}

/// A library with what a store holds laid over it: a definition in force there is in force here unless the profiles have
/// a higher version or the same one; earlier ones are kept at hand, for the enrolled and for kept evidence.
pub async fn overlaid(store: &Store, profiles: &Profiles, mut library: Library) -> Result<Library, StoreError> {
    let held = store.read(DefinitionsHeld {}).await?;
    let loaded = maps::digests(store).await?;
    if loaded != library.loaded_maps {
        library = Library::load(&maps::with_held(store, profiles).await?).map_err(|mistakes| {
            let words: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
            StoreError::Corrupt(format!(
                "the maps of this store are not understood by this program:\n{}",
                words.join("\n")
            ))
        })?;
        library.loaded_maps = loaded;
    }
    for row in &held {
        let known = library.trials.iter().position(|a| a.trial.id == row.trial);
        let here = known.map(|at| (library.trials[at].trial.version, library.trials[at].trial.digest));
        if here.is_some_and(|(_, digest)| digest == row.digest) {
            continue;
        }
        let in_force = row.active && here.is_none_or(|(version, _)| row.version > version);
        let (active, mistakes) = of_row(profiles, &library, row);
        match (active, known) {
            (Some(active), Some(at)) if in_force => {
                library.earlier.push(std::mem::replace(&mut library.trials[at], active))
            }
            (Some(active), None) if in_force => library.trials.push(active),
            (Some(active), _) => library.earlier.push(active),
            (None, _) if in_force => {
                let words: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
                let words = words.join("\n");
                return Err(StoreError::Corrupt(format!(
                    "{} version {} is in force in this store and not understood by this program:\n{words}",
                    row.trial, row.version
                )));
            }
            // One that nobody may lean on any more; whoever does is told when it is asked for.
            (None, _) => {
                tracing::warn!(trial = %row.trial, version = row.version, "an earlier definition is not understood")
            }
        }
    }
    library.trials.sort_by(|a, b| a.trial.id.cmp(&b.trial.id));
    Ok(library)
}

fn of_row(profiles: &Profiles, library: &Library, row: &DefinitionRow) -> (Option<Active>, Vec<Mistake>) {
    let systems = profiles.0.get("terms/systems.toml").map_or("", String::as_str);
    let text = |(path, bytes): &(String, Vec<u8>)| (path.clone(), String::from_utf8_lossy(bytes).into_owned());
    let files: Vec<(String, String)> = row.files.iter().map(text).collect();
    let folder = format!("{} version {}", row.trial, row.version);
    let (trial, mistakes) = check::load(&Files { folder: &folder, files: &files, systems });
    // Its name is what was kept, whatever an older program took the digest over.
    let trial = trial.map(|trial| Trial { digest: row.digest, ..trial });
    let active = trial.map(|trial| {
        let files = library::defining(&files, &trial);
        Active::new(trial, &library.terms, files)
    });
    (active, mistakes)
}

/// A definition by its trial and version from what a store holds, with its files.
pub async fn held(
    store: &Store,
    profiles: &Profiles,
    library: &Library,
    trial: &str,
    version: u32,
) -> Result<Option<Active>, StoreError> {
    let held = store.read(DefinitionsHeld {}).await?;
    let row = held.iter().rfind(|d| d.trial == trial && d.version == version);
    Ok(row.and_then(|row| of_row(profiles, library, row).0))
}

/// Takes up what another process loaded since; whether there was anything.
pub async fn notice(desk: &Desk, profiles: &Profiles) -> Result<bool, StoreError> {
    let library = desk.library();
    let active = desk.store().read(DefinitionsActive {}).await?;
    let newer = |row: &DefinitionRow| {
        library.trial(&row.trial).is_none_or(|a| row.digest != a.trial.digest && row.version > a.trial.version)
    };
    let new_definition = active.iter().any(newer);
    if !new_definition && !maps::moved(desk.store(), &library).await? {
        return Ok(false);
    }
    let fresh = Library::load(profiles).map_err(|_| StoreError::Corrupt("the profiles cannot be read again".into()))?;
    let fresh = overlaid(desk.store(), profiles, fresh).await?;
    for active in &fresh.trials {
        let known = library.trial(&active.trial.id).is_some_and(|a| a.trial.digest == active.trial.digest);
        if !known {
            tracing::info!(trial = %active.trial.id, version = active.trial.version, "definition taken up");
        }
    }
    let changes = maps::changes(&library.terms, &fresh.terms);
    desk.take(Arc::new(fresh));
    // Whom this process assessed since the other one marked them was judged by the definition and maps before.
    if new_definition {
        takeup::mark_all(desk).await?;
    } else {
        maps::mark(desk, &desk.library().terms, &changes).await?;
    }
    Ok(true)
}

/// Looks for what other processes load, until `stop` says so.
pub async fn watch(desk: &Desk, profiles: &Profiles, mut stop: tokio::sync::watch::Receiver<bool>) {
    while !*stop.borrow() {
        let _ = tokio::time::timeout(LOOK_EVERY, stop.changed()).await;
        if let Err(error) = notice(desk, profiles).await {
            tracing::error!(%error, "a definition that was loaded could not be taken up; trying again");
        }
    }
}
