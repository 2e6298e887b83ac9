//! Exports: who asks for what, how persons and resources are named in it, and every byte on its way out.

pub mod ask;
pub mod lock;
pub mod names;
mod people;
mod sink;
mod subjects;
