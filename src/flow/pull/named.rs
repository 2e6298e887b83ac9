//! What a source's references name, where it is one of its own resources: by type and id, or absolutely below its base.

use crate::flow::query::is_id;
use crate::model::draft::ResourceType;
use serde_json::Value;

/// Type, as it is written, and id of a reference that is relative, or below the source's own base.
pub(crate) fn below<'r>(base: &str, reference: &'r str) -> Option<(&'r str, &'r str)> {
    let relative = match reference.strip_prefix(base.trim_end_matches('/')) {
        Some(rest) => rest.strip_prefix('/')?,
        None => reference,
    };
    let mut steps = relative.split("/_history/").next()?.split('/');
    match (steps.next(), steps.next(), steps.next()) {
        (Some(kind), Some(id), None) if is_id(id) => Some((kind, id)),
        _ => None,
    }
}

/// The same where the type is one that is kept.
pub(crate) fn place(base: &str, reference: &str) -> Option<(ResourceType, String)> {
    let (kind, id) = below(base, reference)?;
    Some((ResourceType::named(kind)?, id.to_owned()))
}

/// Ids of the Patients who are members of a Group now, and how many of its members name none of this source.
pub(crate) fn members(base: &str, body: &[u8]) -> Result<(Vec<String>, usize), &'static str> {
    let group: Value = serde_json::from_slice(body).unwrap_or_default();
    let members = group["member"].as_array().ok_or("the Group of the roster has no members")?;
    let active: Vec<&Value> = members.iter().filter(|member| member["inactive"] != true).collect();
    let patient = |member: &&Value| match place(base, member["entity"]["reference"].as_str()?) {
        Some((ResourceType::Patient, id)) => Some(id),
        _ => None,
    };
    let ids: Vec<String> = active.iter().filter_map(patient).collect();
    let others = active.len() - ids.len();
    Ok((ids, others))
}

/// The Medication that the body of an administration names.
pub(super) fn drug(base: &str, body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Face {
        medication_reference: Reference,
    }
    #[derive(serde::Deserialize)]
    struct Reference {
        reference: String,
    }
    let face = serde_json::from_slice::<Face>(body).ok()?;
    place(base, &face.medication_reference.reference)
        .filter(|(kind, _)| *kind == ResourceType::Medication)
        .map(|(_, id)| id)
}
