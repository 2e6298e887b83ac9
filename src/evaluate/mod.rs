//! A trial, a person's readings and a moment become a verdict with its evidence: a pure function.

mod run;

pub use run::{Choice, Moment, evaluate, treatment};
