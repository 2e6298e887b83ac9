//! `serve`: the gateway, until it is told to stop.

use super::wire;
use crate::cli::args::Serve;
use crate::cli::print::{End, fail};
use crate::clock::Clock;
use crate::flow::desk::Desk;
use crate::flow::hooks::{Hooks, keep_registered};
use crate::flow::keep::{self, Keep};
use crate::flow::profiles::Profiles;
use crate::flow::pull::{self, By, Feed};
use crate::flow::{assess, bulk, definitions, deliver, takeup};
use crate::http::coordinator::routes::{Exposure, Pages};
use crate::http::running::Running;
use crate::mllp::{Bounds, Listener};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

/// Runs until SIGTERM or Ctrl-C, then drains.
pub async fn run(args: &Serve) -> End {
    match start(args).await {
        Ok((desk, server, how)) => work(desk, server, how).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// How the work goes on and ends.
struct How {
    assesses: bool,
    feeds: Vec<Feed>,
    hooks: Hooks,
    /// Where a source that is to know of its hook reaches it.
    endpoints: BTreeMap<String, String>,
    listeners: Vec<Listener>,
    drain: Duration,
    profiles: Profiles,
    keep: Keep,
    terminated: io::Result<Signal>,
}

async fn start(args: &Serve) -> Result<(Arc<Desk>, Running, How), String> {
    let mut settings = wire::settings(&args.place)?;
    if let Some(listen) = &args.listen {
        settings.listen = Some(listen.clone());
    }
    let listen = settings.listen.clone().unwrap_or_else(|| wire::LISTEN.to_owned());
    let mut served = wire::serving(&settings, &listen)?;
    let listeners = wire::listeners(&settings)?;
    let base = settings.base.clone().unwrap_or_else(|| format!("http://{}", served.address()));
    let mut profiles = wire::profiles(args.place.profiles.as_deref())?;
    if let Some(trials) = &args.trials {
        profiles = profiles.with_trials(trials)?;
    }
    let store = wire::store(&settings, true, false)?;
    let library = wire::overlaid(&store, &profiles).await?;
    for warning in &library.warnings {
        tracing::warn!("{warning}");
    }
    let desk = Arc::new(wire::desk(&settings, store, library, Clock::System, base.trim_end_matches('/'))?);
    takeup::take_up(&desk, &profiles).await.map_err(|e| e.to_string())?;
    let (drain, feeds) = (served.limits.drain_deadline, wire::feeds(&settings)?);
    let hooks = wire::hooks(&settings);
    let endpoints = wire::hook_endpoints(&settings, &hooks, base.trim_end_matches('/'))?;
    served.hooks = hooks.clone();
    let pages = pages(&desk, &base, served.address().ip()).await?;
    let server = Running::start(desk.gateway.clone(), served, pages);
    // Before it says where it listens: whoever reads that may stop it at once.
    let terminated = signal(SignalKind::terminate());
    // The first lines on stdout: whoever starts it on port 0 reads here where it listens.
    println!("trialgate listens on {}", server.base());
    for listener in &listeners {
        println!("messages of {} are taken on {}", listener.source(), listener.address());
    }
    let assesses = settings.assess.unwrap_or(true);
    let keep = settings.keep;
    let how = How { assesses, feeds, hooks, endpoints, listeners, drain, profiles, terminated, keep };
    Ok((desk, server, how))
}

/// Pages travel beyond this machine under https alone: a session's cookie is as good as a password.
async fn pages(desk: &Arc<Desk>, base: &str, at: IpAddr) -> Result<Option<Pages>, String> {
    let exposure = Exposure::of(base, at);
    if !exposure.loopback && !exposure.secure {
        tracing::warn!("no pages are served: beyond this machine they need a `base` that begins with https://");
        return Ok(None);
    }
    let pages = Pages::new(desk.clone(), exposure);
    if !pages.accounts.any().await.map_err(|e| e.to_string())? {
        tracing::warn!(
            "nobody can look at the pages yet: stop, make an account with `trialgate user add`, start again"
        );
    }
    Ok(Some(pages))
}

async fn work(desk: Arc<Desk>, server: Running, how: How) -> End {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut tasks = JoinSet::new();
    let (to, heard, profiles) = (desk.clone(), stopped.clone(), how.profiles);
    tasks.spawn(async move { definitions::watch(&to, &profiles, heard).await });
    if how.assesses {
        let (to, heard) = (desk.clone(), stopped.clone());
        tasks.spawn(async move { assess::run(&to, heard).await });
    }
    for feed in how.feeds.into_iter().map(Arc::new) {
        if feed.settings.exports().is_some() {
            let (to, from, heard) = (desk.gateway.clone(), feed.clone(), stopped.clone());
            tasks.spawn(async move { bulk::run(&to, &from, heard).await });
        }
        let hook = how.hooks.get(&feed.source).cloned();
        if let Some((hook, endpoint)) = hook.clone().zip(how.endpoints.get(&feed.source).cloned()) {
            let (to, from, heard) = (desk.gateway.clone(), feed.clone(), stopped.clone());
            tasks.spawn(async move { keep_registered(&to, &from, &hook, &endpoint, heard).await });
        }
        if feed.settings.by != By::Bulk {
            let (to, heard) = (desk.gateway.clone(), stopped.clone());
            tasks.spawn(async move { pull::run(&to, &feed, hook, heard).await });
        }
    }
    for listener in how.listeners {
        let (to, heard) = (desk.gateway.clone(), stopped.clone());
        tasks.spawn(async move { listener.serve(to, Bounds::new(how.drain), heard).await });
    }
    let (to, heard) = (desk.clone(), stopped.clone());
    tasks.spawn(async move { keep::run(&to, how.keep, heard).await });
    let to = desk.clone();
    tasks.spawn(async move { deliver::run(&to, stopped).await });
    told_to_stop(how.terminated).await;
    tracing::info!("stopping: no new connections, what runs may end");
    stop.send_replace(true);
    let all = async { while tasks.join_next().await.is_some() {} };
    let (_, ended) = tokio::join!(server.stop(), tokio::time::timeout(how.drain, all));
    if ended.is_err() {
        // What they had claimed is claimed again when its lease has run out: nothing is lost, nothing done twice.
        tracing::warn!("assessing, pulling, taking messages or sending still ran when the time to drain was over");
        tasks.abort_all();
    }
    wire::ended(desk.store(), End::Done).await
}

/// SIGTERM, as service managers send it, or Ctrl-C.
async fn told_to_stop(terminated: io::Result<Signal>) {
    let interrupted = tokio::signal::ctrl_c();
    match terminated {
        Ok(mut terminated) => {
            tokio::select! { _ = terminated.recv() => {}, _ = interrupted => {} }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
