//! JSON written by hand: members in the order given, values already rendered, so that bytes are stable and raw
//! resources are spliced in without being read.

/// A JSON string.
pub(super) fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 2);
    out.push('"');
    for c in words.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An object; a member without a value is left out.
pub(super) fn object<const N: usize>(members: [(&str, Option<String>); N]) -> String {
    let there: Vec<String> =
        members.into_iter().filter_map(|(key, value)| value.map(|v| format!("{}:{v}", text(key)))).collect();
    format!("{{{}}}", there.join(","))
}

/// An array, or nothing when it would be empty: FHIR has no empty arrays.
pub(super) fn array(items: Vec<String>) -> Option<String> {
    if items.is_empty() { None } else { Some(format!("[{}]", items.join(","))) }
}

/// A string member that is left out when there is nothing to say.
pub(super) fn words(value: &str) -> Option<String> {
    if value.trim().is_empty() { None } else { Some(text(value)) }
}

/// A CodeableConcept of one coding.
pub(super) fn concept(system: &str, code: &str, display: &str) -> String {
    let coding = object([("system", words(system)), ("code", Some(text(code))), ("display", words(display))]);
    object([("coding", array(vec![coding]))])
}

/// An Identifier.
pub(super) fn identifier(system: &str, value: &str) -> String {
    object([("system", words(system)), ("value", Some(text(value)))])
}

/// A Reference to a resource of the same base.
pub(super) fn reference(to: &str) -> String {
    object([("reference", Some(text(to)))])
}

/// Base64, as Attachment.data wants it.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// A narrative of paragraphs; everything in them is escaped.
pub(super) fn narrative(status: &str, paragraphs: &[String]) -> String {
    let escape = |words: &str| words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let inner: String = paragraphs.iter().map(|p| format!("<p>{}</p>", escape(p))).collect();
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>");
    object([("status", Some(text(status))), ("div", Some(text(&div)))])
}

/// A name that machines may use, of letters, digits and `_`, beginning with a capital.
pub(super) fn machine_name(first: &str, rest: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("{first}_{}", rest.chars().map(word).take(200).collect::<String>())
}
