//! MeasureReport: how many of a trial are how far, how complete its visits are, and what was worked out for one person.
//!
//! Counts are of persons, under the purpose `count`, and small ones are masked. One person's is under the rules of all
//! that tells of a person.

use super::rendered::Rendered;
use super::shelf::Projected;
use super::verdict::Told;
use crate::flow::answer::Refusal;
use crate::flow::assess;
use crate::flow::backtest::{withhold, withhold_steps};
use crate::flow::gateway::Gateway;
use crate::flow::library::Active;
use crate::flow::outcomes::{Person, Question};
use crate::flow::own::{OwnAsk, OwnFound, OwnType, Owned};
use crate::flow::search::absent;
use crate::model::outcome::State;
use crate::model::purpose::Purpose;
use crate::model::standing::Status;
use crate::model::time::Instant;
use crate::publish::blinding::{Blinding, Open};
use crate::publish::measure::{self, Count, Kind, Report};
use crate::publish::study::study_id;
use crate::publish::task::Item;
use crate::publish::task_followed::followed;
use crate::store::*;
use crate::trial::outcome::Measured;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// MeasureReport as it is served.
pub const MEASURE_REPORT: OwnType = OwnType {
    name: "MeasureReport",
    parameters: &[("_id", "token"), ("measure", "uri"), ("status", "token")],
    personal: true,
    read: |gateway, id| Box::pin(gateway.measure_report(id)),
    find: |gateway, ask| Box::pin(gateway.measure_reports(ask)),
    versions: None,
};

/// The steps of the funnel, each with the statuses of those who came so far.
const STEPS: [(&str, &[Status]); 4] = [
    ("listed", &Status::ALL),
    (
        "consented",
        &[
            Status::Screening,
            Status::Eligible,
            Status::PendingOnStudy,
            Status::OnStudy,
            Status::OnStudyIntervention,
            Status::OnStudyObservation,
            Status::FollowUp,
            Status::OffStudy,
            Status::Withdrawn,
        ],
    ),
    (
        "eligible",
        &[
            Status::Eligible,
            Status::PendingOnStudy,
            Status::OnStudy,
            Status::OnStudyIntervention,
            Status::OnStudyObservation,
            Status::FollowUp,
            Status::OffStudy,
        ],
    ),
    (
        "registered",
        &[Status::OnStudy, Status::OnStudyIntervention, Status::OnStudyObservation, Status::FollowUp, Status::OffStudy],
    ),
];

/// Persons by visit, in the order of rows and visits: those of whom anything is due by now, and those of whom all is there.
type Visits = BTreeMap<(usize, u32), (String, u64, u64)>;

impl Gateway {
    async fn measure_report(&self, id: &str) -> Result<Owned, Refusal> {
        let projected = self.projected();
        for active in projected.trials() {
            let study = study_id(&active.trial.id);
            let kind = Kind::COUNTED.into_iter().find(|kind| id == format!("{study}-{}", kind.word()));
            if let Some(kind) = kind {
                let counted = self.counted(&projected, active, kind).await?;
                return counted.map(|r| r.owned).ok_or_else(|| absent(false));
            }
        }
        self.of_one(&projected, id).await?.map(|r| r.owned).ok_or_else(|| absent(false))
    }

    /// Those of counts; one person's is read by its id.
    async fn measure_reports(&self, ask: &OwnAsk) -> Result<OwnFound, Refusal> {
        let projected = self.projected();
        let mut found = Vec::new();
        for active in projected.trials() {
            for kind in Kind::COUNTED {
                let id = format!("{}-{}", study_id(&active.trial.id), kind.word());
                if ask.from.as_ref().is_none_or(|from| id > *from) {
                    found.extend(self.counted(&projected, active, kind).await?);
                }
            }
        }
        let parameters = MEASURE_REPORT.parameters;
        let mut found: Vec<Owned> =
            found.into_iter().filter(|r| r.fits(ask, parameters, &[], &self.base)).map(|r| r.owned).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        let more = found.len() > ask.count;
        found.truncate(ask.count);
        let next = found.last().filter(|_| more).map(|last| last.id.clone());
        Ok(OwnFound { found, next, ..OwnFound::default() })
    }

    /// A report of counts; `None`: the site states no ground for them.
    async fn counted(&self, projected: &Projected, active: &Active, kind: Kind) -> Result<Option<Rendered>, Refusal> {
        let Some(at_site) = projected.sites.get(&active.trial.id).filter(|s| s.purposes.contains(&Purpose::Count))
        else {
            return Ok(None);
        };
        let now = self.now();
        let counts = match kind {
            Kind::Funnel => self.funnel(&active.trial.id).await?,
            _ => {
                let Some(library) = projected.library.clone() else { return Ok(None) };
                let question = Question::of_now(library, at_site.clone(), &active.trial.id, now);
                self.completeness(question).await?
            }
        };
        let report = Report { trial: &active.trial, base: &projected.base, kind, at: &now.to_string() };
        Ok(Rendered::definition(measure::report(&report, &counts), now))
    }

    async fn funnel(&self, trial: &str) -> Result<Vec<Count>, Refusal> {
        let tally = self.store.read(TallyOf { trial: trial.to_owned() }).await?;
        let of = |statuses: &[Status]| {
            let counted =
                tally.iter().filter(|(word, _)| Status::from_code(word).is_some_and(|s| statuses.contains(&s)));
            counted.map(|(_, n)| u64::try_from(*n).unwrap_or(0)).sum::<u64>()
        };
        let counts: Vec<u64> = STEPS.iter().map(|(_, statuses)| of(statuses)).collect();
        let shown = withhold_steps(counts.first().copied().unwrap_or(0), &counts);
        Ok(STEPS.iter().zip(shown).map(|((word, _), n)| Count { word: (*word).to_owned(), persons: n }).collect())
    }

    async fn completeness(&self, question: Question) -> Result<Vec<Count>, Refusal> {
        let mut sums = Visits::new();
        let add = |one: Visits| {
            for (at, (name, due, whole)) in one {
                let sum = sums.entry(at).or_insert((name, 0, 0));
                (sum.1, sum.2) = (sum.1 + due, sum.2 + whole);
            }
            ControlFlow::Continue(())
        };
        Arc::new(question).everybody(&self.store, true, visits_of, add).await?;
        let mut counts = Vec::new();
        for (name, due, whole) in sums.into_values() {
            // Who is whole and who is not sum to who is due.
            let shown = withhold(&[whole, due - whole]);
            let total = shown.iter().copied().sum::<Option<u64>>();
            counts.push(Count { word: format!("{name}: due"), persons: total });
            counts.push(Count { word: format!("{name}: complete"), persons: shown.first().copied().flatten() });
        }
        Ok(counts)
    }

    /// What was worked out for the person of a subject.
    async fn of_one(&self, projected: &Projected, id: &str) -> Result<Option<Rendered>, Refusal> {
        let Some(row) = self.store.read(SubjectById { id: id.to_owned() }).await? else { return Ok(None) };
        let Some(active) = projected.active(&row.subject.trial) else { return Ok(None) };
        let Some(told) = self.told(projected, active, &row).await? else { return Ok(None) };
        let Some(person) = self.followed(&told).await? else { return Ok(None) };
        let now = self.now();
        let names =
            if told.named { assess::source_names(&self.store, &person.record).await? } else { Default::default() };
        let judging = projected.library.as_ref().map_or(active, |l| l.judging(active, Some(&person.standing)));
        let open = Open::to(&Blinding::of(&judging.trial, false), &judging.trial);
        let source = |fact: usize| {
            let fact = person.record.facts.get(fact)?;
            self.version_of(names.get(&fact.item)?)
        };
        let report =
            Report { trial: &judging.trial, base: &projected.base, kind: Kind::Outcomes, at: &now.to_string() };
        let body = measure::individual_report(&report, id, &told.individual, &person.outcomes, &open, &source);
        let learned = person.record.facts.iter().map(|f| f.known).max().unwrap_or(person.standing.at);
        Ok(Rendered::personal(&body, 1, learned))
    }

    /// One person of the trial, where they are followed and nothing closes them.
    async fn followed(&self, told: &Told<'_>) -> Result<Option<Box<Person>>, Refusal> {
        let registered = told.row.standing.evidence.registered.is_some();
        let Some(library) = told.projected.library.clone().filter(|_| registered) else { return Ok(None) };
        let question = Question::of_now(library, told.at_site.clone(), &told.active.trial.id, self.now());
        let found = question.one(&self.store, told.row.subject.person).await?.ok();
        Ok(found.filter(|p| p.subject.id == told.row.subject.id))
    }

    /// Visits that are due and grades to be judged, while somebody is on study.
    pub(super) async fn following(&self, told: &Told<'_>) -> Result<Vec<(Item, Instant)>, Refusal> {
        let status = told.row.standing.status;
        if told.closed || !(status.is_on_study() || status == Status::FollowUp) {
            return Ok(Vec::new());
        }
        let Some(person) = self.followed(told).await? else { return Ok(Vec::new()) };
        let library = told.projected.library.as_ref();
        let active = library.map_or(told.active, |l| l.judging(told.active, Some(&person.standing)));
        let Some(site) = told.at_site.site(&active.trial) else { return Ok(Vec::new()) };
        let at = person.record.facts.iter().map(|f| f.known).max().unwrap_or(person.standing.at);
        Ok(followed(&active.trial, &person.outcomes, &site.zone).into_iter().map(|item| (item, at)).collect())
    }
}

fn visits_of(question: &Question, rows: Vec<FollowedRow>) -> Visits {
    let mut sums = Visits::new();
    for person in rows.into_iter().filter_map(|row| question.met(row).ok()) {
        for (at, (name, states)) in states(question, &person) {
            let due = states.iter().any(|s| !matches!(s, State::NotDue | State::NotApplicable | State::Ended));
            let there = |s: &State| matches!(s, State::Captured | State::CapturedOutside | State::NotApplicable);
            let sum = sums.entry(at).or_insert((name, 0, 0));
            sum.1 += u64::from(due);
            sum.2 += u64::from(due && states.iter().all(there));
        }
    }
    sums
}

/// The states of all items of each visit, the baseline among them.
fn states(question: &Question, person: &Person) -> BTreeMap<(usize, u32), (String, Vec<State>)> {
    let mut found: BTreeMap<(usize, u32), (String, Vec<State>)> = BTreeMap::new();
    let Some(active) = question.judging(&person.standing) else { return found };
    for cell in &person.outcomes.cells {
        let row = active.trial.outcomes.get(cell.outcome).and_then(|outcome| match &outcome.measured {
            Measured::AtVisits { row, .. } => Some(*row),
            Measured::ToEvent { .. } => None,
        });
        let visit = row.and_then(|row| Some((row, person.outcomes.visits.get(row)?.get(cell.visit)?)));
        let Some((row, visit)) = visit else { continue };
        let schedule = active.trial.visits.get(row).map_or("", |v| v.name.as_str());
        let entry =
            found.entry((row, visit.number)).or_insert_with(|| (format!("{schedule} {}", visit.name), Vec::new()));
        entry.1.push(cell.state);
    }
    found
}
