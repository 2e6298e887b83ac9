//! What a source is asked when it is looked at for the first time: each thing once, with the client that a pull uses.

use super::advice::advice;
use super::sample::{Sample, Usage, sample};
use crate::flow::gateway::Source;
use crate::flow::library::Library;
use crate::flow::pull::{BEGINNING, By, Feed, members};
use crate::flow::unmapped::{Unmapped, judged};
use crate::intake::{Setting, read_page};
use crate::link::{Answer, Failure, Offered};
use crate::model::draft::ResourceType;
use crate::model::time::Instant;
use crate::store::contract::Narrow;
use crate::store::{Store, Walk};
use serde_json::Value;
use std::collections::BTreeMap;

/// Samples of one type that are read.
pub const SAMPLES_MAX: usize = 20;
/// Patients whose samples are read.
pub const PATIENTS_MAX: usize = 3;
/// A clock that differs by less is right.
const CLOCK_US: i64 = 60_000_000;
/// The types that are sampled.
const SAMPLED: [ResourceType; 2] = [ResourceType::Observation, ResourceType::MedicationAdministration];

/// Which source is looked at, and with what.
pub struct Asked<'a> {
    /// The way to it and its settings.
    pub feed: &'a Feed,
    /// How its dates are read.
    pub source: &'a Source,
    /// The base of its resources here, as a pull reads them.
    pub base: &'a str,
    /// Subscriptions are to be made there.
    pub registers: bool,
    /// The definitions and maps in force.
    pub library: &'a Library,
    /// The store whose Patients are the roster where the settings name none; it is only read.
    pub store: Option<&'a Store>,
    /// Now.
    pub now: Instant,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Probed {
    /// How we show who we are.
    pub shows: &'static str,
    /// What it states of itself.
    pub offered: Option<Offered>,
    /// Seconds by which its clock is ahead of ours, where that is more than a minute.
    pub clock_ahead: Option<i64>,
    /// How many patients were asked for; `None`: the whole server was.
    pub patients: Option<usize>,
    /// By type.
    pub samples: BTreeMap<&'static str, Sample>,
    /// Codes and units of the samples that nobody reads or understands.
    pub unmapped: Vec<Unmapped>,
    /// What is absent and what that means for the settings.
    pub remarks: Vec<String>,
    /// What was refused, in words without personal data.
    pub problems: Vec<String>,
}

/// Looks at a source. The error says that it cannot be asked at all, and why.
pub async fn probe(asked: &Asked<'_>) -> Result<Probed, String> {
    let pull = &asked.feed.settings;
    let by_token = if pull.token.is_some() { "bearer" } else { "none" };
    let shows = pull.auth.as_ref().map_or(by_token, |auth| auth.by.word());
    let mut found = Probed { shows, ..Probed::default() };
    let metadata = asked.feed.client.get(&["metadata"], &[], asked.now).await.map_err(|failure| failure.text)?;
    if metadata.is_passing() {
        return Err(format!("metadata: {}", metadata.words_of_nobody(&[])));
    }
    let ahead = metadata.date.map(|date| date.0 - asked.now.0);
    found.clock_ahead = ahead.filter(|ahead| ahead.abs() > CLOCK_US).map(|ahead| ahead / 1_000_000);
    found.offered = Some(&metadata).filter(|answer| answer.is_success()).and_then(|a| Offered::stated(&a.body));
    match &found.offered {
        Some(offered) => found.remarks = advice(pull, asked.registers, offered),
        None => found.problems.push(format!(
            "metadata is no CapabilityStatement in JSON (HTTP {}); is `url` the FHIR base?",
            metadata.status
        )),
    }
    asked.samples(&mut found).await;
    Ok(found)
}

/// A page, and which identities its words must not tell.
type Query = (Vec<(&'static str, String)>, Vec<String>);

impl Asked<'_> {
    async fn samples(&self, found: &mut Probed) {
        let queries = match self.queries(found).await {
            Ok(queries) => queries,
            Err(words) => return found.problems.push(words),
        };
        let mut usage = Usage::default();
        let types = self.feed.settings.types();
        for kind in SAMPLED.into_iter().filter(|kind| types.contains(kind)) {
            let mut bodies: Vec<Vec<u8>> = Vec::new();
            for (query, identities) in &queries {
                if bodies.len() >= SAMPLES_MAX {
                    break;
                }
                match self.page(kind, query, identities).await {
                    Ok((page, remarks)) => {
                        bodies.extend(page.into_iter().take(SAMPLES_MAX - bodies.len()));
                        remarks.into_iter().for_each(|words| once(&mut found.remarks, words));
                    }
                    Err(words) => once(&mut found.problems, words),
                }
            }
            let setting = Setting { zone: &self.source.zone, received: self.now, base: Some(self.base) };
            let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
            let source = (self.library, &*self.feed.source);
            if bodies.is_empty() && found.problems.is_empty() {
                found.remarks.push(format!("{}: none came; look again at patients who have some", kind.name()));
            }
            found.samples.insert(kind.name(), sample(source, kind, &bodies, &setting, &mut usage));
        }
        found.unmapped = judged(self.library, usage.rows(&self.feed.source, self.now));
    }

    /// The searches that a pull makes of each type, as short as may be.
    async fn queries(&self, found: &mut Probed) -> Result<Vec<Query>, String> {
        let count = || ("_count", SAMPLES_MAX.to_string());
        if self.feed.settings.by == By::Server {
            let range = [("_lastUpdated", format!("ge{BEGINNING}")), ("_lastUpdated", format!("lt{}", self.now))];
            return Ok(vec![(range.into_iter().chain([count()]).collect(), Vec::new())]);
        }
        let patients = self.patients().await?;
        found.patients = Some(patients.len());
        if patients.is_empty() {
            found.problems.push("no patient is known to ask for: wanted `patients` or `group`".into());
        }
        Ok(patients.into_iter().map(|id| (vec![("patient", id.clone()), count()], vec![id])).collect())
    }

    /// A few patients: of the settings, of the Group, of those that are kept, else of the server.
    async fn patients(&self) -> Result<Vec<String>, String> {
        let pull = &self.feed.settings;
        let mut ids: Vec<String> = pull.patients.iter().take(PATIENTS_MAX).cloned().collect();
        if let (Some(group), true) = (&pull.group, ids.is_empty()) {
            let answer = self.feed.client.get(&["Group", group], &[], self.now).await;
            let answer = right(answer, std::slice::from_ref(group)).map_err(|words| format!("Group: {words}"))?;
            let (members, _) = members(&pull.url, &answer.body)?;
            ids.extend(members.into_iter().take(PATIENTS_MAX));
        }
        if let (Some(store), true) = (self.store, ids.is_empty()) {
            let walk = Walk::through(Narrow::nothing(&self.source.name, ResourceType::Patient), PATIENTS_MAX);
            let kept = store.read(walk).await.map_err(|e| format!("the roster of the store: {e}"))?;
            ids.extend(kept.resources.into_iter().map(|r| r.id));
        }
        if ids.is_empty() {
            let query = [("_count", PATIENTS_MAX.to_string())];
            let (page, _) = self.page(ResourceType::Patient, &query, &[]).await.map_err(|words| {
                format!("{words}; without a roster the server was asked for some: wanted `patients` or `group`")
            })?;
            let id = |body: &Vec<u8>| {
                let body: Value = serde_json::from_slice(body).ok()?;
                body["id"].as_str().map(str::to_owned)
            };
            ids.extend(page.iter().filter_map(id).take(PATIENTS_MAX));
        }
        Ok(ids)
    }

    /// The first page of a search: resources of the type, and what the server remarks.
    async fn page(
        &self,
        kind: ResourceType,
        query: &[(&str, String)],
        identities: &[String],
    ) -> Result<(Vec<Vec<u8>>, Vec<String>), String> {
        let name = kind.name();
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.feed.client.get_page(&[name], &query, self.now).await;
        let answer = right(answer, identities).map_err(|words| format!("{name}: {words}"))?;
        let page = read_page(&answer.body).map_err(|words| format!("{name}: {words}"))?;
        let of_kind = page.resources.iter().filter(|(of, _)| of == name);
        let bodies = of_kind.map(|(_, range)| answer.body.get(range.clone()).unwrap_or_default().to_vec()).collect();
        let remarks = page.remarks.into_iter().map(|words| format!("{name}: the server remarks {words}")).collect();
        Ok((bodies, remarks))
    }
}

fn right(answer: Result<Answer, Failure>, identities: &[String]) -> Result<Answer, String> {
    match answer {
        Ok(answer) if answer.is_success() && !answer.too_long => Ok(answer),
        Ok(answer) => Err(answer.words_of_nobody(identities)),
        Err(failure) => Err(failure.text),
    }
}

fn once(list: &mut Vec<String>, words: String) {
    if !list.contains(&words) {
        list.push(words);
    }
}
