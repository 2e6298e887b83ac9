//! The `Prefer` header: how a client wants to be answered.

use axum::http::HeaderMap;

/// What a write answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// Nothing said: headers, and an outcome when there is something to say.
    Unsaid,
    /// Headers alone.
    Minimal,
    /// The resource as it is now.
    Representation,
    /// An outcome.
    Outcome,
}

impl Return {
    /// The preference of these headers; an unknown one is none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match value(headers, "return").as_deref() {
            Some("minimal") => Self::Minimal,
            Some("representation") => Self::Representation,
            Some("operationoutcome") => Self::Outcome,
            _ => Self::Unsaid,
        }
    }

    /// As `Preference-Applied` names it.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Unsaid => None,
            Self::Minimal => Some("return=minimal"),
            Self::Representation => Some("return=representation"),
            Self::Outcome => Some("return=OperationOutcome"),
        }
    }
}

/// Whether what is not known is refused.
pub(super) fn strict(headers: &HeaderMap) -> bool {
    value(headers, "handling").as_deref() == Some("strict")
}

/// The first value of a preference, in lower case: RFC 7240 lets the first one count.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all("prefer").iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split([',', ';'])).find_map(|preference| {
        let (key, value) = preference.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}
