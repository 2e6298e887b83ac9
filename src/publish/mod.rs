//! What is decided becomes what others read: resources, JSON, words.

pub mod assessment;
pub mod explain;
