//! Bundles around resources that are spliced in byte for byte: nothing inside is read or written anew.

use super::json::{object, text};

/// A resource in a searchset.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// Its absolute URL.
    pub full_url: &'a str,
    /// The resource, JSON.
    pub body: &'a [u8],
    /// `match`, `include` or `outcome`.
    pub mode: &'static str,
}

/// What became of one entry of a batch or transaction, or one version in a history.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// Such as `201 Created`.
    pub status: String,
    /// `Type/id/_history/version`, when something is there.
    pub location: Option<String>,
    /// Such as `W/"3"`.
    pub etag: Option<String>,
    /// An instant.
    pub last_modified: Option<String>,
    /// An OperationOutcome, JSON.
    pub outcome: Option<Vec<u8>>,
    /// The resource, JSON, for `return=representation`.
    pub resource: Option<Vec<u8>>,
}

/// What a Bundle answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A transaction.
    Transaction,
    /// A batch.
    Batch,
}

/// A searchset. `links` are relation and URL, `self` first.
pub fn searchset(total: Option<u64>, links: &[(&str, String)], hits: &[Hit]) -> Vec<u8> {
    let mut out = opening("searchset", total, links);
    let entries = hits.iter().map(|hit| {
        let search = object([("mode", Some(text(hit.mode)))]);
        entry(Some(hit.full_url), Some(hit.body), &[("search", search)])
    });
    close(&mut out, entries);
    out
}

/// The answer to a batch or transaction, entry by entry in the order asked.
pub fn transaction_response(kind: Kind, responses: &[Response]) -> Vec<u8> {
    let kind = if kind == Kind::Transaction { "transaction-response" } else { "batch-response" };
    let mut out = opening(kind, None, &[]);
    let entries = responses.iter().map(|r| entry(None, r.resource.as_deref(), &[("response", response(r))]));
    close(&mut out, entries);
    out
}

/// A history, newest first: absolute URL, the verb that made the version (`PUT`, `DELETE`), and the version.
pub fn history(total: Option<u64>, links: &[(&str, String)], versions: &[(String, &'static str, Response)]) -> Vec<u8> {
    let mut out = opening("history", total, links);
    let entries = versions.iter().map(|(full_url, verb, version)| {
        let tail: Vec<&str> = full_url.rsplitn(3, '/').take(2).collect();
        let url = tail.into_iter().rev().collect::<Vec<_>>().join("/");
        let request = object([("method", Some(text(verb))), ("url", Some(text(&url)))]);
        let parts = [("request", request), ("response", response(version))];
        entry(Some(full_url), version.resource.as_deref(), &parts)
    });
    close(&mut out, entries);
    out
}

fn opening(kind: &str, total: Option<u64>, links: &[(&str, String)]) -> Vec<u8> {
    let link =
        |(relation, url): &(&str, String)| object([("relation", Some(text(relation))), ("url", Some(text(url)))]);
    let head = object([
        ("resourceType", Some(text("Bundle"))),
        ("type", Some(text(kind))),
        ("total", total.map(|n| n.to_string())),
        ("link", super::json::array(links.iter().map(link).collect())),
    ]);
    let mut out = head.into_bytes();
    out.pop();
    out
}

/// Entries and the closing brace; FHIR has no empty arrays.
fn close(out: &mut Vec<u8>, entries: impl Iterator<Item = Vec<u8>>) {
    let mut any = false;
    for entry in entries {
        out.extend_from_slice(if any { b"," } else { b",\"entry\":[" });
        out.extend_from_slice(&entry);
        any = true;
    }
    out.extend_from_slice(if any { b"]}" } else { b"}" });
}

fn entry(full_url: Option<&str>, resource: Option<&[u8]>, members: &[(&str, String)]) -> Vec<u8> {
    let mut out = vec![b'{'];
    let mut member = |key: &str, value: &[u8]| {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(text(key).as_bytes());
        out.push(b':');
        out.extend_from_slice(value);
    };
    if let Some(url) = full_url {
        member("fullUrl", text(url).as_bytes());
    }
    if let Some(resource) = resource {
        member("resource", resource);
    }
    for (key, value) in members {
        member(key, value.as_bytes());
    }
    out.push(b'}');
    out
}

fn response(response: &Response) -> String {
    let quoted = |words: &Option<String>| words.as_deref().map(text);
    object([
        ("status", Some(text(&response.status))),
        ("location", quoted(&response.location)),
        ("etag", quoted(&response.etag)),
        ("lastModified", quoted(&response.last_modified)),
        ("outcome", response.outcome.as_ref().map(|o| String::from_utf8_lossy(o).into_owned())),
    ])
}
