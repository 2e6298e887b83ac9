//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod house;
mod pressure;
mod queries;
mod resources;
mod slow;
mod subjects;
mod walks;
