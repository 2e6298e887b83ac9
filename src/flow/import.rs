//! One resource into the store: read by intake, named, attributed, kept in one commit.

use super::answer::{Answer, Grade, Refusal, Written};
use super::gateway::{Gateway, Source};
use super::query::{condition, is_id};
use super::seam::{self, Reading};
use crate::model::draft::{Draft, ResourceType, Subject};
use crate::model::issue::Issue;
use crate::model::key::{digest_words, hex};
use crate::store::Matches;
use crate::store::contract::{Caller, Event, Import, ImportEntry, ImportRefusal, Kept, Method, RefusalReason, Search};
use sha2::{Digest, Sha256};

impl Gateway {
    /// POST: keeps the resource under an id made from its bytes, so that a repetition meets itself.
    /// `if_none_exist` is that header's value.
    pub async fn create(
        &self,
        source: &Source,
        resource_type: ResourceType,
        body: &[u8],
        if_none_exist: Option<&str>,
        caller: Caller,
    ) -> Answer {
        let search = if_none_exist.map(condition).transpose()?;
        let (draft, issues) = self.draft_of(source, resource_type, body)?;
        let patient = self.patient_of(source, &draft).await?;
        let id = self.new_id(source, &draft, patient.as_deref(), body, search.as_ref()).await?;
        let entry = ImportEntry {
            method: Method::Create { if_none_exist: search },
            id,
            draft,
            patient,
            body: body.into(),
            resolved: Vec::new(),
        };
        self.keep_one(source, entry, issues, caller).await
    }

    /// PUT to an id; `if_match` is the version that it must meet, 0: none. The id in the body must be the same.
    pub async fn update(
        &self,
        source: &Source,
        resource_type: ResourceType,
        id: &str,
        body: &[u8],
        if_match: Option<i64>,
        caller: Caller,
    ) -> Answer {
        let (draft, issues) = self.draft_of(source, resource_type, body)?;
        same_id(&draft, id)?;
        let patient = self.patient_of(source, &draft).await?;
        let method = Method::Update { if_match };
        let entry = ImportEntry { method, id: id.into(), draft, patient, body: body.into(), resolved: Vec::new() };
        self.keep_one(source, entry, issues, caller).await
    }

    /// PUT with a search: updates the one match, or creates; `search` is the query of the URL.
    pub async fn conditional_update(
        &self,
        source: &Source,
        resource_type: ResourceType,
        search: &str,
        body: &[u8],
        if_match: Option<i64>,
        caller: Caller,
    ) -> Answer {
        let search = condition(search)?;
        let (draft, issues) = self.draft_of(source, resource_type, body)?;
        let patient = self.patient_of(source, &draft).await?;
        let id = match &draft.id {
            Some(id) => id.clone(),
            None => self.new_id(source, &draft, patient.as_deref(), body, Some(&search)).await?,
        };
        let method = Method::ConditionalUpdate { search, if_match };
        let entry = ImportEntry { method, id, draft, patient, body: body.into(), resolved: Vec::new() };
        self.keep_one(source, entry, issues, caller).await
    }

    fn draft_of(&self, source: &Source, kind: ResourceType, body: &[u8]) -> Result<(Draft, Vec<Issue>), Refusal> {
        match self.reading(source, body, Some(kind)) {
            Reading::Right(draft, issues) => Ok((*draft, issues)),
            Reading::NotKept(issues) => Err(Refusal { grade: Grade::Content, issues }),
            Reading::Wrong(refusal) => Err(refusal),
        }
    }

    async fn keep_one(&self, source: &Source, entry: ImportEntry, issues: Vec<Issue>, caller: Caller) -> Answer {
        let resource_type = entry.draft.resource_type;
        let kept = match self.keep(source, vec![entry], caller).await? {
            Ok(mut kept) => kept.pop(),
            Err(refusal) => return Err(refused(&refusal, "")),
        };
        let kept = kept.ok_or_else(|| Refusal::one(Grade::Failed, "exception", "", "the store failed"))?;
        Ok(written(resource_type, kept, issues))
    }

    /// All entries in one commit, or none.
    pub(crate) async fn keep(
        &self,
        source: &Source,
        entries: Vec<ImportEntry>,
        caller: Caller,
    ) -> Result<Result<Vec<Kept>, ImportRefusal>, Refusal> {
        Ok(self.store.write(self.import(source, entries, caller)).await?)
    }

    pub(crate) fn import(&self, source: &Source, entries: Vec<ImportEntry>, caller: Caller) -> Import {
        Import { source: source.name.clone(), entries, caller, at: self.now() }
    }

    /// The Patient id of the same source that a resource outside a Bundle is about.
    pub(crate) async fn patient_of(&self, source: &Source, draft: &Draft) -> Result<Option<String>, Refusal> {
        let place = format!("{}.subject", draft.resource_type.name());
        match &draft.subject {
            None => Ok(None),
            Some(Subject::Patient(id)) => Ok(Some(id.clone())),
            Some(Subject::Entry(_)) => {
                let text = "the subject is an entry of a Bundle, and this is none; wanted Patient/id";
                Err(Refusal::one(Grade::Content, "value", place, text))
            }
            Some(Subject::Identifier(identifier)) => {
                let search = Search { id: None, identifiers: vec![identifier.clone()] };
                match self.matches(source, ResourceType::Patient, &search).await?.as_slice() {
                    [id] => Ok(Some(id.clone())),
                    other => Err(Refusal::one(Grade::Content, "not-found", place, no_one_patient(other.len()))),
                }
            }
        }
    }

    /// The ids that a condition meets now.
    pub(crate) async fn matches(
        &self,
        source: &Source,
        resource_type: ResourceType,
        search: &Search,
    ) -> Result<Vec<String>, Refusal> {
        let (source, search) = (source.name.to_string(), search.clone());
        Ok(self.store.read(Matches { source, resource_type, search }).await?)
    }

    /// The id of a resource that is created without one. With a condition it is made from the condition, so that
    /// rivals agree; where that id is taken by something that the condition no longer meets, from the bytes.
    pub(crate) async fn new_id(
        &self,
        source: &Source,
        draft: &Draft,
        patient: Option<&str>,
        body: &[u8],
        search: Option<&Search>,
    ) -> Result<String, Refusal> {
        let by_bytes = || id_of_bytes(&source.name, draft.resource_type, patient, body);
        let Some(search) = search else {
            return Ok(by_bytes());
        };
        let id = id_of_condition(&source.name, draft.resource_type, search);
        let taken = seam::read(&self.store, &source.name, draft.resource_type, &id).await?;
        let taken = taken.is_some() && !self.matches(source, draft.resource_type, search).await?.contains(&id);
        Ok(if taken { by_bytes() } else { id })
    }
}

/// The id in the body and the id in the URL must be the same.
pub(crate) fn same_id(draft: &Draft, id: &str) -> Result<(), Refusal> {
    let place = format!("{}.id", draft.resource_type.name());
    if !is_id(id) {
        return Err(Refusal::malformed(
            "value",
            "the id in the URL is no FHIR id; wanted 1 to 64 letters, digits, - and .",
        ));
    }
    match draft.id.as_deref() {
        Some(sent) if sent == id => Ok(()),
        Some(_) => Err(Refusal::one(Grade::Malformed, "invalid", place, "the id differs from the id in the URL")),
        None => Err(Refusal::one(Grade::Malformed, "required", place, "a PUT wants the id of the URL in the body too")),
    }
}

/// The id of a plain POST: whoever sends the same bytes about the same patient again meets what they made.
pub(crate) fn id_of_bytes(source: &str, resource_type: ResourceType, patient: Option<&str>, body: &[u8]) -> String {
    let body = hex(&Sha256::digest(body));
    let digest = digest_words(&[source, resource_type.name(), patient.unwrap_or_default(), &body]);
    hex(&digest[..16])
}

fn id_of_condition(source: &str, resource_type: ResourceType, search: &Search) -> String {
    let mut words = vec![source, resource_type.name(), search.id.as_deref().unwrap_or_default()];
    for identifier in &search.identifiers {
        words.extend([identifier.system.as_str(), identifier.value.as_str()]);
    }
    hex(&digest_words(&words)[..16])
}

/// What was kept, with the remark that a late version deserves.
pub(crate) fn written(resource_type: ResourceType, kept: Kept, mut issues: Vec<Issue>) -> Written {
    if kept.event == Event::Late {
        let text = "an older version than the current one: it is kept in the history, and the current one stays";
        issues.push(Issue::information("informational", "", text));
    }
    Written { resource_type, kept, issues }
}

/// Why the store refused, in words; `place` names the entry of a Bundle.
pub(crate) fn refused(refusal: &ImportRefusal, place: &str) -> Refusal {
    match &refusal.reason {
        RefusalReason::VersionConflict(0) => Refusal::one(
            Grade::Precondition,
            "conflict",
            place,
            "If-Match names a version, and there is no such resource",
        ),
        RefusalReason::VersionConflict(current) => {
            let text = format!(
                "the condition on the version does not hold: the current one is W/\"{current}\"; read it and try again"
            );
            Refusal::one(Grade::Precondition, "conflict", place, text)
        }
        RefusalReason::MultipleMatches => {
            Refusal::one(Grade::Precondition, "multiple-matches", place, "the condition meets more than one resource")
        }
        RefusalReason::Overtaken => Refusal::one(
            Grade::Busy,
            "transient",
            place,
            "another write changed what this one leans on; send the same again",
        ),
        RefusalReason::TooManyLinked => {
            let text = "the links and identifiers of this Patient make one person of more Patients than are believed to be one; wanted links between records of one person";
            Refusal::one(Grade::Content, "too-costly", place, text)
        }
        RefusalReason::AnotherPatient => {
            let text = "the subject's identifier is that of another Patient than its reference names; wanted both of one person";
            Refusal::one(Grade::Content, "conflict", place, text)
        }
        RefusalReason::SubjectNotFound => Refusal::one(Grade::Content, "not-found", place, no_one_patient(0)),
    }
}

pub(crate) fn no_one_patient(found: usize) -> String {
    let what =
        if found == 0 { "names no Patient of this source" } else { "names more than one Patient of this source" };
    format!("the subject's identifier {what}; wanted one, sent before or in the same transaction")
}
