//! An assessment as JSON, in the one shape that the API, `explain --json` and case files share.

use crate::model::assessment::{
    Assessment, Considered, CriterionFinding, ENGINE, FactUsed, MayBe, Missing, NearComparison, NearMiss, Node, Overall,
};
use crate::model::key::hex;
use crate::model::time::{Instant, Zone};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// What surrounds an assessment: whose it is, and by what it was made.
#[derive(Debug, Clone)]
pub struct Meta<'a> {
    /// The person's key as shown.
    pub person: &'a str,
    /// Up to which known time facts were read; `None`: all.
    pub known_at: Option<Instant>,
    /// SHA-256 of the definition.
    pub definition: [u8; 32],
    /// SHA-256 of the maps.
    pub maps: [u8; 32],
    /// The site's calendar, in which times are shown.
    pub zone: &'a Zone,
}

/// The assessment in the shape of `docs/trial-definition.md`.
pub fn to_json(assessment: &Assessment, meta: &Meta) -> Value {
    // What is written has string keys and no number that JSON lacks, so nothing can fail.
    let mut out = serde_json::to_value(Form { a: assessment, meta }).unwrap_or_default();
    if let Some(object) = out.as_object_mut() {
        let digest = |bytes: &[u8; 32]| json!(format!("sha256:{}", hex(bytes)));
        object.insert("as_of".into(), json!(meta.zone.show(assessment.as_of)));
        object.insert("known_at".into(), json!(meta.known_at.map(|at| at.to_string())));
        object.insert("engine".into(), json!(ENGINE));
        object.insert("definition".into(), digest(&meta.definition));
        object.insert("maps".into(), digest(&meta.maps));
    }
    out
}

/// The same as JSON text, without what changes at each asking and stands beside kept evidence: the moment, what was
/// known, the engine, the definition and the maps. Equal evidence is equal bytes.
pub fn evidence(assessment: &Assessment, meta: &Meta) -> Vec<u8> {
    serde_json::to_vec(&Form { a: assessment, meta }).unwrap_or_default()
}

struct Form<'a> {
    a: &'a Assessment,
    meta: &'a Meta<'a>,
}

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let a = self.a;
        let mut out = to.serialize_map(None)?;
        out.serialize_entry("trial", &a.trial)?;
        out.serialize_entry("version", &a.version)?;
        out.serialize_entry("person", self.meta.person)?;
        out.serialize_entry("overall", a.overall.word())?;
        match a.considered {
            Considered::Yes => out.serialize_entry("considered", "yes")?,
            Considered::No => out.serialize_entry("considered", "no")?,
            Considered::Unknown(reason) => {
                out.serialize_entry("considered", &format!("unknown: {}", reason.words()))?;
            }
        }
        out.serialize_entry("for_people_only", &a.for_people_only)?;
        out.serialize_entry("provisional", &a.provisional)?;
        out.serialize_entry("presumed", &a.presumed)?;
        out.serialize_entry("readings", &ReadingsForm(&a.readings))?;
        out.serialize_entry("criteria", &List(&a.criteria, CriterionForm))?;
        out.serialize_entry("missing", &List(&a.missing, MissingForm))?;
        out.serialize_entry("near_miss", &a.near_miss.as_ref().map(NearForm))?;
        out.serialize_entry("changes_at", &a.changes_at.map(|at| self.meta.zone.show(at)))?;
        if a.all_open_listed {
            out.serialize_entry("all_open_listed", &true)?;
        }
        out.end()
    }
}

/// A list, each of its items in a form.
struct List<'a, T, F>(&'a [T], fn(&'a T) -> F);

impl<'a, T, F: Serialize + 'a> Serialize for List<'a, T, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(self.1))
    }
}

struct ReadingsForm<'a>(&'a [(String, Vec<(String, Overall)>)]);

impl Serialize for ReadingsForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, verdicts)| (name, Verdicts(verdicts))))
    }
}

struct Verdicts<'a>(&'a [(String, Overall)]);

impl Serialize for Verdicts<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(word, overall)| (word, overall.word())))
    }
}

struct CriterionForm<'a>(&'a CriterionFinding);

impl Serialize for CriterionForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let CriterionFinding { id, exclusion, protocol, result, tree, facts } = self.0;
        let mut out = to.serialize_map(None)?;
        out.serialize_entry("id", id)?;
        out.serialize_entry("kind", if *exclusion { "exclusion" } else { "inclusion" })?;
        out.serialize_entry("protocol", protocol)?;
        out.serialize_entry("result", result.word())?;
        out.serialize_entry("tree", &NodeForm(tree))?;
        out.serialize_entry("facts", &List(facts, FactForm))?;
        out.end()
    }
}

struct NodeForm<'a>(&'a Node);

impl Serialize for NodeForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Node { expression, result, value, parts } = self.0;
        let mut out = to.serialize_map(None)?;
        out.serialize_entry("expression", expression)?;
        if let Some(result) = result {
            out.serialize_entry("result", result.word())?;
        }
        if let Some(value) = value {
            out.serialize_entry("value", value)?;
        }
        if !parts.is_empty() {
            out.serialize_entry("parts", &List(parts, NodeForm))?;
        }
        out.end()
    }
}

struct FactForm<'a>(&'a FactUsed);

impl Serialize for FactForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let FactUsed { variable, value, received, at, status, source, fact: _, remark } = self.0;
        let mut out = to.serialize_map(None)?;
        out.serialize_entry("variable", variable)?;
        out.serialize_entry("value", value)?;
        out.serialize_entry("received", received)?;
        out.serialize_entry("at", at)?;
        out.serialize_entry("status", status)?;
        out.serialize_entry("source", source)?;
        if let Some(remark) = remark {
            out.serialize_entry("remark", remark)?;
        }
        out.end()
    }
}

struct MissingForm<'a>(&'a Missing);

impl Serialize for MissingForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Missing { variable, reason, last, criteria, may_be } = self.0;
        let mut out = to.serialize_map(None)?;
        out.serialize_entry("variable", variable)?;
        out.serialize_entry("reason", reason.words())?;
        out.serialize_entry("last", last)?;
        out.serialize_entry("criteria", criteria)?;
        if !may_be.is_empty() {
            out.serialize_entry("may_be", &List(may_be, MayBeForm))?;
        }
        out.end()
    }
}

struct MayBeForm<'a>(&'a MayBe);

impl Serialize for MayBeForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let MayBe { code, results } = self.0;
        let mut out = to.serialize_map(Some(3))?;
        out.serialize_entry("system", code.system.as_str())?;
        out.serialize_entry("code", code.code.as_str())?;
        out.serialize_entry("results", results)?;
        out.end()
    }
}

struct NearForm<'a>(&'a NearMiss);

impl Serialize for NearForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_map(Some(2))?;
        out.serialize_entry("criterion", &self.0.criterion)?;
        out.serialize_entry("comparisons", &List(&self.0.comparisons, ComparisonForm))?;
        out.end()
    }
}

struct ComparisonForm<'a>(&'a NearComparison);

impl Serialize for ComparisonForm<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let NearComparison { expression, value, limit, difference } = self.0;
        let mut out = to.serialize_map(Some(4))?;
        out.serialize_entry("expression", expression)?;
        out.serialize_entry("value", value)?;
        out.serialize_entry("limit", limit)?;
        out.serialize_entry("difference", difference)?;
        out.end()
    }
}
