//! What a target offers, by its CapabilityStatement; what it does not say, it does not offer.

use super::answer::Failure;
use super::client::Client;
use crate::model::capabilities::Capabilities;
use crate::model::time::Instant;
use serde_json::Value;

impl Client {
    /// Asks `metadata`. A passing failure is an error; an answer without a CapabilityStatement offers nothing.
    pub async fn probe(&self, now: Instant) -> Result<Capabilities, Failure> {
        let answer = self.get(&["metadata"], &[], now).await?;
        if answer.is_passing() {
            return Err(Failure { later: answer.retry_after, ..Failure::new(&answer.words(None)) });
        }
        if !answer.is_success() {
            return Ok(Capabilities::default());
        }
        Ok(capabilities(&answer.body))
    }
}

fn capabilities(body: &[u8]) -> Capabilities {
    let statement: Value = serde_json::from_slice(body).unwrap_or_default();
    if statement["resourceType"] != "CapabilityStatement" {
        return Capabilities::default();
    }
    let server = statement["rest"].as_array().into_iter().flatten().find(|rest| rest["mode"] == "server");
    let resources = server.and_then(|rest| rest["resource"].as_array());
    let of = |name: &str| resources.into_iter().flatten().find(|resource| resource["type"] == name);
    let Some(subject) = of("ResearchSubject") else { return Capabilities::default() };
    let can_update = offers(subject, "update");
    Capabilities {
        update_create: can_update && subject["updateCreate"] == true,
        conditional_update: can_update && subject["conditionalUpdate"] == true,
        delete: offers(subject, "delete"),
        versioned: matches!(subject["versioning"].as_str(), Some("versioned" | "versioned-update")),
        research_study: of("ResearchStudy").is_some_and(|study| offers(study, "update")),
    }
}

pub(super) fn offers(resource: &Value, interaction: &str) -> bool {
    resource["interaction"].as_array().into_iter().flatten().any(|i| i["code"] == interaction)
}
