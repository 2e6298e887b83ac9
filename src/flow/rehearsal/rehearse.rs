//! Rehearsals: a definition on resources at hand. Nothing is kept.

use crate::evaluate::{self, Choice, Moment};
use crate::intake;
use crate::model::assessment::Assessment;
use crate::model::code::{ATTESTATION_SYSTEM, Coding};
use crate::model::draft::{Draft, ResourceType, Subject};
use crate::model::fact::{DraftFact, Fact, FactStatus, FactValue, Origin, ReceivedNumber, ReceivedUnit};
use crate::model::issue::Issue;
use crate::model::key::Item;
use crate::model::medication::put_in_place;
use crate::model::outcome::{Followed, Outcomes};
use crate::model::terms::TermsBySource;
use crate::model::time::{Instant, Partial, TimeRange, Zone};
use crate::normalize::{self, Plan};
use crate::publish::assessment::{Meta, to_json};
use crate::publish::explain;
use crate::trial::definition::{Site, Trial};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The source of a rehearsal's resources.
const SOURCE: &str = "main";

/// A definition with its maps, ready to be asked about many people.
pub struct Rehearsal<'a> {
    trial: &'a Trial,
    terms: &'a TermsBySource,
    plan: Plan,
    choice: Choice,
}

/// People as their resources, in order of arrival, tell of them.
pub struct Cast {
    /// Facts by Patient id.
    pub people: BTreeMap<String, Vec<Fact>>,
    /// What Medications say, by id: put in place of the references to them once all is read.
    medications: BTreeMap<String, Vec<Fact>>,
    /// `Type/id/_history/version` of every item, for evidence.
    pub names: HashMap<Item, String>,
    /// What was refused or remarked, each with the place of its resource, from 1.
    pub issues: Vec<(usize, Issue)>,
    /// The one source of all, as each fact names it.
    source: Arc<str>,
}

impl Default for Cast {
    fn default() -> Self {
        Self {
            people: BTreeMap::new(),
            medications: BTreeMap::new(),
            names: HashMap::new(),
            issues: Vec::new(),
            source: Arc::from(SOURCE),
        }
    }
}

/// One resource as kept while the cast is read.
struct Held {
    draft: Draft,
    id: String,
    version: i64,
}

impl Cast {
    /// Reads resources in the order of their arrival; `received` dates what is silent of its time.
    pub fn read<'r>(resources: impl IntoIterator<Item = &'r [u8]>, zone: &Zone, received: Instant) -> Self {
        let (mut drafts, mut issues) = (Vec::new(), Vec::new());
        let setting = intake::Setting { zone, received, base: None };
        for (place, body) in resources.into_iter().enumerate() {
            let read = intake::read_resource(body, None, &setting);
            issues.extend(read.issues.into_iter().map(|issue| (place + 1, issue)));
            drafts.extend(read.draft.map(|draft| (place + 1, draft)));
        }
        let mut cast = Self::of(drafts);
        cast.issues = issues;
        cast
    }

    /// Of resources that were read before, each with its place, in the order of their arrival.
    pub fn of(drafts: impl IntoIterator<Item = (usize, Draft)>) -> Self {
        let mut cast = Self::default();
        let mut held: BTreeMap<(ResourceType, String), Held> = BTreeMap::new();
        for (place, draft) in drafts {
            let id = draft.id.clone().unwrap_or_else(|| format!("line-{place}"));
            hold(&mut held, id, draft);
        }
        for ((kind, id), entry) in held {
            cast.take(kind, &id, entry);
        }
        for (id, said) in &cast.medications {
            for facts in cast.people.values_mut() {
                *facts = put_in_place(std::mem::take(facts), SOURCE, id, said);
            }
        }
        cast
    }

    fn take(&mut self, kind: ResourceType, id: &str, held: Held) {
        let patient = match (&held.draft.subject, kind) {
            (_, ResourceType::Patient) => id.to_owned(),
            (Some(Subject::Patient(patient)), _) => patient.clone(),
            (None, ResourceType::Medication) => {
                let item = Item::of(SOURCE, kind.name(), id);
                let there = held.draft.facts.into_iter().filter(|f| f.status != FactStatus::EnteredInError);
                self.medications
                    .insert(id.to_owned(), there.map(|f| fact(f, item, held.version, &self.source)).collect());
                return;
            }
            _ => return,
        };
        let item = Item::of(SOURCE, kind.name(), id);
        self.names.insert(item, format!("{}/{}/_history/{}", kind.name(), held.id, held.version));
        let facts = self.people.entry(patient).or_default();
        for draft in held.draft.facts {
            if draft.status != FactStatus::EnteredInError {
                facts.push(fact(draft, item, held.version, &self.source));
            }
        }
    }

    /// Adds what a person answered, at that moment.
    pub fn attest(
        &mut self,
        patient: &str,
        trial: &str,
        variable: &str,
        answer: &Value,
        at: Instant,
    ) -> Result<(), String> {
        let draft = attestation(trial, variable, answer_value(answer)?, at);
        let item = Item::of("gateway", "Attestation", variable);
        self.names.insert(item, format!("Attestation/{variable}"));
        let answer = fact(draft, item, 1, &self.source);
        self.people.entry(patient.to_owned()).or_default().push(answer);
        Ok(())
    }
}

/// Keeps the newest version by the source's own time, else by arrival.
fn hold(held: &mut BTreeMap<(ResourceType, String), Held>, id: String, draft: Draft) {
    let key = (draft.resource_type, id.clone());
    match held.get_mut(&key) {
        None => {
            held.insert(key, Held { draft, id, version: 1 });
        }
        Some(before) => {
            before.version += 1;
            let older = matches!((before.draft.source_time, draft.source_time), (Some(b), Some(n)) if n < b);
            if !older {
                before.draft = draft;
            }
        }
    }
}

fn fact(draft: DraftFact, item: Item, version: i64, source: &Arc<str>) -> Fact {
    Fact { draft, item, version, known: Instant::MIN, source: source.clone() }
}

/// The fact that an answer of a person is.
pub fn attestation(trial: &str, variable: &str, value: FactValue, at: Instant) -> DraftFact {
    DraftFact {
        code: Coding::new(ATTESTATION_SYSTEM, format!("{trial}/{variable}")),
        part: 0,
        origin: Origin::Gateway,
        at: Some(TimeRange::exact(at)),
        other_end: None,
        recorded: Some(at),
        status: FactStatus::Final,
        value,
        range: None,
        context: Vec::new(),
    }
}

/// An answer as it is written in a case file: a truth, a number, or a date.
pub fn answer_value(answer: &Value) -> Result<FactValue, String> {
    match answer {
        Value::Bool(truth) => Ok(FactValue::Boolean(*truth)),
        Value::Number(number) => {
            let number = ReceivedNumber::Exact(number.to_string().into());
            Ok(FactValue::Quantity { number, unit: ReceivedUnit::None })
        }
        Value::String(text) => Partial::parse(text).map(FactValue::Date),
        _ => Err("an answer is true, false, a number or a date".into()),
    }
}

impl<'a> Rehearsal<'a> {
    /// Prepares a definition; `chosen` names readings with an alternative other than the default.
    pub fn new(trial: &'a Trial, terms: &'a TermsBySource, chosen: &BTreeMap<String, String>) -> Result<Self, String> {
        let choice = Choice::of(trial, chosen)?;
        Ok(Self { trial, terms, plan: Plan::new(trial, terms), choice })
    }

    /// The site at which rehearsals take place: the first.
    pub fn site(&self) -> Option<&'a Site> {
        self.trial.study.sites.first()
    }

    /// The verdict about one person.
    pub fn assess(&self, facts: &[Fact], names: &HashMap<Item, String>, site: &Site, now: Instant) -> Assessment {
        let readings = normalize::normalize(&self.plan, facts, &site.zone);
        let moment = Moment { now, site };
        let mut assessment = evaluate::evaluate(self.trial, &readings, facts, &moment, &self.choice);
        name_sources(&mut assessment, facts, |item| names.get(&item).cloned());
        assessment
    }

    /// What became of one person: nobody registered them, so all that is known counts.
    pub fn outcomes(&self, facts: &[Fact], site: &Site, now: Instant) -> Outcomes {
        let readings = normalize::normalize(&self.plan, facts, &site.zone);
        let moment = Moment { now, site };
        evaluate::outcomes(self.trial, &readings, facts, &Followed::default(), &moment, &self.choice)
    }

    /// The verdict as the interfaces print it.
    pub fn json(&self, assessment: &Assessment, person: &str, site: &Site) -> Value {
        to_json(assessment, &self.meta(person, site))
    }

    /// The verdict in words.
    pub fn text(&self, assessment: &Assessment, person: &str, site: &Site) -> String {
        explain::text(assessment, &self.meta(person, site))
    }

    fn meta<'m>(&self, person: &'m str, site: &'m Site) -> Meta<'m> {
        Meta {
            person,
            known_at: None,
            definition: self.trial.digest,
            maps: self.terms.of(SOURCE).digest,
            zone: &site.zone,
        }
    }
}

/// What surrounds an assessment of a rehearsal; the person is put in when it is shown.
pub fn meta_of<'m>(trial: &Trial, maps: [u8; 32], site: &'m Site) -> Meta<'m> {
    Meta { person: "", known_at: None, definition: trial.digest, maps, zone: &site.zone }
}

/// The verdict as the interfaces print it.
pub fn json_of(assessment: &Assessment, person: &str, meta: &Meta<'_>) -> Value {
    to_json(assessment, &Meta { person, ..meta.clone() })
}

/// How files are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The moment, as written; for a case file its own.
    pub as_of: Option<&'a str>,
    /// The moment when nothing is written.
    pub now: Instant,
}

/// One person, evaluated.
pub struct Evaluated {
    /// The file that told of them.
    pub file: String,
    /// The answer as the interfaces print it.
    pub json: Value,
    /// The answer in words.
    pub text: String,
    /// What differs from what a case file expects.
    pub differences: Vec<String>,
    /// What was refused or remarked of the resources.
    pub issues: Vec<String>,
}

/// Evaluates case files, Bundles, single resources and NDJSON: name, whether it has one resource a line, and bytes.
pub fn evaluate_files(
    trial: &Trial,
    terms: &TermsBySource,
    files: &[(String, bool, Vec<u8>)],
    asked: &Asked<'_>,
) -> Result<Vec<Evaluated>, String> {
    let rehearsal = Rehearsal::new(trial, terms, &BTreeMap::new())?;
    let site = rehearsal.site().ok_or("the definition names no site")?;
    let now = asked.as_of.map_or(Ok(asked.now), |text| moment_of(text, &site.zone))?;
    let mut found = Vec::new();
    let mut resources: Vec<&[u8]> = Vec::new();
    for (name, lines, bytes) in files {
        match shape_of(*lines, bytes) {
            Shape::Case => found.push(case(trial, terms, name, bytes, site)?),
            Shape::Lines => resources.extend(bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty())),
            Shape::Resource => resources.push(bytes),
            Shape::Bundle => {
                let bundle = intake::read_bundle(bytes);
                resources.extend(bundle.entries.iter().filter_map(|e| bytes.get(e.resource.clone()?)));
            }
        }
    }
    let cast = Cast::read(resources, &site.zone, now);
    let mut issues: Vec<String> =
        cast.issues.iter().map(|(place, issue)| format!("resource {place}: {issue}")).collect();
    let file = files.first().map_or_else(String::new, |(name, ..)| name.clone());
    for (person, facts) in &cast.people {
        let assessment = rehearsal.assess(facts, &cast.names, site, now);
        let json = rehearsal.json(&assessment, person, site);
        let text = rehearsal.text(&assessment, person, site);
        let issues = std::mem::take(&mut issues);
        found.push(Evaluated { file: file.clone(), json, text, differences: Vec::new(), issues });
    }
    if found.is_empty() && !issues.is_empty() {
        return Err(issues.join("\n"));
    }
    Ok(found)
}

/// What a file holds.
enum Shape {
    Case,
    Lines,
    Bundle,
    Resource,
}

fn shape_of(lines: bool, bytes: &[u8]) -> Shape {
    /// The members that tell the shapes apart.
    #[derive(serde::Deserialize)]
    struct Face {
        #[serde(rename = "resourceType")]
        resource_type: Option<String>,
        resources: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_slice::<Face>(bytes) {
        _ if lines => Shape::Lines,
        Ok(Face { resource_type: None, resources: Some(_) }) => Shape::Case,
        Ok(Face { resource_type: Some(kind), .. }) if kind == "Bundle" => Shape::Bundle,
        _ => Shape::Resource,
    }
}

fn case(trial: &Trial, terms: &TermsBySource, name: &str, bytes: &[u8], site: &Site) -> Result<Evaluated, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{name}: not UTF-8"))?;
    let result = super::cases::run(trial, terms, name, text);
    let Some(assessment) = &result.assessment else {
        return Err(format!("{name}: {}", result.differences.join("; ")));
    };
    let rehearsal = Rehearsal::new(trial, terms, &BTreeMap::new())?;
    let person = result.json["person"].as_str().unwrap_or_default();
    let text = rehearsal.text(assessment, person, site);
    Ok(Evaluated {
        file: name.to_owned(),
        text,
        json: result.json,
        differences: result.differences,
        issues: Vec::new(),
    })
}

/// Fills in which resource and version each fact came from.
pub fn name_sources(assessment: &mut Assessment, facts: &[Fact], name: impl Fn(Item) -> Option<String>) {
    for used in assessment.criteria.iter_mut().flat_map(|c| c.facts.iter_mut()) {
        let Some(fact) = facts.get(used.fact) else { continue };
        let mut source = name(fact.item).unwrap_or_default();
        if fact.draft.part > 0 && fact.draft.origin == Origin::Observation {
            source.push_str(&format!("#component[{}]", fact.draft.part - 1));
        }
        used.source = source;
    }
}

/// The moment that a word on the command line means: a date is the end of that day at the site.
pub fn moment_of(text: &str, zone: &Zone) -> Result<Instant, String> {
    Partial::parse(text).map(|partial| partial.range(zone).latest)
}
