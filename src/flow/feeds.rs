//! The health of feeds: what each source and variable sent, what was to be expected, how late it comes, and which code or
//! unit changed. A silent feed marks the verdicts that lean on it; it changes none.
//!
//! Expected of a day is the median of the same weekday in the five weeks before, of those since the source's first day;
//! with less than three of them nothing is expected. Days are those of UTC in which something was known here.

use super::desk::{Desk, GATEWAY};
use super::gateway::Gateway;
use crate::model::key::PersonKey;
use crate::model::time::{Instant, Zone};
use crate::store::{AsideSums, FeedDay, FeedDays, PersonByKey, SourceDay, SourceDays, StoreError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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
const DAY_US: i64 = 86_400_000_000;

/// Facts by day.
type Days = BTreeMap<i64, i64>;

/// The day of a moment.
fn day_of(at: Instant) -> i64 {
    at.0.div_euclid(DAY_US)
}

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

/// The first whole day since the newest fact on which something was expected and nothing came, and how much.
fn silent_since(days: &Days, today: i64) -> Option<(i64, i64)> {
    let newest = *days.keys().next_back()?;
    let whole = newest + 1..=(today - 1).min(newest + 7);
    whole.into_iter().find_map(|day| expected(days, day).filter(|n| *n > 0).map(|n| (day, n)))
}

/// A feed from which nothing comes though something should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// The source.
    pub source: String,
    /// The newest fact.
    pub last: Instant,
    /// The first day without any.
    pub day: i64,
    /// How many were expected then.
    pub expected: i64,
}

impl Silent {
    /// When it was known: the end of the first day without any.
    pub fn since(&self) -> Instant {
        Instant((self.day + 1).saturating_mul(DAY_US))
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        json!({ "source": self.source, "day": date(self.day), "expected": self.expected, "last": Zone::utc().show(self.last) })
    }
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, last, day, expected } = self;
        let (last, day) = (Zone::utc().show(*last), date(*day));
        write!(
            f,
            "the feed of {source} is silent: nothing came on {day} (UTC), when {expected} facts were expected; the newest came {last}"
        )
    }
}

/// What was found a moment ago.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Option<(Instant, Arc<Vec<Silent>>)>>);

impl Gateway {
    /// The feeds that are silent, as of at most a minute ago.
    pub async fn silent(&self) -> Result<Arc<Vec<Silent>>, StoreError> {
        let now = self.now();
        let kept = self.watch.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, found)) = kept.filter(|(at, _)| (0..WATCH_US).contains(&(now.0 - at.0))) {
            return Ok(found);
        }
        let rows = self.store.read(SourceDays { days: DAYS }).await?;
        let found = Arc::new(silent(&rows, day_of(now)));
        *self.watch.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        Ok(found)
    }

    /// Gauges of the feeds, as Prometheus reads them. Sources are named in the settings: their names are no one's.
    pub async fn feed_metrics(&self) -> Result<String, StoreError> {
        let (rows, silent) = (self.store.read(SourceDays { days: DAYS }).await?, self.silent().await?);
        let aside = self.store.read(AsideSums {}).await?;
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.source != GATEWAY) {
            let newest = last.entry(&row.source).or_insert(0);
            *newest = row.last.0.max(*newest);
        }
        let is_silent = |source: &str| i64::from(silent.iter().any(|s| s.source == source));
        let gauges: [(&str, Vec<(&str, i64)>); 3] = [
            ("feed_last_seen_timestamp_seconds", last.iter().map(|(source, at)| (*source, at / 1_000_000)).collect()),
            ("feed_silent", last.keys().map(|source| (*source, is_silent(source))).collect()),
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

    /// The silent feeds on which a person's verdict leans: those of the person's patients that feed the trial.
    pub async fn silent_for(&self, person: PersonKey, feeds: impl Fn(&str) -> bool) -> Result<Vec<Silent>, StoreError> {
        let silent = self.silent().await?;
        if silent.is_empty() {
            return Ok(Vec::new());
        }
        let row = self.store.read(PersonByKey { person }).await?;
        let own: BTreeSet<String> = row.into_iter().flat_map(|row| row.members).map(|m| m.source).collect();
        Ok(silent.iter().filter(|s| own.contains(&s.source) && feeds(&s.source)).cloned().collect())
    }
}

fn silent(rows: &[SourceDay], today: i64) -> Vec<Silent> {
    let mut sources: BTreeMap<&str, (Days, Instant)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.source != GATEWAY) {
        let (days, last) = sources.entry(&row.source).or_insert((Days::new(), row.last));
        *days.entry(row.day).or_default() += row.count;
        *last = row.last.max(*last);
    }
    let of = |(source, (days, last)): (&str, (Days, Instant))| {
        let (day, expected) = silent_since(&days, today)?;
        Some(Silent { source: source.to_owned(), last, day, expected })
    };
    sources.into_iter().filter_map(of).collect()
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
    /// Facts of the last seven days, and those in a code that no definition in force reads.
    pub week: (i64, i64),
    /// Open rows set aside, and since when.
    pub set_aside: Option<(i64, Instant)>,
    /// The variables that it feeds.
    pub variables: Vec<VariableHealth>,
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
        let (mut variables, mut week): (BTreeMap<(String, String), Vec<&FeedDay>>, _) = Default::default();
        for row in rows {
            let mut read = false;
            for active in &library.trials {
                for name in active.plan.readers(&source, &row.code) {
                    read = true;
                    variables.entry((active.trial.id.clone(), name.to_owned())).or_default().push(row);
                }
            }
            if row.sum.day > today - LATE_DAYS {
                let (all, unread): &mut (i64, i64) = &mut week;
                *all += row.sum.count;
                *unread += if read { 0 } else { row.sum.count };
            }
        }
        let all: Vec<&FeedDay> = rows.iter().collect();
        let variables = variables.into_iter().map(|((trial, variable), rows)| VariableHealth {
            trial,
            variable,
            volume: volume(&rows, today),
            changes: changes(&rows),
        });
        let set_aside = aside.iter().find(|(s, ..)| *s == source).map(|(_, n, since)| (*n, *since));
        found.push(SourceHealth {
            volume: volume(&all, today),
            week,
            set_aside,
            variables: variables.collect(),
            source,
        });
    }
    Ok(found)
}

fn volume(rows: &[&FeedDay], today: i64) -> Volume {
    let mut days = Days::new();
    let (mut last, mut clinical, mut recorded) = (Instant::MIN, Late::default(), Late::default());
    for row in rows {
        *days.entry(row.sum.day).or_default() += row.sum.count;
        last = last.max(row.sum.last);
        if row.sum.day > today - LATE_DAYS {
            for (sums, more) in [(&mut clinical, row.clinical), (&mut recorded, row.recorded)] {
                sums.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
            }
        }
    }
    let of = |day: i64| days.get(&day).copied().unwrap_or(0);
    Volume {
        last,
        today: of(today),
        yesterday: of(today - 1),
        expected: expected(&days, today - 1),
        silent: silent_since(&days, today).map(|(day, _)| day),
        clinical,
        recorded,
    }
}

fn changes(rows: &[&FeedDay]) -> Vec<Change> {
    let code = |row: &FeedDay| row.code.to_string();
    let unit = |row: &FeedDay| match (row.unit.as_str(), row.word) {
        ("", _) => "no unit".to_owned(),
        (unit, true) => format!("the word {unit}"),
        (unit, false) => unit.to_owned(),
    };
    [changed("code", rows, code), changed("unit", rows, unit)].into_iter().flatten().collect()
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
