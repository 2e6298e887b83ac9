//! Searching: kept resources and the gateway's own, by R4's rules, in pages that meet each resource once.

mod own;
mod page;

pub use own::OwnPage;
pub(crate) use page::absent;
pub use page::{COUNT_DEFAULT, COUNT_MAX, Page, TERMS_MAX, parameters};
