//! What targets, clients and people are told: pure, and the same bytes for the same input.
//!
//! No reason, criterion or lab value leaves beside a status; evidence is for those who ask for it by right.

pub mod assessment;
pub mod blind;
pub mod bundle;
pub mod capability;
pub mod compare;
pub mod explain;
pub mod history;
mod json;
pub mod outcome;
pub mod plain;
pub mod study;
pub mod subject;
pub mod summary;
pub mod trend;
