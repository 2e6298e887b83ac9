//! Stored evidence, as far as lists and counts need it: the tree and the facts are passed over.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The evidence of one person in one trial, in short.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Summary {
    /// The verdict's word.
    pub overall: String,
    /// Nothing but attestations is decisive.
    #[serde(default)]
    pub for_people_only: bool,
    /// It leans on data that may still change.
    #[serde(default)]
    pub provisional: bool,
    /// It leans on a presumption.
    #[serde(default)]
    pub presumed: bool,
    /// What would decide it.
    #[serde(default)]
    pub missing: Vec<Open>,
    /// The one criterion that keeps the person out.
    pub near_miss: Option<Near>,
    /// The first moment at which it may change without new data, as printed.
    pub changes_at: Option<String>,
    /// Each criterion's result.
    #[serde(default)]
    pub criteria: Vec<Result>,
    /// The verdict under each alternative of each reading.
    #[serde(default)]
    pub readings: BTreeMap<String, BTreeMap<String, String>>,
}

/// One open quantity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Open {
    /// The variable; of several that would do, all, joined by ` or `.
    pub variable: String,
    /// Why it is open.
    pub reason: String,
    /// Date of the last fact of the kind.
    pub last: Option<String>,
    /// The criteria that lean on it.
    #[serde(default)]
    pub criteria: Vec<String>,
}

/// A near miss.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Near {
    /// The criterion.
    pub criterion: String,
    /// What would turn it.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
}

/// One comparison of a near miss.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comparison {
    /// As the definition writes it.
    pub expression: String,
    /// The person's value.
    pub value: String,
    /// The limit.
    pub limit: String,
    /// Their distance.
    pub difference: String,
}

/// One criterion's result.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Result {
    /// Its id.
    pub id: String,
    /// `inclusion` or `exclusion`.
    pub kind: String,
    /// The result's word.
    pub result: String,
}

impl Summary {
    /// From the JSON that is kept; `None` when it is none.
    pub fn of_json(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The criteria that keep the person out, in the protocol's order.
    pub fn keeping_out(&self) -> impl Iterator<Item = &str> {
        let out = |c: &&Result| if c.kind == "exclusion" { c.result == "true" } else { c.result == "false" };
        self.criteria.iter().filter(out).map(|c| c.id.as_str())
    }
}
