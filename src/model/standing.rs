//! Where a person stands in a trial: the status, who put it there, and what may still be used.

use super::key::PersonKey;
use super::time::Instant;

/// The 13 codes of R4 `ResearchSubject.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Status {
    PotentialCandidate,
    Candidate,
    Screening,
    Eligible,
    PendingOnStudy,
    OnStudy,
    OnStudyIntervention,
    OnStudyObservation,
    FollowUp,
    OffStudy,
    Ineligible,
    NotRegistered,
    Withdrawn,
}

impl Status {
    /// All 13.
    pub const ALL: [Self; 13] = [
        Self::PotentialCandidate,
        Self::Candidate,
        Self::Screening,
        Self::Eligible,
        Self::PendingOnStudy,
        Self::OnStudy,
        Self::OnStudyIntervention,
        Self::OnStudyObservation,
        Self::FollowUp,
        Self::OffStudy,
        Self::Ineligible,
        Self::NotRegistered,
        Self::Withdrawn,
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        match self {
            Self::PotentialCandidate => "potential-candidate",
            Self::Candidate => "candidate",
            Self::Screening => "screening",
            Self::Eligible => "eligible",
            Self::PendingOnStudy => "pending-on-study",
            Self::OnStudy => "on-study",
            Self::OnStudyIntervention => "on-study-intervention",
            Self::OnStudyObservation => "on-study-observation",
            Self::FollowUp => "follow-up",
            Self::OffStudy => "off-study",
            Self::Ineligible => "ineligible",
            Self::NotRegistered => "not-registered",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The status of that FHIR code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Registered and not off study: eligibility is sealed.
    pub fn is_on_study(self) -> bool {
        matches!(self, Self::OnStudy | Self::OnStudyIntervention | Self::OnStudyObservation)
    }

    /// Following them is still work: visits, and what these bring to light.
    pub fn is_followed(self) -> bool {
        self.is_on_study() || self == Self::FollowUp
    }
}

/// What may still be used of a person for a trial. The number is what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Collection {
    /// Care data, as before.
    CareData = 0,
    /// What the agreed follow-up brings.
    FollowUp = 1,
    /// Public records only.
    PublicRecords = 2,
    /// Nothing from then on.
    Stopped = 3,
}

impl Collection {
    /// Back from the number that a store keeps.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::CareData, Self::FollowUp, Self::PublicRecords, Self::Stopped].into_iter().find(|c| *c as i64 == number)
    }

    /// The word of interfaces.
    pub fn word(self) -> &'static str {
        match self {
            Self::CareData => "care-data",
            Self::FollowUp => "follow-up",
            Self::PublicRecords => "public-records",
            Self::Stopped => "stopped",
        }
    }
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Computed from data.
    Data,
    /// A person, by name and role, as they sign.
    Person {
        /// The name they sign with.
        name: String,
        /// The role they act in.
        role: Role,
    },
}

/// The role in which somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Role {
    Coordinator,
    Investigator,
    DataManager,
    Integration,
    Monitor,
    Inspector,
    Unblinded,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] = [
        Self::Coordinator,
        Self::Investigator,
        Self::DataManager,
        Self::Integration,
        Self::Monitor,
        Self::Inspector,
        Self::Unblinded,
    ];

    /// The word of the interfaces.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Investigator => "investigator",
            Self::DataManager => "data manager",
            Self::Integration => "integration",
            Self::Monitor => "monitor",
            Self::Inspector => "inspector",
            Self::Unblinded => "unblinded",
        }
    }
}

/// One version of where a person stands in one attempt at a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whom it is about.
    pub person: PersonKey,
    /// Which trial.
    pub trial: String,
    /// The attempt, from 1; rescreening makes a new one.
    pub attempt: i64,
    /// Counted from 1 within the attempt.
    pub version: i64,
    /// The status.
    pub status: Status,
    /// The subject was taken back: nothing of it is to be at any target.
    pub removed: bool,
    /// Who moved it here.
    pub actor: Actor,
    /// A reason code in words: `data`, `consent recorded`, `screen failure`, …
    pub reason: String,
    /// What it leaned on.
    pub evidence: Evidence,
    /// When.
    pub at: Instant,
    /// Until when it holds (the investigator's signature).
    pub expires: Option<Instant>,
    /// The version of the assessment that it leaned on.
    pub assessment: Option<i64>,
}

/// What a standing leans on; it is carried along from one version to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Day of consent, as `YYYY-MM-DD`, once there is one.
    pub consented: Option<String>,
    /// Version of the consent form.
    pub consent_version: Option<String>,
    /// Reference of the Consent or the words of who recorded it.
    pub consent: Option<String>,
    /// SHA-256 (hexadecimal) of the evidence that was seen when signing.
    pub seen: Option<String>,
    /// Moment of registration: from here on eligibility is sealed.
    pub registered: Option<Instant>,
    /// Definition version in force at registration.
    pub sealed_version: Option<u32>,
    /// Day of the end of participation, as `YYYY-MM-DD`.
    pub ended: Option<String>,
    /// Criteria that a screen failure rests on.
    pub criteria: Vec<String>,
}

impl Standing {
    /// Whether a person made this status; data moves such a status only by T14 to T16.
    pub fn by_person(&self) -> bool {
        matches!(self.actor, Actor::Person { .. })
    }
}

/// The subject of one attempt: its public id is random and derived from nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Whom it is about.
    pub person: PersonKey,
    /// Which trial.
    pub trial: String,
    /// The attempt, from 1.
    pub attempt: i64,
    /// The id of its ResearchSubject: 32 lower-case hexadecimal digits, random.
    pub id: String,
    /// What may still be used.
    pub collection: Collection,
    /// From when on the collection is so.
    pub collection_since: Option<Instant>,
}
