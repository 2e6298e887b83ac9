//! Messages: read, laid beside what is there, kept with themselves in one commit, each whole or not at all. Whoever sends one again
//! changes nothing.

use super::plan::Plan;
use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::lines::{CHUNK_BYTES, Loaded};
use crate::intake::hl7v2::{Fault, Header, Outcome, aside, messages, read_header, read_message};
use crate::store::contract::{Caller, Kept, RefusalReason, SetAside};
use crate::store::{Fate, KeepMessage, KeepMessages};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Largest message that is taken, in bytes.
pub const MESSAGE_BYTES: usize = 4 << 20;
/// Messages in one commit at most.
pub const CHUNK: usize = 100;
/// Reasons that are written down of one message.
const REASONS_MAX: usize = 50;
/// Times messages are laid anew when somebody else was faster.
const TURNS: usize = 12;

/// A message on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Where it stands, for whoever must mend it; `None`: its control id says which it is.
    pub place: Option<&'a str>,
    /// Its bytes.
    pub body: &'a [u8],
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What it states is kept: AA.
    Taken,
    /// Its event changes nothing here: AA.
    NotUsed,
    /// It breaks a rule and is set aside: AE.
    Wrong,
    /// It is of a kind that is not taken, and set aside: AR.
    Rejected,
}

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What an answer repeats; `None`: the message has no readable header.
    pub header: Option<Header>,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was refused.
    pub faults: Vec<Fault>,
    /// Parts that were set aside.
    pub aside: Vec<Fault>,
    /// What became of what it states.
    pub loaded: Loaded,
}

impl Told {
    /// Why it was refused or set aside in part, in one line.
    pub fn words(&self) -> String {
        reasons(self.faults.iter().chain(&self.aside))
    }
}

/// A message that was read.
struct Read<'a> {
    sent: Sent<'a>,
    header: Option<Header>,
    outcome: Outcome,
}

impl Gateway {
    /// Takes one message; answered only when it is on disk. `place` says where it came from. An error is the machine's: the same
    /// message may be sent again.
    pub async fn message(&self, source: &Source, place: &str, body: &[u8], caller: &Caller) -> Result<Told, Refusal> {
        let mut told = self.messages(source, &[Sent { place: Some(place), body }], caller).await?;
        told.pop().ok_or_else(overtaken)
    }

    /// Takes messages, in order; answered only when all are on disk. They share a commit, up to the next one that speaks of a Patient
    /// of whom one of them spoke, and what is wrong with one keeps nothing back of the others. An error is the machine's: the same
    /// messages may be sent again.
    pub async fn messages(&self, source: &Source, all: &[Sent<'_>], caller: &Caller) -> Result<Vec<Told>, Refusal> {
        let read = |sent: &Sent<'_>| -> (Option<Header>, Outcome) {
            match sent.body.len() > MESSAGE_BYTES {
                true => (read_header(sent.body), Outcome::Rejected(vec![too_long(MESSAGE_BYTES)])),
                false => read_message(sent.body, &source.dialect.spoken(&source.zone, self.now())),
            }
        };
        let mut read: Vec<Read<'_>> = all
            .iter()
            .map(|sent| {
                let (header, outcome) = read(sent);
                Read { sent: *sent, header, outcome }
            })
            .collect();
        let mut told = Vec::with_capacity(all.len());
        while !read.is_empty() {
            let later = read.split_off(together(&read));
            told.extend(self.keep_together(source, read, caller).await?);
            read = later;
        }
        Ok(told)
    }

    /// Takes the messages of a file, or of a batch in it, [`CHUNK`] to a commit.
    pub async fn load_messages(
        &self,
        source: &Source,
        place: &str,
        bytes: &[u8],
        caller: &Caller,
    ) -> Result<Loaded, Refusal> {
        let (mut loaded, all) = (Loaded::default(), messages(bytes));
        let mut from = 0;
        while from < all.len() {
            let mut held = 0;
            let room = |one: &&&[u8]| {
                let room = held < CHUNK_BYTES;
                held += one.len();
                room
            };
            let chunk: Vec<&[u8]> = all[from..].iter().take(CHUNK).take_while(room).copied().collect();
            let places: Vec<String> = (1..=chunk.len()).map(|n| format!("{place} message {}", from + n)).collect();
            let sent = places.iter().zip(&chunk).map(|(place, body)| Sent { place: Some(place), body });
            for told in self.messages(source, &sent.collect::<Vec<_>>(), caller).await? {
                loaded.add(&told.loaded);
                match told.verdict {
                    Verdict::Taken => told.aside.iter().for_each(|_| loaded.set_aside("part of a message")),
                    Verdict::NotUsed => loaded.ignored("message"),
                    Verdict::Wrong | Verdict::Rejected => loaded.set_aside("message"),
                }
            }
            from += chunk.len();
        }
        Ok(loaded)
    }

    /// Keeps messages in one commit, and says what became of each.
    async fn keep_together(
        &self,
        source: &Source,
        mut all: Vec<Read<'_>>,
        caller: &Caller,
    ) -> Result<Vec<Told>, Refusal> {
        let mut turns = 0;
        while turns < TURNS {
            // Which message each of the unit is, and what is set aside of it.
            let (mut unit, mut whose) = (Vec::new(), Vec::new());
            for (at, one) in all.iter().enumerate() {
                let (plan, fate) = match &one.outcome {
                    Outcome::NotUsed => continue,
                    Outcome::Stated(words) => (self.plan(source, words).await?, Fate::Taken),
                    Outcome::Wrong(faults) | Outcome::Rejected(faults) => {
                        (Plan { aside: faults.clone(), ..Plan::default() }, Fate::Refused)
                    }
                };
                let (kept, parts) = self.to_keep(source, one, plan, fate, caller);
                unit.push(kept);
                whose.push((at, parts));
            }
            let unit = Arc::new(KeepMessages(unit));
            let written = if unit.0.is_empty() { Ok(Vec::new()) } else { self.store.write(unit.clone()).await? };
            match written {
                Ok(kept) => {
                    let mut became: Vec<(Vec<Fault>, Loaded)> = vec![Default::default(); all.len()];
                    for (((at, parts), one), kept) in whose.into_iter().zip(&unit.0).zip(&kept) {
                        became[at] = (parts, loaded(one, kept));
                    }
                    let told = all.into_iter().zip(became);
                    return Ok(told.map(|(one, (parts, loaded))| self.ended(source, one, parts, loaded)).collect());
                }
                // Somebody else changed what the plan leans on.
                Err((_, refusal))
                    if matches!(refusal.reason, RefusalReason::Overtaken | RefusalReason::VersionConflict(_)) =>
                {
                    turns += 1;
                }
                // It is wrong beside what is there, and the others are not.
                Err((n, refusal)) => {
                    let issues = crate::flow::import::refused(&refusal, "").issues;
                    let why = issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    all[whose[n].0].outcome = Outcome::Wrong(vec![aside("MSH", 1, why)]);
                }
            }
        }
        Err(overtaken())
    }

    /// What the store is to keep of one message, and what is set aside of it.
    fn to_keep(
        &self,
        source: &Source,
        read: &Read<'_>,
        plan: Plan,
        fate: Fate,
        caller: &Caller,
    ) -> (KeepMessage, Vec<Fault>) {
        // The whole message, so that it can be read again once the cause is mended.
        let set_aside = || SetAside {
            source: source.name.to_string(),
            reason: reasons(plan.aside.iter()),
            place: read.place(),
            body: read.sent.body.to_vec(),
        };
        let kept = KeepMessage {
            body: read.sent.body.to_vec(),
            fate,
            patient: plan.patient,
            heard: plan.heard,
            deletions: plan.deletions,
            import: self.import(source, plan.entries, caller.clone()),
            aside: (!plan.aside.is_empty()).then(set_aside),
        };
        (kept, plan.aside)
    }

    /// Counts a message, and says what became of it.
    fn ended(&self, source: &Source, read: Read<'_>, parts: Vec<Fault>, loaded: Loaded) -> Told {
        let (verdict, word, faults, aside) = match read.outcome {
            Outcome::Stated(_) if parts.is_empty() => (Verdict::Taken, "taken", Vec::new(), parts),
            Outcome::Stated(_) => (Verdict::Taken, "taken in part", Vec::new(), parts),
            Outcome::NotUsed => (Verdict::NotUsed, "not used", Vec::new(), parts),
            Outcome::Wrong(faults) => (Verdict::Wrong, "wrong", faults, Vec::new()),
            Outcome::Rejected(faults) => (Verdict::Rejected, "rejected", faults, Vec::new()),
        };
        self.messages.count(&source.name, word);
        Told { header: read.header, verdict, faults, aside, loaded }
    }
}

impl Read<'_> {
    fn place(&self) -> String {
        let control = self.header.as_ref().map_or("", |h| &h.control);
        let shown = || control.chars().filter(char::is_ascii_graphic).take(50).collect::<String>();
        self.sent.place.map_or_else(|| format!("message {}", shown()), str::to_owned)
    }
}

/// How many of these may share a commit: a second message about a Patient leans on what the first one left.
fn together(all: &[Read<'_>]) -> usize {
    let mut spoken = BTreeSet::new();
    for (n, one) in all.iter().enumerate() {
        let Outcome::Stated(words) = &one.outcome else { continue };
        let own: BTreeSet<&str> = words.patients.iter().map(|p| p.id.as_str()).collect();
        if !spoken.is_disjoint(&own) {
            return n;
        }
        spoken.extend(own);
    }
    all.len()
}

fn loaded(one: &KeepMessage, kept: &[Kept]) -> Loaded {
    let mut loaded = Loaded::default();
    let entries = one.import.entries.iter().zip(kept);
    entries.for_each(|(entry, kept)| loaded.kept(entry.draft.resource_type.name(), kept.event));
    one.deletions.iter().for_each(|_| loaded.deleted());
    loaded
}

/// Why a message of more bytes than are taken is rejected.
pub fn too_long(bytes: usize) -> Fault {
    aside("MSH", 1, format!("found a message of more than {bytes} bytes; wanted a shorter one"))
}

/// Why a message, or parts of it, are set aside, in one line.
fn reasons<'f>(mut all: impl Iterator<Item = &'f Fault>) -> String {
    let mut words: Vec<String> = all.by_ref().take(REASONS_MAX).map(ToString::to_string).collect();
    let more = all.count();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join("; ")
}

fn overtaken() -> Refusal {
    Refusal::one(Grade::Busy, "transient", "", "others changed the same Patient again and again; send the same again")
}
