//! Counters of the door, as Prometheus reads them. No label holds an id, a name or a path as sent.

use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// What is counted. Both label sets are small and fixed.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    /// One request, by what it asked for and the status that it got.
    pub fn request(&self, what: &'static str, status: StatusCode) {
        *lock(&self.requests).entry((what, status.as_u16())).or_default() += 1;
    }

    /// One refusal, by issue code.
    pub fn refused(&self, code: &'static str) {
        *lock(&self.refused).entry(code).or_default() += 1;
    }

    /// The text form.
    pub fn text(&self) -> String {
        let mut out = String::from("# TYPE trialgate_http_requests_total counter\n");
        for ((what, status), count) in lock(&self.requests).iter() {
            let _ =
                writeln!(out, "trialgate_http_requests_total{{interaction=\"{what}\",status=\"{status}\"}} {count}");
        }
        out.push_str("# TYPE trialgate_http_refused_total counter\n");
        for (code, count) in lock(&self.refused).iter() {
            let _ = writeln!(out, "trialgate_http_refused_total{{code=\"{code}\"}} {count}");
        }
        out
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
