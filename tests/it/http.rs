//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod openapi;
mod pressure;
mod projections;
mod queries;
mod resources;
mod served;
mod slow;
pub mod staffed;
mod subjects;
mod walks;
