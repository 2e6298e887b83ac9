//! Feeds and queues of a trial, for a page: what each source sent, what is set aside, what waits for the targets.

use super::worklist::{Seen, note};
use crate::flow::desk::Desk;
use crate::flow::feeds::{SourceHealth, recent_health};
use crate::flow::library::Active;
use crate::flow::rights::Reader;
use crate::model::purpose::Purpose;
use crate::model::time::Zone;
use crate::publish::blinding::Blinding;
pub use crate::store::OutboxRow;
use crate::store::*;
use std::collections::BTreeSet;

/// Words of targets on the page, the most frequent first.
pub const LETTERS: usize = 20;

/// What is on the page.
#[derive(Debug)]
pub struct Queues {
    /// The sources that feed the trial. Their variables only for who may list persons: a rare test is a person.
    pub sources: Vec<SourceHealth>,
    /// The targets.
    pub targets: Vec<TargetSum>,
    /// Words with which targets refused; for who may list persons.
    pub letters: Vec<(String, String, i64)>,
    /// The site's calendar.
    pub zone: Zone,
}

/// The feeds and queues of a trial.
pub async fn look(desk: &Desk, reader: &Reader, active: &Active) -> Result<Seen<Queues>, StoreError> {
    let trial = &active.trial;
    if let Some(barred) = reader.barred(desk, trial, Purpose::Count) {
        return Ok(barred);
    }
    let lists = reader.may(desk, trial, Purpose::List);
    note(desk, reader, Purpose::Count, format!("feeds {}", trial.id), None).await?;
    let (site, blind) = (desk.at_site(trial), Blinding::of(trial, reader.is_unblinded(desk, trial)));
    let known = recent_health(desk).await?;
    let mut sources: Vec<SourceHealth> = known.iter().filter(|s| site.feeds(&s.source)).cloned().collect();
    for source in &mut sources {
        source.variables.retain(|v| lists && v.trial == trial.id && !blind.hides_variable(&v.variable));
    }
    let targets = desk.store().read(TargetSums {}).await?;
    let letters = if lists { desk.store().read(DeadLetters { count: LETTERS }).await? } else { Vec::new() };
    let zone = site.site(trial).map_or_else(Zone::utc, |s| s.zone.clone());
    Ok(Seen::Yes(Queues { sources, targets, letters, zone }))
}

/// Wishes of a state: 0 there, 1 to be sent, 2 dead, 3 given up; `None`: all.
pub async fn wishes(desk: &Desk, state: Option<i64>, count: usize) -> Result<Vec<OutboxRow>, StoreError> {
    desk.store().read(OutboxList { state, count }).await
}

/// The targets that the settings name or that something was meant for.
pub async fn target_names(desk: &Desk) -> Result<BTreeSet<String>, StoreError> {
    let meant = desk.store().read(TargetSums {}).await?;
    Ok(meant.into_iter().map(|sum| sum.target).chain(desk.target_names()).collect())
}

/// Dead letters are sent again; answers how many.
pub async fn retry(desk: &Desk, target: Option<&str>, caller: Caller) -> Result<i64, StoreError> {
    desk.store().write(RetryDead { target: target.map(str::to_owned), caller, at: desk.now() }).await
}

/// Dead letters of a target are given up; answers how many.
pub async fn give_up(desk: &Desk, target: &str, caller: Caller) -> Result<i64, StoreError> {
    desk.store().write(DropDead { target: target.to_owned(), caller, at: desk.now() }).await
}

/// The word of a wish's state.
pub fn state_word(state: i64) -> &'static str {
    match state {
        0 => "there",
        1 => "waiting",
        2 => "dead",
        _ => "dropped",
    }
}
