//! The door, as far as it can be tried without a store.

mod accept;
mod auth;
mod queries;
