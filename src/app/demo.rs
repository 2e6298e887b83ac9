//! The demo: the main job on an embedded default, told step by step.

use super::story::{SOURCE, Stage, State, Story};
use super::tell::{self, Row};
use super::wire;
use crate::cli::args::Demo;
use crate::cli::print::{End, fail};
use crate::clock::Clock;
use crate::config::Settings;
use crate::flow::desk::Desk;
use crate::flow::profiles;
use crate::http::running::{Running, Serving};
use crate::http::standin::Standin;
use crate::model::time::{Partial, Zone};
use crate::trial::case::{self, Case};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The research store that is told every computed status.
const RESEARCH: &str = "research-store";
/// The chart that is told nothing before consent.
const CHART: &str = "hospital-chart";
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
    let server =
        Running::start(stage.desk.gateway.clone(), Serving::local("127.0.0.1:0")).await.map_err(|e| e.to_string())?;
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
    finish(args, &stage, &server, &store_url).await?;
    server.stop().await;
    stage.desk.store().close().await.map_err(|e| e.to_string())
}

async fn finish(args: &Demo, stage: &Stage, server: &Running, store_url: &str) -> Result<(), String> {
    let (rows, hidden) = rows(stage).await?;
    if args.json {
        let persons: Vec<_> = rows.iter().map(Row::json).collect();
        let told = stage.told_of_each().await?;
        crate::cli::print::json(&json!({ "trial": stage.story.trial, "persons": persons, "told": told }));
        return Ok(());
    }
    tell::table(&rows, hidden);
    tell::closing(&stage.story, &server.base(), store_url, args.once);
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
grounds = {{ count = "demo", list = "demo", contact = "demo" }}
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
