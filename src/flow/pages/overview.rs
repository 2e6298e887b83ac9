//! A trial in numbers: funnel, attrition, decidability, and what each reading would change. Counts leave the listing right only with small cells withheld.

use super::worklist::{Seen, Summaries, Summary, note};
use crate::flow::desk::Desk;
use crate::flow::library::Active;
use crate::flow::rehearsal::backtest::{Column, withhold, withhold_steps};
use crate::flow::rights::Reader;
use crate::model::purpose::Purpose;
use crate::publish::blinding::Blinding;
use crate::store::*;
use std::collections::BTreeMap;

/// A count, or `None`: withheld.
pub type Cell = Option<u64>;

/// The numbers.
#[derive(Debug)]
pub struct Overview {
    /// Nothing is withheld: the reader may list the persons.
    pub exact: bool,
    /// Everybody whom the trial counts, by status or by why they are not listed.
    pub tally: Vec<(String, Cell)>,
    /// Listed persons.
    pub listed: Cell,
    /// Listed persons by verdict: eligible, undetermined, ineligible.
    pub verdicts: [Cell; 3],
    /// The criteria.
    pub columns: Vec<Counted>,
    /// For each reading's alternative, persons eligible and undetermined under it; empty where small numbers could be worked out.
    pub readings: BTreeMap<(String, String), (u64, u64)>,
    /// There are more persons than were counted here.
    pub cut: bool,
    /// What this reader may not see.
    pub blind: Blinding,
}

/// One criterion's counts.
#[derive(Debug)]
pub struct Counted {
    /// Its id.
    pub id: String,
    /// Persons still in after it and all before it.
    pub left: Cell,
    /// Persons whom it alone keeps out.
    pub alone: Cell,
    /// True, false, unknown, not applicable.
    pub answers: [Cell; 4],
}

/// The numbers of a trial.
pub async fn look(
    desk: &Desk,
    summaries: &Summaries,
    reader: &Reader,
    active: &Active,
) -> Result<Seen<Overview>, StoreError> {
    let trial = &active.trial;
    if let Some(barred) = reader.barred(desk, trial, Purpose::Count) {
        return Ok(barred);
    }
    let exact = reader.may(desk, trial, Purpose::List);
    let blind = Blinding::of(trial, reader.is_unblinded(desk, trial));
    let (all, cut) = summaries.of(desk, &trial.id).await?;
    note(desk, reader, Purpose::Count, format!("trial {}", trial.id), None).await?;
    let mut sums = Sums::new(trial.criteria.iter().map(|c| c.id.as_str()));
    all.iter().for_each(|(_, summary)| sums.add(summary));
    let tally = desk.store().read(TallyOf { trial: trial.id.clone() }).await?;
    Ok(Seen::Yes(sums.shown(exact, &tally, blind, cut)))
}

/// Sums over persons.
struct Sums {
    verdicts: [u64; 3],
    columns: Vec<Column>,
    readings: BTreeMap<(String, String), (u64, u64)>,
}

impl Sums {
    fn new<'a>(criteria: impl Iterator<Item = &'a str>) -> Self {
        let columns = criteria.map(|id| Column { id: id.to_owned(), ..Column::default() }).collect();
        Self { verdicts: [0; 3], columns, readings: BTreeMap::new() }
    }

    fn add(&mut self, summary: &Summary) {
        self.verdicts[place(&summary.overall)] += 1;
        let mut still_in = true;
        for column in &mut self.columns {
            let Some(found) = summary.criteria.iter().find(|c| c.id == column.id) else { continue };
            let answer = ["true", "false", "unknown"].iter().position(|w| *w == found.result).unwrap_or(3);
            column.answers[answer] += 1;
            still_in &= answer != usize::from(found.kind != "exclusion");
            column.left += u64::from(still_in);
            let near = summary.near_miss.as_ref().filter(|_| summary.overall == "ineligible");
            column.alone += u64::from(near.is_some_and(|n| n.criterion == column.id));
        }
        for (name, alternatives) in &summary.readings {
            for (word, verdict) in alternatives {
                let sum = self.readings.entry((name.clone(), word.clone())).or_default();
                sum.0 += u64::from(verdict == "eligible");
                sum.1 += u64::from(verdict == "undetermined");
            }
        }
    }

    fn shown(self, exact: bool, tally: &[(String, i64)], blind: Blinding, cut: bool) -> Overview {
        let cells = |counts: &[u64]| -> Vec<Cell> {
            if exact { counts.iter().copied().map(Some).collect() } else { withhold(counts) }
        };
        let listed: u64 = self.verdicts.iter().sum();
        let left: Vec<u64> = self.columns.iter().map(|c| c.left).collect();
        let left = if exact { cells(&left) } else { withhold_steps(listed, &left) };
        let alone = cells(&self.columns.iter().map(|c| c.alone).collect::<Vec<_>>());
        let four = |counts: &[u64; 4]| <[Cell; 4]>::try_from(cells(counts)).unwrap_or([None; 4]);
        let columns = self.columns.iter().zip(left).zip(alone).map(|((column, left), alone)| Counted {
            id: column.id.clone(),
            left,
            alone,
            answers: four(&column.answers),
        });
        let numbers: Vec<u64> = tally.iter().map(|(_, n)| u64::try_from(*n).unwrap_or(0)).collect();
        Overview {
            exact,
            tally: tally.iter().map(|(word, _)| word.clone()).zip(cells(&numbers)).collect(),
            listed: cells(&[listed]).first().copied().flatten(),
            verdicts: <[Cell; 3]>::try_from(cells(&self.verdicts)).unwrap_or([None; 3]),
            columns: columns.collect(),
            // Two alternatives that differ by one person would name them.
            readings: if exact { self.readings } else { BTreeMap::new() },
            cut,
            blind,
        }
    }
}

fn place(verdict: &str) -> usize {
    ["eligible", "undetermined", "ineligible"].iter().position(|w| *w == verdict).unwrap_or(1)
}
