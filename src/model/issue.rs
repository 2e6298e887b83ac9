//! What is wrong with something, where, and what is wanted: the words of OperationOutcome.issue.

use std::fmt;

/// `OperationOutcome.issue.severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is wrong; worth knowing.
    Information,
    /// Accepted, and yet something should be mended.
    Warning,
    /// Refused.
    Error,
    /// The machine failed.
    Fatal,
}

impl Severity {
    /// The FHIR code.
    pub fn word(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// One finding. `text` never quotes a name, an identifier of a person or a whole value of free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// The code of R4's `issue-type` value set, such as `structure` or `code-invalid`.
    pub code: &'static str,
    /// FHIRPath of the place, such as `Observation.component[0].valueQuantity.code`; empty: the whole.
    pub expression: String,
    /// A sentence that says what was found and what is wanted.
    pub text: String,
}

impl Issue {
    /// A refusal.
    pub fn error(code: &'static str, expression: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, expression: expression.into(), text: text.into() }
    }

    /// Accepted with a remark.
    pub fn warning(code: &'static str, expression: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, expression, text) }
    }

    /// Worth knowing.
    pub fn information(code: &'static str, expression: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Information, ..Self::error(code, expression, text) }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.expression.is_empty() { "" } else { " at " };
        write!(f, "{} ({}){place}{}: {}", self.severity.word(), self.code, self.expression, self.text)
    }
}
