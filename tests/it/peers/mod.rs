//! Foreign validators and clients: what others make of what is served.
//!
//! `tests/it/peers/prepare FOLDER` installs them, `./test` does so and names the folder in `TRIALGATE_PEERS`.

mod clients;
pub mod collect;
mod cql;
mod described;
mod forms;
mod messages;
mod people;
mod tables;
mod validator;

use std::path::PathBuf;
use std::process::Command;

/// The folder of the installed peers; `None` where there is none, which `TRIALGATE_TEST_ALL` does not allow.
pub fn peers() -> Option<PathBuf> {
    crate::left_out::named("TRIALGATE_PEERS", "folder of foreign clients").map(PathBuf::from)
}

/// The validator's command; `None` where the material beside the project is absent.
fn validator() -> Option<Command> {
    let peers = peers()?;
    crate::program::shared("tools/hapi-validator/validate")?;
    let mut command = Command::new(peers.join("validator/validate"));
    command.env("VALIDATOR_BUILD", peers.join("hapi-validator"));
    Some(command)
}

/// Runs to the end; answers standard output and says all of it when the command fails.
fn output(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{:?} ended with {}:\n{text}", command.get_program(), done.status);
    text
}
