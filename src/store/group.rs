//! What one commit remembers: patients and persons already touched, and counts written once at its end.

use super::usage::{Counted, Counts};
use crate::model::code::Coding;
use crate::model::key::{Item, PersonKey};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// How many keys of codes are remembered as written; beyond them all are written again.
const CODES_REMEMBERED: usize = 100_000;
/// How many names of sources are remembered.
const SOURCES_REMEMBERED: usize = 1_000;

/// The memory of one commit. Its caches only save statements: losing them costs time, never truth.
#[derive(Debug, Default)]
pub struct Group {
    /// Known time given to a patient in this commit, and the patient's person.
    pub(super) patients: HashMap<Item, (i64, PersonKey)>,
    /// Persons marked in this commit.
    pub(super) marked: HashSet<PersonKey>,
    /// Codes whose words are known to stand in the table.
    pub(super) codes: HashSet<i64>,
    /// Codes written in this commit, not yet durable.
    pub(super) new_codes: Vec<i64>,
    /// Words of codes that were read.
    pub(super) words: HashMap<i64, Coding>,
    /// Names of sources that were read, each once.
    pub(super) sources: HashMap<String, Arc<str>>,
    /// Counts of the units kept so far.
    pub(super) usage: BTreeMap<Counted, Counts>,
    /// Counts of the unit that runs.
    pub(super) unit_usage: Vec<(Counted, Counts)>,
    /// Lane of the counts: empty with one writer; a connection's place where many write, so that none waits for another's counts.
    pub(super) counts: String,
    /// The lane of this connection and its head; `None` until its first row.
    pub(super) lane: Option<Lane>,
    /// The head before the unit that runs.
    pub(super) lane_before: Option<Lane>,
    /// A person was marked.
    pub(super) pending: bool,
    /// A wish was written.
    pub(super) wishes: bool,
    /// A statement found the disk full.
    pub(super) full: bool,
}

/// The head of an audit chain.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) seq: i64,
    pub(super) hash: [u8; 32],
    /// Hour in which the heads of the other lanes were last quoted.
    pub(super) quoted: i64,
}

impl Group {
    /// Remembers the words of a code.
    pub(super) fn remember(&mut self, key: i64, code: Coding) {
        if self.words.len() > CODES_REMEMBERED {
            self.words.clear();
        }
        self.words.insert(key, code);
    }

    /// The one text of a source's name.
    pub(super) fn source(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.sources.get(name) {
            return known.clone();
        }
        if self.sources.len() > SOURCES_REMEMBERED {
            self.sources.clear();
        }
        self.sources.entry(name.to_owned()).or_insert_with(|| name.into()).clone()
    }

    /// A commit begins.
    pub(super) fn begin(&mut self) {
        self.patients.clear();
        self.marked.clear();
        self.usage.clear();
        self.pending = false;
        self.wishes = false;
        self.full = false;
        self.begin_unit();
    }

    /// A unit begins.
    pub(super) fn begin_unit(&mut self) {
        self.unit_usage.clear();
        self.lane_before = self.lane.clone();
    }

    /// The unit that ran is kept.
    pub(super) fn keep_unit(&mut self) {
        for (counted, counts) in self.unit_usage.drain(..) {
            self.usage.entry(counted).or_default().add(&counts);
        }
    }

    /// The unit that ran was taken back, and with it what it touched first.
    pub(super) fn undo_unit(&mut self) {
        self.unit_usage.clear();
        self.patients.clear();
        self.marked.clear();
        self.forget_codes();
        self.lane = self.lane_before.take();
    }

    /// The commit is durable.
    pub(super) fn committed(&mut self) {
        self.new_codes.clear();
        if self.codes.len() > CODES_REMEMBERED {
            self.codes.clear();
        }
    }

    fn forget_codes(&mut self) {
        for code in self.new_codes.drain(..) {
            self.codes.remove(&code);
        }
    }
}
