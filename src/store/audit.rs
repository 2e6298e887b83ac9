//! The audit: one hash chain per lane; details are committed to with salt and may be redacted without breaking a chain.

use super::contract::{Caller, StoreError};
use super::group::Lane;
use super::questions::{AuditReport, AuditRow, AuditTail};
use super::tx::{Done, Question, Tx, Unit};
use super::units::{AuditNote, Redact};
use super::value::{Row, args};
use crate::model::key::{PersonKey, hex};
use crate::model::time::Instant;
use sha2::{Digest, Sha256};

/// Microseconds of an hour: how often a lane quotes the heads of the others.
const HOUR_US: i64 = 3_600_000_000;
/// Rows that are verified at once.
const CHUNK: i64 = 5_000;

/// One row to be.
pub(super) struct Entry<'a> {
    pub(super) action: &'a str,
    pub(super) detail: String,
    pub(super) person: Option<PersonKey>,
    pub(super) caller: &'a Caller,
    pub(super) at: Instant,
}

/// Appends a row to this connection's lane.
pub(super) async fn append(tx: &mut impl Tx, entry: Entry<'_>) -> Result<(), StoreError> {
    let hour = entry.at.0.div_euclid(HOUR_US);
    let lane = match tx.group().lane.clone() {
        Some(lane) => lane,
        None => Lane { name: hex(&random::<8>()?), seq: 0, hash: [0; 32], quoted: i64::MIN },
    };
    let mut lane = lane;
    if lane.quoted != hour {
        lane.quoted = hour;
        let quote = heads(tx, &lane.name).await?;
        let caller = Caller { actor: "store".into(), purpose: "audit".into() };
        let row = Entry { action: "heads", detail: quote, person: None, caller: &caller, at: entry.at };
        write(tx, &mut lane, row).await?;
    }
    if lane.seq == 1 {
        let sql = "insert into lane (lane, since) values (?1, ?2)";
        tx.execute(sql, args![lane.name.as_str(), entry.at]).await?;
    }
    write(tx, &mut lane, entry).await?;
    tx.group().lane = Some(lane);
    Ok(())
}

/// The newest row of every other lane, so that a lost lane shows.
async fn heads(tx: &mut impl Tx, own: &str) -> Result<String, StoreError> {
    let rows = tx
        .query(
            "select l.lane, a.seq, a.hash from lane l join audit a on a.partition = lane_part(l.lane) and a.lane = l.lane
             and a.seq = (select max(n.seq) from audit n where n.partition = lane_part(l.lane) and n.lane = l.lane)
             where l.lane <> ?1 order by l.lane",
            args![own],
        )
        .await?;
    let mut words = Vec::new();
    for mut row in rows {
        words.push(format!("{} {} {}", row.text(0)?, row.int(1)?, hex(&row.bytes(2)?)));
    }
    Ok(words.join("\n"))
}

async fn write(tx: &mut impl Tx, lane: &mut Lane, mut entry: Entry<'_>) -> Result<(), StoreError> {
    if entry.detail.contains('\0') {
        // What a client sent may stand in a detail, and PostgreSQL keeps this character in no text.
        entry.detail = entry.detail.replace('\0', "\u{fffd}");
    }
    let salt = random::<16>()?;
    let commitment = commitment(&salt, &entry.detail);
    lane.seq += 1;
    lane.hash = link(&lane.hash, lane, &entry, &commitment);
    let Entry { action, detail, person, caller, at } = entry;
    tx.execute(
        "insert into audit (partition, lane, seq, at, actor, action, purpose, person, commitment, hash) values (lane_part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        args![lane.name.as_str(), lane.seq, at, caller.actor.as_str(), action, caller.purpose.as_str(), person, commitment.to_vec(), lane.hash.to_vec()],
    )
    .await?;
    tx.execute(
        "insert into audit_detail (partition, lane, seq, salt, detail) values (lane_part(?1), ?1, ?2, ?3, ?4)",
        args![lane.name.as_str(), lane.seq, salt.to_vec(), detail],
    )
    .await?;
    Ok(())
}

fn commitment(salt: &[u8], detail: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(detail.as_bytes()).finalize().into()
}

/// `sha256(previous hash in this lane, row)`, each word with its length.
fn link(before: &[u8; 32], lane: &Lane, entry: &Entry<'_>, commitment: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(lane.seq.to_be_bytes());
    hash.update(entry.at.0.to_be_bytes());
    for word in [lane.name.as_str(), &entry.caller.actor, entry.action, &entry.caller.purpose] {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word.as_bytes());
    }
    match entry.person {
        Some(person) => hash.update(person.0),
        None => hash.update([0]),
    }
    hash.update(commitment);
    hash.finalize().into()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Unreachable(format!("no randomness: {e}")))?;
    Ok(bytes)
}

/// Walks every chain; answers [`AuditReport`].
pub(super) struct Verify;

impl Question for Verify {
    type Answer = AuditReport;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<AuditReport, StoreError> {
        verify(tx).await
    }
}

/// Walks every chain.
pub(super) async fn verify(tx: &mut impl Tx) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport { rows: 0, lanes: 0, redacted: 0, redactions: 0, broken: Vec::new() };
    let redacted = redacted_rows(tx, &mut report).await?;
    let mut after = (String::new(), 0);
    let mut lane = Lane { name: String::new(), seq: 0, hash: [0; 32], quoted: 0 };
    loop {
        let rows = tx
            .query(
                "select a.lane, a.seq, a.at, a.actor, a.action, a.purpose, a.person, a.commitment, a.hash, d.salt, d.detail from audit a
                 left join audit_detail d on d.partition = a.partition and d.lane = a.lane and d.seq = a.seq
                 where (a.partition, a.lane, a.seq) > (lane_part(?1), ?1, ?2) order by a.partition, a.lane, a.seq limit ?3",
                args![after.0.as_str(), after.1, CHUNK],
            )
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            after = one(row, &mut lane, &redacted, &mut report)?;
        }
    }
    quoted_heads(tx, &mut report).await?;
    empty_lanes(tx, &mut report).await?;
    Ok(report)
}

/// A lane that was begun has rows.
async fn empty_lanes(tx: &mut impl Tx, report: &mut AuditReport) -> Result<(), StoreError> {
    let sql = "select l.lane from lane l where not exists
               (select 1 from audit a where a.partition = lane_part(l.lane) and a.lane = l.lane and a.seq = 1)";
    for mut row in tx.query(sql, &[]).await? {
        report.broken.push(format!("lane {} row 1: the lane was begun, and its first row is not there", row.text(0)?));
    }
    Ok(())
}

fn one(
    mut row: Row,
    lane: &mut Lane,
    redacted: &[(String, i64)],
    report: &mut AuditReport,
) -> Result<(String, i64), StoreError> {
    let (name, seq) = (row.text(0)?, row.int(1)?);
    if name != lane.name {
        *lane = Lane { name: name.clone(), seq: 0, hash: [0; 32], quoted: 0 };
        report.lanes += 1;
    }
    report.rows += 1;
    let place = format!("lane {name} row {seq}");
    if seq != lane.seq + 1 {
        report.broken.push(format!("{place}: rows {} to {} are missing", lane.seq + 1, seq - 1));
    }
    lane.seq = seq;
    let at = row.instant(2)?;
    let caller = Caller { actor: row.text(3)?, purpose: row.text(5)? };
    let (action, person) = (row.text(4)?, row.maybe_bytes(6)?.and_then(|b| PersonKey::from_bytes(&b)));
    let (commitment_found, hash_found) = (row.bytes(7)?, row.bytes(8)?);
    let committed: [u8; 32] = commitment_found.as_slice().try_into().unwrap_or([0; 32]);
    let entry = Entry { action: &action, detail: String::new(), person, caller: &caller, at };
    let expected = link(&lane.hash, lane, &entry, &committed);
    if hash_found != expected {
        report.broken.push(format!("{place}: the row is not what was chained"));
    }
    // Go on from what is there, so that one changed row is named once.
    lane.hash = hash_found.as_slice().try_into().unwrap_or([0; 32]);
    match (row.maybe_bytes(9)?, row.maybe_text(10)?) {
        (Some(salt), Some(detail)) if commitment(&salt, &detail) == committed => {}
        (Some(_), Some(_)) => report.broken.push(format!("{place}: the detail is not what was committed to")),
        _ if redacted.iter().any(|(l, s)| *l == name && *s == seq) => report.redacted += 1,
        _ => report.broken.push(format!("{place}: the detail is gone without a redaction")),
    }
    Ok((name, seq))
}

/// What redactions say they removed.
async fn redacted_rows(tx: &mut impl Tx, report: &mut AuditReport) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx
        .query(
            "select d.detail from audit a join audit_detail d on d.partition = a.partition and d.lane = a.lane and d.seq = a.seq
             where wide(a.partition) and a.action = 'redact'",
            &[],
        )
        .await?;
    let mut found = Vec::new();
    for mut row in rows {
        report.redactions += 1;
        for line in row.text(0)?.lines().skip(1) {
            if let Some((lane, seq)) = line.split_once(' ').and_then(|(l, s)| Some((l.to_owned(), s.parse().ok()?))) {
                found.push((lane, seq));
            }
        }
    }
    Ok(found)
}

/// A head that another lane quoted must still be there, as it was.
async fn quoted_heads(tx: &mut impl Tx, report: &mut AuditReport) -> Result<(), StoreError> {
    let rows = tx
        .query(
            "select a.lane, d.detail from audit a join audit_detail d on d.partition = a.partition and d.lane = a.lane and d.seq = a.seq
             where wide(a.partition) and a.action = 'heads'",
            &[],
        )
        .await?;
    for mut row in rows {
        let (by, detail) = (row.text(0)?, row.text(1)?);
        for line in detail.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [lane, seq, hash] = words[..] else { continue };
            let seq: i64 = seq.parse().unwrap_or(0);
            let there = tx
                .query(
                    "select hash from audit where partition = lane_part(?1) and lane = ?1 and seq = ?2",
                    args![lane, seq],
                )
                .await?;
            let same = there.into_iter().next().map(|mut r| r.bytes(0)).transpose()?.is_some_and(|h| hex(&h) == hash);
            if !same {
                report.broken.push(format!("lane {lane} row {seq}: quoted by lane {by}, and not there as quoted"));
            }
        }
    }
    Ok(())
}

impl Unit for AuditNote {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let detail = self.detail.clone();
        append(tx, Entry { action: &self.action, detail, person: self.person, caller: &self.caller, at: self.at })
            .await?;
        Ok(Done::Keep(()))
    }
}

impl Unit for Redact {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let mut removed = 0;
        for (lane, seq) in &self.rows {
            let sql = "delete from audit_detail where partition = lane_part(?1) and lane = ?1 and seq = ?2";
            removed += i64::try_from(tx.execute(sql, args![lane.as_str(), *seq]).await?).unwrap_or(0);
        }
        let rows: Vec<String> = self.rows.iter().map(|(lane, seq)| format!("{lane} {seq}")).collect();
        let detail = format!("{}; ground: {}; second: {}\n{}", self.reason, self.ground, self.second, rows.join("\n"));
        append(tx, Entry { action: "redact", detail, person: None, caller: &self.caller, at: self.at }).await?;
        Ok(Done::Keep(removed))
    }
}

impl Question for AuditTail {
    type Answer = Vec<AuditRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query(
                "select a.lane, a.seq, a.at, a.actor, a.action, a.purpose, a.person, d.detail from audit a
                 left join audit_detail d on d.partition = a.partition and d.lane = a.lane and d.seq = a.seq
                 where wide(a.partition) order by a.at desc, a.lane, a.seq desc limit ?1",
                args![i64::try_from(self.count).unwrap_or(i64::MAX)],
            )
            .await?;
        rows.into_iter()
            .map(|mut r| {
                Ok(AuditRow {
                    lane: r.text(0)?,
                    seq: r.int(1)?,
                    at: r.instant(2)?,
                    actor: r.text(3)?,
                    action: r.text(4)?,
                    purpose: r.text(5)?,
                    person: r.maybe_bytes(6)?.and_then(|b| PersonKey::from_bytes(&b)),
                    detail: r.maybe_text(7)?,
                })
            })
            .collect()
    }
}
