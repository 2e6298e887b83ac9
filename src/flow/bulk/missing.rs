//! What an export of everything did not hold: asked for by its id, and deleted only when it is gone.
//!
//! That something is missing says little by itself: its Patient may have left the Group, or the server may not export
//! the type. So each is read, and a 404 counts only where the server shows what it did export of that type.

use super::round::Export;
use crate::flow::pull::{Ask, Halt, Pulled};
use crate::model::draft::ResourceType;
use crate::model::key::digest_words;
use crate::store::Walk;
use crate::store::contract::Narrow;
use std::collections::{BTreeMap, HashSet};

/// Most resources of which an export remembers that it held them, by eight bytes each.
pub const MET_MAX: usize = 20_000_000;

/// What an export held.
#[derive(Debug, Default)]
pub(super) struct Held {
    digests: HashSet<u64>,
    /// One id of each type.
    one: BTreeMap<String, String>,
    /// There were more than are remembered, or a file could not be read: nothing is said of what is missing.
    pub(super) is_part: bool,
}

impl Held {
    /// Notes a line.
    pub(super) fn note(&mut self, line: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Face {
            #[serde(rename = "resourceType")]
            kind: String,
            id: String,
        }
        let Ok(face) = serde_json::from_slice::<Face>(line) else { return };
        self.is_part |= self.digests.len() >= MET_MAX;
        if !self.is_part {
            self.digests.insert(digest(&face.kind, &face.id));
        }
        self.one.entry(face.kind).or_insert(face.id);
    }

    fn has(&self, kind: &str, id: &str) -> bool {
        self.digests.contains(&digest(kind, id))
    }
}

fn digest(kind: &str, id: &str) -> u64 {
    let all = digest_words(&[kind, id]);
    u64::from_be_bytes(all[..8].try_into().unwrap_or_default())
}

impl Export<'_> {
    pub(super) async fn forget_missing(&self, held: &Held, pulled: &mut Pulled) -> Result<(), Halt> {
        if held.is_part {
            let words = "not all of the export is remembered: what is missing in it was neither asked for nor deleted";
            pulled.problem(words.into());
            return Ok(());
        }
        for kind in self.feed.settings.types() {
            let name = kind.name();
            if !self.is_any_missing(kind, held).await? {
                continue;
            }
            let Some(shown) = held.one.get(name) else {
                let words = format!("{name}: none in the export; what is kept of it was neither asked for nor deleted");
                pulled.problem(words);
                continue;
            };
            let answer = self.feed.patiently(self.gateway, Ask::Read(&[name, shown])).await?;
            if answer.is_gone() {
                let words = format!("{name}: the server does not show by its id what it exported; nothing was deleted");
                pulled.problem(words);
                continue;
            }
            let is_met = |id: &str| held.has(name, id);
            self.feed.forget(self.gateway, self.source, (kind, None), &is_met, pulled).await?;
        }
        Ok(())
    }

    async fn is_any_missing(&self, kind: ResourceType, held: &Held) -> Result<bool, Halt> {
        let mut walk = Walk::through(Narrow::nothing(&self.source.name, kind), 500);
        loop {
            let walked = self.gateway.store.read(walk.clone()).await.map_err(|e| Halt::new(e.to_string()))?;
            if walked.resources.iter().any(|kept| !held.has(kind.name(), &kept.id)) {
                return Ok(true);
            }
            let Some(next) = walked.next else { return Ok(false) };
            (walk.after, walk.seen) = (Some(next), Some(walked.seen));
        }
    }
}
