//! Whoever has a subject in a trial, with all that following them needs, as known at a moment.

use super::contract::{KnownAt, Record, StoreError};
use super::questions::{ReadPerson, Standings, SubjectsOfPerson};
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::fact::Fact;
use crate::model::key::PersonKey;
use crate::model::standing::{Collection, Standing, Subject};
use crate::model::time::Instant;

/// Persons with a subject in a trial, in order of key; answers `Vec<PersonKey>`, empty at the end. A wide read.
#[derive(Debug, Clone)]
pub struct SubjectPersons {
    /// Trial.
    pub trial: String,
    /// After this one.
    pub after: Option<PersonKey>,
    /// At most so many.
    pub count: usize,
}

/// What following some persons in a trial needs, in one snapshot; answers `Vec<FollowedRow>`, in the order asked.
#[derive(Debug, Clone)]
pub struct ReadFollowed {
    /// Trial.
    pub trial: String,
    /// Whom.
    pub persons: Vec<PersonKey>,
    /// As known when.
    pub known: Instant,
    /// With all facts of those who were registered; without, nobody's but what their patients and the gateway say.
    pub facts: bool,
    /// The moment is past: with what their patients say now, since whoever is restricted by now is shown no more.
    pub past: bool,
}

/// One person with a subject in a trial.
#[derive(Debug, Clone)]
pub struct FollowedRow {
    /// Who was asked for.
    pub person: PersonKey,
    /// What is known of them, and of whoever they were one with then.
    pub record: Record,
    /// Where all who are this person stood in this trial, by person, attempt, version.
    pub standings: Vec<Standing>,
    /// Their subjects, with what might be used of them then.
    pub subjects: Vec<Subject>,
    /// What their patients say now, where that may differ.
    pub patients: Vec<Fact>,
    /// A subject of theirs was taken back since, so that nothing is to be told of it whatever was known then.
    pub removed_since: Vec<(PersonKey, i64)>,
}

impl Question for SubjectPersons {
    type Answer = Vec<PersonKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let after = self.after.map_or(Vec::new(), |p| p.0.to_vec());
        let sql = "select distinct partition, person from subject where trial = ?1 and (partition, person) > (part(?2), ?2) order by partition, person limit ?3";
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        tx.query(sql, args![self.trial.as_str(), after, count]).await?.iter().map(|r| r.person(1)).collect()
    }
}

impl Question for ReadFollowed {
    type Answer = Vec<FollowedRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::with_capacity(self.persons.len());
        for person in &self.persons {
            found.push(self.one(*person, tx).await?);
        }
        Ok(found)
    }
}

impl ReadFollowed {
    async fn one<T: Tx>(&self, person: PersonKey, tx: &mut T) -> Result<FollowedRow, StoreError> {
        let own = Standings { person }.run(tx).await?;
        let registered = |s: &Standing| s.trial == self.trial && s.at <= self.known && s.evidence.registered.is_some();
        let known = KnownAt::Moment(self.known);
        let mut codes = if self.facts && own.iter().any(registered) { None } else { Some(Default::default()) };
        let mut record = ReadPerson { person, known: known.clone(), codes: codes.clone() }.run(tx).await?;
        let mut all = own;
        let mut others = vec![record.person];
        others.extend(&record.homes);
        others.retain(|p| *p != person);
        for other in &others {
            all.extend(Standings { person: *other }.run(tx).await?);
        }
        all.retain(|s| s.trial == self.trial);
        if codes.is_some() && self.facts && all.iter().any(registered) {
            codes = None;
            record = ReadPerson { person, known, codes }.run(tx).await?;
        }
        let removed_since = taken_back(&all);
        all.retain(|s| s.at <= self.known);
        let mut subjects = Vec::new();
        for who in [&[person], others.as_slice()].concat() {
            for row in (SubjectsOfPerson { person: who }).run(tx).await? {
                if row.subject.trial == self.trial {
                    subjects.push(self.then(row.subject, tx).await?);
                }
            }
        }
        let patients = if self.past {
            let ask = ReadPerson { person, known: KnownAt::Now, codes: Some(Default::default()) };
            ask.run(tx).await?.facts
        } else {
            Vec::new()
        };
        Ok(FollowedRow { person, record, standings: all, subjects, patients, removed_since })
    }

    /// The subject with what might be used of it at the moment asked about.
    async fn then(&self, subject: Subject, tx: &mut impl Tx) -> Result<Subject, StoreError> {
        let sql = "select collection, since from collected where partition = part(?1) and person = ?1 and trial = ?2 and attempt = ?3 and since <= ?4 order by since desc limit 1";
        let asked = args![subject.person, self.trial.as_str(), subject.attempt, self.known];
        let rows = tx.query(sql, asked).await?;
        let (collection, since) = match rows.first() {
            None => (Collection::CareData, None),
            Some(row) => {
                let wrong = || StoreError::Corrupt("a collection is no known number".into());
                (Collection::from_number(row.int(0)?).ok_or_else(wrong)?, Some(row.instant(1)?))
            }
        };
        Ok(Subject { collection, collection_since: since, ..subject })
    }
}

/// The attempts whose newest version takes the subject back.
fn taken_back(standings: &[Standing]) -> Vec<(PersonKey, i64)> {
    let newest = |s: &&Standing| {
        !standings.iter().any(|o| (o.person, o.attempt) == (s.person, s.attempt) && o.version > s.version)
    };
    standings.iter().filter(newest).filter(|s| s.removed).map(|s| (s.person, s.attempt)).collect()
}
