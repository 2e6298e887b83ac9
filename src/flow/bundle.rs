//! Bundles: a transaction is kept whole or not at all, a batch entry by entry.

use super::answer::{BundleKind, EntryAnswer, Grade, Refusal};
use super::gateway::{Gateway, Source};
use super::import::{no_one_patient, refused, same_id, written};
use super::query::{condition, if_match};
use super::seam::{Reading, grade_of};
use crate::intake::{self, BundleEntry};
use crate::model::draft::{Draft, Identifier, ResourceType, Stretch, Subject};
use crate::model::issue::Issue;
use crate::store::contract::{Caller, ImportEntry, Method, Search};
use std::collections::HashMap;

/// Issues of one Bundle that are told in full; beyond them the first of each entry.
pub const ISSUES_MAX: usize = 1_000;

/// One entry that is to be kept.
struct Plan<'a> {
    entry: usize,
    method: Method,
    /// The id, as far as it is known; a POST's is made later.
    id: Option<String>,
    draft: Draft,
    issues: Vec<Issue>,
    body: &'a [u8],
    full_url: Option<String>,
}

/// What an entry asks for.
enum Step<'a> {
    Keep(Box<Plan<'a>>),
    PassOver(Issue),
}

impl Gateway {
    /// Takes a `transaction` or a `batch`. Answers in the order of its entries.
    pub async fn bundle(
        &self,
        source: &Source,
        body: &[u8],
        caller: Caller,
    ) -> Result<(BundleKind, Vec<EntryAnswer>), Refusal> {
        let read = intake::read_bundle(body);
        if read.grade != intake::Grade::Fine {
            return Err(Refusal { grade: grade_of(read.grade), issues: read.issues });
        }
        match read.kind.as_str() {
            "transaction" => {
                Ok((BundleKind::Transaction, self.transaction(source, body, &read.entries, caller).await?))
            }
            "batch" => {
                let (mut answers, mut told) = (Vec::with_capacity(read.entries.len()), 0);
                for entry in &read.entries {
                    let alone = BundleEntry { full_url: None, ..entry.clone() };
                    let answer = self.transaction(source, body, std::slice::from_ref(&alone), caller.clone()).await;
                    answers.push(match answer.map(|mut all| all.pop()) {
                        Ok(Some(answer)) => answer,
                        Ok(None) => return Err(Refusal::one(Grade::Failed, "exception", "", "the corridor failed")),
                        Err(refusal) => EntryAnswer::Refused(shortened(refusal, &mut told)),
                    });
                }
                Ok((BundleKind::Batch, answers))
            }
            _ => {
                let text = "a Bundle that is neither a transaction nor a batch; wanted type transaction or batch";
                Err(Refusal::one(Grade::Content, "not-supported", "Bundle.type", text))
            }
        }
    }

    async fn transaction(
        &self,
        source: &Source,
        body: &[u8],
        entries: &[BundleEntry],
        caller: Caller,
    ) -> Result<Vec<EntryAnswer>, Refusal> {
        let (mut plans, mut answers) = (Vec::new(), Vec::new());
        let (mut refusals, mut told) = (Vec::new(), 0);
        for (i, entry) in entries.iter().enumerate() {
            match self.step(source, body, i, entry) {
                Ok(Step::Keep(plan)) => {
                    plans.push(*plan);
                    answers.push(None);
                }
                Ok(Step::PassOver(issue)) => answers.push(Some(EntryAnswer::PassedOver(issue))),
                Err(refusal) => {
                    refusals.push(at_entry(shortened(refusal, &mut told), i));
                    answers.push(None);
                }
            }
        }
        joined(refusals)?;
        let (order, imports, mut remarks) = self.name_and_resolve(source, plans).await?;
        let kinds: Vec<ResourceType> = imports.iter().map(|e| e.draft.resource_type).collect();
        let kept = match imports.is_empty() {
            true => Vec::new(),
            false => self.keep(source, imports, caller).await?.map_err(|r| {
                let entry = order.get(r.entry).copied().unwrap_or(r.entry);
                refused(&r, &format!("Bundle.entry[{entry}]"))
            })?,
        };
        for (((entry, kind), kept), issues) in order.into_iter().zip(kinds).zip(kept).zip(remarks.drain(..)) {
            answers[entry] = Some(EntryAnswer::Written(written(kind, kept, issues)));
        }
        let failed = || Refusal::one(Grade::Failed, "exception", "", "the store failed");
        answers.into_iter().map(|a| a.ok_or_else(failed)).collect()
    }

    /// What one entry asks for.
    fn step<'a>(&self, source: &Source, body: &'a [u8], i: usize, entry: &BundleEntry) -> Result<Step<'a>, Refusal> {
        let (verb, url) = (entry.method.as_deref().unwrap_or_default(), entry.url.as_deref().unwrap_or_default());
        let content = |code, place: &str, text: String| Refusal::one(Grade::Content, code, place, text);
        if !matches!(verb, "POST" | "PUT") {
            return Err(content("not-supported", "request.method", "only POST and PUT are taken in a Bundle".into()));
        }
        let Some(body) = entry.resource.clone().and_then(|range| body.get(range)) else {
            return Err(content("required", "resource", format!("a {verb} without a resource")));
        };
        let (draft, issues) = match self.reading(source, body, None) {
            Reading::Right(draft, issues) => (*draft, issues),
            Reading::NotKept(_) if source.ignore_unkept => {
                let text = "a type that is not kept: this entry was passed over";
                return Ok(Step::PassOver(Issue::information("not-supported", format!("Bundle.entry[{i}]"), text)));
            }
            Reading::NotKept(issues) => return Err(Refusal { grade: Grade::Content, issues }),
            Reading::Wrong(refusal) => return Err(refusal),
        };
        let kind = draft.resource_type.name();
        let rest = url.strip_prefix(kind).ok_or_else(|| {
            content("invalid", "request.url", format!("the address names another type than the resource, a {kind}"))
        })?;
        let if_match = entry.if_match.as_deref().map(if_match).transpose()?;
        let (method, id) = match (verb, rest) {
            ("POST", "") => {
                let if_none_exist = entry.if_none_exist.as_deref().map(condition).transpose()?;
                (Method::Create { if_none_exist }, None)
            }
            ("PUT", rest) if rest.starts_with('?') => {
                (Method::ConditionalUpdate { search: condition(rest)?, if_match }, draft.id.clone())
            }
            ("PUT", rest) if rest.starts_with('/') => {
                same_id(&draft, &rest[1..])?;
                (Method::Update { if_match }, draft.id.clone())
            }
            _ => {
                let text = "wanted POST Type, PUT Type/id or PUT Type?identifier=system|value".into();
                return Err(content("value", "request.url", text));
            }
        };
        let full_url = entry.full_url.clone();
        Ok(Step::Keep(Box::new(Plan { entry: i, method, id, draft, issues, body, full_url })))
    }

    /// Gives ids, Patients first, for the id of what is about a patient leans on the patient's; then resolves references.
    async fn name_and_resolve(
        &self,
        source: &Source,
        mut plans: Vec<Plan<'_>>,
    ) -> Result<(Vec<usize>, Vec<ImportEntry>, Vec<Vec<Issue>>), Refusal> {
        let mut book = Book::default();
        plans.sort_by_key(|plan| (plan.draft.resource_type != ResourceType::Patient, plan.entry));
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
        for (plan, patient) in plans.into_iter().zip(patients) {
            let resolved = match self.resolve(source, &plan.draft, &book).await {
                Ok(resolved) => resolved,
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
    async fn resolve(&self, source: &Source, draft: &Draft, book: &Book) -> Result<Vec<(Stretch, String)>, Refusal> {
        let mut resolved = Vec::new();
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
                Some((kind, id)) => resolved.push((*place, format!("\"{}/{id}\"", kind.name()))),
                None if source.ignore_unkept => {}
                None => {
                    let text = "a reference names no one resource of this Bundle or source; wanted one that is kept";
                    return Err(Refusal::one(Grade::Content, "not-found", "resource", text));
                }
            }
        }
        Ok(resolved)
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

/// So that what is wrong with a long Bundle is not many times as long as the Bundle.
fn shortened(mut refusal: Refusal, told: &mut usize) -> Refusal {
    if *told >= ISSUES_MAX {
        refusal.issues.truncate(1);
    }
    *told += refusal.issues.len();
    refusal
}

/// Says of every issue in which entry it lies.
pub(super) fn at_entry(mut refusal: Refusal, entry: usize) -> Refusal {
    for issue in &mut refusal.issues {
        if issue.expression.starts_with("Bundle.") {
            continue;
        }
        let place = match issue.expression.split_once('.') {
            _ if issue.expression.is_empty() => String::new(),
            Some((kind, rest)) if ResourceType::named(kind).is_some() => format!(".resource.{rest}"),
            _ => format!(".{}", issue.expression),
        };
        issue.expression = format!("Bundle.entry[{entry}]{place}");
    }
    refusal
}

/// All refusals as one: content before form before the machine's own.
pub(super) fn joined(refusals: Vec<Refusal>) -> Result<(), Refusal> {
    let Some(first) = refusals.first() else {
        return Ok(());
    };
    let same = refusals.iter().all(|r| r.grade == first.grade);
    let grade = if same && first.grade != Grade::NotFound { first.grade } else { Grade::Content };
    Err(Refusal { grade, issues: refusals.into_iter().flat_map(|r| r.issues).collect() })
}
