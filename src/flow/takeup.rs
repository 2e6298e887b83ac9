//! Taking up definitions and maps: what is new marks every person, then is kept by version.

use super::desk::Desk;
use super::profiles::Profiles;
use crate::store::*;

/// Persons marked in one commit.
const CHUNK: usize = 500;

/// Compares what is in force with what the store has; marks first and keeps then, so that a crash between only marks twice.
pub async fn take_up(desk: &Desk, profiles: &Profiles) -> Result<(), StoreError> {
    let library = desk.library();
    let known = desk.store().read(DefinitionsActive {}).await?;
    let maps = desk.store().read(ActiveTerms {}).await?;
    let fresh = |digest: &[u8; 32]| !known.iter().any(|d| d.digest == *digest);
    let new_maps = !maps.iter().any(|m| m.digest == library.terms_digest);
    if new_maps || library.trials.iter().any(|a| fresh(&a.trial.digest)) {
        mark_all(desk).await?;
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
        let body =
            profiles.below("terms").into_iter().flat_map(|(path, text)| [path, text]).collect::<Vec<_>>().join("\n");
        let save = SaveTerms {
            source: super::desk::GATEWAY.into(),
            digest: library.terms_digest,
            body: body.into_bytes(),
            caller: caller(),
            at: desk.now(),
        };
        desk.store().write(save).await?;
    }
    Ok(())
}

pub(super) async fn mark_all(desk: &Desk) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let last = desk.store().write(MarkPersons { after, count: CHUNK, at: desk.now() }).await?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
    }
}

fn caller() -> Caller {
    Caller { actor: "gateway".into(), purpose: "take up".into() }
}
