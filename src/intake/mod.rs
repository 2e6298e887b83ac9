//! FHIR JSON in, a [`Draft`](crate::model::draft::Draft) and issues out. Pure: no clock, no I/O; it never fails and never panics.
//!
//! One strict pass makes a borrowed tree of the bytes ([`json`]); the R4 schema of the type judges its shape
//! (`schema`, worded by `wording`); a file per resource type reads its facts from the same tree.

mod bundle;
mod condition;
mod element;
pub mod hl7v2;
mod instance;
pub mod json;
mod medication;
mod medication_administration;
mod notification;
mod observation;
mod parameters;
mod patient;
mod procedure;
mod quantity;
mod questionnaire_response;
mod reference;
mod resource;
mod schema;
mod searchset;
mod wording;

pub use bundle::{BundleEntry, BundleRead, MAX_ENTRIES, read_bundle};
pub use notification::{EVENTS_MAX, Notification, Sort, read_notification};
pub use parameters::{Given, ParametersRead, Wanted, read_parameters};
pub use resource::{Grade, Read, Setting, read_resource};
pub use schema::is_resource_type;
pub use searchset::{Page, read_page, subject_reference};
