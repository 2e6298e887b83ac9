//! Definitions over the people of a store: backtest, amendment, loading, one person in every trial, all trials at once.

mod amendments;
mod backtests;
mod loading;
mod persons;
mod together;

use crate::place::{Place, on_both};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use trialgate::clock::Clock;
use trialgate::decide::{Act, Consent};
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::{self, Library};
use trialgate::flow::lines::Line;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::backtest::Question;
use trialgate::flow::rehearsal::rehearse::answer_value;
use trialgate::flow::{Caller, assess, people};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::{Role, Standing};
use trialgate::model::time::{Instant, Zone};
use trialgate::store::{CurrentAssessment, PersonOf, Store, StoredAssessment};
use trialgate::trial::definition::Trial;

pub const TRIAL: &str = "NCT00962923";
/// The end of 15 March 2026 in Shanghai, when the worked cases of the first trial are asked about.
pub const NOW: Instant = Instant(1_773_590_399_999_000);

/// A worked case: whose it is, and what its file holds. Ids begin with the trial's place, so that cases may share a store.
pub struct Case {
    pub trial: String,
    pub patient: String,
    pub json: Value,
}

/// The worked cases of every definition shipped.
pub fn cases(profiles: &Profiles) -> Vec<Case> {
    let mut found = Vec::new();
    for (place, trial) in profiles.trials().into_iter().enumerate() {
        for (file, text) in profiles.below(&format!("trials/{trial}/cases")) {
            let mut json: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{trial} {file}: {e}"));
            json["resources"].as_array_mut().expect("resources").iter_mut().for_each(|r| renamed(r, place, true));
            let patients = json["resources"].as_array().into_iter().flatten();
            let patient = patients.clone().find(|r| r["resourceType"] == "Patient").map(|r| r["id"].clone());
            let subject = || patients.clone().find_map(|r| Some(r["subject"]["reference"].as_str()?.to_owned()));
            let patient = patient.and_then(|id| Some(id.as_str()?.to_owned()));
            let patient = patient.or_else(|| Some(subject()?.rsplit('/').next()?.to_owned()));
            found.push(Case { trial: trial.clone(), patient: patient.unwrap_or_default(), json });
        }
    }
    found
}

/// Puts the place of the trial in front of a resource's id and of every reference to another.
fn renamed(value: &mut Value, place: usize, top: bool) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members.iter_mut() {
                match inner {
                    Value::String(id) if top && key == "id" => *id = format!("t{place}-{id}"),
                    Value::String(to) if key == "reference" && to.contains('/') => {
                        *to = to.replacen('/', &format!("/t{place}-"), 1);
                    }
                    other => renamed(other, place, false),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| renamed(inner, place, false)),
        _ => {}
    }
}

/// A store with people, and a desk at it.
pub struct Town {
    pub desk: Desk,
    pub clock: Clock,
    pub profiles: Profiles,
    _place: Option<Place>,
}

impl Town {
    pub fn new(place: Place, profiles: Profiles) -> Self {
        let mut town = Self::at(place.open(), profiles);
        town._place = Some(place);
        town
    }

    /// At a store that stays when the town goes.
    pub fn at(store: Store, profiles: Profiles) -> Self {
        let clock = Clock::manual(NOW);
        let told = clock.clone();
        let gateway = Gateway::new(Parts {
            store,
            sources: vec![Source::new("main", Zone::named("Asia/Shanghai").expect("a zone"))],
            clock: Arc::new(move || told.now()),
            cursor_key: [7; 32],
            base: "http://test/fhir".into(),
        });
        let library = Library::load(&profiles).unwrap_or_else(|m| panic!("{m:?}"));
        let at = || AtSite {
            recruiting: true,
            purposes: vec![Purpose::Count, Purpose::List, Purpose::Name, Purpose::Contact],
            ..AtSite::default()
        };
        let sites = library.trials.iter().map(|a| (a.trial.id.clone(), at())).collect::<BTreeMap<_, _>>();
        let desk = Desk::new(Arc::new(gateway), "http://test".into(), sites, Vec::new(), library);
        Self { desk, clock, profiles, _place: None }
    }

    /// A town of the first trial, with the people of its cases.
    pub async fn of_the_first(place: Place) -> Self {
        let mut profiles = Profiles::built_in();
        profiles.0.retain(|path, _| !path.starts_with("trials/") || path.starts_with(&format!("trials/{TRIAL}/")));
        let town = Self::new(place, profiles);
        let cases = cases(&town.profiles);
        town.arrive(&cases).await;
        town
    }

    pub async fn load(&self, resources: &[Value]) {
        let lines: Vec<String> = resources.iter().map(ToString::to_string).collect();
        let lines: Vec<Line<'_>> = lines.iter().map(|l| Line { place: "case", body: l.as_bytes() }).collect();
        let source = self.desk.gateway.source("main").expect("a source");
        let loaded = self.desk.gateway.load_lines(source, &lines, &caller()).await.unwrap_or_else(|r| panic!("{r:?}"));
        assert!(loaded.set_aside.is_empty(), "{loaded:?}");
    }

    /// The people of these cases, with what was attested about them where their trial is in force.
    pub async fn arrive(&self, cases: &[Case]) {
        for case in cases {
            self.load(case.json["resources"].as_array().expect("resources")).await;
            if self.desk.library().trial(&case.trial).is_none() {
                continue;
            }
            let person = self.person(&case.patient).await;
            let signer = people::Signer { name: "Signer".into(), role: Role::Investigator };
            for (variable, answer) in case.json["attest"].as_object().into_iter().flatten() {
                let answer = answer_value(answer).expect("an answer");
                let attested = people::attest(&self.desk, person, &case.trial, variable, answer, &signer).await;
                attested.unwrap_or_else(|e| panic!("{} {variable}: {e}", case.trial));
            }
        }
        self.settle().await;
    }

    pub async fn settle(&self) {
        while assess::round(&self.desk).await.expect("a round") > 0 {}
    }

    pub async fn person(&self, patient: &str) -> PersonKey {
        let ask = PersonOf { source: "main".into(), patient: patient.into() };
        self.desk.store().read(ask).await.expect("read").unwrap_or_else(|| panic!("{patient} is not there"))
    }

    pub async fn current(&self, patient: &str, trial: &str) -> Option<StoredAssessment> {
        let ask = CurrentAssessment { person: self.person(patient).await, trial: trial.into() };
        self.desk.store().read(ask).await.expect("read")
    }

    /// Consent, signature, registration.
    pub async fn enroll(&self, patient: &str, trial: &str) {
        let person = self.person(patient).await;
        let act = async |act: Act, role: Role| {
            let signer = people::Signer { name: "Signer".into(), role };
            let acted = people::act_on(&self.desk, person, trial, &act, &signer).await;
            acted.unwrap_or_else(|e| panic!("{act:?}: {e}"));
            self.settle().await;
        };
        let (signer, day, version) = ("subject".into(), "2026-03-14".into(), "1".into());
        let consent = Consent { signer, day, version, reference: None };
        act(Act::RecordConsent(consent), Role::Coordinator).await;
        let seen = people::evidence_seen(&self.desk, person, trial).await.expect("read").expect("evidence");
        act(Act::SignEligible { seen }, Role::Investigator).await;
        act(Act::Register { at: self.desk.now() }, Role::Coordinator).await;
    }

    /// A definition of this town's profiles, its text changed.
    pub fn amended(&self, from: &[(&str, &str)]) -> (Trial, Vec<(String, String)>) {
        let mut profiles = self.profiles.clone();
        let folder = format!("trials/{TRIAL}");
        let text = profiles.0.get_mut(&format!("{folder}/trial.toml")).expect("the definition");
        for (old, new) in from {
            assert!(text.contains(old), "{old}");
            *text = text.replace(old, new);
        }
        let (trial, mistakes) = library::definition(&profiles, &folder);
        (trial.unwrap_or_else(|| panic!("{mistakes:?}")), profiles.below(&folder))
    }

    /// A definition as a question about everybody now.
    pub fn question(&self, trial: Trial) -> Arc<Question> {
        let terms = &self.desk.library().terms;
        let now = self.desk.now();
        Arc::new(Question::new(Arc::new(trial), terms, &BTreeMap::new(), |_| Ok(now)).expect("a question"))
    }
}

/// A standing as it is written alone: no fact, no wish, no tally.
pub fn act_of(standing: Standing) -> trialgate::store::Act {
    trialgate::store::Act {
        person: standing.person,
        facts: Vec::new(),
        collection: None,
        targets: Vec::new(),
        state: None,
        tally: None,
        audit: ("act".into(), "a test".into()),
        caller: caller(),
        at: standing.at,
        standing: Some(standing),
    }
}

pub fn caller() -> Caller {
    Caller { actor: "test".into(), purpose: "test".into() }
}
