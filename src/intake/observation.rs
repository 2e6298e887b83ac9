//! Observation: one fact per code of the result and of each component.

use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use super::{element, quantity};
use crate::model::code::{Coding, TEXT_SYSTEM};
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin, Qualifier};
use crate::model::issue::Issue;
use crate::model::time::{Instant, TimeRange, Zone};

/// What an Observation states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    check(root, issues);
    let About::Person(subject) = reference::about(root, "Observation", setting, issues) else {
        return Content::default();
    };
    let (at, other_end) = effective(root, setting.zone);
    let common = Common { at, other_end, recorded: element::instant(root, "issued"), status: status(root) };
    let mut shared = Vec::new();
    element::qualify(root, "method", Qualifier::Method, &mut shared);
    element::qualify(root, "bodySite", Qualifier::BodySite, &mut shared);
    element::qualify(root, "category", Qualifier::Category, &mut shared);
    specimen(root, &mut shared);
    fasting(root, &mut shared);
    let mut facts = Vec::new();
    common.facts(root, 0, &shared, &mut facts);
    for (n, component) in root.list("component").iter().enumerate() {
        if let Ok(part) = u16::try_from(n + 1) {
            common.facts(component, part, &shared, &mut facts);
        }
    }
    Content { subject: Some(subject), facts, ..Content::default() }
}

struct Common {
    at: Option<TimeRange>,
    other_end: Option<Instant>,
    recorded: Option<Instant>,
    status: FactStatus,
}

impl Common {
    fn facts(&self, node: &Node<'_>, part: u16, shared: &[(Qualifier, Coding)], facts: &mut Vec<DraftFact>) {
        let Some(code) = node.get("code") else { return };
        let mut context = shared.to_vec();
        element::qualify(node, "interpretation", Qualifier::Interpretation, &mut context);
        let (value, range) = (value(node), quantity::reference_range(node));
        facts.extend(element::codes(code).into_iter().map(|code| DraftFact {
            code,
            part,
            origin: Origin::Observation,
            at: self.at,
            other_end: self.other_end,
            recorded: self.recorded,
            status: self.status,
            value: value.clone(),
            range: range.clone().map(Box::new),
            context: context.clone(),
        }));
    }
}

fn value(node: &Node<'_>) -> FactValue {
    let absent = node.get("dataAbsentReason").map(|reason| {
        let code = element::coded(reason).into_iter().next().map(|c| c.code.to_string());
        code.unwrap_or_else(|| "unknown".into())
    });
    match (quantity::value(node), absent) {
        (Some(_), Some(_)) => FactValue::Unreadable("value[x] beside dataAbsentReason".into()),
        (Some(value), None) => value,
        (None, Some(reason)) => FactValue::Absent(reason),
        (None, None) => FactValue::Absent("none sent".into()),
    }
}

fn status(root: &Node<'_>) -> FactStatus {
    match root.text_of("status") {
        Some("preliminary") => FactStatus::Preliminary,
        Some("final") => FactStatus::Final,
        Some("amended") => FactStatus::Amended,
        Some("corrected") => FactStatus::Corrected,
        Some("cancelled") => FactStatus::NotDone,
        Some("entered-in-error") => FactStatus::EnteredInError,
        _ => FactStatus::Unusable,
    }
}

/// Clinical time and its other end: a collection counts by its end.
fn effective(root: &Node<'_>, zone: &Zone) -> (Option<TimeRange>, Option<Instant>) {
    let at = ["effectiveDateTime", "effectiveInstant"].iter().find_map(|n| element::range(root, n, zone));
    if at.is_some() {
        return (at, None);
    }
    if let Some(period) = root.get("effectivePeriod") {
        return match element::period(period, zone) {
            (start, Some(end)) => (Some(end), start.map(|s| s.earliest)),
            (start, None) => (start, None),
        };
    }
    (root.get("effectiveTiming").and_then(|t| timing(t, zone)), None)
}

/// From the first to the last event of a Timing, else its bounds.
fn timing(timing: &Node<'_>, zone: &Zone) -> Option<TimeRange> {
    let events = timing.list("event").iter().filter_map(Node::text);
    let read = events.filter_map(|e| crate::model::time::Partial::parse(e).ok()).map(|p| p.range(zone));
    read.reduce(TimeRange::hull).or_else(|| {
        let (start, end) = element::period(timing.get("repeat")?.get("boundsPeriod")?, zone);
        Some(start?.hull(end?))
    })
}

fn specimen(root: &Node<'_>, context: &mut Vec<(Qualifier, Coding)>) {
    let Some(specimen) = root.get("specimen") else { return };
    if let Some(inside) = specimen.text_of("reference").and_then(|r| element::contained(root, r)) {
        element::qualify(inside, "type", Qualifier::Specimen, context);
        if let Some(collection) = inside.get("collection") {
            element::qualify(collection, "fastingStatusCodeableConcept", Qualifier::Fasting, context);
        }
    } else if let Some(display) = specimen.text_of("display") {
        context.push((Qualifier::Specimen, Coding::new(TEXT_SYSTEM, display)));
    }
}

/// A component may say whether the person had fasted: LOINC 49541-6.
fn fasting(root: &Node<'_>, context: &mut Vec<(Qualifier, Coding)>) {
    let asked = Coding::new("http://loinc.org", "49541-6");
    let says = |c: &&Node<'_>| c.get("code").is_some_and(|code| element::coded(code).contains(&asked));
    if let Some(component) = root.list("component").iter().find(says) {
        element::qualify(component, "valueCodeableConcept", Qualifier::Fasting, context);
    }
}

fn check(root: &Node<'_>, issues: &mut Vec<Issue>) {
    let valued = quantity::value(root).is_some();
    if valued && root.get("dataAbsentReason").is_some() {
        let text = "found a value and a reason why there is none; wanted one of the two (obs-6)";
        issues.push(Issue::error("invariant", "Observation", text));
    }
    let own = root.get("code").map(element::coded).unwrap_or_default();
    let same = |c: &Node<'_>| c.get("code").is_some_and(|code| element::coded(code).iter().any(|c| own.contains(c)));
    if valued && root.list("component").iter().any(same) {
        let text = "found a value beside a component of the same code; wanted the value once (obs-7)";
        issues.push(Issue::error("invariant", "Observation", text));
    }
    for (i, component) in root.list("component").iter().enumerate() {
        if i >= usize::from(u16::MAX) {
            let text = format!("found more than {} components; wanted no more", u16::MAX);
            issues.push(Issue::error("too-costly", "Observation.component", text));
            break;
        }
        ranges(component, &format!("Observation.component[{i}]"), issues);
    }
    ranges(root, "Observation", issues);
}

/// obs-3: a reference range says something.
fn ranges(node: &Node<'_>, place: &str, issues: &mut Vec<Issue>) {
    for (i, range) in node.list("referenceRange").iter().enumerate() {
        if ["low", "high", "text"].iter().all(|n| range.get(n).is_none()) {
            let text = "found a range without limits and text; wanted one of low, high, text (obs-3)";
            issues.push(Issue::error("invariant", format!("{place}.referenceRange[{i}]"), text));
        }
    }
}
