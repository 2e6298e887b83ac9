//! Subscriptions at a source that offers them: made once, looked at again and again, renewed before they end.

use super::board::Hook;
use super::settings::Register;
use crate::flow::gateway::Gateway;
use crate::flow::pull::{Feed, Pull};
use crate::flow::query::is_id;
use crate::link::{Answer, Client, Takes};
use crate::model::key::{digest_words, hex};
use crate::model::time::Instant;
use crate::store::{CursorOf, SaveCursor};
use serde_json::{Value, json};
use std::sync::Arc;

const BACKPORT: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition";

/// How one Subscription stands after it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// As it should be, with the status that the source gives it.
    Stands(String),
    /// It was made now.
    Made,
    /// It was renewed now; it had this status.
    Renewed(String),
    /// It is not there, or does not work; why.
    Failed(String),
}

/// Looks at all Subscriptions of a hook for as long as the gateway runs.
pub async fn keep_registered(
    gateway: &Gateway,
    feed: &Feed,
    hook: &Arc<Hook>,
    endpoint: &str,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let Some(register) = &hook.settings.register else { return };
    while !*stop.borrow() {
        let looked = registered(gateway, feed, hook, endpoint);
        let looked = tokio::select! { looked = looked => looked, _ = stop.changed() => return };
        for (criteria, registered) in looked {
            let source = &hook.source;
            match registered {
                Registered::Stands(status) => tracing::debug!(%source, %criteria, %status, "a subscription stands"),
                Registered::Made => tracing::info!(%source, %criteria, "a subscription was made"),
                Registered::Renewed(was) if matches!(was.as_str(), "error" | "off") => {
                    tracing::warn!(%source, %criteria, %was, "a subscription did not work any more; it was asked for again");
                    // What it did not tell is found by asking.
                    hook.round();
                }
                Registered::Renewed(was) => tracing::info!(%source, %criteria, %was, "a subscription was renewed"),
                Registered::Failed(words) => tracing::warn!(%source, %criteria, "no subscription: {words}"),
            }
        }
        tokio::select! { () = tokio::time::sleep(register.look) => {}, _ = stop.changed() => {} }
    }
}

/// What the Subscriptions are about: the stated criteria, or each type that is pulled.
fn criteria(pull: &Pull, register: &Register) -> Vec<String> {
    match register.criteria.as_slice() {
        [] => pull.types().into_iter().map(|kind| format!("{}?", kind.name())).collect(),
        stated => stated.to_vec(),
    }
}

/// Looks once at all Subscriptions of a hook: the criteria of each, and how it stands.
pub async fn registered(gateway: &Gateway, feed: &Feed, hook: &Hook, endpoint: &str) -> Vec<(String, Registered)> {
    let Some(register) = &hook.settings.register else { return Vec::new() };
    let standing = Standing { gateway, client: &feed.client, hook, register, endpoint };
    standing.all(&criteria(&feed.settings, register)).await
}

struct Standing<'a> {
    gateway: &'a Gateway,
    client: &'a Client,
    hook: &'a Hook,
    register: &'a Register,
    endpoint: &'a str,
}

impl Standing<'_> {
    async fn all(&self, criteria: &[String]) -> Vec<(String, Registered)> {
        let failed = |words: String| criteria.iter().map(|c| (c.clone(), Registered::Failed(words.clone()))).collect();
        let statement = match self.client.get(&["metadata"], &[], self.gateway.now()).await {
            Ok(answer) if answer.is_success() => answer.body,
            Ok(answer) => return failed(self.words(&answer)),
            Err(failure) => return failed(failure.text),
        };
        let takes = Takes::stated(&statement);
        if !takes.create && !takes.update_create {
            return failed(
                "the source's CapabilityStatement offers no create of Subscription; polling alone finds what changes"
                    .into(),
            );
        }
        let mut looked = Vec::new();
        for criteria in criteria {
            let registered = self.one(criteria, takes).await.unwrap_or_else(Registered::Failed);
            looked.push((criteria.clone(), registered));
        }
        looked
    }

    async fn one(&self, criteria: &str, takes: Takes) -> Result<Registered, String> {
        let topic = self.register.topic.as_deref().unwrap_or_default();
        let digest = hex(&digest_words(&[&self.hook.source, self.endpoint, topic, criteria])[..8]);
        let name = format!("hook/{}/{digest}", self.hook.source);
        let known = self.gateway.store.read(CursorOf { name: name.clone() }).await.map_err(|e| e.to_string())?;
        let there = match known {
            Some(id) => self.read(&id).await?,
            None => None,
        };
        let there = match there {
            Some(found) => Some(found),
            None => self.search(criteria).await?,
        };
        let now = self.gateway.now();
        let (id, registered) = match there {
            Some((id, found)) => {
                let status = found["status"]
                    .as_str()
                    .unwrap_or("")
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(40)
                    .collect::<String>();
                let works = matches!(status.as_str(), "active" | "requested");
                if works && !self.ends_soon(&found, now) {
                    (id, Registered::Stands(status))
                } else if takes.update {
                    self.taken(self.client.put_subscription(&id, &self.body(criteria, Some(&id), now), now).await)?;
                    (id, Registered::Renewed(status))
                } else {
                    return Err(format!(
                        "it has the status `{status}` or ends soon, and the source offers no update of it"
                    ));
                }
            }
            None if takes.update_create => {
                let id = format!("trialgate-{digest}");
                self.taken(self.client.put_subscription(&id, &self.body(criteria, Some(&id), now), now).await)?;
                (id, Registered::Made)
            }
            None => {
                let answer = self.taken(self.client.make_subscription(&self.body(criteria, None, now), now).await)?;
                let id = made_id(&answer).ok_or("the source made a Subscription and did not say under which id")?;
                (id, Registered::Made)
            }
        };
        let save = SaveCursor { name, value: id, at: now };
        self.gateway.store.write(save).await.map_err(|e| e.to_string())?;
        Ok(registered)
    }

    async fn read(&self, id: &str) -> Result<Option<(String, Value)>, String> {
        let answer = self.client.get(&["Subscription", id], &[], self.gateway.now()).await.map_err(|f| f.text)?;
        if answer.is_gone() {
            return Ok(None);
        }
        let found = self.value(answer)?;
        Ok((found["channel"]["endpoint"] == self.endpoint).then(|| (id.to_owned(), found)))
    }

    /// One of ours that is there already: of this endpoint and these criteria.
    async fn search(&self, criteria: &str) -> Result<Option<(String, Value)>, String> {
        let query = [("url", self.endpoint)];
        let answer = self.client.get(&["Subscription"], &query, self.gateway.now()).await.map_err(|f| f.text)?;
        if !answer.is_success() && !answer.is_passing() {
            // A server that cannot search them has to be asked for one.
            return Ok(None);
        }
        let mut page = self.value(answer)?;
        let entries = page["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let ours = |found: &Value| {
            let topic = self.register.topic.as_deref();
            let filter = found["_criteria"]["extension"].as_array().into_iter().flatten();
            let mut filters = filter.filter_map(|e| e["valueString"].as_str());
            let same = match topic {
                None => found["criteria"] == criteria,
                Some(topic) => found["criteria"] == topic && filters.any(|filter| filter == criteria),
            };
            same && found["channel"]["endpoint"] == self.endpoint
        };
        let mut resources = entries.into_iter().map(|mut entry| entry["resource"].take());
        let found = resources.find(|found| found["resourceType"] == "Subscription" && ours(found));
        Ok(found.and_then(|found| Some((found["id"].as_str().filter(|id| is_id(id))?.to_owned(), found))))
    }

    fn value(&self, answer: Answer) -> Result<Value, String> {
        if !answer.is_success() || answer.too_long {
            return Err(self.words(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| "the source answered no JSON".to_owned())
    }

    fn taken(&self, answer: Result<Answer, crate::link::Failure>) -> Result<Answer, String> {
        let answer = answer.map_err(|failure| failure.text)?;
        if answer.is_success() { Ok(answer) } else { Err(self.words(&answer)) }
    }

    /// What the source said; it may quote the Subscription with what the hook has to be shown.
    fn words(&self, answer: &Answer) -> String {
        answer.words_without(std::slice::from_ref(&self.hook.settings.token))
    }

    /// Half of its time is over.
    fn ends_soon(&self, found: &Value, now: Instant) -> bool {
        let half = i64::try_from(self.register.lasts.as_micros() / 2).unwrap_or(i64::MAX);
        let end = found["end"].as_str().and_then(|end| end.parse::<jiff::Timestamp>().ok());
        end.is_some_and(|end| end.as_microsecond() < now.plus_us(half).0)
    }

    fn body(&self, criteria: &str, id: Option<&str>, now: Instant) -> Vec<u8> {
        let end = now.plus_us(i64::try_from(self.register.lasts.as_micros()).unwrap_or(i64::MAX / 4));
        let header = format!("{}: {}", self.hook.settings.header, self.hook.settings.value());
        let mut body = json!({
            "resourceType": "Subscription", "status": "requested", "end": end.to_string(),
            "reason": "the trial gateway reads what changed", "criteria": criteria,
            "channel": { "type": "rest-hook", "endpoint": self.endpoint, "payload": "application/fhir+json", "header": [header] },
        });
        if let Some(id) = id {
            body["id"] = id.into();
        }
        if let Some(topic) = &self.register.topic {
            body["meta"] = json!({ "profile": [format!("{BACKPORT}/backport-subscription")] });
            body["criteria"] = topic.as_str().into();
            let filter = json!({ "url": format!("{BACKPORT}/backport-filter-criteria"), "valueString": criteria });
            body["_criteria"] = json!({ "extension": [filter] });
            let content = json!({ "url": format!("{BACKPORT}/backport-payload-content"), "valueCode": "id-only" });
            body["channel"]["_payload"] = json!({ "extension": [content] });
        }
        body.to_string().into_bytes()
    }
}

/// The id of what was made, by its place or its body.
fn made_id(answer: &Answer) -> Option<String> {
    let by_place = answer.location.as_deref().and_then(|l| l.split("/Subscription/").nth(1)?.split('/').next());
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    by_place.or(body["id"].as_str()).filter(|id| is_id(id)).map(str::to_owned)
}
