//! A gateway on a real store behind a real listener, and a client of few words.

use crate::definitions::act_of;
use crate::peers::collect;
use crate::program::Folder;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trialgate::flow::desk::AtSite;
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::http::accept::serve;
use trialgate::http::auth::Client;
use trialgate::http::limits::Limits;
use trialgate::http::server::{Door, router};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::{Actor, Evidence, Standing, Status};
use trialgate::model::time::{Instant, Zone};
use trialgate::store::{Act, Options, PersonOf, Store, SubjectsOfPerson};

/// 15 March 2026, 08:00 UTC.
pub(super) const NOW: i64 = 1_773_561_600_000_000;

/// A door that is open; the folder goes with it.
pub(super) struct House {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What stands behind it.
    pub(super) gateway: Arc<Gateway>,
    /// Its store.
    pub(super) store: Store,
    /// Microseconds since 1970; each look moves it on by a millisecond.
    pub(super) clock: Arc<AtomicI64>,
    _folder: Folder,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
}

impl Answer {
    /// A header's value; empty when it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The ids of a searchset's matches, in order.
    pub(super) fn matches(&self) -> Vec<String> {
        let page = self.json();
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        let matches = entries.iter().filter(|e| e["search"]["mode"] == "match");
        matches.map(|e| e["resource"]["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// The path of a page's link; `None` when it has none.
    pub(super) fn link(&self, relation: &str) -> Option<String> {
        let page = self.json();
        let link = page["link"].as_array()?.iter().find(|l| l["relation"] == relation)?.clone();
        let url = link["url"].as_str().expect("a url");
        Some(url[url.find("/fhir").expect("our base")..].to_owned())
    }

    /// The first issue's code; it must be an OperationOutcome.
    pub(super) fn code(&self) -> String {
        let outcome = self.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{self:?}");
        outcome["issue"][0]["code"].as_str().expect("a code").to_owned()
    }
}

pub(super) async fn open() -> House {
    open_with(Limits::default()).await
}

pub(super) async fn open_with(limits: Limits) -> House {
    open_as(limits, Vec::new(), axum::Router::new()).await
}

/// The same with these clients, and what else is served.
pub(super) async fn open_as(limits: Limits, clients: Vec<Client>, beside: axum::Router) -> House {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = Folder::new(&format!("http-{}", NEXT.fetch_add(1, Ordering::SeqCst)));
    let store = Store::open(&folder.store(), Options { create: true, read_only: false }).expect("a store");
    let clock = Arc::new(AtomicI64::new(NOW));
    let ticking = clock.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let gateway = Arc::new(Gateway::new(Parts {
        store: store.clone(),
        sources: vec![Source::new("main", Zone::utc()), Source::new("lab", Zone::utc())],
        clock: Arc::new(move || Instant(ticking.fetch_add(1000, Ordering::SeqCst))),
        cursor_key: [7; 32],
        base: format!("http://{address}/fhir"),
    }));
    let door = Door::new(gateway.clone(), clients, limits.clone());
    let app = router(Arc::new(door), beside);
    tokio::spawn(serve(listener, app, limits, std::future::pending()));
    House { address, store, gateway, clock, _folder: folder }
}

impl House {
    /// One request on a connection of its own; each header is a whole line.
    pub(super) async fn ask(&self, verb: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut head = format!("{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        if !body.is_empty() && !headers.iter().any(|h| h.to_ascii_lowercase().starts_with("content-type")) {
            head.push_str("Content-Type: application/fhir+json\r\n");
        }
        headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
        if !headers.iter().any(|h| h.starts_with("Transfer-Encoding") || h.starts_with("Content-Length")) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        self.raw(&[format!("{head}\r\n").as_bytes(), body].concat()).await
    }

    /// These bytes on a connection of their own, and what is answered until it is closed.
    pub(super) async fn raw(&self, sent: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        // Who is refused early may find the way closed; the answer counts.
        let _ = stream.write_all(sent).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let answer = read(&bytes);
        if answer.header("content-type").starts_with("application/fhir+json") {
            let line = String::from_utf8_lossy(sent.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
            collect::keep(&format!("{} {}", shape_of(&line), answer.status), answer.text.as_bytes());
        }
        answer
    }

    /// PUTs the resource to its own place.
    pub(super) async fn put(&self, body: &str) -> Answer {
        let resource: Value = serde_json::from_str(body).expect("JSON");
        let word = |name: &str| resource[name].as_str().expect("text").to_owned();
        self.ask("PUT", &format!("/fhir/{}/{}", word("resourceType"), word("id")), &[], body.as_bytes()).await
    }

    /// The ids that a search finds on its page, in order.
    pub(super) async fn found(&self, query: &str) -> Vec<String> {
        let page = self.get(&format!("/fhir/{query}")).await;
        assert_eq!(page.status, 200, "{query}: {page:?}");
        page.matches()
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    pub(super) async fn send(&self, verb: &str, path: &str, body: &Value) -> Answer {
        self.ask(verb, path, &[], body.to_string().as_bytes()).await
    }

    /// How many resources of all types and states are kept.
    pub(super) async fn kept(&self) -> i64 {
        let counts = self.store.read(trialgate::store::Counts {}).await.expect("counts");
        counts.iter().map(|(_, _, _, n)| n).sum()
    }
}

/// What answers of one shape have in common: the verb, the type, and `_search`, `_history`, operations and the
/// parameters that cut and join; no id and no value.
fn shape_of(line: &str) -> String {
    let mut words = line.split(' ');
    let (verb, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_type = |s: &&str| s.starts_with(|c: char| c.is_uppercase()) && s.chars().all(|c| c.is_ascii_alphabetic());
    let steps = path.split('/').filter(|s| s.starts_with(['_', '$']) || is_type(s));
    let parameters = query.split('&').filter_map(|p| p.split(['=', ':']).next()).filter(|p| p.starts_with('_'));
    std::iter::once(verb).chain(steps).chain(parameters).collect::<Vec<_>>().join(" ")
}

fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).expect("UTF-8");
    let packed = head.to_ascii_lowercase().contains("content-encoding: gzip");
    let body = if packed { unzipped(&bytes[end + 4..]) } else { bytes[end + 4..].to_vec() };
    let body = String::from_utf8(body).expect("UTF-8");
    let mut lines = head.lines();
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
    let headers = lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.into(), v.trim().into())).collect();
    Answer { status, headers, text: body }
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).expect("gzip");
    out
}

/// A platelet count as it is sent.
pub(super) fn observation(id: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"urn:o","value":"{id}"}}],"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-03-01T08:00:00Z","valueQuantity":{{"value":{value},"unit":"10*9/L","system":"http://unitsofmeasure.org","code":"10*9/L"}}}}"#
    )
}

/// A Patient, found by one identifier.
pub(super) fn patient(id: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:p","value":"{id}"}}],"birthDate":"1980-05-02"}}"#
    )
}

impl House {
    /// Shows the built-in trials, with a ground for every purpose; answers the first trial's id.
    pub(super) fn show_trials(&self, base: &str) -> String {
        let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
        let purposes = vec![Purpose::Count, Purpose::List, Purpose::Name];
        let at_site = AtSite { recruiting: true, purposes, ..AtSite::default() };
        let sites = library.trials.iter().map(|a| (a.trial.id.clone(), at_site.clone())).collect();
        let first = library.trials[0].trial.id.clone();
        self.gateway.project(Arc::new(library), sites, base);
        first
    }

    /// Shows the trials that are built in, and a subject of person `p` in the first: its id.
    pub(super) async fn with_subject(&self) -> String {
        let trial = self.show_trials("https://trialgate.example");
        assert!(matches!(self.put(&patient("p")).await.status, 200 | 201));
        let ask = PersonOf { source: "main".into(), patient: "p".into() };
        let person = self.store.read(ask).await.expect("read").expect("a person");
        for (version, status) in [(1, Status::Candidate), (2, Status::Screening)] {
            self.store.write(act(person, &trial, version, status)).await.expect("written");
        }
        let subjects = self.store.read(SubjectsOfPerson { person }).await.expect("read");
        subjects[0].subject.id.clone()
    }
}

fn act(person: PersonKey, trial: &str, version: i64, status: Status) -> Act {
    let evidence = Evidence { consented: Some("2026-03-10".into()), ..Evidence::default() };
    let standing = Standing {
        person,
        trial: trial.into(),
        attempt: 1,
        version,
        status,
        removed: false,
        actor: Actor::Data,
        reason: "data".into(),
        evidence,
        at: Instant(NOW + version * 1_000_000),
        expires: None,
        assessment: None,
    };
    act_of(standing)
}

/// A diagnosis of patient `p`.
pub(super) fn condition(id: &str, clinical: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition","id":"{id}","clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{clinical}"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"38341003"}}]}},"subject":{{"reference":"Patient/p"}},"onsetDateTime":"2020-05","recordedDate":"2020-06-01"}}"#
    )
}

/// A dose given to patient `p`.
pub(super) fn administration(id: &str, at: &str) -> String {
    format!(
        r#"{{"resourceType":"MedicationAdministration","id":"{id}","status":"completed","medicationCodeableConcept":{{"coding":[{{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"1"}}]}},"subject":{{"reference":"Patient/p"}},"effectivePeriod":{{"start":"{at}"}}}}"#
    )
}

/// A Medication of one ingredient, so many mg in 50 mL.
pub(super) fn medication(id: &str, mg: &str) -> String {
    format!(
        r#"{{"resourceType":"Medication","id":"{id}","code":{{"coding":[{{"system":"http://www.whocc.no/atc","code":"C01CA03"}}]}},"ingredient":[{{"itemCodeableConcept":{{"coding":[{{"system":"http://snomed.info/sct","code":"45555007"}}]}},"strength":{{"numerator":{{"value":{mg},"system":"http://unitsofmeasure.org","code":"mg"}},"denominator":{{"value":50,"system":"http://unitsofmeasure.org","code":"mL"}}}}}}]}}"#
    )
}

/// Something done to patient `p`.
pub(super) fn procedure(id: &str, status: &str) -> String {
    format!(
        r#"{{"resourceType":"Procedure","id":"{id}","status":"{status}","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"45211000"}}]}},"subject":{{"reference":"Patient/p"}},"performedPeriod":{{"start":"2025-04-01","end":"2025-04-02"}}}}"#
    )
}

/// What patient `p` answered.
pub(super) fn response(id: &str) -> String {
    format!(
        r#"{{"resourceType":"QuestionnaireResponse","id":"{id}","identifier":{{"system":"urn:forms","value":"{id}"}},"questionnaire":"https://forms.example/haq","status":"completed","subject":{{"reference":"Patient/p"}},"authored":"2025-05-01","item":[{{"linkId":"1","answer":[{{"valueInteger":2}}]}}]}}"#
    )
}
