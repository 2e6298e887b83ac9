//! Words that cross rooms: plain values without I/O, clock or database.
//!
//! A file enters this room only when two rooms speak its word.

pub mod assessment;
pub mod capabilities;
pub mod change;
pub mod code;
mod decimal;
pub mod draft;
pub mod fact;
pub mod interval;
pub mod issue;
pub mod key;
pub mod length;
pub mod medication;
pub mod number;
pub mod outcome;
pub mod parcel;
pub mod purpose;
pub mod reading;
pub mod shown;
pub mod standing;
pub mod terms;
pub mod time;
pub mod truth;
pub mod unit;
pub mod words;
