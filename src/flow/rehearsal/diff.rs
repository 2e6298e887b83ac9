//! An amendment's effect on the stored persons: the old and the new definition on the same facts at the same moment.
//! On paper only: nobody's standing moves, and the enrolled stay with theirs.

use super::backtest::Question;
use crate::flow::everyone;
use crate::model::assessment::{Assessment, Considered};
use crate::model::key::PersonKey;
use crate::model::standing::Status;
use crate::store::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the two definitions say of one person, where they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whom.
    pub person: PersonKey,
    /// On the study, by a person's signature.
    pub enrolled: bool,
    /// The word of the verdict under the old definition, or why the person is not looked at.
    pub from: String,
    /// The same under the new one.
    pub to: String,
    /// Criteria with another result: id, before, after; `absent` where a definition has none of that id.
    pub criteria: Vec<(String, String, String)>,
    /// What is new among that which would decide it.
    pub open: Vec<String>,
}

/// The whole answer.
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// Persons in the store.
    pub persons: u64,
    /// Of these, enrolled.
    pub enrolled: u64,
    /// Persons by their words before and after; those whose words are the same are in it.
    pub verdicts: BTreeMap<(String, String), u64>,
    /// The same of the enrolled alone.
    pub of_enrolled: BTreeMap<(String, String), u64>,
    /// Persons by a criterion whose result is another: all of them, and those whose verdict moved with it.
    pub criteria: BTreeMap<String, (u64, u64)>,
    /// Those whose verdict is another, or who are enrolled and whose criteria are; the enrolled first.
    pub moved: Vec<Moved>,
}

/// What one chunk came to.
#[derive(Default)]
struct Part {
    persons: u64,
    seen: Vec<Moved>,
}

/// Asks both about everybody. `keep`: the persons who moved are named by our key.
pub async fn run(
    store: &Store,
    trial: &str,
    old: &Arc<Question>,
    new: &Arc<Question>,
    keep: bool,
    mut progress: impl FnMut(u64),
) -> Result<Diff, StoreError> {
    let enrolled: std::collections::HashSet<PersonKey> = enrolled(store, trial).await?;
    let mut diff = Diff::default();
    let (before, after) = (old.clone(), new.clone());
    let work: everyone::Work<Part> = Arc::new(move |records| {
        let mut part = Part { persons: records.len() as u64, seen: Vec::new() };
        for record in records {
            let on_study = enrolled.contains(&record.person);
            part.seen.push(moved(record.person, on_study, before.assess(record), after.assess(record)));
        }
        part
    });
    everyone::ask(store, work, |part| {
        diff.persons += part.persons;
        for seen in part.seen {
            diff.add(seen, keep);
        }
        progress(diff.persons);
    })
    .await?;
    // In order of key within each.
    diff.moved.sort_by_key(|m| !m.enrolled);
    Ok(diff)
}

impl Diff {
    fn add(&mut self, seen: Moved, keep: bool) {
        let pair = (seen.from.clone(), seen.to.clone());
        if seen.enrolled {
            self.enrolled += 1;
            *self.of_enrolled.entry(pair.clone()).or_default() += 1;
        }
        *self.verdicts.entry(pair).or_default() += 1;
        let other = seen.from != seen.to;
        for (id, _, _) in &seen.criteria {
            let count = self.criteria.entry(id.clone()).or_default();
            count.0 += 1;
            count.1 += u64::from(other);
        }
        if keep && (other || (seen.enrolled && !seen.criteria.is_empty())) {
            self.moved.push(seen);
        }
    }
}

/// Whoever was registered in a trial, in any attempt.
async fn enrolled(store: &Store, trial: &str) -> Result<std::collections::HashSet<PersonKey>, StoreError> {
    const PAGE: usize = 500;
    let (mut found, mut after) = (std::collections::HashSet::new(), None);
    loop {
        let rows = store.read(SubjectsOf { trial: trial.to_owned(), after, count: PAGE }).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = Some((last.subject.person, last.subject.attempt));
        let on =
            |r: &&SubjectRow| r.standing.evidence.registered.is_some() && r.standing.status != Status::NotRegistered;
        found.extend(rows.iter().filter(on).map(|r| r.subject.person));
    }
}

fn word(assessment: Option<&Assessment>) -> String {
    match assessment {
        None => "objected to research".into(),
        Some(a) => match a.considered {
            Considered::Yes => a.overall.word().into(),
            Considered::No => "not looked at".into(),
            Considered::Unknown(reason) => format!("not looked at: {}", reason.words()),
        },
    }
}

fn moved(person: PersonKey, enrolled: bool, old: Option<Assessment>, new: Option<Assessment>) -> Moved {
    let results = |a: Option<&Assessment>| -> Vec<(String, String)> {
        let looked_at = a.filter(|a| a.considered == Considered::Yes);
        looked_at.map_or_else(Vec::new, |a| {
            a.criteria.iter().map(|c| (c.id.to_string(), c.result.word().to_owned())).collect()
        })
    };
    let (before, after) = (results(old.as_ref()), results(new.as_ref()));
    let of = |list: &[(String, String)], id: &str| {
        list.iter().find(|(i, _)| i == id).map_or_else(|| "absent".to_owned(), |(_, word)| word.clone())
    };
    let mut criteria = Vec::new();
    // One who is looked at under one definition only has no results to compare.
    if !before.is_empty() && !after.is_empty() {
        let gone = before.iter().filter(|(id, _)| !after.iter().any(|(i, _)| i == id));
        for (id, _) in after.iter().chain(gone) {
            let (from, to) = (of(&before, id), of(&after, id));
            if from != to {
                criteria.push((id.clone(), from, to));
            }
        }
    }
    let open = |a: Option<&Assessment>| -> Vec<String> {
        a.map_or_else(Vec::new, |a| a.missing.iter().map(|m| m.variable.clone()).collect())
    };
    let known = open(old.as_ref());
    let open = open(new.as_ref()).into_iter().filter(|v| !known.contains(v)).collect();
    Moved { person, enrolled, from: word(old.as_ref()), to: word(new.as_ref()), criteria, open }
}
