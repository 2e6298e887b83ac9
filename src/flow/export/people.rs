//! Outcomes, person by person: worked out, named, written, a chunk at a time.

use super::ask::{Ask, Dataset, Format};
use super::names::Seen;
use super::sink::Block;
use crate::flow::everyone;
use crate::flow::outcomes::{Apart, Person};
use crate::flow::pages::worklist::name_of;
use crate::model::key::Item;
use crate::model::outcome::Outcomes;
use crate::model::time::Instant;
use crate::publish::export::row::{Told, lines};
use crate::store::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What some persons came to.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Their lines.
    pub(super) block: Block,
    /// Each with lines: the pseudonym, and a digest of them.
    pub(super) persons: Vec<(String, [u8; 16])>,
    /// Why others have none.
    pub(super) apart: Vec<String>,
    /// When anything of it was learned last.
    pub(super) newest: Option<Instant>,
}

/// One person, worked out, with their subjects.
type Met = (Box<Person>, Vec<crate::model::standing::Subject>);

/// What they came to, worked out.
pub(super) async fn part(store: &Store, ask: Arc<Ask>, rows: Vec<FollowedRow>) -> Result<Part, StoreError> {
    let asked = ask.clone();
    let (met, apart) = everyone::apart(move || evaluated(&asked, rows)).await?;
    let used = met.iter().flat_map(|(p, _)| used(&p.outcomes).into_iter().filter_map(|f| p.record.facts.get(f)));
    let resources = ask.names.resources(store, used.map(|f| f.item).collect()).await?;
    let mut local = Vec::new();
    for (person, _) in met.iter().filter(|_| ask.names.identified) {
        local.push(name_of(store, person.key).await?.unwrap_or_default());
    }
    everyone::apart(move || written(&ask, &met, &local, &resources, apart)).await
}

fn evaluated(ask: &Ask, rows: Vec<FollowedRow>) -> (Vec<Met>, Vec<String>) {
    let (mut met, mut apart) = (Vec::new(), Vec::new());
    for row in rows {
        let subjects = row.subjects.clone();
        match ask.question.met(row) {
            Ok(person) => met.push((person, subjects)),
            Err((Apart::CountedElsewhere | Apart::Removed, _)) | Err((_, None)) => {}
            Err((why, Some(_))) => apart.push(why.words().to_owned()),
        }
    }
    (met, apart)
}

/// The facts on which anything leans, by place.
fn used(outcomes: &Outcomes) -> BTreeSet<usize> {
    let cells = outcomes.cells.iter().flat_map(|c| c.facts.iter());
    let events = outcomes.events.iter().flat_map(|e| e.facts.iter());
    let between = outcomes.unscheduled.iter().map(|u| &u.fact);
    let grades = outcomes.grades.iter().map(|g| &g.fact);
    let doses = outcomes.exposure.doses.iter().map(|d| &d.fact);
    cells.chain(events).chain(between).chain(grades).chain(doses).copied().collect()
}

fn written(ask: &Ask, met: &[Met], local: &[String], resources: &HashMap<Item, String>, apart: Vec<String>) -> Part {
    let mut part = Part { apart, ..Part::default() };
    for (place, (person, subjects)) in met.iter().enumerate() {
        let Some(active) = ask.question.judging(&person.standing) else { continue };
        let (Some(open), Some(site)) = (ask.followed_by.of(&active.trial), ask.question.site(&active.trial)) else {
            continue;
        };
        let pseudonym = ask.names.person(subjects, &person.subject);
        let seen =
            Seen { facts: &person.record.facts, plan: &active.plan, resources, identified: ask.names.identified };
        let told = Told {
            trial: &active.trial,
            person: local.get(place).unwrap_or(&pseudonym),
            site: &site.id,
            zone: &site.zone,
            outcomes: &person.outcomes,
            open,
            facts: &seen,
        };
        let all = match (ask.request.dataset, ask.request.format) {
            (Dataset::Persons, _) => vec![ask.persons.line(&told)],
            (_, Format::Wide) => ask.layout.lines(&told),
            _ => lines(&told),
        };
        let digest = ask.written(&all, &mut part.block);
        part.persons.push((pseudonym, digest));
        let learned = used(&person.outcomes).into_iter().filter_map(|f| person.record.facts.get(f)).map(|f| f.known);
        part.newest = part.newest.max(learned.chain([person.standing.at]).max());
    }
    part
}
