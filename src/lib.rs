//! `trialgate`: labs of a hospital in, decided and explained trial status out.
//!
//! The rooms, in the order in which data walks through them. *Words* import only words, a *room*
//! imports only words, *flow* imports words and rooms, a *door* imports words and flow, *app*
//! imports all. `tests/it/tidy.rs` keeps it so; `docs/ARCHITECTURE.md` walks one lab value through.

pub mod model;
pub mod trial;

pub mod intake;
pub mod store;

pub mod decide;
pub mod evaluate;
pub mod normalize;

pub mod link;
pub mod publish;

pub mod flow;

pub mod cli;
pub mod http;
pub mod mllp;

pub mod app;
pub mod clock;
pub mod config;
pub mod telemetry;
