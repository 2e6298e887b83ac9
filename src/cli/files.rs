//! Files as a person names them: JSON, Bundles, NDJSON, messages of HL7 v2, folders, `.gz`, `-`.

use crate::model::key::{digest_words, hex};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Largest single resource or Bundle file that is read into memory, in bytes.
pub const FILE_MAX: u64 = 256 << 20;
/// Bytes at the beginning of a file by which it is known again.
const BEGINNING: u64 = 1 << 16;

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
    let ends = [".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz", ".hl7", ".hl7.gz"];
    ends.iter().any(|end| name.ends_with(end))
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

/// Opens a file where so many bytes of it, unpacked, were read before. A packed one is unpacked up to there.
pub fn open_at(path: &Path, bytes: u64) -> io::Result<Box<dyn BufRead + Send>> {
    if bytes > 0 && !path.to_string_lossy().ends_with(".gz") {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(bytes))?;
        return Ok(Box::new(BufReader::with_capacity(1 << 16, file)));
    }
    let mut reader = open(path)?;
    io::copy(&mut reader.by_ref().take(bytes), &mut io::sink())?;
    Ok(reader)
}

/// Whether a file is read once and cannot be asked for its beginning again.
pub fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || (path.exists() && !path.is_file())
}

/// Under what name a file's mark is kept, and what content it is of: size, time of its last change, beginning.
/// The name is a digest, since a path may hold a name.
pub fn identity(path: &Path, source: &str) -> io::Result<(String, String)> {
    let whole = path.canonicalize()?;
    let place = digest_words(&[source, &whole.to_string_lossy()]);
    let (meta, mut beginning) = (path.metadata()?, Vec::new());
    File::open(path)?.take(BEGINNING).read_to_end(&mut beginning)?;
    let changed = meta.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let facts = [meta.len().to_string(), changed.as_nanos().to_string(), hex(&beginning)];
    let content = digest_words(&facts.each_ref().map(String::as_str));
    Ok((format!("import/{source}/{}", hex(&place[..16])), hex(&content)))
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
