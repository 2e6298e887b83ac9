//! The verdict about one person from the store: now, as of a moment, or as known at one.

use super::assess;
use super::desk::Desk;
use super::rehearse::moment_of;
use crate::model::key::PersonKey;
use crate::model::time::Instant;
use crate::publish::assessment::{Meta, to_json};
use crate::publish::explain;
use crate::store::*;
use serde_json::Value;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Our key, or `source/Patient-id`.
    pub person: &'a str,
    /// The trial.
    pub trial: &'a str,
    /// The moment asked about, as written.
    pub as_of: Option<&'a str>,
    /// Only what was known then, as written.
    pub known_at: Option<&'a str>,
}

/// The answer.
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

/// Evaluates anew from the facts; with `known_at` from those that were known then.
pub async fn explain(desk: &Desk, asked: &Asked<'_>) -> Result<Explained, ExplainError> {
    let person = person_of(desk.store(), asked.person).await?;
    let library = desk.library();
    let wrong = |words: String| ExplainError::NotFound(words);
    let active = library.trial(asked.trial).ok_or_else(|| {
        let known: Vec<&str> = library.trials.iter().map(|a| a.trial.id.as_str()).collect();
        wrong(format!("no such trial; there are: {}", known.join(", ")))
    })?;
    let at_site = desk.at_site(&active.trial);
    let site = at_site.site(&active.trial).ok_or_else(|| wrong("the trial names no such site".into()))?;
    let moment = |text: &str| moment_of(text, &site.zone).map_err(wrong);
    let known = asked.known_at.map(moment).transpose()?;
    let now: Instant = match asked.as_of {
        Some(text) => moment(text)?,
        None => known.unwrap_or_else(|| desk.now()),
    };
    let record = assess::read(desk, person, known.map_or(KnownAt::Now, KnownAt::Moment)).await?;
    let mut finding = assess::find(desk, active, &record, now)
        .ok_or_else(|| wrong("no source of this person feeds the trial".into()))?;
    assess::name_facts(desk.store(), &mut finding.assessment, &record).await?;
    let meta = Meta {
        person: &person.to_string(),
        known_at: known,
        definition: active.trial.digest,
        maps: library.terms_digest,
        zone: &site.zone,
    };
    Ok(Explained { text: explain::text(&finding.assessment, &meta), json: to_json(&finding.assessment, &meta) })
}
