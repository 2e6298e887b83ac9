//! The character sets of MSH-18 (HL7 table 0211). A byte that its set does not have is told, never replaced.

use encoding_rs::Encoding;
use std::borrow::Cow;

/// What is read here, in words.
pub const CHARSETS: &str = "ASCII, UNICODE UTF-8, 8859/1 to 8859/16, GB 18030-2000, GBK, GB 2312 or BIG-5";

/// A name of table 0211 without signs and in capitals: `UNICODE UTF-8`, `8859/1` and `ISO-8859-1` are written in many ways.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase()
}

/// The text of these bytes; the error says what is wrong.
pub(super) fn decode<'a>(bytes: &'a [u8], name: &str) -> Result<Cow<'a, str>, String> {
    let plain = plain(name);
    match plain.as_str() {
        "ASCII" | "ISOIR6" => match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Ok(text.into()),
            _ => Err("found bytes beyond ASCII, which is what MSH-18 says".into()),
        },
        "UNICODEUTF8" | "UTF8" => {
            std::str::from_utf8(bytes).map(Cow::from).map_err(|_| "found bytes that are no UTF-8".into())
        }
        // Latin-1 is Unicode's beginning; the web's label of that name means another set.
        "88591" | "ISO88591" => Ok(bytes.iter().map(|b| char::from(*b)).collect::<String>().into()),
        _ => {
            let unknown = || format!("found a character set that is not known here; wanted {CHARSETS}");
            let set = set(&plain).ok_or_else(unknown)?;
            let read = set.decode_without_bom_handling_and_without_replacement(bytes);
            read.ok_or_else(|| "found bytes that the character set of MSH-18 does not have".into())
        }
    }
}

/// Whether a character set of that name is read here.
pub fn is_charset(name: &str) -> bool {
    let plain = plain(name);
    matches!(plain.as_str(), "ASCII" | "ISOIR6" | "UNICODEUTF8" | "UTF8") || set(&plain).is_some()
}

fn set(plain: &str) -> Option<&'static Encoding> {
    let label = match plain {
        "GB180302000" | "GB18030" | "GBK" | "GB2312" => "gb18030".to_owned(),
        "BIG5" => "big5".to_owned(),
        other => format!("iso-8859-{}", other.strip_prefix("ISO").unwrap_or(other).strip_prefix("8859")?),
    };
    Encoding::for_label(label.as_bytes())
}

/// The bytes of an answer in the character set of what it answers; what the set lacks is a question mark.
pub fn encode(text: &str, name: &str) -> Vec<u8> {
    let plain = plain(name);
    let Some(set) = set(&plain).filter(|_| !text.is_ascii()) else { return text.as_bytes().to_vec() };
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        let (mut four, latin) = ([0; 4], plain.ends_with("88591"));
        match u8::try_from(u32::from(c)) {
            Ok(byte) if latin || byte < 0x80 => out.push(byte),
            _ => match set.encode(c.encode_utf8(&mut four)) {
                (bytes, _, false) if !latin => out.extend_from_slice(&bytes),
                _ => out.push(b'?'),
            },
        }
    }
    out
}
