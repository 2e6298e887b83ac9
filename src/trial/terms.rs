//! Site maps from their files: what is safe everywhere, and each source's own words laid over it.

use super::document::Document;
use super::mistake::{Mistake, Severity};
use super::site_map::MapFile;
use super::systems::{Systems, systems};
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
    /// Source name, shown path (its end says of what kind the file is), text; of one source a later file goes over an earlier one.
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
        let own = all.sources.entry(source.clone()).or_insert_with(|| all.shared.clone());
        MapFile { source, file, text, known: &known }.read(own, &mut mistakes);
    }
    for (source, own) in &mut all.sources {
        let texts = files.sites.iter().filter(|(s, ..)| s == source).map(|(_, _, text)| text.as_str());
        let shared = [&*files.systems.1, &*files.units.1, &*files.answers.1];
        own.digest = digest(&shared.into_iter().chain(texts).collect::<Vec<_>>());
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

/// An answer word as the maps know it: trimmed, lower case, full-width letters as narrow ones.
pub fn fold(word: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    word.trim().chars().map(narrow).collect::<String>().trim().to_lowercase()
}
