//! The program as its users run it: real processes, real sockets, real files.

pub mod amend;
pub mod check;
pub mod client;
pub mod clients;
pub mod crash;
pub mod demo;
pub mod disk;
pub mod hostile;
pub mod keys;
pub mod kills;
pub mod many;
pub mod messages;
pub mod privacy;
pub mod resume;
pub mod server;
pub mod stop;
pub mod synthea;
pub mod twins;
pub mod waiting;

pub use crate::left_out::shared;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program under test.
pub fn trialgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trialgate"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("TRIALGATE_LOG", "error");
    command
}

/// Its standard output, when it ended with 0.
pub fn output(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let (told, wrong) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    // With --json what went wrong stands in the output.
    assert!(status.success(), "ended with {status}: {wrong}\n{told}");
    String::from_utf8(stdout).expect("UTF-8")
}

/// A folder of one test; it goes when the test does.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trialgate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    /// The URL of a store in it.
    pub fn store(&self) -> String {
        format!("sqlite:{}", self.0.join("store.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
