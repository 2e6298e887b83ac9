//! What became of messages since the start, for whoever watches the feeds.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Counters by source and word; both sets are small.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(Arc<str>, &'static str), u64>>);

impl Tally {
    /// One more.
    pub fn count(&self, source: &Arc<str>, word: &'static str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry((source.clone(), word)).or_default() += 1;
    }

    /// How many of a word.
    pub fn of(&self, source: &str, word: &'static str) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(source.into(), word)).copied().unwrap_or_default()
    }

    /// As Prometheus reads them; nothing where there was no message.
    pub fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        if !all.is_empty() {
            out.push_str("# TYPE trialgate_hl7v2_messages_total counter\n");
        }
        for ((source, word), count) in all.iter() {
            let _ = writeln!(out, "trialgate_hl7v2_messages_total{{source=\"{source}\",outcome=\"{word}\"}} {count}");
        }
        out
    }
}
