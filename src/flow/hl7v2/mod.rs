//! Messages of HL7 v2: one message is read by intake and kept in one commit, with all that it states.

mod dialect;
mod patient;
mod take;
mod tally;

pub use crate::intake::hl7v2::{Fault, Header, encode, is_message, messages, read_header};
pub use dialect::{Dialect, Number};
pub use take::{MESSAGE_BYTES, Told, Verdict, too_long};
pub use tally::Tally;
