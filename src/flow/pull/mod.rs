//! Pulling from a source: page after page of its searches, kept like any other resource, and deleted when it is gone there.
//!
//! Nothing here is trusted to come in order or once: whatever was read again meets itself, and a cursor moves only when
//! all that it passes over is on disk.

mod deletions;
mod hinted;
mod named;
mod page;
mod round;
mod settings;

pub use hinted::bring;
pub(crate) use named::{below, members, place};
pub use page::PAGES_MAX;
pub(crate) use page::{Ask, Halt, PAUSE_MAX, TRIES, caller};
pub(crate) use round::{BEGINNING, back, tell};
pub use round::{Feed, HINT_PAUSE, Pulled, round, run};
pub(crate) use settings::maybe;
pub use settings::{By, Pull};
