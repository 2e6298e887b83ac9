//! Parts of a resource: `_summary` and `_elements`, cut out of its bytes and marked SUBSETTED; what stays is unchanged.

use crate::flow::answer::Refusal;
use crate::intake::json::{self, Kind, Node};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Which parts of a resource are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    /// All of it.
    Whole,
    /// What R4 marks as summary.
    Summary,
    /// The narrative, and what may not be missing.
    Text,
    /// All but the narrative.
    Data,
    /// These elements, and what may not be missing.
    Elements(Vec<String>),
}

/// Elements of a type, by R4's names; of a choice its stem.
#[derive(Debug, Deserialize)]
struct Elements {
    summary: Vec<String>,
    required: Vec<String>,
    choices: Vec<String>,
}

/// Of every type of R4, from its definitions.
static ELEMENTS: LazyLock<BTreeMap<String, Elements>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../profiles/schemas/fhir-r4/elements.json"))
        .expect("the committed file is right, as a test proves")
});

/// Required of none, and yet invariants of the type lean on them (con-4, con-5, org-1).
const LEANED_ON: &[(&str, &[&str])] =
    &[("Condition", &["clinicalStatus", "verificationStatus"]), ("Organization", &["identifier", "name"])];

/// Shown whole always, as R4 allows: invariants of the type lean on most of it (sdf-4 to sdf-6), or it counts its own parts.
const UNCUT: &[&str] = &["CodeSystem", "StructureDefinition"];

/// Never left out, of any type.
const ALWAYS: &[&str] = &["resourceType", "id", "meta", "implicitRules", "modifierExtension"];
const SUBSETTED: &str = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}"#;

impl Parts {
    /// Reads the value of `_summary` (but `count`) or `_elements`.
    pub fn parse(name: &str, value: &str) -> Result<Self, Refusal> {
        if name == "_elements" {
            let names: Vec<String> =
                value.split(',').map(|n| n.rsplit('.').next().unwrap_or(n).trim().into()).collect();
            let is_name = |n: &String| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric());
            if !names.iter().all(is_name) {
                return Err(Refusal::malformed("value", "_elements has another value; wanted names of elements"));
            }
            return Ok(Self::Elements(names));
        }
        Ok(match value {
            "true" => Self::Summary,
            "text" => Self::Text,
            "data" => Self::Data,
            "false" => Self::Whole,
            _ => {
                let text = "_summary has another value; wanted true, text, data, count or false";
                return Err(Refusal::malformed("value", text));
            }
        })
    }

    /// Whether a member stays.
    fn keeps(&self, kind: &str, of: &Elements, member: &str) -> bool {
        let member = member.strip_prefix('_').unwrap_or(member);
        let among = |names: &[String]| names.iter().any(|n| of.is(n, member));
        let needed = || {
            let leaned = LEANED_ON.iter().any(|(name, elements)| *name == kind && elements.contains(&member));
            leaned || among(&of.required)
        };
        ALWAYS.contains(&member)
            || match self {
                Self::Whole => true,
                Self::Data => member != "text",
                Self::Summary => needed() || among(&of.summary),
                Self::Text => member == "text" || needed(),
                Self::Elements(names) => needed() || among(names),
            }
    }
}

impl Elements {
    /// Whether a member is this element: that of a choice has the name of a type behind the stem.
    fn is(&self, element: &str, member: &str) -> bool {
        let of_type = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase());
        element == member
            || self.choices.iter().any(|stem| stem == element) && member.strip_prefix(element).is_some_and(of_type)
    }
}

/// The parts of a resource. Where nothing is left out, and where it cannot be read, it is shown as it is.
pub fn shaped<'b>(kind: &str, body: &'b [u8], parts: &Parts) -> Cow<'b, [u8]> {
    if *parts == Parts::Whole || UNCUT.contains(&kind) {
        return Cow::Borrowed(body);
    }
    cut(kind, body, parts).map_or(Cow::Borrowed(body), Cow::Owned)
}

fn cut(kind: &str, body: &[u8], parts: &Parts) -> Option<Vec<u8>> {
    let of = ELEMENTS.get(kind)?;
    let document = json::parse(body).ok()?;
    let raw = |node: &Node<'_>| body.get(node.place.start as usize..node.place.end as usize);
    let mut members: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut inside: Option<&Node<'_>> = None;
    let mut less = false;
    for (name, node) in document.root.members() {
        if parts.keeps(kind, of, name) {
            members.push((name, raw(node)?.to_vec()));
        } else if name == "contained" {
            inside = Some(node);
        } else {
            less = true;
        }
    }
    if let Some(Kind::Array(items)) = inside.map(|n| &n.kind) {
        let kept = still_named(items, &members, &raw);
        less |= kept.len() < items.len();
        if !kept.is_empty() {
            members.push(("contained", [b"[", kept.join(&b","[..]).as_slice(), b"]"].concat()));
        }
    }
    if !less {
        return None;
    }
    mark(&mut members, document.root.get("meta"), body);
    let mut out = vec![b'{'];
    for (name, value) in members {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        out.extend_from_slice(&value);
    }
    out.push(b'}');
    Some(out)
}

/// The contained resources that what stays still refers to, directly or through each other.
fn still_named<'b>(
    items: &[Node<'_>],
    members: &[(&str, Vec<u8>)],
    raw: &impl Fn(&Node<'_>) -> Option<&'b [u8]>,
) -> Vec<&'b [u8]> {
    let holds = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|w| w == word);
    let mut kept = vec![false; items.len()];
    loop {
        let mut more = false;
        for (i, item) in items.iter().enumerate() {
            let (false, Some(id)) = (kept[i], item.text_of("id")) else { continue };
            let word = format!("\"#{id}\"").into_bytes();
            let by_member = members.iter().any(|(_, text)| holds(text, &word));
            let by_other = items.iter().zip(&kept).any(|(n, k)| *k && raw(n).is_some_and(|t| holds(t, &word)));
            if by_member || by_other {
                (kept[i], more) = (true, true);
            }
        }
        if !more {
            break;
        }
    }
    items.iter().zip(&kept).filter(|(_, k)| **k).filter_map(|(n, _)| raw(n)).collect()
}

/// Says in `meta.tag` that this is not all.
fn mark(members: &mut Vec<(&str, Vec<u8>)>, meta: Option<&Node<'_>>, body: &[u8]) {
    let place = members.iter().position(|(name, _)| *name == "meta");
    let (Some(place), Some(meta)) = (place, meta) else {
        members.push(("meta", format!("{{\"tag\":[{SUBSETTED}]}}").into_bytes()));
        return;
    };
    let whole = &body[meta.place.start as usize..meta.place.end as usize];
    let tag = meta.get("tag").map(|t| (t.place.start - meta.place.start) as usize);
    // Behind the bracket of the tags there are, else behind the brace of meta.
    let (at, words) = match tag {
        Some(start) => (start + 1, SUBSETTED.to_owned()),
        None => (1, format!("\"tag\":[{SUBSETTED}]")),
    };
    let rest = &whole[at..];
    let comma =
        if rest.trim_ascii_start().starts_with(b"}") || rest.trim_ascii_start().starts_with(b"]") { "" } else { "," };
    members[place].1 = [&whole[..at], words.as_bytes(), comma.as_bytes(), rest].concat();
}
