//! What the coordinator's pages ask: who may fit and why, what became of whom, what there is to do, and how the gateway fares.

pub mod chart;
pub mod figures;
pub mod overview;
pub mod queues;
pub mod visits;
pub mod worklist;
