//! A table that is locked: signed by somebody, kept by its digest with all that was asked, made again byte for byte.

use super::ask::{ExportError, Exported, Request, To, caller, export};
use crate::flow::desk::Desk;
use crate::flow::rights::Reader;
use crate::model::assessment::ENGINE;
use crate::model::key::hex;
use crate::store::*;
use std::collections::BTreeMap;

/// What signing a table means.
pub const MEANING: &str = "I lock this table: it is what is analysed, and it is made again from what was known then.";
/// Bytes of a person's pseudonym, and of the digest of their lines, in [`ExportLock::parts`].
const PART: (usize, usize) = (16, 16);
/// Persons that are named among those who differ; how many there are is said.
pub const NAMED_MAX: usize = 20;

/// How a table that was made again compares with what was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was locked.
    pub lock: ExportLock,
    /// What came now.
    pub now: Exported,
    /// What differs, in words; empty: not a byte.
    pub differs: Vec<String>,
}

/// Locks what was just exported; whether the name was free. Every moment that was asked for must stand in the request.
pub async fn lock(
    desk: &Desk,
    name: &str,
    request: &Request,
    exported: &Exported,
    signed_by: &Reader,
) -> Result<bool, ExportError> {
    let lock = ExportLock {
        name: name.to_owned(),
        trial: request.trial.clone(),
        asked: serde_json::to_string(request).map_err(|e| ExportError::Wrong(e.to_string()))?,
        definition: exported.definition,
        engine: ENGINE.to_owned(),
        known: exported.known,
        digest: exported.digest,
        bytes: i64::try_from(exported.bytes).unwrap_or(i64::MAX),
        rows: i64::try_from(exported.rows).unwrap_or(i64::MAX),
        parts: exported.parts.clone(),
        signed_by: signed_by.name.clone(),
        meaning: MEANING.to_owned(),
        at: desk.now(),
    };
    Ok(desk.store().write(KeepLock { lock, caller: caller(Some(signed_by)) }).await?)
}

/// Makes a locked table again, for whoever may have it: see [`export`].
pub async fn check(
    desk: &Desk,
    name: &str,
    reader: Option<&Reader>,
    to: To<'_>,
    progress: impl FnMut(u64),
) -> Result<Checked, ExportError> {
    let lock = desk.store().read(LockOf { name: name.to_owned() }).await?;
    let lock = lock.ok_or_else(|| ExportError::Wrong(format!("no table is locked as `{name}`; see `export locks`")))?;
    let request = request_of(&lock)?;
    let now = export(desk, &request, reader, to, progress).await?;
    let differs = differences(&lock, &now);
    Ok(Checked { lock, now, differs })
}

/// What was asked for a lock.
pub fn request_of(lock: &ExportLock) -> Result<Request, ExportError> {
    serde_json::from_str(&lock.asked)
        .map_err(|e| ExportError::Wrong(format!("what was asked for `{}` is not understood: {e}", lock.name)))
}

fn differences(lock: &ExportLock, now: &Exported) -> Vec<String> {
    if lock.digest == now.digest {
        return Vec::new();
    }
    let mut found = vec![format!("SHA-256 was {} and is {}", hex(&lock.digest), hex(&now.digest))];
    let counts = [("lines", lock.rows, now.rows), ("bytes", lock.bytes, now.bytes)];
    for (what, then, now) in counts {
        if u64::try_from(then) != Ok(now) {
            found.push(format!("{then} {what} then, {now} now"));
        }
    }
    if lock.definition != now.definition {
        found.push(format!(
            "the definitions had the digest {} and have {}",
            hex(&lock.definition),
            hex(&now.definition)
        ));
    }
    if lock.engine != ENGINE {
        found.push(format!("made by engine {}, and this is {ENGINE}", lock.engine));
    }
    let (then, now) = (parts(&lock.parts), parts(&now.parts));
    let gone: Vec<&String> = then.keys().filter(|p| !now.contains_key(*p)).collect();
    let new: Vec<&String> = now.keys().filter(|p| !then.contains_key(*p)).collect();
    let other: Vec<&String> =
        then.iter().filter(|(p, d)| now.get(*p).is_some_and(|n| n != *d)).map(|(p, _)| p).collect();
    for (what, persons) in [("no longer in it", gone), ("new in it", new), ("with other lines", other)] {
        if !persons.is_empty() {
            let named: Vec<&str> = persons.iter().take(NAMED_MAX).map(|p| p.as_str()).collect();
            let more = if persons.len() > NAMED_MAX { ", …" } else { "" };
            found.push(format!("{what}, {} persons: {}{more}", persons.len(), named.join(", ")));
        }
    }
    found
}

/// Persons and the digests of their lines.
fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let one = |part: &[u8]| (String::from_utf8_lossy(&part[..PART.0]).into_owned(), part[PART.0..].to_vec());
    bytes.chunks_exact(PART.0 + PART.1).map(one).collect()
}
