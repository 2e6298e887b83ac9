//! Words of what a trial asks: a checked definition and its expressions; no I/O.

mod build;
mod build_instrument;
mod build_outcome;
mod build_variable;
pub mod case;
pub mod check;
pub mod cql;
pub mod csv;
pub mod definition;
mod document;
pub mod expression;
pub mod instrument;
mod lint;
mod lint_bands;
mod lint_lists;
mod lint_outcomes;
mod lint_words;
pub mod load;
pub mod mistake;
pub mod outcome;
mod reach;
mod schema;
pub mod sheet;
mod site_map;
pub mod systems;
pub mod terms;
pub mod value_set;

pub use build_instrument::FOLDER as INSTRUMENTS;
pub use lint::unmapped;
pub use load::{Files, load};
pub use mistake::{Mistake, Severity};
pub use schema::TRIAL_SCHEMA;
pub use site_map::ENDS as MAP_ENDS;
pub use systems::{Systems, systems};
pub use terms::{TermsFiles, terms};
