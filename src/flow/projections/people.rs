//! What tells of persons: verdicts, work and provenance, one walk over subjects for all three.
//!
//! Told under the purposes that the site states: without `list` nothing before consent, without `name` nobody's Patient.
//! What may not be told is answered as if it were not there.

use super::rendered::Rendered;
use super::shelf::Projected;
use super::verdict::{Told, Verdict};
use crate::flow::answer::Refusal;
use crate::flow::feeds::Silent;
use crate::flow::gateway::Gateway;
use crate::flow::own::{OwnAsk, OwnFound, OwnType, Owned};
use crate::flow::search::absent;
use crate::model::issue::Issue;
use crate::model::key::{PersonKey, digest_words};
use crate::model::standing::Status;
use crate::model::time::Instant;
use crate::publish::blinding::Blinding;
use crate::publish::guidance::{About, guidance_response};
use crate::publish::provenance::{Around, of_standing, of_verdict};
use crate::publish::task;
use crate::store::*;

/// GuidanceResponse as it is served.
pub const GUIDANCE_RESPONSE: OwnType = OwnType {
    name: "GuidanceResponse",
    parameters: &[
        ("_id", "token"),
        ("subject", "reference"),
        ("patient", "reference"),
        ("module", "uri"),
        ("status", "token"),
    ],
    personal: true,
    read: |gateway, id| Box::pin(gateway.read_personal(What::Verdict, id)),
    find: |gateway, ask| Box::pin(gateway.find_personal(What::Verdict, &GUIDANCE_RESPONSE, ask)),
    versions: None,
};

/// Task as it is served.
pub const TASK: OwnType = OwnType {
    name: "Task",
    parameters: &[
        ("_id", "token"),
        ("identifier", "token"),
        ("subject", "reference"),
        ("patient", "reference"),
        ("focus", "reference"),
        ("code", "token"),
        ("status", "token"),
    ],
    personal: true,
    read: |gateway, id| Box::pin(gateway.read_personal(What::Work, id)),
    find: |gateway, ask| Box::pin(gateway.find_personal(What::Work, &TASK, ask)),
    versions: None,
};

/// Provenance as it is served.
pub const PROVENANCE: OwnType = OwnType {
    name: "Provenance",
    parameters: &[("_id", "token"), ("target", "reference")],
    personal: true,
    read: |gateway, id| Box::pin(gateway.read_personal(What::Origin, id)),
    find: |gateway, ask| Box::pin(gateway.find_personal(What::Origin, &PROVENANCE, ask)),
    versions: None,
};

/// Subjects read from the store at once.
const STEP: usize = 200;
/// Subjects looked at for one page; a page may come short and still have a next one.
pub const LOOKED_AT_MAX: usize = 2000;
/// Digits of a subject's id, with which the id of everything that tells of it begins.
const SUBJECT_DIGITS: usize = 32;

/// What is told of a subject.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Verdict,
    Work,
    Origin,
}

/// Where a walk goes on: trial by place, the last person and attempt that is done, and how many of the next one's.
#[derive(Clone, Copy, Default)]
struct Place {
    trial: usize,
    after: Option<(PersonKey, i64)>,
    skip: usize,
}

/// Which subjects are looked at.
enum Subjects {
    All,
    These(Vec<SubjectRow>),
}

impl Gateway {
    async fn read_personal(&self, what: What, id: &str) -> Result<Owned, Refusal> {
        let projected = self.projected();
        for row in self.by_ids(&[id.to_owned()]).await? {
            let all = self.of_subject(&projected, what, &row).await?;
            if let Some(found) = all.into_iter().find(|r| r.owned.id == id) {
                return Ok(found.owned);
            }
        }
        Err(absent(false))
    }

    async fn find_personal(&self, what: What, of: &OwnType, ask: &OwnAsk) -> Result<OwnFound, Refusal> {
        let projected = self.projected();
        let (subjects, remarks) = self.subjects_asked_for(&projected, ask).await?;
        let mut found = OwnFound { remarks, ..OwnFound::default() };
        let mut place = ask.from.as_deref().map_or(Ok(Place::default()), place_of)?;
        let trials = projected.trials().len();
        let mut looked_at = 0;
        while place.trial < trials {
            let (rows, last) = self.rows(&projected, &subjects, place).await?;
            for row in &rows {
                let all = self.of_subject(&projected, what, row).await?;
                let fitting =
                    all.into_iter().filter(|r| r.fits(ask, of.parameters, &["patient", "subject"], &self.base));
                for one in fitting.skip(place.skip) {
                    if found.found.len() == ask.count {
                        found.next = Some(words_of(place));
                        return Ok(found);
                    }
                    found.found.push(one.owned);
                    place.skip += 1;
                }
                place = Place { trial: place.trial, after: Some((row.subject.person, row.subject.attempt)), skip: 0 };
                looked_at += 1;
            }
            if last {
                place = Place { trial: place.trial + 1, ..Place::default() };
            }
            if looked_at >= LOOKED_AT_MAX && place.trial < trials {
                found.next = Some(words_of(place));
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// The next subjects of a walk, and whether they are the trial's last.
    async fn rows(
        &self,
        projected: &Projected,
        subjects: &Subjects,
        place: Place,
    ) -> Result<(Vec<SubjectRow>, bool), Refusal> {
        let Some(active) = projected.trials().get(place.trial) else {
            return Ok((Vec::new(), true));
        };
        let trial = &active.trial.id;
        match subjects {
            Subjects::These(rows) => {
                let after = |r: &&SubjectRow| place.after.is_none_or(|a| (r.subject.person, r.subject.attempt) > a);
                Ok((rows.iter().filter(|r| r.subject.trial == *trial).filter(after).cloned().collect(), true))
            }
            Subjects::All => {
                let ask = SubjectsOf { trial: trial.clone(), after: place.after, count: STEP };
                let rows = self.store.read(ask).await?;
                let last = rows.len() < STEP;
                Ok((rows, last))
            }
        }
    }

    /// Those that a search can mean, and what is to be said of those that it cannot.
    async fn subjects_asked_for(&self, projected: &Projected, ask: &OwnAsk) -> Result<(Subjects, Vec<Issue>), Refusal> {
        let of = |names: &'static [&'static str]| ask.given.iter().filter(|(n, _)| names.contains(&n.as_str()));
        let mut patients = of(&["patient", "subject"]);
        if let Some((_, values)) = patients.next() {
            let mut rows = self.by_patients(values).await?;
            for (_, values) in patients {
                let others = self.by_patients(values).await?;
                rows.retain(|r| others.iter().any(|o| o.subject.id == r.subject.id));
            }
            return Ok(named_only(projected, rows));
        }
        match of(&["_id", "identifier", "focus", "target"]).next() {
            Some((_, values)) => Ok((Subjects::These(self.by_ids(values).await?), Vec::new())),
            None => Ok((Subjects::All, Vec::new())),
        }
    }

    async fn by_patients(&self, values: &[String]) -> Result<Vec<SubjectRow>, Refusal> {
        let mut rows = Vec::new();
        for value in values {
            if let Some(person) = self.person_of(value).await? {
                for person in self.store.read(WhoElse { person }).await? {
                    rows.extend(self.store.read(SubjectsOfPerson { person }).await?);
                }
            }
        }
        Ok(in_order(rows))
    }

    /// The subjects whose ids these words hold: `Type/<id>`, `<id>-…`, `system|<id>-…`.
    async fn by_ids(&self, words: &[String]) -> Result<Vec<SubjectRow>, Refusal> {
        let mut rows = Vec::new();
        for word in words {
            let word = word.split("/_history/").next().unwrap_or_default();
            let last = word.rsplit(['/', '|']).next().unwrap_or_default();
            let id = last.get(..SUBJECT_DIGITS).filter(|id| PersonKey::from_hex(id).is_some());
            if let Some(id) = id {
                rows.extend(self.store.read(SubjectById { id: id.to_owned() }).await?);
            }
        }
        Ok(in_order(rows))
    }

    /// All of a kind that is told of one subject, always in the same order.
    async fn of_subject(&self, projected: &Projected, what: What, row: &SubjectRow) -> Result<Vec<Rendered>, Refusal> {
        let Some(active) = projected.active(&row.subject.trial) else { return Ok(Vec::new()) };
        let Some(told) = self.told(projected, active, row).await? else { return Ok(Vec::new()) };
        let verdict = self.verdict(&told).await?;
        match what {
            What::Verdict => self.guidance(&told, verdict.as_ref()).await,
            What::Work => self.work(&told, verdict.as_ref()).await,
            What::Origin => self.origins(&told, verdict.as_ref()).await,
        }
    }

    async fn guidance(&self, told: &Told<'_>, verdict: Option<&Verdict>) -> Result<Vec<Rendered>, Refusal> {
        let Some(verdict) = verdict else { return Ok(Vec::new()) };
        // What was sealed at registration leans on no feed any more.
        let sealed = told.row.standing.evidence.registered.is_some();
        let blinding = Blinding::of(&told.active.trial, false);
        let shown = |s: &Silent| s.is_of(&told.active.trial.id, |name| blinding.hides_variable(name));
        let leans = |s: &Silent| !sealed && told.at_site.feeds(&s.source) && shown(s);
        let silent = self.silent_for(told.row.subject.person, leans).await?;
        let remark = |s: &Silent| Issue::warning("incomplete", "", s.to_string());
        let remarks: Vec<Issue> = silent.iter().map(remark).collect();
        let about = About {
            id: Some(&told.row.subject.id),
            base: &told.projected.base,
            individual: &told.individual,
            at: &verdict.at.to_string(),
            remarks: &remarks,
        };
        let body = guidance_response(&told.active.trial, &verdict.json, &about);
        // A remark is no new verdict, and yet another representation with another ETag.
        let words: Vec<&str> = remarks.iter().map(|issue| issue.text.as_str()).collect();
        let marked = verdict.version + if words.is_empty() { 0 } else { mark(&words) };
        let known = silent.iter().map(Silent::since).fold(verdict.at, Instant::max);
        Ok(Rendered::personal(&body, marked, known).into_iter().collect())
    }

    async fn work(&self, told: &Told<'_>, verdict: Option<&Verdict>) -> Result<Vec<Rendered>, Refusal> {
        let trial = &told.active.trial;
        let person = told.row.subject.person;
        let mut items = verdict
            .map(|v| (open_items(told, v), v.at))
            .map_or_else(Vec::new, |(items, at)| items.into_iter().map(|item| (item, at)).collect());
        for alert in self.store.read(AlertsOf { person, trial: trial.id.clone() }).await? {
            let item = task::alert(trial, &alert.kind, &alert.text, &alert.at.to_string());
            items.extend(item.map(|item| (item, alert.at)));
        }
        items.extend(self.following(told).await?);
        let (base, id) = (&told.projected.base, &told.row.subject.id);
        let render = |(item, at): &(task::Item, Instant)| {
            Rendered::as_it_stands(&task::task(trial, base, id, &told.individual, item), *at)
        };
        Ok(items.iter().filter_map(render).collect())
    }

    async fn origins(&self, told: &Told<'_>, verdict: Option<&Verdict>) -> Result<Vec<Rendered>, Refusal> {
        let (trial, subject) = (&told.active.trial, &told.row.subject);
        let around = Around { base: &told.projected.base, subject: &subject.id, site: told.at_site.site(trial) };
        let mut standings = self.store.read(Standings { person: subject.person }).await?;
        standings.retain(|s| s.trial == trial.id && s.attempt == subject.attempt && !s.removed);
        let mut all: Vec<Rendered> =
            standings.iter().filter_map(|s| Rendered::personal(&of_standing(trial, s, &around), 1, s.at)).collect();
        if let Some(verdict) = verdict {
            let sources = self.sources(told, verdict).await?;
            let body = of_verdict(trial, verdict.version, &verdict.at.to_string(), &sources, &around);
            all.extend(Rendered::personal(&body, 1, verdict.at));
        }
        Ok(all)
    }
}

/// What remarks add to a version: other remarks add another number.
fn mark(remarks: &[&str]) -> i64 {
    let [a, b, c, d, ..] = digest_words(remarks);
    i64::from(u32::from_be_bytes([a, b, c, d]) >> 1) << 32
}

/// What an open verdict gives people to do while somebody may still be registered.
fn open_items(told: &Told<'_>, verdict: &Verdict) -> Vec<task::Item> {
    let status = told.row.standing.status;
    let at = verdict.at.to_string();
    let mut items = match status {
        Status::PotentialCandidate
        | Status::Candidate
        | Status::Screening
        | Status::Eligible
        | Status::PendingOnStudy => task::items(&told.active.trial, &verdict.json, &at),
        _ => Vec::new(),
    };
    if status == Status::Screening && verdict.json["overall"] == "eligible" {
        items.push(task::confirm_eligibility(&at));
    }
    items
}

/// Trials without a ground for `name` are left out of a search by patient.
fn named_only(projected: &Projected, rows: Vec<SubjectRow>) -> (Subjects, Vec<Issue>) {
    let rows = rows.into_iter().filter(|r| projected.names(&r.subject.trial)).collect();
    (Subjects::These(rows), unnamed_trials(projected))
}

/// What a search by patient says of the trials that it leaves out.
pub(crate) fn unnamed_trials(projected: &Projected) -> Vec<Issue> {
    let unnamed = projected.trials().iter().filter(|a| !projected.names(&a.trial.id)).count();
    let text = format!("{unnamed} trials state no ground for the purpose `name`; they are not searched by patient");
    if unnamed == 0 { Vec::new() } else { vec![Issue::information("suppressed", "", text)] }
}

/// As the store walks: by person and attempt, each once.
fn in_order(mut rows: Vec<SubjectRow>) -> Vec<SubjectRow> {
    rows.sort_by_key(|r| (r.subject.person, r.subject.attempt));
    rows.dedup_by(|a, b| a.subject.id == b.subject.id);
    rows
}

fn words_of(place: Place) -> String {
    let (person, attempt) = place.after.map_or((String::new(), 0), |(p, a)| (p.to_string(), a));
    format!("{}-{person}-{attempt}-{}", place.trial, place.skip)
}

fn place_of(words: &str) -> Result<Place, Refusal> {
    let wrong = || Refusal::malformed("invalid", "the cursor names no place in this walk; start again without it");
    let parts: Vec<&str> = words.split('-').collect();
    let [trial, person, attempt, skip] = parts[..] else { return Err(wrong()) };
    let after = PersonKey::from_hex(person).zip(attempt.parse().ok());
    let number = |word: &str| word.parse().map_err(|_| wrong());
    Ok(Place { trial: number(trial)?, after, skip: number(skip)? })
}
