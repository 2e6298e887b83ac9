//! Questions to the store, each with the shape of its answer.

use super::contract::KnownAt;
use crate::model::code::Coding;
use crate::model::key::{Item, PatientKey, PersonKey};
use crate::model::time::Instant;
use std::collections::HashSet;
use std::sync::Arc;

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {
        $($(#[$doc])* #[derive(Debug, Clone)] pub struct $name { $($(#[$field_doc])* pub $field: $kind),* })*
    };
}

questions! {
    /// Everything that an evaluation of one person needs; answers [`Record`](super::contract::Record).
    ReadPerson {
        /// Whom.
        person: PersonKey,
        /// As known when.
        known: KnownAt,
        /// Only facts of these codes ([`Coding::key`]), and the gateway's own and the patients'; `None`: all.
        codes: Option<Arc<Vec<i64>>>,
    }
    /// All facts of some persons, in one snapshot; answers `Vec<Record>`, in the order asked.
    ReadPersons {
        /// Whom.
        persons: Vec<PersonKey>,
        /// As known when.
        known: KnownAt,
    }
    /// What assessing some persons needs, in one snapshot; answers `Vec<ToAssess>`, in the order asked.
    ReadToAssess {
        /// Whom.
        persons: Vec<PersonKey>,
        /// Codes ([`Coding::key`]) whose results and administrations nobody reads.
        unread: Arc<HashSet<i64>>,
    }
    /// The person of a source's patient; answers `Option<PersonKey>`.
    PersonOf {
        /// Source.
        source: String,
        /// The Patient's id there.
        patient: String,
    }
    /// A person with its members; answers `Option<PersonRow>`.
    PersonByKey {
        /// Whom.
        person: PersonKey,
    }
    /// All persons in order of key; answers `Vec<PersonKey>`, empty at the end.
    PersonsAll {
        /// After this one.
        after: Option<PersonKey>,
        /// At most so many.
        count: usize,
    }
    /// The current assessment; answers `Option<StoredAssessment>`.
    CurrentAssessment {
        /// Whom; who is another's has that one's.
        person: PersonKey,
        /// Trial.
        trial: String,
    }
    /// All assessments that changed something, oldest first; answers `Vec<StoredAssessment>`.
    AssessmentHistory {
        /// Whom.
        person: PersonKey,
        /// Trial.
        trial: String,
    }
    /// The newest standing of the newest attempt; answers `Option<Standing>`.
    NewestStanding {
        /// Whom.
        person: PersonKey,
        /// Trial.
        trial: String,
    }
    /// All standings of a person, by trial, attempt, version; answers `Vec<Standing>`.
    Standings {
        /// Whom.
        person: PersonKey,
    }
    /// The same of whoever this person is: first those of the one whose record is used, then those of the others.
    StandingsAround {
        /// Whom.
        person: PersonKey,
    }
    /// All who are this person: first the one whose record is used; answers `Vec<PersonKey>`, the one asked for where nobody else is.
    WhoElse {
        /// Whom.
        person: PersonKey,
    }
    /// Subjects of a trial with their newest standings, in order of (person, attempt); answers `Vec<SubjectRow>`. A wide read.
    SubjectsOf {
        /// Trial.
        trial: String,
        /// After this one.
        after: Option<(PersonKey, i64)>,
        /// At most so many.
        count: usize,
    }
    /// One subject by its public id; answers `Option<SubjectRow>`. A wide read.
    SubjectById {
        /// The id.
        id: String,
    }
    /// Subjects of a person; answers `Vec<SubjectRow>`.
    SubjectsOfPerson {
        /// Whom.
        person: PersonKey,
    }
    /// Wishes, in order of key; answers `Vec<OutboxRow>`. A wide read.
    OutboxList {
        /// 0 done, 1 to be sent, 2 dead; `None`: all.
        state: Option<i64>,
        /// At most so many.
        count: usize,
    }
    /// What is set aside and still open, oldest first; answers `Vec<SetAsideRow>`.
    SetAsideList {
        /// After this arrival; 0: from the start.
        after: i64,
        /// At most so many.
        count: usize,
    }
    /// Persons per status word; answers `Vec<(String, i64)>`.
    TallyOf {
        /// Trial.
        trial: String,
    }
    /// Codes and units as they came, most frequent first; answers `Vec<UsageRow>`.
    UsageList {
        /// Of one source; `None`: of all.
        source: Option<String>,
    }
    /// Names of resources; answers `Vec<ItemName>`, without those that are not there.
    ItemNames {
        /// Their keys.
        items: Vec<Item>,
    }
    /// One resource; answers `Option<Stored>`.
    ReadResource {
        /// Source.
        source: String,
        /// Type.
        resource_type: String,
        /// Id.
        id: String,
        /// Version; `None`: the current one.
        version: Option<i64>,
    }
    /// The ids of current resources that a condition meets; answers `Vec<String>`.
    Matches {
        /// Source.
        source: String,
        /// Type.
        resource_type: crate::model::draft::ResourceType,
        /// The condition.
        search: super::contract::Search,
    }
    /// Resources by source, type and state (1 current 2 superseded 3 deleted 4 came late); answers `Vec<(String, String, i64, i64)>`. A wide read.
    Counts {}
    /// How many persons are waiting for assessment, and how many are parked; answers `(i64, i64)`.
    PendingCount {}
    /// Parked persons with the reason; answers `Vec<(PersonKey, String)>`.
    ParkedList {
        /// At most so many.
        count: usize,
    }
    /// The next moment at which time alone changes somebody; answers `Option<Instant>`.
    NextDue {}
    /// The next moment at which a wish is to be tried; answers `Option<Instant>`.
    NextWish {}
    /// Open alerts of a trial; answers `Vec<AlertRow>`.
    AlertList {
        /// Trial.
        trial: String,
        /// At most so many.
        count: usize,
    }
    /// Open alerts of a person in a trial; answers `Vec<AlertRow>`.
    AlertsOf {
        /// Whom.
        person: PersonKey,
        /// Trial.
        trial: String,
    }
    /// The active definition of each trial; answers `Vec<DefinitionRow>`.
    DefinitionsActive {}
    /// Every definition that was ever in force, oldest first; answers `Vec<DefinitionRow>`.
    DefinitionsHeld {}
    /// A definition by its digest, for replay; answers `Option<DefinitionRow>`.
    DefinitionByDigest {
        /// Digest.
        digest: [u8; 32],
    }
    /// The active map of each source; answers `Vec<TermsRow>`.
    ActiveTerms {}
    /// The digest of the active map of each source; answers `Vec<(String, [u8; 32])>`, in the order of the sources.
    TermsInForce {}
    /// Maps by digest, for replay; answers `Vec<TermsRow>`, as many as there are.
    TermsByDigest {
        /// Digest.
        digest: [u8; 32],
    }
    /// How far a feed has been read; answers `Option<String>`.
    CursorOf {
        /// The feed's name.
        name: String,
    }
    /// Newest audit rows first; answers `Vec<AuditRow>`.
    AuditTail {
        /// At most so many.
        count: usize,
    }
}

questions! {
    /// A person with its members.
    PersonRow {
        /// The person.
        person: PersonKey,
        /// What stands over all trials.
        state: super::contract::PersonState,
        /// Current members; the gateway's own patient is none of them.
        members: Vec<Member>,
    }
    /// A patient who belongs to a person.
    Member {
        /// Key.
        patient: PatientKey,
        /// Source.
        source: String,
        /// The Patient's id there.
        id: String,
        /// Since when, known time.
        since: Instant,
    }
    /// A row set aside.
    SetAsideRow {
        /// Number, in order of arrival.
        arrival: i64,
        /// When.
        at: Instant,
        /// What.
        aside: super::contract::SetAside,
    }
    /// How often a code came with a unit.
    UsageRow {
        /// Source.
        source: String,
        /// Code as received.
        code: Coding,
        /// Unit as written; empty: none.
        unit: String,
        /// The unit was sent as a word: it did not say UCUM.
        word: bool,
        /// How often.
        count: i64,
        /// First seen.
        first: Instant,
        /// Last seen.
        last: Instant,
    }
    /// The name of a resource.
    ItemName {
        /// Key.
        item: Item,
        /// Source.
        source: String,
        /// Type.
        resource_type: String,
        /// Id.
        id: String,
    }
    /// A kept definition.
    DefinitionRow {
        /// Trial.
        trial: String,
        /// Version.
        version: u32,
        /// Digest.
        digest: [u8; 32],
        /// File names and contents.
        files: Vec<(String, Vec<u8>)>,
        /// When it was kept.
        at: Instant,
        /// It is in force.
        active: bool,
    }
    /// A kept map.
    TermsRow {
        /// Source; empty: shared.
        source: String,
        /// Counted from 1.
        version: i64,
        /// Digest.
        digest: [u8; 32],
        /// The map.
        body: Vec<u8>,
    }
    /// An open alert.
    AlertRow {
        /// Whom.
        person: PersonKey,
        /// Trial.
        trial: String,
        /// Kind.
        kind: String,
        /// Sentence.
        text: String,
        /// Since when.
        at: Instant,
    }
    /// One audit row.
    AuditRow {
        /// Lane.
        lane: String,
        /// Number in the lane, from 1.
        seq: i64,
        /// When.
        at: Instant,
        /// Who.
        actor: String,
        /// Action.
        action: String,
        /// Purpose.
        purpose: String,
        /// Whom.
        person: Option<PersonKey>,
        /// Detail; `None`: redacted.
        detail: Option<String>,
    }
    /// What a check of the audit found.
    AuditReport {
        /// Rows read.
        rows: u64,
        /// Chains.
        lanes: u64,
        /// Rows whose detail was removed.
        redacted: u64,
        /// Events that removed them.
        redactions: u64,
        /// What does not hold, each with lane and number; empty: all is whole.
        broken: Vec<String>,
    }
}
