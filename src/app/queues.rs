//! `set-aside …`, `outbox …`, `source …`: commands over what comes in and what waits for somebody.

use super::wire;
use crate::cli::args::Place;
use crate::cli::print::{End, fail};
use crate::cli::waiting::{Health, Outbox, Probe, SetAside};
use crate::cli::{outbox, probe, set_aside, source};
use crate::clock::Clock;
use crate::flow::desk::Desk;
use crate::flow::gateway::MAIN;
use crate::flow::probe::Asked;
use crate::model::time::{Partial, Zone};

/// `set-aside …`
pub async fn set_aside(command: &SetAside) -> End {
    let moment = |text: &str| Partial::parse(text).map(|partial| partial.range(&Zone::utc()).earliest);
    let since = match command.since().map(moment).transpose() {
        Ok(since) => since,
        Err(words) => return fail(End::Usage, words),
    };
    // Reading a body is noted in the audit, so every command but a list writes.
    let list = matches!(command, SetAside::List { .. });
    match desk(command.place(), list).await {
        Ok(desk) => wire::ended(desk.store(), set_aside::run(&desk.gateway, command, since).await).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// `outbox …`
pub async fn outbox(command: &Outbox) -> End {
    let (Outbox::List { place, .. } | Outbox::Retry { place, .. } | Outbox::Drop { place, .. }) = command;
    match desk(place, matches!(command, Outbox::List { .. })).await {
        Ok(desk) => wire::ended(desk.store(), outbox::run(&desk, command).await).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// A desk whose sources read as those of the gateway do.
async fn desk(place: &Place, reads: bool) -> Result<Desk, String> {
    let settings = wire::settings(place)?;
    let store = wire::store(&settings, false, reads)?;
    wire::desk_of(&settings, store, place.profiles.as_deref()).await
}

/// `source health`
pub async fn health(asked: &Health) -> End {
    match wire::reading_desk(&asked.place).await {
        Ok(desk) => source::health(&desk, asked).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// `source probe`
pub async fn probe_source(asked: &Probe) -> End {
    match first_look(asked).await {
        Ok(end) => end,
        Err(words) => fail(End::Failed, words),
    }
}

/// The store need not be there yet: it is only read, for its maps and its roster.
async fn first_look(asked: &Probe) -> Result<End, String> {
    let (name, settings) = (&asked.name, wire::settings(&asked.place)?);
    let Some(feed) = wire::feeds(&settings)?.into_iter().find(|feed| feed.source == *name) else {
        let words = format!("the settings have no [sources.{name}.pull]; wanted one that says where to ask");
        return Ok(fail(End::Usage, words));
    };
    let profiles = wire::profiles(asked.place.profiles.as_deref())?;
    let (store, no_store) = match wire::store(&settings, false, true) {
        Ok(store) => (Some(store), None),
        Err(words) => {
            (None, Some(format!("no store is read ({words}): maps of the profiles alone, no roster of its own")))
        }
    };
    let library = match &store {
        Some(store) => wire::overlaid(store, &profiles).await?,
        None => wire::library(&profiles)?,
    };
    let sources = wire::sources(&settings);
    let source = sources.iter().find(|source| *source.name == **name).ok_or("the source is not there")?;
    let base = wire::base(&settings);
    let base = if name == MAIN { format!("{base}/fhir") } else { format!("{base}/fhir/{name}") };
    let registers = settings.sources.get(name).and_then(|s| s.hooks.as_ref()).is_some_and(|h| h.register.is_some());
    let (store, now) = (store.as_ref(), Clock::System.now());
    let look = Asked { feed: &feed, source, base: &base, registers, library: &library, store, now };
    Ok(match crate::flow::probe::probe(&look).await {
        Ok(mut found) => {
            found.remarks.extend(no_store);
            probe::source(&feed, &found, asked.json)
        }
        Err(words) => fail(End::Failed, format!("{name}: {words}")),
    })
}

/// `target probe`
pub async fn probe_target(asked: &Probe) -> End {
    let opened = || {
        let settings = wire::settings(&asked.place)?;
        let keys = wire::keys(&settings)?;
        settings.targets.get(&asked.name).map(|stated| wire::target(&asked.name, stated, &keys)).transpose()
    };
    match opened() {
        Ok(None) => fail(End::Usage, format!("the settings have no [targets.{}]; wanted one", asked.name)),
        Ok(Some(target)) => probe::target(&target, target.capabilities(Clock::System.now()).await, asked.json),
        Err(words) => fail(End::Failed, words),
    }
}
