//! What is kept: verbs over one transaction, SQL, and the drivers of the databases.

mod assess;
mod audit;
mod body;
pub mod contract;
mod deliver;
mod dialect;
mod facts;
mod find;
mod group;
mod import;
mod keep;
mod migrate;
mod open;
mod persons;
mod places;
mod pool;
mod postgres;
pub mod questions;
mod room;
mod side;
mod sqlite;
mod standings;
mod transfer;
pub mod tx;
pub mod units;
mod usage;
pub mod value;
mod writer;

pub use contract::*;
pub use open::{Options, Store, shown};
pub use questions::*;
pub use transfer::{Content, Progress, TableProof, transfer};
pub use units::*;
