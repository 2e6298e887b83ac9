//! The language of definitions: reading, checking, the first trial, maps.

mod code_sets;
mod cql;
mod cutoffs;
mod definition;
mod expressions;
mod instruments;
mod kinds;
mod maps;
mod page;
mod worked;
