//! Words of what a trial asks: a checked definition and its expressions; no I/O.

pub mod definition;
pub mod expression;
pub mod mistake;
