//! One page of a search over any type that is served.

use super::include::Along;
use super::predicate::{Clause, judge};
use super::results::Results;
use super::shape::{Parts, shaped};
use super::table::{Kind, parameters, sorting};
use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::own::{OwnAsk, OwnType};
use crate::flow::query::{is_id, split_escaped};
use crate::flow::render::{Hit, operation_outcome, searchset};
use crate::flow::served::Served;
use crate::model::draft::{Identifier, ResourceType};
use crate::model::issue::Issue;
use crate::model::key::Item;
use crate::model::time::Instant;
use crate::store::contract::{Narrow, Stored};
use crate::store::{Judge, Order, Place, Walk};
use std::sync::Arc;

/// Resources whose elements are looked at for one page, or for a total, at most.
pub const LOOKS_MAX: usize = 50_000;
/// Resources of the gateway's own that are counted for a total at most.
const OWN_COUNT_MAX: u64 = 100_000;

/// One resource of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its type.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// JSON.
    pub body: Vec<u8>,
    /// `match` or `include`.
    pub mode: &'static str,
}

/// One page of a search, and how it and the next one are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Matches, then what comes along.
    pub entries: Vec<Entry>,
    /// How many match on all pages, where that was asked for or is plain.
    pub total: Option<u64>,
    /// The query as it was understood, for the self link.
    pub self_query: String,
    /// The query of the next page, when there is one.
    pub next_query: Option<String>,
    /// Parameters that were passed over, and what else is worth knowing.
    pub remarks: Vec<Issue>,
}

/// Matches of one page, whatever their type.
struct Matches {
    entries: Vec<Entry>,
    /// Where the next page begins, in the words of the walk.
    next: Option<String>,
    remarks: Vec<Issue>,
}

impl Gateway {
    /// Searches one type of one source. `query` is the part of the URL after `?`; `strict` refuses what is not known.
    pub async fn search(&self, source: &Source, served: Served, query: &str, strict: bool) -> Result<Page, Refusal> {
        let asked = Results::read(served, query, strict)?;
        let walk = [&*source.name, served.name(), asked.query.as_str(), "search"];
        let (until, place) = match &asked.cursor {
            Some(cursor) => self.place(&walk, cursor).map(|(until, place)| (until, Some(place)))?,
            None => (self.now(), None),
        };
        let mut page = Page { remarks: asked.remarks.clone(), self_query: asked.query.clone(), ..Page::default() };
        if let Some(cursor) = &asked.cursor {
            page.self_query.push_str(&format!("&_cursor={cursor}"));
        }
        if asked.only_total || asked.total {
            page.total = Some(self.total(source, served, &asked, until, place.as_deref()).await?);
        }
        if asked.only_total {
            return Ok(page);
        }
        let first = place.is_none();
        let matches = match served {
            Served::Kept(kind) => self.kept(source, kind, &asked, until, place).await?,
            Served::Own(own) => self.owned(own, &asked, place).await?,
        };
        if first && matches.next.is_none() && page.total.is_none() {
            page.total = u64::try_from(matches.entries.len()).ok();
        }
        page.next_query =
            matches.next.map(|place| format!("{}&_cursor={}", asked.query, self.cursor(&walk, until, &place)));
        page.remarks.extend(matches.remarks);
        let mut along = Along::new(source, &matches.entries);
        for link in &asked.include {
            along.forward(self, link, &matches.entries).await?;
        }
        for link in &asked.reverse {
            along.backward(self, link, &matches.entries, until).await?;
        }
        page.remarks.extend(along.remark());
        page.entries = matches.entries.into_iter().chain(along.entries).collect();
        page.entries.iter_mut().for_each(|entry| cut(entry, &asked.parts));
        Ok(page)
    }

    async fn kept(
        &self,
        source: &Source,
        kind: ResourceType,
        asked: &Results,
        until: Instant,
        place: Option<String>,
    ) -> Result<Matches, Refusal> {
        let Some(mut walk) = walk(source, kind, asked, until)? else {
            return Ok(Matches { entries: Vec::new(), next: None, remarks: Vec::new() });
        };
        if let Some(place) = place {
            let (after, seen) = read_place(&place)?;
            (walk.after, walk.seen) = (Some(after), Some(seen));
        }
        let walked = self.store.read(walk).await?;
        let mut remarks = Vec::new();
        if walked.cut && matches!(asked.order, Order::Key | Order::KeyDown) {
            return Err(too_costly("sorting by a date"));
        }
        if walked.cut {
            let text = format!("{LOOKS_MAX} resources were looked at for this page; the next link goes on behind them");
            remarks.push(Issue::information("informational", "", text));
        }
        let entry = |stored: Stored| Entry { kind: kind.name(), id: stored.id, body: stored.body, mode: "match" };
        let next = walked.next.map(|(key, item)| format!("{key}.{item}.{}", walked.seen));
        Ok(Matches { entries: walked.resources.into_iter().map(entry).collect(), next, remarks })
    }

    async fn owned(&self, own: &'static OwnType, asked: &Results, place: Option<String>) -> Result<Matches, Refusal> {
        let ask = OwnAsk { given: given(asked), count: asked.count, from: place };
        let found = (own.find)(self, &ask).await?;
        let entry = |owned: crate::flow::own::Owned| Entry {
            kind: own.name,
            id: owned.id,
            body: owned.body.to_vec(),
            mode: "match",
        };
        Ok(Matches { entries: found.found.into_iter().map(entry).collect(), next: found.next, remarks: found.remarks })
    }

    async fn total(
        &self,
        source: &Source,
        served: Served,
        asked: &Results,
        until: Instant,
        place: Option<&str>,
    ) -> Result<u64, Refusal> {
        match served {
            Served::Kept(kind) => {
                let Some(mut walk) = walk(source, kind, asked, until)? else { return Ok(0) };
                (walk.count, walk.order) = (0, Order::Known);
                walk.seen = place.map(read_place).transpose()?.map(|(_, seen)| seen);
                let walked = self.store.read(walk).await?;
                if walked.cut { Err(too_costly("a total")) } else { Ok(walked.fitting) }
            }
            Served::Own(own) => {
                let mut ask = OwnAsk { given: given(asked), count: super::results::COUNT_MAX, from: None };
                let mut total = 0;
                loop {
                    let found = (own.find)(self, &ask).await?;
                    total += found.found.len() as u64;
                    match found.next {
                        Some(_) if total >= OWN_COUNT_MAX => return Err(too_costly("a total")),
                        Some(next) => ask.from = Some(next),
                        None => return Ok(total),
                    }
                }
            }
        }
    }
}

fn given(asked: &Results) -> Vec<(String, Vec<String>)> {
    asked.given.iter().map(|(name, value)| (name.clone(), split_escaped(value, ','))).collect()
}

fn too_costly(what: &str) -> Refusal {
    let text = format!(
        "{what} would look at more than {LOOKS_MAX} resources; wanted a search that names a patient, an identifier, an _id or a time of _lastUpdated"
    );
    Refusal::malformed("too-costly", text)
}

/// `_elements` is about matches alone.
fn cut(entry: &mut Entry, parts: &Parts) {
    if matches!(parts, Parts::Elements(_)) && entry.mode != "match" {
        return;
    }
    if let std::borrow::Cow::Owned(less) = shaped(entry.kind, &entry.body, parts) {
        entry.body = less;
    }
}

/// The place, and which transactions the first page saw.
fn read_place(words: &str) -> Result<(Place, Arc<str>), Refusal> {
    let wrong = || Refusal::one(Grade::Malformed, "invalid", "", "_cursor names no place; start again without it");
    let mut parts = words.splitn(3, '.');
    let mut part = || parts.next().ok_or_else(wrong);
    let (key, item, seen) = (part()?, part()?, part()?);
    Ok(((key.parse().map_err(|_| wrong())?, Item::from_hex(item).ok_or_else(wrong)?), seen.into()))
}

/// The walk that a search asks for; `None`: nothing can fit.
fn walk(source: &Source, kind: ResourceType, asked: &Results, until: Instant) -> Result<Option<Walk>, Refusal> {
    let mut narrow = Narrow::nothing(&source.name, kind);
    let mut known = (Instant::MIN, Instant::MAX);
    let mut patients: Option<Vec<String>> = None;
    let mut clauses = Vec::new();
    for (name, value) in &asked.given {
        let Some(parameter) = parameters(kind).iter().find(|p| p.name == name) else { continue };
        if parameter.kind == Kind::Patient {
            let named: Vec<String> =
                split_escaped(value, ',').iter().map(|v| patient(name, v)).collect::<Result<_, _>>()?;
            patients =
                Some(patients.map_or(named.clone(), |p| p.into_iter().filter(|id| named.contains(id)).collect()));
            continue;
        }
        let clause = Clause::parse(parameter, value, &source.zone, until)?;
        match (parameter.kind, clause.only_date().and_then(|d| d.moments())) {
            // What the store narrows exactly is not looked at again.
            (Kind::Id, _) if narrow.ids.is_empty() => narrow.ids = split_escaped(value, ','),
            (Kind::Updated, Some((from, to))) => known = (known.0.max(from), known.1.min(to)),
            (Kind::Identifier, _) if narrow.identifiers.is_empty() => {
                narrow.identifiers = names(&clause);
                clauses.push(clause);
            }
            _ => clauses.push(clause),
        }
    }
    if patients.as_ref().is_some_and(Vec::is_empty) || known.0 > known.1 {
        return Ok(None);
    }
    narrow.patients = patients.unwrap_or_default();
    let sort = matches!(asked.order, Order::Key | Order::KeyDown).then(|| sorting(kind));
    let (down, zone) = (asked.order == Order::KeyDown, source.zone.clone());
    let looks = !clauses.is_empty() || sort.is_some();
    let judged = move |stored: &Stored| judge(stored, &clauses, sort, down, &zone);
    let judge = looks.then(|| Judge(Arc::new(judged)));
    Ok(Some(Walk {
        narrow,
        known,
        until,
        seen: None,
        judge,
        order: asked.order,
        after: None,
        count: asked.count,
        looks: LOOKS_MAX,
    }))
}

/// The identifiers by which the store can narrow; none where one alternative names no value.
fn names(clause: &Clause) -> Vec<Identifier> {
    if clause.tokens().any(|t| t.code.is_empty()) {
        return Vec::new();
    }
    // Without a system means any to the store; the clause then looks more closely.
    let name =
        |t: &super::value::Token| Identifier { system: t.system.clone().unwrap_or_default(), value: t.code.clone() };
    clause.tokens().map(name).collect()
}

fn patient(name: &str, text: &str) -> Result<String, Refusal> {
    let id = text.strip_prefix("Patient/").unwrap_or(text);
    if is_id(id) {
        return Ok(id.into());
    }
    Err(Refusal::malformed("value", format!("{name} names no Patient of this base; wanted Patient/id or id")))
}

impl Page {
    /// As a searchset; `base` is that of the source, `kind` the type that was searched.
    pub fn searchset(&self, base: &str, kind: &str) -> Vec<u8> {
        let urls: Vec<String> = self.entries.iter().map(|e| format!("{base}/{}/{}", e.kind, e.id)).collect();
        let outcome = operation_outcome(&self.remarks);
        let mut hits: Vec<Hit<'_>> = self
            .entries
            .iter()
            .zip(&urls)
            .map(|(entry, url)| Hit { full_url: url, body: &entry.body, mode: entry.mode })
            .collect();
        if !self.remarks.is_empty() {
            hits.push(Hit {
                full_url: "urn:uuid:00000000-0000-4000-8000-000000000000",
                body: &outcome,
                mode: "outcome",
            });
        }
        let mut links = vec![("self", format!("{base}/{kind}?{}", self.self_query))];
        links.extend(self.next_query.as_ref().map(|next| ("next", format!("{base}/{kind}?{next}"))));
        searchset(self.total, &links, &hits)
    }
}

/// What [`Gateway::read`] answers when nothing is there, or no longer.
pub(crate) fn absent(deleted: bool) -> Refusal {
    if deleted {
        Refusal::one(Grade::Gone, "deleted", "", "this resource was deleted")
    } else {
        Refusal::one(Grade::NotFound, "not-found", "", "there is no such resource at this base")
    }
}
