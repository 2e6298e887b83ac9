//! Taking up definitions and maps: what is new marks whom it concerns, then is kept by version.

use super::desk::{Desk, GATEWAY};
use super::library;
use super::maps;
use super::profiles::Profiles;
use crate::store::*;

/// Persons marked in one commit.
const CHUNK: usize = 500;

/// Compares what is in force with what the store has; marks first and keeps then, so that a crash between only marks twice.
pub async fn take_up(desk: &Desk, profiles: &Profiles) -> Result<(), StoreError> {
    let library = desk.library();
    let known = desk.store().read(DefinitionsActive {}).await?;
    let held = desk.store().read(ActiveTerms {}).await?;
    let held = held.into_iter().find(|m| m.source == GATEWAY);
    let fresh = |digest: &[u8; 32]| !known.iter().any(|d| d.digest == *digest);
    let new_maps = held.as_ref().is_none_or(|m| m.digest != library.terms_digest);
    if library.trials.iter().any(|a| fresh(&a.trial.digest)) {
        mark_all(desk).await?;
    } else if new_maps {
        mark_for_maps(desk, held.as_ref()).await?;
    }
    for active in library.trials.iter().filter(|a| fresh(&a.trial.digest)) {
        let folder = format!("trials/{}", active.trial.id);
        let own = profiles.below(&folder);
        let beside = active.files.iter().filter(|(path, _)| path.starts_with("../")).cloned();
        let files = own.into_iter().chain(beside).map(|(path, text)| (path, text.into_bytes())).collect();
        let save = SaveDefinition {
            trial: active.trial.id.clone(),
            version: active.trial.version,
            digest: active.trial.digest,
            files,
            caller: caller(),
            at: desk.now(),
        };
        desk.store().write(save).await?;
        tracing::info!(trial = %active.trial.id, version = active.trial.version, "definition taken up");
    }
    if new_maps {
        let profiles = maps::with_held(desk.store(), profiles).await?;
        let files: maps::MapFiles = profiles.below("terms").into_iter().collect();
        let save = SaveTerms {
            source: GATEWAY.into(),
            digest: library.terms_digest,
            body: serde_json::to_vec(&files).unwrap_or_default(),
            caller: caller(),
            at: desk.now(),
        };
        desk.store().write(save).await?;
    }
    Ok(())
}

/// Marks whom the maps that are new concern; everybody, where those before cannot be compared.
async fn mark_for_maps(desk: &Desk, held: Option<&TermsRow>) -> Result<(), StoreError> {
    let before: Option<maps::MapFiles> = held.and_then(|row| serde_json::from_slice(&row.body).ok());
    let Some(before) = before else {
        return mark_all(desk).await.map(drop);
    };
    let files = before.into_iter().map(|(path, text)| (format!("terms/{path}"), text)).collect();
    let (before, _) = library::maps(&Profiles(files));
    let after = &desk.library().terms;
    let changes = maps::changes(&before, after);
    let persons = maps::mark(desk, after, &changes).await?;
    tracing::info!(changes = changes.len(), persons, "maps taken up");
    Ok(())
}

/// Marks everybody; how many that are.
pub(super) async fn mark_all(desk: &Desk) -> Result<usize, StoreError> {
    let (mut after, mut marked) = (None, 0);
    loop {
        let (last, n) = desk.store().write(MarkPersons { after, count: CHUNK, at: desk.now() }).await?;
        marked += n;
        if last.is_none() {
            return Ok(marked);
        }
        after = last;
    }
}

fn caller() -> Caller {
    Caller { actor: "gateway".into(), purpose: "take up".into() }
}
