//! How a source is pulled, as the settings say it.

use crate::flow::bulk::{Bulk, Level};
use crate::link::Auth;
use crate::link::Origins;
use crate::model::draft::ResourceType;
use crate::model::length;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a source is asked for what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// What changed on the whole server since the last round, by `_lastUpdated` in closed ranges.
    Server,
    /// Everything of each patient of a roster, for servers that want `patient=` or know no `_lastUpdated`.
    Patients,
    /// Bulk Data exports alone, as `bulk` says.
    Bulk,
}

/// Polling of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// The source's FHIR base, such as `https://ehr.example/fhir`; https beyond this machine.
    pub url: String,
    /// Bearer token, best given by environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("writeOnly" = true))]
    pub token: Option<String>,
    /// How the gateway shows who it is; instead of `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// `server`: what changed, by `_lastUpdated`; `patients`: everything of each patient of the roster; `bulk`: Bulk
    /// Data exports alone.
    pub by: By,
    /// Types that are asked for, in this order; silent: all that are kept. With `by = "patients"` a Medication, which no
    /// search by patient finds, is read by its id where a MedicationAdministration names it.
    #[serde(default = "all", skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("items" = { "type": "string", "enum": ["Patient", "Observation", "Medication", "MedicationAdministration", "Condition", "Procedure", "QuestionnaireResponse"] }))]
    pub kinds: Vec<String>,
    /// The roster: ids of Patients at the source. Silent, without `group`: the Patients that are kept from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<String>,
    /// The roster: the members of this Group at the source, by its id; an export is of this Group then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// From one round to the next.
    #[serde(default = "every", with = "length")]
    #[schemars(with = "String")]
    pub every: Duration,
    /// How far a range reaches back behind the last one: what a server commits later than it stamps is met all the same.
    #[serde(default = "overlap", with = "length")]
    #[schemars(with = "String")]
    pub overlap: Duration,
    /// How often everything is read again, and what is gone at the source is deleted here. Silent: never; wanted only
    /// where nothing but this pull feeds the source. A Patient of the roster whom the source answers with 404 or 410 is
    /// deleted in any case.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe")]
    #[schemars(with = "Option<String>")]
    pub reread: Option<Duration>,
    /// Resources asked for on a page; the server may give others.
    #[serde(default = "count")]
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Plain HTTP beyond this machine is allowed.
    #[serde(default)]
    pub insecure: bool,
    /// Bulk Data exports, beside the polling or, with `by = "bulk"`, alone; silent: none, with `by = "bulk"` as when
    /// each of its keys is silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<Bulk>,
}

impl Pull {
    /// The types asked for.
    pub fn types(&self) -> Vec<ResourceType> {
        self.kinds.iter().filter_map(|name| ResourceType::named(name)).collect()
    }

    /// The types that are asked for by a Patient: R4 has no such search of Medication, and a Patient is read by its id.
    pub fn types_of_patient(&self) -> Vec<ResourceType> {
        let other = |kind: &ResourceType| !matches!(kind, ResourceType::Patient | ResourceType::Medication);
        self.types().into_iter().filter(other).collect()
    }

    /// What no schema can say: where, below the pull, and what is wrong there.
    pub fn wrong(&self) -> Vec<(&'static [&'static str], String)> {
        let mut found: Vec<(&'static [&'static str], String)> = Vec::new();
        let bulk = self.exports().unwrap_or_default();
        if let Err(error) = Origins::new(&bulk.origins, self.insecure) {
            found.push((&["bulk", "origins"], error.to_string()));
        }
        if bulk.level == Some(Level::Group) && self.group.is_none() {
            found.push((&["bulk", "level"], "of which Group? wanted `group` in the pull".into()));
        }
        if self.by == By::Bulk && self.reread.is_some() {
            found.push((&["reread"], "with `by = \"bulk\"` wanted in the table `bulk` of the pull".into()));
        }
        if self.by == By::Bulk && !self.patients.is_empty() {
            found.push((&["patients"], "an export is of a Group or of all: wanted `group`, or nothing".into()));
        }
        found
    }

    /// How exports are asked for; `None`: they are not.
    pub fn exports(&self) -> Option<Bulk> {
        self.bulk.clone().or_else(|| (self.by == By::Bulk).then(Bulk::default))
    }
}

fn all() -> Vec<String> {
    ResourceType::ALL.iter().map(|kind| kind.name().to_owned()).collect()
}

fn every() -> Duration {
    Duration::from_secs(300)
}

fn overlap() -> Duration {
    Duration::from_secs(600)
}

fn count() -> u32 {
    200
}

/// The same for a length that may be silent.
pub(crate) mod maybe {
    use super::length;
    use serde::{Deserializer, Serializer};
    use std::time::Duration;

    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => length::serialize(duration, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        length::deserialize(from).map(Some)
    }
}
