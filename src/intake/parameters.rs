//! The input of an operation: Parameters, or the one resource that they would hold. Read like all else that comes in.

use super::json::{self, Kind, Node};
use super::resource::Grade;
use super::wording;
use crate::model::issue::Issue;
use std::ops::Range;

/// One parameter that an operation takes.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Its name.
    pub name: &'static str,
    /// The member that holds it: `resource`, `valueDateTime`, …
    pub member: &'static str,
}

/// One parameter that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub name: &'static str,
    /// Its value; empty for a resource.
    pub text: String,
    /// Where its resource stands in the body.
    pub resource: Range<usize>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParametersRead {
    /// The parameters, each once at most.
    pub given: Vec<Given>,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// How it ended.
    pub grade: Grade,
}

/// Reads Parameters with what an operation takes. A body of the type `alone` is taken for its parameter `data`.
pub fn read_parameters(body: &[u8], wanted: &[Wanted], alone: &str) -> ParametersRead {
    let document = match json::parse(body) {
        Ok(document) => document,
        Err(fault) => return refused(Grade::Unreadable, vec![Issue::error("structure", fault.path, fault.text)]),
    };
    let root = &document.root;
    let kind = root.text_of("resourceType");
    if kind == Some(alone) {
        let data = Given { name: "data", text: String::new(), resource: place(root) };
        return ParametersRead { given: vec![data], issues: Vec::new(), grade: Grade::Fine };
    }
    if kind != Some("Parameters") {
        let found = kind.map_or_else(|| root.noun(), wording::token);
        let text = format!("found {found}; wanted Parameters, or a {alone} alone");
        return refused(Grade::Unreadable, vec![Issue::error("invalid", "resourceType", text)]);
    }
    let (mut given, mut issues): (Vec<Given>, Vec<Issue>) = (Vec::new(), Vec::new());
    let known = ["resourceType", "id", "meta", "implicitRules", "language", "parameter"];
    for (name, _) in root.members().iter().filter(|(name, _)| !known.contains(&name.as_ref())) {
        let text = format!("found the member {}; wanted one of Parameters", wording::token(name));
        issues.push(Issue::error("structure", "Parameters", text));
    }
    for (i, node) in root.list("parameter").iter().enumerate() {
        let place = format!("Parameters.parameter[{i}]");
        match parameter(node, wanted) {
            Ok(one) if given.iter().any(|g| g.name == one.name) => {
                let text = format!("found `{}` again; wanted it once", one.name);
                issues.push(Issue::error("invalid", place, text));
            }
            Ok(one) => given.push(one),
            Err((code, text)) => issues.push(Issue::error(code, place, text)),
        }
    }
    if issues.is_empty() {
        ParametersRead { given, issues, grade: Grade::Fine }
    } else {
        refused(Grade::Unprocessable, issues)
    }
}

fn refused(grade: Grade, issues: Vec<Issue>) -> ParametersRead {
    ParametersRead { given: Vec::new(), issues, grade }
}

fn place(node: &Node<'_>) -> Range<usize> {
    node.place.start as usize..node.place.end as usize
}

fn parameter(node: &Node<'_>, wanted: &[Wanted]) -> Result<Given, (&'static str, String)> {
    let names = wanted.iter().map(|w| w.name).collect::<Vec<_>>().join(", ");
    let found = node.text_of("name").ok_or_else(|| ("required", format!("found no name; wanted one of {names}")))?;
    let Some(of) = wanted.iter().find(|w| w.name == found) else {
        return Err(("not-supported", format!("found the name {}; wanted one of {names}", wording::token(found))));
    };
    let others = node.members().iter().find(|(name, _)| name != "name" && name != of.member && name != "id");
    if let Some((other, _)) = others {
        return Err(("structure", format!("found the member {}; wanted {}", wording::token(other), of.member)));
    }
    let value = node.get(of.member).ok_or_else(|| ("required", format!("found no value; wanted {}", of.member)))?;
    let fits = if of.member == "resource" { matches!(value.kind, Kind::Object(_)) } else { value.text().is_some() };
    if !fits {
        return Err(("structure", format!("found {}; wanted what {} holds", value.noun(), of.member)));
    }
    Ok(Given { name: of.name, text: value.text().unwrap_or_default().to_owned(), resource: place(value) })
}
