//! Messages of HL7 v2: each is read by intake and kept, with all that it states, in one commit.

mod dialect;
mod patient;
mod plan;
mod take;
mod tally;

pub use crate::intake::hl7v2::{Fault, Header, Number, encode, is_message, messages, read_header};
pub use dialect::Dialect;
pub use take::{CHUNK, MESSAGE_BYTES, Sent, Told, Verdict, too_long};
pub use tally::Tally;
