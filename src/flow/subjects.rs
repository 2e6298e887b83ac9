//! ResearchSubject as the gateway serves it: rendered from standings, never stored, under the purposes that the site states.
//!
//! Who may not be told of is answered as if it were not there; see `projections/verdict.rs` for who that is.

use super::answer::Refusal;
use super::gateway::{Gateway, MAIN};
use super::own::{OwnAsk, OwnFound, OwnType, Owned};
use super::projections::people::unnamed_trials;
use super::projections::shelf::Projected;
use super::search::{Date, Token, absent};
use crate::model::capabilities::{Capabilities, Publish};
use crate::model::key::PersonKey;
use crate::model::parcel::Action;
use crate::model::standing::Standing;
use crate::model::time::{Instant, TimeRange, Zone};
use crate::publish::study::study_id;
use crate::publish::subject::{Individual, Target, TargetKind, identifier_system, parcel};
use crate::store::{PersonOf, Standings, SubjectById, SubjectRow, SubjectsOf};
use crate::trial::definition::Trial;

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

/// Where a walk goes on: trial by place, then the last person and attempt.
#[derive(Clone, Copy)]
struct Place {
    trial: usize,
    after: Option<(PersonKey, i64)>,
}

impl Gateway {
    /// The ResearchSubject of that id: 404 when there is none that may be told of, 410 when it was taken back.
    async fn research_subject(&self, id: &str) -> Result<Owned, Refusal> {
        let projected = self.projected();
        let (trial, row) = self.subject(&projected, id).await?;
        render(&projected.base, trial, &row).ok_or_else(|| absent(false))
    }

    /// Every version that was ever shown, newest first. What was taken back is shown no longer, in no version.
    async fn subject_versions(&self, id: &str) -> Result<Vec<Owned>, Refusal> {
        let projected = self.projected();
        let (trial, row) = self.subject(&projected, id).await?;
        let all = self.store.read(Standings { person: row.subject.person }).await?;
        let of_this = |s: &Standing| s.trial == row.subject.trial && s.attempt == row.subject.attempt;
        let then = |standing| SubjectRow { subject: row.subject.clone(), standing };
        let mut versions: Vec<Owned> =
            all.into_iter().filter(of_this).filter_map(|s| render(&projected.base, trial, &then(s))).collect();
        versions.sort_by_key(|v| std::cmp::Reverse(v.version));
        if versions.is_empty() { Err(absent(false)) } else { Ok(versions) }
    }

    /// The subject of that id, with its trial, where it may be told of.
    async fn subject<'p>(&self, projected: &'p Projected, id: &str) -> Result<(&'p Trial, SubjectRow), Refusal> {
        let row = self.store.read(SubjectById { id: id.to_owned() }).await?.ok_or_else(|| absent(false))?;
        if row.standing.removed {
            return Err(absent(true));
        }
        let active = projected.active(&row.subject.trial).ok_or_else(|| absent(false))?;
        self.told(projected, active, &row).await?.ok_or_else(|| absent(false))?;
        Ok((&active.trial, row))
    }

    /// ResearchSubjects in the order of their keys, so that each is met once while others are written.
    async fn research_subjects(&self, ask: &OwnAsk) -> Result<OwnFound, Refusal> {
        let start = ask.from.as_deref().map_or(Ok(Place { trial: 0, after: None }), place_of)?;
        let projected = self.projected();
        let wanted = Wanted::read(ask, self.now())?;
        let persons = self.persons(ask).await?;
        let remarks = if persons.is_some() { unnamed_trials(&projected) } else { Vec::new() };
        let (found, next) = self.walk(&projected, ask.count, &wanted, persons.as_deref(), start).await?;
        Ok(OwnFound { found, next: next.map(words_of), remarks })
    }

    async fn walk(
        &self,
        projected: &Projected,
        count: usize,
        wanted: &Wanted,
        persons: Option<&[PersonKey]>,
        start: Place,
    ) -> Result<(Vec<Owned>, Option<Place>), Refusal> {
        let mut found = Vec::new();
        let mut place = start;
        while let Some(active) = projected.trials().get(place.trial) {
            let ask = SubjectsOf { trial: active.trial.id.clone(), after: place.after, count: STEP };
            let rows = self.store.read(ask).await?;
            for row in &rows {
                place.after = Some((row.subject.person, row.subject.attempt));
                let named = persons.is_none_or(|p| p.contains(&row.subject.person));
                if named && wanted.fits(&projected.base, &active.trial, row) {
                    let told = self.told(projected, active, row).await?;
                    // Whoever asks by Patient learns which subject is whose: that needs the ground for `name`.
                    let told = told.filter(|t| t.named || persons.is_none());
                    found.extend(told.and_then(|_| render(&projected.base, &active.trial, row)));
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

    /// The person whom a `Patient/<id>`, its address here, or a bare id means.
    pub(super) async fn person_of(&self, value: &str) -> Result<Option<PersonKey>, Refusal> {
        let value = value.strip_prefix(&format!("{}/", self.base)).unwrap_or(value);
        let patient = value.strip_prefix("Patient/").unwrap_or(value).to_owned();
        Ok(self.store.read(PersonOf { source: MAIN.into(), patient }).await?)
    }

    /// The persons that `patient` and `individual` name; `None`: nobody is named.
    async fn persons(&self, asked: &OwnAsk) -> Result<Option<Vec<PersonKey>>, Refusal> {
        let mut named: Option<Vec<PersonKey>> = None;
        for (_, values) in asked.given.iter().filter(|(name, _)| name == "patient" || name == "individual") {
            let mut persons = Vec::new();
            for value in values {
                persons.extend(self.person_of(value).await?);
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

    fn fits(&self, base: &str, trial: &Trial, row: &SubjectRow) -> bool {
        let system = identifier_system(trial, base);
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

/// As for a research store that is told everything, under the subject's own id; `None` for what nobody is told.
fn render(base: &str, trial: &Trial, row: &SubjectRow) -> Option<Owned> {
    let individual = Individual::Identifier(format!("{base}/sid/person"), row.subject.id.clone());
    let target = Target {
        publish: Publish::AllComputed,
        kind: TargetKind::ResearchStore,
        base,
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

/// The resource with its version; the bytes are our own and begin with a brace and a member.
pub(super) fn with_meta(body: &[u8], version: i64, known: Option<Instant>) -> Vec<u8> {
    let updated = known.map_or_else(String::new, |at| format!(",\"lastUpdated\":\"{at}\""));
    let meta = format!("{{\"meta\":{{\"versionId\":\"{version}\"{updated}}},");
    [meta.as_bytes(), body.get(1..).unwrap_or_default()].concat()
}
