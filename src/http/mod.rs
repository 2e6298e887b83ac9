//! The door: FHIR over HTTP, probes and metrics. Only this room knows axum.

pub mod accept;
mod address;
pub mod auth;
mod bare;
mod body;
pub mod budget;
pub mod coordinator;
pub mod fhir;
pub mod hooks;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod operations;
pub mod outcome;
pub mod packing;
mod prefer;
mod reads;
pub mod routes;
pub mod running;
mod searches;
pub mod server;
pub mod set_aside;
pub mod standin;
mod writes;
