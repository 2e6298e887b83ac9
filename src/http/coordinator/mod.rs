//! The pages that a coordinator looks at: server-rendered, read only, without any script.

mod badge;
mod chart;
mod drawing;
mod feeds;
mod frame;
mod gate;
mod list;
mod outcome_item;
mod outcome_person;
mod outcome_person_parts;
mod outcomes;
mod person;
mod person_parts;
pub mod routes;
mod session;
pub mod text;
mod trial;
mod visits;
