//! FHIR ValueSets beside a definition, as code sets: an expansion as it was kept, else what `compose` lists. What only a
//! terminology server could say is refused by name.

use super::definition::CodeSet;
use super::document::{Document, Node};
use super::systems::Systems;
use crate::model::code::Coding;
use serde_json::Value;

/// Most codes of one value set.
pub const VALUE_SET_CODES_MAX: usize = 100_000;
/// Deepest nesting of value sets in value sets, and of `contains` in `contains`.
const DEPTH_MAX: usize = 16;

/// A set that is to be expanded by a terminology server and kept in a file beside the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expandable {
    /// Its name in `[codes]`.
    pub name: String,
    /// The canonical address that the server is asked for.
    pub url: String,
    /// The file.
    pub file: String,
}

/// The sets of a definition that name what a server is to be asked for. The error is that of the file's first mistake.
pub fn expandable(name: &str, text: &str) -> Result<Vec<Expandable>, String> {
    let (document, mistakes) = Document::read(name, text);
    if let Some(mistake) = mistakes.first() {
        return Err(mistake.to_string());
    }
    let one = |(name, node): (&str, Node<'_, '_>)| {
        let (url, file) = (node.text("expand")?.to_owned(), node.text("valueset")?.to_owned());
        Some(Expandable { name: name.to_owned(), url, file })
    };
    Ok(document.root().table("codes").into_iter().filter_map(one).collect())
}

/// The codes of the value set in that file. `expand` is the address of which it is the kept expansion.
pub(super) fn read(
    file: &str,
    expand: Option<&str>,
    files: &[(String, String)],
    systems: &Systems,
) -> Result<CodeSet, String> {
    let Some((_, text)) = files.iter().find(|(name, _)| name == file) else {
        let way = if expand.is_some() { "; `trialgate trial expand` fetches it from a terminology server" } else { "" };
        return Err(format!("there is no file `{file}` beside the definition{way}"));
    };
    let value = parsed(file, text)?;
    if let Some(wanted) = expand.map(without_version)
        && value["url"].as_str().map(without_version) != Some(wanted)
    {
        let found = value["url"].as_str().unwrap_or("none");
        return Err(format!("{file} has the url {found}; wanted {wanted}, which `expand` names"));
    }
    let reader = Reader { file, files, systems };
    reader.set(&value, 0)
}

fn parsed(file: &str, text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("{file} is no JSON: {e}"))?;
    if value["resourceType"] != "ValueSet" {
        return Err(format!("{file} is no ValueSet; wanted a FHIR R4 ValueSet"));
    }
    Ok(value)
}

fn without_version(canonical: &str) -> &str {
    canonical.split('|').next().unwrap_or(canonical)
}

struct Reader<'r> {
    file: &'r str,
    files: &'r [(String, String)],
    systems: &'r Systems,
}

impl Reader<'_> {
    fn set(&self, value: &Value, depth: usize) -> Result<CodeSet, String> {
        if depth > DEPTH_MAX {
            return Err(format!("{}: value sets lie in each other more than {DEPTH_MAX} deep", self.file));
        }
        let set = match &value["expansion"] {
            Value::Null => self.composed(&value["compose"], depth)?,
            expansion => self.expanded(expansion)?,
        };
        if set.is_empty() {
            return Err(format!("{} lists no code; wanted an expansion, or compose.include", self.file));
        }
        Ok(set)
    }

    fn coding(&self, system: &str, code: &str) -> Coding {
        Coding::new(self.systems.uri(system).unwrap_or(system), code)
    }

    fn expanded(&self, expansion: &Value) -> Result<CodeSet, String> {
        let file = self.file;
        let open = |e: &Value| {
            let url = e["url"].as_str().unwrap_or_default();
            url.ends_with("/valueset-unclosed") || url.ends_with("/valueset-toocostly")
        };
        if expansion["extension"].as_array().into_iter().flatten().any(open) {
            return Err(format!("{file}: the server said that this expansion is not all of it; wanted a whole one"));
        }
        let mut set = CodeSet::default();
        let count = self.contains(&expansion["contains"], 0, &mut set)?;
        let total = expansion["total"].as_u64().unwrap_or_default();
        if total > count as u64 || expansion["offset"].as_u64().is_some_and(|offset| offset > 0) {
            return Err(format!("{file} is a page of its expansion, {count} of {total}; wanted all of it"));
        }
        Ok(set)
    }

    /// Adds codes; answers how many entries there are, with those that are only headings.
    fn contains(&self, entries: &Value, depth: usize, set: &mut CodeSet) -> Result<usize, String> {
        let mut count = 0;
        for entry in entries.as_array().into_iter().flatten() {
            count += 1;
            if let (Some(system), Some(code), false) =
                (entry["system"].as_str(), entry["code"].as_str(), entry["abstract"] == true)
            {
                set.codes.push(self.coding(system, code));
            }
            if set.codes.len() > VALUE_SET_CODES_MAX || depth > DEPTH_MAX {
                let file = self.file;
                return Err(format!("{file} has more than {VALUE_SET_CODES_MAX} codes, or {DEPTH_MAX} levels of them"));
            }
            count += self.contains(&entry["contains"], depth + 1, set)?;
        }
        Ok(count)
    }

    fn composed(&self, compose: &Value, depth: usize) -> Result<CodeSet, String> {
        let mut set = CodeSet::default();
        for (i, include) in compose["include"].as_array().into_iter().flatten().enumerate() {
            set.join(self.part(include, &format!("compose.include[{i}]"), depth)?);
        }
        let mut except = CodeSet::default();
        for (i, exclude) in compose["exclude"].as_array().into_iter().flatten().enumerate() {
            except.join(self.part(exclude, &format!("compose.exclude[{i}]"), depth)?);
        }
        Ok(set.without(except))
    }

    fn part(&self, part: &Value, place: &str, depth: usize) -> Result<CodeSet, String> {
        let at = format!("{}, {place}", self.file);
        let list = |name: &str| part[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let (sets, filters, concepts) = (list("valueSet"), list("filter"), list("concept"));
        let system = part["system"].as_str();
        match (system, sets) {
            (Some(_), [_, ..]) | (None, [_, _, ..]) => {
                Err(format!("{at}: what several of system and valueSet have in common is not worked out; list it"))
            }
            (None, [one]) => self.named(one.as_str().unwrap_or_default(), &at, depth),
            (None, []) => Err(format!("{at}: neither a system nor a valueSet")),
            (Some(system), []) => self.of_system(system, concepts, filters, &at),
        }
    }

    fn of_system(&self, system: &str, concepts: &[Value], filters: &[Value], at: &str) -> Result<CodeSet, String> {
        let mut set = CodeSet::default();
        if filters.len() > 1 {
            return Err(format!(
                "{at}: what several filters have in common is not worked out; expand the set, or list it"
            ));
        }
        if let [filter] = filters {
            set.prefixes.push(self.filtered(system, filter, at)?);
            return Ok(set);
        }
        let codes = concepts.iter().filter_map(|c| c["code"].as_str());
        set.codes.extend(codes.map(|code| self.coding(system, code)));
        if concepts.is_empty() {
            // All codes of the system begin with nothing.
            set.prefixes.push(self.coding(system, ""));
        }
        Ok(set)
    }

    /// `is-a` of ICD and ATC goes by prefix; any other filter needs the system's own knowledge.
    fn filtered(&self, system: &str, filter: &Value, at: &str) -> Result<Coding, String> {
        let word = |name: &str| filter[name].as_str().unwrap_or_default();
        let coding = self.coding(system, word("value"));
        if self.systems.by_prefix(&coding.system) && word("op") == "is-a" && !coding.code.is_empty() {
            return Ok(coding);
        }
        Err(format!(
            "{at}: which codes of {system} have {} {} {} only a terminology server can say; expand the set, or list the codes",
            word("property"),
            word("op"),
            word("value")
        ))
    }

    fn named(&self, canonical: &str, at: &str, depth: usize) -> Result<CodeSet, String> {
        let wanted = without_version(canonical);
        for (file, text) in self.files.iter().filter(|(name, _)| name.ends_with(".json")) {
            let Ok(value) = parsed(file, text) else { continue };
            if value["url"] == wanted {
                return Reader { file, ..*self }.set(&value, depth + 1);
            }
        }
        Err(format!("{at}: the value set {wanted} is in no file beside the definition"))
    }
}
