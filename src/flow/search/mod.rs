//! Searching: kept resources and the gateway's own, by R4's rules, in pages that meet each resource once.

mod cursor;
mod include;
mod page;
mod predicate;
mod results;
mod shape;
mod table;
mod value;

pub use cursor::WALK_MAX_US;
pub use include::INCLUDED_MAX;
pub(crate) use page::absent;
pub use page::{Entry, LOOKS_MAX, Page};
pub use results::{COUNT_DEFAULT, COUNT_MAX, EVERYWHERE, TERMS_MAX};
pub use shape::{Parts, shaped};
pub use table::{Kind, LINKS, Link, Parameter, parameters, sorting};
pub(crate) use value::{Date, Token};
