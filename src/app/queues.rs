//! `set-aside …`, `source …`: commands over what comes in and what waits for somebody.

use super::wire;
use crate::cli::print::{End, fail};
use crate::cli::set_aside;
use crate::cli::source;
use crate::cli::waiting::{Health, SetAside};
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
    match desk(command).await {
        Ok(desk) => {
            let end = set_aside::run(&desk.gateway, command, since).await;
            match desk.store().close().await {
                Ok(()) => end,
                Err(error) => fail(End::Failed, error),
            }
        }
        Err(words) => fail(End::Failed, words),
    }
}

/// A desk whose sources read as those of the gateway do. Reading a body is noted in the audit, so every command but a list writes.
async fn desk(command: &SetAside) -> Result<Desk, String> {
    let place = command.place();
    if matches!(command, SetAside::List { .. }) {
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
