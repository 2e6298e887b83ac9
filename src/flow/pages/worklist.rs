//! The worklist of a trial: who is listed, what would decide each, filtered and sorted. Each look is an audit row first.

use crate::flow::desk::Desk;
use crate::flow::library::{Active, Library};
use crate::flow::rights::Reader;
use crate::model::assessment::Overall;
use crate::model::key::PersonKey;
use crate::model::purpose::Purpose;
use crate::model::standing::Status;
use crate::model::time::Instant;
pub use crate::publish::blinding::Blinding;
use crate::publish::history::{Kept, step};
pub use crate::publish::history::{KeptFact, Step};
pub use crate::publish::plain::{Joined, Names, joined, unit as plain_unit, value as plain_value};
pub use crate::publish::summary::Summary;
use crate::store::*;
use crate::trial::definition::Trial;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Persons of one trial that lists and counts look through; how many there are beyond is said.
pub const LOOKED_THROUGH_MAX: usize = 20_000;
/// Persons on one page.
pub const PAGE: usize = 25;
/// Evidences read at once.
const FORMS_STEP: usize = 500;

/// What is seen by who asks.
#[derive(Debug)]
pub enum Seen<T> {
    /// It is there and may be seen.
    Yes(T),
    /// The role or the site's stated grounds do not reach so far. Said only to who works on the trial.
    NoGround(Purpose),
    /// Nothing that this reader may know of.
    Nothing,
}

impl Reader {
    /// What is seen instead of what is asked about a trial for this purpose; `None`: it may be seen.
    pub(super) fn barred<T>(&self, desk: &Desk, trial: &Trial, purpose: Purpose) -> Option<Seen<T>> {
        match self.works_on(desk, trial) {
            false => Some(Seen::Nothing),
            true => (!self.may(desk, trial, purpose)).then_some(Seen::NoGround(purpose)),
        }
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// What can be done next first.
    #[default]
    Next,
    /// Fewest open tests first.
    Tests,
    /// Newest change first.
    Changed,
    /// What expires soonest first.
    Expires,
    /// By key.
    Person,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Only this verdict.
    pub verdict: Option<Overall>,
    /// Only this status.
    pub status: Option<Status>,
    /// Only near misses.
    pub near: bool,
    /// Only those for whom this variable is decisive.
    pub needs: Option<String>,
    /// The order.
    pub order: Order,
    /// The page, from 1.
    pub page: usize,
}

/// One listed person.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Key, verdict, status and times.
    pub row: ListedRow,
    /// The evidence in short.
    pub summary: Arc<Summary>,
    /// `source/Patient-id`, where names may be seen.
    pub name: Option<String>,
    /// The newest change and the verdict before it; on the page at hand only.
    pub change: Option<Change>,
}

/// The newest change of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Instant,
    /// The verdict before; `None`: it was looked at for the first time.
    pub before: Option<Overall>,
    /// What differs.
    pub step: Step,
}

/// Counts beside the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Listed persons.
    pub listed: usize,
    /// By verdict: eligible, undetermined, ineligible.
    pub verdicts: [usize; 3],
    /// Near misses.
    pub near: usize,
    /// By status, in the order of the codes.
    pub statuses: Vec<(Status, usize)>,
    /// Decisive variables and for how many persons, most first.
    pub needs: Vec<(String, usize)>,
    /// Not looked at, and not shown, by reason.
    pub others: Vec<(String, i64)>,
    /// There are more listed persons than were looked through.
    pub cut: bool,
}

/// A page of the list.
#[derive(Debug)]
pub struct Listing {
    /// The persons of this page.
    pub entries: Vec<Entry>,
    /// How many fit the filter.
    pub found: usize,
    /// Counts over all.
    pub counts: Counts,
    /// The page that this is, from 1, and how many there are.
    pub page: (usize, usize),
    /// The purpose under which it was read.
    pub purpose: Purpose,
    /// What this reader may not see.
    pub blind: Blinding,
}

/// Evidence in short by trial and person, with the version of the assessment that it is of.
type ByPerson = HashMap<(String, PersonKey), (i64, Arc<Summary>)>;

/// Evidence in short, read once for each version of an assessment.
#[derive(Debug, Default)]
pub struct Summaries(Mutex<ByPerson>);

impl Summaries {
    /// The listed persons of a trial with their evidence, and whether there are more.
    pub(super) async fn of(
        &self,
        desk: &Desk,
        trial: &str,
    ) -> Result<(Vec<(ListedRow, Arc<Summary>)>, bool), StoreError> {
        let (store, library) = (desk.store(), desk.library());
        let ask = ListedIn { trial: trial.to_owned(), count: LOOKED_THROUGH_MAX + 1 };
        let mut rows = store.read(ask).await?;
        let cut = rows.len() > LOOKED_THROUGH_MAX;
        rows.truncate(LOOKED_THROUGH_MAX);
        let unread: Vec<PersonKey> = rows.iter().filter(|r| self.known(trial, r).is_none()).map(|r| r.person).collect();
        for persons in unread.chunks(FORMS_STEP) {
            let ask = FormsOf { trial: trial.to_owned(), persons: persons.to_vec() };
            for (person, version, form) in store.read(ask).await? {
                self.keep(&library, trial, person, version, &form);
            }
        }
        let with = |row: ListedRow| self.any(trial, &row).map(|summary| (row, summary));
        Ok((rows.into_iter().filter_map(with).collect(), cut))
    }

    fn known(&self, trial: &str, row: &ListedRow) -> Option<Arc<Summary>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(trial.to_owned(), row.person)).filter(|(v, _)| *v == row.version).map(|(_, s)| s.clone())
    }

    /// Also one newer than the row: it was assessed between the two questions.
    fn any(&self, trial: &str, row: &ListedRow) -> Option<Arc<Summary>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(trial.to_owned(), row.person)).map(|(_, s)| s.clone())
    }

    fn keep(&self, library: &Library, trial: &str, person: PersonKey, version: i64, form: &[u8]) {
        let Some(summary) = library.evidence(form).and_then(|json| Summary::of_json(&json)) else {
            tracing::error!(%person, "stored evidence cannot be read; the person is left out of lists");
            return;
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as a few trials may need; beyond that it starts anew.
        if kept.len() > LOOKED_THROUGH_MAX * 4 {
            kept.clear();
        }
        kept.insert((trial.to_owned(), person), (version, Arc::new(summary)));
    }
}

/// A page of the list of a trial.
pub async fn look(
    desk: &Desk,
    summaries: &Summaries,
    reader: &Reader,
    active: &Active,
    asked: &Asked,
) -> Result<Seen<Listing>, StoreError> {
    let trial = &active.trial;
    if let Some(barred) = reader.barred(desk, trial, Purpose::List) {
        return Ok(barred);
    }
    let named = reader.may(desk, trial, Purpose::Name);
    let blind = Blinding::of(trial, reader.is_unblinded(desk, trial));
    let (all, cut) = summaries.of(desk, &trial.id).await?;
    let mut counts = count(&all, &blind);
    counts.cut = cut;
    counts.others = others(desk, &trial.id).await?;
    let mut fit: Vec<&(ListedRow, Arc<Summary>)> =
        all.iter().filter(|(row, summary)| fits(row, summary, asked, &blind)).collect();
    sort(&mut fit, asked.order);
    let pages = fit.len().div_ceil(PAGE).max(1);
    let page = asked.page.clamp(1, pages);
    let purpose = if named { Purpose::Name } else { Purpose::List };
    let shown: Vec<_> = fit.iter().skip((page - 1) * PAGE).take(PAGE).collect();
    note(desk, reader, purpose, format!("worklist {} {} persons", trial.id, shown.len()), None).await?;
    let mut entries = Vec::with_capacity(shown.len());
    for (row, summary) in shown {
        let name = if named { name_of(desk.store(), row.person).await? } else { None };
        let change = newest_change(desk, &trial.id, row.person).await?;
        entries.push(Entry { row: row.clone(), summary: summary.clone(), name, change });
    }
    Ok(Seen::Yes(Listing { entries, found: fit.len(), counts, page: (page, pages), purpose, blind }))
}

/// A look at person data is on disk before it is answered.
pub(super) async fn note(
    desk: &Desk,
    reader: &Reader,
    purpose: Purpose,
    detail: String,
    person: Option<PersonKey>,
) -> Result<(), StoreError> {
    let caller = Caller { actor: reader.name.clone(), purpose: purpose.word().to_owned() };
    desk.store().write(AuditNote { action: "page".into(), detail, person, caller, at: desk.now() }).await
}

/// How the hospital calls the person: `source/Patient-id`, of several members all.
pub(in crate::flow) async fn name_of(store: &Store, person: PersonKey) -> Result<Option<String>, StoreError> {
    let row = store.read(PersonByKey { person }).await?;
    let names = row.map(|r| r.members.into_iter().map(|m| format!("{}/{}", m.source, m.id)).collect::<Vec<_>>());
    Ok(names.filter(|n| !n.is_empty()).map(|n| n.join(", ")))
}

async fn newest_change(desk: &Desk, trial: &str, person: PersonKey) -> Result<Option<Change>, StoreError> {
    let (rows, _) = desk.store().read(VerdictHistory { person, trial: trial.to_owned(), count: 2 }).await?;
    let Some(last) = rows.first() else { return Ok(None) };
    let (before, step) = match rows.get(1) {
        Some(before) => (Some(before.result.overall), step_of(desk, before, last)),
        None => (None, Step::default()),
    };
    Ok(Some(Change { at: last.at, before, step }))
}

/// What differs between two stored assessments.
pub(super) fn step_of(desk: &Desk, before: &StoredAssessment, after: &StoredAssessment) -> Step {
    let library = desk.library();
    let kept = |a: &StoredAssessment| library.evidence(&a.form).and_then(|json| Kept::of_json(&json));
    match (kept(before), kept(after)) {
        (Some(before), Some(after)) => step(&before, &after),
        _ => Step::default(),
    }
}

/// Those who are not listed, by the words under which they are counted.
pub(super) async fn others(desk: &Desk, trial: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let mut tally = desk.store().read(TallyOf { trial: trial.to_owned() }).await?;
    tally.retain(|(word, _)| Status::from_code(word).is_none());
    tally.sort_by_key(|(_, n)| Reverse(*n));
    Ok(tally)
}

fn place(verdict: Overall) -> usize {
    match verdict {
        Overall::Eligible => 0,
        Overall::Undetermined => 1,
        Overall::Ineligible => 2,
    }
}

fn is_near(row: &ListedRow, summary: &Summary, blind: &Blinding) -> bool {
    let open = |criterion: &str| !blind.hides_criterion(criterion);
    row.verdict == Overall::Ineligible && summary.near_miss.as_ref().is_some_and(|n| open(&n.criterion))
}

fn count(all: &[(ListedRow, Arc<Summary>)], blind: &Blinding) -> Counts {
    let mut counts = Counts { listed: all.len(), ..Counts::default() };
    let mut statuses: BTreeMap<Status, usize> = BTreeMap::new();
    let mut needs: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, summary) in all {
        counts.verdicts[place(row.verdict)] += 1;
        counts.near += usize::from(is_near(row, summary, blind));
        *statuses.entry(row.status).or_default() += 1;
        for open in summary.missing.iter().filter(|m| !blind.hides_variable(&m.variable)) {
            *needs.entry(&open.variable).or_default() += 1;
        }
    }
    counts.statuses = statuses.into_iter().collect();
    counts.needs = needs.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    counts.needs.sort_by_key(|(_, n)| Reverse(*n));
    counts
}

fn fits(row: &ListedRow, summary: &Summary, asked: &Asked, blind: &Blinding) -> bool {
    let needs = |name: &String| !blind.hides_variable(name) && summary.missing.iter().any(|m| m.variable == *name);
    asked.verdict.is_none_or(|v| v == row.verdict)
        && asked.status.is_none_or(|s| s == row.status)
        && (!asked.near || is_near(row, summary, blind))
        && asked.needs.as_ref().is_none_or(needs)
}

/// Who can be asked, then who is a test away, then who is on their way, then who just missed, then the rest.
fn urgency(row: &ListedRow, summary: &Summary) -> (u8, usize) {
    let before_people = matches!(row.status, Status::PotentialCandidate | Status::Candidate | Status::Ineligible);
    match row.verdict {
        _ if row.by_person || !before_people => (3, 0),
        Overall::Eligible => (0, 0),
        Overall::Undetermined if summary.for_people_only => (1, summary.missing.len()),
        Overall::Undetermined => (2, summary.missing.len()),
        Overall::Ineligible if summary.near_miss.is_some() => (4, 0),
        Overall::Ineligible => (5, 0),
    }
}

fn sort(fit: &mut [&(ListedRow, Arc<Summary>)], order: Order) {
    let changed = |row: &ListedRow| Reverse(row.changed_at.max(Some(row.status_at)));
    match order {
        Order::Next => fit.sort_by_key(|(row, s)| (urgency(row, s), changed(row), row.person)),
        Order::Tests => fit.sort_by_key(|(row, s)| {
            let open = row.verdict != Overall::Undetermined;
            (open, s.missing.len(), changed(row), row.person)
        }),
        Order::Changed => fit.sort_by_key(|(row, _)| (changed(row), row.person)),
        Order::Expires => {
            fit.sort_by_key(|(row, s)| (s.changes_at.is_none(), s.changes_at.clone(), row.person));
        }
        Order::Person => fit.sort_by_key(|(row, _)| row.person),
    }
}
