//! The demo's story: steps told as data, played on a real desk, store and two stand-in servers.

use crate::clock::Clock;
use crate::decide::{Act, Consent};
use crate::flow::desk::Desk;
use crate::flow::people::{self, Signer};
use crate::flow::rehearsal::rehearse::answer_value;
use crate::flow::{assess, deliver};
use crate::http::standin::Standin;
use crate::model::key::PersonKey;
use crate::model::standing::Role;
use crate::model::time::{Partial, Zone};
use crate::store::{KnownAt, NewestStanding, PersonOf, SubjectsOfPerson};
use crate::trial::case::Case;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The source of the demo's people.
pub const SOURCE: &str = "main";
/// Rounds after which a story that does not come to rest is broken.
const ROUNDS_MAX: usize = 200;

/// A story as its file tells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// The trial.
    pub trial: String,
    /// When it begins, with offset.
    pub clock: String,
    /// The calendar of the hospital.
    pub zone: String,
    /// The worked cases whose people are there from the start.
    pub persons: Vec<String>,
    /// The people of the closing table, in order.
    pub table: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Time of day at the hospital.
    pub at: String,
    /// Whom it is about.
    pub person: Option<String>,
    /// What happened, in words.
    pub say: String,
    /// Why the verdict moved, in words.
    pub because: Option<String>,
    /// A variable whose newest fact is told, used or not.
    pub show: Option<String>,
    /// Tells the treatment.
    pub show_treatment: bool,
    /// Resources that arrive.
    pub resources: Vec<Box<RawValue>>,
    /// What a person does: `consent`, `sign`, `register`, `object`.
    pub act: Option<String>,
    /// A target that stops answering.
    pub target_down: Option<String>,
    /// A target that answers again.
    pub target_up: Option<String>,
}

/// What one person stands at.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The verdict as the interfaces print it; null before there is one.
    pub verdict: Value,
    /// The status code; empty: none.
    pub status: String,
    /// A person made the status.
    pub by_person: bool,
    /// Taken back.
    pub removed: bool,
    /// The treatment in words.
    pub treatment: Option<String>,
}

impl State {
    /// The verdict's word.
    pub fn overall(&self) -> &str {
        self.verdict["overall"].as_str().unwrap_or("")
    }

    /// What decides, in words.
    pub fn missing(&self) -> String {
        let one = |m: &Value| {
            let word = |key: &str| m[key].as_str().unwrap_or("").to_owned();
            let last = m["last"].as_str().map_or_else(String::new, |last| format!(", last {last}"));
            format!("{} ({}{last})", word("variable"), word("reason"))
        };
        self.verdict["missing"]
            .as_array()
            .map_or_else(String::new, |all| all.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// What a step brought about.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Before.
    pub before: State,
    /// After.
    pub after: State,
    /// What each target was told meanwhile: target and words.
    pub told: Vec<(String, String)>,
    /// Wishes that wait.
    pub waiting: usize,
}

/// A desk with its stand-in targets, on which a story is played.
pub struct Stage {
    /// The story.
    pub story: Story,
    /// The desk.
    pub desk: std::sync::Arc<Desk>,
    /// The clock, put where the story is.
    pub clock: Clock,
    /// Stand-in servers by target name.
    pub standins: BTreeMap<String, Standin>,
    /// How many writes of each were told already.
    pub told: BTreeMap<String, usize>,
    /// The hospital's calendar.
    pub zone: Zone,
}

impl Stage {
    /// Lets the people of the worked cases arrive, with what was attested of them.
    pub async fn arrive(&mut self, cases: &[(String, Case)]) -> Result<(), String> {
        for (name, case) in cases {
            self.import(case.resources.iter().map(String::as_str)).await?;
            let person = self.person(name).await?;
            for (variable, answer) in &case.attest {
                let answer = answer_value(answer)?;
                let signer = signer("Investigator (demo)", Role::Investigator);
                people::attest(&self.desk, person, &self.story.trial, variable, answer, &signer)
                    .await
                    .map_err(|e| format!("{name}, {variable}: {e}"))?;
            }
        }
        self.settle().await?;
        self.heard();
        Ok(())
    }

    /// Plays one step and says what it brought about.
    pub async fn play(&mut self, step: &Step) -> Result<Outcome, String> {
        self.put_clock(&step.at)?;
        let before = self.state_of(step.person.as_deref()).await?;
        if let Some(target) = &step.target_down {
            self.standin(target)?.down(true);
        }
        if let Some(target) = &step.target_up {
            self.standin(target)?.down(false);
            self.clock.set(self.clock.now().plus_us(30_000_000));
        }
        self.import(step.resources.iter().map(|r| r.get())).await?;
        if let (Some(act), Some(person)) = (&step.act, &step.person) {
            self.act(act, person).await?;
        }
        self.settle().await?;
        let after = self.state_of(step.person.as_deref()).await?;
        Ok(Outcome { before, after, told: self.heard(), waiting: self.waiting().await? })
    }

    fn standin(&self, target: &str) -> Result<&Standin, String> {
        self.standins.get(target).ok_or_else(|| format!("the story names no target {target}"))
    }

    fn put_clock(&self, at: &str) -> Result<(), String> {
        let (day, offset) = (self.story.clock.get(..10).unwrap_or(""), self.story.clock.get(19..).unwrap_or(""));
        match Partial::parse(&format!("{day}T{at}:00{offset}"))? {
            Partial::Instant(moment, _) if moment > self.clock.now() => self.clock.set(moment),
            _ => {}
        }
        Ok(())
    }

    async fn import(&self, resources: impl Iterator<Item = &str>) -> Result<(), String> {
        let entries: Vec<String> = resources.map(entry).collect::<Result<_, _>>()?;
        if entries.is_empty() {
            return Ok(());
        }
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","));
        let gateway = &self.desk.gateway;
        let source = gateway.source(SOURCE).ok_or("the demo has no source")?;
        let caller = crate::flow::Caller { actor: "hospital (demo)".into(), purpose: "import".into() };
        gateway
            .bundle(source, bundle.as_bytes(), caller)
            .await
            .map(drop)
            .map_err(|refusal| refusal.issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }

    async fn act(&self, act: &str, name: &str) -> Result<(), String> {
        let person = self.person(name).await?;
        let trial = &self.story.trial;
        let library = self.desk.library();
        let conduct = &library.trial(trial).ok_or("the story's trial is not in force")?.trial.conduct;
        let today = self.zone.date_of(self.clock.now()).to_string();
        let coordinator = signer("Coordinator (demo)", Role::Coordinator);
        let (deed, who) = match act {
            "consent" => {
                let version = conduct.consent_version.clone();
                (
                    Act::RecordConsent(Consent { signer: "subject".into(), version, day: today, reference: None }),
                    coordinator,
                )
            }
            "sign" => {
                let seen = people::evidence_seen(&self.desk, person, trial).await.map_err(|e| e.to_string())?;
                let investigator = signer("Investigator (demo)", Role::Investigator);
                (Act::SignEligible { seen: seen.unwrap_or_default() }, investigator)
            }
            "register" => (Act::Register { at: self.clock.now() }, coordinator),
            "object" => (Act::Object, coordinator),
            other => return Err(format!("the story's act `{other}` is none")),
        };
        people::act_on(&self.desk, person, trial, &deed, &who).await.map_err(|e| format!("{name}, {act}: {e}"))
    }

    /// Our key of a person of the story.
    pub async fn person(&self, name: &str) -> Result<PersonKey, String> {
        let question = PersonOf { source: SOURCE.into(), patient: name.into() };
        let found = self.desk.store().read(question).await.map_err(|e| e.to_string())?;
        found.ok_or_else(|| format!("{name} has not arrived"))
    }

    /// Works until nothing is left that can be done now.
    pub async fn settle(&self) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            let assessed = assess::round(&self.desk).await.map_err(|e| e.to_string())?;
            let sent = deliver::round(&self.desk).await.map_err(|e| e.to_string())?;
            if assessed + sent == 0 {
                return Ok(());
            }
        }
        Err("the story does not come to rest".into())
    }

    async fn state_of(&self, name: Option<&str>) -> Result<State, String> {
        match name {
            Some(name) => self.state(name).await,
            None => Ok(State::default()),
        }
    }

    /// What a person stands at now.
    pub async fn state(&self, name: &str) -> Result<State, String> {
        let person = self.person(name).await?;
        let library = self.desk.library();
        let active = library.trial(&self.story.trial).ok_or("the story's trial is not in force")?;
        let words = |e: crate::store::StoreError| e.to_string();
        let record = assess::read(&self.desk, person, KnownAt::Now).await.map_err(words)?;
        let standing =
            self.desk.store().read(NewestStanding { person, trial: self.story.trial.clone() }).await.map_err(words)?;
        let mut state = State::default();
        if let Some(finding) = assess::find(&self.desk, active, &record, self.clock.now()) {
            state.verdict = assess::assessment_json(&self.desk, &finding, &record);
            state.treatment = finding.treatment.as_ref().and_then(|t| treatment(t, &self.zone));
        }
        if let Some(standing) = standing {
            state.status = standing.status.code().to_owned();
            state.by_person = standing.by_person();
            state.removed = standing.removed;
        }
        Ok(state)
    }

    /// Everything that each target was told of each person, in order: `PUT status` or `DELETE`.
    pub async fn told_of_each(&self) -> Result<BTreeMap<String, BTreeMap<String, Vec<String>>>, String> {
        let mut names = BTreeMap::new();
        for name in &self.story.persons {
            let question = SubjectsOfPerson { person: self.person(name).await? };
            for row in self.desk.store().read(question).await.map_err(|e| e.to_string())? {
                names.insert(row.subject.id, name.clone());
            }
        }
        let mut all = BTreeMap::new();
        for (target, standin) in &self.standins {
            let mut of_each: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for written in standin.log().into_iter().filter(|w| w.resource_type == "ResearchSubject") {
                let name = names.get(&written.id).cloned().unwrap_or(written.id);
                let status = written.status.map_or_else(String::new, |status| format!(" {status}"));
                of_each.entry(name).or_default().push(format!("{}{status}", written.method));
            }
            all.insert(target.clone(), of_each);
        }
        Ok(all)
    }

    /// What the targets were told since this was asked last.
    fn heard(&mut self) -> Vec<(String, String)> {
        let mut heard = Vec::new();
        for (name, standin) in &self.standins {
            let log = standin.log();
            let from = self.told.insert(name.clone(), log.len()).unwrap_or(0);
            let subjects = log.into_iter().skip(from).filter(|w| w.resource_type == "ResearchSubject");
            heard.extend(subjects.map(|w| (name.clone(), w.status.unwrap_or_else(|| "removed".into()))));
        }
        heard
    }

    async fn waiting(&self) -> Result<usize, String> {
        let question = crate::store::OutboxList { state: Some(1), count: 1000 };
        self.desk.store().read(question).await.map(|rows| rows.len()).map_err(|e| e.to_string())
    }
}

fn treatment(found: &crate::model::assessment::TreatmentFinding, zone: &Zone) -> Option<String> {
    use crate::model::truth::Truth;
    let day = zone.date_of(found.starts?);
    let given = found.given.as_ref().map_or_else(String::new, |dose| {
        let within = match found.within_tolerance {
            Truth::True => "within tolerance",
            Truth::False => "OUTSIDE tolerance",
            Truth::Unknown => "tolerance unknown",
        };
        format!(", {dose} ({within})")
    });
    Some(format!("day 0 = {day}{given}"))
}

fn signer(name: &str, role: Role) -> Signer {
    Signer { name: name.into(), role }
}

/// A resource as an entry that puts it at its own id.
fn entry(resource: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Face {
        #[serde(rename = "resourceType")]
        resource_type: String,
        id: String,
    }
    let face: Face = serde_json::from_str(resource).map_err(|e| format!("a resource of the story: {e}"))?;
    let url = format!("{}/{}", face.resource_type, face.id);
    Ok(format!(r#"{{"request":{{"method":"PUT","url":"{url}"}},"resource":{resource}}}"#))
}
