//! How the messages of a source are written, beside what they say themselves.

use crate::intake::hl7v2::{CHARSETS, Number, Spoken, is_charset};
use crate::model::time::{Instant, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What messages of a source leave unsaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// The character set of messages whose MSH-18 is silent: a name of HL7's table 0211, such as `8859/1` or `GB 18030-2000`.
    pub charset: String,
    /// The assigning authority whose numbers in PID-3 are the ids of Patients, so that FHIR of the same source means the same
    /// Patient; `*`: whatever number is there. Silent: a number that names its authority is known together with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The number of an order that its results and administrations are known by.
    pub order: Number,
    /// What may stand in MSH-11, `P` when silent; other messages, such as those of a test system, are rejected.
    pub processing: Vec<String>,
    /// FHIR systems of names of code systems and authorities: `L = "https://lab.example/codes"`.
    pub systems: BTreeMap<String, String>,
    /// What a sender writes in PID-8 beside HL7's words: `W = "female"`.
    #[schemars(extend("additionalProperties" = { "type": "string", "enum": ["female", "male", "other", "unknown"] }))]
    pub sexes: BTreeMap<String, String>,
    /// Names of segments, such as `ZDS`, that need not be told of.
    pub ignore: Vec<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            charset: "ASCII".into(),
            authority: None,
            order: Number::default(),
            processing: vec!["P".into()],
            systems: BTreeMap::new(),
            sexes: BTreeMap::new(),
            ignore: Vec::new(),
        }
    }
}

impl Dialect {
    /// What is wrong with it, in words.
    pub fn wrong(&self) -> Option<String> {
        let words = || format!("`{}` is no character set that is read here; wanted {CHARSETS}", self.charset);
        (!is_charset(&self.charset)).then(words)
    }

    /// For intake.
    pub(super) fn spoken<'a>(&'a self, zone: &'a Zone, received: Instant) -> Spoken<'a> {
        Spoken {
            zone,
            received,
            charset: &self.charset,
            authority: self.authority.as_deref(),
            order: self.order,
            processing: &self.processing,
            systems: &self.systems,
            sexes: &self.sexes,
            ignore: &self.ignore,
        }
    }
}
