//! What a test leaves out for want of something, said once on the terminal, past the capture of a test's output.
//!
//! Two things may be absent. The material beside the project (`../shared`) can be installed by nobody: a clone without
//! it leaves out what reads it, and CI (`CI=true`, as `.ci/run` sets it) fails. Servers and foreign clients can be
//! installed: `./test` does so and sets `TRIALGATE_TEST_ALL=1`, under which none may be absent; `cargo test` alone
//! leaves them out.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A file or folder of the material beside the project; `None` where it is absent, which CI does not allow.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(!is_set("CI"), "../shared/{path} is absent, and CI leaves nothing out");
    say(&format!("../shared/{path} is absent"));
    None
}

/// What an environment variable names; `None` where it is not set, which `TRIALGATE_TEST_ALL=1` does not allow.
pub fn named(variable: &str, what: &str) -> Option<String> {
    if let Ok(value) = std::env::var(variable) {
        return Some(value);
    }
    assert!(!is_set("TRIALGATE_TEST_ALL"), "{variable} names no {what}, and TRIALGATE_TEST_ALL leaves nothing out");
    say(&format!("{variable} names no {what}; ./test brings one"));
    None
}

/// A program by its name; `None` where it is absent, which `TRIALGATE_TEST_ALL=1` does not allow.
pub fn tool(name: &'static str) -> Option<&'static str> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&folders).any(|folder| folder.join(name).is_file()) {
        return Some(name);
    }
    assert!(!is_set("TRIALGATE_TEST_ALL"), "there is no {name}, and TRIALGATE_TEST_ALL leaves nothing out");
    say(&format!("there is no {name}; ./test brings one"));
    None
}

fn is_set(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|v| v == "1" || v == "true")
}

fn say(what: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().expect("nobody panicked while saying so").insert(what.to_owned()) {
        // The macros would be captured with the output of a test that passes.
        let _ = writeln!(std::io::stderr(), "left out: {what}");
    }
}
