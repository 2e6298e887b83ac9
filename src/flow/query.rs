//! The small languages of FHIR's URLs and headers: query strings, tokens, `If-Match`, and the searches on which a write may lean.

use super::answer::{Grade, Refusal};
use crate::model::draft::Identifier;
use crate::store::contract::Search;

/// Name and value of each parameter, decoded. A wrong escape, bytes that are no UTF-8 and NUL are refused (400 `value`).
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Undoes percent-encoding; `+` is a space.
pub fn decode(text: &str) -> Result<String, Refusal> {
    let fault =
        || Refusal::malformed("value", "a query holds an escape that is no UTF-8 text; wanted %hh of UTF-8 bytes");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| (b as char).to_digit(16));
                let (high, low) = (digit(rest.next()).ok_or_else(fault)?, digit(rest.next()).ok_or_else(fault)?);
                u8::try_from(high * 16 + low).map_err(|_| fault())?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| fault())?;
    if text.contains('\0') {
        return Err(Refusal::malformed("value", "a query holds a NUL character; wanted text"));
    }
    Ok(text)
}

/// Encodes one value for a query string, so that [`decode`] gives it back.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',' | b'|' => {
                out.push(byte as char)
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Splits at a separator that no backslash protects; the escapes stay.
pub fn split_escaped(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut escaped) = (vec![String::new()], false);
    for c in text.chars() {
        if c == separator && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Takes FHIR's backslashes away: `\,` `\|` `\$` `\\`.
pub fn unescape(text: &str) -> String {
    let (mut out, mut escaped) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        out.push(c);
        escaped = false;
    }
    out
}

/// A token `system|value`, `|value` (without system: `Some("")`) or `value` (any system: `None`).
pub fn token(text: &str) -> (Option<String>, String) {
    let parts = split_escaped(text, '|');
    match parts.split_first() {
        Some((system, rest)) if !rest.is_empty() => (Some(unescape(system)), unescape(&rest.join("|"))),
        _ => (None, unescape(text)),
    }
}

/// The version that an `If-Match` names: `W/"3"` or `"3"`. Anything else is refused (400 `value`).
pub fn if_match(header: &str) -> Result<i64, Refusal> {
    match version_of(header) {
        // Versions are counted from 1: this one is never current.
        Some(0) => Err(Refusal::one(Grade::Precondition, "conflict", "", "If-Match names version 0, which never is")),
        Some(version) => Ok(version),
        None => {
            Err(Refusal::malformed("value", "If-Match is no ETag of this server; wanted W/\"n\" with a whole number n"))
        }
    }
}

fn version_of(tag: &str) -> Option<i64> {
    let text = tag.trim();
    let inner = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit())).and_then(|t| t.parse().ok())
}

/// What an update may meet, by `If-Match` and `If-None-Match`: that version; 0: nothing; `None`: anything.
pub fn expected(match_version: Option<&str>, none_match: Option<&str>) -> Result<Option<i64>, Refusal> {
    match (match_version, none_match.map(str::trim)) {
        (None, None) => Ok(None),
        (Some(version), None) => if_match(version).map(Some),
        (None, Some("*")) => Ok(Some(0)),
        (None, Some(_)) => {
            Err(Refusal::malformed("not-supported", "If-None-Match of an update takes * alone: create, never update"))
        }
        (Some(_), Some(_)) => Err(Refusal::malformed("invalid", "If-Match and If-None-Match contradict each other")),
    }
}

/// Whether `If-None-Match` names this version: the client has it already.
pub fn has_already(none_match: &str, version: i64) -> bool {
    none_match.split(',').any(|tag| tag.trim() == "*" || version_of(tag) == Some(version))
}

/// Whether text is a FHIR id: 1 to 64 letters, digits, `-` and `.`; `.` and `..` alone are none here.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !matches!(text, "." | "..")
}

/// The search of an `If-None-Exist`, a conditional update or a conditional reference, with or without `Type?` in front.
/// Only `_id` and `identifier` (with a system, or `|value` for none) are taken: 412 `not-supported` else.
pub fn condition(text: &str) -> Result<Search, Refusal> {
    let query = text.split_once('?').map_or(text, |(_, q)| q);
    let refuse = |what: &str| {
        let text = format!("{what}; a condition takes identifier=system|value and _id only");
        Err(Refusal::one(Grade::Precondition, "not-supported", "", text))
    };
    let mut search = Search::default();
    for (name, value) in pairs(query)? {
        match name.as_str() {
            "_id" if is_id(&value) && search.id.is_none() => search.id = Some(value),
            "_id" => return refuse("_id is given twice or is no id"),
            "identifier" if split_escaped(&value, ',').len() > 1 => return refuse("identifier gives alternatives"),
            "identifier" => match token(&value) {
                (_, value) if value.is_empty() => return refuse("identifier has no value"),
                (None, _) => return refuse("identifier has no system"),
                (Some(system), value) => search.identifiers.push(Identifier { system, value }),
            },
            _ => return refuse("another parameter was given"),
        }
    }
    if search == Search::default() { refuse("the condition is empty") } else { Ok(search) }
}
