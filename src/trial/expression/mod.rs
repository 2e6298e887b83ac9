//! The expression language: a subset of CQL 1.5 with selections. See `docs/trial-definition.md`.

pub mod tree;
