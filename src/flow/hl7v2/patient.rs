//! What messages say of a Patient, laid together: record, deletion and each link hold as of their own times, so the Patient is the
//! same in the end whatever arrived first.

use crate::intake::hl7v2::{Change, OfPatient};
use crate::model::key::{digest_words, hex};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// What is known of a Patient from messages: of each part the newest order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<Tie>,
}

/// A link to another Patient, or that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Tie {
    other: String,
    kind: Option<String>,
    order: String,
}

/// Members of a Patient, each as it was written.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// What is to become of the Patient.
#[derive(Debug)]
pub(super) enum Becomes {
    /// It stays as it is.
    Same,
    /// These bytes.
    Body(Vec<u8>),
    /// It is deleted.
    Gone,
}

impl Known {
    /// Takes what one message says; whether it is newer than what was known of that part.
    fn hear(&mut self, one: &OfPatient) -> bool {
        // At the same moment one of two different things has to stay, whichever came first: that of the greater digest.
        let after = |words: &[&str]| format!("{} {}", one.order, hex(&digest_words(words)[..4]));
        match &one.what {
            Change::Record(body) => newer(&mut self.record, after(&[&String::from_utf8_lossy(body)])),
            Change::Deleted => newer(&mut self.deleted, one.order.clone() + " ~"),
            Change::Link(other, kind) => {
                let order = after(&[kind.unwrap_or("~")]);
                let tie = Tie { other: other.clone(), kind: kind.map(str::to_owned), order };
                match self.links.iter_mut().find(|t| t.other == *other) {
                    Some(before) if before.order >= tie.order => return false,
                    Some(before) => *before = tie,
                    None => self.links.push(tie),
                }
                self.links.sort();
                true
            }
        }
    }

    fn is_deleted(&self) -> bool {
        self.deleted.is_some() && self.deleted > self.record
    }
}

fn newer(before: &mut Option<String>, order: String) -> bool {
    let is_newer = before.as_ref().is_none_or(|before| *before < order);
    if is_newer {
        *before = Some(order);
    }
    is_newer
}

/// What a Patient becomes by what a message says of it; `None`: nothing of it is new. `there` is the kept resource, whoever sent it.
pub(super) fn laid(known: &mut Known, said: &[&OfPatient], id: &str, there: Option<&[u8]>) -> Option<Becomes> {
    let (mut record, mut any) = (None, false);
    for one in said {
        let is_newer = known.hear(one);
        any |= is_newer;
        if let (Change::Record(body), true) = (&one.what, is_newer) {
            record = Some(body.as_slice());
        }
    }
    if !any {
        return None;
    }
    let members = |body: &[u8]| serde_json::from_slice::<Members>(body).unwrap_or_default();
    let before = there.map(members).unwrap_or_default();
    let mut now = match record {
        _ if known.is_deleted() => Members::new(),
        Some(body) => members(body),
        None => before.clone(),
    };
    for made in ["meta", "link", "resourceType", "id"] {
        now.remove(made);
    }
    let links = links(known, &before);
    // As FHIR's servers do with a record that was merged into another.
    let replaced = |raw: &RawValue| raw.get().contains("\"replaced-by\"");
    if links.iter().any(|link| replaced(link)) {
        put(&mut now, "active", &false);
    } else if before.get("link").is_some_and(|links| replaced(links)) {
        now.remove("active");
    }
    if now.is_empty() && links.is_empty() {
        return Some(if there.is_some() { Becomes::Gone } else { Becomes::Same });
    }
    put(&mut now, "resourceType", &"Patient");
    put(&mut now, "id", &id);
    if !links.is_empty() {
        put(&mut now, "link", &links);
    }
    Some(Becomes::Body(serde_json::to_vec(&now).unwrap_or_default()))
}

fn put(members: &mut Members, name: &str, value: &impl Serialize) {
    if let Ok(raw) = to_raw_value(value) {
        members.insert(name.to_owned(), raw);
    }
}

/// The links that hold: those of messages, and those that came otherwise and no message speaks of.
fn links(known: &Known, before: &Members) -> Vec<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Link {
        other: Other,
    }
    #[derive(Deserialize)]
    struct Other {
        reference: Option<String>,
    }
    let kept = before.get("link").and_then(|raw| serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()).ok());
    let foreign = |raw: &RawValue| {
        let other = serde_json::from_str::<Link>(raw.get()).ok().and_then(|link| link.other.reference);
        !known.links.iter().any(|tie| other.as_deref() == Some(&format!("Patient/{}", tie.other)))
    };
    let mut all: Vec<Box<RawValue>> = kept.unwrap_or_default().into_iter().filter(|raw| foreign(raw)).collect();
    for tie in &known.links {
        let Some(kind) = &tie.kind else { continue };
        let reference = format!("Patient/{}", tie.other);
        let link = serde_json::json!({ "other": { "reference": reference }, "type": kind });
        all.extend(to_raw_value(&link));
    }
    all
}
