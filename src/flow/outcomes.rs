//! What became of each person of a trial, as known at a moment: who counts, by which definition, and what their facts
//! come to. Nothing of it is stored.
//!
//! A person gives rows once they consented and were registered. Whoever objected, is restricted or was taken back since
//! gives none, whatever moment is asked about.

use super::desk::{AtSite, Desk};
use super::everyone::{self, Followers, FollowersWork};
use super::library::{Active, Library};
use super::rehearsal::rehearse::moment_of;
use crate::decide;
use crate::evaluate::{self, Choice, Moment};
use crate::model::key::PersonKey;
use crate::model::outcome::{EndedBy, Followed, Outcomes};
use crate::model::reading::Readings;
use crate::model::standing::{Collection, Standing, Status, Subject};
use crate::model::time::{Instant, Partial, Zone};
use crate::normalize;
use crate::publish::blinding::{Blinding, Open};
use crate::store::*;
use crate::trial::definition::{Site, Trial};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is asked, as written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The moment asked about.
    pub as_of: Option<&'a str>,
    /// Only what was known then.
    pub known_at: Option<&'a str>,
    /// One version of the definition for everybody; `None`: each person's own.
    pub definition: Option<u32>,
}

/// A trial at its site, ready to be asked about those who are in it.
#[derive(Clone)]
pub struct Question {
    library: Arc<Library>,
    trial: String,
    /// What the site says of it.
    pub at_site: AtSite,
    /// The moment asked about.
    pub as_of: Instant,
    /// As known when.
    pub known: Instant,
    /// A moment was asked for at which this was known.
    pub past: bool,
    /// One version of the definition for everybody.
    pub definition: Option<u32>,
}

/// Why a person gives no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Apart {
    /// Nobody registered them.
    NotRegistered,
    /// They objected to research.
    Objected,
    /// Their record may not be shown.
    Restricted,
    /// The subject was taken back.
    Removed,
    /// Another subject of theirs counts, or belongs to another person.
    CountedElsewhere,
    /// No source of theirs feeds the trial.
    NotFed,
}

impl Apart {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotRegistered => "not registered",
            Self::Objected => "objected to research",
            Self::Restricted => "restricted",
            Self::Removed => "taken back",
            Self::CountedElsewhere => "counted elsewhere",
            Self::NotFed => "no source feeds the trial",
        }
    }
}

/// One person who counts, with what became of them.
pub struct Person {
    /// Whose subject it is: the key under which they are listed.
    pub key: PersonKey,
    /// The subject, with what may be used of it.
    pub subject: Subject,
    /// Where they stand.
    pub standing: Standing,
    /// Their facts.
    pub record: Record,
    /// The facts as their definition reads them.
    pub readings: Readings,
    /// What bounds the use of their facts.
    pub followed: Followed,
    /// What became of them.
    pub outcomes: Outcomes,
}

/// What a reader may see of each definition by which anybody may be judged, worked out once for a walk.
#[derive(Debug)]
pub struct Openings(Vec<(Arc<Trial>, Open)>);

impl Openings {
    /// Each, in order.
    pub fn all(&self) -> Vec<(&Trial, &Open)> {
        self.0.iter().map(|(trial, open)| (&**trial, open)).collect()
    }

    /// Of the definition by which somebody is judged.
    pub fn of(&self, trial: &Arc<Trial>) -> Option<&Open> {
        self.0.iter().find(|(of, _)| Arc::ptr_eq(of, trial)).map(|(_, open)| open)
    }
}

impl Question {
    /// A trial of this desk. The error says what is wrong with the question.
    pub fn new(desk: &Desk, trial: &str, asked: &Asked<'_>) -> Result<Self, String> {
        let library = desk.library();
        let active = library.trial(trial).ok_or_else(|| {
            let known: Vec<&str> = library.trials.iter().map(|a| a.trial.id.as_str()).collect();
            format!("no such trial; there are: {}", known.join(", "))
        })?;
        let at_site = desk.at_site(&active.trial);
        let site = at_site.site(&active.trial).ok_or("the trial names no such site")?;
        let moment = |text: &str| moment_of(text, &site.zone);
        let known = asked.known_at.map(moment).transpose()?;
        let as_of = asked.as_of.map(moment).transpose()?;
        let past = known.is_some();
        let (as_of, known) = (as_of.or(known).unwrap_or_else(|| desk.now()), known.unwrap_or_else(|| desk.now()));
        let question = Self {
            trial: trial.to_owned(),
            at_site,
            as_of,
            known,
            past,
            definition: asked.definition,
            library: library.clone(),
        };
        if let Some(version) = asked.definition.filter(|v| question.version(*v).is_none()) {
            let there: Vec<String> = question.definitions().map(|a| a.trial.version.to_string()).collect();
            return Err(format!("{trial} has no version {version} here; there are: {}", there.join(", ")));
        }
        Ok(question)
    }

    /// The same about everything that is known now, for a page.
    pub fn now(desk: &Desk, active: &Active) -> Self {
        Self::of_now(desk.library(), desk.at_site(&active.trial), &active.trial.id, desk.now())
    }

    /// The same, of definitions that are at hand.
    pub fn of_now(library: Arc<Library>, at_site: AtSite, trial: &str, now: Instant) -> Self {
        Self {
            library,
            trial: trial.to_owned(),
            at_site,
            as_of: now,
            known: Instant::MAX,
            past: false,
            definition: None,
        }
    }

    /// The trial's id.
    pub fn trial(&self) -> &str {
        &self.trial
    }

    /// Every version of the definition that is at hand, the one in force first.
    pub fn definitions(&self) -> impl Iterator<Item = &Active> {
        let earlier = self.library.earlier.iter().rev().filter(|a| a.trial.id == self.trial);
        self.library.trial(&self.trial).into_iter().chain(earlier)
    }

    fn version(&self, version: u32) -> Option<&Active> {
        self.definitions().find(|a| a.trial.version == version)
    }

    /// The definitions by which anybody may be judged here: one where one was asked for.
    pub fn judging_all(&self) -> Vec<&Active> {
        match self.definition {
            Some(version) => self.version(version).into_iter().collect(),
            None => self.definitions().collect(),
        }
    }

    /// What one reader may see of each of them.
    pub fn openings(&self, unblinded: bool) -> Openings {
        let open = |trial: &Arc<Trial>| (trial.clone(), Open::to(&Blinding::of(trial, unblinded), trial));
        Openings(self.judging_all().into_iter().map(|active| open(&active.trial)).collect())
    }

    /// The definition by which a person is judged.
    pub fn judging(&self, standing: &Standing) -> Option<&Active> {
        match self.definition {
            Some(version) => self.version(version),
            None => self.library.trial(&self.trial).map(|active| self.library.judging(active, Some(standing))),
        }
    }

    /// The site in a definition.
    pub fn site<'t>(&self, trial: &'t Trial) -> Option<&'t Site> {
        self.at_site.site(trial)
    }

    /// The alternatives of readings that are chosen here.
    pub fn choice(&self, trial: &Trial) -> Choice {
        self.at_site.choice(trial)
    }

    /// What became of a person; or why they give no rows, with where they stand where they stand anywhere.
    pub fn of(&self, found: FollowedRow) -> Result<Box<Person>, (Apart, Option<Box<Standing>>)> {
        let together = decide::together(&found.standings, &self.trial, found.person);
        let Some(standing) = together.standing.cloned() else { return Err((Apart::NotRegistered, None)) };
        let apart = |why| Err((why, Some(Box::new(standing.clone()))));
        if standing.removed || found.removed_since.contains(&(standing.person, standing.attempt)) {
            return Err((Apart::Removed, None));
        }
        if found.record.state.objected {
            return apart(Apart::Objected);
        }
        if standing.evidence.registered.is_none_or(|at| at > self.as_of) {
            return apart(Apart::NotRegistered);
        }
        let subject = found.subjects.iter().find(|s| (s.person, s.attempt) == (standing.person, standing.attempt));
        let (Some(subject), Some(active)) = (subject.cloned(), self.judging(&standing)) else {
            return apart(Apart::NotRegistered);
        };
        let fed = found.record.sources.iter().any(|source| self.at_site.feeds(source));
        let Some(site) = self.site(&active.trial).filter(|_| fed) else { return apart(Apart::NotFed) };
        let readings = normalize::normalize(&active.plan, &found.record.facts, &site.zone);
        let now = normalize::normalize(&active.plan, &found.patients, &site.zone).person.hidden;
        if readings.person.hidden.is_some() || now.is_some() {
            return apart(Apart::Restricted);
        }
        let followed = followed(&standing, &subject, &site.zone, self.as_of);
        let moment = Moment { now: self.as_of, site };
        let choice = self.choice(&active.trial);
        let outcomes = evaluate::outcomes(&active.trial, &readings, &found.record.facts, &followed, &moment, &choice);
        let (key, record) = (standing.person, found.record);
        Ok(Box::new(Person { key, subject, standing, record, readings, followed, outcomes }))
    }

    /// What became of one person, whichever key of theirs is asked for.
    pub async fn one(&self, store: &Store, person: PersonKey) -> Result<Result<Box<Person>, Apart>, StoreError> {
        let ask = ReadFollowed {
            trial: self.trial.clone(),
            persons: vec![person],
            known: self.known,
            facts: true,
            past: self.past,
        };
        let found = store.read(ask).await?.into_iter().next();
        Ok(found.map_or(Err(Apart::NotRegistered), |found| self.of(found).map_err(|(why, _)| why)))
    }

    /// Asks about everybody who has a subject in the trial, on every core and in flat memory. `work` makes of each chunk
    /// what `each` hears, in order of key; `each` may end it.
    pub async fn everybody<T: Send + 'static>(
        self: &Arc<Self>,
        store: &Store,
        facts: bool,
        work: impl Fn(&Self, Vec<FollowedRow>) -> T + Send + Sync + 'static,
        each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let followers = Followers { trial: self.trial.clone(), known: self.known, facts, past: self.past };
        let question = self.clone();
        let work = Arc::new(work);
        let work: FollowersWork<T> = Arc::new(move |rows| {
            let (question, work) = (question.clone(), work.clone());
            Box::pin(everyone::apart(move || work(&question, rows)))
        });
        everyone::ask_followers(store, &followers, work, each).await
    }

    /// What became of a person met on such a walk: each is met once, under the key of the subject that counts.
    pub fn met(&self, found: FollowedRow) -> Result<Box<Person>, (Apart, Option<Box<Standing>>)> {
        let together = decide::together(&found.standings, &self.trial, found.person);
        if together.standing.is_some_and(|s| s.person != found.person) {
            return Err((Apart::CountedElsewhere, None));
        }
        self.of(found)
    }
}

/// What bounds the use of a person's facts, from where they stand.
pub fn followed(standing: &Standing, subject: &Subject, zone: &Zone, as_of: Instant) -> Followed {
    let end_of = |day: &str| Partial::parse(day).ok().map(|day| day.range(zone).latest);
    let closed = matches!(standing.status, Status::OffStudy | Status::Withdrawn);
    let ended = standing.evidence.ended.as_deref().filter(|_| closed).and_then(end_of);
    let none = matches!(subject.collection, Collection::Stopped | Collection::PublicRecords);
    // What is recorded late ended on its day all the same.
    let stopped = subject.collection_since.filter(|_| none).map(|since| ended.map_or(since, |e| e.min(since)));
    let by = match standing.reason.as_str() {
        "death" => EndedBy::Death,
        "withdrawal by subject" => EndedBy::Withdrawn,
        _ if standing.status == Status::Withdrawn => EndedBy::Withdrawn,
        _ => EndedBy::OffStudy,
    };
    let ended = ended.or_else(|| closed.then_some(standing.at)).map(|at| (at, by));
    let ended = ended.or_else(|| stopped.map(|at| (at, EndedBy::CollectionStopped))).filter(|(at, _)| *at <= as_of);
    Followed { registered: standing.evidence.registered, stopped, ended }
}
