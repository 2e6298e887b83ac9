//! Definitions, maps, cursors, and what is set aside.

use super::audit;
use super::contract::{Caller, SetAside, StoreError};
use super::questions::*;
use super::tx::{Done, Question, Tx, Unit};
use super::units::*;
use super::value::{Row, args};
use crate::model::key::{Item, digest_words, hex};
use crate::model::time::Instant;
use sha2::{Digest, Sha256};

/// Between a file's name and its content, and between files.
const FIELD: char = '\u{1f}';
const FILE: char = '\u{1e}';

impl Unit for SaveDefinition {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let file = |(name, content): &(String, Vec<u8>)| format!("{name}{FIELD}{}", String::from_utf8_lossy(content));
        let files = self.files.iter().map(file).collect::<Vec<_>>().join(&FILE.to_string());
        tx.execute("update definition set active = 0 where trial = ?1", args![self.trial.as_str()]).await?;
        let added = tx
            .execute(
                "insert into definition (trial, version, digest, files, at, active) values (?1, ?2, ?3, ?4, ?5, 1)
                 on conflict (digest) do update set active = 1",
                args![self.trial.as_str(), i64::from(self.version), self.digest.to_vec(), files.into_bytes(), self.at],
            )
            .await?;
        let detail = format!("{} version {}", self.trial, self.version);
        audit::append(
            tx,
            audit::Entry { action: "definition", detail, person: None, caller: &self.caller, at: self.at },
        )
        .await?;
        Ok(Done::Keep(added > 0))
    }
}

fn definition(mut r: Row) -> Result<DefinitionRow, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("a definition's {what} cannot be read"));
    let files = String::from_utf8(r.bytes(3)?).map_err(|_| wrong("files"))?;
    let file =
        |text: &str| text.split_once(FIELD).map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
    Ok(DefinitionRow {
        trial: r.text(0)?,
        version: u32::try_from(r.int(1)?).map_err(|_| wrong("version"))?,
        digest: r.bytes(2)?.try_into().map_err(|_| wrong("digest"))?,
        files: files.split(FILE).filter_map(file).collect(),
        at: r.instant(4)?,
        active: r.int(5)? == 1,
    })
}

impl Question for DefinitionsActive {
    type Answer = Vec<DefinitionRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select trial, version, digest, files, at, active from definition where active = 1 order by trial";
        tx.query(sql, &[]).await?.into_iter().map(definition).collect()
    }
}

impl Question for DefinitionsHeld {
    type Answer = Vec<DefinitionRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select trial, version, digest, files, at, active from definition order by trial, version, at";
        tx.query(sql, &[]).await?.into_iter().map(definition).collect()
    }
}

impl Question for DefinitionByDigest {
    type Answer = Option<DefinitionRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select trial, version, digest, files, at, active from definition where digest = ?1";
        tx.query(sql, args![self.digest.to_vec()]).await?.into_iter().next().map(definition).transpose()
    }
}

impl Unit for SaveTerms {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        tx.execute("update terms set active = 0 where source = ?1", args![self.source.as_str()]).await?;
        tx.execute(
            "insert into terms (source, version, digest, body, active)
             select ?1, coalesce(max(version), 0) + 1, ?2, ?3, 1 from terms where source = ?1",
            args![self.source.as_str(), self.digest.to_vec(), self.body.clone()],
        )
        .await?;
        let detail = format!("map of {}", self.source);
        audit::append(tx, audit::Entry { action: "terms", detail, person: None, caller: &self.caller, at: self.at })
            .await?;
        Ok(Done::Keep(true))
    }
}

fn terms(mut r: Row) -> Result<TermsRow, StoreError> {
    let wrong = || StoreError::Corrupt("a map's digest cannot be read".into());
    Ok(TermsRow {
        source: r.text(0)?,
        version: r.int(1)?,
        digest: r.bytes(2)?.try_into().map_err(|_| wrong())?,
        body: r.bytes(3)?,
    })
}

impl Question for ActiveTerms {
    type Answer = Vec<TermsRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select source, version, digest, body from terms where active = 1 order by source";
        tx.query(sql, &[]).await?.into_iter().map(terms).collect()
    }
}

impl Question for TermsInForce {
    type Answer = Vec<(String, [u8; 32])>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let wrong = || StoreError::Corrupt("a map's digest cannot be read".into());
        let rows = tx.query("select source, digest from terms where active = 1 order by source", &[]).await?;
        rows.into_iter().map(|mut r| Ok((r.text(0)?, r.bytes(1)?.try_into().map_err(|_| wrong())?))).collect()
    }
}

impl Question for TermsByDigest {
    type Answer = Vec<TermsRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select source, version, digest, body from terms where digest = ?1 order by source";
        tx.query(sql, args![self.digest.to_vec()]).await?.into_iter().map(terms).collect()
    }
}

impl Unit for SaveCursor {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "insert into cursor (name, value, at) values (?1, ?2, ?3) on conflict (name) do update set value = excluded.value, at = excluded.at";
        tx.execute(sql, args![self.name.as_str(), self.value.as_str(), self.at]).await?;
        Ok(Done::Keep(()))
    }
}

impl Question for CursorOf {
    type Answer = Option<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx.query("select value from cursor where name = ?1", args![self.name.as_str()]).await?;
        rows.into_iter().next().map(|mut r| r.text(0)).transpose()
    }
}

impl Unit for KeepAside {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        Ok(Done::Keep(aside(&self.aside, &self.caller, self.at, tx).await?))
    }
}

/// Sets aside; the arrival number.
pub(super) async fn aside(a: &SetAside, caller: &Caller, at: Instant, tx: &mut impl Tx) -> Result<i64, StoreError> {
    // What is told of a body may repeat a character that PostgreSQL keeps in no text.
    let [reason, place] = [&a.reason, &a.place].map(|words| words.replace('\0', "\u{fffd}"));
    // Numbers are given one after the other, in the order of commits, so that a reader who goes on after one misses none.
    // The guard is taken before the look, so that two who bring the same meet here.
    let guard = Item::of("gateway", "SetAside", "arrival");
    let sql = "insert into guard (partition, name, at) values (part(?1), ?1, ?2) on conflict (partition, name) do update set at = excluded.at";
    tx.execute(sql, args![guard, at]).await?;
    let body = Sha256::digest(&a.body);
    let digest = digest_words(&[&a.source, &hex(&body)])[..16].to_vec();
    // One that was replayed and fails again is another matter.
    let sql =
        "select arrival from set_aside where partition = 0 and digest = ?1 and state <> 1 order by arrival limit 1";
    if let Some(there) = tx.query(sql, args![digest.clone()]).await?.into_iter().next() {
        return there.int(0);
    }
    let rows = tx
        .query(
            "insert into set_aside (partition, arrival, source, at, reason, place, body, state, digest)
             select 0, coalesce(max(arrival), 0) + 1, ?1, ?2, ?3, ?4, ?5, 0, ?6 from set_aside where partition = 0 returning arrival",
            args![a.source.as_str(), at, reason, place, a.body.clone(), digest],
        )
        .await?;
    let arrival = rows.first().map_or(Ok(0), |r| r.int(0))?;
    let detail = format!("{arrival} of {}: {}", a.source, a.reason);
    audit::append(tx, audit::Entry { action: "set aside", detail, person: None, caller, at }).await?;
    Ok(arrival)
}

impl Unit for CloseAside {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let sql = "update set_aside set state = ?2 where partition = 0 and arrival = ?1 and state = 0";
        let closed = tx.execute(sql, args![self.arrival, self.state]).await? > 0;
        let detail = format!("{} state {}", self.arrival, self.state);
        audit::append(
            tx,
            audit::Entry { action: "close aside", detail, person: None, caller: &self.caller, at: self.at },
        )
        .await?;
        Ok(Done::Keep(closed))
    }
}

impl Question for SetAsideList {
    type Answer = Vec<SetAsideRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query(
                "select arrival, at, source, reason, place, body from set_aside where partition = 0 and state = 0 and arrival > ?1 order by arrival limit ?2",
                args![self.after, i64::try_from(self.count).unwrap_or(0)],
            )
            .await?;
        rows.into_iter()
            .map(|mut r| {
                let (arrival, at) = (r.int(0)?, r.instant(1)?);
                let aside = SetAside { source: r.text(2)?, reason: r.text(3)?, place: r.text(4)?, body: r.bytes(5)? };
                Ok(SetAsideRow { arrival, at, aside })
            })
            .collect()
    }
}
