//! What may be told of one subject: whether at all, under which name, and which verdict counts.

use super::shelf::Projected;
use crate::decide::{Grounds, permitted};
use crate::flow::answer::Refusal;
use crate::flow::assess;
use crate::flow::desk::AtSite;
use crate::flow::gateway::{Gateway, MAIN};
use crate::flow::library::Active;
use crate::model::assessment::Considered;
use crate::model::purpose::Purpose;
use crate::model::standing::Status;
use crate::model::time::Instant;
use crate::normalize;
use crate::publish::blinding::Blinding;
use crate::publish::subject::Individual;
use crate::store::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// One subject that may be told of.
pub(crate) struct Told<'a> {
    pub(crate) projected: &'a Projected,
    pub(crate) active: &'a Active,
    pub(crate) at_site: AtSite,
    pub(crate) row: &'a SubjectRow,
    /// How the person is named: by a reference where the purpose `name` is open, else by the subject's own id.
    pub(crate) individual: Individual,
    /// Where the sources of the verdict may be named too.
    pub(crate) named: bool,
    /// Dead, or objected after consent: what people must still look at is told, and no verdict.
    pub(crate) closed: bool,
}

/// A verdict with its evidence as it was kept.
pub(crate) struct Verdict {
    pub(crate) version: i64,
    pub(crate) at: Instant,
    /// In the shape of the interfaces, without what changes at each asking.
    pub(crate) json: Value,
    stored: StoredAssessment,
}

impl Gateway {
    /// `None`: nothing may be told of this subject, just as if it were not there.
    pub(crate) async fn told<'a>(
        &self,
        projected: &'a Projected,
        active: &'a Active,
        row: &'a SubjectRow,
    ) -> Result<Option<Told<'a>>, Refusal> {
        let at_site = projected.sites.get(&active.trial.id).cloned().unwrap_or_default();
        let Some(site) = at_site.site(&active.trial).filter(|_| !row.standing.removed) else { return Ok(None) };
        let evidence = &row.standing.evidence;
        let consented = evidence.consented.is_some() || evidence.registered.is_some();
        let grounds = Grounds { stated: at_site.purposes.clone(), consented };
        let person = row.subject.person;
        // No code is wanted: what the patients and the gateway itself state comes anyway.
        let ask = ReadPerson { person, known: KnownAt::Now, codes: Some(Default::default()) };
        let record = self.store.read(ask).await?;
        let may = |purpose| permitted(&grounds, record.state.objected, purpose).is_ok();
        if !consented && !may(Purpose::List) {
            return Ok(None);
        }
        let words = normalize::normalize(&active.plan, &record.facts, &site.zone).person;
        if words.hidden.is_some() || (words.deceased && !consented) {
            return Ok(None);
        }
        let named = may(Purpose::Name);
        let individual = self.individual(projected, row, named).await?;
        let closed = words.deceased || record.state.objected;
        Ok(Some(Told { projected, active, at_site: at_site.clone(), row, individual, named, closed }))
    }

    async fn individual(&self, projected: &Projected, row: &SubjectRow, named: bool) -> Result<Individual, Refusal> {
        let by_subject = Individual::Identifier(format!("{}/sid/person", projected.base), row.subject.id.clone());
        if !named {
            return Ok(by_subject);
        }
        let person = self.store.read(PersonByKey { person: row.subject.person }).await?;
        let members = person.map(|p| p.members).unwrap_or_default();
        let member = members.iter().find(|m| m.source == MAIN).or_else(|| members.first());
        Ok(member.map_or(by_subject, |m| Individual::Reference(self.address(&m.source, "Patient", &m.id))))
    }

    /// Relative at our own base, absolute at another source's.
    fn address(&self, source: &str, kind: &str, id: &str) -> String {
        if source == MAIN { format!("{kind}/{id}") } else { format!("{}/{source}/{kind}/{id}", self.base) }
    }

    /// The verdict that counts for a subject: the current one; from registration on the one that was sealed then.
    /// `None` for an older attempt, for who declined or withdrew, and where the person is not looked at.
    pub(crate) async fn verdict(&self, told: &Told<'_>) -> Result<Option<Verdict>, Refusal> {
        let (person, trial) = (told.row.subject.person, told.active.trial.id.clone());
        if told.closed || matches!(told.row.standing.status, Status::NotRegistered | Status::Withdrawn) {
            return Ok(None);
        }
        let newest = self.store.read(NewestStanding { person, trial: trial.clone() }).await?;
        if newest.is_none_or(|n| n.attempt != told.row.subject.attempt) {
            return Ok(None);
        }
        let stored = match told.row.standing.evidence.registered {
            None => self.store.read(CurrentAssessment { person, trial }).await?,
            // Their own first: what counted then stands in the history of whoever they were then.
            Some(sealed) => {
                let mut found = None;
                let mut all = self.store.read(WhoElse { person }).await?;
                all.sort_by_key(|p| *p != person);
                for person in all {
                    let history = self.store.read(AssessmentHistory { person, trial: trial.clone() }).await?;
                    found = found.or(history.into_iter().rfind(|a| a.at <= sealed));
                }
                found
            }
        };
        let Some(stored) = stored.filter(|s| s.result.considered == Considered::Yes) else { return Ok(None) };
        let library = told.projected.library.as_ref();
        let Some(json) = library.and_then(|l| l.evidence_json(&stored.form)) else { return Ok(None) };
        Ok(Some(Verdict { version: stored.version, at: stored.at, json, stored }))
    }

    /// The versions of resources that a verdict was worked out from, by working it out again from what was known then;
    /// none where they may not be named, or where another definition or map is in force now.
    pub(crate) async fn sources(&self, told: &Told<'_>, verdict: &Verdict) -> Result<Vec<String>, Refusal> {
        let active = told.active;
        let maps = told.projected.library.as_ref().map(|l| l.terms_digest);
        let same = verdict.stored.definition == active.trial.digest && maps == Some(verdict.stored.terms);
        if !told.named || !same {
            return Ok(Vec::new());
        }
        let known = KnownAt::Seen(verdict.stored.seen.clone());
        let record = assess::read_record(&self.store, told.row.subject.person, known).await?;
        let Some(mut finding) = assess::find_at(&told.at_site, active, &record, verdict.at) else {
            return Ok(Vec::new());
        };
        assess::name_facts(&self.store, &mut finding.assessment, &record).await?;
        let blinding = Blinding::of(&active.trial, false);
        let criteria = finding.assessment.criteria.iter().filter(|c| !blinding.hides_criterion(&c.id));
        let facts = criteria.flat_map(|c| &c.facts).filter(|f| !blinding.hides_variable(&f.variable));
        let versions: BTreeSet<String> = facts.filter_map(|f| self.version_of(&f.source)).collect();
        Ok(versions.into_iter().collect())
    }

    /// `Observation/o/_history/3` of evidence's words; `None` for the gateway's own facts, which no address has.
    pub(super) fn version_of(&self, words: &str) -> Option<String> {
        let whole = words.split('#').next()?;
        let steps: Vec<&str> = whole.split('/').collect();
        match steps[..] {
            [_, _, "_history", _] => Some(whole.to_owned()),
            [source, kind, id, "_history", version] if self.source(source).is_some() => {
                Some(format!("{}/_history/{version}", self.address(source, kind, id)))
            }
            _ => None,
        }
    }
}
