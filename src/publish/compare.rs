//! Does a target's resource say what ours says? What servers add or write otherwise does not matter.

use serde_json::Value;

/// Whether status, period, study, individual, identifier and the mark `basis` agree. `meta`, `text`, order, absolute
/// or relative references and the time part of a date are no difference; what cannot be read is one.
pub fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let (Ok(ours), Ok(theirs)) = (serde_json::from_slice::<Value>(ours), serde_json::from_slice::<Value>(theirs))
    else {
        return false;
    };
    ["resourceType", "status"].iter().all(|key| ours.get(key).is_some() && ours.get(key) == theirs.get(key))
        && same_period(&ours["period"], &theirs["period"])
        && same_reference(&ours["study"], &theirs["study"])
        && same_reference(&ours["individual"], &theirs["individual"])
        && basis(&ours) == basis(&theirs)
        && identifiers(&ours).iter().all(|id| identifiers(&theirs).contains(id))
}

fn same_period(ours: &Value, theirs: &Value) -> bool {
    let day = |period: &Value, end: &str| period[end].as_str().map(|at| at.get(..10).unwrap_or(at).to_owned());
    ["start", "end"].iter().all(|end| day(ours, end) == day(theirs, end))
}

/// The same literal reference where both have one, else the same identifier.
fn same_reference(ours: &Value, theirs: &Value) -> bool {
    match (target(ours), target(theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => identifier(&ours["identifier"]).is_some_and(|id| identifier(&theirs["identifier"]) == Some(id)),
    }
}

/// `Type/id` of a relative, absolute or version-specific reference.
fn target(reference: &Value) -> Option<String> {
    let whole = reference["reference"].as_str()?;
    let current = whole.split("/_history/").next().unwrap_or(whole);
    let mut parts = current.rsplitn(3, '/');
    let (id, kind) = (parts.next()?, parts.next().unwrap_or(""));
    Some(format!("{kind}/{id}"))
}

fn identifier(of: &Value) -> Option<(String, String)> {
    let word = |key: &str| of[key].as_str().map(str::to_owned);
    Some((word("system").unwrap_or_default(), word("value")?))
}

fn identifiers(resource: &Value) -> Vec<(String, String)> {
    resource["identifier"].as_array().into_iter().flatten().filter_map(identifier).collect()
}

fn basis(resource: &Value) -> Option<&str> {
    let extensions = resource["extension"].as_array().into_iter().flatten();
    extensions
        .filter(|e| e["url"].as_str().is_some_and(|url| url.ends_with("/StructureDefinition/basis")))
        .find_map(|e| e["valueCode"].as_str())
}
