//! Settings become rooms that know each other.

use crate::cli::args::Place;
use crate::cli::print::{End, fail};
use crate::clock::{self, Clock};
use crate::config::{Settings, Target};
use crate::flow::desk::{AtSite, Desk, TargetAt, client};
use crate::flow::gateway::{Gateway, MAIN, Parts, Source};
use crate::flow::hooks::{Hook, Hooks};
use crate::flow::library::Library;
use crate::flow::profiles::Profiles;
use crate::flow::pull::Feed;
use crate::flow::{Store, definitions};
use crate::http::auth::{Client, Right, check_exposure};
use crate::http::running::Serving;
use crate::link::Keys;
use crate::mllp::Listener;
use crate::model::capabilities::Publish;
use crate::model::key::digest_words;
use crate::model::purpose::Purpose;
use crate::model::time::{Instant, Zone};
use crate::publish::subject::TargetKind;
use crate::store::{Options, shown};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the gateway listens when nothing is said.
pub const LISTEN: &str = "127.0.0.1:8080";
/// The store when nothing is said.
pub const STORE: &str = "sqlite:trialgate.db";

/// The folder of signing keys when nothing is said.
const KEYS: &str = "keys";

/// Settings of a place: its file, the environment, and what the command line says.
pub fn settings(place: &Place) -> Result<Settings, String> {
    let mut settings = Settings::load(place.config.as_deref(), std::env::vars())?;
    if let Some(url) = &place.store {
        settings.store = Some(url.clone());
    }
    Ok(settings)
}

/// The profiles of a folder, or those built in.
pub fn profiles(folder: Option<&Path>) -> Result<Profiles, String> {
    folder.map_or_else(|| Ok(Profiles::built_in()), Profiles::of_folder)
}

/// The definitions and maps of these profiles; every mistake is printed.
pub fn library(profiles: &Profiles) -> Result<Library, String> {
    Library::load(profiles).map_err(|mistakes| {
        let words: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
        format!("the definitions are not taken up:\n{}", words.join("\n"))
    })
}

/// Opens the store of these settings.
pub fn store(settings: &Settings, create: bool, read_only: bool) -> Result<Store, String> {
    let url = settings.store.as_deref().unwrap_or(STORE);
    Store::open(url, Options { create, read_only }).map_err(|e| format!("{}: {e}", shown(url)))
}

/// The desk of these settings.
pub fn desk(settings: &Settings, store: Store, library: Library, clock: Clock, base: &str) -> Result<Desk, String> {
    let gateway = gateway(settings, store, clock, base);
    let sites = sites(settings, &library)?;
    let keys = keys(settings)?;
    let targets = settings.targets.iter().map(|(name, t)| target(name, t, &keys)).collect::<Result<_, _>>()?;
    Ok(Desk::new(Arc::new(gateway), base.to_owned(), sites, targets, library))
}

/// The base of these settings for a command, which serves nothing.
pub fn base(settings: &Settings) -> String {
    settings.base.clone().unwrap_or_else(|| format!("http://{LISTEN}"))
}

/// The desk of a command, with the definitions that the store holds.
pub async fn desk_of(settings: &Settings, store: Store, folder: Option<&Path>) -> Result<Desk, String> {
    let library = overlaid(&store, &profiles(folder)?).await?;
    desk(settings, store, library, Clock::System, &base(settings))
}

/// A desk that only reads.
pub async fn reading_desk(place: &Place) -> Result<Desk, String> {
    let settings = settings(place)?;
    let store = store(&settings, false, true)?;
    desk_of(&settings, store, place.profiles.as_deref()).await
}

/// What was written is on disk when a command ends.
pub async fn ended(store: &Store, end: End) -> End {
    match store.close().await {
        Ok(()) => end,
        Err(error) => fail(End::Failed, error),
    }
}

/// The definitions of these profiles, with those that a store holds laid over them.
pub async fn overlaid(store: &Store, profiles: &Profiles) -> Result<Library, String> {
    definitions::overlaid(store, profiles, library(profiles)?).await.map_err(|e| e.to_string())
}

/// The sources of these settings, and the main one.
pub fn sources(settings: &Settings) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for (name, source) in &settings.sources {
        let zone = Zone::named(&source.zone).unwrap_or_else(Zone::utc);
        let ignore_unkept = source.unkept.as_deref() == Some("ignore");
        let known_by = source.persons_known_by.clone();
        let dialect = Arc::new(source.hl7v2.clone().unwrap_or_default());
        let silent_after_days = source.silent_after_days;
        sources.push(Source { ignore_unkept, known_by, dialect, silent_after_days, ..Source::new(name, zone) });
    }
    if !sources.iter().any(|s| &*s.name == MAIN) {
        sources.push(Source::new(MAIN, Zone::utc()));
    }
    sources
}

fn gateway(settings: &Settings, store: Store, clock: Clock, base: &str) -> Gateway {
    let sources = sources(settings);
    // Walks survive a restart and cross processes of one store, so the key is the store's own.
    let cursor_key = digest_words(&["cursor", settings.store.as_deref().unwrap_or(STORE)]);
    let clock = Arc::new(move || clock.now());
    Gateway::new(Parts { store, sources, clock, cursor_key, base: format!("{base}/fhir") })
}

/// The folder of signing keys.
pub fn keys_folder(settings: &Settings) -> PathBuf {
    settings.keys.clone().unwrap_or_else(|| KEYS.into())
}

/// The signing keys of these settings.
pub fn keys(settings: &Settings) -> Result<Keys, String> {
    crate::flow::keys::load(&keys_folder(settings))
}

/// The hooks of sources that are pulled.
pub fn hooks(settings: &Settings) -> Hooks {
    let stated = settings.sources.iter().filter_map(|(name, s)| Some((name, s.hooks.as_ref()?, s.pull.as_ref()?)));
    stated.map(|(name, hooks, pull)| (name.clone(), Arc::new(Hook::new(name, &pull.url, hooks.clone())))).collect()
}

/// Where each source that is to know of its hook reaches it; the token must not travel in the clear.
pub fn hook_endpoints(settings: &Settings, hooks: &Hooks, base: &str) -> Result<BTreeMap<String, String>, String> {
    let mut endpoints = BTreeMap::new();
    for (name, hook) in hooks {
        let Some(register) = &hook.settings.register else { continue };
        let endpoint = register.endpoint.clone().unwrap_or_else(|| format!("{base}/hooks/{name}"));
        let insecure = settings.sources.get(name).and_then(|s| s.pull.as_ref()).is_some_and(|pull| pull.insecure);
        crate::link::check_base(&endpoint, insecure)
            .map_err(|e| format!("sources.{name}.hooks.register.endpoint: {e}"))?;
        endpoints.insert(name.clone(), endpoint);
    }
    Ok(endpoints)
}

/// The sources that are pulled.
pub fn feeds(settings: &Settings) -> Result<Vec<Feed>, String> {
    let keys = keys(settings)?;
    let pulled = settings.sources.iter().filter_map(|(name, source)| Some((name, source.pull.as_ref()?)));
    pulled
        .map(|(name, pull)| {
            let client = client(&pull.url, pull.token.as_deref(), pull.auth.as_ref(), &keys, pull.insecure);
            let client = client.map_err(|words| format!("sources.{name}.pull: {words}"))?;
            Ok(Feed { source: name.clone(), client, settings: pull.clone() })
        })
        .collect()
}

/// The listeners for messages of HL7 v2; each listens already.
pub fn listeners(settings: &Settings) -> Result<Vec<Listener>, String> {
    let stated = settings.sources.iter().filter_map(|(name, source)| Some((name, source.mllp.as_ref()?)));
    stated.map(|(name, mllp)| Listener::bind(name, mllp)).collect()
}

fn sites(settings: &Settings, library: &Library) -> Result<BTreeMap<String, AtSite>, String> {
    let mut sites = BTreeMap::new();
    for (id, stated) in &settings.trials {
        let Some(active) = library.trial(id) else {
            return Err(format!("trials.{id}: no definition of that id is in the profiles"));
        };
        let at = AtSite {
            site: stated.site.clone(),
            recruiting: stated.recruiting,
            sources: stated.sources.clone(),
            purposes: stated.grounds.keys().filter_map(|word| Purpose::named(word)).collect(),
            readings: stated.readings.clone(),
        };
        if at.site(&active.trial).is_none() {
            return Err(format!("trials.{id}.site: the definition names no such site"));
        }
        crate::evaluate::Choice::of(&active.trial, &at.readings).map_err(|e| format!("trials.{id}.readings: {e}"))?;
        sites.insert(id.clone(), at);
    }
    Ok(sites)
}

/// A target of these settings.
pub fn target(name: &str, stated: &Target, keys: &Keys) -> Result<TargetAt, String> {
    let (kind, usual) = match stated.kind.as_str() {
        "chart" => (TargetKind::Chart, Publish::AfterConsent),
        _ => (TargetKind::ResearchStore, Publish::Candidates),
    };
    let publish = stated.publish.as_deref().and_then(Publish::named).unwrap_or(usual);
    let client = client(&stated.url, stated.token.as_deref(), stated.auth.as_ref(), keys, stated.insecure);
    let client = client.map_err(|e| format!("targets.{name}: {e}"))?;
    Ok(TargetAt::new(name, kind, publish, stated.source.clone(), client))
}

/// Random hexadecimal, for folders and tokens of one run.
pub fn random_name() -> String {
    crate::model::key::hex(&clock::random_bytes::<8>())
}

/// Listens as these settings say, at `listen`; refused beyond this machine without clients.
pub fn serving(settings: &Settings, listen: &str) -> Result<Serving, String> {
    let address: std::net::SocketAddr =
        listen.parse().map_err(|_| format!("`{listen}` is no address; wanted such as {LISTEN}"))?;
    let clients: Vec<Client> = settings.clients.iter().filter_map(client_of).collect();
    check_exposure(address.ip(), &clients)?;
    let mut serving = Serving::at(address).map_err(|e| format!("{listen}: {e}"))?;
    (serving.clients, serving.limits) = (clients, settings.limits.clone());
    serving.keys = keys(settings)?.public().to_string();
    Ok(serving)
}

fn client_of(stated: &crate::config::Client) -> Option<Client> {
    let token = crate::model::key::unhex(&stated.token_sha256)?.try_into().ok()?;
    let right = |word: &String| match word.as_str() {
        "read" => Some(Right::Read),
        "write" => Some(Right::Write),
        _ => None,
    };
    let rights = stated.rights.iter().filter_map(right).collect();
    // Checked with the settings; one that cannot be read would hold no token at all.
    let until = stated.ends().unwrap_or(Some(Instant::MIN));
    Some(Client { name: stated.name.clone(), token, source: stated.source.clone(), rights, until })
}
