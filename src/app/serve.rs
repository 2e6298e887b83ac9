//! `serve`: the gateway, until it is told to stop.

use super::wire;
use crate::cli::args::Serve;
use crate::cli::print::{End, fail};
use crate::clock::Clock;
use crate::flow::desk::Desk;
use crate::flow::{assess, deliver, takeup};
use crate::http::running::Running;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or Ctrl-C, then drains.
pub async fn run(args: &Serve) -> End {
    match start(args).await {
        Ok((desk, server, assesses)) => work(desk, server, assesses).await,
        Err(words) => fail(End::Failed, words),
    }
}

async fn start(args: &Serve) -> Result<(Arc<Desk>, Running, bool), String> {
    let mut settings = wire::settings(&args.place)?;
    if let Some(listen) = &args.listen {
        settings.listen = Some(listen.clone());
    }
    let listen = settings.listen.clone().unwrap_or_else(|| wire::LISTEN.to_owned());
    let base = settings.base.clone().unwrap_or_else(|| format!("http://{listen}"));
    let served = wire::serving(&settings, &listen)?;
    let mut profiles = wire::profiles(args.place.profiles.as_deref())?;
    if let Some(trials) = &args.trials {
        profiles = profiles.with_trials(trials)?;
    }
    let library = wire::library(&profiles)?;
    for warning in &library.warnings {
        tracing::warn!("{warning}");
    }
    let store = wire::store(&settings, true, false)?;
    let desk = Arc::new(wire::desk(&settings, store, library, Clock::System, base.trim_end_matches('/'))?);
    takeup::take_up(&desk, &profiles).await.map_err(|e| e.to_string())?;
    let server = Running::start(desk.gateway.clone(), served).await.map_err(|e| format!("{listen}: {e}"))?;
    // The one line on stdout: whoever starts it on port 0 reads here where it listens.
    println!("trialgate listens on {}", server.base());
    Ok((desk, server, settings.assess.unwrap_or(true)))
}

async fn work(desk: Arc<Desk>, server: Running, assesses: bool) -> End {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (assessing, sending, heard) = (desk.clone(), desk.clone(), stopped.clone());
    let assessor = tokio::spawn(async move {
        if assesses {
            assess::run(&assessing, heard).await;
        }
    });
    let sender = tokio::spawn(async move { deliver::run(&sending, stopped).await });
    told_to_stop().await;
    tracing::info!("stopping: no new connections, what runs may end");
    server.stop().await;
    stop.send_replace(true);
    let _ = tokio::join!(assessor, sender);
    match desk.store().close().await {
        Ok(()) => End::Done,
        Err(error) => fail(End::Failed, error),
    }
}

/// SIGTERM, as service managers send it, or Ctrl-C.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! { _ = terminated.recv() => {}, _ = interrupted => {} }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
