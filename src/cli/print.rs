//! How a command ends and what it prints.

use std::collections::BTreeSet;
use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Done: 0.
    Done,
    /// The thing asked about is wrong: 1.
    Wrong,
    /// Usage: 2.
    Usage,
    /// Could not reach or write: 3.
    Failed,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Done => 0,
            End::Wrong => 1,
            End::Usage => 2,
            End::Failed => 3,
        })
    }
}

/// Says on stderr what failed on what and what to do, and how the command ends.
pub fn fail(end: End, words: impl std::fmt::Display) -> End {
    eprintln!("trialgate: {words}");
    end
}

/// A name that is nobody's, and those that there are.
pub fn unknown(name: &str, what: &str, known: &BTreeSet<String>) -> String {
    let there = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "there is none".to_owned() } else { format!("wanted one of: {there}") };
    format!("`{name}` is no {what} of the settings, and none of the store; {there}")
}

/// Prints JSON for people and machines alike.
pub fn json(value: &serde_json::Value) {
    println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}

/// So many of a thing: `1 person`, `2 persons`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", thousands(n)) }
}

/// A number with commas: `72,910`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
