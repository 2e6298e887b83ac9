//! Every FHIR interaction that is served, in one table: it dispatches, fills `Allow`, and writes the CapabilityStatement.
//!
//! To add a type of the gateway's own: one line in `src/flow/own.rs`. To add an operation: one line in `src/http/operations.rs`.

use super::auth::Right;
use super::operations::{OPERATIONS, On, Operation};
use crate::flow::gateway::MAIN;
use crate::flow::own::{OWN, OwnType};
use crate::flow::render::ServedType;
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
    /// `$name`, `Type/$name`, `Type/id/$name`
    Operation,
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

    /// Its name in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Capabilities => "capabilities",
            Self::ConditionalUpdate => "conditional-update",
            other => other.code().unwrap_or("other"),
        }
    }

    /// It changes something.
    pub fn writes(self) -> bool {
        matches!(self, Self::Bundle | Self::Create | Self::ConditionalUpdate | Self::Update)
    }

    /// What a client must be allowed; `None`: nothing, whoever asks may know.
    pub fn right(self) -> Option<Right> {
        match self {
            Self::Capabilities => None,
            what if what.writes() => Some(Right::Write),
            _ => Some(Right::Read),
        }
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

    /// Its search parameters.
    pub fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kept(kind) => parameters(kind),
            Self::Own(own) => own.parameters,
        }
    }

    /// Whether that interaction is served for this type.
    pub fn offers(self, what: Interaction) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Own(_) => !what.writes(),
        }
    }
}

/// The interactions at a place, for a type where there is one.
pub fn offered(place: Place, served: Option<Served>) -> impl Iterator<Item = (Method, Interaction)> {
    TABLE
        .iter()
        .filter(move |(at, _, what)| *at == place && served.is_none_or(|s| s.offers(*what)))
        .map(|(_, method, what)| (method.clone(), *what))
}

/// The operations at the base of a source: those on a type only where the type is served.
pub fn operations(source: &str) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |o| match o.on {
        On::System => true,
        On::Type(name) | On::Instance(name) => Served::named(name, source).is_some(),
    })
}

/// What the CapabilityStatement says of one type, ready to be borrowed.
#[derive(Debug)]
pub struct Stated {
    served: Served,
    codes: Vec<&'static str>,
    operations: Vec<(&'static str, &'static str)>,
}

impl Stated {
    /// The same table as the CapabilityStatement says it of one type.
    pub fn new(served: Served) -> Self {
        let codes = [Place::Type, Place::Instance]
            .into_iter()
            .flat_map(|place| offered(place, Some(served)))
            .filter_map(|(_, what)| what.code())
            .collect();
        let on = |o: &&Operation| matches!(o.on, On::Type(name) | On::Instance(name) if name == served.name());
        let mut operations: Vec<_> = OPERATIONS.iter().filter(on).map(|o| (o.name, o.definition)).collect();
        // On a type and on its instances it is one operation.
        operations.dedup();
        Self { served, codes, operations }
    }

    /// For rendering.
    pub fn of_type(&self) -> ServedType<'_> {
        let offers = |what| self.served.offers(what);
        ServedType {
            name: self.served.name(),
            interactions: &self.codes,
            update_create: offers(Interaction::Update),
            conditional_create: offers(Interaction::Create),
            conditional_update: offers(Interaction::ConditionalUpdate),
            versioned_update: offers(Interaction::Update),
            search: self.served.parameters(),
            operations: &self.operations,
            ..ServedType::default()
        }
    }
}
