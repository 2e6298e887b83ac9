//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod openapi;
mod projections;
mod queries;
mod resources;
mod served;
pub mod staffed;
mod walks;
