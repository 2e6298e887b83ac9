//! ResearchSubject as the gateway serves it: rendered from standings, never stored.

use super::answer::Refusal;
use super::gateway::Gateway;
use super::own::{OwnAsk, OwnFound, OwnType, Owned};
use super::research::Study;
use super::search::{Date, Token, absent};
use crate::model::capabilities::{Capabilities, Publish};
use crate::model::key::PersonKey;
use crate::model::parcel::Action;
use crate::model::standing::Standing;
use crate::model::time::{Instant, TimeRange, Zone};
use crate::publish::study::{Reader, research_study, study_id};
use crate::publish::subject::{Individual, Target, TargetKind, identifier_system, parcel};
use crate::store::{PersonOf, Standings, SubjectById, SubjectRow, SubjectsOf};
use crate::trial::definition::Trial;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// ResearchSubject as it is served.
pub const SUBJECT: OwnType = OwnType {
    name: "ResearchSubject",
    parameters: &[
        ("_id", "token"),
        ("_lastUpdated", "date"),
        ("identifier", "token"),
        ("study", "reference"),
        ("status", "token"),
        ("patient", "reference"),
        ("individual", "reference"),
    ],
    personal: true,
    read: |gateway, id| Box::pin(gateway.research_subject(id)),
    find: |gateway, ask| Box::pin(gateway.research_subjects(ask)),
    versions: Some(|gateway, id| Box::pin(gateway.subject_versions(id))),
};

/// The code system of `ResearchSubject.status`.
const STATUSES: &str = "http://hl7.org/fhir/research-subject-status";
/// Subjects read from the store at once.
const STEP: usize = 200;

/// The trials whose subjects are served, and the base of their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    base: String,
    trials: Vec<Arc<Trial>>,
}

/// Where a walk goes on: trial by place, then the last person and attempt.
#[derive(Clone, Copy)]
struct Place {
    trial: usize,
    after: Option<(PersonKey, i64)>,
}

impl Gateway {
    /// Serves ResearchStudy and ResearchSubject of these trials; `base` is that of the gateway's names.
    pub fn show_trials(&self, trials: Vec<Arc<Trial>>, base: &str) {
        let mut studies = BTreeMap::new();
        for trial in &trials {
            let id = study_id(&trial.id);
            let body = with_meta(&research_study(trial, Reader::Client), i64::from(trial.version), None);
            let owned =
                Owned { id: id.clone(), version: i64::from(trial.version), known: self.now(), body: body.into() };
            let mut identifiers = vec![(trial.study.registry.clone(), trial.id.clone())];
            identifiers.extend(trial.study.other_ids.iter().cloned());
            studies.insert(id, Study { owned, identifiers });
        }
        self.set_studies(studies);
        let shown = Shown { base: base.to_owned(), trials };
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shown);
    }

    fn shown(&self) -> Arc<Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ResearchSubject of that id: 404 when there is none, 410 when it was taken back.
    async fn research_subject(&self, id: &str) -> Result<Owned, Refusal> {
        let row = self.store.read(SubjectById { id: id.to_owned() }).await?.ok_or_else(|| absent(false))?;
        if row.standing.removed {
            return Err(absent(true));
        }
        let shown = self.shown();
        let trial = shown.trials.iter().find(|t| t.id == row.subject.trial).ok_or_else(|| absent(false))?;
        shown.render(trial, &row).ok_or_else(|| absent(false))
    }

    /// Every version that was ever shown, newest first. What was taken back is shown no longer, in no version.
    async fn subject_versions(&self, id: &str) -> Result<Vec<Owned>, Refusal> {
        let row = self.store.read(SubjectById { id: id.to_owned() }).await?.ok_or_else(|| absent(false))?;
        if row.standing.removed {
            return Err(absent(true));
        }
        let shown = self.shown();
        let trial = shown.trials.iter().find(|t| t.id == row.subject.trial).ok_or_else(|| absent(false))?;
        let all = self.store.read(Standings { person: row.subject.person }).await?;
        let of_this = |s: &Standing| s.trial == row.subject.trial && s.attempt == row.subject.attempt;
        let then = |standing| SubjectRow { subject: row.subject.clone(), standing };
        let mut versions: Vec<Owned> =
            all.into_iter().filter(of_this).filter_map(|s| shown.render(trial, &then(s))).collect();
        versions.sort_by_key(|v| std::cmp::Reverse(v.version));
        if versions.is_empty() { Err(absent(false)) } else { Ok(versions) }
    }

    /// ResearchSubjects in the order of their keys, so that each is met once while others are written.
    async fn research_subjects(&self, ask: &OwnAsk) -> Result<OwnFound, Refusal> {
        let start = ask.from.as_deref().map_or(Ok(Place { trial: 0, after: None }), place_of)?;
        let shown = self.shown();
        let wanted = Wanted::read(ask, self.now())?;
        let (found, next) = self.walk(&shown, ask, &wanted, start).await?;
        Ok(OwnFound { found, next: next.map(words_of), ..OwnFound::default() })
    }

    async fn walk(
        &self,
        shown: &Shown,
        asked: &OwnAsk,
        wanted: &Wanted,
        start: Place,
    ) -> Result<(Vec<Owned>, Option<Place>), Refusal> {
        let persons = self.persons(asked).await?;
        let mut found = Vec::new();
        let mut place = start;
        while let Some(trial) = shown.trials.get(place.trial) {
            let ask = SubjectsOf { trial: trial.id.clone(), after: place.after, count: STEP };
            let rows = self.store.read(ask).await?;
            for row in &rows {
                place.after = Some((row.subject.person, row.subject.attempt));
                let fits =
                    persons.as_ref().is_none_or(|p| p.contains(&row.subject.person)) && wanted.fits(shown, trial, row);
                if fits && !row.standing.removed {
                    found.extend(shown.render(trial, row));
                }
                if found.len() == asked.count {
                    return Ok((found, Some(place)));
                }
            }
            if rows.len() < STEP {
                place = Place { trial: place.trial + 1, after: None };
            }
        }
        Ok((found, None))
    }

    /// The persons that `patient` and `individual` name; `None`: nobody is named.
    async fn persons(&self, asked: &OwnAsk) -> Result<Option<Vec<PersonKey>>, Refusal> {
        let mut named: Option<Vec<PersonKey>> = None;
        for (_, values) in asked.given.iter().filter(|(name, _)| name == "patient" || name == "individual") {
            let mut persons = Vec::new();
            for value in values {
                let patient = value.strip_prefix("Patient/").unwrap_or(value).to_owned();
                persons.extend(self.store.read(PersonOf { source: super::gateway::MAIN.into(), patient }).await?);
            }
            named = Some(named.map_or(persons.clone(), |n| n.into_iter().filter(|p| persons.contains(p)).collect()));
        }
        Ok(named)
    }
}

fn words_of(place: Place) -> String {
    let (person, attempt) = place.after.map_or((String::new(), 0), |(p, a)| (p.to_string(), a));
    format!("{}-{person}-{attempt}", place.trial)
}

fn place_of(words: &str) -> Result<Place, Refusal> {
    let wrong = || Refusal::malformed("invalid", "the cursor names no place in this walk; start again without it");
    let parts: Vec<&str> = words.split('-').collect();
    let [trial, person, attempt] = parts[..] else { return Err(wrong()) };
    let after = PersonKey::from_hex(person).zip(attempt.parse().ok());
    Ok(Place { trial: trial.parse().map_err(|_| wrong())?, after })
}

/// What is asked of a subject itself, read: alternatives of each parameter.
struct Wanted(Vec<Vec<One>>);

enum One {
    Id(String),
    Updated(Date),
    Status(Token),
    Identifier(Token),
    Study(String),
}

impl Wanted {
    fn read(ask: &OwnAsk, now: Instant) -> Result<Self, Refusal> {
        let one = |name: &str, value: &String| {
            Ok(Some(match name {
                "_id" => One::Id(value.clone()),
                "_lastUpdated" => One::Updated(Date::parse(name, value, &Zone::utc(), now)?),
                "status" => One::Status(Token::parse(name, value)?),
                "identifier" => One::Identifier(Token::parse(name, value)?),
                "study" => One::Study(value.rsplit('/').next().unwrap_or(value).to_owned()),
                // By person: looked up before.
                _ => return Ok(None),
            }))
        };
        let mut all = Vec::new();
        for (name, values) in &ask.given {
            let read: Vec<Option<One>> = values.iter().map(|v| one(name, v)).collect::<Result<_, Refusal>>()?;
            all.extend(read.into_iter().collect::<Option<Vec<One>>>());
        }
        Ok(Self(all))
    }

    fn fits(&self, shown: &Shown, trial: &Trial, row: &SubjectRow) -> bool {
        let system = identifier_system(trial, &shown.base);
        self.0.iter().all(|alternatives| {
            alternatives.iter().any(|one| match one {
                One::Id(id) => row.subject.id == *id,
                One::Updated(date) => date.fits(TimeRange::exact(row.standing.at)),
                One::Status(token) => token.fits(STATUSES, row.standing.status.code()),
                One::Identifier(token) => token.fits(&system, &row.subject.id),
                One::Study(id) => *id == study_id(&trial.id),
            })
        })
    }
}

impl Shown {
    /// As for a research store that is told everything; `None` for what nobody is told.
    fn render(&self, trial: &Trial, row: &SubjectRow) -> Option<Owned> {
        let individual = Individual::Identifier(format!("{}/sid/person", self.base), row.subject.id.clone());
        let target = Target {
            publish: Publish::AllComputed,
            kind: TargetKind::ResearchStore,
            base: &self.base,
            capabilities: Capabilities { update_create: true, research_study: true, ..Capabilities::default() },
            individual: &individual,
            was_sent: false,
        };
        let parcel = parcel(trial, &row.subject, &row.standing, &target);
        if parcel.action != Action::Put {
            return None;
        }
        let (version, known) = (row.standing.version, row.standing.at);
        let body = with_meta(&parcel.body, version, Some(known));
        Some(Owned { id: row.subject.id.clone(), version, known, body: body.into() })
    }
}

/// The resource with its version; the bytes are our own and begin with a brace and a member.
pub(super) fn with_meta(body: &[u8], version: i64, known: Option<Instant>) -> Vec<u8> {
    let updated = known.map_or_else(String::new, |at| format!(",\"lastUpdated\":\"{at}\""));
    let meta = format!("{{\"meta\":{{\"versionId\":\"{version}\"{updated}}},");
    [meta.as_bytes(), body.get(1..).unwrap_or_default()].concat()
}
