//! Codes as FHIR carries them: a system and a code, never a code alone.

use super::key::digest_words;
use smol_str::SmolStr;
use std::fmt;

/// The URI of UCUM. A quantity of another system, or of none, is never read as UCUM.
pub const UCUM_SYSTEM: &str = "http://unitsofmeasure.org";
/// The project's own code system, for what no public code names (`local|…` in a definition).
pub const LOCAL_SYSTEM: &str = "https://trialgate.example/fhir/CodeSystem/trial-variable";
/// What a Patient resource says of a person: `birth-date`, `sex`, `death`, `active`, `security`, `replaced-by`, `replaces`.
pub const PATIENT_SYSTEM: &str = "https://trialgate.example/fhir/CodeSystem/patient-element";
/// Milestones of a person in a trial, of the source `gateway`: code `<trial>/<milestone>`, milestones `consented`, `enrolled`.
pub const MILESTONE_SYSTEM: &str = "https://trialgate.example/fhir/CodeSystem/milestone";
/// Answers of people, of the source `gateway`: code `<trial>/<variable>`.
pub const ATTESTATION_SYSTEM: &str = "https://trialgate.example/fhir/CodeSystem/attestation";
/// A code that was sent as words only: the words stand in `code`.
pub const TEXT_SYSTEM: &str = "https://trialgate.example/fhir/CodeSystem/text-only";

/// A code of a code system, both exactly as received. An empty system: none was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coding {
    /// The system's URI.
    pub system: SmolStr,
    /// The code in that system.
    pub code: SmolStr,
}

impl Coding {
    /// A coding of these two words.
    pub fn new(system: impl Into<SmolStr>, code: impl Into<SmolStr>) -> Self {
        Self { system: system.into(), code: code.into() }
    }

    /// The key by which a store finds it: the first 8 bytes of SHA-256 over both words.
    pub fn key(&self) -> i64 {
        let digest = digest_words(&[&self.system, &self.code]);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(first)
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.system, self.code)
    }
}
