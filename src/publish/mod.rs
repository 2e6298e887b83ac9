//! What targets, clients and people are told: pure, and the same bytes for the same input.
//!
//! No reason, criterion or lab value leaves beside a status; evidence is for those who ask for it by right.

pub mod around;
pub mod assessment;
pub mod blinding;
pub mod bundle;
pub mod canonical;
pub mod capability;
pub mod compare;
pub mod course;
pub mod explain;
pub mod export;
pub mod figure;
pub mod following;
pub mod group;
pub mod guidance;
pub mod history;
mod json;
pub mod measure;
pub mod outcome;
pub mod plain;
pub mod plan;
pub mod provenance;
pub mod requirement;
pub mod statistics;
pub mod study;
pub mod subject;
pub mod summary;
pub mod task;
pub mod task_followed;
pub mod trend;
