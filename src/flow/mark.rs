//! How far a file was read, in the store beside what was read from it: a reader that was killed goes on there.

use super::answer::Refusal;
use super::gateway::{Gateway, Source};
use super::lines::{CHUNK, Loaded};
use crate::model::time::Instant;
use crate::store::contract::Import;
use crate::store::{AsideOf, CursorOf, ImportMarked, SaveCursor};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

/// Where a reader stands in a file.
#[derive(Debug, Clone)]
pub struct Mark {
    name: String,
    /// What is written down.
    pub stands: Stands,
    /// Places that were set aside after the last commit that moved the mark.
    aside: HashSet<String>,
}

/// What a mark writes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// Of which content: another one is read from its start.
    identity: String,
    /// When its reading began, in microseconds since 1970.
    began: i64,
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
    /// `prefix` is how the places of its lines begin.
    pub async fn find(
        gateway: &Gateway,
        source: &Source,
        (name, identity): (String, String),
        prefix: &str,
        again: bool,
    ) -> Result<Self, Refusal> {
        let value = gateway.store.read(CursorOf { name: name.clone() }).await?;
        let left = value.and_then(|json| serde_json::from_str::<Stands>(&json).ok());
        let Some(stands) = left.filter(|left| !again && left.identity == identity) else {
            let stands = Stands {
                identity,
                began: gateway.now().0,
                file: 0,
                lines: 0,
                filled: 0,
                bytes: 0,
                done: false,
                loaded: Loaded::default(),
            };
            let mark = Self { name, stands, aside: HashSet::new() };
            // Written at once, so that the moment of its beginning holds for whoever goes on.
            mark.save(gateway).await?;
            return Ok(mark);
        };
        let mut mark = Self { name, stands, aside: HashSet::new() };
        if !mark.stands.done {
            let since = Instant(mark.stands.began);
            let asked = AsideOf { source: source.name.to_string(), prefix: prefix.into(), since, count: CHUNK };
            mark.aside = gateway.store.read(asked).await?.into_iter().collect();
        }
        Ok(mark)
    }

    /// Whether a line had been set aside before its reader was killed.
    pub(super) fn is_aside(&self, place: &str) -> bool {
        self.aside.contains(place)
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
