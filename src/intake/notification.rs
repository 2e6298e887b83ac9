//! What a subscription's notification says: an R4 Bundle of the backport (first entry Parameters), or one of R4B and R5
//! (first entry SubscriptionStatus). It is a hint: nothing of the resources in it is read but where they are.
//!
//! <https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html>

use super::json::{self, Node};
use std::collections::BTreeSet;

/// Events of one notification that are looked at.
pub const EVENTS_MAX: usize = 1_000;

/// Why it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The way is tried, before anything has happened.
    Handshake,
    /// Nothing happened; the sender lives.
    Heartbeat,
    /// Something happened.
    Event,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Why.
    pub sort: Sort,
    /// The Subscription as it is referred to, without a version; or its topic.
    pub subscription: String,
    /// Its status: `active`, `error`, `off`, …; empty when it is not said.
    pub status: String,
    /// Events since the subscription's start, with those told here.
    pub events: Option<i64>,
    /// The numbers of the events told here.
    pub numbers: BTreeSet<i64>,
    /// Whom the events are about: references as sent.
    pub focuses: Vec<String>,
    /// There is an event whose resource is not named.
    pub unnamed: bool,
}

/// Reads a notification; the error says what the body is instead, without quoting it.
pub fn read_notification(body: &[u8]) -> Result<Notification, String> {
    let document = json::parse(body).map_err(|fault| format!("no JSON that can be trusted: {}", fault.text))?;
    let root = &document.root;
    if root.text_of("resourceType") != Some("Bundle") {
        return Err("it is no Bundle; wanted a subscription's notification, or nothing at all".into());
    }
    let status = root.list("entry").first().and_then(|entry| entry.get("resource"));
    let read = status.and_then(|status| match status.text_of("resourceType") {
        Some("SubscriptionStatus") => of_status(status),
        Some("Parameters") => of_parameters(status),
        _ => None,
    });
    read.ok_or_else(|| {
        "its first entry is no status of a subscription; wanted SubscriptionStatus, or Parameters of the R4 backport, with `type`".into()
    })
}

fn sort(word: &str) -> Option<Sort> {
    match word {
        "handshake" => Some(Sort::Handshake),
        "heartbeat" => Some(Sort::Heartbeat),
        "event-notification" | "query-event" => Some(Sort::Event),
        // A status that was asked for tells as much as a heartbeat.
        "query-status" => Some(Sort::Heartbeat),
        _ => None,
    }
}

fn of_status(status: &Node<'_>) -> Option<Notification> {
    let mut found = started(sort(status.text_of("type")?)?, status.text_of("status"));
    let subscription = status.get("subscription").and_then(|s| s.text_of("reference"));
    found.subscription = subscription.or_else(|| status.text_of("topic")).unwrap_or_default().to_owned();
    found.events = status.get("eventsSinceSubscriptionStart").and_then(whole);
    for event in status.list("notificationEvent").iter().take(EVENTS_MAX) {
        let focus = event.get("focus").and_then(|f| f.text_of("reference"));
        found.event(event.get("eventNumber").and_then(whole), focus);
    }
    found.unnamed |= status.list("notificationEvent").len() > EVENTS_MAX;
    Some(found)
}

fn of_parameters(parameters: &Node<'_>) -> Option<Notification> {
    let all = parameters.list("parameter");
    let named = |name: &str| all.iter().find(|p| p.text_of("name") == Some(name));
    let word = |name: &str| named(name).and_then(|p| text_value(p));
    let mut found = started(sort(word("type")?)?, word("status"));
    let subscription = named("subscription").and_then(|p| p.get("valueReference")?.text_of("reference"));
    found.subscription = subscription.or_else(|| word("topic")).unwrap_or_default().to_owned();
    found.events = named("events-since-subscription-start").and_then(number_value);
    let events = || all.iter().filter(|p| p.text_of("name") == Some("notification-event"));
    for event in events().take(EVENTS_MAX) {
        let part = |name: &str| event.list("part").iter().find(|p| p.text_of("name") == Some(name));
        let focus = part("focus").and_then(|p| p.get("valueReference")?.text_of("reference"));
        found.event(part("event-number").and_then(number_value), focus);
    }
    found.unnamed |= events().count() > EVENTS_MAX;
    Some(found)
}

fn started(sort: Sort, status: Option<&str>) -> Notification {
    let status = status.unwrap_or_default().chars().filter(|c| c.is_ascii_lowercase() || *c == '-').take(40).collect();
    Notification {
        sort,
        subscription: String::new(),
        status,
        events: None,
        numbers: BTreeSet::new(),
        focuses: Vec::new(),
        unnamed: false,
    }
}

impl Notification {
    fn event(&mut self, number: Option<i64>, focus: Option<&str>) {
        self.numbers.extend(number);
        match focus {
            Some(focus) => self.focuses.push(focus.to_owned()),
            None => self.unnamed = true,
        }
    }
}

/// The text of a parameter's value, whatever its type.
fn text_value<'a>(parameter: &'a Node<'_>) -> Option<&'a str> {
    parameter.members().iter().find(|(name, _)| name.starts_with("value"))?.1.text()
}

fn number_value(parameter: &Node<'_>) -> Option<i64> {
    parameter.members().iter().find(|(name, _)| name.starts_with("value")).and_then(|(_, value)| whole(value))
}

/// A count, which FHIR writes as a number or, of 64 bits, as a text.
fn whole(node: &Node<'_>) -> Option<i64> {
    let printed = match &node.kind {
        json::Kind::Number(number) => number,
        json::Kind::Text(text) => text.as_ref(),
        _ => return None,
    };
    printed.parse().ok().filter(|n| *n >= 0)
}
