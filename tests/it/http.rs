//! The door: a real listener, a real store.

mod accept;
mod auth;
mod bad;
mod bundles;
mod conditions;
mod deletes;
mod history;
mod house;
mod openapi;
mod pressure;
mod projections;
mod queries;
mod resources;
mod searches;
mod served;
mod set_aside;
mod slow;
pub mod staffed;
mod subjects;
mod surface;
mod walks;
