//! Bodies: compressed as received, with what to splice on reading in front.

use super::contract::{StoreError, Stored};
use crate::model::draft::{Offsets, Stretch};
use crate::model::time::Instant;
use std::cell::RefCell;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Largest body that is read back, in bytes.
const BODY_MAX: usize = 64 << 20;
/// How hard bodies are packed.
const LEVEL: i32 = 1;
/// The dictionaries, by the number in front of a body, from 1; 0 is none. One that has packed a body is never changed:
/// a better one (`examples/body_dictionary.rs`) is added behind it.
const DICTIONARIES: [&[u8]; 1] = [include_bytes!("bodies-1.dictionary")];

/// The newest dictionary, ready to pack.
static NEWEST: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARIES[DICTIONARIES.len() - 1], LEVEL));
/// All of them, ready to unpack.
static ALL: LazyLock<[DecoderDictionary<'static>; DICTIONARIES.len()]> =
    LazyLock::new(|| DICTIONARIES.map(DecoderDictionary::copy));

thread_local! {
    /// Kept from one body to the next: making one costs more than packing with it.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// Packs a body with its offsets and resolved references: the number of the dictionary, what to splice on reading, then the bytes.
pub(super) fn pack(body: &[u8], offsets: &Offsets, resolved: &[(Stretch, String)]) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::with_capacity(64 + body.len() / 4);
    out.push(u8::try_from(DICTIONARIES.len()).unwrap_or(u8::MAX));
    for stretch in [offsets.id, offsets.meta, offsets.version_id, offsets.last_updated] {
        put_stretch(&mut out, stretch);
    }
    put_number(&mut out, resolved.len());
    for (stretch, text) in resolved {
        put_stretch(&mut out, Some(*stretch));
        put_number(&mut out, text.len());
        out.extend(text.as_bytes());
    }
    put_number(&mut out, body.len());
    let wrong = |e: std::io::Error| StoreError::Corrupt(format!("a body cannot be packed: {e}"));
    let packed = PACKER.with_borrow_mut(|kept| match kept {
        Some(packer) => packer.compress(body),
        None => kept.insert(packer()?).compress(body),
    });
    out.extend(packed.map_err(wrong)?);
    Ok(out)
}

/// Length and dictionary stand in front already, so the frame need not name them.
fn packer() -> std::io::Result<Compressor<'static>> {
    let mut packer = Compressor::with_prepared_dictionary(&NEWEST)?;
    packer.include_contentsize(false)?;
    packer.include_dictid(false)?;
    Ok(packer)
}

/// Where it begins, counted from 1, and its length; 0: it is not there.
fn put_stretch(out: &mut Vec<u8>, stretch: Option<Stretch>) {
    let Some(stretch) = stretch else { return out.push(0) };
    put_number(out, stretch.start as usize + 1);
    put_number(out, stretch.end.saturating_sub(stretch.start) as usize);
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads the front of a packed body.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for place in 0..5 {
            let byte = self.bytes(1)?[0];
            number |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn stretch(&mut self) -> Option<Option<Stretch>> {
        let Some(start) = self.number()?.checked_sub(1) else { return Some(None) };
        let end = start + self.number()?;
        Some(Some(Stretch { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? }))
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
    let dictionary = usize::from(front.bytes(1)?[0]);
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
    let length = front.number()?.min(BODY_MAX);
    let body = match dictionary.checked_sub(1) {
        None => zstd::bulk::decompress(front.0, length).ok()?,
        Some(number) => {
            let dictionary = ALL.get(number)?;
            Decompressor::with_prepared_dictionary(dictionary).ok()?.decompress(front.0, length).ok()?
        }
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::key::{hex, unhex};
    use sha2::{Digest, Sha256};

    const BODY: &str =
        r#"{"resourceType":"Observation","id":"sent","status":"final","subject":{"reference":"urn:uuid:1"}}"#;
    const READ: &str = r#"{"meta":{"versionId":"3","lastUpdated":"1970-01-01T00:00:07Z"},"resourceType":"Observation","id":"kept","status":"final","subject":{"reference":"Patient/p"}}"#;

    fn stretch(text: &str) -> Stretch {
        let start = BODY.find(text).expect("it is there");
        Stretch { start: start as u32, end: (start + text.len()) as u32 }
    }

    fn packed() -> Vec<u8> {
        let offsets = Offsets { id: Some(stretch("\"sent\"")), ..Offsets::default() };
        let resolved = [(stretch("\"urn:uuid:1\""), "\"Patient/p\"".to_owned())];
        pack(BODY.as_bytes(), &offsets, &resolved).expect("packed")
    }

    fn read_back(packed: &[u8]) -> String {
        let stored = read(packed, "kept".into(), 3, Instant(7_000_000), false).expect("readable");
        String::from_utf8(stored.body).expect("text")
    }

    #[test]
    fn a_packed_body_is_read_with_what_the_gateway_assigned() {
        assert_eq!(read_back(&packed()), READ);
    }

    /// Bodies of every form that was ever written, as they lie in stores.
    #[test]
    fn old_bodies_stay_readable() {
        let first = "01240600000001530c0b2250617469656e742f70226028b52ffd0000dd0000407369643a31227d7d05fc3e3685360a1a20855944db0769716c01";
        let without = "00240600000001530c0b2250617469656e742f70226028b52ffd20607d020002c61217a027e96dc4dfe496bf7f3caec94682f5ea26763caafa104932a00a94597679dd63bd1abd913a9d0e88c4cb0463c8b8c64c26e1e564c5eb025db6032563b82211b86ee120e8b93cb0371200";
        for old in [without, first] {
            assert_eq!(read_back(&unhex(old).expect("hexadecimal")), READ);
        }
    }

    /// A dictionary that has packed a body must never change: nobody could read that body again.
    #[test]
    fn dictionaries_are_what_they_were() {
        let digests: Vec<String> = DICTIONARIES.iter().map(|d| hex(&Sha256::digest(d))).collect();
        assert_eq!(digests, ["8d4048b50d6b51ea48261cb9281c28c48c4e771085fb8519f4db1437dcdde299"]);
    }

    #[test]
    fn what_is_no_packed_body_is_refused() {
        let whole = packed();
        for cut in 0..whole.len() {
            assert!(unpack(&whole[..cut], "kept", 1, Instant(0)).is_none(), "cut at {cut}");
        }
        let mut unknown = whole;
        unknown[0] = 99;
        assert!(unpack(&unknown, "kept", 1, Instant(0)).is_none(), "a dictionary that is not there");
    }

    #[test]
    fn a_body_of_any_length_comes_back() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3 << 20] {
            let body = format!("{{\"a\":\"{}\"}}", "x".repeat(length));
            let packed = pack(body.as_bytes(), &Offsets::default(), &[]).expect("packed");
            let back = unpack(&packed, "i", 1, Instant(0)).expect("readable");
            assert!(back.ends_with(&body.as_bytes()[1..]), "{length}");
        }
    }
}
