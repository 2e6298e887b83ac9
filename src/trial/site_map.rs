//! One file of a source's own map: TOML, a table (CSV), or a FHIR ConceptMap; each says what one word of the source means.

use super::csv::{self, Cell};
use super::document::Document;
use super::mistake::{Mistake, Severity};
use super::systems::Systems;
use super::terms::fold;
use crate::model::code::{Coding, TEXT_SYSTEM, UCUM_SYSTEM};
use crate::model::terms::Terms;
use crate::model::unit::Unit;
use serde_json::Value;

/// Kinds of rows of a table.
const KINDS: &str = "code, unit, answer, default_unit or system";
/// What stands in the column `means` for: looked at, and of no use here.
const NOTHING: &str = "-";

/// A map file: whose words, the shown path, the text, and what its codes are named by.
pub(super) struct MapFile<'a> {
    pub(super) source: &'a str,
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) known: &'a Systems,
}

/// Kinds of map files, by the end of their names.
pub const ENDS: [&str; 3] = ["toml", "csv", "json"];

impl MapFile<'_> {
    /// Lays the file over what the map says so far.
    pub(super) fn read(&self, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
        let from = mistakes.len();
        match self.file.rsplit_once('.').map_or("", |(_, end)| end) {
            "csv" => self.table(terms, mistakes),
            "json" => self.concept_map(terms, mistakes),
            _ => self.toml(terms, mistakes),
        }
        // A map of thousands of rows that is of the wrong kind is wrong in each of them.
        mistakes.truncate(from + MISTAKES_MAX);
    }

    fn at(&self, severity: Severity, span: std::ops::Range<usize>, message: impl Into<String>) -> Mistake {
        Mistake::at(severity, self.file, self.text, span, message)
    }

    fn toml(&self, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
        let (document, found) = Document::read(self.file, self.text);
        mistakes.extend(found);
        for key in document.root().entries().iter().map(|(k, _)| *k) {
            if !["units", "answers", "default_units", "codes", "systems"].contains(&key) {
                let help = "known keys here: units, answers, default_units, codes, systems";
                let unknown = document.at_key(Severity::Error, &format!("/{key}"), format!("unknown key `{key}`"));
                mistakes.push(unknown.with_help(help));
            }
        }
        let written = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for (kind, table) in [
            ("unit", "units"),
            ("answer", "answers"),
            ("default_unit", "default_units"),
            ("code", "codes"),
            ("system", "systems"),
        ] {
            for (word, node) in document.root().table(table) {
                let means: Vec<String> = node.one_or_many().iter().map(|n| written(n.value)).collect();
                if let Err(message) = self.entry(terms, kind, word, self.written(word), &means) {
                    mistakes.push(document.at_value(Severity::Error, &node.pointer, message));
                }
            }
        }
    }

    fn table(&self, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
        let rows = csv::rows(self.text);
        let Some((head, rows)) = rows.split_first() else { return };
        let column = |name: &str| head.iter().position(|cell| cell.text.eq_ignore_ascii_case(name));
        let (Some(kind), Some(means)) = (column("kind"), column("means")) else {
            let words = format!("the first line names no column `kind` or no column `means`; a kind is {KINDS}");
            mistakes.push(self.at(Severity::Error, head[0].span.clone(), words));
            return;
        };
        let (source, system, code, unit) = (column("source"), column("system"), column("code"), column("unit"));
        let mut said = std::collections::HashMap::new();
        for row in rows {
            let of = |at: Option<usize>| at.and_then(|at| row.get(at)).map_or("", |cell: &Cell| cell.text.as_str());
            let (kind, told) = (of(Some(kind)).trim(), of(Some(means)).trim());
            // What is not filled in says nothing, and what another source sends is that source's.
            let elsewhere = !of(source).is_empty() && of(source) != self.source;
            if told.is_empty() || elsewhere {
                continue;
            }
            let coding = self.received(of(system), of(code));
            let word = match kind {
                "unit" => of(unit).to_owned(),
                "answer" | "system" => of(code).to_owned(),
                _ => format!("{}|{}", of(system), of(code)),
            };
            let words: Vec<String> = told.split([' ', ';']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
            let done = match said.insert((kind.to_owned(), word.clone()), words.clone()) {
                Some(before) if before != words => Err(format!("`{word}` has two meanings in this file")),
                _ => self.entry(terms, kind, &word, coding, &words),
            };
            if let Err(message) = done {
                let span = row.get(means).map_or(0..0, |cell| cell.span.clone());
                mistakes.push(self.at(Severity::Error, span, message));
            }
        }
    }

    /// R4's `equivalence` and R5's `relationship`: only what is the same is taken, since a wider or narrower code is another statement.
    fn concept_map(&self, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
        let map: Value = match serde_json::from_str(self.text) {
            Ok(map) => map,
            Err(error) => {
                let words = format!("no JSON: {error}; wanted a FHIR ConceptMap");
                mistakes.push(self.at(Severity::Error, 0..0, words));
                return;
            }
        };
        if map["resourceType"] != "ConceptMap" {
            mistakes.push(self.at(Severity::Error, 0..0, "no ConceptMap; wanted `\"resourceType\": \"ConceptMap\"`"));
            return;
        }
        let (mut other, list) = (0, |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default());
        for group in list(&map, "group") {
            let word = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
            let (from, to) = (word("source"), word("target"));
            for element in list(&group, "element") {
                let code = element["code"].as_str().unwrap_or_default();
                let same = |t: &&Value| {
                    let how = t["equivalence"].as_str().or_else(|| t["relationship"].as_str());
                    matches!(how, Some("equal" | "equivalent"))
                };
                let targets = list(&element, "target");
                let means: Vec<String> =
                    targets.iter().filter(same).filter_map(|t| t["code"].as_str()).map(str::to_owned).collect();
                other += targets.len() - means.len();
                if means.is_empty() {
                    continue;
                }
                let coding = self.received(&from, code);
                let done = if self.known.uri(&to) == Some(UCUM_SYSTEM) {
                    self.entry(terms, "unit", code, coding, &means)
                } else {
                    let means: Vec<String> = means.iter().map(|code| format!("{to}|{code}")).collect();
                    self.entry(terms, "code", code, coding, &means)
                };
                if let Err(message) = done {
                    let at = self.text.find(&format!("\"{code}\"")).unwrap_or(0);
                    mistakes.push(self.at(Severity::Error, at..at + code.len() + 2, message));
                }
            }
        }
        if other > 0 {
            let words =
                format!("{other} targets are not taken: only `equal` and `equivalent` say the same of a person");
            mistakes.push(self.at(Severity::Warning, 0..0, words));
        }
    }

    /// What one word of a kind means, or the code that it is; the error says what is wrong with it.
    fn entry(&self, terms: &mut Terms, kind: &str, word: &str, code: Found, means: &[String]) -> Result<(), String> {
        let one = || match means {
            [one] => Ok(one.as_str()),
            _ => Err(format!("`{word}` has {} meanings; wanted one", means.len())),
        };
        match kind {
            "unit" if word.is_empty() => {
                return Err("no unit stands here; wanted one, or the kind `default_unit`".into());
            }
            "answer" | "system" if word.is_empty() => return Err("no word stands here".into()),
            "unit" => {
                let meant = unit(terms, word, one()?)?;
                terms.units.insert(word.to_owned(), meant);
            }
            "default_unit" => {
                let meant = unit(terms, word, one()?)?;
                terms.default_units.insert(code?, meant);
            }
            "answer" => {
                terms.answers.insert(fold(word), self.known.coding(one()?)?);
            }
            "code" => {
                let nothing = means.iter().all(|word| word == NOTHING);
                let meant = if nothing { Ok(Vec::new()) } else { means.iter().map(|m| self.known.coding(m)).collect() };
                terms.codes.insert(code?, meant?);
            }
            "system" => {
                let name = one()?;
                let uri = self.known.uri(name).ok_or_else(|| format!("the system `{name}` is not known"))?;
                terms.systems.insert(word.to_owned(), uri.to_owned());
            }
            _ => return Err(format!("the kind `{kind}` is not known; wanted {KINDS}")),
        }
        Ok(())
    }

    /// A code of a file that people write. Words of a site may have spaces in them, which codes of a known system have not.
    fn written(&self, word: &str) -> Found {
        match word.split_once('|') {
            Some(("text", words)) if !words.is_empty() => Ok(Coding::new(TEXT_SYSTEM, words)),
            _ => self.known.coding(word),
        }
    }

    /// A code as the source sends it, of whatever system or of none; a short name stands for its system.
    fn received(&self, system: &str, code: &str) -> Found {
        if code.is_empty() {
            return Err("no code stands here".into());
        }
        Ok(Coding::new(self.known.names.get(system).map_or(system, String::as_str), code))
    }
}

/// A code, or what is wrong with its words.
type Found = Result<Coding, String>;

/// Mistakes told of one file.
const MISTAKES_MAX: usize = 50;

/// A UCUM code that may be computed with; what a word means cannot be a code that senders mean otherwise.
fn unit(terms: &Terms, word: &str, code: &str) -> Result<String, String> {
    match Unit::parse(code) {
        Ok(unit) if terms.misread.contains(code) => Err(format!(
            "`{word}` cannot mean `{code}`, which {}; wanted the UCUM code of what is meant",
            unit.measures()
        )),
        Ok(_) => Ok(code.to_owned()),
        Err(fault) => Err(fault.to_string()),
    }
}
