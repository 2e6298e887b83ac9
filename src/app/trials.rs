//! `trial diff`, `trial load` and `codes …`: commands that compare or change what a store holds of definitions and maps.

use super::wire;
use crate::cli::args::{Codes, Place};
use crate::cli::print::{End, fail, json};
use crate::cli::{self, diff as printing};
use crate::clock::Clock;
use crate::config::Settings;
use crate::flow::definitions::{self, Loaded};
use crate::flow::gateway::MAIN;
use crate::flow::library::{self, Active};
use crate::flow::maps::{self, MAP_FILE_MAX};
use crate::flow::profiles::Profiles;
use crate::flow::rehearsal::rehearse::moment_of;
use crate::flow::rehearsal::{backtest, diff};
use crate::flow::{Caller, Store, amendment};
use crate::trial::MAP_ENDS;
use crate::trial::definition::Site;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What `trial diff` is asked.
pub struct Diff<'a> {
    /// The old definition: a folder or `ID@VERSION`.
    pub old: &'a str,
    /// The new one.
    pub new: &'a str,
    /// The moment.
    pub as_of: Option<&'a str>,
    /// Only the texts.
    pub text: bool,
    /// With persons.
    pub persons: bool,
    /// As JSON.
    pub json: bool,
}

/// `trial diff`
pub async fn diff(asked: &Diff<'_>, place: &Place) -> End {
    match diff_of(asked, place).await {
        Ok(end) => end,
        Err(words) => fail(End::Failed, words),
    }
}

async fn diff_of(asked: &Diff<'_>, place: &Place) -> Result<End, String> {
    let settings = wire::settings(place)?;
    let profiles = wire::profiles(place.profiles.as_deref())?;
    let folders = [asked.old, asked.new].iter().all(|word| Path::new(word).is_dir());
    let store = if asked.text && folders { None } else { Some(wire::store(&settings, false, true)?) };
    let profiles = match &store {
        Some(store) => maps::with_held(store, &profiles).await.map_err(|e| e.to_string())?,
        None => profiles,
    };
    let found = [
        definition(asked.old, &profiles, store.as_ref()).await?,
        definition(asked.new, &profiles, store.as_ref()).await?,
    ];
    let [old, new] = match found {
        [Ok(old), Ok(new)] => [old, new],
        [Err(words), _] | [_, Err(words)] => return Ok(fail(End::Wrong, words)),
    };
    if old.trial.id != new.trial.id {
        let words = format!("{} and {} are two trials; an amendment is of one", old.trial.id, new.trial.id);
        return Ok(fail(End::Wrong, words));
    }
    if asked.persons && !lists(&settings, &new.trial.id) {
        let words =
            format!("--persons needs the purpose `list`: state its ground in trials.{}.grounds.list", new.trial.id);
        return Ok(fail(End::Usage, words));
    }
    let texts = [&old, &new].map(|a| a.files.first().map_or("", |(_, text)| text.as_str()));
    let text = amendment::compare(texts[0], texts[1])?;
    let mut printed = printing::Printed {
        head: (&new.trial.id, old.trial.version, new.trial.version),
        as_of: "",
        text: &text,
        persons: None,
        named: asked.persons,
    };
    let Some(store) = store.filter(|_| !asked.text) else { return Ok(printing::run(&printed, asked.json)) };
    let (terms, _) = library::maps(&profiles);
    let now = Clock::System.now();
    let moment = |site: &Site| asked.as_of.map_or(Ok(now), |text| moment_of(text, &site.zone));
    let question =
        |a: &Active| backtest::Question::new(a.trial.clone(), &terms, &BTreeMap::new(), moment).map(Arc::new);
    let (before, after) = (question(&old)?, question(&new)?);
    let bar = cli::import::spinner("persons");
    let progress = |done| bar.set_position(done);
    let found = diff::run(&store, &new.trial.id, &before, &after, asked.persons, progress).await;
    bar.finish_and_clear();
    let found = found.map_err(|e| e.to_string())?;
    let as_of = after.site.zone.show(after.as_of);
    (printed.as_of, printed.persons) = (&as_of, Some(&found));
    Ok(printing::run(&printed, asked.json))
}

/// A definition by its folder, or `ID@VERSION` from the store. The inner error: it is wrong or not there.
async fn definition(word: &str, profiles: &Profiles, store: Option<&Store>) -> Result<Result<Active, String>, String> {
    if Path::new(word).is_dir() {
        return Ok(of_folder(Path::new(word), profiles)?.map(|(active, _)| active));
    }
    let parts = word.rsplit_once('@').and_then(|(id, version)| Some((id, version.parse().ok()?)));
    let (Some((id, version)), Some(store)) = (parts, store) else {
        return Ok(Err(format!("{word} is neither a folder nor ID@VERSION of a definition that the store has held")));
    };
    let library = wire::library(profiles)?;
    let found = definitions::held(store, profiles, &library, id, version).await.map_err(|e| e.to_string())?;
    let shipped = library.trials.into_iter().find(|a| a.trial.id == id && a.trial.version == version);
    Ok(found.or(shipped).ok_or_else(|| format!("the store has held no version {version} of {id}")))
}

type Folder = Result<(Active, Vec<(String, String)>), String>;

fn of_folder(dir: &Path, profiles: &Profiles) -> Result<Folder, String> {
    let (folder, profiles) = profiles.clone().with_trial(dir)?;
    let (terms, mut mistakes) = library::maps(&profiles);
    let (trial, found) = library::definition(&profiles, &folder);
    mistakes.extend(found);
    let errors: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
    let Some(trial) = trial.filter(|_| errors.is_empty()) else {
        return Ok(Err(format!("the definition is not taken up:\n{}", errors.join("\n"))));
    };
    let mut files = profiles.below(&folder);
    let defining = library::defining(&files, &trial);
    files.extend(trial.leans_on.iter().filter(|(path, _)| path.starts_with("../")).cloned());
    Ok(Ok((Active::new(trial, &terms, defining), files)))
}

fn lists(settings: &Settings, trial: &str) -> bool {
    settings.trials.get(trial).is_some_and(|t| t.grounds.contains_key("list"))
}

/// `trial load`
pub async fn load(dir: &Path, as_json: bool, place: &Place) -> End {
    match load_of(dir, as_json, place).await {
        Ok(end) => end,
        Err(words) => fail(End::Failed, words),
    }
}

async fn load_of(dir: &Path, as_json: bool, place: &Place) -> Result<End, String> {
    let settings = wire::settings(place)?;
    let profiles = wire::profiles(place.profiles.as_deref())?;
    let (active, files) = match of_folder(dir, &profiles)? {
        Ok(found) => found,
        Err(words) => return Ok(fail(End::Wrong, words)),
    };
    let trial = active.trial.clone();
    let store = wire::store(&settings, true, false)?;
    let library = wire::overlaid(&store, &profiles).await?;
    let desk = wire::desk(&settings, store, library, Clock::System, "")?;
    let caller = Caller { actor: "trial load".into(), purpose: "definition".into() };
    let loaded = definitions::load(&desk, &trial, files, caller).await.map_err(|e| e.to_string());
    desk.store().close().await.map_err(|e| e.to_string())?;
    let (word, before) = match loaded? {
        Loaded::Refused(why) => return Ok(fail(End::Wrong, why)),
        Loaded::Already => ("already in force", None),
        Loaded::InForce(before) => ("in force", before),
    };
    if as_json {
        json(&json!({ "trial": trial.id, "version": trial.version, "result": word, "before": before }));
    } else {
        let before = before.map_or_else(String::new, |v| format!(" in place of version {v}"));
        println!(
            "{} version {} is {word}{before}; everybody is looked at again, the enrolled stay with theirs",
            trial.id, trial.version
        );
    }
    Ok(End::Done)
}

/// `codes …`
pub async fn codes(command: Codes) -> End {
    let done = match command {
        Codes::Unmapped(asked) => match wire::reading_desk(&asked.place).await {
            Ok(desk) => Ok(cli::codes::unmapped(&desk, &asked).await),
            Err(words) => Err(words),
        },
        Codes::Load { file, source, json, place } => map_of(&file, &source, json, &place).await,
    };
    done.unwrap_or_else(|words| fail(End::Failed, words))
}

async fn map_of(file: &Path, source: &str, as_json: bool, place: &Place) -> Result<End, String> {
    let settings = wire::settings(place)?;
    let profiles = wire::profiles(place.profiles.as_deref())?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let kind = file.extension().and_then(|end| end.to_str()).unwrap_or_default();
    if !MAP_ENDS.contains(&kind) {
        return Ok(fail(
            End::Usage,
            format!("{name} is of no kind that is read; wanted .toml, .csv or .json (ConceptMap)"),
        ));
    }
    if source != MAIN && !settings.sources.contains_key(source) {
        return Ok(fail(
            End::Usage,
            format!("no source `{source}` is configured; wanted [sources.{source}] in the settings"),
        ));
    }
    let fault = |e: std::io::Error| format!("{}: {e}", file.display());
    if std::fs::metadata(file).map_err(fault)?.len() > MAP_FILE_MAX as u64 {
        return Ok(fail(End::Wrong, format!("{name} has more than {MAP_FILE_MAX} bytes; wanted a smaller map")));
    }
    let text = std::fs::read_to_string(file).map_err(fault)?;
    let store = wire::store(&settings, true, false)?;
    let library = wire::overlaid(&store, &profiles).await?;
    let desk = wire::desk(&settings, store, library, Clock::System, "")?;
    let caller = Caller { actor: "codes load".into(), purpose: "map".into() };
    let loaded = maps::load(&desk, &profiles, source, (&name, text), caller).await.map_err(|e| e.to_string());
    desk.store().close().await.map_err(|e| e.to_string())?;
    match loaded? {
        Ok(loaded) => Ok(cli::codes::loaded(source, &name, &loaded, as_json)),
        Err(mistakes) => {
            let errors: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
            Ok(fail(End::Wrong, format!("the map is not taken up:\n{}", errors.join("\n"))))
        }
    }
}
