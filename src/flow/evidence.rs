//! Evidence as it is kept: JSON packed with the definition's own words as dictionary, since it repeats them.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use zstd::bulk::{Compressor, Decompressor};

/// How hard evidence is packed.
const LEVEL: i32 = 1;
/// Largest evidence that is read back, in bytes.
const FORM_MAX: usize = 16 << 20;
/// In front of evidence that was packed so: the number of this way, then the first bytes of the definition's digest.
const WAY: u8 = 1;
/// So many bytes of the digest.
const DIGEST_BYTES: usize = 8;
/// What evidence of any definition repeats. Forms that are kept were packed with it: it is never changed, a better one
/// gets a number of its own.
const SHAPE: &str = r#","remark":"may still change"},"reason":"not yet final","reason":"known in part","reason":"conflicting","reason":"implausible","reason":"unit not convertible","reason":"code not understood","reason":"anchor not reached","reason":"awaiting attestation","last":null,"reason":"too old","last":"2026-,"reason":"never seen","last":null,"criteria":["}],"result":"not applicable","parts":[{"expression":","result":"unknown","parts":[{"expression":","result":"false","value":"","result":"true","value":"","result":"unknown"},{"expression":","result":"true"},{"expression":","result":"false"}]},"facts":[]},"facts":[{"variable":","value":","received":","at":"2026-","status":"final","source":""},{"variable":"],"missing":[{"variable":","near_miss":{"criterion":","comparisons":[{"expression":","limit":","difference":","near_miss":null,"changes_at":null,"changes_at":"2026-T00:00:00+00:00"},"overall":"eligible","overall":"ineligible","overall":"undetermined","considered":"yes","for_people_only":false,"provisional":false,"presumed":false,"presumed":true,"readings":{":{":"ineligible",":"undetermined",":"eligible"},"criteria":[{"id":","kind":"exclusion","protocol":","kind":"inclusion","protocol":","result":"unknown","tree":{"expression":","#;

/// How evidence of one definition is packed and unpacked.
pub struct Packing {
    mark: [u8; DIGEST_BYTES],
    // Both are kept from one person to the next: making one costs more than working with it.
    packer: Mutex<Option<Compressor<'static>>>,
    unpacker: Mutex<Option<Decompressor<'static>>>,
}

impl fmt::Debug for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packing").finish_non_exhaustive()
    }
}

impl Packing {
    /// For the definition of that digest with that text (`trial.toml`).
    pub fn new(digest: &[u8; 32], text: &str) -> Self {
        let words = [text, SHAPE].concat();
        let packer = Compressor::with_dictionary(LEVEL, words.as_bytes()).ok();
        let unpacker = Decompressor::with_dictionary(words.as_bytes()).ok();
        Self { mark: mark(digest), packer: Mutex::new(packer), unpacker: Mutex::new(unpacker) }
    }

    /// Packs JSON; the same JSON is always the same bytes.
    pub fn pack(&self, json: &[u8]) -> Vec<u8> {
        let mut packer = self.packer.lock().unwrap_or_else(PoisonError::into_inner);
        let packed = packer.as_mut().and_then(|p| p.compress(json).ok()).unwrap_or_default();
        [&[WAY], &self.mark[..], &packed].concat()
    }

    /// The JSON of packed evidence; `None`: it is of another definition, or damaged.
    pub fn unpack(&self, form: &[u8]) -> Option<Vec<u8>> {
        let packed = form.strip_prefix(&[WAY])?.strip_prefix(&self.mark)?;
        let mut unpacker = self.unpacker.lock().unwrap_or_else(PoisonError::into_inner);
        let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let size = usize::try_from(size).ok().filter(|n| *n <= FORM_MAX)?;
        unpacker.as_mut()?.decompress(packed, size).ok()
    }

    /// Whether evidence was packed for this definition.
    pub fn made(&self, form: &[u8]) -> bool {
        form.first() == Some(&WAY) && form.get(1..=DIGEST_BYTES) == Some(&self.mark)
    }
}

fn mark(digest: &[u8; 32]) -> [u8; DIGEST_BYTES] {
    let mut mark = [0; DIGEST_BYTES];
    mark.copy_from_slice(&digest[..DIGEST_BYTES]);
    mark
}

/// Evidence that was packed without a dictionary, as stores kept it before there were any.
pub(super) fn plain(form: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::decompress(form, FORM_MAX).ok()
}
