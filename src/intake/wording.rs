//! Turns what a validator says into issues of our own words: what was found, where, what is wanted; never a value.

use super::json::{Kind, Node};
use super::schema;
use crate::model::issue::Issue;
use crate::model::time::Partial;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use serde_json::Value;
use std::fmt::Write as _;

/// Most issues that are told of one resource; a last one says that there may be more.
pub(super) const ISSUES_MAX: usize = 100;
/// Longest word that is repeated in an issue.
const TOKEN_MAX: usize = 40;
/// Most codes that are listed as wanted.
const LISTED_MAX: usize = 12;

/// A word that looks like a code, as it is; anything else is not repeated.
pub(super) fn token(word: &str) -> &str {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'[' | b']');
    if !word.is_empty() && word.len() <= TOKEN_MAX && word.bytes().all(fits) { word } else { "(not shown)" }
}

/// The gravest of many issues, and that there may be more.
pub(super) fn shorten(issues: &mut Vec<Issue>, name: &str) {
    if issues.len() >= ISSUES_MAX {
        issues.sort_by_key(|issue| std::cmp::Reverse(issue.severity));
        issues.truncate(ISSUES_MAX);
        let text = format!("{ISSUES_MAX} issues are told; there may be more");
        issues.push(Issue::information("informational", name, text));
    }
}

/// Adds the issues of one error of a validator; `name` is the resource's type, with which every place begins.
pub(super) fn word(error: &ValidationError<'_>, root: &Node<'_>, name: &str, issues: &mut Vec<Issue>) {
    let (place, node) = locate(error.instance_path(), root, name);
    let mut say = |code, place: String, text: String| {
        let issue = Issue::error(code, place, text);
        if issues.len() < ISSUES_MAX && !issues.iter().any(|i| i.code == issue.code && i.expression == issue.expression)
        {
            issues.push(issue);
        }
    };
    let found = node.map_or("nothing", Node::noun);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for property in unexpected {
                let (code, text) = unexpected_property(property);
                say(code, format!("{place}.{}", token(property)), text);
            }
        }
        ValidationErrorKind::Required { property } => missing(property, &place, &mut say),
        ValidationErrorKind::AnyOf { context } => alternatives(context, root, name, &place, issues),
        ValidationErrorKind::Enum { options } => {
            let (code, text) = not_listed(node, options);
            say(code, place, text);
        }
        ValidationErrorKind::Constant { expected_value } => {
            say("code-invalid", place, format!("found another word; wanted {expected_value}"));
        }
        ValidationErrorKind::Type { kind } => {
            say("value", place, format!("found {found}; wanted {}", wanted_type(kind)))
        }
        ValidationErrorKind::Format { format } => {
            let (code, text) = bad_format(format, node.and_then(Node::text).unwrap_or_default());
            say(code, place, text);
        }
        ValidationErrorKind::Pattern { .. } => {
            say(
                "value",
                place,
                "found a string of another form; wanted the form of its FHIR type, without spaces at its ends".into(),
            );
        }
        ValidationErrorKind::Minimum { limit } => {
            say("value", place, format!("found a smaller number; wanted at least {limit}"));
        }
        ValidationErrorKind::Maximum { limit } => {
            say("value", place, format!("found a greater number; wanted at most {limit}"));
        }
        ValidationErrorKind::MinLength { .. } => {
            say("value", place, "found an empty string; wanted a character at least, or no element".into());
        }
        ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MinProperties { .. } => {
            say("structure", place, format!("found {found} without content; wanted content, or no element"));
        }
        ValidationErrorKind::Custom { message, .. } => {
            let (code, place, text) = choice(message, &place);
            say(code, place, text);
        }
        _ => say("structure", place, format!("found {found} of another shape; wanted the shape of R4")),
    }
}

/// FHIRPath of a place and the value there; `_x` is the place of `x`.
fn locate<'r, 'a>(path: &Location, root: &'r Node<'a>, name: &str) -> (String, Option<&'r Node<'a>>) {
    let mut place = String::from(name);
    let mut node = Some(root);
    for segment in path.iter() {
        match segment {
            LocationSegment::Property(property) => {
                let shown = property.strip_prefix('_').unwrap_or(&property);
                let _ = write!(place, ".{}", token(shown));
                node = node.and_then(|n| n.get(&property));
            }
            LocationSegment::Index(index) => {
                let _ = write!(place, "[{index}]");
                node = node.and_then(|n| match &n.kind {
                    Kind::Array(items) => items.get(index),
                    _ => None,
                });
            }
        }
    }
    (place, node)
}

fn unexpected_property(name: &str) -> (&'static str, String) {
    match name {
        "modifierExtension" => (
            "extension",
            "found a modifier extension, which may turn the meaning around; wanted none, as none is understood".into(),
        ),
        "implicitRules" => ("not-supported", "found implicit rules; wanted none, as none is understood".into()),
        _ => ("structure", "found an element that R4 does not have here; wanted only elements of R4".into()),
    }
}

fn missing(property: &Value, place: &str, say: &mut impl FnMut(&'static str, String, String)) {
    let name = property.as_str().unwrap_or_default();
    say("required", format!("{place}.{name}"), format!("found no {name}; wanted one"));
}

/// `x` or `_x` is missing, or an item is neither null nor an element.
fn alternatives(
    context: &[Vec<ValidationError<'static>>],
    root: &Node<'_>,
    name: &str,
    place: &str,
    issues: &mut Vec<Issue>,
) {
    if let Some(ValidationErrorKind::Required { property }) = context.first().and_then(|c| c.first()).map(|e| e.kind())
    {
        return missing(property, place, &mut |code, place, text| issues.push(Issue::error(code, place, text)));
    }
    let before = issues.len();
    for error in context.last().into_iter().flatten() {
        word(error, root, name, issues);
    }
    if issues.len() == before {
        issues.push(Issue::error("structure", place, "found another shape; wanted null or an element"));
    }
}

fn not_listed(node: Option<&Node<'_>>, options: &Value) -> (&'static str, String) {
    let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let more = if options.len() > LISTED_MAX { ", …" } else { "" };
    let wanted = format!("{}{more}", options[..options.len().min(LISTED_MAX)].join(", "));
    match node.and_then(Node::text) {
        Some(text) => ("code-invalid", format!("found the code {}; wanted one of {wanted}", token(text))),
        None => ("value", format!("found {}; wanted a string, one of {wanted}", node.map_or("nothing", Node::noun))),
    }
}

fn wanted_type(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => format!("the JSON type {one}"),
        TypeKind::Multiple(several) => {
            let names: Vec<String> = several.iter().map(|t| t.to_string()).collect();
            format!("one of the JSON types {}", names.join(", "))
        }
    }
}

fn bad_format(format: &str, text: &str) -> (&'static str, String) {
    let fault = match format {
        "fhir-date" => schema::date_fault(text),
        "fhir-instant" => schema::instant_fault(text),
        "fhir-dateTime" => Partial::parse(text).err(),
        "fhir-code" => {
            Some("a string with other white space; wanted a code without spaces at its ends or two together".into())
        }
        "fhir-id" => Some("a string of another form; wanted an id of 1 to 64 letters, digits, - and .".into()),
        "fhir-reference" => super::reference::fault(text).map(Into::into),
        _ => {
            let what = schema::xhtml_fault(text).unwrap_or("no narrative");
            return ("invariant", format!("found {what}; wanted static XHTML in one div (txt-1)"));
        }
    };
    ("value", format!("found {}", fault.unwrap_or_default()))
}

fn choice(message: &str, place: &str) -> (&'static str, String, String) {
    match message.split_once(' ') {
        Some(("none", stem)) => {
            ("required", format!("{place}.{stem}[x]"), format!("found no {stem}[x]; wanted one of its types"))
        }
        Some((_, stem)) => {
            ("structure", format!("{place}.{stem}[x]"), format!("found more than one {stem}[x]; wanted one at most"))
        }
        None => ("structure", place.into(), "found another shape; wanted the shape of R4".into()),
    }
}

/// Places of strings that hold U+0000, which no database keeps.
pub(super) fn nul_issues(node: &Node<'_>, place: &str, issues: &mut Vec<Issue>) {
    match &node.kind {
        Kind::Text(text) if text.contains('\0') => {
            issues.push(Issue::error("value", place, "found the character U+0000 in a string; wanted text without it"));
        }
        Kind::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                nul_issues(item, &format!("{place}[{i}]"), issues);
            }
        }
        Kind::Object(members) => {
            for (name, value) in members {
                nul_issues(value, &format!("{place}.{}", token(name)), issues);
            }
        }
        _ => {}
    }
}
