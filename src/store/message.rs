//! Messages of HL7 v2: in one transaction stand all that a message states, that some of it is set aside, and itself as received.

use super::contract::{Import, ImportRefusal, Kept, RefusalReason, SetAside, StoreError};
use super::delete::{Deletion, transact};
use super::keep::aside;
use super::tx::{Done, Question, Tx, Unit};
use super::value::args;
use crate::model::key::{Item, hex};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use zstd::bulk::Compressor;

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

/// Keeps messages, one after the other in one transaction; answers what was kept of each, or the first that is refused: then nothing
/// of any is kept. `Overtaken`: what the unit leans on has changed.
#[derive(Debug)]
pub struct KeepMessages(pub Vec<KeepMessage>);

/// A message and what it comes to.
#[derive(Debug)]
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

thread_local! {
    /// Kept from one message to the next: making one costs more than packing with it.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

fn pack(body: &[u8]) -> std::io::Result<Vec<u8>> {
    PACKER.with_borrow_mut(|kept| match kept {
        Some(packer) => packer.compress(body),
        None => kept.insert(Compressor::new(LEVEL)?).compress(body),
    })
}

fn key(source: &str, digest: &[u8]) -> Item {
    Item::of(source, "message", &hex(digest))
}

impl Unit for KeepMessages {
    type Answer = Result<Vec<Vec<Kept>>, (usize, ImportRefusal)>;

    fn weight(&self) -> usize {
        self.0.iter().map(|one| one.body.len() + one.import.weight()).sum()
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let mut all = Vec::with_capacity(self.0.len());
        for (place, one) in self.0.iter().enumerate() {
            match one.keep(tx).await? {
                Ok(kept) => all.push(kept),
                Err(refusal) => return Ok(Done::Undo(Err((place, refusal)))),
            }
        }
        Ok(Done::Keep(Ok(all)))
    }
}

impl KeepMessage {
    async fn keep(&self, tx: &mut impl Tx) -> Result<Result<Vec<Kept>, ImportRefusal>, StoreError> {
        let kept = match transact(&self.deletions, &self.import, tx).await? {
            Ok((_, kept)) => kept,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for heard in &self.heard {
            if !self.hear(heard, tx).await? {
                return Ok(Err(ImportRefusal { entry: 0, reason: RefusalReason::Overtaken }));
            }
        }
        self.remember(tx).await?;
        // It waits once, whatever became of the message before.
        if let Some(set_aside) = &self.aside {
            aside(set_aside, &self.import.caller, self.import.at, tx).await?;
        }
        Ok(Ok(kept))
    }

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
        let packed = pack(&self.body).map_err(|e| StoreError::Corrupt(format!("a message cannot be packed: {e}")))?;
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
