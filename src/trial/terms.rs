//! Site maps from their files: what is safe everywhere, and each source's own words laid over it.

use super::document::Document;
use super::mistake::{Mistake, Severity};
use super::systems::{Systems, systems};
use crate::model::code::Coding;
use crate::model::terms::{Terms, TermsBySource};
use crate::model::unit::Unit;
use sha2::{Digest, Sha256};

/// The text of the files that make the maps; each is a shown path and its text.
#[derive(Debug, Clone, Default)]
pub struct TermsFiles {
    /// `systems.toml`
    pub systems: (String, String),
    /// `units.toml`
    pub units: (String, String),
    /// `answers.toml`
    pub answers: (String, String),
    /// Source name, shown path, text.
    pub sites: Vec<(String, String, String)>,
}

/// The maps of all sources, and what is wrong with the files.
pub fn terms(files: &TermsFiles) -> (TermsBySource, Vec<Mistake>) {
    let (known, mut mistakes) = systems(&files.systems.0, &files.systems.1);
    let mut shared = Terms { systems: known.aliases.clone(), ..Terms::default() };
    units(&files.units, &mut shared, &mut mistakes);
    answers(&files.answers, &known, &mut shared, &mut mistakes);
    shared.digest = digest(&[&files.systems.1, &files.units.1, &files.answers.1]);
    let mut all = TermsBySource { shared, ..TermsBySource::default() };
    for (source, file, text) in &files.sites {
        let mut own = all.shared.clone();
        site(file, text, &known, &mut own, &mut mistakes);
        own.digest = digest(&[&files.systems.1, &files.units.1, &files.answers.1, text]);
        all.sources.insert(source.clone(), own);
    }
    (all, mistakes)
}

fn digest(texts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

fn units((file, text): &(String, String), terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
    let (document, found) = Document::read(file, text);
    mistakes.extend(found);
    unit_words(&document, terms, mistakes);
    for code in document.root().get("misread").map(|n| n.texts("codes")).unwrap_or_default() {
        terms.misread.insert(code);
    }
}

fn unit_words(document: &Document<'_>, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
    for (word, node) in document.root().table("units") {
        let code = node.value.as_str().unwrap_or_default();
        match Unit::parse(code) {
            Ok(_) => {
                terms.units.insert(word.to_owned(), code.to_owned());
            }
            Err(fault) => mistakes.push(document.at_value(Severity::Error, &node.pointer, fault.to_string())),
        }
    }
}

fn answers((file, text): &(String, String), known: &Systems, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
    let (document, found) = Document::read(file, text);
    mistakes.extend(found);
    for (name, node) in document.root().entries() {
        let coding = match known.coding(node.text("code").unwrap_or_default()) {
            Ok(coding) => coding,
            Err(message) => {
                mistakes.push(document.at_key(Severity::Error, &node.pointer, format!("`{name}`: {message}")));
                continue;
            }
        };
        for word in node.texts("words") {
            let other = terms.answers.insert(fold(&word), coding.clone());
            if other.is_some_and(|o| o != coding) {
                mistakes.push(document.at_key(Severity::Error, &node.pointer, "a word that has two meanings"));
            }
        }
    }
}

fn site(file: &str, text: &str, known: &Systems, terms: &mut Terms, mistakes: &mut Vec<Mistake>) {
    let (document, found) = Document::read(file, text);
    mistakes.extend(found);
    unit_words(&document, terms, mistakes);
    for key in document.root().entries().iter().map(|(k, _)| *k) {
        if !["units", "answers", "default_units", "codes", "systems"].contains(&key) {
            let help = "known keys here: units, answers, default_units, codes, systems";
            let unknown = document.at_key(Severity::Error, &format!("/{key}"), format!("unknown key `{key}`"));
            mistakes.push(unknown.with_help(help));
        }
    }
    let mut read = |pointer: &str, written: &str| match known.coding(written) {
        Ok(coding) => Some(coding),
        Err(message) => {
            mistakes.push(document.at_key(Severity::Error, pointer, message));
            None
        }
    };
    for (word, node) in document.root().table("answers") {
        if let Some(coding) = read(&node.pointer, node.value.as_str().unwrap_or_default()) {
            terms.answers.insert(fold(word), coding);
        }
    }
    for (word, node) in document.root().table("default_units") {
        if let Some(coding) = read(&node.pointer, word) {
            terms.default_units.insert(coding, node.value.as_str().unwrap_or_default().to_owned());
        }
    }
    for (word, node) in document.root().table("codes") {
        let from = local(word).or_else(|| read(&node.pointer, word));
        let to: Vec<Coding> =
            node.one_or_many().iter().filter_map(|n| read(&n.pointer, n.value.as_str().unwrap_or_default())).collect();
        if let Some(from) = from {
            terms.codes.insert(from, to);
        }
    }
    for (alias, node) in document.root().table("systems") {
        let name = node.value.as_str().unwrap_or_default();
        match known.uri(name) {
            Some(uri) => {
                terms.systems.insert(alias.to_owned(), uri.to_owned());
            }
            None => mistakes.push(document.at_value(
                Severity::Error,
                &node.pointer,
                format!("the system `{name}` is not known"),
            )),
        }
    }
}

/// Words of a site may have spaces in them, which codes of a known system have not.
fn local(word: &str) -> Option<Coding> {
    let (system, code) = word.split_once('|')?;
    (system == "text").then(|| Coding::new(crate::model::code::TEXT_SYSTEM, code))
}

/// An answer word as the maps know it: trimmed, lower case, full-width letters as narrow ones.
pub fn fold(word: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    word.trim().chars().map(narrow).collect::<String>().trim().to_lowercase()
}
