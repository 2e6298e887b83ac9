//! The character sets of MSH-18 (HL7 table 0211). A byte that its set does not have is told, never replaced.

use std::borrow::Cow;

/// The text of these bytes; the error says what is wrong.
pub(super) fn decode<'a>(bytes: &'a [u8], name: &str) -> Result<Cow<'a, str>, String> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase();
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
            let label = match plain.as_str() {
                "GB180302000" | "GB18030" | "GBK" | "GB2312" => "gb18030".to_owned(),
                "BIG5" => "big5".to_owned(),
                other => match other.strip_prefix("ISO").unwrap_or(other).strip_prefix("8859") {
                    Some(part) => format!("iso-8859-{part}"),
                    None => return Err(unknown()),
                },
            };
            let set = encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
            let read = set.decode_without_bom_handling_and_without_replacement(bytes);
            read.ok_or_else(|| "found bytes that the character set of MSH-18 does not have".into())
        }
    }
}

fn unknown() -> String {
    "found a character set that is not known here; wanted ASCII, UNICODE UTF-8, 8859/1 to 8859/16, GB 18030-2000 or BIG-5"
        .into()
}
