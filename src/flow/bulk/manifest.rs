//! What a server says of a finished export, read as servers write it.

use crate::model::key::{digest_words, hex};
use crate::model::time::{Instant, Partial};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most files of one export.
pub const FILES_MAX: usize = 100_000;

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Bundles that say what was deleted.
    Deletions,
    /// Resources.
    Resources,
    /// OperationOutcomes of what could not be exported.
    Errors,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub holds: Holds,
    /// The type of its resources, as stated.
    pub kind: String,
    /// Its address.
    pub url: String,
    /// Its lines, where the server counted them.
    pub count: Option<u64>,
}

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The moment of the server's clock of which it is, as sent.
    pub of: Option<String>,
    /// Whether the files want the credentials too; `None`: it is not said.
    pub signed: Option<bool>,
    /// Its files in the order in which they are read: deletions first, so that what came back after one stays.
    pub files: Vec<File>,
    /// It goes on elsewhere.
    pub is_part: bool,
}

impl Manifest {
    /// Reads one; the error says what the body is instead, without quoting it.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let root: Value = serde_json::from_slice(body).map_err(|_| "no JSON; wanted a manifest".to_owned())?;
        if root["resourceType"] == "OperationOutcome" {
            return Err(format!("an OperationOutcome instead of a manifest: {}", told(&remarks(&root))));
        }
        let Some(output) = root["output"].as_array() else {
            return Err("JSON without `output`; wanted a manifest".to_owned());
        };
        let list = |name: &str| root[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let lists = [(Holds::Deletions, list("deleted")), (Holds::Resources, output), (Holds::Errors, list("error"))];
        let mut files = Vec::new();
        for (holds, list) in lists {
            for stated in list {
                files.push(file(holds, stated)?);
            }
        }
        if files.len() > FILES_MAX {
            return Err(format!("{} files; wanted {FILES_MAX} at most", files.len()));
        }
        let of = root["transactionTime"].as_str().filter(|text| moment(text).is_some()).map(str::to_owned);
        let is_part = root["link"].as_array().into_iter().flatten().any(|link| link["relation"] == "next");
        Ok(Self { of, signed: truth(&root["requiresAccessToken"]), files, is_part })
    }

    /// By what an export is known again, though addresses of files be new each time that it is asked. `status` is where.
    pub fn identity(&self, status: &str, began: i64) -> String {
        let mut words = vec![status.to_owned(), began.to_string(), self.of.clone().unwrap_or_default()];
        for file in &self.files {
            words.push(format!("{:?} {} {:?}", file.holds, file.kind, file.count));
        }
        hex(&digest_words(&words.iter().map(String::as_str).collect::<Vec<_>>()))
    }
}

fn file(holds: Holds, stated: &Value) -> Result<File, String> {
    let kind: String = stated["type"].as_str().unwrap_or("").chars().filter(char::is_ascii_alphanumeric).collect();
    let url = stated["url"].as_str().filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| format!("a file of {kind} without an address; wanted `url`"))?.to_owned();
    let count = stated["count"].as_u64().or_else(|| stated["count"].as_str()?.parse().ok());
    let holds = if kind == "OperationOutcome" { Holds::Errors } else { holds };
    Ok(File { holds, kind, url, count })
}

/// `true` and `false`, also as text, as some servers send them.
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().to_ascii_lowercase().parse().ok())
}

/// The moment that a `transactionTime` names.
pub(super) fn moment(text: &str) -> Option<Instant> {
    match Partial::parse(text) {
        Ok(Partial::Instant(at, _)) => Some(at),
        _ => None,
    }
}

/// Issues of an OperationOutcome: severity and codes, never its free text, which may quote anything.
pub(super) fn remarks(outcome: &Value) -> Vec<String> {
    let word = |value: &Value| -> String {
        value.as_str().unwrap_or("none").chars().filter(char::is_ascii_graphic).take(40).collect()
    };
    let one = |issue: &Value| {
        let codes = issue["details"]["coding"].as_array().into_iter().flatten().map(|coding| word(&coding["code"]));
        [word(&issue["severity"]), word(&issue["code"])].into_iter().chain(codes).collect::<Vec<_>>().join(" ")
    };
    outcome["issue"].as_array().into_iter().flatten().map(one).collect()
}

/// The same remarks counted.
pub(super) fn told(remarks: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    remarks.iter().for_each(|remark| *counts.entry(remark).or_default() += 1);
    let words: Vec<String> = counts.iter().map(|(remark, n)| format!("{remark} ({n})")).collect();
    if words.is_empty() { "no issue in it".into() } else { words.join(", ") }
}
