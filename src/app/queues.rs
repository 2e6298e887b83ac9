//! `set-aside …`, `outbox …`, `source …`: commands over what comes in and what waits for somebody.

use super::wire;
use crate::cli::args::Place;
use crate::cli::print::{End, fail};
use crate::cli::set_aside;
use crate::cli::waiting::{Health, Outbox, SetAside};
use crate::cli::{outbox, source};
use crate::clock::Clock;
use crate::flow::desk::Desk;
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
        Ok(desk) => ended(&desk, set_aside::run(&desk.gateway, command, since).await).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// `outbox …`
pub async fn outbox(command: &Outbox) -> End {
    let (Outbox::List { place, .. } | Outbox::Retry { place, .. } | Outbox::Drop { place, .. }) = command;
    match desk(place, matches!(command, Outbox::List { .. })).await {
        Ok(desk) => ended(&desk, outbox::run(&desk, command).await).await,
        Err(words) => fail(End::Failed, words),
    }
}

/// What was written is on disk when the command ends.
async fn ended(desk: &Desk, end: End) -> End {
    match desk.store().close().await {
        Ok(()) => end,
        Err(error) => fail(End::Failed, error),
    }
}

/// A desk whose sources read as those of the gateway do.
async fn desk(place: &Place, reads: bool) -> Result<Desk, String> {
    if reads {
        return wire::reading_desk(place).await;
    }
    let settings = wire::settings(place)?;
    let store = wire::store(&settings, false, false)?;
    let library = wire::overlaid(&store, &wire::profiles(place.profiles.as_deref())?).await?;
    let base = settings.base.clone().unwrap_or_else(|| format!("http://{}", wire::LISTEN));
    wire::desk(&settings, store, library, Clock::System, &base)
}

/// `source health`
pub async fn health(asked: &Health) -> End {
    match wire::reading_desk(&asked.place).await {
        Ok(desk) => source::health(&desk, asked).await,
        Err(words) => fail(End::Failed, words),
    }
}
