//! A value set expanded by a terminology server, page after page, until it is whole.
//!
//! <https://hl7.org/fhir/R4/valueset-operation-expand.html>

use super::answer::Answer;
use super::client::Client;
use crate::model::time::Instant;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Codes asked for at once.
pub const EXPANSION_PAGE: usize = 1_000;
/// Most codes of one expansion.
pub const EXPANSION_CODES_MAX: usize = 100_000;

impl Client {
    /// The whole expansion as one ValueSet of that address; or why there is none, in words.
    pub async fn expand(&self, url: &str, now: Instant) -> Result<Value, String> {
        let mut contains: Vec<Value> = Vec::new();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        loop {
            let (offset, count) = (contains.len().to_string(), EXPANSION_PAGE.to_string());
            let query = [("url", url), ("offset", offset.as_str()), ("count", count.as_str())];
            let answer = self.get(&["ValueSet", "$expand"], &query, now).await.map_err(|failure| failure.text)?;
            let mut page = page(&answer)?;
            let expansion = page["expansion"].take();
            let listed = flat(&expansion["contains"]);
            let total = expansion["total"].as_u64().and_then(|n| usize::try_from(n).ok());
            let (before, got) = (contains.len(), listed.len());
            contains.extend(listed.into_iter().filter(|entry| seen.insert(key(entry))));
            if contains.len() > EXPANSION_CODES_MAX || total.is_some_and(|n| n > EXPANSION_CODES_MAX) {
                return Err(format!("it has more than {EXPANSION_CODES_MAX} codes; wanted a narrower value set"));
            }
            let whole = total.map_or(got < EXPANSION_PAGE, |total| contains.len() >= total);
            if whole {
                return Ok(kept(url, &page, &expansion, contains));
            }
            if contains.len() == before {
                let total = total.map_or("more".to_owned(), |n| n.to_string());
                return Err(format!("the page from {before} on has nothing new, of {total} codes; it is not whole"));
            }
        }
    }
}

/// The ValueSet of an answer, or what the answer says instead.
fn page(answer: &Answer) -> Result<Value, String> {
    if !answer.is_success() || answer.too_long {
        let words = answer.words(None);
        let costly = words.contains("too-costly");
        return Err(match answer.status {
            _ if costly => format!("the server finds it too costly to expand ({words}); wanted a narrower value set"),
            404 | 410 => format!("the server has no such value set, or cannot expand ({words})"),
            _ if answer.is_passing() => format!("the server cannot answer now ({words}); try again later"),
            _ => format!("the server refuses ({words})"),
        });
    }
    let value: Value = serde_json::from_slice(&answer.body).map_err(|_| "the answer is no JSON".to_owned())?;
    if value["resourceType"] != "ValueSet" || !value["expansion"].is_object() {
        return Err("the answer is no ValueSet with an expansion".to_owned());
    }
    let extensions = value["expansion"]["extension"].as_array().into_iter().flatten();
    let mut words = extensions.filter_map(|e| e["url"].as_str()?.rsplit('/').next());
    match words.find(|w| matches!(*w, "valueset-toocostly" | "valueset-unclosed")) {
        Some("valueset-toocostly") => {
            Err("the server found it too costly and gave a part; wanted a narrower value set".into())
        }
        Some(_) => {
            Err("the server says that the value set has no end (unclosed); wanted one that can be listed".into())
        }
        None => Ok(value),
    }
}

/// The entries with a code, those inside others too; headings have none.
fn flat(entries: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for entry in entries.as_array().into_iter().flatten() {
        if entry["code"].is_string() && entry["abstract"] != true {
            let names = ["system", "version", "code", "display", "inactive"];
            let members = names.iter().filter(|n| !entry[**n].is_null()).map(|n| ((*n).to_owned(), entry[*n].clone()));
            found.push(Value::Object(members.collect()));
        }
        found.extend(flat(&entry["contains"]));
    }
    found
}

fn key(entry: &Value) -> (String, String) {
    let word = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    (word("system"), word("code"))
}

/// What is kept: the address that was asked for, what the server says of the expansion, and every code.
fn kept(url: &str, page: &Value, expansion: &Value, contains: Vec<Value>) -> Value {
    let mut kept = json!({ "resourceType": "ValueSet", "url": url, "status": page["status"].as_str().unwrap_or("active"),
        "expansion": { "total": contains.len() } });
    for name in ["version", "name", "title"] {
        if page[name].is_string() {
            kept[name] = page[name].clone();
        }
    }
    let stated = expansion["parameter"].as_array().into_iter().flatten();
    let lasting = |p: &&Value| !matches!(p["name"].as_str(), Some("offset" | "count"));
    let parameters: Vec<Value> = stated.filter(lasting).cloned().collect();
    for (name, value) in [("identifier", &expansion["identifier"]), ("timestamp", &expansion["timestamp"])] {
        if !value.is_null() {
            kept["expansion"][name] = value.clone();
        }
    }
    if !parameters.is_empty() {
        kept["expansion"]["parameter"] = json!(parameters);
    }
    kept["expansion"]["contains"] = json!(contains);
    kept
}
