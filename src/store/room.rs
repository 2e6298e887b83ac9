//! Room kept beside the store, so that a full disk stops what brings data and not the audit of what is read.

use crate::clock;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes kept free for what must be written when there is no room for data.
const RESERVE_BYTES: u64 = 4 << 20;
/// How long after the disk was full the next look is taken whether there is room again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// What the file is filled with: no run of zeros, which some file systems keep in no room at all.
const FILLING: &[u8; 4096] = &[0xA5; 4096];

/// A file of [`RESERVE_BYTES`] that is removed when the disk is full and made again when it is not.
pub(super) struct Room {
    file: PathBuf,
    kept: bool,
    looked: Option<Duration>,
}

impl Room {
    /// The room kept beside a store's file.
    pub(super) fn beside(store: &Path) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push(".reserve");
        let file = PathBuf::from(name);
        let kept = file.metadata().is_ok_and(|m| m.len() == RESERVE_BYTES);
        Self { file, kept, looked: None }
    }

    /// Whether there is room for data. While there is none, it looks once in a while.
    pub(super) fn is_there(&mut self) -> bool {
        let now = clock::steady();
        if self.kept || self.looked.is_some_and(|at| now < at + LOOK_AGAIN) {
            return self.kept;
        }
        self.looked = Some(now);
        // Twice the room: what was given up is not taken for room that somebody made.
        self.kept = fill(&self.file).is_ok();
        if self.kept {
            tracing::debug!("there is room for data");
        } else {
            let _ = std::fs::remove_file(&self.file);
        }
        self.kept
    }

    /// The disk is full: the room goes to what must be written.
    pub(super) fn give(&mut self) {
        tracing::error!("the disk is full: no data is taken until there is room");
        self.kept = false;
        self.looked = Some(clock::steady());
        let _ = std::fs::remove_file(&self.file);
    }
}

fn fill(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    for _ in 0..2 * RESERVE_BYTES / FILLING.len() as u64 {
        file.write_all(FILLING)?;
    }
    file.set_len(RESERVE_BYTES)
}
