//! Files as a person names them: JSON, Bundles, NDJSON, folders, `.gz`, `-`.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Largest single resource or Bundle file that is read into memory, in bytes.
pub const FILE_MAX: u64 = 256 << 20;

/// The files of what was named, folders opened, in order of their names.
pub fn expand(named: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            let mut inner: Vec<PathBuf> =
                std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            inner.sort();
            found.extend(expand(&inner.into_iter().filter(|p| p.is_dir() || is_data(p)).collect::<Vec<_>>())?);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// Whether a file in a folder is one that is read.
fn is_data(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz"].iter().any(|end| name.ends_with(end))
}

/// Whether a file has one resource a line.
pub fn is_lines(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name == "-" || name.ends_with(".ndjson") || name.ends_with(".jsonl")
}

/// Opens a file for reading, unpacked.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path)?;
    Ok(if path.to_string_lossy().ends_with(".gz") {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, file))
    })
}

/// Reads a whole file, up to [`FILE_MAX`].
pub fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(io::Error::other(format!("larger than {FILE_MAX} bytes; give it as NDJSON")));
    }
    Ok(bytes)
}
