//! Bundles: a transaction is kept whole or not at all, a batch entry by entry.

mod names;
mod show;
mod step;
mod take;

pub use take::{Asking, ISSUES_MAX};
pub(super) use take::{at_entry, joined};
