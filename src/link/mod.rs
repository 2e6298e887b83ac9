//! Outbound HTTP: the only room that talks to other servers.
//!
//! Credentials go to the configured origin alone, redirects are never followed, answers are bounded, and a write is
//! a PUT or DELETE that may be repeated: never a bare POST.

mod answer;
mod bulk;
mod client;
mod expand;
mod probe;
pub mod retry;
mod send;

pub use answer::{Answer, Failure};
pub use bulk::{Address, Broken, Download, Opened, Origins};
pub use client::{Client, LinkError, LinkSettings, MAX_ANSWER_BYTES, PAGE_BYTES, SEND_DEADLINE, Secret};
pub use expand::{EXPANSION_CODES_MAX, EXPANSION_PAGE};
pub use send::{Known, Sent};
