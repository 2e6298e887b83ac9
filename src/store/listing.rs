//! What pages ask: who is listed in a trial, and how a verdict came about over time. Objected, dead, hidden and merged
//! persons are in none of these answers.

use super::contract::{StoreError, StoredAssessment};
use super::tx::{Question, Tx};
use super::value::{Row, Value, args};
use crate::model::assessment::Overall;
use crate::model::code::{Coding, PATIENT_SYSTEM};
use crate::model::key::PersonKey;
use crate::model::standing::Status;
use crate::model::time::Instant;

/// One listed person of a trial, without the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// Whom.
    pub person: PersonKey,
    /// Version of the current assessment.
    pub version: i64,
    /// Its verdict.
    pub verdict: Overall,
    /// The status.
    pub status: Status,
    /// A person put them there.
    pub by_person: bool,
    /// Since when the status is so.
    pub status_at: Instant,
    /// When verdict or evidence changed last.
    pub changed_at: Option<Instant>,
}

/// Persons of a trial who have a standing and may be shown, in order of key; answers `Vec<ListedRow>`. A wide read.
#[derive(Debug, Clone)]
pub struct ListedIn {
    /// Trial.
    pub trial: String,
    /// At most so many.
    pub count: usize,
}

/// The same of one person; answers `Option<ListedRow>`.
#[derive(Debug, Clone)]
pub struct ListedOne {
    /// Whom.
    pub person: PersonKey,
    /// Trial.
    pub trial: String,
}

/// Evidence of current assessments; answers `Vec<(PersonKey, i64, Vec<u8>)>`: person, version, form.
#[derive(Debug, Clone)]
pub struct FormsOf {
    /// Trial.
    pub trial: String,
    /// Whom.
    pub persons: Vec<PersonKey>,
}

/// The newest changes of a verdict first, and how many there are; answers `(Vec<StoredAssessment>, i64)`.
#[derive(Debug, Clone)]
pub struct VerdictHistory {
    /// Whom.
    pub person: PersonKey,
    /// Trial.
    pub trial: String,
    /// At most so many.
    pub count: usize,
}

/// Whoever may be shown; `$more` narrows it.
macro_rules! listed {
    ($more:literal) => {
        concat!(
            "select a.person, a.version, a.result, s.status, s.actor, s.at,
             (select max(h.at) from assessed h where h.partition = a.partition and h.person = a.person and h.trial = a.trial)
             from assessment a
             join person p on p.partition = a.partition and p.person = a.person
             join standing s on s.partition = a.partition and s.person = a.person and s.trial = a.trial
             and s.attempt = (select max(n.attempt) from standing n where n.partition = a.partition and n.person = a.person and n.trial = a.trial)
             and s.version = (select max(n.version) from standing n where n.partition = a.partition and n.person = a.person and n.trial = a.trial and n.attempt = s.attempt)
             where wide(a.partition) and a.trial = ?1 and a.result in ('eligible', 'ineligible', 'undetermined')
             and p.state = 0 and p.merged_into is null and s.removed = 0
             and not exists (select 1 from member m join fact f on f.partition = part(m.patient) and f.patient = m.patient
             where m.partition = a.partition and m.person = a.person and m.until is null and f.code in (?2, ?3, ?4) and f.origin = 1 and f.until is null
             and (f.code <> ?3 or not exists (select 1 from patient_link l where l.partition = part(f.item) and l.patient = f.item
             and l.kind = 1 and l.until is null)))",
            $more
        )
    };
}

/// What a Patient resource says only of those who are in no list: a death, an inactive record, a restricting label.
fn hiding(element: &str) -> i64 {
    Coding::new(PATIENT_SYSTEM, element).key()
}

fn arguments(trial: &str, last: Value) -> [Value; 5] {
    [trial.into(), hiding("death").into(), hiding("active").into(), hiding("security").into(), last]
}

fn row(mut r: Row) -> Result<ListedRow, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("a listed person's {what} is no known word"));
    let verdict = r.text(2)?;
    let all = [Overall::Eligible, Overall::Ineligible, Overall::Undetermined];
    Ok(ListedRow {
        person: r.person(0)?,
        version: r.int(1)?,
        verdict: all.into_iter().find(|o| o.word() == verdict).ok_or_else(|| wrong("verdict"))?,
        status: Status::from_code(&r.text(3)?).ok_or_else(|| wrong("status"))?,
        by_person: r.maybe_text(4)?.is_some(),
        status_at: r.instant(5)?,
        changed_at: r.maybe_int(6)?.map(Instant),
    })
}

impl Question for ListedIn {
    type Answer = Vec<ListedRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let rows = tx.query(listed!(" order by a.person limit ?5"), &arguments(&self.trial, count.into())).await?;
        rows.into_iter().map(row).collect()
    }
}

impl Question for ListedOne {
    type Answer = Option<ListedRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx.query(listed!(" and a.person = ?5"), &arguments(&self.trial, self.person.into())).await?;
        rows.into_iter().next().map(row).transpose()
    }
}

impl Question for FormsOf {
    type Answer = Vec<(PersonKey, i64, Vec<u8>)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::with_capacity(self.persons.len());
        for person in &self.persons {
            let sql = "select version, form from assessment where partition = part(?1) and person = ?1 and trial = ?2";
            for mut row in tx.query(sql, args![*person, self.trial.as_str()]).await? {
                found.push((*person, row.int(0)?, row.bytes(1)?));
            }
        }
        Ok(found)
    }
}

impl Question for VerdictHistory {
    type Answer = (Vec<StoredAssessment>, i64);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let trial = self.trial.as_str();
        let sql = "select count(*) from assessed where partition = part(?1) and person = ?1 and trial = ?2";
        let all = tx.query(sql, args![self.person, trial]).await?.first().map_or(Ok(0), |r| r.int(0))?;
        let sql = "select version, seen, at, definition, terms, engine, result, form from assessed
                   where partition = part(?1) and person = ?1 and trial = ?2 order by version desc limit ?3";
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let rows = tx.query(sql, args![self.person, trial, count]).await?;
        Ok((rows.into_iter().map(super::assess::assessment).collect::<Result<_, _>>()?, all))
    }
}
