//! Medians, quartiles and times to an event, exact: rationals in, rationals out.

use crate::model::number::Number;

/// Five numbers and how many they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// The least.
    pub least: Number,
    /// The first quartile.
    pub lower: Number,
    /// The median.
    pub median: Number,
    /// The third quartile.
    pub upper: Number,
    /// The greatest.
    pub most: Number,
}

/// The summary; `None` of nothing.
pub fn summary(values: &[Number]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    sorted.sort();
    Some(Summary {
        count: sorted.len(),
        least: sorted.first()?.clone(),
        lower: quantile(&sorted, 1, 4)?,
        median: quantile(&sorted, 1, 2)?,
        upper: quantile(&sorted, 3, 4)?,
        most: sorted.last()?.clone(),
    })
}

/// The quantile `part / whole` of sorted values: the least value with at least that share at or below it, and, where a
/// value has exactly that share, the mean of it and the next (definition 2 of Hyndman and Fan 1996).
pub fn quantile(sorted: &[Number], part: usize, whole: usize) -> Option<Number> {
    let (place, rest) = (sorted.len() * part / whole, sorted.len() * part % whole);
    if rest > 0 {
        return sorted.get(place).cloned();
    }
    let last = sorted.len().checked_sub(1)?;
    let below = sorted.get(place.saturating_sub(1))?;
    let sum = below + sorted.get(place.min(last))?;
    sum.checked_div(&Number::from(2))
}

/// One person's time to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Whole days from the start.
    pub days: i64,
    /// It happened then; else it had not happened up to then.
    pub event: bool,
}

/// One day on which the share without an event falls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fall {
    /// Whole days from the start.
    pub days: i64,
    /// Persons who were still followed on that day, those who left on it with them.
    pub at_risk: usize,
    /// Persons to whom it happened on that day.
    pub events: usize,
    /// The share without an event from that day on.
    pub share: Number,
}

/// The share without an event over time, as Kaplan and Meier (1958) estimate it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survival {
    /// Persons in it.
    pub persons: usize,
    /// Persons to whom it happened.
    pub events: usize,
    /// Where it falls, in order of days.
    pub falls: Vec<Fall>,
    /// Days on which persons left without an event, in order, with repetition.
    pub censored: Vec<i64>,
    times: Vec<i64>,
}

impl Survival {
    /// The curve. Whoever left on the day of an event was still followed when it happened.
    pub fn of(persons: &[Followed]) -> Self {
        let mut times: Vec<i64> = persons.iter().map(|p| p.days).collect();
        times.sort_unstable();
        let mut days: Vec<i64> = persons.iter().filter(|p| p.event).map(|p| p.days).collect();
        days.sort_unstable();
        let all = days.len();
        days.dedup();
        let mut censored: Vec<i64> = persons.iter().filter(|p| !p.event).map(|p| p.days).collect();
        censored.sort_unstable();
        let mut curve = Self { persons: persons.len(), events: all, falls: Vec::new(), censored, times };
        let mut share = Number::ONE;
        for day in days {
            let at_risk = curve.at_risk(day);
            let events = persons.iter().filter(|p| p.event && p.days == day).count();
            let left = Number::ratio(whole(at_risk - events), whole(at_risk)).unwrap_or(Number::ZERO);
            share = &share * &left;
            curve.falls.push(Fall { days: day, at_risk, events, share: share.clone() });
        }
        curve
    }

    /// Persons who are still followed on that day.
    pub fn at_risk(&self, day: i64) -> usize {
        self.times.len() - self.times.partition_point(|t| *t < day)
    }

    /// The share without an event on that day.
    pub fn share(&self, day: i64) -> Number {
        let place = self.falls.partition_point(|f| f.days <= day);
        place.checked_sub(1).and_then(|i| self.falls.get(i)).map_or(Number::ONE, |f| f.share.clone())
    }

    /// The first day on which at most half are without an event; `None`: it did not come so far.
    pub fn median(&self) -> Option<i64> {
        let half = Number::decimal(5, -1);
        self.falls.iter().find(|f| f.share <= half).map(|f| f.days)
    }

    /// The last day on which anybody was followed.
    pub fn last(&self) -> i64 {
        self.times.last().copied().unwrap_or(0)
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
