//! What is kept: verbs over one transaction, SQL, and the drivers of the databases.

mod assess;
mod audit;
mod body;
pub mod contract;
mod delete;
mod deliver;
mod dialect;
mod facts;
mod find;
mod group;
mod history;
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
mod sqlite;
mod standings;
pub mod tx;
pub mod units;
mod usage;
pub mod value;
mod walk;
mod writer;

pub use contract::*;
pub use delete::{Delete, Deleted, Deletion, Transact, Which};
pub use history::{History, Last, Versions};
pub use open::{Options, Store, shown};
pub use questions::*;
pub use units::*;
pub use walk::{Judge, Order, Place, Walk, Walked};
