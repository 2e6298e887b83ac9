//! What a server answered, and its own words without person data.

use crate::model::parcel::Parcel;
use crate::model::time::Instant;
use serde_json::Value;

/// The longest answer in words that is kept.
const MAX_WORDS: usize = 300;
/// The longest wait that a server may ask for.
const MAX_WAIT_US: i64 = 86_400_000_000;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `ETag` as sent.
    pub etag: Option<String>,
    /// `Location` as sent.
    pub location: Option<String>,
    /// `Content-Location` as sent.
    pub content_location: Option<String>,
    /// The moment that `Retry-After` names.
    pub retry_after: Option<Instant>,
    /// What the server's clock said, by `Date`.
    pub date: Option<Instant>,
    /// `Content-Type` as sent.
    pub content_type: String,
    /// The body; empty when it was too long.
    pub body: Vec<u8>,
    /// The body was longer than the bound: [`super::MAX_ANSWER_BYTES`], of a page [`super::PAGE_BYTES`].
    pub too_long: bool,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened, without person data.
    pub text: String,
    /// When the server wants to be asked again, if it said so.
    pub later: Option<Instant>,
    /// The same will happen until somebody changes something.
    pub lasting: bool,
}

impl Failure {
    /// For a passing reason: try later.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), later: None, lasting: false }
    }

    /// For a reason that stays.
    pub(super) fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), later: None, lasting: true }
    }

    /// With the place where it happened.
    pub(super) fn at(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }
}

impl Answer {
    /// 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Worth another try: 408, 423, 425, 429 and 5xx.
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 423 | 425 | 429 | 500..=599)
    }

    /// Nothing is there.
    pub fn is_gone(&self) -> bool {
        matches!(self.status, 404 | 410)
    }

    /// Status and OperationOutcome in words; what is the parcel's own identity is taken out.
    pub fn words(&self, parcel: Option<&Parcel>) -> String {
        self.words_without(&identities(parcel))
    }

    /// The same; these identities are taken out of what the server says.
    pub fn words_without(&self, identities: &[String]) -> String {
        self.said(identities, str::to_owned)
    }

    /// The same, without any word that holds a digit: a source that is searched may quote whom nobody asked for, by an
    /// id, a number or a date.
    pub fn words_of_nobody(&self, identities: &[String]) -> String {
        self.said(identities, numberless)
    }

    fn said(&self, identities: &[String], text: fn(&str) -> String) -> String {
        let mut words = format!("HTTP {}", self.status);
        if (300..400).contains(&self.status) {
            words.push_str(": a redirect, which is never followed; wanted the base URL of the server itself");
        } else if self.too_long {
            words.push_str(": an answer longer than the bound");
        } else if let Some(outcome) = outcome_words(&self.body, text) {
            words.push_str(": ");
            words.push_str(&without(outcome, identities));
        } else if !self.body.is_empty() {
            // Free text of a page may quote anything, so only its size is kept.
            words.push_str(&format!(": no OperationOutcome ({} bytes)", self.body.len()));
        }
        words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
    }
}

/// `Retry-After`: seconds, or an HTTP date by the clock that said `date`, whatever ours says.
pub(super) fn retry_after(words: &str, date: Option<Instant>, now: Instant) -> Option<Instant> {
    let words = words.trim();
    let wait_us = match words.parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * 1_000_000,
        Err(_) => http_date(words)?.0.saturating_sub(date.unwrap_or(now).0),
    };
    Some(now.plus_us(wait_us.clamp(0, MAX_WAIT_US)))
}

/// An HTTP date.
pub(super) fn http_date(words: &str) -> Option<Instant> {
    Some(Instant(jiff::fmt::rfc2822::parse(words).ok()?.timestamp().as_microsecond()))
}

fn outcome_words(body: &[u8], text: fn(&str) -> String) -> Option<String> {
    let outcome: Value = serde_json::from_slice(body).ok()?;
    if outcome["resourceType"] != "OperationOutcome" {
        return None;
    }
    let issues: Vec<String> = outcome["issue"].as_array()?.iter().map(|issue| issue_words(issue, text)).collect();
    Some(issues.join("; "))
}

fn issue_words(issue: &Value, text: fn(&str) -> String) -> String {
    let code = issue["code"].as_str().unwrap_or("no code");
    let codings = issue["details"]["coding"].as_array().into_iter().flatten().filter_map(|c| c["code"].as_str());
    let mut words: Vec<&str> = std::iter::once(code).chain(codings).collect();
    // Large vendors say it in `details.text` alone.
    let free = issue["diagnostics"].as_str().or(issue["details"]["text"].as_str()).map(text);
    words.extend(free.as_deref());
    words.join(" ")
}

/// Without the words that hold a digit.
fn numberless(text: &str) -> String {
    let parts = text.split_inclusive(|c: char| c.is_whitespace() || ",;()[]\"'".contains(c));
    let part = |part: &str| match part.chars().any(char::is_numeric) {
        true => {
            let end = part.chars().next_back().filter(|c| !c.is_alphanumeric());
            format!("[…]{}", end.map(String::from).unwrap_or_default())
        }
        false => part.to_owned(),
    };
    parts.map(part).collect()
}

/// The parcel's ids and every reference and identifier value in its body.
fn identities(parcel: Option<&Parcel>) -> Vec<String> {
    let Some(parcel) = parcel else { return Vec::new() };
    let mut found = vec![parcel.id.clone()];
    let body: Value = serde_json::from_slice(&parcel.body).unwrap_or_default();
    for part in [&body["individual"], &body["consent"]] {
        if let Some(reference) = part["reference"].as_str() {
            found.push(reference.into());
            found.extend(reference.rsplit('/').next().map(str::to_owned));
        }
        found.extend(part["identifier"]["value"].as_str().map(str::to_owned));
    }
    found.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    found
}

/// Takes out each identity where it stands as a word of its own.
fn without(text: String, identities: &[String]) -> String {
    identities.iter().filter(|word| !word.is_empty()).fold(text, |text, word| take_out(&text, word))
}

fn take_out(text: &str, word: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let after = &rest[at + word.len()..];
        let before = rest[..at].chars().next_back().or_else(|| out.chars().next_back());
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        out.push_str(&rest[..at]);
        out.push_str(if joined(before) || joined(after.chars().next()) { word } else { "[…]" });
        rest = after;
    }
    out.push_str(rest);
    out
}
