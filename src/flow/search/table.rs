//! R4's search parameters of the kept types, and what may come along with a search: the one table that is served,
//! stated and tested.

use crate::model::draft::ResourceType;

/// A search parameter of a kept type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// R4's name.
    pub name: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// The elements that it looks at.
    pub paths: &'static [&'static str],
}

/// How a parameter and its elements are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The id.
    Id,
    /// When it became known.
    Updated,
    /// An Identifier.
    Identifier,
    /// A reference to a Patient, as the store resolved it.
    Patient,
    /// A `code`, whose system its binding gives.
    Code(&'static str),
    /// A CodeableConcept.
    Concept,
    /// A date, dateTime, instant, Period or Timing.
    Date,
}

impl Kind {
    /// R4's search-param-type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Id | Self::Identifier | Self::Code(_) | Self::Concept => "token",
            Self::Updated | Self::Date => "date",
            Self::Patient => "reference",
        }
    }
}

const fn of(name: &'static str, kind: Kind, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind, paths }
}

const ID: Parameter = of("_id", Kind::Id, &[]);
const UPDATED: Parameter = of("_lastUpdated", Kind::Updated, &[]);
const IDENTIFIER: Parameter = of("identifier", Kind::Identifier, &["identifier"]);
const PATIENT: Parameter = of("patient", Kind::Patient, &[]);
const SUBJECT: Parameter = of("subject", Kind::Patient, &[]);

/// The search parameters of a kept type.
pub fn parameters(of_type: ResourceType) -> &'static [Parameter] {
    match of_type {
        ResourceType::Patient => PATIENTS,
        ResourceType::Observation => OBSERVATIONS,
        ResourceType::MedicationAdministration => ADMINISTRATIONS,
        ResourceType::Condition => CONDITIONS,
        ResourceType::Procedure => PROCEDURES,
        ResourceType::QuestionnaireResponse => RESPONSES,
        ResourceType::Medication => MEDICATIONS,
    }
}

// No names, addresses or telephone numbers: a search by them would be a search for people.
const PATIENTS: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    of("birthdate", Kind::Date, &["birthDate"]),
    of("gender", Kind::Code("http://hl7.org/fhir/administrative-gender"), &["gender"]),
];

const OBSERVATIONS: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    PATIENT,
    SUBJECT,
    of("code", Kind::Concept, &["code"]),
    of("component-code", Kind::Concept, &["component.code"]),
    of("combo-code", Kind::Concept, &["code", "component.code"]),
    of("category", Kind::Concept, &["category"]),
    of("status", Kind::Code("http://hl7.org/fhir/observation-status"), &["status"]),
    of("date", Kind::Date, &["effectiveDateTime", "effectiveInstant", "effectivePeriod", "effectiveTiming"]),
];

const ADMINISTRATIONS: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    PATIENT,
    SUBJECT,
    of("code", Kind::Concept, &["medicationCodeableConcept"]),
    of("status", Kind::Code("http://terminology.hl7.org/CodeSystem/medication-admin-status"), &["status"]),
    of("effective-time", Kind::Date, &["effectiveDateTime", "effectivePeriod"]),
];

const CONDITIONS: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    PATIENT,
    SUBJECT,
    of("code", Kind::Concept, &["code"]),
    of("category", Kind::Concept, &["category"]),
    of("clinical-status", Kind::Concept, &["clinicalStatus"]),
    of("verification-status", Kind::Concept, &["verificationStatus"]),
    of("onset-date", Kind::Date, &["onsetDateTime", "onsetPeriod"]),
    of("abatement-date", Kind::Date, &["abatementDateTime", "abatementPeriod"]),
    of("recorded-date", Kind::Date, &["recordedDate"]),
];

const PROCEDURES: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    PATIENT,
    SUBJECT,
    of("code", Kind::Concept, &["code"]),
    of("category", Kind::Concept, &["category"]),
    of("status", Kind::Code("http://hl7.org/fhir/event-status"), &["status"]),
    of("date", Kind::Date, &["performedDateTime", "performedPeriod"]),
];

const RESPONSES: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    PATIENT,
    SUBJECT,
    of("status", Kind::Code("http://hl7.org/fhir/questionnaire-answers-status"), &["status"]),
    of("authored", Kind::Date, &["authored"]),
];

const MEDICATIONS: &[Parameter] = &[
    ID,
    UPDATED,
    IDENTIFIER,
    of("code", Kind::Concept, &["code"]),
    of("ingredient-code", Kind::Concept, &["ingredient.itemCodeableConcept"]),
    of("status", Kind::Code("http://hl7.org/fhir/CodeSystem/medication-status"), &["status"]),
];

/// The elements by which `_sort=date` and `_sort=-date` order a type, under R4's name of its date parameter.
pub fn sorting(of_type: ResourceType) -> &'static Parameter {
    let name = match of_type {
        ResourceType::Patient => "birthdate",
        ResourceType::Observation => "date",
        ResourceType::MedicationAdministration => "effective-time",
        ResourceType::Condition => "onset-date",
        ResourceType::Procedure => "date",
        ResourceType::QuestionnaireResponse => "authored",
        ResourceType::Medication => "_lastUpdated",
    };
    parameters(of_type).iter().find(|p| p.name == name).unwrap_or(&UPDATED)
}

/// A reference along which `_include` and `_revinclude` go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The type that refers.
    pub from: &'static str,
    /// Its search parameter.
    pub parameter: &'static str,
    /// The element that holds the Reference.
    pub path: &'static str,
    /// The type that is referred to.
    pub to: &'static str,
}

/// All of them.
pub const LINKS: &[Link] = &[
    Link { from: "Observation", parameter: "patient", path: "subject", to: "Patient" },
    Link { from: "Observation", parameter: "subject", path: "subject", to: "Patient" },
    Link { from: "MedicationAdministration", parameter: "patient", path: "subject", to: "Patient" },
    Link { from: "MedicationAdministration", parameter: "subject", path: "subject", to: "Patient" },
    Link { from: "Condition", parameter: "patient", path: "subject", to: "Patient" },
    Link { from: "Condition", parameter: "subject", path: "subject", to: "Patient" },
    Link { from: "Procedure", parameter: "patient", path: "subject", to: "Patient" },
    Link { from: "Procedure", parameter: "subject", path: "subject", to: "Patient" },
    Link { from: "QuestionnaireResponse", parameter: "patient", path: "subject", to: "Patient" },
    Link { from: "QuestionnaireResponse", parameter: "subject", path: "subject", to: "Patient" },
    Link { from: "ResearchSubject", parameter: "study", path: "study", to: "ResearchStudy" },
];

impl Link {
    /// As `_include` and `_revinclude` name it.
    pub fn word(&self) -> String {
        format!("{}:{}", self.from, self.parameter)
    }

    /// Whether this is the link that a value of `_include` or `_revinclude` names: `Type:parameter` or with `:Target`.
    pub fn is(&self, value: &str) -> bool {
        let word = self.word();
        value == word || value.strip_prefix(&word).is_some_and(|rest| rest.strip_prefix(':') == Some(self.to))
    }
}
