//! Two gateways on one database, and a store that moves by command.

use super::client::request;
use super::server::Server;
use super::{Folder, output, trialgate};
use crate::place::Place;
use std::collections::BTreeSet;
use trialgate::http::standin::Standin;
use trialgate::store::{OutboxList, PendingCount};

/// Patients whom both gateways are told of.
const PATIENTS: usize = 12;

fn gateway(place: &Place, folder: &Folder, research: &str) -> Server {
    let config = format!(
        "[sources.main]\nzone = \"UTC\"\n[targets.research]\nurl = \"{research}\"\nkind = \"research-store\"\npublish = \"all-computed\"\n\
         [trials.NCT00962923]\nrecruiting = true\ngrounds = {{ list = \"test\" }}\n"
    );
    Server::start_on(&place.url(), trialgate(), folder, &config)
}

/// A transaction that creates a person once, whoever is asked: Patient, diagnosis and result, each by its identifier.
fn person(n: usize) -> String {
    let code = |system: &str, code: &str| format!(r#"{{"coding":[{{"system":"{system}","code":"{code}"}}]}}"#);
    let condition = format!(
        r#""recordedDate":"2026-01-01","clinicalStatus":{},"verificationStatus":{},"code":{}"#,
        code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        code("http://snomed.info/sct", "89155008")
    );
    let result = format!(
        r#""status":"final","effectiveDateTime":"2026-01-02","code":{},"valueQuantity":{{"value":20,"system":"http://unitsofmeasure.org","code":"g/L"}}"#,
        code("http://loinc.org", "1751-7")
    );
    let entry = |kind: &str, rest: &str| {
        let (identifier, subject) = (
            format!(r#""identifier":[{{"system":"urn:test","value":"{kind}-{n}"}}]"#),
            if kind == "Patient" {
                ""
            } else {
                r#","subject":{"reference":"urn:uuid:00000000-0000-4000-8000-000000000001"}"#
            },
        );
        let url = if kind == "Patient" { r#""fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001","# } else { "" };
        format!(
            r#"{{{url}"resource":{{"resourceType":"{kind}",{identifier}{subject},{rest}}},"request":{{"method":"POST","url":"{kind}","ifNoneExist":"identifier=urn:test|{kind}-{n}"}}}}"#
        )
    };
    let entries = [
        entry("Patient", r#""gender":"female","birthDate":"1980-01-01""#),
        entry("Condition", &condition),
        entry("Observation", &result),
    ];
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","))
}

#[test]
fn two_gateways_on_one_database_have_one_effect() {
    let Some(place) = Place::database() else { return };
    let folder = Folder::new("twins");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let research = runtime.block_on(Standin::start()).expect("a stand-in");
    let gateways = [0, 1].map(|_| gateway(&place, &folder, &research.base()));
    for n in 0..PATIENTS {
        let body = person(n);
        let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8)
                .map(|turn| {
                    let (address, body) = (&gateways[turn % 2].address, &body);
                    scope.spawn(move || {
                        let answer = request(address, "POST", "/fhir", body).expect("an answer");
                        (answer.status, answer.body)
                    })
                })
                .collect();
            asked.into_iter().map(|a| a.join().expect("no panic")).collect()
        });
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        let created = answers.iter().map(|(_, body)| body.matches("\"201").count()).sum::<usize>();
        assert_eq!(created, 3, "Patient, Condition and Observation of person {n}: each made once");
    }
    let store = place.open();
    runtime.block_on(async {
        let settled = async {
            while store.read(PendingCount {}).await.expect("read").0 > 0
                || store.read(OutboxList { state: Some(1), count: 1 }).await.expect("read").len() == 1
            {
                tokio::task::yield_now().await;
            }
        };
        let settled = tokio::time::timeout(std::time::Duration::from_secs(60), settled).await;
        settled.expect("everybody is assessed, and the target told");
    });
    drop(gateways);
    let log = research.log();
    let subjects: BTreeSet<&str> =
        log.iter().filter(|w| w.resource_type == "ResearchSubject").map(|w| w.id.as_str()).collect();
    assert_eq!(subjects.len(), PATIENTS, "one subject for each person");
    let audit = output(trialgate().args(["audit", "verify", "--store", &place.url()]));
    assert!(audit.starts_with("chain whole"), "{audit}");
}

#[test]
fn a_store_is_moved_by_command_and_served_there() {
    let places: Vec<Place> = [Some(Place::file()), Place::database()].into_iter().flatten().collect();
    for target in places {
        let source = Place::file();
        let folder = Folder::new("moved");
        for n in 0..3 {
            std::fs::write(folder.0.join(format!("{n}.json")), person(n)).expect("a file");
        }
        output(trialgate().args(["import", "--json", "--store", &source.url()]).arg(&folder.0));
        let (from, to) = (source.url(), target.url());
        let said = output(trialgate().args(["migrate", "--from", &from, "--to", &to]));
        assert!(said.contains("both ends hold the same") && !said.contains("DIFFERS"), "{said}");
        let proof = output(trialgate().args(["audit", "verify", "--store", &to]));
        assert!(proof.starts_with("chain whole"), "{proof}");
        let again = trialgate().args(["migrate", "--from", &from, "--to", &to]).output().expect("it starts");
        assert_eq!(again.status.code(), Some(3), "{}", String::from_utf8_lossy(&again.stderr));
        let mark = format!("insert into cursor (name, value, at) values ('move of a store', '{from}', 0);");
        target.tamper(&format!("{mark} update patient set known = known + 1;"));
        let differs =
            trialgate().args(["migrate", "--json", "--to", &to, "--store", &from]).output().expect("it starts");
        let json: serde_json::Value = serde_json::from_slice(&differs.stdout).expect("JSON");
        let tables = json["tables"].as_array().expect("tables");
        let names: BTreeSet<&str> =
            tables.iter().filter(|t| t["equal"] == false).filter_map(|t| t["table"].as_str()).collect();
        assert_eq!((differs.status.code(), names), (Some(1), BTreeSet::from(["patient"])));
        let server = gateway(&target, &folder, "http://127.0.0.1:9/fhir");
        let found =
            request(&server.address, "GET", "/fhir/Patient?identifier=urn:test|Patient-1", "").expect("an answer");
        assert!(found.status == 200 && found.body.contains("\"urn:test\""), "{} {}", found.status, found.body);
    }
}
