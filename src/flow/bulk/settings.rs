//! How a source is asked for exports, as the settings say it.

use crate::flow::pull::maybe;
use crate::model::length;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Of whom an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All that the server has.
    System,
    /// All Patients.
    Patient,
    /// The members of the Group that `group` names.
    Group,
}

impl Level {
    /// The word of configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Patient => "patient",
            Self::Group => "group",
        }
    }

    /// Where it is asked for, below the base.
    pub fn path(self, group: Option<&str>) -> Vec<&str> {
        match self {
            Self::System => vec!["$export"],
            Self::Patient => vec!["Patient", "$export"],
            Self::Group => vec!["Group", group.unwrap_or_default(), "$export"],
        }
    }
}

/// Bulk Data exports of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bulk {
    /// `system`, `patient` or `group`; silent: `group` where the pull names one, else `patient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// From the end of one export to the next.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub every: Duration,
    /// How often everything is exported again, whatever was before; what is then missing is asked for by its id and
    /// deleted here when it is gone there. Silent: never.
    #[serde(skip_serializing_if = "Option::is_none", with = "maybe")]
    #[schemars(with = "Option<String>")]
    pub reread: Option<Duration>,
    /// Longest from asking for an export to its last line; one that takes longer is given up and begun anew.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub within: Duration,
    /// Where the files lie, if not at the origin of `url`, such as `https://files.ehr.example`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

impl Default for Bulk {
    fn default() -> Self {
        let hours = |n: u64| Duration::from_secs(n * 3600);
        Self { level: None, every: hours(24), reread: None, within: hours(48), origins: Vec::new() }
    }
}
