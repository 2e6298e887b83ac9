//! Wishes: one row per target, person, trial and attempt; one sender at a time; latest wins.

use super::audit;
use super::contract::*;
use super::places;
use super::questions::{NextWish, OutboxList};
use super::tx::{Done, Question, Tx, Unit};
use super::units::{ClaimOutbox, FinishDelivery, RetryDead, WishAll};
use super::value::{Row, args};
use crate::model::time::Instant;

/// `next_at` of what is not tried again by itself.
const NEVER: i64 = i64::MAX;

fn wish(r: &mut Row) -> Result<Wish, StoreError> {
    Ok(Wish {
        target: r.text(0)?,
        person: r.person(1)?,
        trial: r.text(2)?,
        attempt: r.int(3)?,
        wanted: r.int(4)?,
        sent: r.maybe_int(5)?,
        remote: r.maybe_text(6)?,
        etag: r.maybe_text(7)?,
        tries: r.int(8)?,
        first_failed: r.maybe_int(9)?.map(Instant),
        lease: r.maybe_text(10)?.unwrap_or_default(),
    })
}

const PLACES: &str = "with recursive p (place) as (select min(partition) from outbox
     union all select (select min(partition) from outbox where partition > place) from p where place is not null)
     select place from p where place is not null and
     (select next_at from outbox where partition = place and next_at <= ?1 and lease_until < ?1 and state = 1 order by next_at limit 1) is not null";

impl Unit for ClaimOutbox {
    type Answer = Vec<Wish>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Wish>>, StoreError> {
        let places = places::with_work(tx, PLACES, args![self.at]).await?;
        let mut wishes: Vec<Wish> = Vec::new();
        for half in places::halves(places, &self.lease) {
            if !wishes.is_empty() {
                break;
            }
            for place in half {
                if wishes.len() < self.count {
                    let left = self.count - wishes.len();
                    wishes.extend(claim_in(self, place, left, tx).await?);
                }
            }
        }
        Ok(Done::Keep(wishes))
    }
}

async fn claim_in(claim: &ClaimOutbox, place: i64, left: usize, tx: &mut impl Tx) -> Result<Vec<Wish>, StoreError> {
    let mut rows = tx
        .query(
            "update outbox set lease = ?1, lease_until = ?2 where partition = ?5 and state = 1 and lease_until < ?3
             and (target, person, trial, attempt) in (select target, person, trial, attempt from outbox
             where partition = ?5 and next_at <= ?3 and lease_until < ?3 and state = 1 order by next_at limit ?4)
             returning target, person, trial, attempt, wanted, sent, remote, etag, tries, first_failed, lease",
            args![claim.lease.as_str(), claim.until, claim.at, places::count(left), place],
        )
        .await?;
    rows.iter_mut().map(wish).collect()
}

impl Unit for FinishDelivery {
    type Answer = Finished;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Finished>, StoreError> {
        let changed = match &self.outcome {
            Delivered::Sent { remote, etag } => self.sent(tx, remote.clone(), etag.clone()).await?,
            Delivered::Later { next_at, answer } => self.failed(tx, 1, next_at.0, answer).await?,
            Delivered::Dead { answer } => self.failed(tx, 2, NEVER, answer).await?,
        };
        if changed == 0 {
            // Another holds the lease: whoever sends now fails its finish too, and the wish is sent once more.
            tx.execute(
                "update outbox set sent = null, lease = null, lease_until = 0, next_at = ?5, state = 1
                 where partition = part(?2) and target = ?1 and person = ?2 and trial = ?3 and attempt = ?4",
                args![
                    self.wish.target.as_str(),
                    self.wish.person,
                    self.wish.trial.as_str(),
                    self.wish.attempt,
                    self.at
                ],
            )
            .await?;
            tx.group().wishes = true;
            return Ok(Done::Keep(Finished::Overtaken));
        }
        let detail = match &self.outcome {
            Delivered::Sent { .. } => format!("{} version {} sent", self.wish.trial, self.version),
            Delivered::Later { answer, .. } => format!("{} later: {answer}", self.wish.trial),
            Delivered::Dead { answer } => format!("{} dead letter: {answer}", self.wish.trial),
        };
        let entry = audit::Entry {
            action: "deliver",
            detail,
            person: Some(self.wish.person),
            caller: &self.caller,
            at: self.at,
        };
        audit::append(tx, entry).await?;
        Ok(Done::Keep(Finished::Done))
    }
}

impl FinishDelivery {
    async fn sent(&self, tx: &mut impl Tx, remote: Option<String>, etag: Option<String>) -> Result<u64, StoreError> {
        let w = &self.wish;
        let changed = tx
            .execute(
                "update outbox set sent = ?6, remote = ?7, etag = ?8, tries = 0, first_failed = null, answer = null, lease = null, lease_until = 0,
                 next_at = case when wanted > ?6 then cast(?9 as bigint) else cast(?10 as bigint) end, state = case when wanted > ?6 then 1 else 0 end
                 where partition = part(?2) and target = ?1 and person = ?2 and trial = ?3 and attempt = ?4 and lease = ?5",
                args![w.target.as_str(), w.person, w.trial.as_str(), w.attempt, w.lease.as_str(), self.version, remote, etag, self.at, NEVER],
            )
            .await?;
        tx.group().wishes |= self.version < w.wanted;
        Ok(changed)
    }

    async fn failed(&self, tx: &mut impl Tx, state: i64, next_at: i64, answer: &str) -> Result<u64, StoreError> {
        let w = &self.wish;
        tx.execute(
            "update outbox set tries = tries + 1, first_failed = coalesce(first_failed, ?9), answer = ?8, lease = null, lease_until = 0,
             next_at = case when wanted > ?10 then cast(?9 as bigint) else cast(?7 as bigint) end, state = case when wanted > ?10 then 1 else cast(?6 as bigint) end
             where partition = part(?2) and target = ?1 and person = ?2 and trial = ?3 and attempt = ?4 and lease = ?5",
            args![w.target.as_str(), w.person, w.trial.as_str(), w.attempt, w.lease.as_str(), state, next_at, answer, self.at, w.wanted.max(self.version)],
        )
        .await
    }
}

impl Unit for RetryDead {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let sql = "update outbox set state = 1, tries = 0, first_failed = null, next_at = ?2 where wide(partition) and state = 2 and (target = ?1 or ?1 is null)";
        let again = tx.execute(sql, args![self.target.clone(), self.at]).await?;
        let entry = audit::Entry {
            action: "send again",
            detail: format!("{again} dead letters"),
            person: None,
            caller: &self.caller,
            at: self.at,
        };
        audit::append(tx, entry).await?;
        tx.group().wishes = true;
        Ok(Done::Keep(i64::try_from(again).unwrap_or(i64::MAX)))
    }
}

impl Unit for WishAll {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let added = tx
            .execute(
                "insert into outbox (partition, target, person, trial, attempt, wanted, tries, next_at, lease_until, state)
                 select partition, ?1, person, trial, attempt, max(version), 0, ?3, 0, 1 from standing where wide(partition) and trial = ?2 group by partition, person, trial, attempt
                 on conflict do nothing",
                args![self.target.as_str(), self.trial.as_str(), self.at],
            )
            .await?;
        tx.group().wishes |= added > 0;
        Ok(Done::Keep(i64::try_from(added).unwrap_or(i64::MAX)))
    }
}

impl Question for OutboxList {
    type Answer = Vec<OutboxRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query(
                "select target, person, trial, attempt, wanted, sent, remote, etag, tries, first_failed, lease, state, next_at, answer from outbox
                 where wide(partition) and (state = ?1 or ?1 is null) order by next_at, target, person, trial, attempt limit ?2",
                args![self.state, i64::try_from(self.count).unwrap_or(0)],
            )
            .await?;
        rows.into_iter()
            .map(|mut r| {
                let (state, next_at, answer) = (r.int(11)?, r.instant(12)?, r.maybe_text(13)?);
                Ok(OutboxRow { wish: wish(&mut r)?, state, next_at, answer })
            })
            .collect()
    }
}

impl Question for NextWish {
    type Answer = Option<Instant>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query("select next_at from outbox where wide(partition) and state = 1 order by next_at limit 1", &[])
            .await?;
        rows.first().map(|r| r.instant(0)).transpose()
    }
}
