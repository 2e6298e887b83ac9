//! A definition on the stored history: funnel, attrition, decidability, near misses. Streams; nothing is kept.

use super::rehearse::Rehearsal;
use crate::model::assessment::{Assessment, Considered, CriterionResult, Overall};
use crate::model::key::PersonKey;
use crate::model::time::Instant;
use crate::model::truth::Truth;
use crate::store::*;
use crate::trial::definition::{Site, Trial};
use std::collections::{BTreeMap, HashMap};

/// Persons read at once.
pub const CHUNK: usize = 256;
/// Counts of people from 1 to one less than this are withheld.
pub const SMALL_CELL: u64 = 11;

/// One criterion over all considered persons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its id.
    pub id: String,
    /// Persons still in after this criterion and all before it, in the order of the protocol.
    pub left: u64,
    /// Persons whom it alone keeps out.
    pub alone: u64,
    /// Answers: true, false, unknown, not applicable.
    pub answers: [u64; 4],
}

/// The whole answer.
#[derive(Debug, Clone, Default)]
pub struct Backtest {
    /// Persons in the store.
    pub persons: u64,
    /// Persons not looked at, by reason.
    pub not_considered: BTreeMap<String, u64>,
    /// Considered persons by verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// The criteria.
    pub columns: Vec<Column>,
    /// Persons one criterion away, by criterion.
    pub near: BTreeMap<String, u64>,
    /// Assessments, when asked for.
    pub assessments: Vec<(PersonKey, Assessment)>,
}

/// Runs a rehearsal over every person of a store. `progress` hears how many are done.
pub async fn run(
    store: &Store,
    trial: &Trial,
    rehearsal: &Rehearsal<'_>,
    site: &Site,
    as_of: Instant,
    keep: bool,
    mut progress: impl FnMut(u64),
) -> Result<Backtest, StoreError> {
    let mut sum = Backtest {
        columns: trial.criteria.iter().map(|c| Column { id: c.id.clone(), ..Column::default() }).collect(),
        ..Backtest::default()
    };
    let mut after = None;
    loop {
        let persons = store.read(PersonsAll { after, count: CHUNK }).await?;
        let Some(last) = persons.last() else { break };
        after = Some(*last);
        for person in &persons {
            let record = store.read(ReadPerson { person: *person, known: KnownAt::Now, codes: None }).await?;
            let assessment = rehearsal.assess(&record.facts, &HashMap::new(), site, as_of);
            add(&mut sum, trial, &assessment);
            if keep && assessment.considered == Considered::Yes {
                sum.assessments.push((*person, assessment));
            }
        }
        progress(sum.persons);
    }
    Ok(sum)
}

/// Counts one person.
pub fn add(sum: &mut Backtest, trial: &Trial, assessment: &Assessment) {
    sum.persons += 1;
    match assessment.considered {
        Considered::Yes => {}
        Considered::No => return bump(&mut sum.not_considered, "no".into()),
        Considered::Unknown(reason) => return bump(&mut sum.not_considered, reason.words().into()),
    }
    *sum.verdicts.entry(assessment.overall.word()).or_default() += 1;
    let mut still_in = true;
    for (column, finding) in sum.columns.iter_mut().zip(&assessment.criteria) {
        let answer = match finding.result {
            CriterionResult::Is(Truth::True) => 0,
            CriterionResult::Is(Truth::False) => 1,
            CriterionResult::Is(Truth::Unknown) => 2,
            CriterionResult::NotApplicable => 3,
        };
        column.answers[answer] += 1;
        still_in &= answer != usize::from(!finding.exclusion);
        column.left += u64::from(still_in);
    }
    if assessment.overall == Overall::Ineligible
        && let Some(near) = &assessment.near_miss
    {
        bump(&mut sum.near, near.criterion.clone());
        if let Some(column) = trial.criteria.iter().position(|c| c.id == near.criterion) {
            sum.columns[column].alone += 1;
        }
    }
}

fn bump(counts: &mut BTreeMap<String, u64>, word: String) {
    *counts.entry(word).or_default() += 1;
}

/// A table of counts that sum to a total that is shown elsewhere: small cells are withheld, and one
/// more where a single withheld cell could be worked out from the total. `None`: withheld.
pub fn withhold(counts: &[u64]) -> Vec<Option<u64>> {
    let small = |n: u64| (1..SMALL_CELL).contains(&n);
    let mut shown: Vec<Option<u64>> = counts.iter().map(|n| (!small(*n)).then_some(*n)).collect();
    let hidden: u64 = counts.iter().filter(|n| small(**n)).sum();
    let count = counts.iter().filter(|n| small(**n)).count();
    if count == 1 || (count > 1 && hidden < SMALL_CELL) {
        // The least of the larger cells joins, so that neither can be told from the total.
        let next = (0..counts.len()).filter(|i| shown[*i].is_some_and(|n| n > 0)).min_by_key(|i| counts[*i]);
        if let Some(next) = next {
            shown[next] = None;
        }
    }
    shown
}

/// A falling row of counts: a step of less than [`SMALL_CELL`] would name few people, so its lower end is withheld.
pub fn withhold_steps(total: u64, counts: &[u64]) -> Vec<Option<u64>> {
    let mut last = total;
    let mut show = |n: u64| {
        let step = last.saturating_sub(n);
        let small = (1..SMALL_CELL).contains(&step) || (1..SMALL_CELL).contains(&n);
        (!small).then(|| {
            last = n;
            n
        })
    };
    counts.iter().map(|n| show(*n)).collect()
}
