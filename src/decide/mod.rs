//! The status table and the purposes: pure, without I/O, clock or knowledge of any one trial.
//!
//! Data proposes ([`by_data`]), people decide ([`by_person`]), and [`permitted`] is asked before both.

mod act;
mod by_data;
mod by_person;
mod permitted;
mod table;
mod together;

pub use act::{Act, Consent, END_REASONS};
pub use by_data::{DataView, PersonFacts, by_data, counted_as, lapsed_into_another, looks_again_at, two_subjects};
pub use by_person::{PersonView, by_person};
pub use permitted::{Grounds, permitted};
pub use table::{Row, TABLE, Who, row};
pub use together::{Together, together};
