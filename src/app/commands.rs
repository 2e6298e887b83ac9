//! The commands that open a store or profiles and end.

use super::{trials, wire};
use crate::cli::args::{Explain, Import, Migrate, Place, Pull, Trial};
use crate::cli::audit::Audit;
use crate::cli::print::{End, fail};
use crate::cli::{self, backtest, check, evaluate};
use crate::clock::Clock;
use crate::config::Settings;
use crate::flow::expand;
use crate::flow::profiles::Profiles;
use crate::flow::rehearsal::backtest::{self as rehearsal, Question};
use crate::flow::rehearsal::rehearse::moment_of;
use crate::flow::{library, maps};
use crate::link::{Client, LinkSettings, SEND_DEADLINE, Secret};
use crate::model::terms::TermsBySource;
use crate::store::shown;
use crate::trial::definition;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// `import`
pub async fn import(args: &Import) -> End {
    let opened = async {
        let settings = wire::settings(&args.place)?;
        let store = wire::store(&settings, true, false)?;
        wire::desk_of(&settings, store, args.place.profiles.as_deref()).await
    };
    match opened.await {
        Ok(desk) => {
            let end = cli::import::run(&desk, args).await;
            wire::ended(desk.store(), end).await
        }
        Err(words) => fail(End::Failed, words),
    }
}

/// `pull`
pub async fn pull(args: &Pull) -> End {
    let opened = async {
        let settings = wire::settings(&args.place)?;
        let feed = wire::feeds(&settings)?.into_iter().find(|feed| feed.source == args.source);
        let feed = feed.ok_or_else(|| {
            format!("the settings have no [sources.{}.pull]; wanted one that says where to ask", args.source)
        })?;
        let store = wire::store(&settings, true, false)?;
        Ok::<_, String>((wire::desk_of(&settings, store, args.place.profiles.as_deref()).await?, feed))
    };
    match opened.await {
        Ok((desk, feed)) => {
            let end = cli::pull::run(&desk, &feed, args).await;
            wire::ended(desk.store(), end).await
        }
        Err(words) => fail(End::Failed, words),
    }
}

/// `trial …`
pub async fn trial(command: Trial) -> End {
    match command {
        Trial::Check { dir, json, profiles } => match wire::profiles(profiles.as_deref()) {
            Ok(profiles) => check::run(&dir, profiles, json),
            Err(words) => fail(End::Failed, words),
        },
        Trial::Expand { dir, server, only, token_file } => {
            match expanded(&dir, server, &only, token_file.as_deref()).await {
                Ok(done) => cli::expand::run(&dir, done),
                Err(words) => fail(End::Failed, words),
            }
        }
        Trial::Evaluate { dir, files, as_of, json, profiles } => match wire::profiles(profiles.as_deref()) {
            Ok(profiles) => {
                let now = Clock::System.now();
                let question = evaluate::Question { dir: &dir, files: &files, as_of: as_of.as_deref(), json, now };
                evaluate::run(&question, profiles)
            }
            Err(words) => fail(End::Failed, words),
        },
        Trial::Diff { old, new, as_of, text, persons, json, place } => {
            let asked = trials::Diff { old: &old, new: &new, as_of: as_of.as_deref(), text, persons, json };
            trials::diff(&asked, &place).await
        }
        Trial::Load { dir, json, place } => trials::load(&dir, json, &place).await,
        Trial::Cql { dir, json, profiles } => match wire::profiles(profiles.as_deref()) {
            Ok(profiles) => cli::cql::run(&dir, profiles, json),
            Err(words) => fail(End::Failed, words),
        },
        Trial::Backtest { dir, as_of, readings, json, persons, place } => {
            let asked = Backtest { dir: &dir, as_of: as_of.as_deref(), readings: &readings, json, persons };
            match backtest_of(&asked, &place).await {
                Ok(end) => end,
                Err(words) => fail(End::Failed, words),
            }
        }
    }
}

async fn expanded(
    dir: &Path,
    base: String,
    only: &[String],
    token: Option<&Path>,
) -> Result<Vec<expand::Expanded>, String> {
    let text = cli::expand::definition(dir)?;
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let token = token.map(read).transpose()?.map(|text| Secret::new(text.trim()));
    let user_agent = format!("trialgate/{}", env!("CARGO_PKG_VERSION"));
    let settings = LinkSettings { base, token, timeout: SEND_DEADLINE, user_agent, insecure: false };
    let client = Client::new(settings).map_err(|e| e.to_string())?;
    expand::expand(&text, only, &client, Clock::System.now()).await
}

struct Backtest<'a> {
    dir: &'a Path,
    as_of: Option<&'a str>,
    readings: &'a [String],
    json: bool,
    persons: bool,
}

async fn backtest_of(asked: &Backtest<'_>, place: &Place) -> Result<End, String> {
    let settings = wire::settings(place)?;
    let store = wire::store(&settings, false, true)?;
    let profiles = maps::with_held(&store, &wire::profiles(place.profiles.as_deref())?).await;
    let (folder, profiles) = profiles.map_err(|e| e.to_string())?.with_trial(asked.dir)?;
    let (trial, terms) = definition_of(&profiles, &folder)?;
    if asked.persons && !lists(&settings, &trial.id) {
        let words = format!("--persons needs the purpose `list`: state its ground in trials.{}.grounds.list", trial.id);
        return Ok(fail(End::Usage, words));
    }
    let maps = terms.of(crate::flow::gateway::MAIN).digest;
    let moment =
        |site: &definition::Site| asked.as_of.map_or(Ok(Clock::System.now()), |text| moment_of(text, &site.zone));
    let question = Arc::new(Question::new(Arc::new(trial), &terms, &chosen(asked.readings)?, moment)?);
    let printed = backtest::Printed { question: &question, maps, persons: asked.persons, json: asked.json };
    let bar = cli::import::spinner("persons");
    printed.begin();
    let mut first = true;
    let each = |person, assessment: &_| {
        bar.suspend(|| printed.person(std::mem::take(&mut first), person, assessment));
    };
    let sums = rehearsal::run(&store, &question, asked.persons, each, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    Ok(printed.end(&sums.map_err(|e| e.to_string())?))
}

fn definition_of(profiles: &Profiles, folder: &str) -> Result<(definition::Trial, TermsBySource), String> {
    let (terms, mut mistakes) = library::maps(profiles);
    let (trial, found) = library::definition(profiles, folder);
    mistakes.extend(found);
    let errors: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
    match trial {
        Some(trial) if errors.is_empty() => Ok((trial, terms)),
        _ => Err(format!("the definition is not taken up:\n{}", errors.join("\n"))),
    }
}

fn lists(settings: &Settings, trial: &str) -> bool {
    settings.trials.get(trial).is_some_and(|t| t.grounds.contains_key("list"))
}

fn chosen(readings: &[String]) -> Result<BTreeMap<String, String>, String> {
    let pair = |text: &String| {
        let (name, alternative) =
            text.split_once('=').ok_or_else(|| format!("--reading {text}: wanted NAME=ALTERNATIVE"))?;
        Ok((name.to_owned(), alternative.to_owned()))
    };
    readings.iter().map(pair).collect()
}

/// `explain`
pub async fn explain(args: &Explain) -> End {
    match wire::reading_desk(&args.place).await {
        Ok(desk) => {
            let asked = crate::flow::explain::Asked {
                person: &args.person,
                trial: args.trial.as_deref(),
                as_of: args.as_of.as_deref(),
                known_at: args.known_at.as_deref(),
            };
            cli::explain::run(&desk, &asked, args.json).await
        }
        Err(words) => fail(End::Failed, words),
    }
}

/// `migrate`
pub async fn migrate(args: &Migrate) -> End {
    let settings = match wire::settings(&args.place) {
        Ok(settings) => settings,
        Err(words) => return fail(End::Failed, words),
    };
    if args.from.is_some() || args.to.is_some() {
        let usual = settings.store.as_deref().unwrap_or(wire::STORE);
        let (from, to) = (args.from.as_deref().unwrap_or(usual), args.to.as_deref().unwrap_or(usual));
        return moved(from, to, args.json).await;
    }
    match wire::store(&settings, true, false) {
        Ok(store) => wire::ended(&store, End::Done).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// Moves a store, shows how far it is, and prints the proof.
async fn moved(from: &str, to: &str, as_json: bool) -> End {
    let bar = cli::migrate::bar();
    let proofs = crate::store::transfer(from, to, |progress| cli::migrate::show(&bar, progress)).await;
    bar.finish_and_clear();
    match proofs {
        Ok(proofs) => cli::migrate::proof(&proofs, as_json),
        Err(error) => fail(End::Failed, format!("{} to {}: {error}", shown(from), shown(to))),
    }
}

/// `audit …`
pub async fn audit(command: Audit) -> End {
    let Audit::Verify { json, place } = command;
    match wire::settings(&place).and_then(|settings| wire::store(&settings, false, true)) {
        Ok(store) => cli::audit::verify(&store, json).await,
        Err(words) => fail(End::Failed, words),
    }
}
