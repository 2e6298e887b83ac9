//! HL7 v2: bytes of one message in, FHIR JSON of what it states and issues out. Pure, like the rest of intake.
//!
//! What a message states is written as the FHIR resource that says the same, so that nothing behind intake knows a
//! second way: one reader makes facts. Each Observation carries the segment as it was received.

mod administration;
mod charset;
mod code;
mod fhir;
mod message;
mod order;
mod patient;
mod read;
mod result;
mod time;
mod value;

pub use charset::{CHARSETS, encode, is_charset};
pub use message::{Header, is_message, messages};
pub use read::{Change, Fault, Number, OfPatient, Outcome, Said, Spoken, Words, aside, read_header, read_message};
