//! The contract of the store: every verb as a value, and what it answers.
//!
//! A *unit* is a value that is run whole in one transaction, or not at all (`Store::write`), and
//! answered only after the durable commit. A *question* only reads (`Store::read`). Both are written
//! once over `Tx`, for every database. `at` is the caller's clock, in microseconds.

use crate::model::assessment::{Considered, Overall};
use crate::model::draft::{Draft, Identifier, ResourceType, Stretch};
use crate::model::fact::{DraftFact, Fact};
use crate::model::key::{PatientKey, PersonKey};
use crate::model::standing::{Standing, Subject};
use crate::model::time::Instant;
use std::sync::Arc;

/// Who asks, for the audit: a client's or command's name, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name of the client, command or signed-in person.
    pub actor: String,
    /// Why person data is touched, such as `import` or `list`.
    pub purpose: String,
}

// ---- Import ---------------------------------------------------------------------------------

/// One or more resources of one source, kept whole or not at all: a request, a transaction Bundle,
/// or a chunk of lines.
#[derive(Debug, Clone)]
pub struct Import {
    /// The source; ids belong to it.
    pub source: Arc<str>,
    /// What to keep, in order.
    pub entries: Vec<ImportEntry>,
    /// Who sends it.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// One resource to keep, read and found right.
#[derive(Debug, Clone)]
pub struct ImportEntry {
    /// What was asked.
    pub method: Method,
    /// The id under which it is kept, chosen by flow (sent, or made for a POST).
    pub id: String,
    /// What intake made of it.
    pub draft: Draft,
    /// Whom it is about, resolved to a Patient id of the same source; `None` for a Patient or what has no subject.
    pub patient: Option<String>,
    /// Bytes as received.
    pub body: Arc<[u8]>,
    /// References that read otherwise than they were sent: place in `body`, and the new JSON string with quotes.
    pub resolved: Vec<(Stretch, String)>,
}

/// How a resource is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// POST: same bytes again are a repetition (the id is made from them); never changes what is there.
    Create {
        /// `If-None-Exist`, when given.
        if_none_exist: Option<Search>,
    },
    /// PUT to an id.
    Update {
        /// `If-Match`: the version that must be current; 0: there must be none (`If-None-Match: *`).
        if_match: Option<i64>,
    },
    /// PUT with a search: updates the one match, creates with the entry's id when there is none.
    ConditionalUpdate {
        /// The search.
        search: Search,
        /// `If-Match`.
        if_match: Option<i64>,
    },
    /// A line of a file or pull: like `Update`, and an equal or older version is no event.
    Load,
}

/// The only searches a write may lean on: `_id` and `identifier`; all given must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// `_id`
    pub id: Option<String>,
    /// `identifier`; an empty system matches only identifiers without one.
    pub identifiers: Vec<Identifier>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What happened.
    pub event: Event,
    /// The id.
    pub id: String,
    /// The version that is current now.
    pub version: i64,
    /// Known time of that version: `meta.lastUpdated`.
    pub known: Instant,
}

/// What happened to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// It is new.
    Created,
    /// A new version is current.
    Updated,
    /// The same bytes were there already, or If-None-Exist found one: nothing changed.
    Unchanged,
    /// A version older than the current one: kept in history, makes no facts.
    Late,
}

/// Why nothing of an import was kept: the entry, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRefusal {
    /// Which entry, from 0.
    pub entry: usize,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a store refuses an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalReason {
    /// `If-Match` does not meet the current version, which is this; 0: there is none. HTTP 412 `conflict`.
    VersionConflict(i64),
    /// A search matches more than one. HTTP 412 `multiple-matches`.
    MultipleMatches,
    /// The subject's identifier names no Patient, or more than one.
    SubjectNotFound,
    /// More Patients than are believed would be one person.
    TooManyLinked,
    /// Reference and identifier of the subject name different persons.
    AnotherPatient,
    /// What the entry was planned on has changed since: its condition or its subject's identifier leads elsewhere now. Plan anew.
    Overtaken,
}

// ---- Reading resources ----------------------------------------------------------------------

/// A resource as it is to be read: `id`, `meta.versionId`, `meta.lastUpdated` and resolved references spliced in, every other byte as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// Known time of the version.
    pub known: Instant,
    /// Deleted: `body` is empty.
    pub deleted: bool,
    /// JSON.
    pub body: Vec<u8>,
}

/// What narrows a search over kept resources by the store's own indexes; all given conditions hold.
#[derive(Debug, Clone)]
pub struct Narrow {
    /// The source.
    pub source: String,
    /// The type.
    pub resource_type: ResourceType,
    /// `_id`: any of these.
    pub ids: Vec<String>,
    /// `identifier`: any of these; an empty system with a value matches any system.
    pub identifiers: Vec<Identifier>,
    /// `patient` / `subject`: any of these Patient ids.
    pub patients: Vec<String>,
}

impl Narrow {
    /// All of a type.
    pub fn nothing(source: &str, resource_type: ResourceType) -> Self {
        let (ids, identifiers, patients) = (Vec::new(), Vec::new(), Vec::new());
        Self { source: source.to_owned(), resource_type, ids, identifiers, patients }
    }
}

// ---- Persons --------------------------------------------------------------------------------

/// Everything that an evaluation of one person needs, as known at a moment.
#[derive(Debug, Clone)]
pub struct Record {
    /// The person; who was asked for, or whom they are one with.
    pub person: PersonKey,
    /// The persons who are this one too: their records were merged into this one's, or known by the same identifier.
    pub homes: Vec<PersonKey>,
    /// Members and the known time at which each was read.
    pub seen: Vec<(PatientKey, Instant)>,
    /// Sources of which any fact is known, wanted or not.
    pub sources: Vec<Arc<str>>,
    /// Facts of the wanted codes and of the gateway's own systems, one per (item, part, code).
    pub facts: Vec<Fact>,
    /// Objections and restrictions.
    pub state: PersonState,
}

/// What assessing one person needs.
#[derive(Debug, Clone)]
pub struct ToAssess {
    /// Facts and state, as known now.
    pub record: Record,
    /// The current assessments, by trial.
    pub current: Vec<(String, StoredAssessment)>,
    /// All standings, by trial, attempt, version; behind the person's own those of whoever is this person too.
    pub standings: Vec<Standing>,
}

/// What stands over all of a person's trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PersonState {
    /// Objected to research: asked before evaluation, in no list.
    pub objected: bool,
    /// Parked after failures: waits for an operator.
    pub parked: bool,
}

/// How replay asks: the versions that an assessment has seen, or all up to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownAt {
    /// What is known now.
    Now,
    /// What was known at each patient's own moment.
    Seen(Vec<(PatientKey, Instant)>),
    /// What was known at a moment.
    Moment(Instant),
}

/// A claim on a person whose data changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The person.
    pub person: PersonKey,
    /// The mark that was read; finishing deletes only this one.
    pub mark: i64,
    /// The lease that the claim holds.
    pub lease: String,
    /// How often it failed before.
    pub tries: i64,
}

/// A stored assessment: the form is opaque to the store (compressed JSON made by flow).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAssessment {
    /// Counted from 1; goes up with every finish.
    pub version: i64,
    /// What it has seen.
    pub seen: Vec<(PatientKey, Instant)>,
    /// As of.
    pub at: Instant,
    /// Digest of the definition.
    pub definition: [u8; 32],
    /// Digest of the maps.
    pub terms: [u8; 32],
    /// The engine's version.
    pub engine: String,
    /// The result; a person who is not considered has no form.
    pub result: ResultWord,
    /// Evidence, opaque; empty for a person not considered.
    pub form: Vec<u8>,
}

/// What is counted per trial: the verdict, or why a person is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResultWord {
    /// Considered, or not and why.
    pub considered: Considered,
    /// The verdict; meaningless when not considered.
    pub overall: Overall,
}

/// The end of an assessment: everything in one transaction, by compare-and-set.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The claim; `None` when a person's act re-assesses at once.
    pub claim: Option<Claim>,
    /// Whom.
    pub person: PersonKey,
    /// One for each trial that was evaluated.
    pub trials: Vec<FinishTrial>,
    /// When time alone may change any of them; `None`: never.
    pub due: Option<Instant>,
    /// Who, for the audit.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// One trial's part of a finish.
#[derive(Debug, Clone)]
pub struct FinishTrial {
    /// The trial.
    pub trial: String,
    /// The version of the assessment that was read; 0: there was none.
    pub read_version: i64,
    /// The new assessment; its `version` is ignored and becomes `read_version + 1`.
    pub assessment: StoredAssessment,
    /// Result or evidence differs from what was read: a row of history is kept.
    pub changed: bool,
    /// The new standing, when deciding moved it; its `version` is the one read plus 1.
    pub standing: Option<Standing>,
    /// Status word under which the person is counted now: a status code, or why not looked at.
    pub tally: Option<String>,
    /// Targets that should be told the new standing.
    pub targets: Vec<String>,
    /// Alerts raised: kind and sentence; each (kind) is open once per person and trial.
    pub alerts: Vec<(String, String)>,
}

/// Facts of the source `gateway` (attestation, consent, enrolment), a person's move, or both, in one transaction.
#[derive(Debug, Clone)]
pub struct Act {
    /// Whom.
    pub person: PersonKey,
    /// New gateway facts: each supersedes the one of the same code that was current.
    pub facts: Vec<DraftFact>,
    /// The standing to write; `version` is the one read plus 1 (compare-and-set).
    pub standing: Option<Standing>,
    /// Collection and since when, when it changes.
    pub collection: Option<(crate::model::standing::Collection, Instant)>,
    /// Targets that should be told.
    pub targets: Vec<String>,
    /// The new state of the person, when it changes (an objection).
    pub state: Option<PersonState>,
    /// Status word under which the person is counted now, with the trial.
    pub tally: Option<(String, String)>,
    /// Action word and detail for the audit; the detail is committed to with salt.
    pub audit: (String, String),
    /// Who.
    pub caller: Caller,
    /// Now.
    pub at: Instant,
}

/// Whether a compare-and-set went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finished {
    /// Written.
    Done,
    /// Somebody else was first: nothing was written; read again.
    Overtaken,
}

// ---- Delivery -------------------------------------------------------------------------------

/// A wish that is claimed for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The target's name.
    pub target: String,
    /// Whom.
    pub person: PersonKey,
    /// Trial and attempt.
    pub trial: String,
    /// Attempt.
    pub attempt: i64,
    /// The standing version that should be there.
    pub wanted: i64,
    /// The standing version that is there; `None`: unknown or never sent.
    pub sent: Option<i64>,
    /// The id that the target gave, when it was not ours.
    pub remote: Option<String>,
    /// ETag of what was sent last.
    pub etag: Option<String>,
    /// Failures so far.
    pub tries: i64,
    /// When the first of these failures was.
    pub first_failed: Option<Instant>,
    /// Lease.
    pub lease: String,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It is there (or gone, for a removal).
    Sent {
        /// The id at the target.
        remote: Option<String>,
        /// The ETag that it has there.
        etag: Option<String>,
    },
    /// Later: try again not before.
    Later {
        /// When.
        next_at: Instant,
        /// The target's own words, without person data.
        answer: String,
    },
    /// Never: a dead letter with the target's own words.
    Dead {
        /// The words.
        answer: String,
    },
}

/// One row of the outbox, for `outbox list` and pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The wish.
    pub wish: Wish,
    /// 0 done, 1 to be sent, 2 dead.
    pub state: i64,
    /// When it is tried next.
    pub next_at: Instant,
    /// The target's last words.
    pub answer: Option<String>,
}

/// What is set aside: no statement about a patient, kept with its reason and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Source.
    pub source: String,
    /// Reason: the issue code and sentence.
    pub reason: String,
    /// Place: file and line, or entry.
    pub place: String,
    /// The body as received.
    pub body: Vec<u8>,
}

/// A person's subjects and newest standings, in one trial or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRow {
    /// The subject.
    pub subject: Subject,
    /// Its newest standing.
    pub standing: Standing,
}

/// What went wrong in the machine, never in the data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is locked by another process, or a rival won; try again.
    #[error("the store is busy")]
    Busy,
    /// No room on the disk.
    #[error("the store's disk is full")]
    Full,
    /// It cannot be opened or reached.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// It is not what it should be.
    #[error("the store is damaged or of another version: {0}")]
    Corrupt(String),
    /// The commit failed: whether it was written is unknown; the connection was closed and opened again.
    #[error("a commit failed, so it is not known whether it was written: {0}")]
    Unknown(String),
}
