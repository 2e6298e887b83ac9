//! What is kept for a time only: for how long, the settings say.

use super::desk::Desk;
use crate::model::time::DAY_US;
use crate::store::contract::{Caller, StoreError};
use crate::store::{ForgetMessages, LayTogether, day_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// From one look at what is over to the next.
pub const LOOK: Duration = Duration::from_secs(24 * 3600);
/// Messages that go in one commit.
pub const MESSAGES_AT_ONCE: usize = 500;

/// How long what no verdict leans on is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// For so many days it is known day by day how often each code and unit came; older days are laid together, so that
    /// `codes unmapped` counts them still. At least 50: the health of a feed looks back that far.
    #[schemars(range(min = 50))]
    pub usage_days: u32,
    /// For so many days messages of HL7 v2 are kept as they were received; what they state stays. Silent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub message_days: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { usage_days: 400, message_days: None }
    }
}

/// What went in one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gone {
    /// Days that were laid together.
    pub days: u64,
    /// Messages that were deleted.
    pub messages: u64,
}

/// Looks once a day for as long as the gateway runs.
pub async fn run(desk: &Desk, keep: Keep, mut stop: tokio::sync::watch::Receiver<bool>) {
    while !*stop.borrow() {
        match tokio::select! { looked = look(desk, keep) => looked, _ = stop.changed() => return } {
            Ok(Gone { days: 0, messages: 0 }) => {}
            Ok(Gone { days, messages }) => tracing::info!(days, messages, "what was kept for long enough went"),
            Err(error) => tracing::error!(%error, "what is over could not go; tried again tomorrow"),
        }
        tokio::select! { () = tokio::time::sleep(LOOK) => {}, _ = stop.changed() => {} }
    }
}

/// Lays together and deletes what is over now.
pub async fn look(desk: &Desk, keep: Keep) -> Result<Gone, StoreError> {
    let (mut gone, now) = (Gone::default(), desk.now());
    let before = day_of(now) - i64::from(keep.usage_days);
    while desk.store().write(LayTogether { before }).await? {
        gone.days += 1;
    }
    let Some(days) = keep.message_days else { return Ok(gone) };
    let caller = Caller { actor: "keep".into(), purpose: "forget".into() };
    let before = now.plus_us(-i64::from(days) * DAY_US);
    loop {
        let forget = ForgetMessages { before, count: MESSAGES_AT_ONCE, caller: caller.clone(), at: now };
        match desk.store().write(forget).await? {
            0 => return Ok(gone),
            messages => gone.messages += messages,
        }
    }
}
