//! The types that are served, kept or the gateway's own, under one name each.

use super::gateway::MAIN;
use super::own::{OWN, OwnType};
use super::search::parameters;
use crate::model::draft::ResourceType;

/// A type that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// Kept for hospitals.
    Kept(ResourceType),
    /// The gateway's own, read only.
    Own(&'static OwnType),
}

impl Served {
    /// The type of that name at the base of `source`.
    pub fn named(name: &str, source: &str) -> Option<Self> {
        Self::at(source).find(|s| s.name() == name)
    }

    /// FHIR's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept(kind) => kind.name(),
            Self::Own(own) => own.name,
        }
    }

    /// All types at the base of a source: what the gateway owns is at [`MAIN`] alone.
    pub fn at(source: &str) -> impl Iterator<Item = Self> {
        let own = if source == MAIN { OWN } else { &[] };
        ResourceType::ALL.into_iter().map(Self::Kept).chain(own.iter().map(Self::Own))
    }

    /// Its search parameters, with R4's kind of each.
    pub fn parameters(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Kept(kind) => parameters(kind).iter().map(|p| (p.name, p.kind.word())).collect(),
            Self::Own(own) => own.parameters.to_vec(),
        }
    }

    /// Whether it tells of persons, so that whoever reads it stands in the audit.
    pub fn is_personal(self) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Own(own) => own.personal,
        }
    }
}
