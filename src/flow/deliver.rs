//! The sender: a wish is claimed, the newest standing is rendered for this target, sent, and marked.

use super::desk::{Desk, TargetAt};
use super::library::Active;
use crate::clock;
use crate::link::{self, Sent};
use crate::model::capabilities::Capabilities;
use crate::model::key::hex;
use crate::model::parcel::{Action, Parcel};
use crate::publish::{compare, study, subject};
use crate::store::*;
use std::time::Duration;

/// Wishes claimed at once.
pub const CLAIM_MAX: usize = 32;
/// How long a claim holds, in microseconds; the total deadline of a send lies below it.
pub const LEASE_US: i64 = 60_000_000;
/// Longest sleep while nothing is heard.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Works for as long as the gateway runs; ends when `stop` says so, between two rounds.
pub async fn run(desk: &Desk, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut wished = desk.store().wishes();
    while !*stop.borrow() {
        match round(desk).await {
            Ok(0) => {
                let _ = tokio::time::timeout(LOOK_AGAIN, async {
                    tokio::select! { _ = wished.changed() => {}, _ = stop.changed() => {} }
                })
                .await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "delivering failed; trying again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Claims once and sends each wish. Answers how many were claimed.
pub async fn round(desk: &Desk) -> Result<usize, StoreError> {
    let now = desk.now();
    let claim = ClaimOutbox { lease: lease(), until: now.plus_us(LEASE_US), count: CLAIM_MAX, at: now };
    let wishes = desk.store().write(claim).await?;
    let count = wishes.len();
    for wish in wishes {
        let (version, outcome) = one(desk, &wish).await?;
        let caller = Caller { actor: "sender".into(), purpose: format!("tell {}", wish.target) };
        desk.store().write(FinishDelivery { wish, version, outcome, caller, at: desk.now() }).await?;
    }
    Ok(count)
}

/// Sends one wish. Answers the standing version that was sent, and what became of it.
async fn one(desk: &Desk, wish: &Wish) -> Result<(i64, Delivered), StoreError> {
    let newest = newest(desk, wish).await?;
    let library = desk.library();
    let (Some(row), Some(target)) = (newest, desk.target(&wish.target)) else {
        let answer = "the target is no longer configured, or the standing is gone".to_owned();
        return Ok((wish.wanted, Delivered::Dead { answer }));
    };
    let version = row.standing.version;
    let Some(active) = library.trial(&wish.trial) else {
        return Ok((version, Delivered::Dead { answer: "the trial is no longer active".into() }));
    };
    let told = wish.sent.is_some() || wish.etag.is_some() || wish.tries > 0;
    let capabilities = match target.capabilities(desk.now()).await {
        Ok(capabilities) => capabilities,
        Err(answer) => return Ok((version, desk.later(wish, None, answer))),
    };
    let individual = individual(desk, wish, target, &row).await?;
    let view = subject::Target {
        publish: target.publish,
        kind: target.kind,
        base: &desk.base,
        capabilities,
        individual: &individual,
        was_sent: told,
    };
    let parcel = subject::parcel(&active.trial, &row.subject, &row.standing, &view);
    if parcel.action == Action::Put
        && let Err(answer) = study_first(desk, target, active, capabilities).await
    {
        return Ok((version, desk.later(wish, None, answer)));
    }
    Ok((version, send(desk, wish, target, &parcel, capabilities).await))
}

/// A chart knows its own Patient; a research store is given the subject's random id and no more.
async fn individual(
    desk: &Desk,
    wish: &Wish,
    target: &TargetAt,
    row: &SubjectRow,
) -> Result<subject::Individual, StoreError> {
    if let Some(source) = &target.patients_of
        && let Some(person) = desk.store().read(PersonByKey { person: wish.person }).await?
        && let Some(member) = person.members.into_iter().find(|m| m.source == *source)
    {
        return Ok(subject::Individual::Reference(format!("Patient/{}", member.id)));
    }
    Ok(subject::Individual::Identifier(format!("{}/sid/person", desk.base), row.subject.id.clone()))
}

async fn send(desk: &Desk, wish: &Wish, target: &TargetAt, parcel: &Parcel, capabilities: Capabilities) -> Delivered {
    if parcel.action == Action::Nothing {
        return Delivered::Sent { remote: None, etag: None };
    }
    let same = |theirs: &[u8]| compare::same(&parcel.body, theirs);
    let (mut remote, mut etag) = (wish.remote.clone(), wish.etag.clone());
    // A second try after somebody else's write goes out on what is there now; a third would be a quarrel.
    for _ in 0..2 {
        let known = link::Known { remote: remote.as_deref(), etag: etag.as_deref() };
        match target.client.send(parcel, capabilities, known, desk.now(), &same).await {
            Sent::Done { remote, etag } => return Delivered::Sent { remote, etag },
            Sent::Later { answer, not_before } => return desk.later(wish, not_before, answer),
            Sent::Dead { answer } => return Delivered::Dead { answer },
            Sent::Conflict { remote: there, etag: newest, .. } => (remote, etag) = (there, newest),
        }
    }
    desk.later(wish, None, "somebody else writes the same resource".into())
}

/// The newest standing of the wish's attempt, with its subject.
async fn newest(desk: &Desk, wish: &Wish) -> Result<Option<SubjectRow>, StoreError> {
    let rows = desk.store().read(SubjectsOfPerson { person: wish.person }).await?;
    Ok(rows.into_iter().find(|r| r.subject.trial == wish.trial && r.subject.attempt == wish.attempt))
}

/// The study goes before the first subject that refers to it. The error is the target's own words.
async fn study_first(
    desk: &Desk,
    target: &TargetAt,
    active: &Active,
    capabilities: Capabilities,
) -> Result<(), String> {
    if !capabilities.research_study || target.has_study(&active.trial.digest) {
        return Ok(());
    }
    let parcel = study::parcel(&active.trial);
    let nothing = link::Known::default();
    match target.client.send(&parcel, capabilities, nothing, desk.now(), &|_: &[u8]| false).await {
        Sent::Done { .. } => target.study_sent(active.trial.digest),
        Sent::Conflict { .. } => target.study_sent(active.trial.digest),
        Sent::Later { answer, .. } | Sent::Dead { answer } => return Err(answer),
    }
    Ok(())
}

fn lease() -> String {
    hex(&clock::random_bytes::<8>())
}
