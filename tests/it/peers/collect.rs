//! What is served and refused, kept for the validator: each test that meets a FHIR body hands it over here.
//!
//! Only where `TRIALGATE_SERVED` names a folder; the test that validates starts the others so.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The variable that names the folder.
pub const FOLDER: &str = "TRIALGATE_SERVED";
/// Bodies of one shape that are kept; further ones say nothing new.
const ALIKE_MAX: usize = 2;
/// Longest body that is kept: what is longer is more of the same.
const BYTES_MAX: usize = 400_000;

/// Keeps a body; `shape` says what it has in common with others, such as a path and status.
pub fn keep(shape: &str, body: &[u8]) {
    static SEEN: Mutex<Option<HashMap<(String, String), usize>>> = Mutex::new(None);
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    if body.len() > BYTES_MAX || value["resourceType"].as_str().is_none() {
        return;
    }
    let kind = format!("{} {} {}", value["resourceType"], value["type"], value["issue"][0]["code"]);
    let mut seen = SEEN.lock().expect("no test panics in here");
    let count = seen.get_or_insert_default().entry((shape.to_owned(), kind)).or_default();
    *count += 1;
    if *count <= ALIKE_MAX {
        append(&folder, "shapes.txt", shape.as_bytes());
        append(&folder, "served.ndjson", body);
    }
}

/// Appends one line.
fn append(folder: &Path, name: &str, text: &[u8]) {
    let mut line: Vec<u8> = text.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join(name)).expect("a file to collect in");
    file.write_all(&line).expect("collected");
}
