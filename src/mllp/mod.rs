//! The door for messages of HL7 v2: blocks of MLLP over TCP, answered when what they state is on disk.

mod answer;
mod frame;
mod listen;
mod settings;
mod tls;

pub use answer::answers;
pub use listen::{Bounds, Listener};
pub use settings::Mllp;
