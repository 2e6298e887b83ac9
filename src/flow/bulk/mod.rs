//! Bulk Data exports of a source: asked for, waited for, read file by file as they come, and gone on with after a kill.
//!
//! An export counts as read whole only when nothing of it was missing, damaged or told as an error: until then the
//! next one asks from the same moment on, so that nothing is passed over.

mod files;
mod manifest;
mod missing;
mod round;
mod settings;
mod split;
mod standing;

pub use manifest::{FILES_MAX, Manifest};
pub use missing::MET_MAX;
pub use round::{round, run};
pub use settings::{Bulk, Level};
pub use split::{LINE_MAX, Piece, Split};
