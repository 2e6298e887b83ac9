//! Tables for the statistician and the data manager: what stands in them, and how each format writes them.

pub mod csv;
pub mod dataset_json;
pub mod define;
pub mod disposition;
pub mod ndjson;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod persons;
pub mod row;
pub mod table;
pub mod wide;
