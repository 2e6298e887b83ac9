//! The definitions and maps in force, checked and prepared; taken up whole or not at all.

use super::profiles::Profiles;
use crate::model::code::PATIENT_SYSTEM;
use crate::model::key::digest_words;
use crate::model::terms::TermsBySource;
use crate::model::unit::Unit;
use crate::normalize::Plan;
use crate::store::{Store, StoreError, UsageList, UsageRow};
use crate::trial::INSTRUMENTS;
use crate::trial::check::{self, Files, Mistake};
use crate::trial::definition::Trial;
use crate::trial::terms::{self, TermsFiles};
use std::collections::BTreeMap;
use std::sync::Arc;

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
}

/// Everything in force.
pub struct Library {
    /// Definitions, in the order of their ids.
    pub trials: Vec<Active>,
    /// Site maps.
    pub terms: TermsBySource,
    /// SHA-256 over all map files.
    pub terms_digest: [u8; 32],
    /// FHIR definitions of the software's own: file names and contents.
    pub fhir: Vec<(String, String)>,
    /// What is not wrong and yet worth mending.
    pub warnings: Vec<Mistake>,
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
                let plan = Plan::new(&trial, &terms);
                let text =
                    |name: &&str| Some(((*name).to_owned(), profiles.0.get(&format!("{folder}/{name}"))?.clone()));
                let files = DEFINING.iter().filter_map(text).chain(trial.leans_on.iter().cloned()).collect();
                trials.push(Active { trial: Arc::new(trial), plan, files });
            }
        }
        if found.iter().any(Mistake::is_error) {
            return Err(found);
        }
        Ok(Self { trials, terms_digest: terms_digest(profiles), terms, fhir: profiles.below("fhir"), warnings: found })
    }

    /// The definition of that trial.
    pub fn trial(&self, id: &str) -> Option<&Active> {
        self.trials.iter().find(|a| a.trial.id == id)
    }
}

/// The maps of a profiles folder.
pub fn maps(profiles: &Profiles) -> (TermsBySource, Vec<Mistake>) {
    let file = |path: &str| {
        let text = profiles.0.get(&format!("terms/{path}")).cloned().unwrap_or_default();
        (format!("terms/{path}"), text)
    };
    let site = |(path, text): (String, String)| {
        let source = path.strip_suffix(".toml")?.to_owned();
        Some((source, format!("terms/sites/{path}"), text))
    };
    let sites = profiles.below("terms/sites").into_iter().filter_map(site).collect();
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
        let known = row.unit.is_empty() || terms.units.contains_key(&row.unit);
        let misread = terms.misread.contains(&row.unit) && !terms.units.contains_key(&row.unit);
        if misread || (!known && Unit::parse(&row.unit).is_err()) {
            *sums.entry(row.unit).or_default() += row.count;
        }
    }
    let mut all: Vec<(String, i64)> = sums.into_iter().collect();
    all.sort_by_key(|(_, count)| -count);
    Ok(all)
}
