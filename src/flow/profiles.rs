//! The profiles: definitions, maps and schemas, built in or from a folder.

use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");
static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/stories");
/// Most files that a profiles folder may hold.
pub const PROFILE_FILES_MAX: usize = 10_000;
/// Folders inside folders that are looked into.
const DEPTH_MAX: usize = 8;

/// Text files by their path inside the profiles folder, such as `terms/units.toml`.
#[derive(Debug, Clone, Default)]
pub struct Profiles(pub BTreeMap<String, String>);

impl Profiles {
    /// Those built into the program.
    pub fn built_in() -> Self {
        let mut found = BTreeMap::new();
        collect(&BUILT_IN, &mut found);
        Self(found)
    }

    /// Those of a folder. The error says which file cannot be read.
    pub fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        walk(folder, folder, 0, &mut found)?;
        Ok(Self(found))
    }

    /// The files below a folder of it, by their path from there.
    pub fn below(&self, folder: &str) -> Vec<(String, String)> {
        let start = format!("{folder}/");
        let inside = |(path, text): (&String, &String)| Some((path.strip_prefix(&start)?.to_owned(), text.clone()));
        self.0.iter().filter_map(inside).collect()
    }

    /// These profiles with one trial's folder read from elsewhere; also answers its folder inside them.
    pub fn with_trial(mut self, dir: &Path) -> Result<(String, Self), String> {
        let name = dir.canonicalize().ok().and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
        let folder = format!("trials/{}", name.unwrap_or_else(|| "given".into()));
        let found = Self::of_folder(dir)?;
        if !found.0.contains_key("trial.toml") {
            return Err(format!("{} holds no trial.toml", dir.display()));
        }
        self.0.retain(|path, _| !path.starts_with(&format!("{folder}/")));
        self.0.extend(found.0.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)));
        Ok((folder, self))
    }

    /// These profiles with all trials read from another folder, one folder each.
    pub fn with_trials(mut self, dir: &Path) -> Result<Self, String> {
        let found = Self::of_folder(dir)?;
        self.0.retain(|path, _| !path.starts_with("trials/"));
        self.0.extend(found.0.into_iter().map(|(path, text)| (format!("trials/{path}"), text)));
        Ok(self)
    }

    /// The names of the trials that have a definition here.
    pub fn trials(&self) -> Vec<String> {
        let name = |path: &String| {
            let mut parts = path.strip_prefix("trials/")?.split('/');
            let trial = parts.next()?;
            (parts.next() == Some("trial.toml") && parts.next().is_none()).then(|| trial.to_owned())
        };
        self.0.keys().filter_map(name).collect()
    }
}

/// A story of the demo, built in.
pub fn story(name: &str) -> Option<&'static str> {
    FIXTURES.get_file(name)?.contents_utf8()
}

fn collect(dir: &Dir<'_>, found: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            found.insert(file.path().to_string_lossy().replace('\\', "/"), text.to_owned());
        }
    }
    for inner in dir.dirs() {
        collect(inner, found);
    }
}

fn walk(base: &Path, folder: &Path, depth: usize, found: &mut BTreeMap<String, String>) -> Result<(), String> {
    let fault = |what: &Path, e: std::io::Error| format!("{} cannot be read: {e}", what.display());
    if depth > DEPTH_MAX {
        return Err(format!("{} lies deeper than {DEPTH_MAX} folders", folder.display()));
    }
    for entry in std::fs::read_dir(folder).map_err(|e| fault(folder, e))? {
        let path = entry.map_err(|e| fault(folder, e))?.path();
        if path.is_dir() {
            walk(base, &path, depth + 1, found)?;
            continue;
        }
        if found.len() >= PROFILE_FILES_MAX {
            return Err(format!("{} holds more than {PROFILE_FILES_MAX} files", base.display()));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| fault(&path, e))?;
        let inside = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        found.insert(inside, text);
    }
    Ok(())
}
