//! Bodies: compressed as received, with what to splice on reading in front.

use super::contract::{StoreError, Stored};
use crate::model::draft::{Offsets, Stretch};
use crate::model::time::Instant;
use std::cell::RefCell;

/// Largest body that is read back, in bytes.
const BODY_MAX: usize = 64 << 20;
thread_local! {
    /// Kept from one body to the next: making one costs more than packing with it.
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Marks a stretch that is not there.
const NONE: u32 = u32::MAX;

/// Packs a body with its offsets and resolved references.
pub(super) fn pack(body: &[u8], offsets: &Offsets, resolved: &[(Stretch, String)]) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::with_capacity(64 + body.len() / 2);
    for stretch in [offsets.id, offsets.meta, offsets.version_id, offsets.last_updated] {
        put_stretch(&mut out, stretch);
    }
    out.extend(u16::try_from(resolved.len()).unwrap_or(u16::MAX).to_le_bytes());
    for (stretch, text) in resolved.iter().take(usize::from(u16::MAX)) {
        put_stretch(&mut out, Some(*stretch));
        let length = u16::try_from(text.len()).map_err(|_| StoreError::Corrupt("a reference is too long".into()))?;
        out.extend(length.to_le_bytes());
        out.extend(text.as_bytes());
    }
    out.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    let wrong = |e: std::io::Error| StoreError::Corrupt(format!("a body cannot be packed: {e}"));
    let packed = PACKER.with_borrow_mut(|kept| match kept {
        Some(packer) => packer.compress(body),
        None => kept.insert(zstd::bulk::Compressor::new(1)?).compress(body),
    });
    out.extend(packed.map_err(wrong)?);
    Ok(out)
}

fn put_stretch(out: &mut Vec<u8>, stretch: Option<Stretch>) {
    let stretch = stretch.unwrap_or(Stretch { start: NONE, end: NONE });
    out.extend(stretch.start.to_le_bytes());
    out.extend(stretch.end.to_le_bytes());
}

/// Reads the front of a packed body.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn stretch(&mut self) -> Option<Option<Stretch>> {
        let start = u32::from_le_bytes(self.bytes(4)?.try_into().ok()?);
        let end = u32::from_le_bytes(self.bytes(4)?.try_into().ok()?);
        Some((start != NONE).then_some(Stretch { start, end }))
    }

    fn number(&mut self) -> Option<usize> {
        Some(usize::from(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?)))
    }
}

/// The resource as it is to be read: id, versionId, lastUpdated and resolved references spliced in, all else as received.
pub(super) fn read(
    packed: &[u8],
    id: String,
    version: i64,
    known: Instant,
    deleted: bool,
) -> Result<Stored, StoreError> {
    if deleted {
        return Ok(Stored { id, version, known, deleted, body: Vec::new() });
    }
    let body =
        unpack(packed, &id, version, known).ok_or_else(|| StoreError::Corrupt("a body cannot be read".into()))?;
    Ok(Stored { id, version, known, deleted, body })
}

fn unpack(packed: &[u8], id: &str, version: i64, known: Instant) -> Option<Vec<u8>> {
    let mut front = Front(packed);
    let offsets = Offsets {
        id: front.stretch()?,
        meta: front.stretch()?,
        version_id: front.stretch()?,
        last_updated: front.stretch()?,
    };
    let mut edits: Vec<(Stretch, String)> = Vec::new();
    for _ in 0..front.number()? {
        let stretch = front.stretch()??;
        let length = front.number()?;
        edits.push((stretch, String::from_utf8(front.bytes(length)?.to_vec()).ok()?));
    }
    let length = u32::from_le_bytes(front.bytes(4)?.try_into().ok()?) as usize;
    let body = zstd::bulk::decompress(front.0, length.min(BODY_MAX)).ok()?;
    edits.extend(head_edits(&body, &offsets, id, version, known));
    edits.sort_by_key(|(stretch, _)| stretch.start);
    let mut out = Vec::with_capacity(body.len() + 128);
    let mut from = 0;
    for (stretch, text) in edits {
        out.extend_from_slice(body.get(from..stretch.start as usize)?);
        out.extend_from_slice(text.as_bytes());
        from = stretch.end as usize;
    }
    out.extend_from_slice(body.get(from..)?);
    Some(out)
}

fn head_edits(body: &[u8], offsets: &Offsets, id: &str, version: i64, known: Instant) -> Vec<(Stretch, String)> {
    let mut edits = Vec::new();
    let (version, updated) = (format!("\"{version}\""), format!("\"{known}\""));
    let mut added = String::new();
    match offsets.id {
        Some(stretch) => edits.push((stretch, format!("\"{id}\""))),
        None => added.push_str(&format!("\"id\":\"{id}\",")),
    }
    match offsets.meta {
        None => added.push_str(&format!("\"meta\":{{\"versionId\":{version},\"lastUpdated\":{updated}}},")),
        Some(meta) => {
            let mut inside = Vec::new();
            for (name, stretch, text) in
                [("versionId", offsets.version_id, version), ("lastUpdated", offsets.last_updated, updated)]
            {
                match stretch {
                    Some(stretch) => edits.push((stretch, text)),
                    None => inside.push(format!("\"{name}\":{text}")),
                }
            }
            if !inside.is_empty() {
                let rest = body.get(meta.start as usize + 1..meta.end as usize).unwrap_or_default();
                let comma = if rest.trim_ascii() == b"}" { "" } else { "," };
                let at = Stretch { start: meta.start + 1, end: meta.start + 1 };
                edits.push((at, format!("{}{comma}", inside.join(","))));
            }
        }
    }
    let brace = body.iter().position(|b| *b == b'{').and_then(|p| u32::try_from(p + 1).ok());
    if let (Some(start), false) = (brace, added.is_empty()) {
        edits.push((Stretch { start, end: start }, added));
    }
    edits
}
