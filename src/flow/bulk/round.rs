//! One export from asking to its end, and exports for as long as the gateway runs.

use super::files::Reading;
use super::manifest::{Manifest, remarks, told};
use super::settings::Bulk;
use super::standing::{self, Names, Standing};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::lease::{LEASE_STEP, Lease};
use crate::flow::pull::{Feed, Halt, Pulled, TRIES, back, tell};
use crate::link::{Address, Answer, Origins};
use crate::model::time::Instant;
use std::time::Duration;
use tokio::sync::watch;

/// Longest pause between two questions for the status of an export, unless the server wants a longer one.
const STATUS_PAUSE_MAX: Duration = Duration::from_secs(60);
/// A server that wants to be asked at once is asked so much later each time, up to a second.
const STATUS_STEP: Duration = Duration::from_millis(10);
/// Pause after a round that could not end its export.
const AGAIN: Duration = Duration::from_secs(600);
/// Times that an export is begun in one round, should the server lose it.
const BEGINNINGS: usize = 2;

/// How an export that is under way was met.
pub(super) enum Met<T> {
    /// It is there.
    There(T),
    /// The server knows nothing of it any more.
    Lost,
}

/// One export: goes on with the one that is under way, or asks for one; `whole` asks for everything, whatever was
/// read before.
pub async fn round(gateway: &Gateway, feed: &Feed, whole: bool) -> Pulled {
    let mut pulled = Pulled::default();
    let Some(source) = gateway.source(&feed.source) else {
        pulled.problem(format!("`{}` is no source of the settings", feed.source));
        return pulled;
    };
    // A type that is not kept is counted, not refused.
    let source = Source { ignore_unkept: true, ..source.clone() };
    let bulk = feed.settings.exports().unwrap_or_default();
    let origins = match Origins::new(&bulk.origins, feed.settings.insecure) {
        Ok(origins) => origins,
        Err(error) => {
            pulled.problem(format!("bulk.origins: {error}"));
            return pulled;
        }
    };
    let names = Names::of(&feed.source);
    let export = Export { gateway, feed, source: &source, bulk: &bulk, origins: &origins, names: &names };
    if let Err(halt) = export.run(whole, &mut pulled).await {
        pulled.halted(halt);
    }
    pulled
}

/// Exports for as long as the gateway runs, where no other on the same store does; ends when `stop` says so.
pub async fn run(gateway: &Gateway, feed: &Feed, stop: watch::Receiver<bool>) {
    let lease = Lease::of("bulk", &feed.source);
    tokio::select! {
        never = lease.keep(gateway) => match never {},
        () = rounds(gateway, feed, &lease, stop) => {}
    }
    lease.let_go(gateway).await;
}

async fn rounds(gateway: &Gateway, feed: &Feed, lease: &Lease, mut stop: watch::Receiver<bool>) {
    let bulk = feed.settings.exports().unwrap_or_default();
    while !*stop.borrow() {
        let mut wait = due(gateway, feed, &bulk).await;
        if wait.is_zero() && !lease.take(gateway).await {
            wait = bulk.every.min(LEASE_STEP);
        } else if wait.is_zero() {
            let pulled =
                tokio::select! { pulled = round(gateway, feed, false) => pulled, _ = stop.changed() => return };
            tell(feed, &pulled, "exported");
            let later = pulled.later.map_or(Duration::ZERO, |at| gateway.now().until(at));
            let next = due(gateway, feed, &bulk).await;
            wait = if next.is_zero() { AGAIN.max(later) } else { next.max(later) };
        }
        tokio::select! { () = tokio::time::sleep(wait) => {}, _ = stop.changed() => {} }
    }
}

/// How long until an export is to be asked for or gone on with.
async fn due(gateway: &Gateway, feed: &Feed, bulk: &Bulk) -> Duration {
    let names = Names::of(&feed.source);
    let found = Standing::find(gateway, feed, &names).await;
    if !found.is_ok_and(|found| found.is_none_or(|standing| standing.over)) {
        return Duration::ZERO;
    }
    let ended = feed.cursor(gateway, &names.ended).await.ok().flatten();
    ended.map_or(Duration::ZERO, |at| gateway.now().until(after(at, bulk.every)))
}

fn after(from: Instant, length: Duration) -> Instant {
    from.plus_us(i64::try_from(length.as_micros()).unwrap_or(i64::MAX))
}

/// What one round works with.
pub(super) struct Export<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) feed: &'a Feed,
    pub(super) source: &'a Source,
    pub(super) bulk: &'a Bulk,
    pub(super) origins: &'a Origins,
    pub(super) names: &'a Names,
}

impl Export<'_> {
    async fn run(&self, whole: bool, pulled: &mut Pulled) -> Result<(), Halt> {
        for _ in 0..BEGINNINGS {
            let standing = self.standing(whole, pulled).await?;
            let at = self.address(&standing)?;
            let Met::There(manifest) = self.manifest(&standing, &at).await? else {
                self.lost(pulled).await?;
                continue;
            };
            let mut reading = Reading::begin(self, standing, manifest, &at).await?;
            let met = reading.read_all(pulled).await;
            pulled.loaded = reading.mark.stands.loaded.clone();
            reading.standing.problems.iter().for_each(|words| pulled.problem(words.clone()));
            match met? {
                Met::Lost => self.lost(pulled).await?,
                Met::There(()) => return self.finish(reading, &at, pulled).await,
            }
        }
        Err(Halt::new("the server lost the export again; it is asked anew in the next round"))
    }

    async fn lost(&self, pulled: &mut Pulled) -> Result<(), Halt> {
        pulled.problem("the server no longer knows the export, or one of its files: it was begun anew".into());
        Standing::clear(self.gateway, self.feed, self.names).await
    }

    /// The export that is under way, or a new one.
    async fn standing(&self, whole: bool, pulled: &mut Pulled) -> Result<Standing, Halt> {
        let asked = standing::asked(self.feed, self.bulk);
        if let Some(found) = Standing::find(self.gateway, self.feed, self.names).await? {
            let late = !found.over && after(Instant(found.began), self.bulk.within) < self.gateway.now();
            let another = found.asked != asked || (whole && found.since.is_some());
            if !(found.over || late || another) {
                return Ok(found);
            }
            if late {
                pulled.problem("an export took longer than `bulk.within`: it was given up and begun anew".into());
            }
            let at = self.address(&found)?;
            self.end(found, &at).await?;
        }
        self.kick_off(asked, whole).await
    }

    async fn kick_off(&self, asked: String, whole: bool) -> Result<Standing, Halt> {
        let whole = whole || self.is_due().await?;
        let since = standing::since(self.gateway, self.feed, self.names, &asked).await?.filter(|_| !whole);
        let settings = &self.feed.settings;
        let path = standing::level(self.feed, self.bulk).path(settings.group.as_deref());
        let types = settings.kinds.join(",");
        let mut query = vec![("_type", types.as_str())];
        query.extend(since.as_deref().map(|since| ("_since", since)));
        let now = self.gateway.now();
        let answer = self.feed.client.kick_off(&path, &query, now).await;
        let what = "asking for an export";
        let answer = answer.map_err(|failure| Halt::unanswered(failure).at(what))?;
        let wrong = |words: String| Halt { later: answer.retry_after, ..Halt::new(words) }.at(what);
        if !answer.is_success() {
            return Err(wrong(coded(&answer)));
        }
        let status = answer.content_location.clone().ok_or_else(|| {
            wrong(format!("HTTP {} without Content-Location; wanted 202 and where its status is asked", answer.status))
        })?;
        let began = now.0;
        let standing = Standing { status, began, asked, since, torn: false, problems: Vec::new(), over: false };
        self.address(&standing)?;
        standing.save(self.gateway, self.feed, self.names).await?;
        Ok(standing)
    }

    async fn is_due(&self) -> Result<bool, Halt> {
        let Some(reread) = self.bulk.reread else { return Ok(false) };
        let last = self.feed.cursor(self.gateway, &self.names.whole).await?;
        Ok(last.is_none_or(|last| last <= back(self.gateway.now(), reread)))
    }

    fn address(&self, standing: &Standing) -> Result<Address, Halt> {
        let address = self.feed.client.address(&standing.status, None, self.origins);
        address.map_err(|failure| Halt::new(format!("the status of the export: {}", failure.text)))
    }

    /// Waits until the export is finished.
    async fn manifest(&self, standing: &Standing, at: &Address) -> Result<Met<Manifest>, Halt> {
        let (mut failed, mut asked) = (0, 0);
        loop {
            let now = self.gateway.now();
            let answer = self.feed.client.export_status(at, now).await;
            let (words, later) = match answer {
                Ok(answer) if answer.is_gone() => return Ok(Met::Lost),
                Ok(answer) if answer.status == 200 => return self.finished(&answer).await.map(Met::There),
                Ok(answer) if matches!(answer.status, 202 | 429) => {
                    failed = 0;
                    (format!("not finished after {}", counted(asked)), answer.retry_after)
                }
                Ok(answer) if answer.is_passing() => {
                    failed += 1;
                    if failed == TRIES && answer.status == 500 {
                        return Err(self.failed(&answer).await?);
                    }
                    (coded(&answer), answer.retry_after)
                }
                Ok(answer) => return Err(self.failed(&answer).await?),
                Err(failure) => {
                    failed = if failure.lasting { TRIES } else { failed + 1 };
                    (failure.text, failure.later)
                }
            };
            asked += 1;
            let over = after(Instant(standing.began), self.bulk.within) <= now;
            if over || failed == TRIES {
                return Err(Halt { later, ..Halt::new(format!("the status of the export: {words}")) });
            }
            tokio::time::sleep(pause(later.map(|at| self.gateway.now().until(at)), asked)).await;
        }
    }

    async fn finished(&self, answer: &Answer) -> Result<Manifest, Halt> {
        match Manifest::read(&answer.body) {
            Ok(manifest) => Ok(manifest),
            Err(words) => {
                // It will not be another the next time.
                Standing::clear(self.gateway, self.feed, self.names).await?;
                Err(Halt::new(format!("the export failed: found {words}")))
            }
        }
    }

    /// The server says that the export failed: the next round asks for another.
    async fn failed(&self, answer: &Answer) -> Result<Halt, Halt> {
        Standing::clear(self.gateway, self.feed, self.names).await?;
        Ok(Halt::new(format!("the export failed: {}", coded(answer))))
    }

    /// Everything was read: what is missing is looked for, the moment is kept, and the server may forget the export.
    async fn finish(&self, mut reading: Reading<'_>, at: &Address, pulled: &mut Pulled) -> Result<(), Halt> {
        if !reading.standing.torn {
            if let Some(met) = reading.met.take() {
                self.forget_missing(&met, pulled).await?;
            }
            if let Some(of) = &reading.manifest.of {
                standing::keep(self.gateway, self.feed, self.names, (&reading.standing, of)).await?;
            }
        }
        let ended = self.gateway.now().0.to_string();
        self.feed.save(self.gateway, &self.names.ended, ended).await?;
        self.end(reading.standing, at).await
    }

    /// Tells the server that an export is no longer wanted; what it answers changes nothing, since it ends the export by
    /// itself in time. Kept before: whoever is killed in between must not take what is over for lost.
    async fn end(&self, standing: Standing, at: &Address) -> Result<(), Halt> {
        Standing { over: true, ..standing }.save(self.gateway, self.feed, self.names).await?;
        let answer = self.feed.client.end_export(at, self.gateway.now()).await;
        let taken = answer.is_ok_and(|answer| answer.is_success() || answer.is_gone());
        if !taken {
            tracing::debug!(source = %self.feed.source, "the server did not take the end of the export");
        }
        Standing::clear(self.gateway, self.feed, self.names).await
    }
}

/// How long until the status is asked again.
fn pause(wanted: Option<Duration>, asked: u32) -> Duration {
    let least = STATUS_STEP.saturating_mul(asked).min(Duration::from_secs(1));
    wanted.unwrap_or_else(|| Duration::from_secs(1).saturating_mul(asked).min(STATUS_PAUSE_MAX)).max(least)
}

fn counted(asked: u32) -> String {
    if asked == 0 { "the first question".into() } else { format!("{} questions", asked + 1) }
}

/// Status, and the codes of an OperationOutcome; its free text may name somebody.
pub(super) fn coded(answer: &Answer) -> String {
    match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(outcome) if outcome["resourceType"] == "OperationOutcome" => {
            format!("HTTP {}: {}", answer.status, told(&remarks(&outcome)))
        }
        _ => answer.words(None),
    }
}
