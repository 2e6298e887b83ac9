//! A definition as a CQL library, which may know less than the gateway and never says the opposite.

mod lasting;
mod number;
mod say;
mod series;
mod time;
mod write;

pub use write::{Unsaid, Written, decimal, write};
