//! Units beside those of the contract: small changes, claims, and what operators do.

use super::contract::{Caller, Claim, Delivered, SetAside, Wish};
use crate::model::key::PersonKey;
use crate::model::time::Instant;
use std::collections::HashSet;
use std::sync::Arc;

/// Claims persons whose data changed, oldest first; answers `Vec<Claim>`.
#[derive(Debug, Clone)]
pub struct ClaimPending {
    /// A fresh random word, different for each claim.
    pub lease: String,
    /// Until when the lease holds.
    pub until: Instant,
    /// At most so many; 64 is plenty.
    pub count: usize,
    /// Now.
    pub at: Instant,
}

/// Gives a claim back untouched, as at shutdown; answers `()`.
#[derive(Debug, Clone)]
pub struct ReleaseClaim {
    /// The claim.
    pub claim: Claim,
    /// Now: when it may be claimed again.
    pub at: Instant,
}

/// A person who was claimed is another's now: that one is marked instead; answers `()`.
#[derive(Debug, Clone)]
pub struct PassOn {
    /// The claim.
    pub claim: Claim,
    /// Now.
    pub at: Instant,
}

/// An assessment failed: tried again later, parked at the third time; answers whether it is parked now.
#[derive(Debug, Clone)]
pub struct FailClaim {
    /// The claim.
    pub claim: Claim,
    /// Why, without person data.
    pub reason: String,
    /// When to try again.
    pub retry_at: Instant,
    /// Now.
    pub at: Instant,
}

/// Lets parked persons be assessed again; answers how many.
#[derive(Debug, Clone)]
pub struct Unpark {
    /// Whom; `None`: all.
    pub person: Option<PersonKey>,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Marks persons whom time alone may change by now; answers how many.
#[derive(Debug, Clone)]
pub struct MarkDue {
    /// At most so many.
    pub count: usize,
    /// Now.
    pub at: Instant,
}

/// Marks persons in order of key, for a new definition or map; answers the last one marked, `None` at the end, and how many.
#[derive(Debug, Clone)]
pub struct MarkPersons {
    /// After this one; `None`: from the start.
    pub after: Option<PersonKey>,
    /// At most so many.
    pub count: usize,
    /// Now.
    pub at: Instant,
}

/// Marks persons of a source in order of key, for a map of it that is mended; answers the last one looked at, `None` at the
/// end, and how many were marked.
#[derive(Debug, Clone)]
pub struct MarkHolders {
    /// The source.
    pub source: String,
    /// Only who has a fact of one of these codes ([`Coding::key`](crate::model::code::Coding::key)) from there; `None`: everybody of it.
    pub codes: Option<Arc<HashSet<i64>>>,
    /// After this one; `None`: from the start.
    pub after: Option<PersonKey>,
    /// Look at so many at most.
    pub count: usize,
    /// Now.
    pub at: Instant,
}

/// Claims wishes that are due; answers `Vec<Wish>`.
#[derive(Debug, Clone)]
pub struct ClaimOutbox {
    /// A fresh random word, different for each claim.
    pub lease: String,
    /// Until when the lease holds.
    pub until: Instant,
    /// At most so many.
    pub count: usize,
    /// Now.
    pub at: Instant,
}

/// What became of a wish; answers [`Finished`](super::contract::Finished), `Overtaken` when the lease was another's.
#[derive(Debug, Clone)]
pub struct FinishDelivery {
    /// The wish as it was claimed.
    pub wish: Wish,
    /// The standing version that was sent: the newest when sending, at least `wish.wanted`.
    pub version: i64,
    /// What became of it.
    pub outcome: Delivered,
    /// Who sends, for the audit.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Sends dead wishes again; answers how many.
#[derive(Debug, Clone)]
pub struct RetryDead {
    /// Of this target; `None`: of all.
    pub target: Option<String>,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Wishes the newest standing of every subject of a trial at a target that is new; answers how many wishes were added.
#[derive(Debug, Clone)]
pub struct WishAll {
    /// The target.
    pub target: String,
    /// The trial.
    pub trial: String,
    /// Now.
    pub at: Instant,
}

/// Keeps what is no statement about a patient; answers its arrival number. The same bytes of the same source are kept once,
/// unless they were replayed before.
#[derive(Debug, Clone)]
pub struct KeepAside {
    /// What, and why.
    pub aside: SetAside,
    /// Who sent it.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// A row set aside was replayed (1) or dismissed (2); answers whether it was open.
#[derive(Debug, Clone)]
pub struct CloseAside {
    /// Its arrival number.
    pub arrival: i64,
    /// 1 replayed, 2 dismissed.
    pub state: i64,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// One audit row, as for a read of person data; answers `()`.
#[derive(Debug, Clone)]
pub struct AuditNote {
    /// Action word.
    pub action: String,
    /// Detail; committed to with salt.
    pub detail: String,
    /// Whom, when it is one person.
    pub person: Option<PersonKey>,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Removes the details of audit rows and says so in a row of its own; answers how many were removed.
#[derive(Debug, Clone)]
pub struct Redact {
    /// The rows: lane and number.
    pub rows: Vec<(String, i64)>,
    /// Why.
    pub reason: String,
    /// On which ground.
    pub ground: String,
    /// The second person who agreed.
    pub second: String,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Keeps a definition and makes it the active one of its trial; answers whether it is new.
#[derive(Debug, Clone)]
pub struct SaveDefinition {
    /// The trial.
    pub trial: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its files.
    pub digest: [u8; 32],
    /// File names and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Keeps a site's map and makes it the active one of its source; answers whether it is new.
#[derive(Debug, Clone)]
pub struct SaveTerms {
    /// The source; empty: the shared map.
    pub source: String,
    /// SHA-256 of its files; its version is counted by the store.
    pub digest: [u8; 32],
    /// The map.
    pub body: Vec<u8>,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Keeps how far a feed has been read; answers `()`.
#[derive(Debug, Clone)]
pub struct SaveCursor {
    /// The feed's name.
    pub name: String,
    /// Where to go on, opaque.
    pub value: String,
    /// Now.
    pub at: Instant,
}

/// Closes an open alert; answers whether it was open.
#[derive(Debug, Clone)]
pub struct CloseAlert {
    /// Whom.
    pub person: PersonKey,
    /// Trial.
    pub trial: String,
    /// Kind.
    pub kind: String,
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}
