//! Subscriptions at a source: whether it takes them, and single ones read and written.
//!
//! <https://hl7.org/fhir/R4/subscription.html>

use super::answer::{Answer, Failure};
use super::client::{Client, Request};
use super::probe::offers;
use crate::model::time::Instant;
use reqwest::Method;
use serde_json::Value;

const TYPE: &str = "Subscription";

/// What a server does with Subscriptions, as its CapabilityStatement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Takes {
    /// It makes them.
    pub create: bool,
    /// It changes them.
    pub update: bool,
    /// It makes them under an id of ours.
    pub update_create: bool,
}

impl Takes {
    /// Of a CapabilityStatement.
    pub fn stated(body: &[u8]) -> Self {
        Self::of(&serde_json::from_slice(body).unwrap_or_default())
    }

    /// Of one that was read.
    pub(super) fn of(statement: &Value) -> Self {
        let server = statement["rest"].as_array().into_iter().flatten().find(|rest| rest["mode"] == "server");
        let all = server.and_then(|rest| rest["resource"].as_array()).into_iter().flatten();
        let Some(stated) = all.into_iter().find(|resource| resource["type"] == TYPE) else { return Self::default() };
        let update = offers(stated, "update");
        Self { create: offers(stated, "create"), update, update_create: update && stated["updateCreate"] == true }
    }
}

impl Client {
    /// Writes a Subscription under an id.
    pub async fn put_subscription(&self, id: &str, body: &[u8], now: Instant) -> Result<Answer, Failure> {
        let path = [TYPE, id];
        let request = Request { method: Method::PUT, path: &path, query: &[], if_match: None, body: Some(body) };
        self.request(request, now).await
    }

    /// Makes a Subscription. Whoever does this has looked whether there is one: the same twice would be two.
    pub async fn make_subscription(&self, body: &[u8], now: Instant) -> Result<Answer, Failure> {
        let request = Request { method: Method::POST, path: &[TYPE], query: &[], if_match: None, body: Some(body) };
        self.request(request, now).await
    }
}
