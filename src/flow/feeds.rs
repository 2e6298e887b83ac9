//! The health of feeds: what each source and variable sent, what was to be expected, how late it comes, and which code or
//! unit changed. A silent feed marks the verdicts that lean on it; it changes none.
//!
//! Expected of a day is the median of the same weekday in the five weeks before, of those since the source's first day;
//! with less than three of them nothing is expected. Days are those of UTC in which something was known here.

use super::desk::{Desk, GATEWAY};
use super::gateway::Gateway;
use crate::model::code::PATIENT_SYSTEM;
use crate::model::key::PersonKey;
use crate::model::time::{DAY_US, Instant, Zone};
use crate::store::{
    AsideSums, CodeDay, CodeDays, FeedDay, FeedDays, PersonByKey, SourceDay, SourcesSeen, StoreError, day_of,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Weeks that are looked back.
const WEEKS: i64 = 5;
/// Weeks without which nothing is expected.
const WEEKS_LEAST: usize = 3;
/// Days that are read: a week after the newest leans on five weeks before it.
const DAYS: i64 = 7 * (WEEKS + 1) + 1;
/// Days over which lateness is told.
const LATE_DAYS: i64 = 7;
/// How old the answer may be by which verdicts are marked, in microseconds.
const WATCH_US: i64 = 60_000_000;

/// Facts by day.
type Days = BTreeMap<i64, i64>;

/// A day as people write it.
pub fn date(day: i64) -> String {
    Zone::utc().show(Instant(day.saturating_mul(DAY_US))).chars().take(10).collect()
}

/// What was to be expected of a day; `None`: too little is known.
fn expected(days: &Days, day: i64) -> Option<i64> {
    let first = *days.keys().next()?;
    let before = (1..=WEEKS).map(|week| day - 7 * week).filter(|d| *d >= first);
    let mut counts: Vec<i64> = before.map(|d| days.get(&d).copied().unwrap_or(0)).collect();
    counts.sort_unstable();
    // Of an even number the lower of the two in the middle: a holiday is no fault.
    (counts.len() >= WEEKS_LEAST).then(|| counts[(counts.len() - 1) / 2])
}

/// Whole days since the newest fact on which something was expected and nothing came.
struct Missed {
    /// The first of them.
    first: i64,
    /// How much was expected then.
    expected: i64,
    /// The one that made them as many as the settings allow.
    last: i64,
}

/// What was missed, once it is as much as the settings allow.
fn missed(days: &Days, today: i64, allowed: i64) -> Option<Missed> {
    let newest = *days.keys().next_back()?;
    // What is expected repeats week by week, and does not fade while nothing comes.
    let week = (1..=7).filter_map(|n| expected(days, newest + n).filter(|e| *e > 0).map(|e| (n, e)));
    let week: Vec<(i64, i64)> = week.collect();
    let (first, expected) = *week.first()?;
    let (before, in_week) = (allowed.max(1) - 1, i64::try_from(week.len()).unwrap_or(7));
    let place = usize::try_from(before % in_week).unwrap_or(0);
    let last = newest + before / in_week * 7 + week.get(place).map_or(first, |(n, _)| *n);
    (last < today).then_some(Missed { first: newest + first, expected, last })
}

/// A feed from which nothing comes though something should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// The source.
    pub source: String,
    /// The one variable of which nothing comes, by its trial and name; `None`: nothing comes at all.
    pub variable: Option<(String, String)>,
    /// The newest fact.
    pub last: Instant,
    /// The first day without any.
    pub day: i64,
    /// How many were expected then.
    pub expected: i64,
    /// The day that made the days without any as many as the settings allow.
    pub told: i64,
}

impl Silent {
    /// When it was known: the end of the day that was one too many.
    pub fn since(&self) -> Instant {
        Instant((self.told + 1).saturating_mul(DAY_US))
    }

    /// Whether the verdicts of a trial lean on it, as far as its variables may be shown.
    pub fn is_of(&self, trial: &str, hides: impl Fn(&str) -> bool) -> bool {
        self.variable.as_ref().is_none_or(|(of, name)| of == trial && !hides(name))
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let variable = self.variable.as_ref().map(|(_, name)| name);
        let (day, last) = (date(self.day), Zone::utc().show(self.last));
        json!({ "source": self.source, "variable": variable, "day": day, "expected": self.expected, "last": last })
    }
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, variable, last, day, expected, told: _ } = self;
        let (last, day) = (Zone::utc().show(*last), date(*day));
        let what = variable.as_ref().map_or_else(String::new, |(_, name)| format!("{name} from "));
        write!(
            f,
            "the feed of {what}{source} is silent: nothing came on {day} (UTC), when {expected} facts were expected; the newest came {last}"
        )
    }
}

/// What the days of the feeds say.
#[derive(Debug, Default)]
struct Watched {
    silent: Arc<Vec<Silent>>,
    /// The newest fact of each source.
    last: BTreeMap<String, Instant>,
}

/// The feeds as of a moment ago.
#[derive(Debug, Default)]
pub struct Watch {
    watched: Recent<Watched>,
    health: Recent<Vec<SourceHealth>>,
}

/// What was found a moment ago. Who comes when it is old waits for the one who looks anew.
#[derive(Debug, Default)]
struct Recent<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Recent<T> {
    async fn of(
        &self,
        gateway: &Gateway,
        look: impl AsyncFnOnce() -> Result<T, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let mut kept = self.0.lock().await;
        // Not before: who waited for the lock is answered by what was found in the meantime.
        let now = gateway.now();
        if let Some((at, found)) = &*kept
            && (0..WATCH_US).contains(&(now.0 - at.0))
        {
            return Ok(found.clone());
        }
        let found = Arc::new(look().await?);
        *kept = Some((now, found.clone()));
        Ok(found)
    }
}

impl Gateway {
    /// The feeds that are silent, as of at most a minute ago.
    pub async fn silent(&self) -> Result<Arc<Vec<Silent>>, StoreError> {
        Ok(self.watched().await?.silent.clone())
    }

    async fn watched(&self) -> Result<Arc<Watched>, StoreError> {
        let look = async || Ok(self.watch(&self.store.read(CodeDays { days: DAYS }).await?));
        self.watch.watched.of(self, look).await
    }

    /// As many whole days without anything as a source is allowed before it is silent.
    fn allowed(&self, source: &str) -> i64 {
        self.source(source).map_or(1, |s| i64::from(s.silent_after_days))
    }

    fn watch(&self, rows: &[CodeDay]) -> Watched {
        let (projected, today) = (self.projected(), day_of(self.now()));
        let trials = projected.library.as_deref().map_or(&[][..], |library| &library.trials);
        let (mut silent, mut last) = (Vec::new(), BTreeMap::new());
        for rows in rows.chunk_by(|a, b| a.sum.source == b.sum.source).filter(|rows| rows[0].sum.source != GATEWAY) {
            let source = &rows[0].sum.source;
            let newest = rows.iter().map(|row| row.sum.day).max().unwrap_or(0);
            let (mut all, mut variables): (Feed, BTreeMap<(String, String), Feed>) = Default::default();
            for rows in rows.chunk_by(|a, b| a.code == b.code) {
                rows.iter().filter(|row| row.sum.day > newest - DAYS).for_each(|row| all.add(&row.sum));
                for active in trials {
                    for name in active.plan.readers(source, &rows[0].code) {
                        let feed = variables.entry((active.trial.id.clone(), name.to_owned())).or_default();
                        rows.iter().for_each(|row| feed.add(&row.sum));
                    }
                }
            }
            last.insert(source.clone(), all.last);
            let of = |feed: &Feed, variable: Option<(String, String)>| {
                let Missed { first: day, expected, last: told } = missed(&feed.days, today, self.allowed(source))?;
                Some(Silent { source: source.clone(), variable, last: feed.last, day, expected, told })
            };
            match of(&all, None) {
                Some(whole) => silent.push(whole),
                None => silent.extend(variables.into_iter().filter_map(|(variable, feed)| of(&feed, Some(variable)))),
            }
        }
        Watched { silent: Arc::new(silent), last }
    }

    /// Gauges of the feeds, as Prometheus reads them. Sources are named in the settings: their names are no one's.
    pub async fn feed_metrics(&self) -> Result<String, StoreError> {
        let watched = self.watched().await?;
        let aside = self.store.read(AsideSums {}).await?;
        let all = |source: &str| i64::from(watched.silent.iter().any(|s| s.source == source && s.variable.is_none()));
        let some = |source: &str| {
            let of = watched.silent.iter().filter(|s| s.source == source && s.variable.is_some());
            i64::try_from(of.count()).unwrap_or(i64::MAX)
        };
        let sources = || watched.last.keys().map(String::as_str);
        let gauges: [(&str, Vec<(&str, i64)>); 4] = [
            ("feed_last_seen_timestamp_seconds", watched.last.iter().map(|(s, at)| (&**s, at.0 / 1_000_000)).collect()),
            ("feed_silent", sources().map(|source| (source, all(source))).collect()),
            ("feed_silent_variables", sources().map(|source| (source, some(source))).collect()),
            ("set_aside_open", aside.iter().map(|(source, n, _)| (source.as_str(), *n)).collect()),
        ];
        let mut out = String::new();
        for (name, values) in gauges {
            out.push_str(&format!("# TYPE trialgate_{name} gauge\n"));
            values
                .iter()
                .for_each(|(source, n)| out.push_str(&format!("trialgate_{name}{{source=\"{source}\"}} {n}\n")));
        }
        Ok(out)
    }

    /// The silent feeds on which a person's verdict leans: of those that `leans` names, the ones of the person's patients.
    pub async fn silent_for(
        &self,
        person: PersonKey,
        leans: impl Fn(&Silent) -> bool,
    ) -> Result<Vec<Silent>, StoreError> {
        let silent = self.silent().await?;
        if silent.is_empty() {
            return Ok(Vec::new());
        }
        let row = self.store.read(PersonByKey { person }).await?;
        let own: BTreeSet<String> = row.into_iter().flat_map(|row| row.members).map(|m| m.source).collect();
        Ok(silent.iter().filter(|s| own.contains(&s.source) && leans(s)).cloned().collect())
    }
}

/// What came of one thing, by day.
#[derive(Debug)]
struct Feed {
    days: Days,
    last: Instant,
}

impl Default for Feed {
    fn default() -> Self {
        Self { days: Days::new(), last: Instant::MIN }
    }
}

impl Feed {
    fn add(&mut self, sum: &SourceDay) {
        *self.days.entry(sum.day).or_default() += sum.count;
        self.last = self.last.max(sum.last);
    }
}

/// How late facts of the last days were known: how many, and how many within an hour, a day, a week.
pub type Late = [i64; 4];

/// A code or unit that took another's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `code` or `unit`.
    pub kind: &'static str,
    /// The first day on which it is the most frequent one.
    pub day: i64,
    /// The most frequent one before.
    pub before: String,
    /// Since then.
    pub after: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, day, before, after } = self;
        write!(f, "{kind} changed from {before} to {after} on {}", date(*day))
    }
}

/// What came of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The newest fact.
    pub last: Instant,
    /// Facts of today, so far.
    pub today: i64,
    /// Facts of yesterday.
    pub yesterday: i64,
    /// Expected of yesterday; `None`: too little is known.
    pub expected: Option<i64>,
    /// The first whole day on which nothing came though something was expected.
    pub silent: Option<i64>,
    /// Known after the clinical time, in the last seven days.
    pub clinical: Late,
    /// Known after the recorded time.
    pub recorded: Late,
}

/// A variable as one source feeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableHealth {
    /// The trial.
    pub trial: String,
    /// The variable.
    pub variable: String,
    /// What came.
    pub volume: Volume,
    /// Which code and unit took another's place in the last six weeks.
    pub changes: Vec<Change>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHealth {
    /// Its name.
    pub source: String,
    /// What came.
    pub volume: Volume,
    /// Facts of the last seven days, those of Patients apart, and those in a code that no definition in force reads.
    pub week: (i64, i64),
    /// Open rows set aside, and since when.
    pub set_aside: Option<(i64, Instant)>,
    /// The variables that it feeds.
    pub variables: Vec<VariableHealth>,
}

/// The sources that the settings name or from which something came.
pub async fn names(desk: &Desk) -> Result<BTreeSet<String>, StoreError> {
    let came = desk.store().read(SourcesSeen {}).await?;
    Ok(came
        .into_iter()
        .filter(|source| source != GATEWAY)
        .chain(desk.gateway.sources.keys().map(ToString::to_string))
        .collect())
}

/// The health of every source, as of at most a minute ago: for pages, which are looked at again and again.
pub async fn recent_health(desk: &Desk) -> Result<Arc<Vec<SourceHealth>>, StoreError> {
    desk.gateway.watch.health.of(&desk.gateway, async || health(desk, None).await).await
}

/// The health of every source; `only`: of one.
pub async fn health(desk: &Desk, only: Option<&str>) -> Result<Vec<SourceHealth>, StoreError> {
    let mut rows = desk.store().read(FeedDays { days: DAYS }).await?;
    rows.retain(|row| row.sum.source != GATEWAY && only.is_none_or(|source| source == row.sum.source));
    let aside = desk.store().read(AsideSums {}).await?;
    let (library, today) = (desk.library(), day_of(desk.now()));
    let mut found = Vec::new();
    for rows in rows.chunk_by(|a, b| a.sum.source == b.sum.source) {
        let source = rows[0].sum.source.clone();
        let allowed = desk.gateway.allowed(&source);
        let newest = rows.iter().map(|row| row.sum.day).max().unwrap_or(0);
        let (mut variables, mut week): (BTreeMap<(String, String), Vec<&FeedDay>>, _) = Default::default();
        for row in rows {
            let mut read = false;
            for active in &library.trials {
                for name in active.plan.readers(&source, &row.code) {
                    read = true;
                    variables.entry((active.trial.id.clone(), name.to_owned())).or_default().push(row);
                }
            }
            // What a Patient states waits for no reader.
            if row.sum.day > today - LATE_DAYS && row.code.system != PATIENT_SYSTEM {
                let (all, unread): &mut (i64, i64) = &mut week;
                *all += row.sum.count;
                *unread += if read { 0 } else { row.sum.count };
            }
        }
        // Of a code that comes no more older days are at hand: its variable's, and not the source's.
        let all: Vec<&FeedDay> = rows.iter().filter(|row| row.sum.day > newest - DAYS).collect();
        let variables = variables.into_iter().map(|((trial, variable), rows)| VariableHealth {
            trial,
            variable,
            volume: volume(&rows, today, allowed),
            changes: changes(rows.into_iter().filter(|row| row.sum.day > today - DAYS)),
        });
        let set_aside = aside.iter().find(|(s, ..)| *s == source).map(|(_, n, since)| (*n, *since));
        found.push(SourceHealth {
            volume: volume(&all, today, allowed),
            week,
            set_aside,
            variables: variables.collect(),
            source,
        });
    }
    Ok(found)
}

fn volume(rows: &[&FeedDay], today: i64, allowed: i64) -> Volume {
    let (mut feed, mut clinical, mut recorded) = (Feed::default(), Late::default(), Late::default());
    for row in rows {
        feed.add(&row.sum);
        if row.sum.day > today - LATE_DAYS {
            for (sums, more) in [(&mut clinical, row.clinical), (&mut recorded, row.recorded)] {
                sums.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
            }
        }
    }
    let Feed { days, last } = feed;
    let of = |day: i64| days.get(&day).copied().unwrap_or(0);
    Volume {
        last,
        today: of(today),
        yesterday: of(today - 1),
        expected: expected(&days, today - 1),
        silent: missed(&days, today, allowed).map(|missed| missed.first),
        clinical,
        recorded,
    }
}

fn changes<'r>(rows: impl Iterator<Item = &'r FeedDay>) -> Vec<Change> {
    let rows: Vec<&FeedDay> = rows.collect();
    let code = |row: &FeedDay| row.code.to_string();
    let unit = |row: &FeedDay| match (row.unit.as_str(), row.word) {
        ("", _) => "no unit".to_owned(),
        (unit, true) => format!("the word {unit}"),
        (unit, false) => unit.to_owned(),
    };
    [changed("code", &rows, code), changed("unit", &rows, unit)].into_iter().flatten().collect()
}

/// The last time that the most frequent word of a day was one that had been so on no earlier day: what comes and goes is no change.
fn changed(kind: &'static str, rows: &[&FeedDay], word: impl Fn(&FeedDay) -> String) -> Option<Change> {
    let mut days: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows {
        *days.entry(row.sum.day).or_default().entry(word(row)).or_default() += row.sum.count;
    }
    let (mut led, mut leader, mut change) = (BTreeSet::new(), None::<String>, None);
    for (day, words) in days {
        let most = words.values().max().copied().unwrap_or(0);
        // Of equals the one that led goes on.
        let stays = leader.as_ref().is_some_and(|l| words.get(l) == Some(&most));
        let Some(next) = words.into_iter().find(|(_, n)| *n == most).map(|(w, _)| w).filter(|_| !stays) else {
            continue;
        };
        let new = led.insert(next.clone());
        if let Some(before) = leader.replace(next.clone()) {
            change = new.then_some(Change { kind, day, before, after: next });
        }
    }
    change
}
