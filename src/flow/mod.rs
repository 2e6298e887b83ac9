//! The corridor: walks data through the rooms, one commit at a time. Doors call nothing else.

pub mod accounts;
pub mod answer;
pub mod assess;
pub mod backtest;
pub mod bundle;
pub mod cases;
pub mod chart;
pub mod delete;
pub mod deliver;
pub mod desk;
pub mod evaluation;
mod evidence;
pub mod explain;
pub mod gateway;
pub mod history;
pub mod import;
pub mod library;
pub mod lines;
pub mod overview;
pub mod own;
pub mod people;
pub mod profiles;
pub mod projections;
pub mod query;
pub mod rehearse;
pub mod render;
pub mod rights;
mod seam;
pub mod search;
pub mod served;
pub mod subjects;
pub mod takeup;
pub mod worklist;

pub use crate::store::contract::{Caller, Event, Kept, StoreError, Stored};
pub use crate::store::{Content, Deleted, Progress, Store, TableProof};
