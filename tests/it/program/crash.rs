//! kill -9 under load: what was acknowledged is there, no subject is made twice, the audit is whole.

use super::client::{header, request};
use super::server::Server;
use super::{Folder, output, trialgate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use trialgate::http::standin::Standin;

/// Times the process is killed.
const CYCLES: usize = 20;
/// Acknowledgements after which it is killed, per cycle; differs by cycle so that kills fall anywhere.
const ACKS: usize = 25;
const WRITERS: usize = 4;
const PATIENTS: usize = 8;

fn config(research: &str) -> String {
    format!(
        "[sources.main]\nzone = \"UTC\"\n[targets.research]\nurl = \"{research}\"\nkind = \"research-store\"\npublish = \"all-computed\"\n\
         [trials.NCT00962923]\nrecruiting = true\ngrounds = {{ list = \"test\" }}\n"
    )
}

pub(super) fn patient(n: usize) -> (String, String) {
    let body = format!(r#"{{"resourceType":"Patient","id":"p{n}","gender":"female","birthDate":"1980-01-01"}}"#);
    (format!("/fhir/Patient/p{n}"), body)
}

pub(super) fn diagnosis(n: usize) -> (String, String) {
    let body = format!(
        r#"{{"resourceType":"Condition","id":"c{n}","subject":{{"reference":"Patient/p{n}"}},"recordedDate":"2026-01-01","clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"89155008"}}]}}}}"#
    );
    (format!("/fhir/Condition/c{n}"), body)
}

/// Results that sometimes move the verdict and sometimes correct each other.
fn result(n: usize) -> (String, String) {
    let (person, slot, age) = (n % PATIENTS, n % 5, if n.is_multiple_of(2) { 20 } else { 40 });
    let id = format!("o{person}-{slot}");
    let body = format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"1751-7"}}]}},"subject":{{"reference":"Patient/p{person}"}},"effectiveDateTime":"2026-01-0{}","valueQuantity":{{"value":{age}.{n},"unit":"g/L","system":"http://unitsofmeasure.org","code":"g/L"}}}}"#,
        slot + 1
    );
    (format!("/fhir/Observation/{id}"), body)
}

type Acknowledged = Mutex<BTreeMap<String, u64>>;

fn put(address: &str, (path, body): (String, String), acknowledged: &Acknowledged) -> bool {
    let Some(answer) = request(address, "PUT", &path, &body) else { return false };
    assert!(matches!(answer.status, 200 | 201), "PUT {path}: {} {}", answer.status, answer.body);
    let etag = header(&answer.head, "etag").expect("an ETag");
    let version: u64 = etag.trim_start_matches("W/").trim_matches('"').parse().expect("a version");
    let mut all = acknowledged.lock().expect("no writer panicked");
    let newest = all.entry(path).or_default();
    *newest = version.max(*newest);
    true
}

#[test]
fn twenty_kills_lose_nothing_that_was_acknowledged() {
    let folder = Folder::new("crash");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let research = runtime.block_on(Standin::start()).expect("a stand-in");
    let config = config(&research.base());
    let acknowledged = Acknowledged::default();
    let next = AtomicUsize::new(0);
    {
        let server = Server::start(&folder, &config);
        for n in 0..PATIENTS {
            assert!(
                put(&server.address, patient(n), &acknowledged) && put(&server.address, diagnosis(n), &acknowledged)
            );
        }
    }
    for cycle in 0..CYCLES {
        let mut server = Server::start(&folder, &config);
        let until = next.load(Ordering::SeqCst) + ACKS + cycle * 7 % 20;
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(
                    || {
                        while put(&server.address, result(next.fetch_add(1, Ordering::SeqCst)), &acknowledged) {}
                    },
                );
            }
            scope.spawn(|| {
                while next.load(Ordering::SeqCst) < until {
                    std::thread::yield_now()
                }
            });
            while next.load(Ordering::SeqCst) < until {
                std::thread::yield_now();
            }
            // SIGKILL, as `Child::kill` sends it.
            server.signal("-9");
        });
        server.ended();
    }
    let server = Server::start(&folder, &config);
    for (path, version) in acknowledged.lock().expect("no writer panicked").iter() {
        let answer = request(&server.address, "GET", path, "").expect("an answer");
        let etag =
            header(&answer.head, "etag").unwrap_or_default().trim_start_matches("W/").trim_matches('"').to_owned();
        let found: u64 = etag.parse().unwrap_or(0);
        assert!(answer.status == 200 && found >= *version, "{path}: version {found}, acknowledged {version}");
    }
    drop(server);
    let log = research.log();
    let subjects: Vec<_> = log.iter().filter(|w| w.resource_type == "ResearchSubject").collect();
    let ids: BTreeSet<&str> = subjects.iter().map(|w| w.id.as_str()).collect();
    assert!(!ids.is_empty() && ids.len() <= PATIENTS, "{} subjects for {PATIENTS} persons", ids.len());
    let audit = output(trialgate().args(["audit", "verify", "--store", &folder.store()]));
    assert!(audit.starts_with("chain whole"), "{audit}");
}
