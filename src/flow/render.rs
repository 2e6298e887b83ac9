//! What doors answer with, rendered by publish: doors never write FHIR themselves.

pub use crate::publish::bundle::{Hit, Kind, Response, history, searchset, transaction_response};
pub use crate::publish::capability::{ServedType, Server, statement, versions};
pub use crate::publish::outcome::operation_outcome;
