//! One round of pulling a source, and rounds for as long as the gateway runs.

use super::hinted::bring;
use super::named::members;
use super::page::{Ask, Halt, Search};
use super::settings::{By, Pull};
use crate::clock::steady;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::hooks::{Hints, Hook};
use crate::flow::lease::{LEASE_STEP, Lease};
use crate::flow::lines::Loaded;
use crate::flow::seam::Reading;
use crate::link::Client;
use crate::model::draft::{Link, ResourceType, Subject};
use crate::model::time::Instant;
use crate::store::contract::Narrow;
use crate::store::{CursorOf, SaveCursor, Walk};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Problems that are remembered of one round.
const PROBLEMS_MAX: usize = 50;
/// From a hint to what it brings: others come along, and the server's second in which it changed is over.
pub const HINT_PAUSE: Duration = Duration::from_secs(1);
/// Patients read from the store at once, when they are the roster.
const ROSTER_STEP: usize = 1000;
/// The start of time, for servers that want a closed range.
pub(crate) const BEGINNING: &str = "1900-01-01T00:00:00Z";

/// A source that is pulled.
#[derive(Debug)]
pub struct Feed {
    /// The source's name.
    pub source: String,
    /// The way to it.
    pub client: Client,
    /// How.
    pub settings: Pull,
}

/// What a round brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Pages that were read.
    pub pages: u64,
    /// Files of an export that were read.
    pub files: u64,
    /// What became of the resources on them.
    pub loaded: Loaded,
    /// What was gone at the source and is deleted here.
    pub deleted: u64,
    /// What went wrong, in words without personal data; none: the round is whole.
    pub problems: Vec<String>,
    /// When the server wants to be asked again, if it said so.
    pub later: Option<Instant>,
    /// The server was not there, or had no time: the round ended early.
    pub away: bool,
    /// What was hinted at and not brought for that reason.
    pub waiting: BTreeSet<(ResourceType, String)>,
}

impl Pulled {
    pub(crate) fn problem(&mut self, words: String) {
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&words) {
            self.problems.push(words);
        }
    }

    pub(crate) fn halted(&mut self, halt: Halt) {
        self.later = self.later.max(halt.later);
        self.away |= halt.ends_round();
        self.problem(halt.words);
    }
}

/// One round; `whole` reads everything again, whatever was read before.
pub async fn round(gateway: &Gateway, feed: &Feed, whole: bool) -> Pulled {
    let mut pulled = Pulled::default();
    let Some(source) = gateway.source(&feed.source) else {
        pulled.problem(format!("`{}` is no source of the settings", feed.source));
        return pulled;
    };
    let done = match feed.settings.by {
        By::Server => feed.by_time(gateway, source, whole, &mut pulled).await,
        By::Patients => feed.by_patient(gateway, source, whole, &mut pulled).await,
        By::Bulk => return crate::flow::bulk::round(gateway, feed, whole).await,
    };
    if let Err(halt) = done {
        pulled.halted(halt);
    }
    pulled
}

/// Pulls for as long as the gateway runs, and at once what a hook hints at; ends when `stop` says so. Of several gateways
/// on one store one pulls by the clock; what is hinted at is brought by whoever was told.
pub async fn run(gateway: &Gateway, feed: &Feed, hook: Option<Arc<Hook>>, stop: watch::Receiver<bool>) {
    let lease = Lease::of("pull", &feed.source);
    tokio::select! {
        never = lease.keep(gateway) => match never {},
        () = rounds(gateway, feed, hook, &lease, stop) => {}
    }
    lease.let_go(gateway).await;
}

async fn rounds(
    gateway: &Gateway,
    feed: &Feed,
    hook: Option<Arc<Hook>>,
    lease: &Lease,
    mut stop: watch::Receiver<bool>,
) {
    let (mut hints, mut by_clock, mut due) = (Hints::default(), true, Duration::ZERO);
    while !*stop.borrow() {
        let ours = by_clock && lease.take(gateway).await;
        if ours {
            (hints.round, hints.gaps) = (true, Vec::new());
        }
        if by_clock && !ours {
            due = steady() + feed.settings.every.min(LEASE_STEP);
        }
        // What was begun is idempotent and its cursor moves last, so a round may end anywhere.
        let pulled = tokio::select! { pulled = bring(gateway, feed, &hints) => pulled, _ = stop.changed() => return };
        if hints != Hints::default() {
            tell(feed, &pulled, "pulled");
        }
        if let Some(hook) = &hook {
            hook.put_back(pulled.waiting);
        }
        // Events that were asked for by their numbers are no round, or one before its time.
        if hints.round && hints.gaps.is_empty() {
            due = steady() + feed.settings.every;
        }
        // A server that wants peace has it, whatever is hinted.
        let asked = pulled.later.map(|at| gateway.now().until(at));
        due = asked.map_or(due, |asked| due.max(steady() + asked));
        let hinted = async {
            match hook.as_deref().filter(|_| asked.is_none()) {
                Some(hook) => hook.wake.notified().await,
                None => std::future::pending().await,
            }
            tokio::time::sleep(HINT_PAUSE).await;
        };
        let taken = || hook.as_deref().map(Hook::take).unwrap_or_default();
        (hints, by_clock) = tokio::select! {
            () = tokio::time::sleep(due.saturating_sub(steady())) => (taken(), true),
            () = hinted => (taken(), false),
            _ = stop.changed() => return,
        };
    }
}

/// What a round brought, for the log.
pub(crate) fn tell(feed: &Feed, pulled: &Pulled, what: &str) {
    let (source, kept) = (&feed.source, pulled.loaded.kept.values().sum::<u64>());
    let set_aside = pulled.loaded.set_aside.values().sum::<u64>();
    let (pages, files) = (pulled.pages, pulled.files);
    tracing::info!(%source, pages, files, kept, set_aside, deleted = pulled.deleted, "{what}");
    for problem in &pulled.problems {
        tracing::warn!(%source, "{problem}");
    }
}

impl Feed {
    /// Types one after the other; one that fails does not keep the others waiting, unless the server is busy or away.
    async fn by_time(&self, gateway: &Gateway, source: &Source, whole: bool, pulled: &mut Pulled) -> Result<(), Halt> {
        // Ranges are of the server's own clock, whatever ours says.
        let metadata = self.patiently(gateway, Ask::Read(&["metadata"])).await?;
        let now = metadata.date.unwrap_or_else(|| gateway.now());
        for kind in self.settings.types() {
            let name = format!("pull/{}/{}", self.source, kind.name());
            let whole = whole || self.is_due(gateway, &name, now).await?;
            let last = self.cursor(gateway, &name).await?.filter(|_| !whole);
            let from = last.and_then(|last| self.from(last, now, kind, pulled));
            let from = from.map_or_else(|| BEGINNING.to_owned(), |from| from.to_string());
            let query = vec![("_lastUpdated", format!("ge{from}")), ("_lastUpdated", format!("lt{now}"))];
            let done = async {
                let met = self.walk(gateway, source, &Search { kind, query, patient: None }, pulled).await?;
                if whole && self.settings.reread.is_some() {
                    self.forget(gateway, source, (kind, None), &|id| met.ids.contains(id), pulled).await?;
                    self.save(gateway, &format!("{name}/whole"), now.0.to_string()).await?;
                }
                self.save(gateway, &name, now.0.to_string()).await
            };
            match done.await {
                Err(halt) if halt.ends_round() => return Err(halt),
                Err(halt) => pulled.halted(halt),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Where a range begins; `None`: at the beginning, for the server's clock was ahead when the last round ended.
    fn from(&self, last: Instant, now: Instant, kind: ResourceType, pulled: &mut Pulled) -> Option<Instant> {
        if last > now.plus_us(i64::try_from(self.settings.overlap.as_micros()).unwrap_or(i64::MAX)) {
            let words = "the server's clock is behind the one of the last round; everything is asked for again";
            pulled.problem(format!("{}: {words}", kind.name()));
            return None;
        }
        Some(back(last.min(now), self.settings.overlap))
    }

    /// Patients one after the other, from where a round that was cut off stood.
    async fn by_patient(
        &self,
        gateway: &Gateway,
        source: &Source,
        whole: bool,
        pulled: &mut Pulled,
    ) -> Result<(), Halt> {
        let name = format!("pull/{}/roster", self.source);
        let roster = self.roster(gateway, source, pulled).await?;
        let last = self.store_cursor(gateway, &name).await?.filter(|_| !whole).unwrap_or_default();
        let (mut asked, mut drugs) = (BTreeSet::new(), BTreeSet::new());
        for patient in roster.iter().filter(|id| **id > last) {
            // First the records, and whoever they lead to: after a merge the results are there, and are no stranger's.
            let (mut open, mut chain) = (vec![patient.clone()], Vec::new());
            while let Some(id) = open.pop() {
                if asked.insert(id.clone()) && (id == *patient || !roster.contains(&id)) {
                    self.record(gateway, source, &id, pulled).await?;
                    open.extend(self.linked(gateway, source, &id).await?);
                    chain.push(id);
                }
            }
            for id in &chain {
                for drug in self.results(gateway, source, id, pulled).await? {
                    if drugs.insert(drug.clone()) {
                        self.drug(gateway, source, &drug, pulled).await?;
                    }
                }
            }
            self.save(gateway, &name, patient.clone()).await?;
        }
        self.save(gateway, &name, String::new()).await
    }

    async fn record(&self, gateway: &Gateway, source: &Source, patient: &str, pulled: &mut Pulled) -> Result<(), Halt> {
        let kind = ResourceType::Patient;
        let wanted = self.settings.types().contains(&kind);
        if wanted && !self.ask_for(gateway, source, kind, patient, pulled).await? {
            // Merged away or removed: what is left of it here goes by its own absence.
            pulled.problem("a Patient of the roster is gone at the source".into());
        }
        Ok(())
    }

    /// Everything of a Patient. Answers the Medications that it names.
    async fn results(
        &self,
        gateway: &Gateway,
        source: &Source,
        patient: &str,
        pulled: &mut Pulled,
    ) -> Result<BTreeSet<String>, Halt> {
        let mut drugs = BTreeSet::new();
        for kind in self.settings.types_of_patient() {
            let query = vec![("patient", patient.to_owned())];
            match self.walk(gateway, source, &Search { kind, query, patient: Some(patient) }, pulled).await {
                Ok(met) => {
                    if self.settings.reread.is_some() {
                        let is_met = |id: &str| met.ids.contains(id);
                        self.forget(gateway, source, (kind, Some(patient)), &is_met, pulled).await?;
                    }
                    drugs.extend(met.drugs);
                }
                // A server that lacks the type says so each time; one that is busy or away ends the round.
                Err(halt) if halt.ends_round() => return Err(halt),
                Err(halt) => pulled.halted(halt),
            }
        }
        Ok(drugs)
    }

    /// A Medication that an administration names.
    async fn drug(&self, gateway: &Gateway, source: &Source, id: &str, pulled: &mut Pulled) -> Result<(), Halt> {
        let kind = ResourceType::Medication;
        if !self.settings.types().contains(&kind) {
            return Ok(());
        }
        match self.ask_for(gateway, source, kind, id, pulled).await {
            Err(halt) if halt.ends_round() => return Err(halt),
            Err(halt) => pulled.halted(halt),
            Ok(_) => {}
        }
        Ok(())
    }

    /// The Patients to which the record of this one leads.
    async fn linked(&self, gateway: &Gateway, source: &Source, id: &str) -> Result<Vec<String>, Halt> {
        let there = gateway.there(source, ResourceType::Patient, id).await;
        let there = there.map_err(|refusal| Halt::new(refusal.words()))?;
        let Some(stored) = there else { return Ok(Vec::new()) };
        let Reading::Right(draft, _) = gateway.reading(source, &stored.body, None) else { return Ok(Vec::new()) };
        let id = |link: Link| match link.other {
            Subject::Patient(id) => Some(id),
            Subject::Identifier(_) | Subject::Entry(_) => None,
        };
        Ok(draft.links.into_iter().filter_map(id).collect())
    }

    /// Ids of the Patients, in order.
    async fn roster(&self, gateway: &Gateway, source: &Source, pulled: &mut Pulled) -> Result<BTreeSet<String>, Halt> {
        let mut roster: BTreeSet<String> = self.settings.patients.iter().cloned().collect();
        if let Some(group) = &self.settings.group {
            let answer = self.patiently(gateway, Ask::Read(&["Group", group])).await?;
            let (ids, others) = members(&self.settings.url, &answer.body).map_err(Halt::new)?;
            roster.extend(ids);
            if others > 0 {
                pulled.problem(format!("{others} members of the Group of the roster name no Patient of this server"));
            }
        }
        if roster.is_empty() {
            let mut walk = Walk::through(Narrow::nothing(&source.name, ResourceType::Patient), ROSTER_STEP);
            loop {
                let walked = gateway.store.read(walk.clone()).await.map_err(|e| Halt::new(e.to_string()))?;
                roster.extend(walked.resources.into_iter().map(|r| r.id));
                let Some(next) = walked.next else { break };
                (walk.after, walk.seen) = (Some(next), Some(walked.seen));
            }
        }
        Ok(roster)
    }

    /// Whether everything is to be read again.
    async fn is_due(&self, gateway: &Gateway, name: &str, now: Instant) -> Result<bool, Halt> {
        let Some(reread) = self.settings.reread else { return Ok(false) };
        let last = self.cursor(gateway, &format!("{name}/whole")).await?;
        Ok(last.is_none_or(|last| last <= back(now, reread)))
    }

    /// A moment that a cursor keeps.
    pub(crate) async fn cursor(&self, gateway: &Gateway, name: &str) -> Result<Option<Instant>, Halt> {
        Ok(self.store_cursor(gateway, name).await?.and_then(|words| words.parse().ok()).map(Instant))
    }

    pub(crate) async fn store_cursor(&self, gateway: &Gateway, name: &str) -> Result<Option<String>, Halt> {
        gateway.store.read(CursorOf { name: name.to_owned() }).await.map_err(|e| Halt::new(e.to_string()))
    }

    pub(crate) async fn save(&self, gateway: &Gateway, name: &str, value: String) -> Result<(), Halt> {
        let save = SaveCursor { name: name.to_owned(), value, at: gateway.now() };
        gateway.store.write(save).await.map_err(|e| Halt::new(e.to_string()))
    }
}

pub(crate) fn back(from: Instant, by: Duration) -> Instant {
    from.plus_us(-i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}
