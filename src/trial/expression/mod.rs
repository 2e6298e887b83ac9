//! The expression language: a subset of CQL 1.5 with selections. See `docs/trial-definition.md`.

pub mod check;
mod check_call;
mod check_number;
pub mod lexer;
pub mod names;
pub mod parser;
mod parser_term;
pub mod syntax;
pub mod tree;

pub use check_number::factor;
