//! What comes along with a search: what its matches refer to, and what refers to them.

use super::page::Entry;
use super::table::Link;
use crate::flow::answer::Refusal;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::own::OwnAsk;
use crate::flow::served::Served;
use crate::intake::json;
use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
use crate::model::time::Instant;
use crate::store::contract::Narrow;
use crate::store::{Order, Walk};
use std::collections::BTreeSet;

/// Resources that come along with one page at most; beyond them the page says that some are missing.
pub const INCLUDED_MAX: usize = 1000;

/// What comes along with one page.
pub(super) struct Along<'a> {
    source: &'a Source,
    seen: BTreeSet<(&'static str, String)>,
    pub(super) entries: Vec<Entry>,
    cut: bool,
}

impl<'a> Along<'a> {
    /// For a page of these matches; none of them comes along again.
    pub(super) fn new(source: &'a Source, matches: &[Entry]) -> Self {
        let seen = matches.iter().map(|e| (e.kind, e.id.clone())).collect();
        Self { source, seen, entries: Vec::new(), cut: false }
    }

    /// The remark that some are missing.
    pub(super) fn remark(&self) -> Option<Issue> {
        let text = format!(
            "only {INCLUDED_MAX} resources come along with a page; ask for the others by a search of their own"
        );
        self.cut.then(|| Issue::warning("incomplete", "", text))
    }

    fn push(&mut self, kind: &'static str, id: String, body: Vec<u8>) {
        if self.seen.contains(&(kind, id.clone())) {
            return;
        }
        if self.entries.len() == INCLUDED_MAX {
            self.cut = true;
            return;
        }
        self.seen.insert((kind, id.clone()));
        self.entries.push(Entry { kind, id, body, mode: "include" });
    }

    /// What the matches refer to along a link.
    pub(super) async fn forward(&mut self, gateway: &Gateway, link: &Link, matches: &[Entry]) -> Result<(), Refusal> {
        let base = format!("{}/", gateway.base_of(self.source));
        for entry in matches.iter().filter(|e| e.kind == link.from) {
            let Some(id) = referred(&entry.body, link, &base) else { continue };
            let Some(target) = Served::named(link.to, &self.source.name) else { continue };
            if self.seen.contains(&(target.name(), id.clone())) {
                continue;
            }
            match target {
                Served::Kept(kind) => {
                    if let Some(stored) = gateway.there(self.source, kind, &id).await? {
                        self.push(kind.name(), id, stored.body);
                    }
                }
                Served::Own(own) => {
                    if let Ok(owned) = (own.read)(gateway, &id).await {
                        self.push(own.name, id, owned.body.to_vec());
                    }
                }
            }
        }
        Ok(())
    }

    /// What refers to the matches along a link.
    pub(super) async fn backward(
        &mut self,
        gateway: &Gateway,
        link: &Link,
        matches: &[Entry],
        until: Instant,
    ) -> Result<(), Refusal> {
        let ids: Vec<String> = matches.iter().filter(|e| e.kind == link.to).map(|e| e.id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        match Served::named(link.from, &self.source.name) {
            Some(Served::Kept(kind)) => self.of_patients(gateway, kind, ids, until).await,
            Some(Served::Own(own)) => {
                let values = ids.iter().map(|id| format!("{}/{id}", link.to)).collect();
                let given = vec![(link.parameter.to_owned(), values)];
                let ask = OwnAsk { given, count: INCLUDED_MAX, from: None };
                let found = (own.find)(gateway, &ask).await?;
                self.cut |= found.next.is_some();
                found.found.into_iter().for_each(|o| self.push(own.name, o.id, o.body.to_vec()));
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn of_patients(
        &mut self,
        gateway: &Gateway,
        kind: ResourceType,
        patients: Vec<String>,
        until: Instant,
    ) -> Result<(), Refusal> {
        let walk = Walk {
            narrow: Narrow { patients, ..Narrow::nothing(&self.source.name, kind) },
            known: (Instant::MIN, Instant::MAX),
            until,
            seen: None,
            judge: None,
            order: Order::Known,
            after: None,
            count: INCLUDED_MAX,
            looks: usize::MAX,
        };
        let walked = gateway.store.read(walk).await?;
        self.cut |= walked.next.is_some();
        walked.resources.into_iter().for_each(|r| self.push(kind.name(), r.id, r.body));
        Ok(())
    }
}

/// The id of this base that a resource refers to along a link.
fn referred(body: &[u8], link: &Link, base: &str) -> Option<String> {
    let document = json::parse(body).ok()?;
    let reference = document.root.get(link.path)?.text_of("reference")?;
    let local = reference.strip_prefix(base).unwrap_or(reference);
    let id = local.strip_prefix(link.to)?.strip_prefix('/')?;
    // A reference to a version means that version; what comes along is what is current.
    Some(id.split('/').next().unwrap_or(id).to_owned())
}
