//! Every FHIR interaction that is served, in one table: it dispatches, fills `Allow`, and writes the CapabilityStatement.
//!
//! To add a type of the gateway's own: one line in `src/flow/own.rs`. To add an operation: one line in `src/http/operations.rs`.

use super::auth::Right;
use super::operations::{OPERATIONS, On, Operation};
use crate::flow::render::ServedType;
use crate::flow::search::LINKS;
use crate::flow::served::Served;
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
    /// `Type/_search`
    Search,
    /// `Type/_history`
    TypeHistory,
    /// `Type/id`
    Instance,
    /// `Type/id/_history`
    InstanceHistory,
    /// `Type/id/_history/version`
    Version,
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
    ConditionalDelete,
    SearchType,
    HistoryType,
    Read,
    Vread,
    Update,
    Delete,
    HistoryInstance,
}

impl Interaction {
    /// The code of R4's type-restful-interaction, where it is one of a type.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Bundle | Self::Capabilities => None,
            Self::Create => Some("create"),
            Self::SearchType => Some("search-type"),
            Self::Read => Some("read"),
            Self::Vread => Some("vread"),
            Self::HistoryType => Some("history-type"),
            Self::HistoryInstance => Some("history-instance"),
            // Said by `conditionalUpdate` and `conditionalDelete`.
            Self::ConditionalUpdate | Self::ConditionalDelete => None,
            Self::Update => Some("update"),
            Self::Delete => Some("delete"),
        }
    }

    /// Its name in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Capabilities => "capabilities",
            Self::ConditionalUpdate => "conditional-update",
            Self::ConditionalDelete => "conditional-delete",
            other => other.code().unwrap_or("other"),
        }
    }

    /// It changes something.
    pub fn writes(self) -> bool {
        match self {
            Self::Bundle
            | Self::Create
            | Self::ConditionalUpdate
            | Self::ConditionalDelete
            | Self::Update
            | Self::Delete => true,
            Self::Capabilities
            | Self::SearchType
            | Self::HistoryType
            | Self::Read
            | Self::Vread
            | Self::HistoryInstance => false,
        }
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
    (Place::Type, Method::DELETE, Interaction::ConditionalDelete),
    (Place::Type, Method::GET, Interaction::SearchType),
    (Place::Search, Method::POST, Interaction::SearchType),
    (Place::TypeHistory, Method::GET, Interaction::HistoryType),
    (Place::Instance, Method::GET, Interaction::Read),
    (Place::Instance, Method::PUT, Interaction::Update),
    (Place::Instance, Method::DELETE, Interaction::Delete),
    (Place::InstanceHistory, Method::GET, Interaction::HistoryInstance),
    (Place::Version, Method::GET, Interaction::Vread),
];

/// Whether that interaction is served for this type: the gateway's own are read only.
pub fn offers(served: Served, what: Interaction) -> bool {
    match (served, what) {
        (Served::Kept(_), _) => true,
        (Served::Own(own), Interaction::Vread | Interaction::HistoryInstance) => own.versions.is_some(),
        (Served::Own(_), Interaction::HistoryType) => false,
        (Served::Own(_), what) => !what.writes(),
    }
}

/// The interactions at a place, for a type where there is one.
pub fn offered(place: Place, served: Option<Served>) -> impl Iterator<Item = (Method, Interaction)> {
    TABLE
        .iter()
        .filter(move |(at, _, what)| *at == place && served.is_none_or(|s| offers(s, *what)))
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
    parameters: Vec<(&'static str, &'static str)>,
    includes: Vec<String>,
    reverse_includes: Vec<String>,
    operations: Vec<(&'static str, &'static str)>,
}

impl Stated {
    /// The same table as the CapabilityStatement says it of one type at the base of a source.
    pub fn new(served: Served, source: &str) -> Self {
        let mut codes: Vec<&'static str> =
            TABLE.iter().filter(|(_, _, what)| offers(served, *what)).filter_map(|(_, _, what)| what.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        let on = |o: &&Operation| matches!(o.on, On::Type(name) | On::Instance(name) if name == served.name());
        let mut operations: Vec<_> = OPERATIONS.iter().filter(on).map(|o| (o.name, o.definition)).collect();
        // On a type and on its instances it is one operation.
        operations.dedup();
        let there = |name: &str| Served::named(name, source).is_some();
        let name = served.name();
        Self {
            served,
            codes,
            parameters: served.parameters(),
            includes: LINKS.iter().filter(|l| l.from == name && there(l.to)).map(|l| l.word()).collect(),
            reverse_includes: LINKS.iter().filter(|l| l.to == name && there(l.from)).map(|l| l.word()).collect(),
            operations,
        }
    }

    /// For rendering.
    pub fn of_type(&self) -> ServedType<'_> {
        let offers = |what| offers(self.served, what);
        ServedType {
            name: self.served.name(),
            interactions: &self.codes,
            update_create: offers(Interaction::Update),
            conditional_create: offers(Interaction::Create),
            conditional_update: offers(Interaction::ConditionalUpdate),
            conditional_delete: offers(Interaction::ConditionalDelete),
            versioned_update: offers(Interaction::Update),
            read_history: offers(Interaction::Vread),
            search: &self.parameters,
            includes: &self.includes,
            reverse_includes: &self.reverse_includes,
            operations: &self.operations,
        }
    }
}
