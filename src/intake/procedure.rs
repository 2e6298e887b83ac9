//! Procedure: something done to a person, with when it was done; what was not done is said, and counts as nothing done.

use super::element;
use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin, Qualifier};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange, Zone};

/// What a Procedure states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let About::Person(subject) = reference::about(root, "Procedure", setting, issues) else {
        return Content::default();
    };
    let status = status(root);
    let updated = root.get("meta").and_then(|m| element::instant(m, "lastUpdated"));
    let (at, other_end) = performed(root, status, updated.unwrap_or(setting.received), setting.zone);
    let mut context = Vec::new();
    element::qualify(root, "category", Qualifier::Category, &mut context);
    element::qualify(root, "bodySite", Qualifier::BodySite, &mut context);
    let fact = |code| DraftFact {
        code,
        part: 0,
        origin: Origin::Procedure,
        at: Some(at),
        other_end,
        recorded: updated,
        status,
        value: FactValue::Boolean(true),
        range: None,
        context: context.clone(),
    };
    let facts = root.get("code").map(element::codes).unwrap_or_default().into_iter().map(fact).collect();
    Content { subject: Some(subject), facts, ..Content::default() }
}

fn status(root: &Node<'_>) -> FactStatus {
    match root.text_of("status") {
        Some("completed") => FactStatus::Final,
        Some("in-progress") => FactStatus::Preliminary,
        Some("stopped") => FactStatus::Stopped,
        Some("not-done") => FactStatus::NotDone,
        Some("entered-in-error") => FactStatus::EnteredInError,
        _ => FactStatus::Unusable,
    }
}

/// Start and end. An age, a range of ages or words do not date it: then at any time until the source told of it.
fn performed(root: &Node<'_>, status: FactStatus, told: Instant, zone: &Zone) -> (TimeRange, Option<Instant>) {
    let until = |latest| TimeRange { earliest: Instant::MIN, latest };
    if let Some(at) = element::range(root, "performedDateTime", zone) {
        return (at, None);
    }
    let (start, end) = root.get("performedPeriod").map_or((None, None), |p| element::period(p, zone));
    let lasting = (status == FactStatus::Preliminary).then_some(Instant::MAX);
    let began = start.unwrap_or_else(|| until(end.map_or(told, |e| e.latest)));
    (began, end.map(|e| e.latest).or(lasting))
}
