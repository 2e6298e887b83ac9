//! What a source tells at its hook, and what is made of it.

use super::board::{Gap, Hook};
use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::Gateway;
use crate::flow::pull::{below, place};
use crate::flow::query::is_id;
use crate::intake::{Notification, Sort, read_notification};
use crate::link::Client;
use crate::model::draft::ResourceType;
use crate::model::time::Instant;
use crate::store::HearEvents;
use serde_json::Value;

/// What became of what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// Resources that will be read again.
    pub resources: usize,
    /// A round was asked for.
    pub round: bool,
    /// Events that were not heard of.
    pub missed: i64,
}

/// Longest name of a subscription that is kept.
const NAME_MAX: usize = 200;

impl Hook {
    /// A POST: nothing, or a notification.
    pub async fn posted(&self, gateway: &Gateway, body: &[u8]) -> Result<Told, Refusal> {
        if body.iter().all(u8::is_ascii_whitespace) {
            self.round();
            return Ok(Told { round: true, ..Told::default() });
        }
        let read = read_notification(body).map_err(|words| Refusal::malformed("structure", words))?;
        self.notified(gateway, &read).await
    }

    async fn notified(&self, gateway: &Gateway, read: &Notification) -> Result<Told, Refusal> {
        let gap = self.missed(gateway, read).await?;
        let mut told = Told { missed: gap.as_ref().map_or(0, Gap::len), ..Told::default() };
        if matches!(read.status.as_str(), "error" | "off" | "entered-in-error") {
            tracing::warn!(source = %self.source, status = %read.status, "a subscription tells that it does not work");
        }
        if told.missed > 0 {
            tracing::warn!(source = %self.source, missed = told.missed, "events of a subscription were not heard; everything since the last round is asked for");
        }
        // Without numbers it is not known whether some are missing; what is not named cannot be read alone.
        let unnamed = read.sort == Sort::Event && (read.unnamed || read.focuses.is_empty());
        told.round = gap.is_some() || unnamed;
        for focus in &read.focuses {
            match place(&self.base, focus) {
                Some((kind, id)) => {
                    self.resource(kind, &id);
                    told.resources += 1;
                }
                None => {
                    tracing::warn!(source = %self.source, "a notification names what is not below the source's base, or of a type that is not kept; it was not followed");
                }
            }
        }
        match gap.filter(|_| !unnamed) {
            Some(gap) => self.gap(gap),
            None if told.round => self.round(),
            None => {}
        }
        Ok(told)
    }

    /// The events between the last that was told and the first that is told now.
    async fn missed(&self, gateway: &Gateway, read: &Notification) -> Result<Option<Gap>, Refusal> {
        let told_here = i64::try_from(read.focuses.len()).unwrap_or_default();
        let first = read.numbers.first().copied();
        let Some(events) = read.events.or(first) else { return Ok(None) };
        let anew = read.sort == Sort::Handshake;
        let subscription = read.subscription.split("/_history/").next().unwrap_or_default();
        let subscription: String = subscription.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        let hear = HearEvents { source: self.source.clone(), subscription, events, anew, at: gateway.now() };
        let before = gateway.store.write(hear).await?;
        let next = match (read.sort, first) {
            (Sort::Handshake, _) => return Ok(None),
            (Sort::Heartbeat, _) => events + 1,
            (Sort::Event, Some(first)) => first,
            (Sort::Event, None) => events - (told_here - 1).max(0),
        };
        let gap =
            Gap { subscription: subscription_at(&self.base, &read.subscription), first: before + 1, last: next - 1 };
        Ok((gap.first <= gap.last).then_some(gap))
    }

    /// A PUT or DELETE of that place, as HAPI sends them; a body must be of that place.
    pub fn put(&self, kind: &str, id: &str, body: &[u8]) -> Result<Told, Refusal> {
        if !body.is_empty() {
            let resource: Value = serde_json::from_slice(body).map_err(|_| {
                Refusal::malformed("structure", "the body is no JSON; wanted the resource that changed, or nothing")
            })?;
            if resource["resourceType"] != kind || resource["id"] != id {
                let words = "the body's resourceType and id are not those of the address";
                return Err(Refusal::one(Grade::Malformed, "value", "id", words));
            }
        }
        self.hinted(kind, id)
    }

    /// That changed, or is gone.
    pub fn hinted(&self, kind: &str, id: &str) -> Result<Told, Refusal> {
        if !is_id(id) {
            return Err(Refusal::malformed(
                "value",
                "the address holds no FHIR id; wanted 1 to 64 letters, digits, - and .",
            ));
        }
        let Some(kind) = ResourceType::named(kind) else { return Ok(Told::default()) };
        self.resource(kind, id);
        Ok(Told { resources: 1, ..Told::default() })
    }
}

fn subscription_at(base: &str, reference: &str) -> Option<String> {
    below(base, reference).filter(|(kind, _)| *kind == "Subscription").map(|(_, id)| id.to_owned())
}

/// What the source tells when it is asked for events that were not heard (`$events` of the R4 backport and of R5); `None`: it does
/// not offer that, or does not tell all of them by name.
pub(crate) async fn ask_events(
    client: &Client,
    base: &str,
    gap: &Gap,
    now: Instant,
) -> Option<Vec<(ResourceType, String)>> {
    let id = gap.subscription.as_deref()?;
    let (first, last) = (gap.first.to_string(), gap.last.to_string());
    let query = [("eventsSinceNumber", &*first), ("eventsUntilNumber", &*last), ("content", "id-only")];
    let answer = client.get(&["Subscription", id, "$events"], &query, now).await.ok()?;
    if !answer.is_success() || answer.too_long {
        return None;
    }
    let told = read_notification(&answer.body).ok()?;
    let all = (gap.first..=gap.last).all(|number| told.numbers.contains(&number));
    // What is of another type, or not below the base, is not followed when it is told at once either.
    (all && !told.unnamed).then(|| told.focuses.iter().filter_map(|focus| place(base, focus)).collect())
}
