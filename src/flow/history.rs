//! The versions of a resource: one of them, or all, newest first.

use super::answer::Refusal;
use super::gateway::{Gateway, Source};
use super::query::{encode, pairs};
use super::render::{Response, history};
use super::search::{COUNT_DEFAULT, COUNT_MAX, absent};
use super::served::Served;
use crate::model::key::Item;
use crate::model::time::{Instant, Partial};
use crate::store::contract::Stored;
use crate::store::{History, Last, ReadResource, Versions};

/// One page of versions, and how it and the next one are asked for.
#[derive(Debug, Clone, Default)]
pub struct VersionPage {
    /// The versions, newest first.
    pub versions: Vec<Stored>,
    /// The query as it was understood, for the self link.
    pub self_query: String,
    /// The query of the next page, when there is one.
    pub next_query: Option<String>,
}

/// What was asked of a history.
struct Asked {
    count: usize,
    since: Instant,
    cursor: Option<String>,
    query: String,
}

impl Gateway {
    /// One version: 404 when it never was, 410 when it is a deletion.
    pub async fn version(&self, source: &Source, served: Served, id: &str, version: &str) -> Result<Stored, Refusal> {
        let Ok(version) = version.parse::<i64>() else { return Err(absent(false)) };
        let found = match served {
            Served::Kept(kind) => {
                let (source, resource_type) = (source.name.to_string(), kind.name().to_owned());
                let ask = ReadResource { source, resource_type, id: id.to_owned(), version: Some(version) };
                self.store.read(ask).await?
            }
            Served::Own(_) => self.all_versions(served, id).await?.into_iter().find(|v| v.version == version),
        };
        match found {
            Some(stored) if !stored.deleted => Ok(stored),
            other => Err(absent(other.is_some())),
        }
    }

    async fn all_versions(&self, served: Served, id: &str) -> Result<Vec<Stored>, Refusal> {
        let Served::Own(own) = served else { return Ok(Vec::new()) };
        let Some(versions) = own.versions else { return Err(absent(false)) };
        let stored = |o: super::own::Owned| Stored {
            id: o.id,
            version: o.version,
            known: o.known,
            deleted: o.body.is_empty(),
            body: o.body.to_vec(),
        };
        Ok(versions(self, id).await?.into_iter().map(stored).collect())
    }

    /// The versions of one resource, or with no `id` of all of a kept type.
    pub async fn history(
        &self,
        source: &Source,
        served: Served,
        id: Option<&str>,
        query: &str,
        strict: bool,
    ) -> Result<VersionPage, Refusal> {
        let asked = read(source, query, strict)?;
        let walk = [&*source.name, served.name(), id.unwrap_or_default(), asked.query.as_str(), "history"];
        let (until, after) = match &asked.cursor {
            Some(cursor) => {
                let (until, place) = self.place(&walk, cursor)?;
                (until, Some(last(&place)?))
            }
            None => (self.now(), None),
        };
        let found = match (served, id) {
            (Served::Kept(kind), _) => {
                let ask = History {
                    source: source.name.to_string(),
                    resource_type: kind.name().to_owned(),
                    id: id.map(str::to_owned),
                    since: asked.since,
                    // What this very moment brought is part of it: patients' clocks may be a little ahead.
                    until: if id.is_some() { Instant::MAX } else { until },
                    after,
                    count: asked.count,
                };
                self.store.read(ask).await?
            }
            (Served::Own(_), Some(id)) => few(self.all_versions(served, id).await?, &asked, after),
            (Served::Own(_), None) => return Err(absent(false)),
        };
        if let (true, None, Some(id), Served::Kept(kind)) = (found.versions.is_empty(), after, id, served)
            && super::seam::read(&self.store, &source.name, kind, id).await?.is_none()
        {
            return Err(absent(false));
        }
        let next_query = found.next.map(|(known, item, version)| {
            let cursor = self.cursor(&walk, until, &format!("{}.{item}.{version}", known.0));
            format!("{}&_cursor={cursor}", asked.query)
        });
        let cursor = asked.cursor.map(|c| format!("&_cursor={c}")).unwrap_or_default();
        Ok(VersionPage { versions: found.versions, self_query: asked.query + &cursor, next_query })
    }
}

/// A page of versions that are all at hand.
fn few(all: Vec<Stored>, asked: &Asked, after: Option<Last>) -> Versions {
    let fits = |v: &Stored| v.known >= asked.since && after.is_none_or(|(_, _, version)| v.version < version);
    let mut versions: Vec<Stored> = all.into_iter().filter(fits).collect();
    let more = versions.len() > asked.count;
    versions.truncate(asked.count);
    let next = versions.last().filter(|_| more).map(|v| (v.known, Item([0; 16]), v.version));
    Versions { versions, next }
}

fn read(source: &Source, query: &str, strict: bool) -> Result<Asked, Refusal> {
    let mut asked = Asked { count: COUNT_DEFAULT, since: Instant::MIN, cursor: None, query: String::new() };
    for (name, value) in pairs(query)? {
        match name.as_str() {
            "_format" | "_pretty" => {}
            "_cursor" => asked.cursor = Some(value),
            "_count" => match value.parse::<u64>() {
                Ok(n) if n > 0 => asked.count = usize::try_from(n).unwrap_or(COUNT_MAX).min(COUNT_MAX),
                _ => {
                    return Err(Refusal::malformed("value", "_count has another value; wanted a whole number above 0"));
                }
            },
            "_since" => {
                let since = Partial::parse(&value).map_err(|w| Refusal::malformed("value", format!("_since: {w}")))?;
                asked.since = since.range(&source.zone).earliest;
                asked.query.push_str(&format!("_since={}&", encode(&value)));
            }
            _ if strict => {
                let text = "a parameter of history is not supported; wanted _count and _since alone";
                return Err(Refusal::malformed("not-supported", text));
            }
            // A history has no place for a remark: the self link says what was used.
            _ => {}
        }
    }
    asked.query.push_str(&format!("_count={}", asked.count));
    Ok(asked)
}

fn last(words: &str) -> Result<Last, Refusal> {
    let wrong = || Refusal::malformed("invalid", "_cursor names no place; start again without it");
    let parts: Vec<&str> = words.split('.').collect();
    let [known, item, version] = parts[..] else { return Err(wrong()) };
    let known = Instant(known.parse().map_err(|_| wrong())?);
    Ok((known, Item::from_hex(item).ok_or_else(wrong)?, version.parse().map_err(|_| wrong())?))
}

impl VersionPage {
    /// As a history Bundle; `base` is that of the source, `place` the path below it without `_history`.
    pub fn bundle(&self, base: &str, kind: &str, place: &str) -> Vec<u8> {
        let version = |v: &Stored| {
            let status = match (v.deleted, v.version) {
                (true, _) => "204 No Content",
                (false, 1) => "201 Created",
                (false, _) => "200 OK",
            };
            let response = Response {
                status: status.into(),
                etag: Some(format!("W/\"{}\"", v.version)),
                last_modified: Some(v.known.to_string()),
                resource: (!v.deleted).then(|| v.body.clone()),
                ..Response::default()
            };
            (format!("{base}/{kind}/{}", v.id), if v.deleted { "DELETE" } else { "PUT" }, response)
        };
        let versions: Vec<_> = self.versions.iter().map(version).collect();
        let mut links = vec![("self", format!("{base}/{place}/_history?{}", self.self_query))];
        links.extend(self.next_query.as_ref().map(|next| ("next", format!("{base}/{place}/_history?{next}"))));
        history(None, &links, &versions)
    }
}
