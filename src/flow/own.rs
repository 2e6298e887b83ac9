//! What the gateway itself owns and shows at its own base: one entry per type. Rendered when asked for, never stored.
//!
//! A new type is one constant beside what it renders, and one line in [`OWN`]: the door dispatches, pages,
//! and writes the CapabilityStatement from it.

use super::answer::Refusal;
use super::gateway::Gateway;
use super::projections::{measures, people, shelf};
use crate::model::issue::Issue;
use crate::model::time::Instant;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// All of them.
pub const OWN: &[OwnType] = &[
    shelf::RESEARCH_STUDY,
    super::subjects::SUBJECT,
    people::GUIDANCE_RESPONSE,
    people::TASK,
    people::PROVENANCE,
    measures::MEASURE_REPORT,
    shelf::MEASURE,
    shelf::PLAN_DEFINITION,
    shelf::GROUP,
    shelf::LIBRARY,
    shelf::DEVICE,
    shelf::ORGANIZATION,
    shelf::LOCATION,
    shelf::STRUCTURE_DEFINITION,
    shelf::SEARCH_PARAMETER,
    shelf::CODE_SYSTEM,
    shelf::VALUE_SET,
    shelf::OPERATION_DEFINITION,
];

/// An answer that may wait for the store.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// How the versions of one are read.
pub type AllVersions = for<'a> fn(&'a Gateway, &'a str) -> Later<'a, Vec<Owned>>;

/// A type that is rendered.
#[derive(Debug)]
pub struct OwnType {
    /// FHIR's name.
    pub name: &'static str,
    /// Its search parameters, with R4's kind of each. `_include`, `_count` and the like are not among them.
    pub parameters: &'static [(&'static str, &'static str)],
    /// It tells of persons: whoever reads it stands in the audit.
    pub personal: bool,
    /// The one of that id.
    pub read: for<'a> fn(&'a Gateway, &'a str) -> Later<'a, Owned>,
    /// Those that fit, one page of them, always in the same order.
    pub find: for<'a> fn(&'a Gateway, &'a OwnAsk) -> Later<'a, OwnFound>,
    /// All versions of one, newest first, where they are kept: serves `vread` and `history`.
    pub versions: Option<AllVersions>,
}

impl PartialEq for OwnType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for OwnType {}

/// A resource, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// `meta.lastUpdated`.
    pub known: Instant,
    /// JSON.
    pub body: Arc<[u8]>,
}

/// What is asked: parameters of the type alone, known ones only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnAsk {
    /// Parameter and alternatives; all parameters must fit, one alternative of each.
    pub given: Vec<(String, Vec<String>)>,
    /// At most so many.
    pub count: usize,
    /// Where the page before ended, as [`OwnFound::next`] said.
    pub from: Option<String>,
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFound {
    /// The resources.
    pub found: Vec<Owned>,
    /// Where the next page begins, in words of the type's own without personal data; `None`: this was the last.
    pub next: Option<String>,
    /// What is to be said of those that were left out.
    pub remarks: Vec<Issue>,
}
