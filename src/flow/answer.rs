//! What the corridor answers a door: what was kept, or why nothing was, with a grade that a door turns into its own status.

use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
use crate::model::time::Instant;
use crate::store::Deleted;
use crate::store::contract::{Kept, StoreError};

/// How a request ended that was refused; HTTP's status beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grade {
    /// It cannot be read as what it should be. 400
    Malformed,
    /// The caller may not do this. 403
    Forbidden,
    /// There is no such thing. 404
    NotFound,
    /// It was there and is deleted. 410
    Gone,
    /// A condition does not hold, or cannot be judged. 412
    Precondition,
    /// More than is taken. 413
    TooMuch,
    /// It can be read and is wrong. 422
    Content,
    /// The machine is busy: the same again later. 503
    Busy,
    /// There is no room to keep it. 503
    NoRoom,
    /// The machine failed. 500
    Failed,
}

/// Nothing was kept, and why: all reasons, not the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// How it ended.
    pub grade: Grade,
    /// Why: at least one.
    pub issues: Vec<Issue>,
}

impl Refusal {
    /// All reasons in one line.
    pub fn words(&self) -> String {
        self.issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    /// A refusal for one reason.
    pub fn one(grade: Grade, code: &'static str, expression: impl Into<String>, text: impl Into<String>) -> Self {
        Self { grade, issues: vec![Issue::error(code, expression, text)] }
    }

    /// A malformed request, for one reason.
    pub fn malformed(code: &'static str, text: impl Into<String>) -> Self {
        Self::one(Grade::Malformed, code, "", text)
    }
}

impl From<StoreError> for Refusal {
    /// The words name no path and no statement of the database: these go to the log, not to a client.
    fn from(error: StoreError) -> Self {
        match error {
            // What happens when much comes at once is counted, and not told once more for each request.
            StoreError::Busy => tracing::debug!("the store is busy"),
            StoreError::Full => tracing::debug!("the disk is full"),
            _ => tracing::error!(error = %error, "the store failed"),
        }
        match error {
            StoreError::Busy | StoreError::Unreachable(_) => {
                Self::one(Grade::Busy, "transient", "", "the store is busy; send the same again")
            }
            StoreError::Full => Self::one(Grade::NoRoom, "no-store", "", "there is no room to keep anything"),
            StoreError::Unknown(_) => Self::one(
                Grade::Busy,
                "transient",
                "",
                "it is not known whether this was kept; send the same again: it will be kept once",
            ),
            StoreError::Corrupt(_) => Self::one(Grade::Failed, "exception", "", "the store failed"),
        }
    }
}

/// One resource was kept, or was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its type.
    pub resource_type: ResourceType,
    /// What happened.
    pub kept: Kept,
    /// Remarks: warnings and information.
    pub issues: Vec<Issue>,
}

/// What one write was answered.
pub type Answer = Result<Written, Refusal>;

/// What became of one entry of a Bundle, in the Bundle's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryAnswer {
    /// Kept.
    Written(Written),
    /// Deleted, or as good as deleted.
    Deleted(Deleted),
    /// Read or searched.
    Shown(Box<Shown>),
    /// Of a type that is not kept, from a source that says so: passed over.
    PassedOver(Issue),
    /// Refused; only in a `batch`, or when what a transaction reads went away behind its commit.
    Refused(Refusal),
}

/// Which kind of Bundle was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleKind {
    /// Whole or not at all.
    Transaction,
    /// Each entry alone.
    Batch,
}

/// What an entry that reads was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The resource, or a searchset; `None`: the client has it already.
    pub body: Option<Vec<u8>>,
    /// Version and known time, for one resource.
    pub version: Option<(i64, Instant)>,
}
