//! The language of definitions: reading, checking, the first trial, maps.

mod cql;
mod cutoffs;
mod definition;
mod expressions;
mod kinds;
mod maps;
