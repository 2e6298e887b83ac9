//! A house with a desk: the first trial in force, its worked cases as patients, and what its site states.

use super::house::{House, open};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::rehearse;
use trialgate::flow::{assess, people};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::Role;
use trialgate::store::{PersonOf, SubjectsOfPerson};

/// The trial.
pub(super) const TRIAL: &str = "NCT00962923";
/// Base of the gateway's names.
pub(super) const BASE: &str = "https://gateway.example";

/// The house and its desk.
pub struct Staffed {
    pub(super) house: House,
    pub(super) desk: Arc<Desk>,
}

pub(super) fn library() -> Library {
    Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"))
}

fn sites(purposes: &[Purpose]) -> BTreeMap<String, AtSite> {
    let at = AtSite { recruiting: true, purposes: purposes.to_vec(), ..AtSite::default() };
    BTreeMap::from([(TRIAL.to_owned(), at)])
}

/// The worked case of that name.
pub(super) fn case(name: &str) -> Value {
    let files = Profiles::built_in().below(&format!("trials/{TRIAL}/cases"));
    let (_, text) = files.into_iter().find(|(file, _)| file == &format!("{name}.json")).expect("a case");
    serde_json::from_str(&text).expect("JSON")
}

/// Opened with these purposes stated.
pub async fn staffed(purposes: &[Purpose]) -> Staffed {
    let house = open().await;
    let desk = Desk::new(house.gateway.clone(), BASE.into(), sites(purposes), Vec::new(), library());
    Staffed { house, desk: Arc::new(desk) }
}

impl Staffed {
    /// Sends a case's resources and answers its questions; answers the Patient's id.
    /// Its address as a URL.
    pub fn base(&self) -> String {
        format!("http://{}", self.house.address)
    }

    /// The CapabilityStatement.
    pub async fn statement(&self) -> Value {
        self.house.get("/fhir/metadata").await.json()
    }

    pub async fn arrive(&self, name: &str) -> String {
        let case = case(name);
        for resource in case["resources"].as_array().expect("resources") {
            let path = format!("/fhir/{}/{}", word(resource, "resourceType"), word(resource, "id"));
            let answer = self.house.send("PUT", &path, resource).await;
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        }
        let patient = word(&case["resources"][0], "id");
        let person = self.person(&patient).await;
        for (variable, answer) in case["attest"].as_object().into_iter().flatten() {
            let value = rehearse::answer_value(answer).expect("an answer");
            let signer = people::Signer { name: "Investigator One".into(), role: Role::Investigator };
            people::attest(&self.desk, person, TRIAL, variable, value, &signer).await.expect("attested");
        }
        self.settle().await;
        patient
    }

    pub(super) async fn settle(&self) {
        while assess::round(&self.desk).await.expect("a round") > 0 {}
    }

    pub(super) async fn person(&self, patient: &str) -> PersonKey {
        let question = PersonOf { source: "main".into(), patient: patient.into() };
        self.house.store.read(question).await.expect("an answer").expect("a person")
    }

    /// The id of the person's newest subject.
    pub(super) async fn subject(&self, patient: &str) -> String {
        let person = self.person(patient).await;
        let rows = self.house.store.read(SubjectsOfPerson { person }).await.expect("rows");
        rows.last().expect("a subject").subject.id.clone()
    }

    /// From now on the site states these purposes; what is stored stays.
    pub(super) fn restate(&self, purposes: &[Purpose]) {
        self.house.gateway.project(Arc::new(library()), sites(purposes), BASE);
    }

    /// The resources of a search, all pages, without remarks.
    pub(super) async fn all(&self, path: &str) -> Vec<Value> {
        let (mut found, mut path) = (Vec::new(), path.to_owned());
        for _ in 0..100 {
            let page = self.house.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json();
            let entries = page["entry"].as_array().into_iter().flatten();
            found.extend(entries.filter(|e| e["search"]["mode"] == "match").map(|e| e["resource"].clone()));
            let next = page["link"].as_array().expect("links").iter().find(|l| l["relation"] == "next").cloned();
            let Some(next) = next else { return found };
            let url = word(&next, "url");
            path = url.split_once(&self.house.address.to_string()).expect("our base").1.to_owned();
        }
        panic!("a walk of more than 100 pages")
    }
}

/// A member that is text.
pub(super) fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}")).to_owned()
}
