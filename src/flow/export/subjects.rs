//! The screening log and the disposition: who consented, line by line; who never did, in counts alone.

use super::ask::{Ask, Dataset};
use super::people::Part;
use super::sink::Block;
use crate::decide;
use crate::flow::pages::worklist::name_of;
use crate::model::fact::Fact;
use crate::model::standing::Standing;
use crate::normalize;
use crate::publish::export::disposition::{Attempt, counted};
use crate::store::*;
use std::collections::BTreeSet;

/// How these stand, and who of them has no line.
pub(super) async fn part(store: &Store, ask: &Ask, rows: Vec<FollowedRow>) -> Result<Part, StoreError> {
    let mut part = Part::default();
    for row in rows {
        let together = decide::together(&row.standings, ask.question.trial(), row.person);
        let Some(standing) = together.standing.filter(|s| s.person == row.person) else { continue };
        if standing.removed || row.removed_since.contains(&(standing.person, standing.attempt)) {
            continue;
        }
        let why = apart(ask, &row, standing);
        if let Some(why) = why {
            part.apart.push(why);
            continue;
        }
        let local =
            if ask.names.identified { Some(name_of(store, row.person).await?.unwrap_or_default()) } else { None };
        one(ask, &row, local.as_deref(), &mut part);
    }
    Ok(part)
}

/// Why a person is a count and no line.
fn apart(ask: &Ask, row: &FollowedRow, standing: &Standing) -> Option<String> {
    if row.record.state.objected {
        return Some("objected to research".into());
    }
    let active = ask.question.judging(standing)?;
    let zone = &ask.question.site(&active.trial)?.zone;
    let hidden = |facts: &[Fact]| normalize::normalize(&active.plan, facts, zone).person.hidden.is_some();
    if hidden(&row.record.facts) || hidden(&row.patients) {
        return Some("restricted".into());
    }
    let consented = row.standings.iter().any(|s| s.person == row.person && s.evidence.consented.is_some());
    (!consented && standing.evidence.registered.is_none()).then(|| standing.status.code().to_owned())
}

/// The lines of who consented: one attempt after another.
fn one(ask: &Ask, row: &FollowedRow, local: Option<&str>, part: &mut Part) {
    let own = || row.standings.iter().filter(|s| s.person == row.person);
    let attempts: BTreeSet<i64> = own().map(|s| s.attempt).collect();
    let mut lines = Vec::new();
    let mut pseudonym = String::new();
    for attempt in attempts {
        let versions: Vec<Standing> = own().filter(|s| s.attempt == attempt).map(|s| ask.names.reason(s)).collect();
        let Some(newest) = versions.last() else { continue };
        let subject = row.subjects.iter().find(|s| (s.person, s.attempt) == (row.person, attempt));
        let (Some(subject), Some(active)) = (subject, ask.question.judging(newest)) else { continue };
        let Some(site) = ask.question.site(&active.trial) else { continue };
        part.newest = part.newest.max(Some(newest.at));
        pseudonym = ask.names.person(&row.subjects, subject);
        let told = Attempt {
            trial: &active.trial,
            site: &site.id,
            person: local.unwrap_or(&pseudonym),
            zone: &site.zone,
            versions: &versions.iter().collect::<Vec<_>>(),
        };
        match ask.request.dataset {
            Dataset::Screening => lines.extend(told.screened()),
            _ => lines.extend(told.disposed()),
        }
    }
    if !lines.is_empty() {
        let digest = ask.written(&lines, &mut part.block);
        part.persons.push((pseudonym, digest));
    }
}

/// The lines of the counts.
pub(super) fn counts(ask: &Ask, apart: &[(String, Option<u64>)]) -> Block {
    let mut block = Block::default();
    let Some(active) = ask.question.judging_all().into_iter().next() else { return block };
    let site = ask.question.site(&active.trial).map_or("", |s| s.id.as_str());
    let lines: Vec<_> = apart.iter().map(|(word, n)| counted(&active.trial, site, word, *n)).collect();
    block.add(ask.request.format, &ask.columns, &lines);
    block
}
