//! The folder of signing keys: one file each, named after its key, readable by its owner alone. The oldest name signs, all are served.

pub use crate::link::Algorithm;

use crate::link::{Key, Keys};
use crate::model::key::hex;
use crate::model::time::Instant;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most keys of one folder.
pub const KEYS_MAX: usize = 20;
/// The longest file of a key.
pub const KEY_FILE_MAX: u64 = 32 << 10;
const ENDING: &str = "pem";

/// The keys of a folder in the order of their names, which begin with the day they were made; one that is not there has none.
pub fn load(folder: &Path) -> Result<Keys, String> {
    let unfit = |path: &Path, words: String| format!("signing key {}: {words}", path.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Keys::default()),
        Err(error) => return Err(format!("the folder of keys {}: {error}", folder.display())),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|e| format!("the folder of keys {}: {e}", folder.display()))?;
    paths.retain(|path| path.extension().is_some_and(|e| e == ENDING));
    paths.sort();
    if paths.len() > KEYS_MAX {
        return Err(format!("{} holds {} keys; at most {KEYS_MAX}", folder.display(), paths.len()));
    }
    let mut keys = Vec::new();
    for path in paths {
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.ok_or_else(|| unfit(&path, "its name is no UTF-8, and is to be the name of the key".into()))?;
        let about = std::fs::metadata(&path).map_err(|e| unfit(&path, e.to_string()))?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(unfit(&path, format!("others may read or write it (mode {mode:o}); wanted `chmod 600`")));
        }
        if about.len() > KEY_FILE_MAX {
            return Err(unfit(&path, format!("it has {} bytes; at most {KEY_FILE_MAX}", about.len())));
        }
        let text = std::fs::read(&path).map_err(|e| unfit(&path, e.to_string()))?;
        keys.push(Arc::new(Key::read(name, &text).map_err(|words| unfit(&path, words))?));
    }
    Ok(Keys(keys))
}

/// Makes a key and its file in the folder, which is made where it is not there. `random` is new for each key.
pub fn make(folder: &Path, algorithm: Algorithm, now: Instant, random: &[u8; 4]) -> Result<(Key, PathBuf), String> {
    let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let there = load(folder)?.0.len();
    if there >= KEYS_MAX {
        return Err(format!("{} holds {there} keys already; remove one that is served no longer", folder.display()));
    }
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
    builder.create(folder).map_err(|e| wrong(folder, e))?;
    let day: String = now.to_string().chars().take(19).filter(|c| c.is_ascii_digit()).collect();
    let name = format!("{day}-{}-{}", algorithm.name().to_lowercase(), hex(random));
    let path = folder.join(format!("{name}.{ENDING}"));
    let text = Key::generate(algorithm)?;
    let key = Key::read(&name, text.as_bytes())?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(|e| wrong(&path, e))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| wrong(&path, e))?;
    Ok((key, path))
}
