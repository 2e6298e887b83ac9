//! A length of time as people write it in settings: `10s`, `500ms`, `1m 30s`, `2h`, `7d`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::time::Duration;

/// As serde writes it.
pub fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    let signed = SignedDuration::try_from(*duration).unwrap_or(SignedDuration::MAX);
    to.serialize_str(&format!("{signed:#}"))
}

/// As serde reads it.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || D::Error::custom(format!("`{text}` is no length of time; wanted such as 10s, 500ms or 1m 30s"));
    // A day is 24 hours here; the parser of exact lengths knows none.
    if let Some(days) = text.trim().strip_suffix('d') {
        let days: u64 = days.trim().parse().map_err(|_| wrong())?;
        return days.checked_mul(86_400).map(Duration::from_secs).ok_or_else(wrong);
    }
    let signed: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}
