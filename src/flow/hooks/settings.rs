//! How a source may tell that something changed, as the settings say it.

use crate::model::length;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Fewest characters of a hook's token.
pub const TOKEN_MIN: usize = 20;

/// The hook of one source, at `/hooks/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookSettings {
    /// What the source has to show, at least 20 characters; best given by environment.
    #[schemars(extend("writeOnly" = true))]
    pub token: String,
    /// The header that holds it. In `Authorization` it stands behind `Bearer `, in any other alone.
    #[serde(default = "header")]
    pub header: String,
    /// Subscriptions are made and kept at the source; silent: somebody makes them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
}

/// Subscriptions that the gateway makes at the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The hook as the source reaches it, such as `https://gateway.example/hooks/ehr`; silent: below `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// One Subscription for each, such as `Observation?category=laboratory`; silent: each type that is pulled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<String>,
    /// Canonical of a topic: Subscriptions of the R5 backport, `criteria` as their filters, id-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How long a Subscription is to last; it is renewed when half of that is over.
    #[serde(default = "lasts", with = "length")]
    #[schemars(with = "String")]
    pub lasts: Duration,
    /// How often they are looked at.
    #[serde(default = "look", with = "length")]
    #[schemars(with = "String")]
    pub look: Duration,
}

fn header() -> String {
    "Authorization".into()
}

fn lasts() -> Duration {
    Duration::from_secs(7 * 24 * 3600)
}

fn look() -> Duration {
    Duration::from_secs(15 * 60)
}

impl HookSettings {
    /// What is wrong with them, in words.
    pub fn wrong(&self) -> Option<(&'static str, String)> {
        let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if self.token.len() < TOKEN_MIN || !self.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Some(("token", format!("wanted at least {TOKEN_MIN} visible characters without blanks")));
        }
        if self.header.is_empty() || !self.header.bytes().all(name) {
            return Some(("header", format!("`{}` is no name of a header", self.header)));
        }
        None
    }

    /// The header's value.
    pub fn value(&self) -> String {
        if self.header.eq_ignore_ascii_case("authorization") {
            format!("Bearer {}", self.token)
        } else {
            self.token.clone()
        }
    }
}
