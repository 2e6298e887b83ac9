//! The first look at a source: what it states of itself, some samples of what it answers, and what that means for the
//! settings. Nothing is kept, and nothing that is told names a person.

mod advice;
mod ask;
mod sample;

pub use crate::link::Offered;
pub use ask::{Asked, PATIENTS_MAX, Probed, SAMPLES_MAX, probe};
pub use sample::Sample;
