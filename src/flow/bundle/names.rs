//! Names of the entries of a Bundle: ids, whom they are about, and what their references mean.

use super::step::Plan;
use super::take::{at_entry, joined};
use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::import::no_one_patient;
use crate::flow::query::condition;
use crate::model::draft::{Draft, Identifier, ResourceType, Stretch, Subject};
use crate::model::fact::{FactValue, Origin};
use crate::model::issue::Issue;
use crate::model::medication;
use crate::store::contract::{ImportEntry, Method, Search};
use std::collections::HashMap;

/// What is to be kept, in the order in which it is kept: the places of the entries, the entries, and remarks on each.
pub(super) type Named = (Vec<usize>, Vec<ImportEntry>, Vec<Vec<Issue>>);

impl Gateway {
    /// Gives ids, Patients first, for the id of what is about a patient leans on the patient's; then resolves references.
    /// R4's order among the rest: what is created, then what is updated.
    pub(super) async fn name_and_resolve(&self, source: &Source, mut plans: Vec<Plan<'_>>) -> Result<Named, Refusal> {
        let mut book = Book::default();
        plans.sort_by_key(|plan| {
            let creates = matches!(plan.method, Method::Create { .. });
            (plan.draft.resource_type != ResourceType::Patient, !creates, plan.entry)
        });
        let (mut patients, mut refusals) = (Vec::new(), Vec::new());
        for plan in &mut plans {
            let patient = match self.about(source, &plan.draft, &book).await {
                Ok(patient) => patient,
                Err(refusal) => {
                    refusals.push(at_entry(refusal, plan.entry));
                    None
                }
            };
            let id = self.name(source, plan, patient.as_deref()).await.map_err(|r| at_entry(r, plan.entry))?;
            book.note(plan, &id);
            plan.id = Some(id);
            patients.push(patient);
        }
        let (mut order, mut entries, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
        for (mut plan, patient) in plans.into_iter().zip(patients) {
            let resolved = match self.resolve(source, &plan.draft, &book).await {
                Ok((resolved, named)) => {
                    name_drugs(&mut plan.draft, &named);
                    name_links(&mut plan.draft, &named);
                    resolved
                }
                Err(refusal) => {
                    refusals.push(at_entry(refusal, plan.entry));
                    continue;
                }
            };
            order.push(plan.entry);
            remarks.push(plan.issues);
            let (id, body) = (plan.id.unwrap_or_default(), plan.body.into());
            entries.push(ImportEntry { method: plan.method, id, draft: plan.draft, patient, body, resolved });
        }
        joined(refusals)?;
        Ok((order, entries, remarks))
    }

    /// The id of an entry: that of the one match of its condition, the one sent, or a new one.
    async fn name(&self, source: &Source, plan: &Plan<'_>, patient: Option<&str>) -> Result<String, Refusal> {
        let search = match &plan.method {
            Method::Create { if_none_exist } => if_none_exist.as_ref(),
            Method::ConditionalUpdate { search, .. } => Some(search),
            Method::Update { .. } | Method::Load => None,
        };
        if let Some(search) = search {
            match self.matches(source, plan.draft.resource_type, search).await?.as_slice() {
                [] => {}
                [id] => return Ok(id.clone()),
                _ => {
                    let text = "the condition meets more than one resource";
                    return Err(Refusal::one(Grade::Precondition, "multiple-matches", "request", text));
                }
            }
        }
        match &plan.id {
            Some(id) => Ok(id.clone()),
            None => self.new_id(source, &plan.draft, patient, plan.body, search).await,
        }
    }

    /// The Patient id that a resource of a Bundle is about.
    async fn about(&self, source: &Source, draft: &Draft, book: &Book) -> Result<Option<String>, Refusal> {
        let fault = |text: String| Refusal::one(Grade::Content, "not-found", "resource.subject", text);
        match &draft.subject {
            Some(Subject::Entry(url)) => match book.urls.get(url) {
                Some((ResourceType::Patient, id)) => Ok(Some(id.clone())),
                Some(_) => Err(fault("the subject is an entry that is no Patient".into())),
                None => Err(fault("the subject is no entry of this Bundle".into())),
            },
            Some(Subject::Identifier(identifier)) => {
                let search = Search { id: None, identifiers: vec![identifier.clone()] };
                match self.met(source, ResourceType::Patient, &search, book).await?.as_slice() {
                    [id] => Ok(Some(id.clone())),
                    other => Err(fault(no_one_patient(other.len()))),
                }
            }
            _ => self.patient_of(source, draft).await,
        }
    }

    /// The ids that a condition meets, in this Bundle and in the store.
    async fn met(
        &self,
        source: &Source,
        kind: ResourceType,
        search: &Search,
        book: &Book,
    ) -> Result<Vec<String>, Refusal> {
        let mut ids = self.matches(source, kind, search).await?;
        for (of, id, identifiers) in &book.identifiers {
            let fits = search.identifiers.iter().all(|i| identifiers.contains(i))
                && search.id.as_ref().is_none_or(|wanted| wanted == id);
            if *of == kind && fits && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        Ok(ids)
    }

    /// What to write in place of `urn:uuid:` and conditional references.
    async fn resolve(&self, source: &Source, draft: &Draft, book: &Book) -> Result<Resolved, Refusal> {
        let (mut resolved, mut named) = (Vec::new(), Vec::new());
        for (place, text) in &draft.references {
            let target = match (book.urls.get(text), text.split_once('?')) {
                (Some((kind, id)), _) => Some((*kind, id.clone())),
                (None, Some((kind, query))) => match ResourceType::named(kind) {
                    Some(kind) => match self.met(source, kind, &condition(query)?, book).await?.as_slice() {
                        [id] => Some((kind, id.clone())),
                        _ => None,
                    },
                    None => None,
                },
                (None, None) => None,
            };
            match target {
                Some((kind, id)) => {
                    if matches!(kind, ResourceType::Medication | ResourceType::Patient) {
                        named.push((text.clone(), id.clone()));
                    }
                    resolved.push((*place, format!("\"{}/{id}\"", kind.name())));
                }
                None if source.ignore_unkept => {}
                None => {
                    let text = "a reference names no one resource of this Bundle or source; wanted one that is kept";
                    return Err(Refusal::one(Grade::Content, "not-found", "resource", text));
                }
            }
        }
        Ok((resolved, named))
    }
}

/// What stands in place of references; and of those to Medications and Patients the reference as sent, and the id.
type Resolved = (Vec<(Stretch, String)>, Vec<(String, String)>);

/// An administration's code is the reference to its Medication, and that has its id now.
fn name_drugs(draft: &mut Draft, drugs: &[(String, String)]) {
    for fact in draft.facts.iter_mut().filter(|f| f.code.system.is_empty()) {
        if let Some((_, id)) = drugs.iter().find(|(text, _)| *text == fact.code.code) {
            fact.code = medication::code_of(id);
        }
    }
}

/// A Patient's links lead to entries that have their ids now.
fn name_links(draft: &mut Draft, patients: &[(String, String)]) {
    for (text, id) in patients {
        for link in draft.links.iter_mut().filter(|l| l.other == Subject::Entry(text.clone())) {
            link.other = Subject::Patient(id.clone());
        }
        let says = FactValue::Text(text.clone());
        for fact in draft.facts.iter_mut().filter(|f| f.origin == Origin::Patient && f.value == says) {
            fact.value = FactValue::Text(id.clone());
        }
    }
}

/// What the entries of a Bundle are called.
#[derive(Default)]
struct Book {
    urls: HashMap<String, (ResourceType, String)>,
    identifiers: Vec<(ResourceType, String, Vec<Identifier>)>,
}

impl Book {
    fn note(&mut self, plan: &Plan<'_>, id: &str) {
        let kind = plan.draft.resource_type;
        if let Some(url) = &plan.full_url {
            self.urls.insert(url.clone(), (kind, id.into()));
        }
        if !plan.draft.identifiers.is_empty() {
            self.identifiers.push((kind, id.into(), plan.draft.identifiers.clone()));
        }
    }
}
