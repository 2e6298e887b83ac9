//! A definition on the stored history: funnel, attrition, decidability, near misses. Streams; nothing is kept.

use crate::evaluate::{Choice, Moment, evaluate};
use crate::flow::everyone;
use crate::model::assessment::{Assessment, Considered, CriterionResult, Overall};
use crate::model::key::PersonKey;
use crate::model::terms::TermsBySource;
use crate::model::time::Instant;
use crate::model::truth::Truth;
use crate::normalize::{Plan, normalize};
use crate::store::*;
use crate::trial::definition::{Site, Trial};
use crate::trial::expression::tree::{Expr, Kind, Name};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Counts of people from 1 to one less than this are withheld.
pub const SMALL_CELL: u64 = 11;
/// Why a person who objected is not looked at: it is asked before any criterion.
const OBJECTED: &str = "objected to research";

/// A definition, ready to be asked about everybody in a store.
pub struct Question {
    /// The definition.
    pub trial: Arc<Trial>,
    /// How facts are read.
    pub plan: Plan,
    /// The chosen alternative of each reading.
    pub choice: Choice,
    /// The site.
    pub site: Site,
    /// The moment asked about.
    pub as_of: Instant,
}

impl Question {
    /// The definition at its first site, with readings other than the default by name.
    pub fn new(
        trial: Arc<Trial>,
        terms: &TermsBySource,
        chosen: &BTreeMap<String, String>,
        as_of: impl FnOnce(&Site) -> Result<Instant, String>,
    ) -> Result<Self, String> {
        let site = trial.study.sites.first().ok_or("the definition names no site")?.clone();
        let choice = Choice::of(&trial, chosen)?;
        Ok(Self { plan: Plan::new(&trial, terms), choice, as_of: as_of(&site)?, site, trial })
    }

    /// The verdict about one person; `None`: they objected, so nothing is asked about them.
    pub fn assess(&self, record: &Record) -> Option<Assessment> {
        if record.state.objected {
            return None;
        }
        let readings = normalize(&self.plan, &record.facts, &self.site.zone);
        let moment = Moment { now: self.as_of, site: &self.site };
        Some(evaluate(&self.trial, &readings, &record.facts, &moment, &self.choice))
    }
}

/// One criterion over all considered persons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its id.
    pub id: String,
    /// An exclusion.
    pub exclusion: bool,
    /// Nobody is eligible without it; else it is one of several ways, and only the combination keeps people out.
    pub required: bool,
    /// Persons still in after this criterion and all before it, in the order of the protocol.
    pub left: u64,
    /// Persons whom it alone keeps out.
    pub alone: u64,
    /// Answers: true, false, unknown, not applicable.
    pub answers: [u64; 4],
}

impl Column {
    /// Persons whom it keeps out, whatever the others say.
    pub fn out(&self) -> u64 {
        self.answers[usize::from(!self.exclusion)]
    }
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
}

impl Backtest {
    /// No one yet.
    pub fn new(trial: &Trial, choice: &Choice) -> Self {
        let required = required(trial, choice);
        let column = |(i, c): (usize, &crate::trial::definition::Criterion)| Column {
            id: c.id.clone(),
            exclusion: c.exclusion,
            required: c.exclusion || required.as_ref().is_none_or(|r| r.contains(&i)),
            ..Column::default()
        };
        Self { columns: trial.criteria.iter().enumerate().map(column).collect(), ..Self::default() }
    }

    /// Considered persons.
    pub fn considered(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// Counts one person; `None`: they objected.
    pub fn add(&mut self, assessment: Option<&Assessment>) {
        self.persons += 1;
        let Some(assessment) = assessment else { return bump(&mut self.not_considered, OBJECTED.into()) };
        match assessment.considered {
            Considered::Yes => {}
            Considered::No => return bump(&mut self.not_considered, "no".into()),
            Considered::Unknown(reason) => return bump(&mut self.not_considered, reason.words().into()),
        }
        *self.verdicts.entry(assessment.overall.word()).or_default() += 1;
        let mut still_in = true;
        for (column, finding) in self.columns.iter_mut().zip(&assessment.criteria) {
            let answer = match finding.result {
                CriterionResult::Is(Truth::True) => 0,
                CriterionResult::Is(Truth::False) => 1,
                CriterionResult::Is(Truth::Unknown) => 2,
                CriterionResult::NotApplicable => 3,
            };
            column.answers[answer] += 1;
            still_in &= !column.required || answer != usize::from(!column.exclusion);
            column.left += u64::from(still_in);
        }
        if assessment.overall == Overall::Ineligible
            && let Some(near) = &assessment.near_miss
        {
            bump(&mut self.near, near.criterion.clone());
            if let Some(column) = self.columns.iter_mut().find(|c| c.id == near.criterion) {
                column.alone += 1;
            }
        }
    }

    /// Adds what was counted elsewhere.
    fn join(&mut self, other: &Self) {
        self.persons += other.persons;
        for (word, n) in &other.not_considered {
            *self.not_considered.entry(word.clone()).or_default() += n;
        }
        for (word, n) in &other.verdicts {
            *self.verdicts.entry(word).or_default() += n;
        }
        for (id, n) in &other.near {
            *self.near.entry(id.clone()).or_default() += n;
        }
        for (column, theirs) in self.columns.iter_mut().zip(&other.columns) {
            column.left += theirs.left;
            column.alone += theirs.alone;
            column.answers.iter_mut().zip(theirs.answers).for_each(|(sum, n)| *sum += n);
        }
    }
}

/// The inclusions without which nobody is eligible; `None`: all of them.
fn required(trial: &Trial, choice: &Choice) -> Option<HashSet<usize>> {
    fn collect<'t>(trial: &'t Trial, choice: &Choice, e: &'t Expr, found: &mut HashSet<usize>) {
        match &e.kind {
            Kind::And(parts) => parts.iter().for_each(|part| collect(trial, choice, part, found)),
            Kind::Name(Name::Criterion(i)) => drop(found.insert(*i)),
            Kind::Name(Name::Reading(r)) => {
                let chosen = trial.readings.get(*r).zip(choice.0.get(*r));
                if let Some((_, e)) = chosen.and_then(|(reading, place)| reading.alternatives.get(*place)) {
                    collect(trial, choice, e, found);
                }
            }
            _ => {}
        }
    }
    let included = trial.included.as_ref()?;
    let mut found = HashSet::new();
    collect(trial, choice, included, &mut found);
    Some(found)
}

/// Asks about every person of a store, on every core. `each` hears of considered persons in order of key, when `keep`
/// says so; `progress` hears how many are done. No more is held than a few chunks.
pub async fn run(
    store: &Store,
    question: &Arc<Question>,
    keep: bool,
    mut each: impl FnMut(PersonKey, &Assessment),
    mut progress: impl FnMut(u64),
) -> Result<Backtest, StoreError> {
    let mut sum = Backtest::new(&question.trial, &question.choice);
    let asked = question.clone();
    let work: everyone::Work<_> = Arc::new(move |records| {
        let mut sum = Backtest::new(&asked.trial, &asked.choice);
        let mut kept = Vec::new();
        for record in records {
            let assessment = asked.assess(record);
            sum.add(assessment.as_ref());
            kept.extend(assessment.filter(|a| keep && a.considered == Considered::Yes).map(|a| (record.person, a)));
        }
        (sum, kept)
    });
    let mut hear = |(counted, persons): (Backtest, Vec<(PersonKey, Assessment)>)| {
        sum.join(&counted);
        persons.iter().for_each(|(person, assessment)| each(*person, assessment));
        progress(sum.persons);
    };
    everyone::ask(store, work, &mut hear).await?;
    Ok(sum)
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
