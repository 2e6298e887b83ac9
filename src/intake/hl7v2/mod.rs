//! HL7 v2: bytes of one message in, FHIR JSON of what it states and issues out. Pure, like the rest of intake.
//!
//! What a message states is written as the FHIR resource that says the same, so that nothing behind intake knows a
//! second way: one reader makes facts. Each Observation carries the segment as it was received.

mod charset;
mod code;
mod fhir;
mod message;
mod patient;
mod read;
mod result;
mod time;
mod value;

pub use message::Header;
pub use read::{Aside, Fault, Order, Outcome, Said, Spoken, Words, read_message};
