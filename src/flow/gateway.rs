//! What every walk through the corridor needs: the store, the sources, the clock.

use super::answer::Refusal;
use super::hl7v2::{Dialect, Tally};
use super::seam;
use super::served::Served;
use crate::model::draft::ResourceType;
use crate::model::key::{Item, hex};
use crate::model::time::{Instant, Zone};
use crate::store::contract::{Caller, Stored};
use crate::store::{AuditNote, Store};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};

/// The source whose base is `/fhir` itself, and which also shows what the gateway owns.
pub const MAIN: &str = "main";

/// Where data comes from. Ids belong to a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name: lower-case letters, digits and `-`, beginning with a letter.
    pub name: Arc<str>,
    /// The zone in which its dates without a time are days.
    pub zone: Zone,
    /// By HTTP, resources of a type that is not kept are passed over instead of refused.
    pub ignore_unkept: bool,
    /// Systems of the identifiers by which its persons are known in other sources too; none: each record stands alone.
    pub known_by: Vec<String>,
    /// How its messages of HL7 v2 are written.
    pub dialect: Arc<Dialect>,
    /// After so many whole days on which something was expected and nothing came it is silent.
    pub silent_after_days: u32,
}

impl Source {
    /// A source with the rules that hold when nothing else is set.
    pub fn new(name: &str, zone: Zone) -> Self {
        let (known_by, dialect) = (Vec::new(), Arc::default());
        Self { name: name.into(), zone, ignore_unkept: false, known_by, dialect, silent_after_days: 1 }
    }
}

/// "Now", injected: only the program's clock and tests make one.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What a gateway is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The sources; [`MAIN`] should be one of them.
    pub sources: Vec<Source>,
    /// Now.
    pub clock: Clock,
    /// Seals the places of walks; the same in every process that serves one store.
    pub cursor_key: [u8; 32],
    /// The base URL under which FHIR is reached, without a slash at its end, such as `https://gateway.example/fhir`.
    pub base: String,
}

/// The corridor's state; one per process, shared.
pub struct Gateway {
    pub(crate) store: Store,
    pub(crate) sources: BTreeMap<Arc<str>, Source>,
    pub(crate) clock: Clock,
    pub(crate) cursor_key: [u8; 32],
    pub(crate) base: String,
    /// What became of messages.
    pub messages: Tally,
    /// What projections are made from.
    pub(crate) projected: RwLock<Arc<super::projections::shelf::Projected>>,
    /// Which feeds are silent, as of a moment ago.
    pub(crate) watch: super::feeds::Watch,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("sources", &self.sources.keys()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// A gateway of these parts, with no definition loaded.
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            sources: parts.sources.into_iter().map(|s| (s.name.clone(), s)).collect(),
            clock: parts.clock,
            cursor_key: parts.cursor_key,
            base: parts.base,
            messages: Tally::default(),
            projected: RwLock::default(),
            watch: super::feeds::Watch::default(),
        }
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
    }

    /// The base URL of a source's resources, without a slash at its end.
    pub fn base_of(&self, source: &Source) -> String {
        if &*source.name == MAIN { self.base.clone() } else { format!("{}/{}", self.base, source.name) }
    }

    /// The current version of a resource: 404 when there is none, 410 when it is deleted.
    pub async fn read(&self, source: &Source, resource_type: ResourceType, id: &str) -> Result<Stored, Refusal> {
        match seam::read(&self.store, &source.name, resource_type, id).await? {
            Some(stored) if !stored.deleted => Ok(stored),
            other => Err(super::search::absent(other.is_some())),
        }
    }

    /// The current version of whatever is served: version, known time, JSON.
    pub async fn current(&self, source: &Source, served: Served, id: &str) -> Result<(i64, Instant, Vec<u8>), Refusal> {
        match served {
            Served::Kept(kind) => self.read(source, kind, id).await.map(|s| (s.version, s.known, s.body)),
            Served::Own(own) => (own.read)(self, id).await.map(|o| (o.version, o.known, o.body.to_vec())),
        }
    }

    /// The current version of a resource, if it is there.
    pub(crate) async fn there(&self, source: &Source, kind: ResourceType, id: &str) -> Result<Option<Stored>, Refusal> {
        Ok(seam::read(&self.store, &source.name, kind, id).await?.filter(|stored| !stored.deleted))
    }

    /// Says in the audit that person data was read or searched; done once it is on disk.
    /// `what` is a type, `count` how many of it were shown, `one` the id where one was asked for: only its digest is kept.
    pub async fn note(
        &self,
        source: &Source,
        caller: Caller,
        what: &str,
        count: usize,
        one: Option<&str>,
    ) -> Result<(), Refusal> {
        let action = if one.is_some() { "read" } else { "search" }.into();
        let item = one.map(|id| format!(" sha256:{}", hex(&Item::of(&source.name, what, id).0)));
        let detail = format!("{what} {count}{}", item.unwrap_or_default());
        Ok(self.store.write(AuditNote { action, detail, person: None, caller, at: self.now() }).await?)
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), Refusal> {
        self.waiting().await.map(|_| ())
    }

    /// How many persons wait for assessment, and how many are parked.
    pub async fn waiting(&self) -> Result<(i64, i64), Refusal> {
        Ok(self.store.read(crate::store::PendingCount {}).await?)
    }
}
