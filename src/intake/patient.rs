//! Patient: what holds of a person at all times, as facts of [`PATIENT_SYSTEM`].

use super::element;
use super::json::Node;
use super::reference;
use super::resource::{Content, Setting};
use crate::model::code::{Coding, PATIENT_SYSTEM};
use crate::model::draft::{Link, LinkKind, Subject};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange};

/// What a Patient states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let links = links(root, setting, issues);
    let mut facts = Vec::new();
    let mut add = |code: &str, value| {
        let before = facts.iter().filter(|f: &&DraftFact| f.code.code == code).count();
        facts.push(fact(code, u16::try_from(before).unwrap_or(u16::MAX), value));
    };
    if let Some(date) = element::date(root, "birthDate") {
        add("birth-date", FactValue::Date(date));
    }
    if let Some(gender @ ("female" | "male" | "other")) = root.text_of("gender") {
        add("sex", FactValue::Text(gender.into()));
    }
    if let Some(date) = element::date(root, "deceasedDateTime") {
        add("death", FactValue::Date(date));
    } else if root.boolean_of("deceasedBoolean") == Some(true) {
        add("death", FactValue::Boolean(true));
    }
    if root.boolean_of("active") == Some(false) {
        add("active", FactValue::Boolean(false));
    }
    for code in restrictions(root) {
        add("security", FactValue::Text(code.into()));
    }
    for link in &links {
        let (Subject::Patient(word) | Subject::Entry(word)) = &link.other else { continue };
        match link.kind {
            LinkKind::ReplacedBy => add("replaced-by", FactValue::Text(word.clone())),
            LinkKind::Replaces => add("replaces", FactValue::Text(word.clone())),
            LinkKind::Refer | LinkKind::SeeAlso => {}
        }
    }
    Content { facts, links, ..Content::default() }
}

/// What is said more than once under one code is told apart by its part.
fn fact(code: &str, part: u16, value: FactValue) -> DraftFact {
    DraftFact {
        code: Coding::new(PATIENT_SYSTEM, code),
        part,
        origin: Origin::Patient,
        at: Some(TimeRange { earliest: Instant::MIN, latest: Instant::MAX }),
        other_end: None,
        recorded: None,
        status: FactStatus::Final,
        value,
        range: None,
        context: Vec::new(),
    }
}

/// Security labels that restrict, and the tag of test data.
fn restrictions<'r>(root: &'r Node<'_>) -> Vec<&'r str> {
    let Some(meta) = root.get("meta") else { return Vec::new() };
    let codes = |list: &str| meta.list(list).iter().filter_map(|c| c.text_of("code")).collect::<Vec<_>>();
    let restricting = codes("security").into_iter().filter(|c| matches!(*c, "R" | "V"));
    restricting.chain(codes("tag").into_iter().filter(|c| *c == "HTEST")).collect()
}

/// Which other Patients it says are the same person. A link to a RelatedPerson tells of a role, not of a second record.
fn links(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Vec<Link> {
    let mut links = Vec::new();
    for (i, link) in root.list("link").iter().enumerate() {
        let Some(kind) = link.text_of("type").and_then(LinkKind::named) else { continue };
        let other = link.get("other").and_then(|o| o.text_of("reference")).unwrap_or_default();
        let other = reference::relative(other, setting);
        match reference::type_and_id(other) {
            Some(("RelatedPerson", _)) => {}
            Some(("Patient", id)) if root.text_of("id") == Some(id) => {}
            Some(("Patient", id)) => links.push(Link { kind, other: Subject::Patient(id.into()) }),
            _ if other.starts_with("urn:uuid:") || other.starts_with("Patient?") => {
                links.push(Link { kind, other: Subject::Entry(other.into()) });
            }
            _ => {
                let text = "found a link that names no Patient of this source; wanted Patient/id";
                let place = format!("Patient.link[{i}].other.reference");
                // A record that says it is not to be used, and not which one is, cannot be kept as if it were in use.
                let leads_away = kind == LinkKind::ReplacedBy;
                let issue = if leads_away { Issue::error } else { Issue::warning };
                issues.push(issue("value", place, text));
            }
        }
    }
    links
}
