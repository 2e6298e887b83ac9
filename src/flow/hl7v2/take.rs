//! One message: read, laid beside what is there, kept with itself in one commit. Whoever sends it again changes nothing.

use super::patient::{Becomes, Known, laid};
use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::lines::Loaded;
use crate::flow::seam::Reading;
use crate::intake::hl7v2::{Fault, Header, OfPatient, Outcome, Said, Words, messages, read_header, read_message};
use crate::model::draft::{ResourceType, Subject};
use crate::store::contract::{Caller, ImportEntry, Method, RefusalReason, SetAside};
use crate::store::{Deletion, Fate, Heard, HeardOf, KeepMessage, Which};
use std::collections::BTreeMap;

/// Largest message that is taken, in bytes.
pub const MESSAGE_BYTES: usize = 4 << 20;
/// Reasons that are written down of one message.
const REASONS_MAX: usize = 50;
/// Times a message is laid anew when somebody else was faster.
const TURNS: usize = 12;

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
    /// Parts that were set aside: the segment with its number, and why.
    pub aside: Vec<(String, String)>,
    /// What became of what it states.
    pub loaded: Loaded,
}

impl Told {
    /// Why it was refused or set aside in part, in one line.
    pub fn words(&self) -> String {
        let parts = self.aside.iter().map(|(place, why)| format!("{place}: {why}"));
        reasons(self.faults.iter().map(ToString::to_string).chain(parts))
    }
}

/// What a message comes to, beside what is there now.
#[derive(Default)]
struct Plan {
    entries: Vec<ImportEntry>,
    deletions: Vec<Deletion>,
    heard: Vec<Heard>,
    /// Parts that are set aside: the segment with its number, and why.
    aside: Vec<(String, String)>,
    patient: Option<String>,
}

impl Gateway {
    /// Takes one message; answered only when it is on disk. `place` says where it came from. An error is the machine's: the same
    /// message may be sent again.
    pub async fn message(&self, source: &Source, place: &str, body: &[u8], caller: &Caller) -> Result<Told, Refusal> {
        let (header, outcome) = match body.len() > MESSAGE_BYTES {
            true => (read_header(body), Outcome::Rejected(vec![too_long(MESSAGE_BYTES)])),
            false => read_message(body, &source.dialect.spoken(&source.zone, self.now())),
        };
        let told = |verdict, faults| Told { header, verdict, faults, aside: Vec::new(), loaded: Loaded::default() };
        let (verdict, faults) = match outcome {
            Outcome::Stated(words) => {
                let (aside, loaded) = self.stated(source, place, body, &words, caller).await?;
                self.messages.count(&source.name, if aside.is_empty() { "taken" } else { "taken in part" });
                return Ok(Told { aside, loaded, ..told(Verdict::Taken, Vec::new()) });
            }
            Outcome::NotUsed => {
                self.messages.count(&source.name, "not used");
                return Ok(told(Verdict::NotUsed, Vec::new()));
            }
            Outcome::Wrong(faults) => (Verdict::Wrong, faults),
            Outcome::Rejected(faults) => (Verdict::Rejected, faults),
        };
        self.refused(source, place, body, &faults, caller).await?;
        self.messages.count(&source.name, if verdict == Verdict::Wrong { "wrong" } else { "rejected" });
        Ok(told(verdict, faults))
    }

    /// Takes the messages of a file, or of a batch in it, one after the other.
    pub async fn load_messages(
        &self,
        source: &Source,
        place: &str,
        bytes: &[u8],
        caller: &Caller,
    ) -> Result<Loaded, Refusal> {
        let mut loaded = Loaded::default();
        for (n, one) in messages(bytes).into_iter().enumerate() {
            let told = self.message(source, &format!("{place} message {}", n + 1), one, caller).await?;
            loaded.add(&told.loaded);
            let mut count = |word: &str, n: usize| *loaded.set_aside.entry(word.into()).or_default() += n as u64;
            match told.verdict {
                Verdict::Taken if told.aside.is_empty() => {}
                Verdict::Taken => count("part of a message", told.aside.len()),
                Verdict::NotUsed => *loaded.ignored.entry("message".into()).or_default() += 1,
                Verdict::Wrong | Verdict::Rejected => count("message", 1),
            }
        }
        Ok(loaded)
    }

    /// Sets a message aside whole.
    async fn refused(
        &self,
        source: &Source,
        place: &str,
        body: &[u8],
        faults: &[Fault],
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let aside = Some(set_aside(source, place, reasons(faults.iter().map(ToString::to_string)), body));
        let unit = self.unit(source, body, (Plan::default(), aside), Fate::Refused, caller);
        match self.store.write(unit).await? {
            Ok(_) => Ok(()),
            Err(_) => Err(overtaken()),
        }
    }

    async fn stated(
        &self,
        source: &Source,
        place: &str,
        body: &[u8],
        words: &Words,
        caller: &Caller,
    ) -> Result<(Vec<(String, String)>, Loaded), Refusal> {
        for _ in 0..TURNS {
            let mut plan = self.plan(source, words).await?;
            let told = std::mem::take(&mut plan.aside);
            let aside = (!told.is_empty()).then(|| {
                let why = reasons(told.iter().map(|(place, why)| format!("{place}: {why}")));
                set_aside(source, place, why, body)
            });
            let kinds: Vec<ResourceType> = plan.entries.iter().map(|e| e.draft.resource_type).collect();
            let gone = plan.deletions.len() as u64;
            let unit = self.unit(source, body, (plan, aside), Fate::Taken, caller);
            match self.store.write(unit).await? {
                Ok(kept) => {
                    let mut loaded = Loaded::default();
                    kinds.iter().zip(&kept).for_each(|(kind, kept)| loaded.kept(kind.name(), kept.event));
                    if gone > 0 {
                        loaded.events.insert("deleted".into(), gone);
                    }
                    return Ok((told, loaded));
                }
                // Somebody else changed what the plan leans on.
                Err(refusal)
                    if matches!(refusal.reason, RefusalReason::Overtaken | RefusalReason::VersionConflict(_)) => {}
                Err(refusal) => return Err(crate::flow::import::refused(&refusal, "")),
            }
        }
        Err(overtaken())
    }

    fn unit(
        &self,
        source: &Source,
        body: &[u8],
        (plan, aside): (Plan, Option<SetAside>),
        fate: Fate,
        caller: &Caller,
    ) -> KeepMessage {
        KeepMessage {
            body: body.to_vec(),
            fate,
            patient: plan.patient,
            heard: plan.heard,
            deletions: plan.deletions,
            import: self.import(source, plan.entries, caller.clone()),
            aside,
        }
    }

    async fn plan(&self, source: &Source, words: &Words) -> Result<Plan, Refusal> {
        let mut plan = Plan::default();
        plan.aside.extend(words.aside.iter().map(|aside| (aside.place.clone(), aside.reason.clone())));
        for said in &words.said {
            self.entry(source, said, Method::Load, &mut plan);
        }
        let mut patients: BTreeMap<&str, Vec<&OfPatient>> = BTreeMap::new();
        for one in &words.patients {
            patients.entry(&one.id).or_default().push(one);
        }
        for (id, said) in patients {
            self.patient(source, id, &said, &mut plan).await?;
        }
        Ok(plan)
    }

    /// Lays what is said of one Patient beside what is known.
    async fn patient(&self, source: &Source, id: &str, said: &[&OfPatient], plan: &mut Plan) -> Result<(), Refusal> {
        plan.patient.get_or_insert_with(|| id.to_owned());
        let asked = HeardOf { source: source.name.to_string(), patient: id.to_owned() };
        let (read, mut known) = match self.store.read(asked).await? {
            Some((read, words)) => (read, serde_json::from_slice::<Known>(&words).unwrap_or_default()),
            None => (0, Known::default()),
        };
        let there = self.there(source, ResourceType::Patient, id).await?;
        let Some(becomes) = laid(&mut known, said, id, there.as_ref().map(|t| t.body.as_slice())) else {
            return Ok(());
        };
        let version = there.map_or(0, |t| t.version);
        match becomes {
            Becomes::Same => {}
            Becomes::Gone => {
                let which = Which::Id(id.to_owned());
                plan.deletions.push(Deletion { resource_type: ResourceType::Patient, which, if_match: Some(version) });
            }
            Becomes::Body(body) => {
                let said = Said { place: said[0].place.clone(), body };
                if !self.entry(source, &said, Method::Update { if_match: Some(version) }, plan) {
                    return Ok(());
                }
            }
        }
        let words = serde_json::to_vec(&known).unwrap_or_default();
        plan.heard.push(Heard { patient: id.to_owned(), read, words });
        Ok(())
    }

    /// Plans one resource, or sets it aside with what is wrong with it; whether it is planned.
    fn entry(&self, source: &Source, said: &Said, method: Method, plan: &mut Plan) -> bool {
        let issues = match self.reading(source, &said.body, None) {
            Reading::Right(draft, _) => {
                let patient = match &draft.subject {
                    Some(Subject::Patient(id)) => Some(id.clone()),
                    _ => None,
                };
                if let Some(patient) = &patient {
                    plan.patient.get_or_insert_with(|| patient.clone());
                }
                let (id, body) = (draft.id.clone().unwrap_or_default(), said.body.as_slice().into());
                plan.entries.push(ImportEntry { method, id, draft: *draft, patient, body, resolved: Vec::new() });
                return true;
            }
            Reading::NotKept(issues) => issues,
            Reading::Wrong(refusal) => refusal.issues,
        };
        let reason = issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        plan.aside.push((said.place.clone(), reason));
        false
    }
}

/// Why a message of more bytes than are taken is rejected.
pub fn too_long(bytes: usize) -> Fault {
    let text = format!("found a message of more than {bytes} bytes; wanted a shorter one");
    Fault { segment: "MSH".into(), nth: 1, field: 0, code: 207, text }
}

/// The whole message, so that it can be read again once the cause is mended.
fn set_aside(source: &Source, place: &str, reason: String, body: &[u8]) -> SetAside {
    SetAside { source: source.name.to_string(), reason, place: place.to_owned(), body: body.to_vec() }
}

/// Why a message, or parts of it, are set aside, in one line.
fn reasons(mut all: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = all.by_ref().take(REASONS_MAX).collect();
    let more = all.count();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join("; ")
}

fn overtaken() -> Refusal {
    Refusal::one(Grade::Busy, "transient", "", "others changed the same Patient again and again; send the same again")
}
