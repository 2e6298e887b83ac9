//! A dated statement about a patient, as received: codes, units and answers are read later, by the site's map.

use super::code::Coding;
use super::key::Item;
use super::time::{Instant, Partial, TimeRange};
use smol_str::SmolStr;

/// Which kind of resource states it. The number is what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Origin {
    /// A Patient resource: its codes are of [`PATIENT_SYSTEM`](super::code::PATIENT_SYSTEM).
    Patient = 1,
    /// An Observation, or one component of it.
    Observation = 2,
    /// A Condition.
    Condition = 3,
    /// A MedicationAdministration.
    MedicationAdministration = 4,
    /// The gateway itself: an attestation or a milestone.
    Gateway = 5,
    /// A Procedure.
    Procedure = 6,
    /// One answer of a QuestionnaireResponse.
    QuestionnaireResponse = 7,
    /// A Medication that administrations name: it is about nobody, and is put in their place when they are read.
    Medication = 8,
}

impl Origin {
    /// Back from the number that a store keeps.
    pub fn from_number(number: i64) -> Option<Self> {
        use Origin::*;
        let all = [
            Patient,
            Observation,
            Condition,
            MedicationAdministration,
            Gateway,
            Procedure,
            QuestionnaireResponse,
            Medication,
        ];
        all.into_iter().find(|o| *o as i64 == number)
    }
}

/// Whether a statement may be used. The number is what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum FactStatus {
    /// `registered`, `unknown`, `on-hold`: never used, and it may yet say something.
    Unusable = 0,
    /// Observation `preliminary`, or an administration, procedure or questionnaire `in-progress`: used only where
    /// allowed, and then provisional.
    Preliminary = 1,
    /// Observation `final`; administration, procedure or questionnaire `completed`; a confirmed active Condition.
    Final = 2,
    /// Observation `amended`.
    Amended = 3,
    /// Observation `corrected`.
    Corrected = 4,
    /// Administration or procedure `stopped`: a part was given or done; a questionnaire `stopped`: a part was answered.
    Stopped = 5,
    /// Condition whose verification is `provisional`, `differential` or `unconfirmed` (or absent with no clinical status): of unknown truth.
    Unconfirmed = 6,
    /// Condition `refuted`: looked for and not there.
    Refuted = 7,
    /// Condition `inactive`, `remission` or `resolved`: it was there.
    Past = 8,
    /// `entered-in-error`: it was never true, and is no fact at all; kept only to say so.
    EnteredInError = 9,
    /// Administration or procedure `not-done`, Observation `cancelled`: nothing was given, done or measured; it does not
    /// count, and is shown.
    NotDone = 10,
}

impl FactStatus {
    /// Back from the number that a store keeps.
    pub fn from_number(number: i64) -> Option<Self> {
        use FactStatus::*;
        let all = [
            Unusable,
            Preliminary,
            Final,
            Amended,
            Corrected,
            Stopped,
            Unconfirmed,
            Refuted,
            Past,
            EnteredInError,
            NotDone,
        ];
        all.into_iter().find(|s| *s as i64 == number)
    }

    /// The word for evidence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unusable => "not usable",
            Self::Preliminary => "preliminary",
            Self::Final => "final",
            Self::Amended => "amended",
            Self::Corrected => "corrected",
            Self::Stopped => "stopped",
            Self::Unconfirmed => "unconfirmed",
            Self::Refuted => "refuted",
            Self::Past => "past",
            Self::EnteredInError => "entered-in-error",
            Self::NotDone => "not done",
        }
    }
}

/// One end of a received quantity: the decimal as printed, and whether it belongs to the range.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceivedEnd {
    /// The literal, digit for digit (`12.10`).
    pub decimal: SmolStr,
    /// False for the open end that a comparator `<` or `>` leaves.
    pub closed: bool,
}

/// A received number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReceivedNumber {
    /// One number, as nearly all are: the literal, digit for digit (`12.10`).
    Exact(SmolStr),
    /// From one end to the other; a missing one: it goes on for ever.
    Range(Box<[Option<ReceivedEnd>; 2]>),
}

impl ReceivedNumber {
    /// From one end to the other. Two of the same digits that belong to it are one number.
    pub fn range(low: Option<ReceivedEnd>, high: Option<ReceivedEnd>) -> Self {
        match (low, high) {
            (Some(low), Some(high)) if low.closed && low == high => Self::Exact(low.decimal),
            (low, high) => Self::Range(Box::new([low, high])),
        }
    }
}

/// The unit of a received quantity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReceivedUnit {
    /// No unit was sent.
    None,
    /// A UCUM code: the quantity says so by its system.
    Ucum(SmolStr),
    /// A word: no UCUM system was named. Only a site's map can say what it means.
    Word(SmolStr),
}

impl ReceivedUnit {
    /// The unit as it was written.
    pub fn as_written(&self) -> &str {
        match self {
            Self::None => "",
            Self::Ucum(code) => code,
            Self::Word(word) => word,
        }
    }
}

/// The value of a fact as received.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FactValue {
    /// A quantity, a range, an integer (unit none).
    Quantity {
        /// Number or range as sent.
        number: ReceivedNumber,
        /// Unit as sent.
        unit: ReceivedUnit,
    },
    /// A coded answer, with the words sent beside it.
    Coded {
        /// Every coding that was sent.
        codings: Vec<Coding>,
        /// `CodeableConcept.text`.
        text: Option<String>,
    },
    /// Words (`valueString`); a number hidden in words is read by normalize.
    Text(String),
    /// `valueBoolean`, or the mere presence of a Condition, procedure or administration (`true`).
    Boolean(bool),
    /// `valueDateTime`, as precise as it was sent.
    Date(Partial),
    /// Asked for and not available: the code of `dataAbsentReason`.
    Absent(String),
    /// A value of a kind that is kept and not computed with; says which (`valueSampledData`).
    Unreadable(String),
}

/// The reference range that came with the very result, as received; its unit is the unit of the range.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceivedRange {
    /// Lower limit, as printed.
    pub low: Option<String>,
    /// Upper limit, as printed.
    pub high: Option<String>,
    /// Unit of the limits.
    pub unit: ReceivedUnit,
}

/// The coded elements that may qualify a result. The number is what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Qualifier {
    /// `Observation.method`
    Method = 1,
    /// `Observation.bodySite`, `Condition.bodySite`, `Procedure.bodySite`
    BodySite = 2,
    /// `Observation.specimen` display or code, where given inline
    Specimen = 3,
    /// `category` of an Observation, Condition, administration or procedure
    Category = 4,
    /// fasting status, where coded
    Fasting = 5,
    /// `Observation.interpretation`
    Interpretation = 6,
}

impl Qualifier {
    /// Back from the number that a store keeps.
    pub fn from_number(number: i64) -> Option<Self> {
        use Qualifier::*;
        [Method, BodySite, Specimen, Category, Fasting, Interpretation].into_iter().find(|q| *q as i64 == number)
    }

    /// The word that definitions and evidence use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::BodySite => "body_site",
            Self::Specimen => "specimen",
            Self::Category => "category",
            Self::Fasting => "fasting",
            Self::Interpretation => "interpretation",
        }
    }
}

/// What intake makes of one resource for one code, before a store has given it a version and a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DraftFact {
    /// Code as received; words alone are of [`TEXT_SYSTEM`](super::code::TEXT_SYSTEM).
    pub code: Coding,
    /// Which element of the resource: 0 the resource itself, n the n-th component or the n-th answer.
    pub part: u16,
    /// Kind of resource.
    pub origin: Origin,
    /// Where the clinical time lies: start of an infusion, end of a collection, onset of a condition;
    /// `Instant::MIN..` when it began at an unknown time, `None` when no clinical time was sent.
    pub at: Option<TimeRange>,
    /// The other end of what lasts: the end of an infusion or condition (`Instant::MAX`: still running), the start of a collection.
    pub other_end: Option<Instant>,
    /// `recordedDate` or `issued`: dates what the source knew, never the specimen.
    pub recorded: Option<Instant>,
    /// May it be used.
    pub status: FactStatus,
    /// Value as received.
    pub value: FactValue,
    /// Reference range as received; most results have none, so it takes its room elsewhere.
    pub range: Option<Box<ReceivedRange>>,
    /// Coded qualifiers, in order.
    pub context: Vec<(Qualifier, Coding)>,
}

/// A fact as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// What was stated.
    pub draft: DraftFact,
    /// The resource that states it.
    pub item: Item,
    /// That resource's version, counted by the gateway from 1.
    pub version: i64,
    /// When the gateway learned it, in its own strictly growing time of this patient.
    pub known: Instant,
    /// The source whose site map reads it.
    pub source: std::sync::Arc<str>,
}
