//! Outbound HTTP: the only room that talks to other servers.
//!
//! Credentials go to the configured origin alone, redirects are never followed, answers are bounded, and a write is
//! a PUT or DELETE that may be repeated: never a bare POST. `token.rs` says where an assertion may go.

mod access;
mod answer;
mod bulk;
mod client;
mod expand;
mod keys;
mod probe;
pub mod retry;
mod send;
mod subscribe;
mod token;

pub use access::{Access, Auth, By, SECRET_FILE_MAX, Tls};
pub use answer::{Answer, Failure};
pub use bulk::{Address, Broken, Download, Opened, Origins};
pub use client::{Client, LinkError, LinkSettings, MAX_ANSWER_BYTES, PAGE_BYTES, SEND_DEADLINE, Secret, check_base};
pub use expand::{EXPANSION_CODES_MAX, EXPANSION_PAGE};
pub use keys::{Algorithm, Key, Keys};
pub use probe::{Offer, Offered};
pub use send::{Known, Sent};
pub use subscribe::Takes;
pub use token::{ASSERTION_LIFE, Smart, TOKEN_ANSWER_BYTES, TOKEN_EARLY, TOKEN_LIFE_MAX, TOKEN_REST};
