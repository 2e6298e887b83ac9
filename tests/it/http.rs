//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod openapi;
mod projections;
mod pressure;
mod queries;
mod resources;
mod slow;
mod subjects;
mod staffed;
mod walks;
