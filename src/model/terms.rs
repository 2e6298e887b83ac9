//! A site's map: what the words of one source mean. Applied when facts are read, never when they are kept.

use super::code::Coding;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What one source's words mean, over what is safe everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Other URIs and names of a code system → the URI that definitions use.
    pub systems: HashMap<String, String>,
    /// A unit word, exactly as written → a UCUM code. Also for a code sent as UCUM that means another thing (`K/uL`).
    pub units: HashMap<String, String>,
    /// Codes that UCUM knows and senders mean otherwise (`K/uL`, `G/L`): never used unless `units` says what is meant.
    pub misread: HashSet<String>,
    /// A unit for results that come without one, by the code that is declared so.
    pub default_units: HashMap<Coding, String>,
    /// An answer word, lower case and trimmed → a coding.
    pub answers: HashMap<String, Coding>,
    /// A local code, or words ([`TEXT_SYSTEM`](super::code::TEXT_SYSTEM)) → standard codes.
    pub codes: HashMap<Coding, Vec<Coding>>,
    /// SHA-256 of the files that say so, for evidence.
    pub digest: [u8; 32],
}

impl Terms {
    /// The URI under which definitions know this system.
    pub fn system<'a>(&'a self, received: &'a str) -> &'a str {
        self.systems.get(received).map_or(received, String::as_str)
    }

    /// The coding with its system's usual URI.
    pub fn usual(&self, received: &Coding) -> Coding {
        match self.systems.get(received.system.as_str()) {
            Some(usual) => Coding::new(usual, received.code.clone()),
            None => received.clone(),
        }
    }
}

/// The maps of all sources; a source without its own is read by the shared one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermsBySource {
    /// What is safe everywhere.
    pub shared: Terms,
    /// Whole maps by source name, each already laid over the shared one.
    pub sources: BTreeMap<String, Terms>,
}

impl TermsBySource {
    /// The map that reads this source.
    pub fn of(&self, source: &str) -> &Terms {
        self.sources.get(source).unwrap_or(&self.shared)
    }
}
