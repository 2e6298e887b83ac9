//! How often each source sends which code and unit, by day, and how late: summed per commit, so that a line costs nothing of its own.

use super::contract::StoreError;
use super::questions::{UsageList, UsageRow};
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::code::Coding;
use crate::model::fact::{DraftFact, FactValue, ReceivedUnit};
use crate::model::time::{DAY_US, Instant};
use std::sync::Arc;

/// Characters of a unit under which it is counted: the unit is part of a key, and keys have a longest length.
const COUNTED_CHARS: usize = 200;
/// Microseconds of an hour, a day, a week.
const LAGS: [i64; 3] = [3_600_000_000, DAY_US, 7 * DAY_US];

/// How a unit was sent, as it is kept; 0 stands for what was counted before this was noted.
const NO_UNIT: i64 = 1;
const WORD: i64 = 2;
const UCUM: i64 = 3;

/// What an arrival is counted under.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counted {
    source: Arc<str>,
    code: i64,
    unit: String,
    sent: i64,
    day: i64,
}

/// How often, when at first and last, and how soon after their clinical and recorded times.
#[derive(Debug, Default)]
pub(super) struct Counts {
    count: i64,
    first: i64,
    last: i64,
    /// With a clinical time, and known within an hour, a day, a week of it.
    clinical: [i64; 4],
    /// The same of the recorded time.
    recorded: [i64; 4],
}

impl Counts {
    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        self.first = if self.count == 0 { other.first } else { self.first.min(other.first) };
        self.last = self.last.max(other.last);
        self.count += other.count;
        for (sums, more) in [(&mut self.clinical, other.clinical), (&mut self.recorded, other.recorded)] {
            sums.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
        }
    }
}

/// The day in which a moment lies, in days of UTC since 1970.
pub fn day_of(at: Instant) -> i64 {
    at.0.div_euclid(DAY_US)
}

/// One fact that arrived.
pub(super) fn counted(source: &Arc<str>, code: i64, fact: &DraftFact, at: Instant) -> (Counted, Counts) {
    let (unit, sent) = match &fact.value {
        FactValue::Quantity { unit: ReceivedUnit::Word(word), .. } => (&**word, WORD),
        FactValue::Quantity { unit: ReceivedUnit::Ucum(code), .. } => (&**code, UCUM),
        _ => ("", NO_UNIT),
    };
    let unit = unit.char_indices().nth(COUNTED_CHARS).map_or(unit, |(end, _)| &unit[..end]);
    let lag = |from: Option<i64>| match from.map(|from| at.0.saturating_sub(from)) {
        Some(lag) => [1, i64::from(lag <= LAGS[0]), i64::from(lag <= LAGS[1]), i64::from(lag <= LAGS[2])],
        None => [0; 4],
    };
    let counts = Counts {
        count: 1,
        first: at.0,
        last: at.0,
        clinical: lag(fact.at.map(|range| range.latest.0)),
        recorded: lag(fact.recorded.map(|at| at.0)),
    };
    (Counted { source: source.clone(), code, unit: unit.to_owned(), sent, day: day_of(at) }, counts)
}

/// Writes what the commit counted.
pub(super) async fn write(tx: &mut impl Tx) -> Result<(), StoreError> {
    let counted = std::mem::take(&mut tx.group().usage);
    let lane = tx.group().counts.clone();
    for (Counted { source, code, unit, sent, day }, n) in counted {
        let ([timed, hour, whole_day, week], [recorded, recorded_hour, recorded_day, recorded_week]) =
            (n.clinical, n.recorded);
        tx.execute(
            "insert into usage (partition, lane, source, code, unit, sent, day, count, first, last,
               clinical, clinical_hour, clinical_day, clinical_week, recorded, recorded_hour, recorded_day, recorded_week)
             values (lane_part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             on conflict (partition, lane, source, code, unit, sent, day) do update set count = usage.count + excluded.count,
             last = case when excluded.last > usage.last then excluded.last else usage.last end, clinical = usage.clinical + excluded.clinical,
             clinical_hour = usage.clinical_hour + excluded.clinical_hour, clinical_day = usage.clinical_day + excluded.clinical_day,
             clinical_week = usage.clinical_week + excluded.clinical_week, recorded = usage.recorded + excluded.recorded,
             recorded_hour = usage.recorded_hour + excluded.recorded_hour, recorded_day = usage.recorded_day + excluded.recorded_day,
             recorded_week = usage.recorded_week + excluded.recorded_week",
            args![
                lane.as_str(), &*source, code, unit, sent, day, n.count, n.first, n.last,
                timed, hour, whole_day, week, recorded, recorded_hour, recorded_day, recorded_week
            ],
        )
        .await?;
    }
    Ok(())
}

impl Question for UsageList {
    type Answer = Vec<UsageRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        // What was counted before it was noted how units were sent stands with what was sent as UCUM.
        let rows = tx
            .query(
                "select u.source, c.system, c.word, u.unit, cast(sum(u.count) as bigint), min(u.first), max(u.last), case when u.sent = 2 then 1 else 0 end
                 from usage u join code c on c.code = u.code
                 where wide(u.partition) and (u.source = ?1 or ?1 is null)
                 group by u.source, u.code, c.system, c.word, u.unit, case when u.sent = 2 then 1 else 0 end
                 order by 5 desc, u.source, u.code, u.unit, 8",
                args![self.source.clone()],
            )
            .await?;
        rows.into_iter()
            .map(|mut r| {
                Ok(UsageRow {
                    source: r.text(0)?,
                    code: Coding::new(r.text(1)?, r.text(2)?),
                    unit: r.text(3)?,
                    word: r.int(7)? == 1,
                    count: r.int(4)?,
                    first: r.instant(5)?,
                    last: r.instant(6)?,
                })
            })
            .collect()
    }
}
