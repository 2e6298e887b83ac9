//! The envelope of a Bundle. Its resources stay where they are: each is read by itself from its stretch of the bytes.

use super::json::{self, Kind, Node};
use super::resource::Grade;
use super::schema::Schema;
use super::wording;
use crate::model::issue::Issue;
use std::collections::HashMap;
use std::ops::Range;

/// Most entries of one Bundle.
pub const MAX_ENTRIES: usize = 10_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleEntry {
    /// `fullUrl`
    pub full_url: Option<String>,
    /// `request.method`
    pub method: Option<String>,
    /// `request.url`
    pub url: Option<String>,
    /// `request.ifNoneExist`
    pub if_none_exist: Option<String>,
    /// `request.ifMatch`
    pub if_match: Option<String>,
    /// `request.ifNoneMatch`
    pub if_none_match: Option<String>,
    /// `request.ifModifiedSince`
    pub if_modified_since: Option<String>,
    /// Where its resource stands in the body.
    pub resource: Option<Range<usize>>,
}

/// What was read of a Bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRead {
    /// `type`, such as `transaction`; empty when the Bundle could not be read.
    pub kind: String,
    /// The entries in order; none unless the envelope is right.
    pub entries: Vec<BundleEntry>,
    /// What is wrong with the envelope.
    pub issues: Vec<Issue>,
    /// How it ended.
    pub grade: Grade,
}

/// Reads the envelope of a Bundle.
pub fn read_bundle(body: &[u8]) -> BundleRead {
    let document = match json::parse(body) {
        Ok(document) => document,
        Err(fault) => return refused(Grade::Unreadable, vec![Issue::error("structure", fault.path, fault.text)]),
    };
    let root = &document.root;
    if !matches!(root.kind, Kind::Object(_)) {
        let text = format!("found {}; wanted an object, one Bundle", root.noun());
        return refused(Grade::Unreadable, vec![Issue::error("structure", "", text)]);
    }
    if root.text_of("resourceType") != Some("Bundle") {
        let found = root.text_of("resourceType").map_or("no resourceType", wording::token);
        let text = format!("found {found}; wanted the type Bundle");
        return refused(Grade::Unreadable, vec![Issue::error("invalid", "resourceType", text)]);
    }
    let nodes = root.list("entry");
    if nodes.len() > MAX_ENTRIES {
        let text = format!("found {} entries; wanted {MAX_ENTRIES} at most", nodes.len());
        return refused(Grade::TooCostly, vec![Issue::error("too-costly", "Bundle.entry", text)]);
    }
    let kind = root.text_of("type").unwrap_or_default();
    let mut issues = Schema::Bundle.issues(root, "Bundle");
    let unprocessable = !issues.is_empty();
    check(nodes, kind, &mut issues);
    if issues.is_empty() {
        let entries = nodes.iter().map(entry).collect();
        return BundleRead { kind: kind.into(), entries, issues, grade: Grade::Fine };
    }
    refused(if unprocessable { Grade::Unprocessable } else { Grade::Unreadable }, issues)
}

fn refused(grade: Grade, issues: Vec<Issue>) -> BundleRead {
    BundleRead { kind: String::new(), entries: Vec::new(), issues, grade }
}

fn entry(node: &Node<'_>) -> BundleEntry {
    let asked = |name: &str| node.get("request").and_then(|r| r.text_of(name)).map(String::from);
    BundleEntry {
        full_url: node.text_of("fullUrl").map(Into::into),
        method: asked("method"),
        url: asked("url"),
        if_none_exist: asked("ifNoneExist"),
        if_match: asked("ifMatch"),
        if_none_match: asked("ifNoneMatch"),
        if_modified_since: asked("ifModifiedSince"),
        resource: node.get("resource").map(|r| r.place.start as usize..r.place.end as usize),
    }
}

/// What the schema cannot say: requests where they are needed, and full URLs that mean one resource each.
fn check(entries: &[Node<'_>], kind: &str, issues: &mut Vec<Issue>) {
    let mut urls: HashMap<&str, usize> = HashMap::new();
    for (i, entry) in entries.iter().enumerate() {
        if matches!(kind, "transaction" | "batch") && entry.get("request").is_none() {
            let text = format!("found no request in an entry of a {kind}; wanted method and url");
            issues.push(Issue::error("required", format!("Bundle.entry[{i}].request"), text));
        }
        let Some(url) = entry.text_of("fullUrl") else { continue };
        let place = format!("Bundle.entry[{i}].fullUrl");
        if kind != "history"
            && let Some(first) = urls.insert(url, i)
        {
            let text = format!("found the fullUrl of entry[{first}] again; wanted each once");
            issues.push(Issue::error("invalid", place, text));
            continue;
        }
        let id = entry.get("resource").and_then(|r| r.text_of("id"));
        if let Some(id) = id
            && !url.starts_with("urn:")
            && url.rsplit('/').next() != Some(id)
        {
            let text = "found a fullUrl that does not end with the resource's id; wanted both to name one resource";
            issues.push(Issue::error("invalid", place, text));
        }
    }
}
