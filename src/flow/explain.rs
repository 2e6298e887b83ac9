//! The verdict about one person from the store: now, as of a moment, or as known at one; in one trial, or in all side
//! by side.

use super::assess;
use super::desk::Desk;
use super::feeds::Silent;
use super::library::{Active, Library};
use super::rehearsal::rehearse::moment_of;
use crate::decide;
use crate::model::assessment::Assessment;
use crate::model::key::PersonKey;
use crate::model::time::{Instant, Zone};
use crate::publish::assessment::{Meta, to_json};
use crate::publish::explain;
use crate::publish::history::{Kept, Step, step};
use crate::store::*;
use serde_json::{Value, json};
use std::fmt::Write;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Our key, or `source/Patient-id`.
    pub person: &'a str,
    /// The trial; `None`: all in force.
    pub trial: Option<&'a str>,
    /// The moment asked about, as written.
    pub as_of: Option<&'a str>,
    /// Only what was known then, as written.
    pub known_at: Option<&'a str>,
}

/// The answer.
#[derive(Debug)]
pub struct Explained {
    /// In words.
    pub text: String,
    /// As the interfaces print it.
    pub json: Value,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The question names something that is not there.
    #[error("{0}")]
    NotFound(String),
    /// The machine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The person that a word means: our key, or `source/Patient-id`.
pub async fn person_of(store: &Store, word: &str) -> Result<PersonKey, ExplainError> {
    let found = match (PersonKey::from_hex(word), word.rsplit_once('/')) {
        (Some(key), _) => store.read(PersonByKey { person: key }).await?.map(|row| row.person),
        (None, Some((source, patient))) => {
            let patient = patient.to_owned();
            store.read(PersonOf { source: source.to_owned(), patient }).await?
        }
        (None, None) => None,
    };
    found.ok_or_else(|| {
        ExplainError::NotFound("no such person; wanted our key (32 hexadecimal digits) or SOURCE/PATIENT-ID".into())
    })
}

/// One trial's answer about one person.
struct One {
    assessment: Assessment,
    definition: [u8; 32],
    zone: Zone,
    known: Option<Instant>,
    /// What it would be at its `changes_at`, were nothing to arrive until then.
    then: Option<(Assessment, Step)>,
    /// What made the last stored change: when, the verdict before, and what flipped it.
    last: Option<(Instant, Option<&'static str>, Step)>,
    status: Option<&'static str>,
    /// Feeds that it leans on and from which nothing comes.
    silent: Vec<Silent>,
}

/// Evaluates anew from the facts; with `known_at` from those that were known then.
pub async fn explain(desk: &Desk, asked: &Asked<'_>) -> Result<Explained, ExplainError> {
    let person = person_of(desk.store(), asked.person).await?;
    let library = desk.library();
    let wrong = |words: String| ExplainError::NotFound(words);
    let Some(trial) = asked.trial else {
        return side_by_side(desk, &library, person, asked).await;
    };
    let active = library.trial(trial).ok_or_else(|| {
        let known: Vec<&str> = library.trials.iter().map(|a| a.trial.id.as_str()).collect();
        wrong(format!("no such trial; there are: {}", known.join(", ")))
    })?;
    let one = one(desk, &library, active, person, asked).await?;
    let one = one.ok_or_else(|| wrong("no source of this person feeds the trial".into()))?;
    let (key, maps) = (person.to_string(), library.terms_digest);
    let meta = one.meta(&key, maps);
    let mut json = to_json(&one.assessment, &meta);
    if let Some(object) = json.as_object_mut() {
        object.insert("status".into(), json!(one.status));
        object.insert("at_changes".into(), one.then_json());
        object.insert("last_change".into(), one.last_json());
        object.insert("silent_feeds".into(), one.silent_json());
    }
    let text = explain::text(&one.assessment, &meta);
    // After the head, before the criteria.
    let (head, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    Ok(Explained { text: format!("{head}\n{}\n{rest}", one.over_time()), json })
}

async fn one(
    desk: &Desk,
    library: &Library,
    active: &Active,
    person: PersonKey,
    asked: &Asked<'_>,
) -> Result<Option<One>, ExplainError> {
    let wrong = |words: String| ExplainError::NotFound(words);
    let standings = desk.store().read(StandingsAround { person }).await?;
    let standing = decide::together(&standings, &active.trial.id, person).standing;
    let active = library.judging(active, standing);
    let at_site = desk.at_site(&active.trial);
    let site = at_site.site(&active.trial).ok_or_else(|| wrong("the trial names no such site".into()))?;
    let moment = |text: &str| moment_of(text, &site.zone).map_err(wrong);
    let known = asked.known_at.map(moment).transpose()?;
    let now: Instant = match asked.as_of {
        Some(text) => moment(text)?,
        None => known.unwrap_or_else(|| desk.now()),
    };
    let record = assess::read(desk, person, known.map_or(KnownAt::Now, KnownAt::Moment)).await?;
    let Some(mut finding) = assess::find(desk, active, &record, now) else { return Ok(None) };
    assess::name_facts(desk.store(), &mut finding.assessment, &record).await?;
    super::unmapped::beside(library, active, &record.facts, &mut finding.assessment);
    let then = finding.assessment.changes_at.and_then(|at| assess::find(desk, active, &record, at));
    let then = then.map(|t| {
        let step = between(desk, &finding.assessment, &t.assessment, active);
        (t.assessment, step)
    });
    // What is stored is of now; it says nothing of another moment.
    let plain = asked.as_of.is_none() && asked.known_at.is_none();
    let last = if plain { last(desk, library, &active.trial.id, person).await? } else { None };
    let leans = |s: &Silent| at_site.feeds(&s.source) && s.is_of(&active.trial.id, |_| false);
    let silent = if plain { desk.gateway.silent_for(person, leans).await? } else { Vec::new() };
    Ok(Some(One {
        assessment: finding.assessment,
        definition: active.trial.digest,
        zone: site.zone.clone(),
        known,
        then,
        last,
        status: standing.map(|s| s.status.code()),
        silent,
    }))
}

/// What differs between two evaluations of one person.
fn between(desk: &Desk, before: &Assessment, after: &Assessment, active: &Active) -> Step {
    let at_site = desk.at_site(&active.trial);
    let utc = Zone::utc();
    let zone = at_site.site(&active.trial).map_or(&utc, |s| &s.zone);
    let meta = Meta { person: "", known_at: None, definition: active.trial.digest, maps: [0; 32], zone };
    let kept = |a: &Assessment| Kept::of_json(&crate::publish::assessment::evidence(a, &meta));
    // Sources are named in the one and not in the other, and say nothing here.
    kept(before).zip(kept(after)).map_or_else(Step::default, |(a, b)| step(&a, &b))
}

type Last = Option<(Instant, Option<&'static str>, Step)>;

async fn last(desk: &Desk, library: &Library, trial: &str, person: PersonKey) -> Result<Last, StoreError> {
    let history = desk.store().read(AssessmentHistory { person, trial: trial.to_owned() }).await?;
    let Some(newest) = history.last() else { return Ok(None) };
    let before = history.iter().rev().nth(1);
    let kept = |a: &StoredAssessment| library.evidence(&a.form).and_then(|json| Kept::of_json(&json));
    let step = before.and_then(|b| Some(step(&kept(b)?, &kept(newest)?))).unwrap_or_default();
    Ok(Some((newest.at, before.map(|b| b.result.overall.word()), step)))
}

impl One {
    fn meta<'m>(&'m self, person: &'m str, maps: [u8; 32]) -> Meta<'m> {
        Meta { person, known_at: self.known, definition: self.definition, maps, zone: &self.zone }
    }

    fn then_json(&self) -> Value {
        self.then.as_ref().map_or(Value::Null, |(then, step)| {
            json!({ "as_of": self.zone.show(then.as_of), "overall": then.overall.word(), "flips": flips(step) })
        })
    }

    fn last_json(&self) -> Value {
        self.last.as_ref().map_or(Value::Null, |(at, before, step)| {
            json!({ "at": self.zone.show(*at), "before": before, "flips": flips(step), "came": step.came.len(), "went": step.went.len() })
        })
    }

    fn silent_json(&self) -> Value {
        self.silent.iter().map(Silent::json).collect()
    }

    /// What will change by itself, what changed last, and from where nothing comes.
    fn over_time(&self) -> String {
        let mut out = String::new();
        for silent in &self.silent {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{silent}");
        }
        if let Some((then, step)) = &self.then {
            let at = self.zone.show(then.as_of);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "without new data, at {at}: {}{}", then.overall.word(), flipped(step));
        }
        if let Some((at, before, step)) = &self.last {
            let from = before.map_or_else(|| "first seen".to_owned(), |b| format!("{b} before"));
            let _ = writeln!(out, "last changed {}: {from}{}", self.zone.show(*at), flipped(step));
            for (mark, facts) in [("+", &step.came), ("-", &step.went)] {
                for f in facts {
                    let _ = writeln!(out, "  {mark} {}: {}, {}", f.variable, f.received, f.at);
                }
            }
        }
        out
    }
}

fn flips(step: &Step) -> Value {
    step.flips.iter().map(|f| json!({ "criterion": f.id, "from": f.from, "to": f.to })).collect()
}

fn flipped(step: &Step) -> String {
    let all: Vec<String> = step.flips.iter().map(|f| format!("{} {} -> {}", f.id, f.from, f.to)).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// Every trial in force, one line each.
async fn side_by_side(
    desk: &Desk,
    library: &Library,
    person: PersonKey,
    asked: &Asked<'_>,
) -> Result<Explained, ExplainError> {
    let (key, maps) = (person.to_string(), library.terms_digest);
    let mut text = format!("person {key}\n");
    let mut trials = Vec::new();
    for active in &library.trials {
        let Some(one) = one(desk, library, active, person, asked).await? else {
            let _ = writeln!(text, "\n{}: no source of this person feeds it", active.trial.id);
            continue;
        };
        let (a, considered) = (&one.assessment, to_json(&one.assessment, &one.meta(&key, maps)));
        let verdict = match considered["considered"].as_str() {
            Some("yes") => a.overall.word().to_owned(),
            Some("no") => "not looked at".to_owned(),
            other => format!("not looked at: {}", other.unwrap_or_default()),
        };
        let status = one.status.map_or_else(String::new, |s| format!(", status {s}"));
        let _ = writeln!(text, "\n{} version {}: {verdict}{status}", a.trial, a.version);
        if considered["considered"] == "yes" {
            let open = a.missing.iter().map(|m| format!("{} ({})", m.variable, m.reason.words())).collect::<Vec<_>>();
            if !open.is_empty() {
                let _ = writeln!(text, "  would decide it: {}", open.join(", "));
            }
            if let Some(near) = &a.near_miss {
                let _ = writeln!(text, "  {} alone keeps the person out", near.criterion);
            }
            one.over_time().lines().for_each(|line| {
                let _ = writeln!(text, "  {line}");
            });
        }
        let mut json = considered;
        if let Some(object) = json.as_object_mut() {
            object.insert("status".into(), json!(one.status));
            object.insert("at_changes".into(), one.then_json());
            object.insert("last_change".into(), one.last_json());
            object.insert("silent_feeds".into(), one.silent_json());
        }
        trials.push(json);
    }
    Ok(Explained { text, json: json!({ "person": key, "trials": trials }) })
}
