//! One page of a search or history that another server answered: where its resources stand and where it goes on.
//!
//! Read leniently, since the envelope states nothing about a patient: each resource is judged by itself afterwards.

use super::json;
use std::ops::Range;

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Resources, in order: the type that each says it is, and its bytes in the body.
    pub resources: Vec<(String, Range<usize>)>,
    /// The absolute or relative address of the next page.
    pub next: Option<String>,
    /// How many fit on all pages, where the server says so.
    pub total: Option<u64>,
    /// Issues of OperationOutcomes among the entries that are errors or warnings: severity and code.
    pub remarks: Vec<String>,
}

/// Reads a page; the error says what the body is instead, without quoting it.
pub fn read_page(body: &[u8]) -> Result<Page, String> {
    let document = json::parse(body).map_err(|fault| format!("no JSON that can be trusted: {}", fault.text))?;
    let root = &document.root;
    let kind = root.text_of("resourceType").unwrap_or("nothing with a resourceType");
    if kind != "Bundle" {
        let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        return Err(format!("found {kind}; wanted a Bundle"));
    }
    let mut page = Page { total: root.number_of("total").and_then(|n| n.parse().ok()), ..Page::default() };
    let next = root.list("link").iter().find(|link| link.text_of("relation") == Some("next"));
    page.next = next.and_then(|link| link.text_of("url")).map(str::to_owned);
    for resource in root.list("entry").iter().filter_map(|entry| entry.get("resource")) {
        match resource.text_of("resourceType") {
            Some("OperationOutcome") => page.remarks.extend(resource.list("issue").iter().filter_map(remark)),
            kind => page.resources.push((kind.unwrap_or_default().to_owned(), range(resource))),
        }
    }
    Ok(page)
}

fn range(node: &json::Node<'_>) -> Range<usize> {
    node.place.start as usize..node.place.end as usize
}

fn remark(issue: &json::Node<'_>) -> Option<String> {
    let severity = issue.text_of("severity").filter(|s| matches!(*s, "fatal" | "error" | "warning"))?;
    let code: String = issue.text_of("code").unwrap_or("").chars().filter(char::is_ascii_graphic).take(40).collect();
    Some(format!("{severity} {code}"))
}

/// Whom a resource says it is about: the reference of its `subject` or `patient`, as sent.
pub fn subject_reference(body: &[u8]) -> Option<String> {
    let document = json::parse(body).ok()?;
    let of = |name| document.root.get(name)?.text_of("reference").map(str::to_owned);
    of("subject").or_else(|| of("patient"))
}
