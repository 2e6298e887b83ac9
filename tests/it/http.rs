//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod queries;
mod resources;
mod subjects;
mod walks;
