//! One resource: bytes in, a draft or the reasons why there is none.

use super::json::{self, Document, Kind, Node};
use super::schema::{Schema, is_resource_type};
use super::{
    condition, element, medication, medication_administration, observation, patient, procedure, questionnaire_response,
    reference, wording,
};
use crate::model::draft::{Draft, Link, Offsets, ResourceType, Subject};
use crate::model::fact::DraftFact;
use crate::model::issue::{Issue, Severity};
use crate::model::time::{Instant, Zone};

/// What intake must know beside the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The source's zone: a date without a time is that day there.
    pub zone: &'a Zone,
    /// When the bytes came in: the last moment at which a Condition without dates may have begun.
    pub received: Instant,
    /// The source's own base URL without a slash at its end: references below it count as relative.
    pub base: Option<&'a str>,
}

/// How a reading ended, for whoever must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// There is a draft, or a Bundle whose envelope is right.
    Fine,
    /// No JSON, or no resource of the wanted type: 400.
    Unreadable,
    /// A resource that breaks a rule: 422.
    Unprocessable,
    /// R4 has no such type: 404.
    UnknownType,
    /// A type of R4 that is not kept here: 422.
    NotKept,
    /// More than is read at once: 413.
    TooCostly,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// `resourceType` as sent, when it is a string.
    pub resource_type: Option<String>,
    /// The draft; there is one exactly when no issue is an error.
    pub draft: Option<Draft>,
    /// Everything found, in no special order.
    pub issues: Vec<Issue>,
    /// How it ended.
    pub grade: Grade,
}

/// What a file per type finds in its resource.
#[derive(Default)]
pub(super) struct Content {
    pub(super) subject: Option<Subject>,
    pub(super) facts: Vec<DraftFact>,
    pub(super) links: Vec<Link>,
}

/// Reads one resource. `wanted` is the type that the address names, if it names one.
pub fn read_resource(body: &[u8], wanted: Option<ResourceType>, setting: &Setting<'_>) -> Read {
    let document = match json::parse(body) {
        Ok(document) => document,
        Err(fault) => return refused(None, Grade::Unreadable, Issue::error("structure", fault.path, fault.text)),
    };
    match resource_type(&document.root, wanted) {
        Ok(kind) => read_kept(&document, kind, setting),
        Err(read) => *read,
    }
}

fn refused(resource_type: Option<&str>, grade: Grade, issue: Issue) -> Read {
    Read { resource_type: resource_type.map(Into::into), draft: None, issues: vec![issue], grade }
}

fn resource_type(root: &Node<'_>, wanted: Option<ResourceType>) -> Result<ResourceType, Box<Read>> {
    if !matches!(root.kind, Kind::Object(_)) {
        let text = format!("found {}; wanted an object, one FHIR resource", root.noun());
        return Err(Box::new(refused(None, Grade::Unreadable, Issue::error("structure", "", text))));
    }
    let Some(name) = root.text_of("resourceType") else {
        let issue = Issue::error("invalid", "resourceType", "found no resourceType; wanted the name of a FHIR type");
        return Err(Box::new(refused(None, Grade::Unreadable, issue)));
    };
    let shown = wording::token(name);
    if let Some(wanted) = wanted
        && wanted.name() != name
    {
        let text = format!("found the type {shown}; wanted {}, as the address says", wanted.name());
        return Err(Box::new(refused(Some(name), Grade::Unreadable, Issue::error("invalid", "resourceType", text))));
    }
    ResourceType::named(name).ok_or_else(|| {
        let names = ResourceType::ALL.map(ResourceType::name).join(", ");
        let text = format!("found the type {shown}; wanted one that is kept: {names}");
        let grade = if is_resource_type(name) { Grade::NotKept } else { Grade::UnknownType };
        Box::new(refused(Some(name), grade, Issue::error("not-supported", "resourceType", text)))
    })
}

fn read_kept(document: &Document<'_>, kind: ResourceType, setting: &Setting<'_>) -> Read {
    let root = &document.root;
    let schema = match kind {
        ResourceType::Patient => Schema::Patient,
        ResourceType::Observation => Schema::Observation,
        ResourceType::MedicationAdministration => Schema::MedicationAdministration,
        ResourceType::Condition => Schema::Condition,
        ResourceType::Medication => Schema::Medication,
        ResourceType::Procedure => Schema::Procedure,
        ResourceType::QuestionnaireResponse => Schema::QuestionnaireResponse,
    };
    let mut issues = schema.issues(root, kind.name());
    if document.has_nul {
        wording::nul_issues(root, kind.name(), &mut issues);
    }
    reference::rings(root, kind.name(), &mut issues);
    let content = match kind {
        ResourceType::Patient => patient::read(root, setting, &mut issues),
        ResourceType::Observation => observation::read(root, setting, &mut issues),
        ResourceType::MedicationAdministration => medication_administration::read(root, setting, &mut issues),
        ResourceType::Condition => condition::read(root, setting, &mut issues),
        ResourceType::Medication => medication::read(root),
        ResourceType::Procedure => procedure::read(root, setting, &mut issues),
        ResourceType::QuestionnaireResponse => questionnaire_response::read(root, setting, &mut issues),
    };
    wording::shorten(&mut issues, kind.name());
    let wrong = issues.iter().any(|i| i.severity >= Severity::Error);
    Read {
        resource_type: Some(kind.name().into()),
        draft: (!wrong).then(|| draft(document, kind, content)),
        grade: if wrong { Grade::Unprocessable } else { Grade::Fine },
        issues,
    }
}

fn draft(document: &Document<'_>, kind: ResourceType, content: Content) -> Draft {
    let root = &document.root;
    let meta = root.get("meta");
    let of_meta = |name: &str| meta.and_then(|m| m.get(name)).map(|n| n.place);
    Draft {
        resource_type: kind,
        id: root.text_of("id").map(Into::into),
        source_time: meta.and_then(|m| element::instant(m, "lastUpdated")),
        source_version: meta.and_then(|m| m.text_of("versionId")).map(Into::into),
        subject_identifier: match &content.subject {
            Some(Subject::Patient(_)) => {
                root.get("subject").and_then(|s| s.get("identifier")).and_then(element::identifier)
            }
            _ => None,
        },
        subject: content.subject,
        identifiers: element::identifiers(root),
        facts: content.facts,
        links: content.links,
        known_by: Vec::new(),
        offsets: Offsets {
            id: root.get("id").map(|n| n.place),
            meta: meta.map(|m| m.place),
            version_id: of_meta("versionId"),
            last_updated: of_meta("lastUpdated"),
        },
        references: document.references.clone(),
    }
}
