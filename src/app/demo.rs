//! The demo: the main job on an embedded default, told step by step.

use super::story::{SOURCE, Stage, State, Story};
use super::tell::{self, Row};
use super::wire;
use crate::cli::args::Demo;
use crate::cli::print::{End, fail};
use crate::clock::Clock;
use crate::config::Settings;
use crate::flow::desk::Desk;
use crate::flow::{Caller, accounts, profiles};
use crate::http::coordinator::routes::{Exposure, Pages};
use crate::http::running::{Running, Serving};
use crate::http::standin::Standin;
use crate::model::standing::Role;
use crate::model::time::{Partial, Zone};
use crate::store::{ChangeRight, Granted, MakeAccount};
use crate::trial::case::{self, Case};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The research store that is told every computed status.
const RESEARCH: &str = "research-store";
/// The chart that is told nothing before consent.
const CHART: &str = "hospital-chart";
/// The account that looks at the pages.
const ACCOUNT: &str = "coordinator-demo";
/// Pause between two steps.
const PAUSE: Duration = Duration::from_secs(2);

/// A folder that goes when the demo does.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing can be done about a folder that does not go; it holds synthetic people only.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs it.
pub async fn run(args: &Demo) -> End {
    match play(args).await {
        Ok(()) => End::Done,
        Err(words) => fail(End::Failed, words),
    }
}

async fn play(args: &Demo) -> Result<(), String> {
    let folder = Folder(std::env::temp_dir().join(format!("trialgate-demo-{}", wire::random_name())));
    std::fs::create_dir_all(&folder.0).map_err(|e| format!("{}: {e}", folder.0.display()))?;
    let (mut stage, store_url) = build(args, &folder).await?;
    let cases = cases(args, &stage.story)?;
    let (pages, key) = pages(&stage).await?;
    let serving = Serving::local().map_err(|e| e.to_string())?;
    let server = Running::start(stage.desk.gateway.clone(), serving, Some(pages));
    let quiet = args.json;
    if !quiet {
        tell::opening(&stage);
    }
    stage.arrive(&cases).await?;
    let steps = std::mem::take(&mut stage.story.steps);
    for step in &steps {
        pause(args).await;
        let outcome = stage.play(step).await?;
        if !quiet {
            tell::step(step, &outcome);
        }
    }
    let page = format!("{}/?k={key}", server.base());
    finish(args, &stage, &server, &page, &store_url).await?;
    server.stop().await;
    stage.desk.store().close().await.map_err(|e| e.to_string())
}

/// The pages, with one account of the story's trial, and the key that opens them without a password.
async fn pages(stage: &Stage) -> Result<(Pages, String), String> {
    let library = stage.desk.library();
    let trial = &library.trial(&stage.story.trial).ok_or("the story's trial is not in force")?.trial;
    let site = stage.desk.at_site(trial).site(trial).ok_or("the story's trial has no site")?.id.clone();
    let (name, at) = (ACCOUNT.to_owned(), stage.clock.now());
    let caller = || Caller { actor: "demo".into(), purpose: "accounts".into() };
    // Nobody knows this password: the key alone opens the page.
    let password = accounts::hash(&accounts::generated_password())?;
    let make = MakeAccount { name: name.clone(), password, caller: caller(), at };
    stage.desk.store().write(make).await.map_err(|e| e.to_string())?;
    let right = Granted { role: Role::Coordinator, trial: trial.id.clone(), site, until: None };
    let give = ChangeRight { name, right, remove: false, caller: caller(), at };
    stage.desk.store().write(give).await.map_err(|e| e.to_string())?;
    let key = wire::random_name() + &wire::random_name();
    let exposure = Exposure::of("", Ipv4Addr::LOCALHOST.into());
    Ok((Pages::new(stage.desk.clone(), exposure).with_key(&key, ACCOUNT), key))
}

async fn finish(args: &Demo, stage: &Stage, server: &Running, page: &str, store_url: &str) -> Result<(), String> {
    let (rows, hidden) = rows(stage).await?;
    if args.json {
        let persons: Vec<_> = rows.iter().map(Row::json).collect();
        let told = stage.told_of_each().await?;
        crate::cli::print::json(&json!({ "trial": stage.story.trial, "persons": persons, "told": told }));
        return Ok(());
    }
    tell::table(&rows, hidden);
    tell::closing(&stage.story, &server.base(), page, store_url, args.once);
    if args.once {
        return Ok(());
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (desk, other) = (stage.desk.clone(), stage.desk.clone());
    let heard = stopped.clone();
    let assessor = tokio::spawn(async move { crate::flow::assess::run(&desk, heard).await });
    let sender = tokio::spawn(async move { crate::flow::deliver::run(&other, stopped).await });
    tokio::signal::ctrl_c().await.map_err(|e| e.to_string())?;
    stop.send_replace(true);
    let _ = tokio::join!(assessor, sender);
    Ok(())
}

async fn build(args: &Demo, folder: &Folder) -> Result<(Stage, String), String> {
    let text = profiles::story("first.json").ok_or("the demo's story is not built in")?;
    let story: Story = serde_json::from_str(text).map_err(|e| format!("the demo's story: {e}"))?;
    let zone = Zone::named(&story.zone).ok_or("the demo's story names no time zone")?;
    let clock = match Partial::parse(&story.clock)? {
        Partial::Instant(at, _) => Clock::manual(at),
        _ => return Err("the demo's clock is no moment".into()),
    };
    let mut standins = BTreeMap::new();
    for name in [RESEARCH, CHART] {
        standins.insert(name.to_owned(), Standin::start().await.map_err(|e| e.to_string())?);
    }
    let store_url = format!("sqlite:{}", folder.0.join("demo.db").display());
    let settings = settings(&story, &standins, &store_url)?;
    let library = wire::library(&wire::profiles(args.profiles.as_deref())?)?;
    let store = wire::store(&settings, true, false)?;
    let base = "https://trialgate.example";
    let desk: Desk = wire::desk(&settings, store, library, clock.clone(), base)?;
    let stage = Stage { story, desk: Arc::new(desk), clock, standins, told: BTreeMap::new(), zone };
    Ok((stage, store_url))
}

/// What `init` would write for such a site: grounds are stated, not assumed.
fn settings(story: &Story, standins: &BTreeMap<String, Standin>, store: &str) -> Result<Settings, String> {
    let url = |name: &str| standins.get(name).map(Standin::base).unwrap_or_default();
    let text = format!(
        r#"
store = "{store}"
[sources.{SOURCE}]
zone = "{zone}"
[targets.{RESEARCH}]
url = "{research}"
kind = "research-store"
publish = "all-computed"
[targets.{CHART}]
url = "{chart}"
kind = "chart"
source = "{SOURCE}"
[trials.{trial}]
recruiting = true
grounds = {{ count = "demo", list = "demo", name = "demo", contact = "demo" }}
"#,
        zone = story.zone,
        research = url(RESEARCH),
        chart = url(CHART),
        trial = story.trial,
    );
    Settings::parse(&text)
}

fn cases(args: &Demo, story: &Story) -> Result<Vec<(String, Case)>, String> {
    let files = wire::profiles(args.profiles.as_deref())?;
    let read = |name: &String| {
        let path = format!("trials/{}/cases/{name}.json", story.trial);
        let text = files.0.get(&path).ok_or_else(|| format!("{path} is not in the profiles"))?;
        Ok((name.clone(), case::parse(text)?))
    };
    story.persons.iter().map(read).collect()
}

async fn rows(stage: &Stage) -> Result<(Vec<Row>, usize), String> {
    let mut rows = Vec::new();
    for name in &stage.story.table {
        rows.push(Row { person: name.clone(), state: stage.state(name).await? });
    }
    let mut hidden = 0;
    for name in &stage.story.persons {
        let state: State = stage.state(name).await?;
        hidden += usize::from(state.removed);
    }
    Ok((rows, hidden))
}

async fn pause(args: &Demo) {
    if args.step {
        // Whoever steps presses Enter; an input that ended lets the story go on.
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
    } else if !args.once && !args.json {
        tokio::time::sleep(PAUSE).await;
    }
}
