//! The study desk: what the corridor needs to know of trials, sites and targets, beside the store.

use super::gateway::Gateway;
use super::library::Library;
use crate::clock;
use crate::evaluate::Choice;
use crate::link::{self, Client};
use crate::model::capabilities::{Capabilities, Publish};
use crate::model::purpose::Purpose;
use crate::model::time::Instant;
use crate::publish::subject::TargetKind;
use crate::store::Store;
use crate::store::contract::{Delivered, Wish};
use crate::trial::definition::{Site, Trial};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The source of the gateway's own facts: answers, consent, enrolment.
pub const GATEWAY: &str = "gateway";

/// What a site says of one trial. Nothing stated: nobody is listed.
#[derive(Debug, Clone, Default)]
pub struct AtSite {
    /// The site's id in the definition; `None`: the first.
    pub site: Option<String>,
    /// It takes new people.
    pub recruiting: bool,
    /// Sources that feed it; `None`: all.
    pub sources: Option<Vec<String>>,
    /// Purposes with a stated ground.
    pub purposes: Vec<Purpose>,
    /// Alternatives of readings other than the default.
    pub readings: BTreeMap<String, String>,
}

impl AtSite {
    /// Whether that source's facts count for the trial here.
    pub fn feeds(&self, source: &str) -> bool {
        source != GATEWAY && self.sources.as_ref().is_none_or(|list| list.iter().any(|s| s == source))
    }

    /// The site in the definition.
    pub fn site<'t>(&self, trial: &'t Trial) -> Option<&'t Site> {
        match &self.site {
            Some(id) => trial.study.sites.iter().find(|s| s.id == *id),
            None => trial.study.sites.first(),
        }
    }

    /// The readings chosen here; they were checked when the settings were.
    pub fn choice(&self, trial: &Trial) -> Choice {
        Choice::of(trial, &self.readings).unwrap_or_else(|_| Choice::defaults(trial))
    }
}

/// One target that is told statuses.
#[derive(Debug)]
pub struct TargetAt {
    /// Its name.
    pub name: String,
    /// What it is told.
    pub publish: Publish,
    /// What it is.
    pub kind: TargetKind,
    /// The source whose Patient ids it shares.
    pub patients_of: Option<String>,
    /// The way to it.
    pub client: Client,
    probed: OnceLock<Capabilities>,
    studies_sent: Mutex<HashSet<[u8; 32]>>,
}

impl TargetAt {
    /// A target, not yet probed.
    pub fn new(name: &str, kind: TargetKind, publish: Publish, patients_of: Option<String>, client: Client) -> Self {
        Self {
            name: name.into(),
            publish,
            kind,
            patients_of,
            client,
            probed: OnceLock::new(),
            studies_sent: Mutex::default(),
        }
    }

    /// What it takes: asked once, remembered once answered. The error is its own words.
    pub async fn capabilities(&self, now: Instant) -> Result<Capabilities, String> {
        if let Some(known) = self.probed.get() {
            return Ok(*known);
        }
        let found = self.client.probe(now).await.map_err(|failure| failure.text)?;
        Ok(*self.probed.get_or_init(|| found))
    }

    /// Whether this definition's study was sent to it since the program started.
    pub fn has_study(&self, definition: &[u8; 32]) -> bool {
        self.studies_sent.lock().unwrap_or_else(PoisonError::into_inner).contains(definition)
    }

    /// Remembers that it was.
    pub fn study_sent(&self, definition: [u8; 32]) {
        self.studies_sent.lock().unwrap_or_else(PoisonError::into_inner).insert(definition);
    }
}

/// Longest wait for one answer of a target.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The way to a target. The error says what is wrong with its address or token.
pub fn client(
    url: &str,
    token: Option<&str>,
    auth: Option<&link::Auth>,
    keys: &link::Keys,
    insecure: bool,
) -> Result<Client, String> {
    let settings = link::LinkSettings {
        base: url.to_owned(),
        token: token.map(link::Secret::new),
        timeout: ANSWER_TIMEOUT,
        user_agent: concat!("trialgate/", env!("CARGO_PKG_VERSION")).to_owned(),
        insecure,
    };
    let made = match auth {
        None => Client::new(settings),
        Some(_) if token.is_some() => return Err("it has both `token` and `auth`; wanted one of them".into()),
        Some(auth) => auth.read(keys).and_then(|(access, tls)| Client::with(settings, access, &tls)),
    };
    made.map_err(|e| e.to_string())
}

/// The desk.
pub struct Desk {
    /// The part of the corridor that imports and reads.
    pub gateway: Arc<Gateway>,
    /// Base of the names that the gateway gives, without a slash at its end.
    pub base: String,
    /// Sites by trial.
    pub sites: BTreeMap<String, AtSite>,
    /// Targets in the order of their names.
    pub targets: Vec<TargetAt>,
    library: RwLock<Arc<Library>>,
}

impl Desk {
    /// A desk with these definitions in force.
    pub fn new(
        gateway: Arc<Gateway>,
        base: String,
        sites: BTreeMap<String, AtSite>,
        targets: Vec<TargetAt>,
        library: Library,
    ) -> Self {
        let library = Arc::new(library);
        let desk = Self { gateway, base, sites, targets, library: RwLock::new(library.clone()) };
        desk.take(library);
        desk
    }

    /// Takes up definitions and maps, whole.
    pub fn take(&self, library: Arc<Library>) {
        self.gateway.project(library.clone(), self.sites.clone(), &self.base);
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = library;
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.gateway.store
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.gateway.now()
    }

    /// What is in force.
    pub fn library(&self) -> Arc<Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the site says of a trial.
    pub fn at_site(&self, trial: &Trial) -> AtSite {
        self.sites.get(&trial.id).cloned().unwrap_or_default()
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&TargetAt> {
        self.targets.iter().find(|t| t.name == name)
    }

    /// All targets' names.
    pub fn target_names(&self) -> Vec<String> {
        self.targets.iter().map(|t| t.name.clone()).collect()
    }

    /// When a wish that failed is tried again; a dead letter once the horizon is behind it.
    pub fn later(&self, wish: &Wish, not_before: Option<Instant>, answer: String) -> Delivered {
        let next = link::retry::next(wish.tries, wish.first_failed, self.now(), clock::random_u64());
        match next {
            Some(next_at) => Delivered::Later { next_at: next_at.max(not_before.unwrap_or(next_at)), answer },
            None => Delivered::Dead { answer },
        }
    }
}
