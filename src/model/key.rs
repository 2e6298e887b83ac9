//! Keys that are the same in every process, and random ones for people.

use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 over words, each with its length, so that no two lists of words share a digest.
pub fn digest_words(words: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word.as_bytes());
    }
    hash.finalize().into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]));
    text
}

/// Bytes from hexadecimal, either case; `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// From 32 hexadecimal digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                unhex(text)?.try_into().ok().map(Self)
            }

            /// From the 16 bytes of a store's column.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

key!(
    /// The key of a resource: the first 16 bytes of SHA-256 over (source, type, id).
    Item
);
key!(
    /// The key of a person: 16 random bytes, made with their first patient, derived from nothing.
    PersonKey
);

/// The key of a patient: the item of its Patient resource, known before that resource arrives.
pub type PatientKey = Item;

impl Item {
    /// The key of the resource `source/type/id`.
    pub fn of(source: &str, resource_type: &str, id: &str) -> Self {
        let digest = digest_words(&[source, resource_type, id]);
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(first)
    }
}
