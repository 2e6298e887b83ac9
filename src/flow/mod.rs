//! The corridor: walks data through the rooms, one commit at a time. Doors call nothing else.

pub mod answer;
pub mod bundle;
pub mod gateway;
pub mod import;
pub mod lines;
pub mod query;
pub mod render;
pub mod research;
mod seam;
pub mod search;

pub use crate::store::Store;
pub use crate::store::contract::{Caller, Event, Found, Kept, Stored};
