//! The language of definitions: reading, checking, the first trial, maps.

mod definition;
mod expressions;
mod maps;
