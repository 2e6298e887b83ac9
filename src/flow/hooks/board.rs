//! Where hints wait for the feed of their source: few, each once, and when there are too many a whole round in their place.

use super::settings::HookSettings;
use crate::model::draft::ResourceType;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::Notify;

/// Hints that wait; more of them are a round.
pub const HINTS_MAX: usize = 1_000;

/// Gaps that wait; more of them are a round.
pub const GAPS_MAX: usize = 20;

/// What was hinted at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// A round is wanted: something changed, and it is not known what.
    pub round: bool,
    /// Resources that changed.
    pub resources: BTreeSet<(ResourceType, String)>,
    /// The round is wanted for the sake of these events alone: none, where the source tells them when it is asked.
    pub gaps: Vec<Gap>,
}

/// Events of a Subscription that were not heard, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The Subscription's id at the source; `None`: it is not said, or is not of that source.
    pub subscription: Option<String>,
    /// The first that was not heard.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Gap {
    /// How many.
    pub fn len(&self) -> i64 {
        self.last - self.first + 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() <= 0
    }
}

impl Hints {
    fn bound(&mut self) {
        if self.resources.len() > HINTS_MAX {
            *self = Self { round: true, ..Self::default() };
        }
    }
}

/// The hook of one source.
#[derive(Debug)]
pub struct Hook {
    /// The source's name.
    pub source: String,
    /// The source's FHIR base: what is named absolutely must be below it.
    pub base: String,
    /// How it is set.
    pub settings: HookSettings,
    digest: [u8; 32],
    waiting: Mutex<Hints>,
    pub(crate) wake: Notify,
}

/// All hooks by source.
pub type Hooks = BTreeMap<String, Arc<Hook>>;

impl Hook {
    /// A hook at which nothing waits.
    pub fn new(source: &str, base: &str, settings: HookSettings) -> Self {
        let digest = Sha256::digest(settings.value()).into();
        let (source, base) = (source.to_owned(), base.trim_end_matches('/').to_owned());
        Self { source, base, settings, digest, waiting: Mutex::default(), wake: Notify::new() }
    }

    /// Whether that value of its header is the right one; how long it takes tells nothing.
    pub fn admits(&self, value: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(value).into();
        digest.ct_eq(&self.digest).into()
    }

    /// Something changed.
    pub fn round(&self) {
        self.change(|hints| (hints.round, hints.gaps) = (true, Vec::new()));
    }

    /// These events were not heard.
    pub fn gap(&self, gap: Gap) {
        self.change(|hints| match hints.round && hints.gaps.is_empty() || hints.gaps.len() >= GAPS_MAX {
            true => (hints.round, hints.gaps) = (true, Vec::new()),
            false => {
                hints.round = true;
                hints.gaps.push(gap);
            }
        });
    }

    /// This changed.
    pub fn resource(&self, kind: ResourceType, id: &str) {
        self.change(|hints| {
            hints.resources.insert((kind, id.to_owned()));
            hints.bound();
        });
    }

    /// These could not be read: they wait for the next round, and wake nobody.
    pub(crate) fn put_back(&self, resources: BTreeSet<(ResourceType, String)>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.resources.extend(resources);
        waiting.bound();
    }

    fn change(&self, by: impl FnOnce(&mut Hints)) {
        by(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// Takes what waits.
    pub fn take(&self) -> Hints {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
