//! MeasureReport: how many of a trial are how far, how complete its visits are, and what was worked out for one person.
//!
//! Counts are of persons, under the purpose `count`, and small ones are masked. One person's is under the rules of all
//! that tells of a person.

use super::rendered::Rendered;
use super::shelf::Projected;
use super::verdict::Told;
use crate::flow::answer::Refusal;
use crate::flow::assess;
use crate::flow::desk::AtSite;
use crate::flow::gateway::Gateway;
use crate::flow::library::Active;
use crate::flow::outcomes::{Person, Question};
use crate::flow::own::{OwnAsk, OwnFound, OwnType, Owned};
use crate::flow::rehearsal::backtest::{withhold, withhold_steps};
use crate::flow::search::absent;
use crate::model::outcome::State;
use crate::model::purpose::Purpose;
use crate::model::standing::Status;
use crate::model::time::Instant;
use crate::publish::blinding::{Blinding, Open};
use crate::publish::figure::completeness::{Whole, completeness};
use crate::publish::measure::{self, Count, Kind, Report};
use crate::publish::study::study_id;
use crate::publish::task::Item;
use crate::publish::task_followed::followed;
use crate::store::*;
use crate::trial::definition::Trial;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// By what it is found.
const PARAMETERS: &[(&str, &str)] = &[("_id", "token"), ("measure", "uri"), ("status", "token")];

/// MeasureReport as it is served.
pub const MEASURE_REPORT: OwnType = OwnType {
    name: "MeasureReport",
    parameters: PARAMETERS,
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
type Visits = BTreeMap<(usize, usize), (String, u64, u64)>;

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
        let asked = self.asked_for(&projected, ask);
        let more = asked.len() > ask.count;
        let mut found = OwnFound::default();
        for (_, active, kind) in asked.into_iter().take(ask.count) {
            found.found.extend(self.counted(&projected, active, kind).await?.map(|r| r.owned));
        }
        found.next = found.found.last().filter(|_| more).map(|last| last.id.clone());
        Ok(found)
    }

    /// The reports of counts that fit, in order of id: what each is found by is known before anything is counted.
    fn asked_for<'p>(&self, projected: &'p Projected, ask: &OwnAsk) -> Vec<(String, &'p Active, Kind)> {
        let open = projected.trials().iter().filter(|active| ground(projected, active).is_some());
        let mut asked: Vec<_> = open
            .flat_map(|active| Kind::COUNTED.map(|kind| (active, kind)))
            .filter_map(|(active, kind)| Some((self.rendered(projected, active, kind, &[])?, active, kind)))
            .filter(|(blank, ..)| ask.from.as_ref().is_none_or(|from| blank.owned.id > *from))
            .filter(|(blank, ..)| blank.fits(ask, PARAMETERS, &[], &self.base))
            .map(|(blank, active, kind)| (blank.owned.id, active, kind))
            .collect();
        asked.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        asked
    }

    /// A report of these counts.
    fn rendered(&self, projected: &Projected, active: &Active, kind: Kind, counts: &[Count]) -> Option<Rendered> {
        let now = self.now();
        let report = Report { trial: &active.trial, base: &projected.base, kind, at: &now.to_string() };
        Rendered::definition(measure::report(&report, counts), now)
    }

    /// A report of counts; `None`: the site states no ground for them.
    async fn counted(&self, projected: &Projected, active: &Active, kind: Kind) -> Result<Option<Rendered>, Refusal> {
        let (Some(at_site), Some(library)) = (ground(projected, active), projected.library.clone()) else {
            return Ok(None);
        };
        let counts = match kind {
            Kind::Funnel => self.funnel(&active.trial.id).await?,
            _ => {
                let mut question = Question::of_now(library, at_site.clone(), &active.trial.id, self.now());
                // Visits of one row and number are the same visit only by one definition.
                question.definition = Some(active.trial.version);
                self.completeness(question, active.trial.clone()).await?
            }
        };
        Ok(self.rendered(projected, active, kind, &counts))
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

    async fn completeness(&self, question: Question, trial: Arc<Trial>) -> Result<Vec<Count>, Refusal> {
        let open = Open::to(&Blinding::of(&trial, false), &trial);
        let work = move |question: &Question, rows| visits_of(question, &trial, &open, rows);
        let mut sums = Visits::new();
        let add = |one: Visits| {
            for (at, (name, due, whole)) in one {
                let sum = sums.entry(at).or_insert((name, 0, 0));
                (sum.1, sum.2) = (sum.1 + due, sum.2 + whole);
            }
            ControlFlow::Continue(())
        };
        Arc::new(question).everybody(&self.store, true, work, add).await?;
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
        Ok(Rendered::as_it_stands(&body, now))
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
        if told.closed || !told.row.standing.status.is_followed() {
            return Ok(Vec::new());
        }
        let Some(person) = self.followed(told).await? else { return Ok(Vec::new()) };
        let library = told.projected.library.as_ref();
        let active = library.map_or(told.active, |l| l.judging(told.active, Some(&person.standing)));
        let Some(site) = told.at_site.site(&active.trial) else { return Ok(Vec::new()) };
        // Time alone makes a visit due or overdue, so what is told of it is as of now.
        let now = self.now();
        Ok(followed(&active.trial, &person.outcomes, &site.zone).into_iter().map(|item| (item, now)).collect())
    }
}

/// The site of a trial, where it states a ground for counts.
fn ground<'p>(projected: &'p Projected, active: &Active) -> Option<&'p AtSite> {
    projected.sites.get(&active.trial.id).filter(|s| s.purposes.contains(&Purpose::Count))
}

/// How these stand at each visit, by one definition and without what it hides.
fn visits_of(question: &Question, trial: &Trial, open: &Open, rows: Vec<FollowedRow>) -> Visits {
    let mut sums = Visits::new();
    let met: Vec<_> = rows.into_iter().filter_map(|row| question.met(row).ok()).collect();
    let all: Vec<_> = met.iter().map(|person| &person.outcomes).collect();
    for figure in completeness(trial, &all, |cell| open.shows(cell.outcome, cell.item)) {
        let schedule = trial.visits.get(figure.row).map_or("", |v| v.name.as_str());
        for (place, visit) in figure.visits.iter().enumerate() {
            for counts in figure.persons.iter().filter_map(|visits| visits.get(place).copied().flatten()) {
                let sum = sums.entry((figure.row, place)).or_insert_with(|| (format!("{schedule} {visit}"), 0, 0));
                sum.1 += u64::from(counts.wanted() > 0);
                sum.2 += u64::from(matches!(counts.whole(), Whole::Is(State::Captured | State::CapturedOutside)));
            }
        }
    }
    sums
}
