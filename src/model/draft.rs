//! What intake makes of one resource: what a store needs to keep it whole and to find it again.

use super::fact::DraftFact;
use super::time::Instant;

/// The types that are kept, as sent by hospitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// A person as one source knows them.
    Patient,
    /// A result.
    Observation,
    /// A drug given.
    MedicationAdministration,
    /// A diagnosis or problem.
    Condition,
    /// Something done to a person.
    Procedure,
    /// Answers to a questionnaire.
    QuestionnaireResponse,
    /// A drug that administrations name: about nobody.
    Medication,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Patient,
        Self::Observation,
        Self::MedicationAdministration,
        Self::Condition,
        Self::Procedure,
        Self::QuestionnaireResponse,
        Self::Medication,
    ];

    /// FHIR's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Observation => "Observation",
            Self::MedicationAdministration => "MedicationAdministration",
            Self::Condition => "Condition",
            Self::Procedure => "Procedure",
            Self::QuestionnaireResponse => "QuestionnaireResponse",
            Self::Medication => "Medication",
        }
    }

    /// The type of that FHIR name, when it is kept.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// A business identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier {
    /// Its system; empty when none was sent.
    pub system: String,
    /// Its value.
    pub value: String,
}

/// Whom a resource is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A Patient of the same source, by id.
    Patient(String),
    /// A Patient by business identifier (`subject.identifier`, or `Patient?identifier=system|value` in a transaction).
    Identifier(Identifier),
    /// A `urn:uuid:` of another entry of the same Bundle.
    Entry(String),
}

/// How one Patient is said to be the same person as another (`Patient.link.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkKind {
    /// The other record is to be used instead of this one.
    ReplacedBy = 1,
    /// This record is to be used instead of the other.
    Replaces = 2,
    /// The other is the main source; both are in use.
    Refer = 3,
    /// The other is known to be about the same person; both are in use.
    SeeAlso = 4,
}

impl LinkKind {
    /// The kind of that code.
    pub fn named(code: &str) -> Option<Self> {
        Some(match code {
            "replaced-by" => Self::ReplacedBy,
            "replaces" => Self::Replaces,
            "refer" => Self::Refer,
            "seealso" => Self::SeeAlso,
            _ => return None,
        })
    }
}

/// One statement of a Patient that another is the same person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// How.
    pub kind: LinkKind,
    /// The other: a Patient of the same source, or an entry of the same Bundle.
    pub other: Subject,
}

/// A stretch of the received bytes that is replaced on reading; every other byte stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stretch {
    /// First byte.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

/// Where `id` and `meta` stand in the received bytes, so that reading can splice in what the gateway assigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Offsets {
    /// The value of `id`, quotes included.
    pub id: Option<Stretch>,
    /// The value of `meta`, braces included.
    pub meta: Option<Stretch>,
    /// The value of `meta.versionId`, quotes included.
    pub version_id: Option<Stretch>,
    /// The value of `meta.lastUpdated`, quotes included.
    pub last_updated: Option<Stretch>,
}

/// One resource, read and found right in shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id as sent.
    pub id: Option<String>,
    /// `meta.lastUpdated` as sent.
    pub source_time: Option<Instant>,
    /// `meta.versionId` as sent.
    pub source_version: Option<String>,
    /// Whom it is about; for a Patient itself `None`.
    pub subject: Option<Subject>,
    /// The identifier that a subject's reference is sent with, if any: it must be of the same person.
    pub subject_identifier: Option<Identifier>,
    /// Its business identifiers.
    pub identifiers: Vec<Identifier>,
    /// What it states.
    pub facts: Vec<DraftFact>,
    /// For a Patient: which others it says are the same person.
    pub links: Vec<Link>,
    /// For a Patient: identifiers of a system by which this source's persons are known in other sources too.
    pub known_by: Vec<Identifier>,
    /// Where to splice on reading.
    pub offsets: Offsets,
    /// References that were sent as `urn:uuid:` or as a search, with their place: the value's quotes included.
    pub references: Vec<(Stretch, String)>,
}
