//! Feeds and queues of a trial, for a page: what each source sent, what is set aside, what waits for the targets.

use super::desk::Desk;
use super::feeds::{SourceHealth, health};
use super::library::Active;
use super::rights::Reader;
use super::worklist::{Seen, note};
use crate::model::purpose::Purpose;
use crate::model::time::Zone;
use crate::publish::blinding::Blinding;
use crate::store::*;

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
    if !reader.works_on(desk, trial) {
        return Ok(Seen::Nothing);
    }
    if !reader.may(desk, trial, Purpose::Count) {
        return Ok(Seen::NoGround(Purpose::Count));
    }
    let lists = reader.may(desk, trial, Purpose::List);
    note(desk, reader, Purpose::Count, format!("feeds {}", trial.id), None).await?;
    let (site, blind) = (desk.at_site(trial), Blinding::of(trial, reader.is_unblinded(desk, trial)));
    let mut sources = health(desk, None).await?;
    sources.retain(|s| site.feeds(&s.source));
    for source in &mut sources {
        source.variables.retain(|v| lists && v.trial == trial.id && !blind.hides_variable(&v.variable));
    }
    let targets = desk.store().read(TargetSums {}).await?;
    let letters = if lists { desk.store().read(DeadLetters { count: LETTERS }).await? } else { Vec::new() };
    let zone = site.site(trial).map_or_else(Zone::utc, |s| s.zone.clone());
    Ok(Seen::Yes(Queues { sources, targets, letters, zone }))
}
