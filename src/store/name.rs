//! Names under which resources are found: identifiers as hashes, in an order that puts all systems of one value together.

use super::value::Value;
use crate::model::draft::{Identifier, ResourceType};
use crate::model::key::{PatientKey, digest_words, hex};

/// The name under which an identifier is found: of its value, then of its system.
pub(super) fn name(source: &str, kind: ResourceType, identifier: &Identifier) -> Name {
    let mut name = [0; 24];
    name[..16].copy_from_slice(&digest_words(&["identifier", source, kind.name(), &identifier.value])[..16]);
    name[16..].copy_from_slice(&digest_words(&["system", &identifier.system])[..8]);
    Name(name)
}

/// The name of an identifier, so made that all systems of one value lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) [u8; 24]);

impl Name {
    /// The first and the last name that this value may have, of whatever system.
    pub(super) fn of_any_system(self) -> (Self, Self) {
        let mut ends = (self, self);
        ends.0.0[16..].fill(0);
        ends.1.0[16..].fill(u8::MAX);
        ends
    }
}

impl From<Name> for Value {
    fn from(name: Name) -> Self {
        Self::Bytes(name.0.to_vec())
    }
}

/// The name under which resources of a patient that made no fact are found.
pub(super) fn silent_of(patient: PatientKey) -> Name {
    let mut name = [0; 24];
    name.copy_from_slice(&digest_words(&["resource without a fact of", &hex(&patient.0)])[..24]);
    Name(name)
}
