//! Site maps that a store holds, over those of the profiles: loading a file, what a mended map changes, and whom it concerns.

use super::desk::{Desk, GATEWAY};
use super::library::{self, Library};
use super::profiles::Profiles;
use super::takeup::mark_all;
use crate::model::code::Coding;
use crate::model::key::digest_words;
use crate::model::medication::reference;
use crate::model::terms::{Terms, TermsBySource};
use crate::store::*;
use crate::trial::check::Mistake;
use crate::trial::definition::VariableKind;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Persons looked at in one commit.
const CHUNK: usize = 500;
/// Bytes of a map file.
pub const MAP_FILE_MAX: usize = 16 << 20;

/// Files of one source's map by name.
pub type MapFiles = BTreeMap<String, String>;

/// One word of a map that means another thing than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapChange {
    /// The source; empty: what holds for every source.
    pub source: String,
    /// `code`, `unit`, `answer`, `default_unit`, `system` or `misread`.
    pub kind: &'static str,
    /// The word, or `system|code`.
    pub word: String,
    /// What it meant; `None`: it is new.
    pub before: Option<String>,
    /// What it means; `None`: it is no longer in the map.
    pub after: Option<String>,
}

/// What became of a map file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLoaded {
    /// What means another thing than before; none: nothing was written.
    pub changes: Vec<MapChange>,
    /// Persons who are looked at again.
    pub marked: usize,
    /// What is not wrong and yet worth a look.
    pub warnings: Vec<Mistake>,
}

/// The map files that a store holds, by source.
pub async fn held(store: &Store) -> Result<BTreeMap<String, MapFiles>, StoreError> {
    let rows = store.read(ActiveTerms {}).await?;
    let own = rows.into_iter().filter(|row| row.source != GATEWAY);
    own.map(|row| Ok((row.source.clone(), files(&row).ok_or_else(|| damaged(&row.source))?))).collect()
}

fn files(row: &TermsRow) -> Option<MapFiles> {
    serde_json::from_slice(&row.body).ok()
}

fn damaged(source: &str) -> StoreError {
    StoreError::Corrupt(format!("the map files of the source {source} cannot be read"))
}

/// These profiles with the map files that a store holds.
pub async fn with_held(store: &Store, profiles: &Profiles) -> Result<Profiles, StoreError> {
    let mut all = profiles.clone();
    for (source, files) in held(store).await? {
        lay(&mut all, &source, files);
    }
    Ok(all)
}

fn lay(profiles: &mut Profiles, source: &str, files: MapFiles) {
    let path = |file: &str| format!("terms/sites/{source}/loaded/{file}");
    profiles.0.extend(files.into_iter().map(|(file, text)| (path(&file), text)));
}

/// Loads a file into a source's map; one of the same name is replaced. The inner error: what is wrong with it.
pub async fn load(
    desk: &Desk,
    profiles: &Profiles,
    source: &str,
    (name, text): (&str, String),
    caller: Caller,
) -> Result<Result<MapLoaded, Vec<Mistake>>, StoreError> {
    let mut all = held(desk.store()).await?;
    let mut now = profiles.clone();
    all.iter().for_each(|(source, files)| lay(&mut now, source, files.clone()));
    let (before, _) = library::maps(&now);
    let mut own = all.remove(source).unwrap_or_default();
    own.insert(name.to_owned(), text);
    lay(&mut now, source, own.clone());
    let (after, warnings) = library::maps(&now);
    if warnings.iter().any(Mistake::is_error) {
        return Ok(Err(warnings));
    }
    let changes = changes(&before, &after);
    if changes.is_empty() {
        return Ok(Ok(MapLoaded { changes, marked: 0, warnings }));
    }
    let words: Vec<&str> = own.iter().flat_map(|(file, text)| [file.as_str(), text.as_str()]).collect();
    let save = SaveTerms {
        source: source.to_owned(),
        digest: digest_words(&words),
        body: serde_json::to_vec(&own).unwrap_or_default(),
        caller,
        at: desk.now(),
    };
    // Marked before too, so that a crash between only marks twice: a gateway that starts again reads by it.
    mark(desk, &after, &changes).await?;
    desk.store().write(save).await?;
    let marked = mark(desk, &after, &changes).await?;
    Ok(Ok(MapLoaded { changes, marked, warnings }))
}

/// Whether a store holds other map files than a library was made with.
pub async fn moved(store: &Store, library: &Library) -> Result<bool, StoreError> {
    Ok(digests(store).await? != library.loaded_maps)
}

/// What the map files of a store are known by.
pub(super) async fn digests(store: &Store) -> Result<Vec<(String, [u8; 32])>, StoreError> {
    let mut all = store.read(TermsInForce {}).await?;
    all.retain(|(source, _)| source != GATEWAY);
    Ok(all)
}

/// What means another thing by `after` than by `before`. What holds for every source is told once.
pub fn changes(before: &TermsBySource, after: &TermsBySource) -> Vec<MapChange> {
    let mut all = between("", &before.shared, &after.shared);
    let for_all: BTreeSet<_> = all.iter().map(|c| MapChange { source: String::new(), ..c.clone() }).collect();
    for source in before.sources.keys().chain(after.sources.keys()).collect::<BTreeSet<_>>() {
        let own = between(source, before.of(source), after.of(source));
        all.extend(own.into_iter().filter(|c| !for_all.contains(&MapChange { source: String::new(), ..c.clone() })));
    }
    all
}

fn between(source: &str, before: &Terms, after: &Terms) -> Vec<MapChange> {
    let (old, mut new) = (said(before), said(after));
    let change = |(kind, word): (&'static str, String), before: Option<String>, after: Option<String>| {
        (before != after).then(|| MapChange { source: source.to_owned(), kind, word, before, after })
    };
    let mut all: Vec<MapChange> =
        old.into_iter().filter_map(|(key, was)| change(key.clone(), Some(was), new.remove(&key))).collect();
    all.extend(new.into_iter().filter_map(|(key, is)| change(key, None, Some(is))));
    all.sort();
    all
}

/// Everything that a map says, as words.
fn said(terms: &Terms) -> BTreeMap<(&'static str, String), String> {
    let all = |codes: &[Coding]| codes.iter().map(Coding::to_string).collect::<Vec<_>>().join(" ");
    let mut said = BTreeMap::new();
    said.extend(terms.codes.iter().map(|(code, means)| (("code", code.to_string()), all(means))));
    said.extend(terms.units.iter().map(|(word, means)| (("unit", word.clone()), means.clone())));
    said.extend(terms.answers.iter().map(|(word, means)| (("answer", word.clone()), means.to_string())));
    said.extend(terms.default_units.iter().map(|(code, means)| (("default_unit", code.to_string()), means.clone())));
    said.extend(terms.systems.iter().map(|(word, means)| (("system", word.clone()), means.clone())));
    said.extend(terms.misread.iter().map(|word| (("misread", word.clone()), "never read as UCUM".to_owned())));
    said
}

/// Marks whom these changes concern; how many that are.
pub async fn mark(desk: &Desk, after: &TermsBySource, changes: &[MapChange]) -> Result<usize, StoreError> {
    if changes.iter().any(|c| c.source.is_empty()) {
        return mark_all(desk).await;
    }
    let mut marked = 0;
    for source in changes.iter().map(|c| c.source.as_str()).collect::<BTreeSet<_>>() {
        let own: Vec<&MapChange> = changes.iter().filter(|c| c.source == source).collect();
        let codes = concerned(desk, after.of(source), source, &own).await?.map(Arc::new);
        let mut last = None;
        loop {
            let step = MarkHolders {
                source: source.to_owned(),
                codes: codes.clone(),
                after: last,
                count: CHUNK,
                at: desk.now(),
            };
            let (next, n) = desk.store().write(step).await?;
            marked += n;
            last = next;
            if last.is_none() {
                break;
            }
        }
    }
    Ok(marked)
}

/// The received codes whose holders are concerned; `None`: everybody of the source. A code that never came as what a fact is
/// about may be an answer or a qualifier, and units stand in words, ranges and rates too: these concern everybody there.
async fn concerned(
    desk: &Desk,
    terms: &Terms,
    source: &str,
    changes: &[&MapChange],
) -> Result<Option<HashSet<i64>>, StoreError> {
    if changes.iter().any(|c| c.kind != "code" || is_answered(&desk.library(), c)) {
        return Ok(None);
    }
    let usage = desk.store().read(UsageList { source: Some(source.to_owned()) }).await?;
    let mut found = HashSet::new();
    for change in changes {
        let same =
            |row: &&UsageRow| row.code.to_string() == change.word || terms.usual(&row.code).to_string() == change.word;
        let keys: Vec<i64> = usage.iter().filter(same).map(|row| row.code.key()).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        found.extend(keys);
    }
    // What a Medication says of a reference may be what changed.
    found.extend(usage.iter().filter(|row| reference(&row.code).is_some()).map(|row| row.code.key()));
    Ok(Some(found))
}

/// Whether a definition asks for what a changed code means, or meant, as an answer or a qualifier.
fn is_answered(library: &Library, change: &MapChange) -> bool {
    let words = [&change.before, &change.after];
    let codes: Vec<Coding> = words
        .into_iter()
        .flatten()
        .flat_map(|words| words.split(' '))
        .filter_map(|word| word.split_once('|'))
        .map(|(system, code)| Coding::new(system, code))
        .collect();
    let asks = |kind: &VariableKind| match kind {
        VariableKind::Recorded(r) => codes.iter().any(|code| {
            r.answers.iter().any(|(_, set)| set.contains(code))
                || r.context.iter().any(|(_, rule)| rule.any.contains(code) || rule.except.contains(code))
        }),
        _ => false,
    };
    library.trials.iter().chain(&library.earlier).any(|a| a.trial.variables.iter().any(|v| asks(&v.kind)))
}
