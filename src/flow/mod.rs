//! The corridor: walks data through the rooms, one commit at a time. Doors call nothing else.

pub mod answer;
pub mod assess;
pub mod backtest;
pub mod bundle;
pub mod cases;
pub mod deliver;
pub mod desk;
pub mod evaluation;
pub mod explain;
pub mod gateway;
pub mod import;
pub mod library;
pub mod lines;
pub mod own;
pub mod people;
pub mod profiles;
pub mod projections;
pub mod query;
pub mod rehearse;
pub mod render;
pub mod research;
mod seam;
pub mod search;
pub mod subjects;
pub mod takeup;

pub use crate::store::contract::{Caller, Event, Found, Kept, StoreError, Stored};
pub use crate::store::{Content, Progress, Store, TableProof};
