//! Words of what a trial asks: a checked definition and its expressions; no I/O.

pub mod case;
pub mod check;
pub mod definition;
mod document;
pub mod expression;
mod formulas;
pub mod mistake;
mod schema;
mod sections;
pub mod systems;
pub mod terms;
mod variables;

pub use schema::TRIAL_SCHEMA;
