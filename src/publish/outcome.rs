//! OperationOutcome: the words of refusals.

use super::json::{array, object, text, words};
use crate::model::issue::Issue;

/// The resource. FHIR wants at least one issue: an empty list says that all is well.
pub fn operation_outcome(issues: &[Issue]) -> Vec<u8> {
    let well = [Issue::information("informational", "", "all is well")];
    let issues = if issues.is_empty() { &well } else { issues };
    let rendered = issues.iter().map(issue).collect();
    object([("resourceType", Some(text("OperationOutcome"))), ("issue", array(rendered))]).into_bytes()
}

fn issue(issue: &Issue) -> String {
    object([
        ("severity", Some(text(issue.severity.word()))),
        ("code", Some(text(issue.code))),
        ("diagnostics", words(&issue.text)),
        ("expression", array(words(&issue.expression).into_iter().collect())),
    ])
}
