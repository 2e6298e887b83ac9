//! The pages on a real store behind a real listener, with the people of the worked cases, and a visitor of few words.

use crate::place::Place;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use trialgate::clock::Clock;
use trialgate::flow::accounts::hash;
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::rehearse::answer_value;
use trialgate::flow::{Caller, assess, people};
use trialgate::http::coordinator::routes::{Exposure, Pages};
use trialgate::http::running::{Running, Serving};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::Role;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::*;

pub const TRIAL: &str = "NCT00962923";
pub const PASSWORD: &str = "a long enough password";
/// 15 March 2026, 08:00 at the site.
pub const NOW: Instant = Instant(1_773_532_800_000_000);

/// Pages that are served; the folder goes with them.
pub struct House {
    pub desk: Arc<Desk>,
    pub clock: Clock,
    pub running: Running,
    _place: Place,
}

/// How a house is made.
pub struct Plan {
    pub place: Place,
    pub purposes: Vec<Purpose>,
    /// Names that the definition hides, as its file writes them.
    pub hidden: &'static str,
    /// What is written after the definition.
    pub more: &'static str,
    pub base: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            place: Place::file(),
            purposes: vec![Purpose::Count, Purpose::List, Purpose::Name],
            hidden: "[]",
            more: "",
            base: "",
        }
    }
}

pub async fn open(plan: Plan) -> House {
    let store = plan.place.open();
    let clock = Clock::manual(NOW);
    let told = clock.clone();
    let gateway = Gateway::new(Parts {
        store,
        sources: vec![Source::new("main", Zone::utc())],
        clock: Arc::new(move || told.now()),
        cursor_key: [7; 32],
        base: "http://test/fhir".into(),
    });
    let mut profiles = Profiles::built_in();
    let definition = profiles.0.get_mut(&format!("trials/{TRIAL}/trial.toml")).expect("the definition");
    *definition = definition.replace("hidden = []", &format!("hidden = {}", plan.hidden)) + plan.more;
    let library = Library::load(&profiles).unwrap_or_else(|m| panic!("{m:?}"));
    let at = AtSite { recruiting: true, purposes: plan.purposes, ..AtSite::default() };
    let sites = BTreeMap::from([(TRIAL.to_owned(), at)]);
    let desk = Arc::new(Desk::new(Arc::new(gateway), "http://test".into(), sites, Vec::new(), library));
    let pages = Pages::new(desk.clone(), Exposure::of(plan.base, Ipv4Addr::LOCALHOST.into()));
    let running = Running::start(desk.gateway.clone(), Serving::local().expect("a listener"), Some(pages));
    House { desk, clock, running, _place: plan.place }
}

fn caller() -> Caller {
    Caller { actor: "test".into(), purpose: "test".into() }
}

impl House {
    pub fn address(&self) -> String {
        self.running.base().trim_start_matches("http://").to_owned()
    }

    /// An account with these roles at the trial's site.
    pub async fn account(&self, name: &str, roles: &[Role]) {
        let password = hash(PASSWORD).expect("a hash");
        let make = MakeAccount { name: name.into(), password, caller: caller(), at: self.desk.now() };
        assert!(self.desk.store().write(make).await.expect("written"));
        for role in roles {
            self.right(name, *role, TRIAL, "NJ", None).await;
        }
    }

    pub async fn right(&self, name: &str, role: Role, trial: &str, site: &str, until: Option<Instant>) {
        let right = Granted { role, trial: trial.into(), site: site.into(), until };
        let give = ChangeRight { name: name.into(), right, remove: false, caller: caller(), at: self.desk.now() };
        assert!(self.desk.store().write(give).await.expect("written"));
    }

    /// Lets one resource arrive; it must be taken.
    pub async fn put(&self, resource: &Value) {
        let (kind, id) = (resource["resourceType"].as_str().expect("a type"), resource["id"].as_str().expect("an id"));
        let source = self.desk.gateway.source("main").expect("a source");
        let entry = format!(r#"{{"request":{{"method":"PUT","url":"{kind}/{id}"}},"resource":{resource}}}"#);
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entry}]}}"#);
        self.desk.gateway.bundle(source, bundle.as_bytes(), caller()).await.unwrap_or_else(|e| panic!("{e:?}"));
    }

    /// The person of a worked case, with what was attested.
    pub async fn case(&self, name: &str) -> PersonKey {
        self.case_as(name, name).await
    }

    /// Another person of whom the same is known.
    pub async fn case_as(&self, name: &str, patient: &str) -> PersonKey {
        let profiles = Profiles::built_in();
        let text = profiles.0.get(&format!("trials/{TRIAL}/cases/{name}.json")).expect("the case");
        let text = text.replace(&format!("\"{name}"), &format!("\"{patient}"));
        let text = text.replace(&format!("Patient/{name}"), &format!("Patient/{patient}"));
        let case: Value = serde_json::from_str(&text).expect("JSON");
        for resource in case["resources"].as_array().expect("resources") {
            self.put(resource).await;
        }
        let person = self.person(patient).await;
        let signer = people::Signer { name: "Investigator".into(), role: Role::Investigator };
        for (variable, answer) in case["attest"].as_object().into_iter().flatten() {
            let answer = answer_value(answer).expect("an answer");
            people::attest(&self.desk, person, TRIAL, variable, answer, &signer).await.expect("attested");
        }
        self.settle().await;
        person
    }

    pub async fn person(&self, patient: &str) -> PersonKey {
        let ask = PersonOf { source: "main".into(), patient: patient.into() };
        self.desk.store().read(ask).await.expect("read").expect("the patient is there")
    }

    pub async fn settle(&self) {
        while assess::round(&self.desk).await.expect("assessed") > 0 {}
    }

    pub fn visitor(&self) -> Visitor {
        Visitor { address: self.address(), cookies: BTreeMap::new(), host: self.address() }
    }

    /// Somebody who signed in.
    pub async fn signed_in(&self, name: &str) -> Visitor {
        let address = self.address();
        let name = name.to_owned();
        let work = tokio::task::spawn_blocking(move || {
            let mut visitor = Visitor { host: address.clone(), address, cookies: BTreeMap::new() };
            let answer = visitor.sign_in(&name, PASSWORD);
            assert_eq!(answer.status, 303, "{answer:?}");
            visitor
        });
        work.await.expect("signed in")
    }

    pub async fn page(&self, visitor: &mut Visitor, path: &str) -> Answer {
        let mut moved =
            Visitor { address: visitor.address.clone(), host: visitor.host.clone(), cookies: visitor.cookies.clone() };
        let path = path.to_owned();
        let (answer, cookies) =
            tokio::task::spawn_blocking(move || (moved.get(&path), moved.cookies)).await.expect("asked");
        visitor.cookies = cookies;
        answer
    }

    pub async fn form(&self, visitor: &mut Visitor, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut moved =
            Visitor { address: visitor.address.clone(), host: visitor.host.clone(), cookies: visitor.cookies.clone() };
        let path = path.to_owned();
        let fields: Vec<(String, String)> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let work = move || {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            (moved.post(&path, &fields, &[]), moved.cookies)
        };
        let (answer, cookies) = tokio::task::spawn_blocking(work).await.expect("asked");
        visitor.cookies = cookies;
        answer
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
    }

    /// The token that the page's forms carry.
    pub fn form(&self) -> String {
        let marker = "name=\"form\" value=\"";
        let at = self.text.find(marker).unwrap_or_else(|| panic!("no form in {}", self.text)) + marker.len();
        self.text[at..].split('"').next().unwrap_or_default().to_owned()
    }
}

/// A browser of few words: it keeps cookies, and sends its forms as one does.
pub struct Visitor {
    pub address: String,
    pub host: String,
    pub cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)], headers: &[&str]) -> Answer {
        let encode = |v: &str| trialgate::flow::query::encode(v);
        let body = fields.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect::<Vec<_>>().join("&");
        let origin = format!("Origin: http://{}", self.host);
        let mut all = vec!["Content-Type: application/x-www-form-urlencoded"];
        if !headers.iter().any(|h| h.starts_with("Origin")) {
            all.push(&origin);
        }
        all.extend(headers.iter().filter(|h| !h.ends_with(": -")));
        self.ask("POST", path, &all, &body)
    }

    /// Through the form, as a person does.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let form = self.get("/sign-in").form();
        self.post("/sign-in", &[("form", &form), ("name", name), ("password", password), ("next", "/")], &[])
    }

    pub fn ask(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !cookies.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(head.as_bytes()).expect("sends");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let headers: Vec<(String, String)> =
            head.lines().filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_lowercase(), v.trim().into())).collect();
        for (_, line) in headers.iter().filter(|(n, _)| n == "set-cookie") {
            let (name, rest) = line.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name)
            } else {
                self.cookies.insert(name.into(), value.into())
            };
        }
        Answer { status, headers, text: body.to_owned() }
    }
}
