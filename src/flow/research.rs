//! What the gateway itself owns and shows at its own base: ResearchStudy and ResearchSubject.

use super::answer::Refusal;
use super::gateway::Gateway;
use super::query::{pairs, split_escaped, token};
use super::search::absent;
use crate::model::issue::Issue;
use crate::model::time::Instant;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Search parameters of ResearchStudy, as served.
pub const STUDY_PARAMETERS: &[(&str, &str)] = &[("_id", "token"), ("identifier", "token")];
/// Search parameters of ResearchSubject, as served.
pub const SUBJECT_PARAMETERS: &[(&str, &str)] = &[
    ("_id", "token"),
    ("identifier", "token"),
    ("study", "reference"),
    ("status", "token"),
    ("patient", "reference"),
    ("individual", "reference"),
];

/// A resource of the gateway's own, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// `meta.lastUpdated`.
    pub known: Instant,
    /// JSON.
    pub body: Arc<[u8]>,
}

/// A ResearchStudy as it is shown: the rendering and what it is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Study {
    /// The rendering.
    pub owned: Owned,
    /// Its identifiers, (system, value).
    pub identifiers: Vec<(String, String)>,
}

/// What was found of the gateway's own, and what was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedPage {
    /// The resources.
    pub found: Vec<Owned>,
    /// The query as it was understood.
    pub self_query: String,
    /// The query of the next page, when there is one.
    pub next_query: Option<String>,
    /// Parameters that were passed over.
    pub remarks: Vec<Issue>,
}

impl Gateway {
    /// Sets the studies that are shown, by id.
    pub fn set_studies(&self, studies: BTreeMap<String, Study>) {
        *self.studies.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(studies);
    }

    fn studies(&self) -> Arc<BTreeMap<String, Study>> {
        self.studies.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ResearchStudy of that id.
    pub fn research_study(&self, id: &str) -> Result<Owned, Refusal> {
        self.studies().get(id).map(|s| s.owned.clone()).ok_or_else(|| absent(false))
    }

    /// ResearchStudies by `_id` and `identifier`: they are few, and come on one page.
    pub fn research_studies(&self, query: &str, strict: bool) -> Result<OwnedPage, Refusal> {
        let asked = own_query(query, STUDY_PARAMETERS, strict)?;
        let fits = |study: &Study| {
            asked.given.iter().all(|(name, values)| {
                values.iter().any(|value| match name.as_str() {
                    "_id" => study.owned.id == *value,
                    _ => {
                        let (system, value) = token(value);
                        study.identifiers.iter().any(|(s, v)| *v == value && system.as_ref().is_none_or(|w| w == s))
                    }
                })
            })
        };
        let found = self.studies().values().filter(|s| fits(s)).map(|s| s.owned.clone()).collect();
        Ok(OwnedPage { found, self_query: asked.query, next_query: None, remarks: asked.remarks })
    }
}

/// A query over the gateway's own resources, as understood.
pub(crate) struct OwnQuery {
    /// Parameter and alternatives.
    pub(crate) given: Vec<(String, Vec<String>)>,
    /// The same as text.
    pub(crate) query: String,
    /// What was passed over.
    pub(crate) remarks: Vec<Issue>,
}

/// Reads such a query: what is not known is passed over with a remark, or refused when `strict`.
pub(crate) fn own_query(query: &str, known: &[(&str, &str)], strict: bool) -> Result<OwnQuery, Refusal> {
    let mut asked = OwnQuery { given: Vec::new(), query: String::new(), remarks: Vec::new() };
    for (name, value) in pairs(query)? {
        if matches!(name.as_str(), "_format" | "_pretty" | "_count") {
            continue;
        }
        if known.iter().any(|(k, _)| *k == name) {
            let joint = if asked.query.is_empty() { "" } else { "&" };
            asked.query.push_str(&format!("{joint}{}={}", name, super::query::encode(&value)));
            asked.given.push((name, split_escaped(&value, ',')));
        } else {
            asked.remarks.push(super::search::passed_over(&name, &value, strict)?);
        }
    }
    Ok(asked)
}
