//! What one entry of a Bundle asks for, read before anything is done.

use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::import::same_id;
use crate::flow::query::{condition, if_match, is_id};
use crate::flow::seam::Reading;
use crate::intake::BundleEntry;
use crate::model::draft::{Draft, ResourceType};
use crate::model::issue::Issue;
use crate::store::contract::Method;
use crate::store::{Deletion, Which};

/// One entry that is to be kept.
pub(super) struct Plan<'a> {
    pub(super) entry: usize,
    pub(super) method: Method,
    /// The id, as far as it is known; a POST's is made later.
    pub(super) id: Option<String>,
    pub(super) draft: Draft,
    pub(super) issues: Vec<Issue>,
    pub(super) body: &'a [u8],
    pub(super) full_url: Option<String>,
}

/// One entry that reads.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) url: String,
    pub(super) if_none_match: Option<String>,
    pub(super) if_modified_since: Option<String>,
}

/// What an entry asks for.
pub(super) enum Step<'a> {
    Keep(Box<Plan<'a>>),
    Delete(Deletion),
    Show(Ask),
    PassOver(Issue),
}

fn content(code: &'static str, place: &str, text: impl Into<String>) -> Refusal {
    Refusal::one(Grade::Content, code, place, text)
}

impl Gateway {
    /// What one entry asks for; `i` is its place.
    pub(super) fn step<'a>(
        &self,
        source: &Source,
        body: &'a [u8],
        i: usize,
        entry: &BundleEntry,
    ) -> Result<Step<'a>, Refusal> {
        match entry.method.as_deref().unwrap_or_default() {
            "POST" | "PUT" => self.keeping(source, body, i, entry),
            "DELETE" => deletion(entry).map(Step::Delete),
            "GET" | "HEAD" => Ok(Step::Show(Ask {
                url: entry.url.clone().unwrap_or_default(),
                if_none_match: entry.if_none_match.clone(),
                if_modified_since: entry.if_modified_since.clone(),
            })),
            _ => Err(content(
                "not-supported",
                "request.method",
                "this method is not taken; wanted DELETE, POST, PUT or GET",
            )),
        }
    }

    fn keeping<'a>(&self, source: &Source, body: &'a [u8], i: usize, entry: &BundleEntry) -> Result<Step<'a>, Refusal> {
        let verb = entry.method.as_deref().unwrap_or_default();
        let Some(body) = entry.resource.clone().and_then(|range| body.get(range)) else {
            return Err(content("required", "resource", format!("a {verb} without a resource")));
        };
        let (draft, issues) = match self.reading(source, body, None) {
            Reading::Right(draft, issues) => (*draft, issues),
            Reading::NotKept(_) if source.ignore_unkept => {
                let text = "a type that is not kept: this entry was passed over";
                return Ok(Step::PassOver(Issue::information("not-supported", format!("Bundle.entry[{i}]"), text)));
            }
            Reading::NotKept(issues) => return Err(Refusal { grade: Grade::Content, issues }),
            Reading::Wrong(refusal) => return Err(refusal),
        };
        let (method, id) = method(entry, &draft)?;
        let full_url = entry.full_url.clone();
        Ok(Step::Keep(Box::new(Plan { entry: i, method, id, draft, issues, body, full_url })))
    }
}

fn method(entry: &BundleEntry, draft: &Draft) -> Result<(Method, Option<String>), Refusal> {
    let (verb, url) = (entry.method.as_deref().unwrap_or_default(), entry.url.as_deref().unwrap_or_default());
    let kind = draft.resource_type.name();
    let rest = url.strip_prefix(kind).ok_or_else(|| {
        content("invalid", "request.url", format!("the address names another type than the resource, a {kind}"))
    })?;
    match (verb, rest) {
        ("POST", "") => {
            if entry.if_match.is_some() || entry.if_none_match.is_some() {
                let text = "a POST has no version to compare with; wanted ifNoneExist, or a PUT";
                return Err(content("not-supported", "request", text));
            }
            let if_none_exist = entry.if_none_exist.as_deref().map(condition).transpose()?;
            Ok((Method::Create { if_none_exist }, None))
        }
        ("PUT", rest) if rest.starts_with('?') => {
            let if_match = versions(entry)?;
            Ok((Method::ConditionalUpdate { search: condition(rest)?, if_match }, draft.id.clone()))
        }
        ("PUT", rest) if rest.starts_with('/') => {
            same_id(draft, &rest[1..])?;
            Ok((Method::Update { if_match: versions(entry)? }, draft.id.clone()))
        }
        _ => {
            let text = "wanted POST Type, PUT Type/id or PUT Type?identifier=system|value";
            Err(content("value", "request.url", text))
        }
    }
}

/// The version that a PUT must meet; 0: none must be there.
fn versions(entry: &BundleEntry) -> Result<Option<i64>, Refusal> {
    crate::flow::query::expected(entry.if_match.as_deref(), entry.if_none_match.as_deref())
}

fn deletion(entry: &BundleEntry) -> Result<Deletion, Refusal> {
    let url = entry.url.as_deref().unwrap_or_default();
    let stem = url.split(['/', '?']).next().unwrap_or_default();
    let Some(resource_type) = ResourceType::named(stem) else {
        let names = ResourceType::ALL.map(ResourceType::name).join(", ");
        return Err(content("not-supported", "request.url", format!("wanted a type that is kept: {names}")));
    };
    let if_match = entry.if_match.as_deref().map(if_match).transpose()?;
    let which = match &url[stem.len()..] {
        rest if rest.starts_with('?') => Which::Search(condition(rest)?),
        rest if rest.starts_with('/') && is_id(&rest[1..]) => Which::Id(rest[1..].to_owned()),
        _ => {
            let text = "wanted DELETE Type/id or DELETE Type?identifier=system|value";
            return Err(content("value", "request.url", text));
        }
    };
    Ok(Deletion { resource_type, which, if_match })
}
