//! What was set aside: shown with its reason, and read again once its cause is mended. Nothing leaves it but by being kept
//! or by somebody's word.

use super::answer::{Grade, Refusal};
use super::gateway::{Gateway, Source};
use super::hl7v2::{Verdict, is_message, messages};
use super::lines::{Line, type_of};
use super::seam;
use crate::model::time::{Instant, Zone};
use crate::store::contract::{Caller, ImportEntry, Method, StoreError};
pub use crate::store::{AsideHead, AsideList, AsideSums, DISMISSED, OPEN, REPLAYED};
use crate::store::{AsideOne, AuditNote, CloseAside, SetAsideRow};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Why a resource is set aside that is about another Patient than the one asked for. It may be right in itself: read
/// again, it would be kept of somebody of whom nobody asked.
pub const OF_ANOTHER: &str = "the source answered with a resource about another Patient than the one asked for";
/// Rows looked at in one question.
const STEP: usize = 500;

/// What became of a row that was read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// It is kept now, and the row is closed: its type.
    Kept(&'static str),
    /// It is refused as before, or for another reason, and stays.
    Refused(String),
    /// It is not read again, and stays: why.
    LeftOut(String),
}

impl Replayed {
    /// `kept`, `refused` or `left out`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Kept(..) => "kept",
            Self::Refused(_) => "refused",
            Self::LeftOut(_) => "left out",
        }
    }

    /// The type of what is kept.
    pub fn kept(&self) -> Option<&str> {
        match self {
            Self::Kept(kind) => Some(kind),
            Self::Refused(_) | Self::LeftOut(_) => None,
        }
    }

    /// Why it stays.
    pub fn stays(&self) -> Option<&str> {
        match self {
            Self::Kept(_) => None,
            Self::Refused(why) | Self::LeftOut(why) => Some(why),
        }
    }
}

/// What became of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many by [`Replayed::word`].
    pub words: BTreeMap<&'static str, u64>,
    /// Those that stay: the reason, and how many.
    pub reasons: BTreeMap<String, u64>,
}

fn left_out(why: impl Into<String>) -> Result<Replayed, Refusal> {
    Ok(Replayed::LeftOut(why.into()))
}

impl Gateway {
    /// Whose a row is.
    pub async fn aside_source(&self, arrival: i64) -> Result<Option<String>, StoreError> {
        let asked = AsideList { closed: true, after: arrival.saturating_sub(1), count: 1, ..AsideList::default() };
        let rows = self.store.read(asked).await?;
        Ok(rows.into_iter().find(|row| row.arrival == arrival).map(|row| row.source))
    }

    /// One row with its body and state; who looked is in the audit.
    pub async fn aside(&self, arrival: i64, caller: Caller) -> Result<Option<(SetAsideRow, i64)>, StoreError> {
        let found = self.store.read(AsideOne { arrival }).await?;
        if found.is_some() {
            let detail = format!("set aside {arrival}");
            let note = AuditNote { action: "read".into(), detail, person: None, caller, at: self.now() };
            self.store.write(note).await?;
        }
        Ok(found)
    }

    /// Reads a row again, as if it arrived now. An error is the machine's, or that there is no such row.
    pub async fn replay(&self, arrival: i64, caller: &Caller) -> Result<Replayed, Refusal> {
        let Some((row, state)) = self.store.read(AsideOne { arrival }).await? else {
            return Err(no_row(arrival));
        };
        match state {
            OPEN => {}
            REPLAYED => return left_out("it was replayed before"),
            _ => return left_out("it was dismissed"),
        }
        let done = match self.read_again(&row, caller).await {
            Err(refusal) if !refusal.is_of_the_machine() => Replayed::Refused(refusal.words()),
            done => done?,
        };
        if matches!(done, Replayed::Kept(..)) {
            // A crash before this leaves it open: replayed once more, it is found unchanged.
            self.close_aside(arrival, REPLAYED, caller).await?;
        }
        Ok(done)
    }

    async fn read_again(&self, row: &SetAsideRow, caller: &Caller) -> Result<Replayed, Refusal> {
        let aside = &row.aside;
        if aside.reason.contains(OF_ANOTHER) {
            return left_out(
                "it is about another Patient than the one asked for; whoever sent it must say whose it is",
            );
        }
        let Some(source) = self.source(&aside.source) else {
            return left_out(format!("the source `{}` is not configured here", aside.source));
        };
        if is_message(&aside.body) {
            return self.take_again(source, &aside.place, &aside.body, caller).await;
        }
        if !aside.body.trim_ascii_start().starts_with(b"{") {
            return left_out("it is no FHIR resource in JSON; its sender must send it again");
        }
        let line = Line { place: &aside.place, body: &aside.body };
        let Some(entry) = self.line_entry(source, &line).await? else {
            return left_out(format!("{} is a type that is not kept", type_of(line.body)));
        };
        // A newer one may have come since, and only some sources say which is newer: it must not be overwritten.
        let kind = entry.draft.resource_type;
        let there = seam::read(&self.store, &source.name, kind, &entry.id).await?;
        if there.as_ref().is_some_and(|stored| stored.known > row.at) {
            return left_out("another version of it came since; ask its source for it again, or dismiss it");
        }
        let version = there.filter(|stored| !stored.deleted).map_or(0, |stored| stored.version);
        let entry = ImportEntry { method: Method::Update { if_match: Some(version) }, ..entry };
        match self.store.write(self.import(source, vec![entry], caller.clone())).await? {
            Ok(_) => Ok(Replayed::Kept(kind.name())),
            Err(refusal) => Err(super::import::refused(&refusal, "")),
        }
    }

    /// A message of HL7 v2, or a batch of them: what one states has an order of its own, so what is newer stays. One that is wrong keeps
    /// nothing back of the others, and the batch stays.
    async fn take_again(
        &self,
        source: &Source,
        place: &str,
        body: &[u8],
        caller: &Caller,
    ) -> Result<Replayed, Refusal> {
        let all = messages(body);
        // One message is known by all of its bytes, as it was set aside.
        let is_batch = all.len() != 1 || !body.starts_with(b"MSH");
        let (mut kept, mut refused) = (false, Vec::new());
        for (n, one) in all.into_iter().enumerate() {
            let told = match is_batch {
                true => self.message(source, &format!("{place} message {}", n + 1), one, caller).await?,
                false => self.message(source, place, body, caller).await?,
            };
            kept |= told.verdict == Verdict::Taken;
            let words = told.words();
            if !words.is_empty() {
                refused.push(if is_batch { format!("message {}: {words}", n + 1) } else { words });
            }
        }
        Ok(match (refused.is_empty(), kept) {
            (false, _) => Replayed::Refused(refused.join("; ")),
            (true, true) => Replayed::Kept("message"),
            (true, false) => Replayed::LeftOut("its event changes nothing here".into()),
        })
    }

    /// Reads again what is open and asked for, in order of arrival, each row once. The first failure of the machine ends it:
    /// what was kept until then is closed, and the same call goes on with the others.
    pub async fn replay_all(&self, asked: &AsideList, caller: &Caller) -> Result<Sums, Refusal> {
        let mut sums = Sums::default();
        let mut asked = AsideList { closed: false, count: STEP, ..asked.clone() };
        loop {
            let rows = self.store.read(asked.clone()).await?;
            let Some(last) = rows.last().map(|row| row.arrival) else { return Ok(sums) };
            for row in &rows {
                let done = self.replay(row.arrival, caller).await?;
                *sums.words.entry(done.word()).or_default() += 1;
                if let Replayed::Refused(why) | Replayed::LeftOut(why) = done {
                    *sums.reasons.entry(why).or_default() += 1;
                }
            }
            asked.after = last;
        }
    }

    /// A row is looked at and of no use: it stays on record and waits no longer. Answers whether it was open.
    pub async fn dismiss(&self, arrival: i64, caller: &Caller) -> Result<bool, Refusal> {
        if self.store.read(AsideOne { arrival }).await?.is_none() {
            return Err(no_row(arrival));
        }
        Ok(self.close_aside(arrival, DISMISSED, caller).await?)
    }

    async fn close_aside(&self, arrival: i64, state: i64, caller: &Caller) -> Result<bool, StoreError> {
        self.store.write(CloseAside { arrival, state, caller: caller.clone(), at: self.now() }).await
    }

    /// What is set aside and asked for.
    pub async fn asides(&self, asked: AsideList) -> Result<Vec<AsideHead>, StoreError> {
        self.store.read(asked).await
    }
}

fn when(at: Instant) -> String {
    Zone::utc().show(at)
}

/// A row without its body, as JSON.
pub fn head_json(row: &AsideHead) -> Value {
    json!({ "number": row.arrival, "at": when(row.at), "source": row.source, "reason": row.reason, "place": row.place,
            "bytes": row.bytes, "state": state_word(row.state) })
}

/// A row with its body, as JSON.
pub fn row_json(row: &SetAsideRow, state: i64) -> Value {
    let (aside, body) = (&row.aside, String::from_utf8_lossy(&row.aside.body));
    json!({ "number": row.arrival, "at": when(row.at), "source": aside.source, "reason": aside.reason,
            "place": aside.place, "state": state_word(state), "body": body })
}

/// What became of a row that was read again, as JSON.
pub fn replayed_json(number: i64, done: &Replayed) -> Value {
    json!({ "number": number, "result": done.word(), "type": done.kept(), "reason": done.stays() })
}

fn no_row(arrival: i64) -> Refusal {
    Refusal::one(Grade::NotFound, "not-found", "", format!("nothing was set aside under the number {arrival}"))
}

/// The name of a state.
pub fn state_word(state: i64) -> &'static str {
    match state {
        OPEN => "open",
        REPLAYED => "replayed",
        _ => "dismissed",
    }
}
