//! ResearchStudy: one for each trial that is served, rendered when definitions are loaded.

use super::answer::Refusal;
use super::gateway::Gateway;
use super::own::{OwnAsk, OwnFound, OwnType, Owned};
use super::search::{Token, absent};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// ResearchStudy as it is served.
pub const STUDY: OwnType = OwnType {
    name: "ResearchStudy",
    parameters: &[("_id", "token"), ("identifier", "token")],
    personal: false,
    read: |gateway, id| Box::pin(async move { gateway.research_study(id) }),
    find: |gateway, ask| Box::pin(async move { Ok(gateway.research_studies(ask)) }),
    versions: None,
};

/// A ResearchStudy as it is shown: the rendering and what it is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Study {
    /// The rendering.
    pub owned: Owned,
    /// Its identifiers, (system, value).
    pub identifiers: Vec<(String, String)>,
}

impl Gateway {
    /// Sets the studies that are shown, by id.
    pub fn set_studies(&self, studies: BTreeMap<String, Study>) {
        *self.studies.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(studies);
    }

    fn studies(&self) -> Arc<BTreeMap<String, Study>> {
        self.studies.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn research_study(&self, id: &str) -> Result<Owned, Refusal> {
        self.studies().get(id).map(|s| s.owned.clone()).ok_or_else(|| absent(false))
    }

    /// By id, so that the last id of a page is where the next one begins.
    fn research_studies(&self, ask: &OwnAsk) -> OwnFound {
        let studies = self.studies();
        let after = studies.iter().filter(|(id, _)| ask.from.as_ref().is_none_or(|from| *id > from));
        let mut found: Vec<Owned> =
            after.filter(|(_, s)| fits(s, ask)).map(|(_, s)| s.owned.clone()).take(ask.count + 1).collect();
        let more = found.len() > ask.count;
        found.truncate(ask.count);
        let next = found.last().filter(|_| more).map(|last| last.id.clone());
        OwnFound { found, next, ..OwnFound::default() }
    }
}

fn fits(study: &Study, ask: &OwnAsk) -> bool {
    ask.given.iter().all(|(name, values)| {
        values.iter().any(|value| match name.as_str() {
            "_id" => study.owned.id == *value,
            // An empty token was refused before.
            _ => Token::parse(name, value)
                .is_ok_and(|token| study.identifiers.iter().any(|(system, value)| token.fits(system, value))),
        })
    })
}
