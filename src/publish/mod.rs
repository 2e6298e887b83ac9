//! What targets and clients are told, as bytes of FHIR R4: pure, and the same bytes for the same input.
//!
//! No reason, criterion or lab value leaves through this room.

pub mod bundle;
pub mod capability;
pub mod compare;
mod json;
pub mod outcome;
pub mod study;
pub mod subject;
