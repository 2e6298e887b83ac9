//! An assessment as JSON, in the one shape that the API, `explain --json` and case files share.

use crate::model::assessment::{Assessment, Considered, CriterionFinding, ENGINE, FactUsed, Missing, NearMiss, Node};
use crate::model::key::hex;
use crate::model::time::{Instant, Zone};
use serde_json::{Map, Value, json};

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
    let a = assessment;
    let mut readings = Map::new();
    for (name, alternatives) in &a.readings {
        let verdicts = alternatives.iter().map(|(word, overall)| (word.clone(), json!(overall.word()))).collect();
        readings.insert(name.clone(), Value::Object(verdicts));
    }
    let mut out = json!({
        "trial": a.trial,
        "version": a.version,
        "person": meta.person,
        "as_of": meta.zone.show(a.as_of),
        "known_at": meta.known_at.map(|at| at.to_string()),
        "overall": a.overall.word(),
        "considered": considered(a.considered),
        "for_people_only": a.for_people_only,
        "provisional": a.provisional,
        "presumed": a.presumed,
        "readings": readings,
        "criteria": a.criteria.iter().map(criterion).collect::<Vec<_>>(),
        "missing": a.missing.iter().map(missing).collect::<Vec<_>>(),
        "near_miss": a.near_miss.as_ref().map(near_miss),
        "changes_at": a.changes_at.map(|at| meta.zone.show(at)),
        "engine": ENGINE,
        "definition": format!("sha256:{}", hex(&meta.definition)),
        "maps": format!("sha256:{}", hex(&meta.maps)),
    });
    if a.all_open_listed
        && let Some(object) = out.as_object_mut()
    {
        object.insert("all_open_listed".into(), json!(true));
    }
    out
}

fn considered(considered: Considered) -> Value {
    match considered {
        Considered::Yes => json!("yes"),
        Considered::No => json!("no"),
        Considered::Unknown(reason) => json!(format!("unknown: {}", reason.words())),
    }
}

fn criterion(finding: &CriterionFinding) -> Value {
    json!({
        "id": finding.id,
        "kind": if finding.exclusion { "exclusion" } else { "inclusion" },
        "protocol": finding.protocol,
        "result": finding.result.word(),
        "tree": node(&finding.tree),
        "facts": finding.facts.iter().map(fact).collect::<Vec<_>>(),
    })
}

fn node(node_: &Node) -> Value {
    let mut out = Map::new();
    out.insert("expression".into(), json!(node_.expression));
    if let Some(result) = node_.result {
        out.insert("result".into(), json!(result.word()));
    }
    if let Some(value) = &node_.value {
        out.insert("value".into(), json!(value));
    }
    if !node_.parts.is_empty() {
        out.insert("parts".into(), node_.parts.iter().map(node).collect());
    }
    Value::Object(out)
}

fn fact(used: &FactUsed) -> Value {
    let mut out = json!({
        "variable": used.variable,
        "value": used.value,
        "received": used.received,
        "at": used.at,
        "status": used.status,
        "source": used.source,
    });
    if let (Some(remark), Some(object)) = (&used.remark, out.as_object_mut()) {
        object.insert("remark".into(), json!(remark));
    }
    out
}

fn missing(missing: &Missing) -> Value {
    json!({
        "variable": missing.variable,
        "reason": missing.reason.words(),
        "last": missing.last,
        "criteria": missing.criteria,
    })
}

fn near_miss(near: &NearMiss) -> Value {
    let comparisons: Vec<Value> = near
        .comparisons
        .iter()
        .map(|c| json!({ "expression": c.expression, "value": c.value, "limit": c.limit, "difference": c.difference }))
        .collect();
    json!({ "criterion": near.criterion, "comparisons": comparisons })
}
