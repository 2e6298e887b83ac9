//! What deciding asks for: a move of the status, an alert, or nothing.

use super::standing::{Collection, Evidence, Status};
use super::time::Instant;

/// A move that the status table allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The row of the table, such as `T2`.
    pub transition: &'static str,
    /// The new status.
    pub status: Status,
    /// The subject is taken back (T21).
    pub removed: bool,
    /// In words.
    pub reason: String,
    /// Evidence carried on, with what this move adds.
    pub evidence: Evidence,
    /// Until when it holds.
    pub expires: Option<Instant>,
    /// What may be used from now on, when that changes.
    pub collection: Option<Collection>,
}

/// What a person should look at, since data must not move what a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// A stable word: `eligibility-in-question`, `drug-without-registration`, `death`, `administrations-retracted`, …
    pub kind: &'static str,
    /// A sentence.
    pub text: String,
}

/// The answer of deciding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The move, when there is one.
    pub moved: Option<Move>,
    /// What people should look at.
    pub alerts: Vec<Alert>,
}

/// Why a person's move is refused: the row of the table and what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The row, such as `T8`.
    pub transition: &'static str,
    /// What was found and what is wanted.
    pub text: String,
}
