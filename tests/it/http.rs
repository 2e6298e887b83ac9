//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod projections;
mod queries;
mod resources;
mod staffed;
mod walks;
