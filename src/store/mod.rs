//! What is kept: verbs over one transaction, SQL, and the drivers of the databases.

pub mod contract;
mod group;
pub mod questions;
mod stub;
pub mod tx;
pub mod units;
pub mod value;
mod writer;

pub use contract::*;
pub use questions::*;
pub use units::*;
pub use writer::{Options, Store};
