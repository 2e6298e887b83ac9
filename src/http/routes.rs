//! Every FHIR interaction that is served, in one table: it dispatches, fills `Allow`, and writes the CapabilityStatement.

use crate::flow::gateway::MAIN;
use crate::flow::render::ServedType;
use crate::flow::research::{STUDY_PARAMETERS, SUBJECT_PARAMETERS};
use crate::flow::search::parameters;
use crate::model::draft::ResourceType;
use axum::http::Method;

/// What part of a base an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The base itself.
    System,
    /// `metadata`
    Metadata,
    /// `Type`
    Type,
    /// `Type/id`
    Instance,
}

/// What is done there; the FHIR code is its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Interaction {
    Bundle,
    Capabilities,
    Create,
    ConditionalUpdate,
    SearchType,
    Read,
    Update,
}

impl Interaction {
    /// The code of R4's type-restful-interaction, where it is one of a type.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Bundle | Self::Capabilities => None,
            Self::Create => Some("create"),
            Self::SearchType => Some("search-type"),
            Self::Read => Some("read"),
            // PUT with a search is said by `conditionalUpdate`.
            Self::ConditionalUpdate => None,
            Self::Update => Some("update"),
        }
    }

    /// It changes something.
    pub fn writes(self) -> bool {
        matches!(self, Self::Bundle | Self::Create | Self::ConditionalUpdate | Self::Update)
    }
}

/// Where, how, what.
pub const TABLE: &[(Place, Method, Interaction)] = &[
    (Place::System, Method::POST, Interaction::Bundle),
    (Place::Metadata, Method::GET, Interaction::Capabilities),
    (Place::Type, Method::POST, Interaction::Create),
    (Place::Type, Method::PUT, Interaction::ConditionalUpdate),
    (Place::Type, Method::GET, Interaction::SearchType),
    (Place::Instance, Method::GET, Interaction::Read),
    (Place::Instance, Method::PUT, Interaction::Update),
];

/// A type that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// Kept for hospitals.
    Kept(ResourceType),
    /// The gateway's own, read only.
    Study,
    /// The gateway's own, read only.
    Subject,
}

impl Served {
    /// The type of that name at the base of `source`.
    pub fn named(name: &str, source: &str) -> Option<Self> {
        Self::at(source).into_iter().find(|s| s.name() == name)
    }

    /// FHIR's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept(kind) => kind.name(),
            Self::Study => "ResearchStudy",
            Self::Subject => "ResearchSubject",
        }
    }

    /// All types at the base of a source: what the gateway owns is at [`MAIN`] alone.
    pub fn at(source: &str) -> Vec<Self> {
        let own = if source == MAIN { &[Self::Study, Self::Subject][..] } else { &[] };
        ResourceType::ALL.into_iter().map(Self::Kept).chain(own.iter().copied()).collect()
    }

    /// Its search parameters.
    pub fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kept(kind) => parameters(kind),
            Self::Study => STUDY_PARAMETERS,
            Self::Subject => SUBJECT_PARAMETERS,
        }
    }

    /// Whether clients may write it.
    pub fn writable(self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// The interactions at a place, for a type where there is one.
pub fn offered(place: Place, served: Option<Served>) -> impl Iterator<Item = (Method, Interaction)> {
    let open = served.is_none_or(Served::writable);
    TABLE
        .iter()
        .filter(move |(at, _, what)| *at == place && (open || !what.writes()))
        .map(|(_, method, what)| (method.clone(), *what))
}

/// The same table as the CapabilityStatement says it of one type.
pub fn stated<'a>(served: Served, codes: &'a [&'static str]) -> ServedType<'a> {
    let open = served.writable();
    ServedType {
        name: served.name(),
        interactions: codes,
        update_create: open,
        conditional_create: open,
        conditional_update: open,
        versioned_update: open,
        search: served.parameters(),
        ..ServedType::default()
    }
}

/// The codes of the interactions of a type.
pub fn codes(served: Served) -> Vec<&'static str> {
    [Place::Type, Place::Instance]
        .into_iter()
        .flat_map(|place| offered(place, Some(served)))
        .filter_map(|(_, what)| what.code())
        .collect()
}
