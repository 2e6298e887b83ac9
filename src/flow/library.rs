//! The definitions and maps in force, checked and prepared; taken up whole or not at all.

use super::evidence::{self, Packing};
use super::profiles::Profiles;
use crate::model::code::{Coding, PATIENT_SYSTEM};
use crate::model::fact::Fact;
use crate::model::key::digest_words;
use crate::model::standing::Standing;
use crate::model::terms::TermsBySource;
use crate::normalize::Plan;
use crate::store::{Store, StoreError, UsageList, UsageRow};
use crate::trial::check::{self, Files, Mistake};
use crate::trial::definition::Trial;
use crate::trial::terms::{self, TermsFiles};
use crate::trial::{INSTRUMENTS, MAP_ENDS};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// The files of a definition that say what it asks; the definition first.
const DEFINING: &[&str] = &["trial.toml", "protocol.md"];

/// One definition in force.
pub struct Active {
    /// The definition.
    pub trial: Arc<Trial>,
    /// How facts are read for it.
    pub plan: Plan,
    /// Its text: file names and contents.
    pub files: Vec<(String, String)>,
    /// How its evidence is packed.
    pub packing: Packing,
}

impl Active {
    /// A definition, ready to be asked.
    pub fn new(trial: Trial, terms: &TermsBySource, files: Vec<(String, String)>) -> Self {
        let text = files.iter().find(|(name, _)| name == "trial.toml").map_or("", |(_, text)| text);
        let packing = Packing::new(&trial.digest, text);
        Self { plan: Plan::new(&trial, terms), trial: Arc::new(trial), files, packing }
    }
}

/// Codes that were met, and whether any definition in force reads them, or may mean them.
#[derive(Default)]
struct Met {
    read: HashSet<Coding>,
    unread: HashSet<Coding>,
    /// The keys of the unread, as a store is asked.
    keys: Arc<HashSet<i64>>,
}

/// Most codes that are remembered as met; beyond them all are met anew.
const MET_MAX: usize = 100_000;

/// Everything in force.
pub struct Library {
    /// Definitions, in the order of their ids.
    pub trials: Vec<Active>,
    /// Site maps.
    pub terms: TermsBySource,
    /// SHA-256 over all map files.
    pub terms_digest: [u8; 32],
    /// The map files of a store that are among them: each source, and its digest.
    pub loaded_maps: Vec<(String, [u8; 32])>,
    /// FHIR definitions of the software's own: file names and contents.
    pub fhir: Vec<(String, String)>,
    /// What is not wrong and yet worth mending.
    pub warnings: Vec<Mistake>,
    /// Definitions that were in force and that kept evidence or enrolled people still lean on.
    pub earlier: Vec<Active>,
    met: RwLock<Met>,
}

impl Library {
    /// Loads all that the profiles hold. Any error: nothing is taken up.
    pub fn load(profiles: &Profiles) -> Result<Self, Vec<Mistake>> {
        let (terms, mut found) = maps(profiles);
        let mut trials = Vec::new();
        for name in profiles.trials() {
            let folder = format!("trials/{name}");
            let (trial, mistakes) = definition(profiles, &folder);
            found.extend(mistakes);
            if let Some(trial) = trial {
                let files = defining(&profiles.below(&folder), &trial);
                trials.push(Active::new(trial, &terms, files));
            }
        }
        if found.iter().any(Mistake::is_error) {
            return Err(found);
        }
        Ok(Self {
            trials,
            terms_digest: terms_digest(profiles),
            terms,
            loaded_maps: Vec::new(),
            fhir: profiles.below("fhir"),
            warnings: found,
            earlier: Vec::new(),
            met: RwLock::default(),
        })
    }

    /// The definition by which one person is judged: the one in force, or for who is enrolled the one they signed for.
    pub fn judging<'l>(&'l self, active: &'l Active, standing: Option<&Standing>) -> &'l Active {
        let sealed = standing.filter(|s| s.evidence.registered.is_some()).and_then(|s| s.evidence.sealed_version);
        let theirs =
            |version: &u32| self.earlier.iter().rfind(|a| a.trial.id == active.trial.id && a.trial.version == *version);
        sealed.filter(|v| *v != active.trial.version).as_ref().and_then(theirs).unwrap_or(active)
    }

    /// Kept evidence as JSON text; `None`: it is damaged, or its definition is not known here.
    pub fn evidence(&self, form: &[u8]) -> Option<Vec<u8>> {
        let packing = self.trials.iter().chain(&self.earlier).map(|a| &a.packing).find(|p| p.made(form));
        packing.map_or_else(|| evidence::plain(form), |p| p.unpack(form))
    }

    /// Kept evidence as JSON.
    pub fn evidence_json(&self, form: &[u8]) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.evidence(form)?).ok()
    }

    /// Codes that were met and that no definition in force reads or may mean, from whatever source, as [`Coding::key`]s.
    pub fn unread(&self) -> Arc<HashSet<i64>> {
        self.met.read().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }

    /// Notes which of these facts' codes are read.
    pub fn meet(&self, facts: &[Fact]) {
        let fresh: Vec<&Coding> = {
            let met = self.met.read().unwrap_or_else(PoisonError::into_inner);
            let mut last: Option<&Coding> = None;
            // A store gives facts by their codes.
            let codes = facts.iter().map(|f| &f.draft.code).filter(|c| last.replace(c) != Some(c));
            codes.filter(|c| !met.read.contains(*c) && !met.unread.contains(*c)).collect()
        };
        if fresh.is_empty() {
            return;
        }
        let mut met = self.met.write().unwrap_or_else(PoisonError::into_inner);
        if met.read.len() + met.unread.len() + fresh.len() > MET_MAX {
            *met = Met::default();
        }
        for code in fresh {
            // What a Medication will say of a reference is not known yet.
            let named = crate::model::medication::reference(code).is_some();
            if named || self.trials.iter().chain(&self.earlier).any(|a| a.plan.looks_at(code)) {
                met.read.insert(code.clone());
            } else if met.unread.insert(code.clone()) {
                Arc::make_mut(&mut met.keys).insert(code.key());
            }
        }
    }

    /// The definition of that trial.
    pub fn trial(&self, id: &str) -> Option<&Active> {
        self.trials.iter().find(|a| a.trial.id == id)
    }
}

/// Of a folder's files those that say what a definition asks, the definition first, and the instruments it leans on.
pub fn defining(files: &[(String, String)], trial: &Trial) -> Vec<(String, String)> {
    let one = |name: &&str| files.iter().find(|(path, _)| path == name).cloned();
    DEFINING.iter().filter_map(one).chain(trial.leans_on.iter().cloned()).collect()
}

/// The maps of a profiles folder.
pub fn maps(profiles: &Profiles) -> (TermsBySource, Vec<Mistake>) {
    let file = |path: &str| {
        let text = profiles.0.get(&format!("terms/{path}")).cloned().unwrap_or_default();
        (format!("terms/{path}"), text)
    };
    let site = |(path, text): (String, String)| {
        let (stem, end) = path.rsplit_once('.')?;
        let source = stem.split('/').next()?.to_owned();
        MAP_ENDS.contains(&end).then(|| (source, format!("terms/sites/{path}"), text))
    };
    let mut files = profiles.below("terms/sites");
    // A source's own folder goes over its file, and what a store holds goes over its folder.
    files.sort_by_key(|(path, _)| path.matches('/').count());
    let sites = files.into_iter().filter_map(site).collect();
    let (systems, units, answers) = (file("systems.toml"), file("units.toml"), file("answers.toml"));
    terms::terms(&TermsFiles { systems, units, answers, sites })
}

/// SHA-256 over the map files, each with its name.
pub fn terms_digest(profiles: &Profiles) -> [u8; 32] {
    let files = profiles.below("terms");
    let words: Vec<&str> = files.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]).collect();
    digest_words(&words)
}

/// The definition in a folder of the profiles.
pub fn definition(profiles: &Profiles, folder: &str) -> (Option<Trial>, Vec<Mistake>) {
    let systems = profiles.0.get("terms/systems.toml").map_or("", String::as_str);
    check::load(&Files { folder, files: &files_of(profiles, folder), systems })
}

/// The files of a definition's folder, and the instruments that it may name.
fn files_of(profiles: &Profiles, folder: &str) -> Vec<(String, String)> {
    let shared = profiles.below("instruments").into_iter().map(|(path, text)| (format!("{INSTRUMENTS}{path}"), text));
    profiles.below(folder).into_iter().chain(shared).collect()
}

/// Codes and units that were received and that no definition in force reads, most frequent first.
pub async fn not_read(store: &Store, library: &Library, source: &str) -> Result<Vec<UsageRow>, StoreError> {
    let mut rows = store.read(UsageList { source: Some(source.to_owned()) }).await?;
    rows.retain(|row| {
        let own = row.code.system == PATIENT_SYSTEM;
        !own && !library.trials.iter().any(|active| active.plan.matches(source, &row.code))
    });
    Ok(rows)
}

/// Unit words that are neither UCUM nor in the source's map, most frequent first.
pub async fn units_not_understood(
    store: &Store,
    library: &Library,
    source: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    let terms = library.terms.of(source);
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for row in store.read(UsageList { source: Some(source.to_owned()) }).await? {
        if !super::unmapped::understood(terms, &row.unit, row.word) {
            *sums.entry(row.unit).or_default() += row.count;
        }
    }
    let mut all: Vec<(String, i64)> = sums.into_iter().collect();
    all.sort_by_key(|(_, count)| -count);
    Ok(all)
}
