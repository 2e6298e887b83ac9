//! The language of definitions: reading, checking, the first trial, maps.

mod biliary;
mod code_sets;
mod cql;
mod cutoffs;
mod definition;
mod expressions;
mod fuzz;
mod instruments;
mod kinds;
mod lint;
mod maps;
mod outcomes;
mod page;
mod worked;
