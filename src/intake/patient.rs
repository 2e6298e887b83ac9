//! Patient: what holds of a person at all times, as facts of [`PATIENT_SYSTEM`].

use super::element;
use super::json::Node;
use super::reference;
use super::resource::{Content, Setting};
use crate::model::code::{Coding, PATIENT_SYSTEM};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange};

/// What a Patient states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let replaced_by = replaced_by(root, setting, issues);
    let mut facts = Vec::new();
    let mut add = |code: &str, value| facts.push(fact(code, value));
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
    for id in &replaced_by {
        add("replaced-by", FactValue::Text(id.clone()));
    }
    Content { facts, replaced_by, ..Content::default() }
}

fn fact(code: &str, value: FactValue) -> DraftFact {
    DraftFact {
        code: Coding::new(PATIENT_SYSTEM, code),
        part: 0,
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

fn replaced_by(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Vec<String> {
    let mut ids = Vec::new();
    for (i, link) in root.list("link").iter().enumerate() {
        if link.text_of("type") != Some("replaced-by") {
            continue;
        }
        let other = link.get("other").and_then(|o| o.text_of("reference")).unwrap_or_default();
        match reference::type_and_id(reference::relative(other, setting)) {
            Some(("Patient", id)) => ids.push(id.into()),
            _ => {
                let text = "found a link that names no Patient of this source; wanted Patient/id";
                issues.push(Issue::error("value", format!("Patient.link[{i}].other.reference"), text));
            }
        }
    }
    ids
}
