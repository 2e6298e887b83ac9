//! References: their form, and whom a resource is about.

use super::element;
use super::json::{Kind, Node};
use super::resource::Setting;
use crate::model::draft::{Identifier, Subject};
use crate::model::issue::Issue;
use std::collections::HashMap;

/// Whom a resource is about, as far as can be told from it alone.
pub(super) enum About {
    /// A person.
    Person(Subject),
    /// A group, a device, a place, or someone who is named by words only.
    Other,
}

/// What is wrong with the form of a reference.
pub(super) fn fault(text: &str) -> Option<&'static str> {
    if type_and_id(text)
        .is_some_and(|(kind, id)| !kind.contains(|c: char| !c.is_ascii_alphabetic()) && id != ".." && id != ".")
    {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let scheme = lower.split_once(':').map(|(s, _)| s).filter(|s| !s.contains(['/', '?', '#']));
    if text.is_empty() {
        return Some("an empty reference; wanted one, or no element");
    }
    if text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || b == b'\\') {
        return Some("a reference with white space or a backslash; wanted a URL");
    }
    if !matches!(scheme, None | Some("http" | "https" | "urn")) {
        return Some("a reference of a foreign scheme; wanted a relative one, http, https or urn");
    }
    let path = lower.split(['?', '#']).next().unwrap_or_default().replace("%2e", ".").replace("%2f", "/");
    if path.split('/').any(|step| step == ".." || step == ".") {
        return Some("a reference that climbs; wanted one without dot segments");
    }
    None
}

/// Whether it may be the id of a resource.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// A URL below the source's base, without that base; anything else as it is.
pub(super) fn relative<'r>(text: &'r str, setting: &Setting<'_>) -> &'r str {
    setting.base.and_then(|b| text.strip_prefix(b)?.strip_prefix('/')).unwrap_or(text)
}

/// Type and id of a relative reference, with or without a version.
pub(super) fn type_and_id(text: &str) -> Option<(&str, &str)> {
    let mut steps = text.split('/');
    let (kind, id) = (steps.next()?, steps.next()?);
    let rest: Vec<&str> = steps.collect();
    let versioned = matches!(rest[..], ["_history", version] if is_id(version));
    (is_id(id) && (rest.is_empty() || versioned)).then_some((kind, id))
}

/// Reads `subject`. A reference that names no person of this source is an issue.
pub(super) fn about(root: &Node<'_>, kind: &str, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> About {
    let Some(subject) = root.get("subject") else { return About::Other };
    let Some(sent) = subject.text_of("reference") else {
        let of_person = subject.text_of("type").is_none_or(|t| t == "Patient");
        return match subject.get("identifier").and_then(element::identifier).filter(|_| of_person) {
            Some(identifier) => About::Person(Subject::Identifier(identifier)),
            None => About::Other,
        };
    };
    if fault(sent).is_some() {
        return About::Other;
    }
    match read(relative(sent, setting)) {
        Ok(about) => about,
        Err(text) => {
            issues.push(Issue::error("value", format!("{kind}.subject.reference"), text));
            About::Other
        }
    }
}

fn read(reference: &str) -> Result<About, &'static str> {
    const WANTED: &str = "found a reference to no resource of this source; wanted Patient/id, urn:uuid: or Patient?identifier=system|value";
    if reference.starts_with("urn:uuid:") {
        return Ok(About::Person(Subject::Entry(reference.into())));
    }
    if reference.starts_with('#') {
        return Err("found a contained subject; wanted a reference to a Patient of this source");
    }
    if let Some(query) = reference.strip_prefix("Patient?") {
        return by_identifier(query)
            .map(|i| About::Person(Subject::Identifier(i)))
            .ok_or("found a search for the subject of another form; wanted Patient?identifier=system|value");
    }
    if reference.contains("://") || reference.starts_with("urn:") {
        return Err(WANTED);
    }
    match type_and_id(reference) {
        Some(("Patient", id)) => Ok(About::Person(Subject::Patient(id.into()))),
        Some((kind, _)) if super::schema::is_resource_type(kind) => Ok(About::Other),
        _ => Err(WANTED),
    }
}

fn by_identifier(query: &str) -> Option<Identifier> {
    let token = query.strip_prefix("identifier=")?;
    if token.contains('&') {
        return None;
    }
    let token = decoded(token)?;
    let (system, value) = token.split_once('|').unwrap_or(("", &token));
    (!value.is_empty()).then(|| Identifier { system: system.into(), value: value.into() })
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Contained resources that refer to each other in a ring have no end to what they say.
pub(super) fn rings(root: &Node<'_>, kind: &str, issues: &mut Vec<Issue>) {
    let contained = root.list("contained");
    let places: HashMap<&str, usize> =
        contained.iter().enumerate().filter_map(|(i, c)| Some((c.text_of("id")?, i))).collect();
    let mut targets = vec![Vec::new(); contained.len()];
    contained.iter().zip(&mut targets).for_each(|(c, to)| inner(c, &places, to));
    // What nothing refers to is taken away until nothing changes: what is left is a ring, or hangs on one.
    let mut referred = vec![0_usize; contained.len()];
    targets.iter().flatten().for_each(|t| referred[*t] += 1);
    let mut free: Vec<usize> = (0..contained.len()).filter(|i| referred[*i] == 0).collect();
    while let Some(i) = free.pop() {
        for target in std::mem::take(&mut targets[i]) {
            referred[target] -= 1;
            if referred[target] == 0 {
                free.push(target);
            }
        }
    }
    if let Some(i) = referred.iter().position(|n| *n > 0) {
        let text = "found contained resources that refer to each other in a ring; wanted references that end";
        issues.push(Issue::error("value", format!("{kind}.contained[{i}]"), text));
    }
}

/// Which contained resources a node refers to.
fn inner(node: &Node<'_>, places: &HashMap<&str, usize>, targets: &mut Vec<usize>) {
    match &node.kind {
        Kind::Array(items) => items.iter().for_each(|n| inner(n, places, targets)),
        Kind::Object(members) => {
            let local = node.text_of("reference").and_then(|r| r.strip_prefix('#'));
            targets.extend(local.and_then(|id| places.get(id)));
            members.iter().for_each(|(_, n)| inner(n, places, targets));
        }
        _ => {}
    }
}
