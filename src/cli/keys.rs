//! `keys …`: the keys by which the gateway signs where it asks for tokens. Private halves are in files and never printed.

use super::args::Place;
use super::print::{End, fail, json};
use crate::flow::keys::{Algorithm, load, make};
use crate::model::time::Instant;
use clap::{Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// `trialgate keys …`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Makes a key. It is served at `/.well-known/jwks.json` from the next start on; the oldest signs.
    New {
        /// How it signs.
        #[arg(long, default_value = "ES384")]
        algorithm: Kind,
        /// Folder of the keys, instead of the one in the settings.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Prints the public halves as a JSON Web Key Set, for servers that take a file.
    Show {
        /// Folder of the keys, instead of the one in the settings.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

/// The algorithms of SMART Backend Services.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// ECDSA on P-384.
    #[value(name = "ES384")]
    Es384,
    /// RSA of 3,072 bits.
    #[value(name = "RS384")]
    Rs384,
}

/// Makes a key, and prints where it is and its public half.
pub fn new(folder: &Path, kind: Kind, now: Instant, random: &[u8; 4]) -> End {
    let algorithm = match kind {
        Kind::Es384 => Algorithm::Es384,
        Kind::Rs384 => Algorithm::Rs384,
    };
    match make(folder, algorithm, now, random) {
        Ok((key, path)) => {
            json(&key.public());
            eprintln!("its private half is in {}; keep that file", path.display());
            End::Done
        }
        Err(words) => fail(End::Failed, words),
    }
}

/// Prints the public halves.
pub fn show(folder: &Path) -> End {
    match load(folder) {
        Ok(keys) if keys.0.is_empty() => {
            fail(End::Wrong, format!("{} holds no key; make one with `trialgate keys new`", folder.display()))
        }
        Ok(keys) => {
            json(&keys.public());
            End::Done
        }
        Err(words) => fail(End::Wrong, words),
    }
}
