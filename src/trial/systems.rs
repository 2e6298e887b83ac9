//! Code systems by short name, and code sets as definitions write them.

use super::definition::CodeSet;
use super::document::{Document, Node};
use super::expression::names::near;
use super::mistake::{Mistake, Severity};
use super::value_set;
use crate::model::code::Coding;
use std::collections::{BTreeMap, HashMap};

/// Short names of code systems, and the other names under which systems send them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Systems {
    /// Short name → usual URI.
    pub names: BTreeMap<String, String>,
    /// Other URI → usual URI.
    pub aliases: HashMap<String, String>,
}

/// Reads `systems.toml`.
pub fn systems(file: &str, text: &str) -> (Systems, Vec<Mistake>) {
    let (document, mut mistakes) = Document::read(file, text);
    let mut systems = Systems::default();
    for (name, entry) in document.root().entries() {
        let Some(uri) = entry.text("uri") else {
            mistakes.push(document.at_key(Severity::Error, &entry.pointer, format!("`{name}` has no `uri`")));
            continue;
        };
        systems.names.insert(name.to_owned(), uri.to_owned());
        for alias in entry.texts("aliases") {
            let twice = systems.aliases.insert(alias.clone(), uri.to_owned()).is_some_and(|other| other != uri);
            if twice {
                let message = format!("the alias {alias} names two systems");
                mistakes.push(document.at_key(Severity::Error, &entry.pointer, message));
            }
        }
    }
    (systems, mistakes)
}

impl Systems {
    /// The usual URI of a short name, or of a URI written out.
    pub fn uri(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str).or_else(|| {
            name.contains(':')
                .then(|| self.aliases.get(name).or_else(|| self.names.values().find(|u| *u == name)))?
                .map(String::as_str)
        })
    }

    /// Whether codes of that system, by its usual URI, go by prefix: below `C22` lies `C22.1`.
    pub fn by_prefix(&self, uri: &str) -> bool {
        ["icd10", "atc"].iter().any(|s| self.uri(s) == Some(uri))
    }

    /// A code as `system|code`.
    pub fn coding(&self, written: &str) -> Result<Coding, String> {
        let (system, code) = written.rsplit_once('|').ok_or_else(|| format!("`{written}` is not `system|code`"))?;
        let known = || self.names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let uri = match self.uri(system) {
            Some(uri) => uri,
            None if system.contains("://") || system.starts_with("urn:") => system,
            None => return Err(format!("the system `{system}` is not known; known are {}", known())),
        };
        if code.is_empty() || code.contains(char::is_whitespace) {
            return Err(format!("`{written}` has no code"));
        }
        Ok(Coding::new(uri, code))
    }
}

/// Reads code sets and tells what is wrong with them.
pub(super) struct CodeReader<'s> {
    pub(super) systems: &'s Systems,
    pub(super) named: BTreeMap<String, CodeSet>,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'s> CodeReader<'s> {
    /// A reader of the same systems that knows no named sets.
    pub(super) fn fresh(&self) -> CodeReader<'s> {
        CodeReader { systems: self.systems, named: BTreeMap::new(), mistakes: Vec::new() }
    }

    /// The sets of `[codes]`, in the order of the file; answers the files on which they lean.
    pub(super) fn named_sets(&mut self, root: &Node<'_, '_>, files: &[(String, String)]) -> Vec<(String, String)> {
        let mut leans_on = Vec::new();
        for (name, node) in root.table("codes") {
            let mut set = node.get("any").map(|n| self.set(&n)).unwrap_or_default();
            if let Some(file) = node.get("valueset") {
                let path = file.value.as_str().unwrap_or_default();
                match value_set::read(path, node.text("expand"), files, self.systems) {
                    Ok(read) => set.join(read),
                    Err(message) => {
                        self.mistakes.push(file.document.at_value(Severity::Error, &file.pointer, message));
                    }
                }
                leans_on.extend(files.iter().filter(|(name, _)| name == path).cloned());
            }
            let except = node.get("except").map(|n| self.set(&n)).unwrap_or_default();
            self.named.insert(name.to_owned(), set.without(except));
        }
        leans_on
    }

    /// A code, the name of a set, or a list of them.
    pub(super) fn set(&mut self, node: &Node<'_, '_>) -> CodeSet {
        let mut set = CodeSet::default();
        for item in node.one_or_many() {
            let Some(written) = item.value.as_str() else { continue };
            if let Err(message) = self.add(&mut set, written) {
                self.mistakes.push(item.document.at_value(Severity::Error, &item.pointer, message));
            } else if let Some(message) = check_digit(&set, written) {
                self.mistakes.push(item.document.at_value(Severity::Warning, &item.pointer, message));
            }
        }
        set
    }

    fn no_set(&self, written: &str) -> String {
        let near = near(written, self.named.keys().map(String::as_str));
        let near = near.map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default();
        format!("no set of [codes] above is named `{written}`{near}; a single code is written `system|code`")
    }

    fn add(&self, set: &mut CodeSet, written: &str) -> Result<(), String> {
        if !written.contains('|') {
            let named = self.named.get(written).ok_or_else(|| self.no_set(written))?;
            set.join(named.clone());
            return Ok(());
        }
        let coding = self.systems.coding(written)?;
        if !self.systems.by_prefix(&coding.system) {
            if coding.code.ends_with('*') {
                return Err(format!(
                    "`{written}`: only ICD and ATC have prefixes; other systems need their codes one by one"
                ));
            }
            set.codes.push(coding);
            return Ok(());
        }
        match coding.code.split_once('-') {
            Some((first, last)) if first <= last => {
                set.ranges.push((coding.system.to_string(), first.to_owned(), last.to_owned()));
            }
            Some(_) => return Err(format!("`{written}` is a range that runs backwards")),
            None => {
                let code = coding.code.trim_end_matches('*').to_owned();
                set.prefixes.push(Coding::new(coding.system, code));
            }
        }
        Ok(())
    }
}

/// LOINC codes end in a check digit; a few old ones break the rule, so it is only a warning.
fn check_digit(set: &CodeSet, written: &str) -> Option<String> {
    let coding = set.codes.last().filter(|c| c.system == "http://loinc.org" && written.ends_with(c.code.as_str()))?;
    let (body, digit) = coding.code.split_once('-')?;
    let mut sum = 0;
    for (i, d) in body.chars().rev().enumerate() {
        let d = d.to_digit(10)?;
        let doubled = if i % 2 == 0 { d * 2 } else { d };
        sum += doubled / 10 + doubled % 10;
    }
    let right = (10 - sum % 10) % 10;
    (digit.parse::<u32>().ok()? != right)
        .then(|| format!("`{written}` has a wrong check digit, {body}-{right} has the right one; is it mistyped?"))
}
