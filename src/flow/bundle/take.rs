//! A Bundle on its way: steps are read, named, checked against each other, done in R4's order in one commit, and shown.

use super::show::Answerer;
use super::step::{Ask, Plan, Step};
use crate::flow::answer::{BundleKind, EntryAnswer, Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::import::{refused, written};
use crate::flow::seam::grade_of;
use crate::intake::{self, BundleEntry};
use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
use crate::store::contract::{Caller, Import, ImportEntry, ImportRefusal, Kept, Method};
use crate::store::{Deleted, Deletion, Transact, Which};
use std::collections::BTreeSet;

/// Issues of one Bundle that are told in full; beyond them the first of each entry.
pub const ISSUES_MAX: usize = 1_000;

/// Who sends a Bundle.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who.
    pub caller: Caller,
    /// Whether they may read too, so that entries may be GETs.
    pub reads: bool,
}

/// The entries of one transaction, sorted by what they ask for; each with its place.
#[derive(Default)]
struct Steps<'a> {
    plans: Vec<Plan<'a>>,
    deletions: Vec<(usize, Deletion)>,
    asks: Vec<(usize, Ask)>,
    passed_over: Vec<(usize, Issue)>,
}

impl Gateway {
    /// Takes a `transaction` or a `batch` of whoever may read too. Answers in the order of its entries.
    pub async fn bundle(
        &self,
        source: &Source,
        body: &[u8],
        caller: Caller,
    ) -> Result<(BundleKind, Vec<EntryAnswer>), Refusal> {
        self.bundle_asked(source, body, Asking { caller, reads: true }).await
    }

    /// The same, of whoever may not.
    pub async fn bundle_asked(
        &self,
        source: &Source,
        body: &[u8],
        asking: Asking,
    ) -> Result<(BundleKind, Vec<EntryAnswer>), Refusal> {
        let read = intake::read_bundle(body);
        if read.grade != intake::Grade::Fine {
            return Err(Refusal { grade: grade_of(read.grade), issues: read.issues });
        }
        match read.kind.as_str() {
            "transaction" => {
                Ok((BundleKind::Transaction, self.transaction(source, body, &read.entries, &asking).await?))
            }
            "batch" => {
                let (mut answers, mut told) = (Vec::with_capacity(read.entries.len()), 0);
                for (i, entry) in read.entries.iter().enumerate() {
                    let alone = BundleEntry { full_url: None, ..entry.clone() };
                    let answer = self.transaction(source, body, std::slice::from_ref(&alone), &asking).await;
                    answers.push(match answer.map(|mut all| all.pop()) {
                        Ok(Some(answer)) => answer,
                        Ok(None) => return Err(Refusal::one(Grade::Failed, "exception", "", "the corridor failed")),
                        Err(refusal) => EntryAnswer::Refused(moved(shortened(refusal, &mut told), i)),
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
        asking: &Asking,
    ) -> Result<Vec<EntryAnswer>, Refusal> {
        let Steps { plans, deletions, asks, passed_over } = self.steps(source, body, entries, asking)?;
        let (order, imports, remarks) = self.name_and_resolve(source, plans).await?;
        self.overlaps(source, &order, &imports, &deletions).await?;
        let answerer = Answerer { gateway: self, source, caller: &asking.caller };
        for (entry, ask) in &asks {
            let checked = answerer.check(ask, &imports, &deletions).await;
            // A single entry keeps its own grade, as a batch shows it.
            match checked.map_err(|r| at_entry(r, *entry)) {
                Err(refusal) if entries.len() > 1 => joined(vec![refusal])?,
                other => other?,
            }
        }
        let kinds: Vec<ResourceType> = imports.iter().map(|e| e.draft.resource_type).collect();
        let places: Vec<usize> = deletions.iter().map(|(entry, _)| *entry).chain(order.iter().copied()).collect();
        let (deleted, kept) = self.commit(source, deletions, imports, asking, &places).await?;

        let mut answers: Vec<Option<EntryAnswer>> = entries.iter().map(|_| None).collect();
        for (entry, issue) in passed_over {
            answers[entry] = Some(EntryAnswer::PassedOver(issue));
        }
        for (entry, deleted) in places.iter().zip(deleted) {
            answers[*entry] = Some(EntryAnswer::Deleted(deleted));
        }
        for (((entry, kind), kept), issues) in order.into_iter().zip(kinds).zip(kept).zip(remarks) {
            answers[entry] = Some(EntryAnswer::Written(written(kind, kept, issues)));
        }
        for (entry, ask) in &asks {
            answers[*entry] = Some(match answerer.show(ask).await {
                Ok(shown) => EntryAnswer::Shown(Box::new(shown)),
                Err(refusal) => EntryAnswer::Refused(at_entry(refusal, *entry)),
            });
        }
        let failed = || Refusal::one(Grade::Failed, "exception", "", "the store failed");
        answers.into_iter().map(|a| a.ok_or_else(failed)).collect()
    }

    /// Every entry read, or all that is wrong with them.
    fn steps<'a>(
        &self,
        source: &Source,
        body: &'a [u8],
        entries: &[BundleEntry],
        asking: &Asking,
    ) -> Result<Steps<'a>, Refusal> {
        let mut steps = Steps::default();
        let (mut refusals, mut told) = (Vec::new(), 0);
        for (i, entry) in entries.iter().enumerate() {
            match self.step(source, body, i, entry) {
                Ok(Step::Keep(plan)) => steps.plans.push(*plan),
                Ok(Step::Delete(deletion)) => steps.deletions.push((i, deletion)),
                Ok(Step::Show(_)) if !asking.reads => {
                    let text = "this client has no right to read";
                    refusals.push(at_entry(Refusal::one(Grade::Forbidden, "forbidden", "request", text), i));
                }
                Ok(Step::Show(ask)) => steps.asks.push((i, ask)),
                Ok(Step::PassOver(issue)) => steps.passed_over.push((i, issue)),
                Err(refusal) => refusals.push(at_entry(shortened(refusal, &mut told), i)),
            }
        }
        joined(refusals)?;
        Ok(steps)
    }

    /// R4: what is deleted and what is updated must not overlap; else the order would decide.
    async fn overlaps(
        &self,
        source: &Source,
        order: &[usize],
        imports: &[ImportEntry],
        deletions: &[(usize, Deletion)],
    ) -> Result<(), Refusal> {
        if order.len() + deletions.len() < 2 {
            return Ok(());
        }
        let mut named: Vec<(usize, ResourceType, String)> = Vec::new();
        for (entry, deletion) in deletions {
            let id = match &deletion.which {
                Which::Id(id) => Some(id.clone()),
                Which::Search(search) => self.matches(source, deletion.resource_type, search).await?.pop(),
            };
            named.extend(id.map(|id| (*entry, deletion.resource_type, id)));
        }
        let updates = order.iter().zip(imports).filter(|(_, e)| !matches!(e.method, Method::Create { .. }));
        named.extend(updates.map(|(entry, e)| (*entry, e.draft.resource_type, e.id.clone())));
        let mut seen = BTreeSet::new();
        for (entry, kind, id) in named {
            if !seen.insert((kind, id)) {
                let text = "another entry updates or deletes the same resource; wanted each resource once";
                let refusal = Refusal::one(Grade::Malformed, "invalid", "request.url", text);
                return Err(at_entry(refusal, entry));
            }
        }
        Ok(())
    }

    /// Deletes and keeps in one commit. `places` are the entries of deletions and imports, in this order.
    async fn commit(
        &self,
        source: &Source,
        deletions: Vec<(usize, Deletion)>,
        imports: Vec<ImportEntry>,
        asking: &Asking,
        places: &[usize],
    ) -> Result<(Vec<Deleted>, Vec<Kept>), Refusal> {
        let named = |r: &ImportRefusal| {
            let entry = places.get(r.entry).copied().unwrap_or(r.entry);
            refused(r, &format!("Bundle.entry[{entry}]"))
        };
        let caller = asking.caller.clone();
        match (deletions.is_empty(), imports.is_empty()) {
            (true, true) => Ok((Vec::new(), Vec::new())),
            (true, false) => {
                let kept = self.keep(source, imports, caller).await?.map_err(|r| named(&r))?;
                Ok((Vec::new(), kept))
            }
            (false, _) => {
                let import = Import { source: source.name.clone(), entries: imports, caller, at: self.now() };
                let deletions = deletions.into_iter().map(|(_, deletion)| deletion).collect();
                self.store.write(Transact { deletions, import }).await?.map_err(|r| named(&r))
            }
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

/// An entry of a batch is read alone, as the first: its issues lie where it stands.
fn moved(mut refusal: Refusal, entry: usize) -> Refusal {
    for issue in &mut refusal.issues {
        if let Some(rest) = issue.expression.strip_prefix("Bundle.entry[0]") {
            issue.expression = format!("Bundle.entry[{entry}]{rest}");
        }
    }
    refusal
}

/// Says of every issue in which entry it lies.
pub(crate) fn at_entry(mut refusal: Refusal, entry: usize) -> Refusal {
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
pub(crate) fn joined(refusals: Vec<Refusal>) -> Result<(), Refusal> {
    let Some(first) = refusals.first() else {
        return Ok(());
    };
    let same = refusals.iter().all(|r| r.grade == first.grade);
    let grade =
        if same && !matches!(first.grade, Grade::NotFound | Grade::Gone) { first.grade } else { Grade::Content };
    Err(Refusal { grade, issues: refusals.into_iter().flat_map(|r| r.issues).collect() })
}
