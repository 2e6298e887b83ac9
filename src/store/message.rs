//! Messages of HL7 v2: one message is one transaction, with all that it states, that some of it is set aside, and itself as received.

use super::contract::{Import, ImportRefusal, Kept, RefusalReason, SetAside, StoreError};
use super::delete::{Deletion, Transact};
use super::tx::{Done, Question, Tx, Unit};
use super::units::KeepAside;
use super::value::args;
use crate::model::key::{Item, hex};
use sha2::{Digest, Sha256};

/// How hard a message is packed.
const LEVEL: i32 = 3;
/// Largest message that is read back, in bytes.
const MESSAGE_MAX: usize = 16 << 20;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// What it states is kept.
    Taken,
    /// It was refused and is set aside whole.
    Refused,
}

impl Fate {
    fn number(self) -> i64 {
        match self {
            Self::Taken => 1,
            Self::Refused => 2,
        }
    }
}

/// What messages have said of one Patient, as it was read and as it is to be: only if nobody changed it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The Patient's id.
    pub patient: String,
    /// The version that was read; 0: there was none.
    pub read: i64,
    /// Words of whoever asks.
    pub words: Vec<u8>,
}

/// Keeps a message and what it comes to, all or nothing; answers what was kept. `Overtaken`: what the unit leans on has changed.
#[derive(Debug, Clone)]
pub struct KeepMessage {
    /// Bytes as received.
    pub body: Vec<u8>,
    /// What became of it.
    pub fate: Fate,
    /// The id of the first Patient that it names.
    pub patient: Option<String>,
    /// What is known of Patients from now on.
    pub heard: Vec<Heard>,
    /// What is deleted.
    pub deletions: Vec<Deletion>,
    /// What is kept; the source, the caller and the time of all of this.
    pub import: Import,
    /// Set aside, whole or for some of it; once, however often the message is sent.
    pub aside: Option<SetAside>,
}

/// What messages have said of a Patient: version and words; answers `Option<(i64, Vec<u8>)>`.
#[derive(Debug, Clone)]
pub struct HeardOf {
    /// Source.
    pub source: String,
    /// The Patient's id.
    pub patient: String,
}

/// A message as it was received and whether it was taken, by the digest of its bytes; answers `Option<(Fate, Vec<u8>)>`.
#[derive(Debug, Clone)]
pub struct MessageOf {
    /// Source.
    pub source: String,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

fn key(source: &str, digest: &[u8]) -> Item {
    Item::of(source, "message", &hex(digest))
}

impl Unit for KeepMessage {
    type Answer = Result<Vec<Kept>, ImportRefusal>;

    fn weight(&self) -> usize {
        self.body.len() + self.import.weight()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let transact = Transact { deletions: self.deletions.clone(), import: self.import.clone() };
        let kept = match transact.run(tx).await? {
            Done::Keep(Ok((_, kept))) => kept,
            Done::Keep(Err(refusal)) | Done::Undo(Err(refusal)) => return Ok(Done::Undo(Err(refusal))),
            Done::Undo(Ok(_)) => return Err(StoreError::Corrupt("an import took back what it kept".into())),
        };
        for heard in &self.heard {
            if !self.hear(heard, tx).await? {
                return Ok(Done::Undo(Err(ImportRefusal { entry: 0, reason: RefusalReason::Overtaken })));
            }
        }
        self.remember(tx).await?;
        // It waits once, whatever became of the message before.
        if let Some(aside) = &self.aside {
            let (aside, caller, at) = (aside.clone(), self.import.caller.clone(), self.import.at);
            KeepAside { aside, caller, at }.run(tx).await?;
        }
        Ok(Done::Keep(Ok(kept)))
    }
}

impl KeepMessage {
    /// Whether nobody was faster.
    async fn hear(&self, heard: &Heard, tx: &mut impl Tx) -> Result<bool, StoreError> {
        let item = Item::of(&self.import.source, "Patient", &heard.patient);
        let changed = if heard.read == 0 {
            let sql = "insert into heard (partition, item, version, words) values (part(?1), ?1, 1, ?2) on conflict do nothing";
            tx.execute(sql, args![item, heard.words.clone()]).await?
        } else {
            let sql = "update heard set version = version + 1, words = ?3 where partition = part(?1) and item = ?1 and version = ?2";
            tx.execute(sql, args![item, heard.read, heard.words.clone()]).await?
        };
        Ok(changed == 1)
    }

    /// Keeps the message itself, and how it ended this time.
    async fn remember(&self, tx: &mut impl Tx) -> Result<(), StoreError> {
        let (source, state) = (&self.import.source, self.fate.number());
        let name = key(source, &Sha256::digest(&self.body));
        let sql = "update message set state = ?2, at = case when state = ?2 then at else ?3 end where partition = part(?1) and name = ?1";
        if tx.execute(sql, args![name, state, self.import.at]).await? > 0 {
            return Ok(());
        }
        let packed = zstd::bulk::compress(&self.body, LEVEL)
            .map_err(|e| StoreError::Corrupt(format!("a message cannot be packed: {e}")))?;
        let patient = self.patient.as_ref().map(|id| Item::of(source, "Patient", id));
        let sql = "insert into message (partition, name, source, at, state, patient, body) values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing";
        let added = tx.execute(sql, args![name, &**source, self.import.at, state, patient, packed]).await?;
        // No row: the same message came by another way just now; the unit is run again from what is there.
        if added == 1 { Ok(()) } else { Err(StoreError::Busy) }
    }
}

impl Question for HeardOf {
    type Answer = Option<(i64, Vec<u8>)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let item = Item::of(&self.source, "Patient", &self.patient);
        let sql = "select version, words from heard where partition = part(?1) and item = ?1";
        let row = tx.query(sql, args![item]).await?.into_iter().next();
        row.map(|mut r| Ok((r.int(0)?, r.bytes(1)?))).transpose()
    }
}

impl Question for MessageOf {
    type Answer = Option<(Fate, Vec<u8>)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let name = key(&self.source, &self.digest);
        let sql = "select state, body from message where partition = part(?1) and name = ?1";
        let Some(mut row) = tx.query(sql, args![name]).await?.into_iter().next() else { return Ok(None) };
        let fate = if row.int(0)? == 1 { Fate::Taken } else { Fate::Refused };
        let body = zstd::bulk::decompress(&row.bytes(1)?, MESSAGE_MAX);
        Ok(Some((fate, body.map_err(|_| StoreError::Corrupt("a message cannot be read".into()))?)))
    }
}
