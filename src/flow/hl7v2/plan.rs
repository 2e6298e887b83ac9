//! What a message comes to beside what is there now: entries, deletions, what is known of Patients, and what is set aside.

use super::patient::{Becomes, Known, laid};
use crate::flow::answer::Refusal;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::seam::Reading;
use crate::intake::hl7v2::{Fault, OfPatient, Words, aside};
use crate::model::draft::{ResourceType, Subject};
use crate::store::contract::{ImportEntry, Method};
use crate::store::{Deletion, Heard, HeardOf, Which};
use std::collections::BTreeMap;

/// What a message comes to.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) entries: Vec<ImportEntry>,
    pub(super) deletions: Vec<Deletion>,
    pub(super) heard: Vec<Heard>,
    /// Parts that are set aside.
    pub(super) aside: Vec<Fault>,
    /// The first Patient that it names.
    pub(super) patient: Option<String>,
}

impl Gateway {
    pub(super) async fn plan(&self, source: &Source, words: &Words) -> Result<Plan, Refusal> {
        let mut plan = Plan { aside: words.aside.clone(), ..Plan::default() };
        for said in &words.said {
            self.entry(source, (said.segment, said.nth), &said.body, Method::Load, &mut plan);
        }
        let mut patients: BTreeMap<&str, Vec<&OfPatient>> = BTreeMap::new();
        for one in &words.patients {
            patients.entry(&one.id).or_default().push(one);
        }
        for (id, said) in patients {
            self.patient(source, id, &said, &mut plan).await?;
        }
        Ok(plan)
    }

    /// Lays what is said of one Patient beside what is known.
    async fn patient(&self, source: &Source, id: &str, said: &[&OfPatient], plan: &mut Plan) -> Result<(), Refusal> {
        plan.patient.get_or_insert_with(|| id.to_owned());
        let asked = HeardOf { source: source.name.to_string(), patient: id.to_owned() };
        let (read, mut known) = match self.store.read(asked).await? {
            Some((read, words)) => (read, serde_json::from_slice::<Known>(&words).unwrap_or_default()),
            None => (0, Known::default()),
        };
        let there = self.there(source, ResourceType::Patient, id).await?;
        let Some(becomes) = laid(&mut known, said, id, there.as_ref().map(|t| t.body.as_slice())) else {
            return Ok(());
        };
        let version = there.map_or(0, |t| t.version);
        match becomes {
            Becomes::Same => {}
            Becomes::Gone => {
                let which = Which::Id(id.to_owned());
                plan.deletions.push(Deletion { resource_type: ResourceType::Patient, which, if_match: Some(version) });
            }
            Becomes::Body(body) => {
                let method = Method::Update { if_match: Some(version) };
                if !self.entry(source, (said[0].segment, said[0].nth), &body, method, plan) {
                    return Ok(());
                }
            }
        }
        let words = serde_json::to_vec(&known).unwrap_or_default();
        plan.heard.push(Heard { patient: id.to_owned(), read, words });
        Ok(())
    }

    /// Plans one resource, or sets aside the segment that it was made from with what is wrong; whether it is planned.
    fn entry(
        &self,
        source: &Source,
        (segment, nth): (&str, usize),
        body: &[u8],
        method: Method,
        plan: &mut Plan,
    ) -> bool {
        let issues = match self.reading(source, body, None) {
            Reading::Right(draft, _) => {
                let patient = match &draft.subject {
                    Some(Subject::Patient(id)) => Some(id.clone()),
                    _ => None,
                };
                if let Some(patient) = &patient {
                    plan.patient.get_or_insert_with(|| patient.clone());
                }
                let id = draft.id.clone().unwrap_or_default();
                let (draft, resolved) = (*draft, Vec::new());
                plan.entries.push(ImportEntry { method, id, draft, patient, body: body.into(), resolved });
                return true;
            }
            Reading::NotKept(issues) => issues,
            Reading::Wrong(refusal) => refusal.issues,
        };
        let reason = issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        plan.aside.push(aside(segment, nth, reason));
        false
    }
}
