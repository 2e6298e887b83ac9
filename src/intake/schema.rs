//! The compiled R4 schemas of `profiles/schemas/fhir-r4`, with the words that go beyond draft 7:
//! `x-choices` and the formats `fhir-code`, `fhir-id`, `fhir-date`, `fhir-dateTime`, `fhir-instant`, `fhir-reference`,
//! `fhir-xhtml`.

use super::instance::Tree;
use super::json::Node;
use crate::model::issue::Issue;
use crate::model::time::Partial;
use jsonschema::{Keyword, PatternOptions, ValidationError, Validator};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::LazyLock;

/// A type that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    Bundle,
    Condition,
    Medication,
    MedicationAdministration,
    Observation,
    Patient,
    Procedure,
    QuestionnaireResponse,
}

macro_rules! compiled {
    ($($name:ident: $file:literal),*) => {
        impl Schema {
            fn validator(self) -> &'static Validator<Tree> {
                $(static $name: LazyLock<Validator<Tree>> =
                    LazyLock::new(|| compile(include_str!(concat!("../../profiles/schemas/fhir-r4/", $file))));)*
                match self {
                    Self::Bundle => &BUNDLE,
                    Self::Condition => &CONDITION,
                    Self::Medication => &MEDICATION,
                    Self::MedicationAdministration => &MEDICATION_ADMINISTRATION,
                    Self::Observation => &OBSERVATION,
                    Self::Patient => &PATIENT,
                    Self::Procedure => &PROCEDURE,
                    Self::QuestionnaireResponse => &QUESTIONNAIRE_RESPONSE,
                }
            }
        }
    };
}

compiled!(
    BUNDLE: "Bundle.schema.json",
    CONDITION: "Condition.schema.json",
    MEDICATION: "Medication.schema.json",
    MEDICATION_ADMINISTRATION: "MedicationAdministration.schema.json",
    OBSERVATION: "Observation.schema.json",
    PATIENT: "Patient.schema.json",
    PROCEDURE: "Procedure.schema.json",
    QUESTIONNAIRE_RESPONSE: "QuestionnaireResponse.schema.json"
);

static RESOURCE_TYPES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../profiles/schemas/fhir-r4/resource-types.json"))
        .expect("the committed list of resource types is JSON")
});

/// Whether R4 has a resource of that name.
pub fn is_resource_type(name: &str) -> bool {
    RESOURCE_TYPES.contains(name)
}

impl Schema {
    /// Everything that is wrong with the shape of that resource.
    pub(super) fn issues(self, root: &Node<'_>, name: &str) -> Vec<Issue> {
        let validator = self.validator();
        if validator.is_valid(root) {
            return Vec::new();
        }
        let mut issues = Vec::new();
        for error in validator.iter_errors(root) {
            super::wording::word(&error, root, name, &mut issues);
            if issues.len() >= super::wording::ISSUES_MAX {
                break;
            }
        }
        if issues.is_empty() {
            issues.push(Issue::error("structure", name, "the shape is not that of R4; wanted the elements of R4"));
        }
        issues
    }
}

fn compile(text: &str) -> Validator<Tree> {
    let mut schema: Value = serde_json::from_str(text).expect("a committed schema is JSON");
    for definition in schema["definitions"].as_object_mut().into_iter().flat_map(|d| d.values_mut()) {
        // A format of ours asks for more than the pattern beside it, which is there for other validators.
        if definition["format"].is_string() {
            definition.as_object_mut().map(|d| d.remove("pattern"));
        }
    }
    jsonschema::options_for::<Tree>()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .with_format("fhir-code", is_code)
        .with_format("fhir-id", super::reference::is_id)
        .with_format("fhir-date", |t: &str| date_fault(t).is_none())
        .with_format("fhir-dateTime", |t: &str| Partial::parse(t).is_ok())
        .with_format("fhir-instant", |t: &str| instant_fault(t).is_none())
        .with_format("fhir-reference", |t: &str| super::reference::fault(t).is_none())
        .with_format("fhir-xhtml", |t: &str| xhtml_fault(t).is_none())
        .with_keyword("x-choices", |_, value, _| Ok(Box::new(Choices::new(value))))
        .build(&schema)
        .expect("a committed schema compiles")
}

/// Whether it is a `code`: words with single spaces between them and none at the ends.
fn is_code(text: &str) -> bool {
    text.split(' ').all(|word| !word.is_empty() && !word.bytes().any(|b| matches!(b, b'\t' | b'\r' | b'\n')))
}

/// What is wrong with a `date`.
pub(super) fn date_fault(text: &str) -> Option<String> {
    match Partial::parse(text) {
        Ok(Partial::Instant(..)) => Some("a date with a time; wanted YYYY, YYYY-MM or YYYY-MM-DD".into()),
        Ok(_) => None,
        Err(what) => Some(what),
    }
}

/// What is wrong with an `instant`.
pub(super) fn instant_fault(text: &str) -> Option<String> {
    match Partial::parse(text) {
        Ok(Partial::Instant(..)) => None,
        Ok(_) => Some("a date without a time; wanted YYYY-MM-DDThh:mm:ss+zz:zz".into()),
        Err(what) => Some(what),
    }
}

/// What is wrong with a narrative (invariant txt-1): active content of any kind.
pub(super) fn xhtml_fault(text: &str) -> Option<&'static str> {
    const ELEMENTS: [&str; 11] =
        ["<script", "<iframe", "<object", "<embed", "<form", "<base", "<link", "<meta", "<style", "<svg", "<input"];
    if !text.trim_start().starts_with("<div") {
        return Some("a narrative that does not begin with <div");
    }
    let lower = text.to_ascii_lowercase();
    if ELEMENTS.iter().any(|e| lower.contains(e)) {
        return Some("a narrative with active content");
    }
    if ["javascript:", "vbscript:", "data:text/html", "<!doctype", "<!entity"].iter().any(|e| lower.contains(e)) {
        return Some("a narrative with active content");
    }
    has_handler(&lower).then_some("a narrative with an event handler")
}

/// An attribute `on…=` inside a tag.
fn has_handler(lower: &str) -> bool {
    lower.split('<').skip(1).any(|tag| {
        let tag = tag.split('>').next().unwrap_or(tag);
        let attribute = |word: &str| {
            let name = word.split('=').next().unwrap_or_default().trim_end();
            word.contains('=')
                && name.len() > 2
                && name.starts_with("on")
                && name.bytes().all(|b| b.is_ascii_lowercase())
        };
        tag.replace([' ', '\t', '\n', '\r', '/', '"', '\''], "\n").replace("\n=", "=").split('\n').any(attribute)
    })
}

/// `x-choices`: at most one element of each choice, or exactly one where it is required.
struct Choices(Vec<Choice>);

struct Choice {
    stem: String,
    names: Vec<String>,
    required: bool,
}

impl Choices {
    fn new(value: &Value) -> Self {
        let choice = |(stem, choice): (&String, &Value)| Choice {
            stem: stem.clone(),
            names: choice["names"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|n| n.as_str().map(String::from))
                .collect(),
            required: choice["required"] == true,
        };
        Self(value.as_object().into_iter().flatten().map(choice).collect())
    }
}

impl Choice {
    /// The word for the wording: `two` or `none` and the stem.
    fn fault(&self, node: &Node<'_>) -> Option<String> {
        let mut met: Option<&str> = None;
        for (name, _) in node.members() {
            let name = name.strip_prefix('_').unwrap_or(name);
            if name.starts_with(&self.stem) && self.names.iter().any(|n| n == name) {
                if met.is_some_and(|m| m != name) {
                    return Some(format!("two {}", self.stem));
                }
                met = Some(name);
            }
        }
        (self.required && met.is_none()).then(|| format!("none {}", self.stem))
    }
}

impl<'i> Keyword<'i, Tree> for Choices {
    fn validate(&self, node: &'i Node<'i>) -> Result<(), ValidationError<'i>> {
        match self.0.iter().find_map(|c| c.fault(node)) {
            Some(fault) => Err(ValidationError::custom(fault)),
            None => Ok(()),
        }
    }

    fn is_valid(&self, node: &'i Node<'i>) -> bool {
        self.0.iter().all(|c| c.fault(node).is_none())
    }

    fn iter_errors(&self, node: &'i Node<'i>) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let faults: Vec<String> = self.0.iter().filter_map(|c| c.fault(node)).collect();
        Box::new(faults.into_iter().map(|fault| ValidationError::custom(fault)))
    }
}
