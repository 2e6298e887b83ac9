//! `client add`: a new machine client. Its token is shown once, on stderr; stdout has what goes into the settings,
//! which know only the token's digest, so that both cannot end in one file by accident.

use super::print::{End, fail};
use crate::model::key::hex;
use sha2::{Digest, Sha256};

/// Makes a token and prints it and the settings. `random` is new for each client.
pub fn add(name: &str, source: &str, rights: &[String], random: &[u8; 32]) -> End {
    let word = |text: &str, fits: fn(u8) -> bool| !text.is_empty() && text.bytes().all(fits);
    if !word(name, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return fail(
            End::Usage,
            format!("`{name:.60}` is no name of a client; wanted letters, digits, `-`, `_` and `.`"),
        );
    }
    if !word(source, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return fail(End::Usage, format!("`{source:.60}` is no source; wanted lower-case letters, digits and `-`"));
    }
    let token = hex(random);
    let rights: Vec<String> = rights.iter().map(|right| format!("\"{right}\"")).collect();
    println!("[[clients]]\nname = \"{name}\"\nsource = \"{source}\"\nrights = [{}]", rights.join(", "));
    println!("token_sha256 = \"{}\"", hex(&Sha256::digest(token.as_bytes())));
    eprintln!("Shown once and kept nowhere; {name} sends it with every request:");
    eprintln!("Authorization: Bearer {token}");
    End::Done
}
