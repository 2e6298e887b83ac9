//! Entries of a Bundle that read: checked before anything is kept, answered after the commit.

use super::step::Ask;
use crate::flow::answer::{Refusal, Shown};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::query::{has_already, is_id};
use crate::flow::search::absent;
use crate::flow::served::Served;
use crate::model::time::{Instant, Partial};
use crate::store::contract::{Caller, ImportEntry};
use crate::store::{Deletion, Which};

/// Who answers, for one Bundle.
pub(super) struct Answerer<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) source: &'a Source,
    pub(super) caller: &'a Caller,
}

/// What the address of an entry names.
enum Address<'a> {
    Instance(Served, &'a str),
    Version(Served, &'a str, &'a str),
    Search(Served, &'a str),
}

impl Answerer<'_> {
    fn address<'u>(&self, url: &'u str) -> Result<Address<'u>, Refusal> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let steps: Vec<&str> = path.split('/').collect();
        let kind = Served::named(steps[0], &self.source.name).ok_or_else(|| {
            let text = "this type is not served at this base; the CapabilityStatement lists those that are";
            Refusal::one(crate::flow::answer::Grade::NotFound, "not-supported", "request.url", text)
        })?;
        match steps[1..] {
            [] => Ok(Address::Search(kind, query)),
            [id] if is_id(id) => Ok(Address::Instance(kind, id)),
            [id, "_history", version] if is_id(id) => Ok(Address::Version(kind, id, version)),
            _ => {
                let text = "wanted GET Type/id, GET Type/id/_history/version or GET Type?parameters";
                Err(Refusal::malformed("value", text))
            }
        }
    }

    /// Refuses beforehand what could not be shown: a transaction is done whole or not at all.
    pub(super) async fn check(
        &self,
        ask: &Ask,
        imports: &[ImportEntry],
        deletions: &[(usize, Deletion)],
    ) -> Result<(), Refusal> {
        match self.address(&ask.url)? {
            Address::Search(kind, query) => {
                // Asked as it will be, for nothing but its refusals.
                let none = format!("{query}{}_summary=count", if query.is_empty() { "" } else { "&" });
                match self.gateway.search(self.source, kind, &none, false).await {
                    Err(refusal) if refusal.issues.iter().all(|i| i.code != "too-costly") => Err(refusal),
                    _ => Ok(()),
                }
            }
            Address::Version(kind, id, version) => {
                self.gateway.version(self.source, kind, id, version).await.map(|_| ())
            }
            Address::Instance(Served::Kept(kind), id) => {
                let deleted = deletions
                    .iter()
                    .any(|(_, d)| d.resource_type == kind && matches!(&d.which, Which::Id(gone) if gone == id));
                let made = imports.iter().any(|e| e.draft.resource_type == kind && e.id == id);
                if deleted {
                    return Err(absent(true));
                }
                if made { Ok(()) } else { self.gateway.read(self.source, kind, id).await.map(|_| ()) }
            }
            Address::Instance(Served::Own(own), id) => (own.read)(self.gateway, id).await.map(|_| ()),
        }
    }

    /// Answers, once the audit has it.
    pub(super) async fn show(&self, ask: &Ask) -> Result<Shown, Refusal> {
        match self.address(&ask.url)? {
            Address::Search(kind, query) => {
                let page = self.gateway.search(self.source, kind, query, false).await?;
                self.note("search", kind, page.entries.len(), None).await?;
                let base = self.gateway.base_of(self.source);
                Ok(Shown { body: Some(page.searchset(&base, kind.name())), version: None })
            }
            Address::Version(kind, id, version) => {
                let found = self.gateway.version(self.source, kind, id, version).await?;
                self.note("read", kind, 1, Some(id)).await?;
                Ok(self.unless_known(ask, found.version, found.known, found.body))
            }
            Address::Instance(kind, id) => {
                let (version, known, body) = self.gateway.current(self.source, kind, id).await?;
                self.note("read", kind, 1, Some(id)).await?;
                Ok(self.unless_known(ask, version, known, body))
            }
        }
    }

    fn unless_known(&self, ask: &Ask, version: i64, known: Instant, body: Vec<u8>) -> Shown {
        let unchanged = match (&ask.if_none_match, &ask.if_modified_since) {
            (Some(tags), _) => has_already(tags, version),
            (None, Some(since)) => {
                let since = Partial::parse(since).map(|p| p.range(&self.source.zone).latest);
                since.is_ok_and(|since| known <= since)
            }
            (None, None) => false,
        };
        Shown { body: (!unchanged).then_some(body), version: Some((version, known)) }
    }

    async fn note(&self, purpose: &str, kind: Served, count: usize, one: Option<&str>) -> Result<(), Refusal> {
        if !kind.is_personal() {
            return Ok(());
        }
        let caller = Caller { actor: self.caller.actor.clone(), purpose: purpose.into() };
        self.gateway.note(self.source, caller, kind.name(), count, one).await
    }
}
