//! Rest-hooks: a source says that something changed. It is a hint and no more: what changed is read from the source
//! itself, and polling finds what no hint told.

mod board;
mod register;
mod settings;
mod told;

pub use board::{GAPS_MAX, Gap, HINTS_MAX, Hints, Hook, Hooks};
pub use register::{Registered, keep_registered, registered};
pub use settings::{HookSettings, Register, TOKEN_MIN};
pub use told::Told;
pub(crate) use told::ask_events;
