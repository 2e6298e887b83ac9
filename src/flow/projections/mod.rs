//! What is rendered from definitions, assessments and standings when asked for, and stored nowhere.

pub mod measures;
pub mod people;
pub mod rendered;
pub mod shelf;
pub mod verdict;
