//! ResearchSubject as the gateway serves it: rendered from standings, never stored.

use super::answer::{Grade, Refusal};
use super::gateway::Gateway;
use super::query::{pairs, token};
use super::research::{OwnQuery, Owned, OwnedPage, SUBJECT_PARAMETERS, Study, own_query};
use super::search::{COUNT_MAX, absent};
use crate::model::capabilities::{Capabilities, Publish};
use crate::model::key::PersonKey;
use crate::model::parcel::Action;
use crate::publish::study::{Reader, research_study, study_id};
use crate::publish::subject::{Individual, Target, TargetKind, identifier_system, parcel};
use crate::store::{PersonOf, SubjectById, SubjectRow, SubjectsOf};
use crate::trial::definition::Trial;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Subjects on a page when nothing is asked for.
const COUNT: usize = 50;
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
    pub async fn research_subject(&self, id: &str) -> Result<Owned, Refusal> {
        let row = self.store.read(SubjectById { id: id.to_owned() }).await?.ok_or_else(|| absent(false))?;
        if row.standing.removed {
            return Err(absent(true));
        }
        let shown = self.shown();
        let trial = shown.trials.iter().find(|t| t.id == row.subject.trial).ok_or_else(|| absent(false))?;
        shown.render(trial, &row).ok_or_else(|| absent(false))
    }

    /// ResearchSubjects in the order of their keys, so that each is met once while others are written.
    pub async fn research_subjects(&self, query: &str, strict: bool) -> Result<OwnedPage, Refusal> {
        let (mut count, mut from, mut rest) = (COUNT, None, Vec::new());
        for (name, value) in pairs(query)? {
            match name.as_str() {
                "_count" => count = page_size(&value)?,
                "_cursor" => from = Some(value),
                _ => rest.push(format!("{}={}", name, super::query::encode(&value))),
            }
        }
        let asked = own_query(&rest.join("&"), SUBJECT_PARAMETERS, strict)?;
        let self_query = format!("{}{}_count={count}", asked.query, if asked.query.is_empty() { "" } else { "&" });
        let start = from.map_or(Ok(Place { trial: 0, after: None }), |c| self.place_of(&self_query, &c))?;
        let shown = self.shown();
        let (found, next) = self.walk(&shown, &asked, start, count).await?;
        let next_query = next.map(|place| format!("{self_query}&_cursor={}", self.cursor_of(&self_query, place)));
        Ok(OwnedPage { found, self_query, next_query, remarks: asked.remarks })
    }

    async fn walk(
        &self,
        shown: &Shown,
        asked: &OwnQuery,
        start: Place,
        count: usize,
    ) -> Result<(Vec<Owned>, Option<Place>), Refusal> {
        let persons = self.persons(asked).await?;
        let mut found = Vec::new();
        let mut place = start;
        while let Some(trial) = shown.trials.get(place.trial) {
            let ask = SubjectsOf { trial: trial.id.clone(), after: place.after, count: STEP };
            let rows = self.store.read(ask).await?;
            for row in &rows {
                place.after = Some((row.subject.person, row.subject.attempt));
                let wanted =
                    persons.as_ref().is_none_or(|p| p.contains(&row.subject.person)) && fits(shown, trial, row, asked);
                if wanted && !row.standing.removed {
                    found.extend(shown.render(trial, row));
                }
                if found.len() == count {
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
    async fn persons(&self, asked: &OwnQuery) -> Result<Option<Vec<PersonKey>>, Refusal> {
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

    fn cursor_of(&self, query: &str, place: Place) -> String {
        let (person, attempt) = place.after.map_or((String::new(), 0), |(p, a)| (p.to_string(), a));
        let body = format!("{}-{person}-{attempt}", place.trial);
        format!("{body}-{}", self.seal_of(&["ResearchSubject", query, &body]))
    }

    fn place_of(&self, query: &str, cursor: &str) -> Result<Place, Refusal> {
        let forged =
            || Refusal::malformed("invalid", "the cursor is not one of this search; wanted the next link of a page");
        let (body, seal) = cursor.rsplit_once('-').ok_or_else(forged)?;
        if seal != self.seal_of(&["ResearchSubject", query, body]) {
            return Err(forged());
        }
        let parts: Vec<&str> = body.split('-').collect();
        let [trial, person, attempt] = parts[..] else { return Err(forged()) };
        let after = PersonKey::from_hex(person).zip(attempt.parse().ok());
        Ok(Place { trial: trial.parse().map_err(|_| forged())?, after })
    }
}

fn page_size(value: &str) -> Result<usize, Refusal> {
    match value.parse::<usize>() {
        Ok(n) if n > 0 => Ok(n.min(COUNT_MAX)),
        _ => Err(Refusal::one(Grade::Malformed, "value", "_count", "a page size is a whole number above 0")),
    }
}

fn fits(shown: &Shown, trial: &Trial, row: &SubjectRow, asked: &OwnQuery) -> bool {
    asked.given.iter().all(|(name, values)| {
        values.iter().any(|value| match name.as_str() {
            "_id" => row.subject.id == *value,
            "status" => row.standing.status.code() == token(value).1,
            "study" => value.strip_prefix("ResearchStudy/").unwrap_or(value) == study_id(&trial.id),
            "identifier" => {
                let (system, word) = token(value);
                word == row.subject.id && system.is_none_or(|s| s == identifier_system(trial, &shown.base))
            }
            // By person: looked up before.
            _ => true,
        })
    })
}

impl Shown {
    /// As for a research store that is told everything; `None` for what nobody is told.
    fn render(&self, trial: &Trial, row: &SubjectRow) -> Option<Owned> {
        let individual = Individual::Identifier(format!("{}/sid/person", self.base), row.subject.id.clone());
        let target = Target {
            publish: Publish::AllComputed,
            kind: TargetKind::ResearchStore,
            base: &self.base,
            capabilities: Capabilities { update_create: true, ..Capabilities::default() },
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
fn with_meta(body: &[u8], version: i64, known: Option<crate::model::time::Instant>) -> Vec<u8> {
    let updated = known.map_or_else(String::new, |at| format!(",\"lastUpdated\":\"{at}\""));
    let meta = format!("{{\"meta\":{{\"versionId\":\"{version}\"{updated}}},");
    [meta.as_bytes(), body.get(1..).unwrap_or_default()].concat()
}
