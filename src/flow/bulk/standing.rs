//! Which export is under way and what the last ones brought, in the store: whoever was killed goes on there.

use crate::flow::pull::{Feed, Halt};
use crate::model::key::{digest_words, hex};
use serde::{Deserialize, Serialize};

use super::settings::{Bulk, Level};
use crate::flow::gateway::Gateway;

/// Problems that are remembered of one export.
const PROBLEMS_MAX: usize = 50;

/// An export that was asked for and is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Where its status is asked.
    pub(super) status: String,
    /// When it was asked for, in microseconds since 1970.
    pub(super) began: i64,
    /// What was asked for: another question begins anew.
    pub(super) asked: String,
    /// From which moment on; `None`: all of it.
    pub(super) since: Option<String>,
    /// Something of it was missing, damaged or told as an error.
    pub(super) torn: bool,
    /// What went wrong, in words without personal data.
    pub(super) problems: Vec<String>,
    /// Nothing of it is wanted any more: the server may have forgotten it already.
    #[serde(default)]
    pub(super) over: bool,
}

/// The last export that was read whole.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    asked: String,
    /// Its `transactionTime`, as sent.
    of: String,
}

/// Names of the cursors of a source's exports.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The export under way.
    pub(super) export: String,
    /// How far its files were read.
    pub(super) read: String,
    /// The last one that was read whole.
    pub(super) last: String,
    /// When the last one of everything was read whole.
    pub(super) whole: String,
    /// When the last one ended, however it was.
    pub(super) ended: String,
}

impl Names {
    pub(super) fn of(source: &str) -> Self {
        let name = |part: &str| format!("bulk/{source}/{part}");
        Self {
            export: name("export"),
            read: name("read"),
            last: name("last"),
            whole: name("whole"),
            ended: name("ended"),
        }
    }
}

/// What is asked for, as a digest: level, types and server.
pub(super) fn asked(feed: &Feed, bulk: &Bulk) -> String {
    let settings = &feed.settings;
    let mut words = settings.kinds.clone();
    words.extend([settings.url.clone(), level(feed, bulk).path(settings.group.as_deref()).join("/")]);
    hex(&digest_words(&words.iter().map(String::as_str).collect::<Vec<_>>())[..16])
}

/// Of whom exports are.
pub(super) fn level(feed: &Feed, bulk: &Bulk) -> Level {
    let usual = if feed.settings.group.is_some() { Level::Group } else { Level::Patient };
    bulk.level.unwrap_or(usual)
}

impl Standing {
    /// Notes that something is missing, so that the export does not count as whole.
    pub(super) fn tear(&mut self, words: String) {
        self.torn = true;
        self.tell(words);
    }

    /// Notes what somebody should know.
    pub(super) fn tell(&mut self, words: String) {
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&words) {
            self.problems.push(words);
        }
    }

    /// The one that is under way, if there is one.
    pub(super) async fn find(gateway: &Gateway, feed: &Feed, names: &Names) -> Result<Option<Self>, Halt> {
        let value = feed.store_cursor(gateway, &names.export).await?;
        Ok(value.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Keeps it.
    pub(super) async fn save(&self, gateway: &Gateway, feed: &Feed, names: &Names) -> Result<(), Halt> {
        feed.save(gateway, &names.export, serde_json::to_string(self).unwrap_or_default()).await
    }

    /// It is no longer under way.
    pub(super) async fn clear(gateway: &Gateway, feed: &Feed, names: &Names) -> Result<(), Halt> {
        feed.save(gateway, &names.export, String::new()).await
    }
}

/// From which moment on the next export is to be: what the last whole one was of, if the same was asked for.
pub(super) async fn since(gateway: &Gateway, feed: &Feed, names: &Names, asked: &str) -> Result<Option<String>, Halt> {
    let value = feed.store_cursor(gateway, &names.last).await?;
    let last = value.and_then(|json| serde_json::from_str::<Last>(&json).ok());
    Ok(last.filter(|last| last.asked == asked).map(|last| last.of))
}

/// Notes that an export was read whole. Each of these may be the last before a kill: what follows is then done again.
pub(super) async fn keep(
    gateway: &Gateway,
    feed: &Feed,
    names: &Names,
    (standing, of): (&Standing, &str),
) -> Result<(), Halt> {
    if standing.since.is_none() {
        feed.save(gateway, &names.whole, gateway.now().0.to_string()).await?;
    }
    let last = Last { asked: standing.asked.clone(), of: of.to_owned() };
    feed.save(gateway, &names.last, serde_json::to_string(&last).unwrap_or_default()).await
}
