//! How far a file was read, in the store beside what was read from it: a reader that was killed goes on there.

use super::answer::Refusal;
use super::gateway::Gateway;
use super::lines::Loaded;
use crate::model::time::Instant;
use crate::store::contract::Import;
use crate::store::{CursorOf, ImportMarked, SaveCursor};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a reader stands in a file.
#[derive(Debug, Clone)]
pub struct Mark {
    name: String,
    /// What is written down.
    pub stands: Stands,
}

/// What a mark writes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// Of which content: another one is read from its start.
    identity: String,
    /// Of several files that are read one after the other: how many were read whole.
    #[serde(default)]
    pub file: u64,
    /// Lines that were read.
    pub lines: u64,
    /// Of these, lines that held something.
    pub filled: u64,
    /// Bytes that were read, unpacked.
    pub bytes: u64,
    /// All of it was read.
    pub done: bool,
    /// What became of the lines.
    pub loaded: Loaded,
}

impl Mark {
    /// The mark of that name and content as it was left; at the start where there is none, or where `again` says so.
    pub async fn find(gateway: &Gateway, (name, identity): (String, String), again: bool) -> Result<Self, Refusal> {
        let value = gateway.store.read(CursorOf { name: name.clone() }).await?;
        let left = value.and_then(|json| serde_json::from_str::<Stands>(&json).ok());
        if let Some(stands) = left.filter(|left| !again && left.identity == identity) {
            return Ok(Self { name, stands });
        }
        let (file, lines, filled, bytes, done, loaded) = (0, 0, 0, 0, false, Loaded::default());
        let mark = Self { name, stands: Stands { identity, file, lines, filled, bytes, done, loaded } };
        // Written at once: what is to be read again is, though its reader be killed.
        mark.save(gateway).await?;
        Ok(mark)
    }

    /// Keeps resources and the mark in one commit; `loaded` is what became of the other lines so far.
    pub(super) fn with(&self, import: Arc<Import>, loaded: &Loaded, at: Instant) -> ImportMarked {
        let (name, before) = (self.name.clone(), Stands { loaded: loaded.clone(), ..self.stands.clone() });
        let kinds: Vec<&'static str> = import.entries.iter().map(|e| e.draft.resource_type.name()).collect();
        let cursor = Arc::new(move |kept: &[crate::store::contract::Kept]| {
            let mut stands = before.clone();
            kinds.iter().zip(kept).for_each(|(kind, kept)| stands.loaded.kept(kind, kept.event));
            SaveCursor { name: name.clone(), value: json(&stands), at }
        });
        ImportMarked { import, cursor }
    }

    /// Keeps the mark as it stands.
    pub async fn save(&self, gateway: &Gateway) -> Result<(), Refusal> {
        let save = SaveCursor { name: self.name.clone(), value: json(&self.stands), at: gateway.now() };
        Ok(gateway.store.write(save).await?)
    }
}

fn json(stands: &Stands) -> String {
    serde_json::to_string(stands).unwrap_or_default()
}
