//! What tells of no person: definitions of trials and of the software, sites, and the gateway itself. Rendered once,
//! when definitions are taken up.

use super::rendered::Rendered;
use crate::flow::answer::Refusal;
use crate::flow::desk::AtSite;
use crate::flow::gateway::Gateway;
use crate::flow::library::{Active, Library};
use crate::flow::own::{OwnAsk, OwnFound, OwnType, Owned};
use crate::flow::search::absent;
use crate::model::purpose::Purpose;
use crate::model::time::Instant;
use crate::publish::measure::{Kind, measure};
use crate::publish::study::{Reader, research_study};
use crate::publish::{around, group, plan};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Everything that projections are made from.
#[derive(Default)]
pub(crate) struct Projected {
    /// Base of the gateway's names.
    pub(crate) base: String,
    /// Definitions and maps in force.
    pub(crate) library: Option<Arc<Library>>,
    /// What the site says of each trial.
    pub(crate) sites: BTreeMap<String, AtSite>,
    shelf: Vec<Rendered>,
}

impl Projected {
    /// The definitions in force, in their order.
    pub(crate) fn trials(&self) -> &[Active] {
        self.library.as_ref().map_or(&[], |l| &l.trials)
    }

    /// The definition of that trial.
    pub(crate) fn active(&self, trial: &str) -> Option<&Active> {
        self.library.as_ref().and_then(|l| l.trial(trial))
    }

    /// Whether the site states a ground to name people of that trial.
    pub(crate) fn names(&self, trial: &str) -> bool {
        self.sites.get(trial).is_some_and(|s| s.purposes.contains(&Purpose::Name))
    }
}

macro_rules! shelved {
    ($($constant:ident $name:literal [$($parameter:literal $kind:literal),*])*) => {
        $(#[doc = concat!($name, " as it is served.")] pub const $constant: OwnType = OwnType {
            name: $name,
            parameters: &[("_id", "token"), $(($parameter, $kind)),*],
            personal: false,
            read: |gateway, id| Box::pin(async move { gateway.shelved($name, id) }),
            find: |gateway, ask| Box::pin(async move { Ok(gateway.shelved_that_fit(&$constant, ask)) }),
            versions: None,
        };)*
    };
}

shelved! {
    RESEARCH_STUDY "ResearchStudy" ["identifier" "token"]
    PLAN_DEFINITION "PlanDefinition" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token", "identifier" "token"]
    MEASURE "Measure" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token"]
    GROUP "Group" ["identifier" "token", "type" "token", "actual" "token"]
    LIBRARY "Library" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token", "identifier" "token"]
    DEVICE "Device" ["identifier" "token", "status" "token"]
    ORGANIZATION "Organization" ["identifier" "token", "name" "string", "active" "token"]
    LOCATION "Location" ["identifier" "token", "name" "string", "status" "token", "organization" "reference"]
    STRUCTURE_DEFINITION "StructureDefinition" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token", "type" "uri"]
    SEARCH_PARAMETER "SearchParameter" ["url" "uri", "version" "token", "name" "string", "status" "token", "code" "token", "base" "token"]
    CODE_SYSTEM "CodeSystem" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token"]
    VALUE_SET "ValueSet" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token"]
    OPERATION_DEFINITION "OperationDefinition" ["url" "uri", "version" "token", "name" "string", "title" "string", "status" "token", "code" "token"]
}

impl Gateway {
    /// Takes up what projections are made from; `base` is that of the gateway's names.
    pub fn project(&self, library: Arc<Library>, sites: BTreeMap<String, AtSite>, base: &str) {
        let mut shelf = render(&library, base, self.now());
        shelf.sort_by(|a, b| (a.kind(), &a.owned.id).cmp(&(b.kind(), &b.owned.id)));
        let projected = Projected { base: base.to_owned(), library: Some(library), sites, shelf };
        *self.projected.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(projected);
    }

    pub(crate) fn projected(&self) -> Arc<Projected> {
        self.projected.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn shelved(&self, kind: &str, id: &str) -> Result<Owned, Refusal> {
        let projected = self.projected();
        let found = projected.shelf.iter().find(|r| r.kind() == kind && r.owned.id == id);
        found.map(|r| r.owned.clone()).ok_or_else(|| absent(false))
    }

    /// By id, so that the last id of a page is where the next one begins.
    fn shelved_that_fit(&self, of: &OwnType, ask: &OwnAsk) -> OwnFound {
        let projected = self.projected();
        let mut found: Vec<Owned> = projected
            .shelf
            .iter()
            .filter(|r| r.kind() == of.name && ask.from.as_ref().is_none_or(|from| r.owned.id > *from))
            .filter(|r| r.fits(ask, of.parameters, &[], &self.base))
            .map(|r| r.owned.clone())
            .take(ask.count + 1)
            .collect();
        let more = found.len() > ask.count;
        found.truncate(ask.count);
        let next = found.last().filter(|_| more).map(|last| last.id.clone());
        OwnFound { found, next, ..OwnFound::default() }
    }
}

fn render(library: &Library, base: &str, now: Instant) -> Vec<Rendered> {
    let mut bodies = vec![around::device(base, env!("CARGO_PKG_VERSION"))];
    for active in &library.trials {
        let trial = &active.trial;
        bodies.push(research_study(trial, Reader::Client));
        bodies.push(plan::plan_definition(trial, base));
        bodies.push(plan::library(trial, base, &active.files));
        bodies.push(plan::variables_code_system(trial, base));
        bodies.push(group::group(trial, base));
        bodies.extend(Kind::ALL.map(|kind| measure(trial, base, kind)));
        for site in &trial.study.sites {
            bodies.push(around::organization(trial, site, base));
            bodies.push(around::location(trial, site, base));
        }
    }
    bodies.extend(library.fhir.iter().map(|(_, text)| text.clone().into_bytes()));
    bodies.into_iter().filter_map(|body| Rendered::definition(body, now)).collect()
}
