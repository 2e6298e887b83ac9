//! What each target is told, byte for byte, and what counts as the same.

use serde_json::{Value, json};
use trialgate::model::capabilities::{Capabilities, Publish};
use trialgate::model::code::Coding;
use trialgate::model::issue::Issue;
use trialgate::model::key::PersonKey;
use trialgate::model::parcel::Action;
use trialgate::model::standing::{Actor, Collection, Evidence, Role, Standing, Status, Subject};
use trialgate::model::time::{Instant, Zone};
use trialgate::publish::bundle::{Hit, Kind, Response, history, searchset, transaction_response};
use trialgate::publish::capability::{ServedType, Server, statement};
use trialgate::publish::compare::same;
use trialgate::publish::outcome::operation_outcome;
use trialgate::publish::study::{self, Reader, research_study, study_id};
use trialgate::publish::subject::{Individual, Target, TargetKind, parcel};
use trialgate::trial::definition::{Conduct, Site, Study, Trial};
use trialgate::trial::expression::tree::{Calendar, Duration};

/// 2026-03-14T20:00:00Z, which is 15 March in Shanghai.
const AT: Instant = Instant(1_773_518_400_000_000);
const BASE: &str = "https://trialgate.example";
const ID: &str = "0123456789abcdef0123456789abcdef";

fn trial() -> Trial {
    let site = Site {
        id: "s1".into(),
        name: "Site One".into(),
        country: "CN".into(),
        zone: Zone::named("Asia/Shanghai").expect("a zone of the list"),
    };
    let study = Study {
        title: "A study of \"quotes\"".into(),
        short_title: Some("Short".into()),
        registry: "https://clinicaltrials.gov".into(),
        other_ids: vec![(format!("{BASE}/fhir/org-study-id"), "ORG-7".into())],
        status: "active".into(),
        registry_status: Some("RECRUITING".into()),
        phase: Some("phase-1-phase-2".into()),
        purpose: Some("treatment".into()),
        conditions: vec![(Coding::new("http://snomed.info/sct", "89155008"), "Systemic sclerosis".into())],
        keywords: vec!["fibrosis".into()],
        start: Some("2009-08".into()),
        end: None,
        sponsor: Some("Sponsor".into()),
        target: Some(20),
        arms: vec![("Arm A".into(), "Experimental".into(), Some("cells".into()))],
        objectives: vec![("Skin score".into(), "primary".into())],
        verified: Some("2026-03-01".into()),
        sites: vec![site],
    };
    Trial {
        id: "NCT01234567".into(),
        version: 1,
        digest: [0; 32],
        study,
        variables: vec![],
        anchors: vec![],
        readings: vec![],
        criteria: vec![],
        consider: None,
        included: None,
        notes: vec![],
        conduct: Conduct {
            participation_starts_at_consent: true,
            consent_version: "2".into(),
            eligibility_valid: Duration { count: 30, of: Calendar::Day },
            run_in: false,
            observation: false,
            rescreen: true,
        },
        hidden: vec![],
        treatment: None,
        leans_on: vec![],
        visits: vec![],
        outcomes: Vec::new(),
        safety: Vec::new(),
        concomitant: Vec::new(),
    }
}

fn subject() -> Subject {
    Subject {
        person: PersonKey([7; 16]),
        trial: "NCT01234567".into(),
        attempt: 1,
        id: ID.into(),
        collection: Collection::CareData,
        collection_since: None,
    }
}

fn standing(status: Status, consented: bool) -> Standing {
    let consent = || Evidence {
        consented: Some("2026-03-10".into()),
        consent_version: Some("2".into()),
        consent: Some("recorded by Jane Example".into()),
        ..Evidence::default()
    };
    let person = Actor::Person { name: "Jane Example".into(), role: Role::Coordinator };
    Standing {
        person: PersonKey([7; 16]),
        trial: "NCT01234567".into(),
        attempt: 1,
        version: 1,
        status,
        removed: false,
        actor: if consented { person } else { Actor::Data },
        reason: "a secret reason".into(),
        evidence: if consented { consent() } else { Evidence::default() },
        at: AT,
        expires: None,
        assessment: None,
    }
}

const FULL: Capabilities =
    Capabilities { update_create: true, conditional_update: true, delete: true, versioned: true, research_study: true };

fn told(standing: &Standing, publish: Publish, kind: TargetKind, was_sent: bool) -> Action {
    let individual = Individual::Reference("Patient/p1".into());
    let target = Target { publish, kind, base: BASE, capabilities: FULL, individual: &individual, was_sent };
    parcel(&trial(), &subject(), standing, &target).action
}

fn body(standing: &Standing, kind: TargetKind, capabilities: Capabilities, individual: &Individual) -> String {
    let target = Target { publish: Publish::AllComputed, kind, base: BASE, capabilities, individual, was_sent: false };
    let made = parcel(&trial(), &subject(), standing, &target);
    assert_eq!(made, parcel(&trial(), &subject(), standing, &target), "stable bytes");
    String::from_utf8(made.body).expect("UTF-8")
}

fn by_reference() -> Individual {
    Individual::Reference("Patient/p1".into())
}

fn json_of(bytes: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(bytes.as_ref()).expect("JSON")
}

#[test]
fn nothing_is_on_a_chart_before_consent_whatever_is_set() {
    for status in Status::ALL {
        for publish in [Publish::AfterConsent, Publish::Candidates, Publish::AllComputed] {
            let before = standing(status, false);
            assert_eq!(told(&before, publish, TargetKind::Chart, false), Action::Nothing);
            assert_eq!(told(&before, publish, TargetKind::Chart, true), Action::Delete);
            for kind in [TargetKind::Chart, TargetKind::ResearchStore] {
                assert_eq!(told(&standing(status, true), publish, kind, false), Action::Put);
            }
        }
    }
}

#[test]
fn a_research_store_is_told_what_its_setting_says() {
    use Publish::{AfterConsent, AllComputed, Candidates};
    let told_of = |publish| -> Vec<&str> {
        let told = |s: &Status| told(&standing(*s, false), publish, TargetKind::ResearchStore, false) == Action::Put;
        Status::ALL.iter().filter(|s| told(s)).map(|s| s.code()).collect()
    };
    assert!(told_of(AfterConsent).is_empty());
    assert_eq!(told_of(Candidates), ["candidate", "not-registered"]);
    assert_eq!(told_of(AllComputed), ["potential-candidate", "candidate", "ineligible", "not-registered"]);
    let lapsed = standing(Status::PotentialCandidate, false);
    assert_eq!(told(&lapsed, Candidates, TargetKind::ResearchStore, true), Action::Delete);
    let mut removed = standing(Status::OnStudy, true);
    removed.removed = true;
    assert_eq!(told(&removed, AllComputed, TargetKind::Chart, true), Action::Delete);
    assert_eq!(told(&removed, AllComputed, TargetKind::Chart, false), Action::Nothing);
}

#[test]
fn a_chart_gets_the_status_the_period_and_the_consent() {
    let text = body(&standing(Status::Screening, true), TargetKind::Chart, FULL, &by_reference());
    let wanted = concat!(
        r#"{"resourceType":"ResearchSubject","id":"0123456789abcdef0123456789abcdef","extension":[{"url":"#,
        r#""https://trialgate.example/fhir/StructureDefinition/subject-progress","extension":[{"url":"type","#,
        r#""valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/research-subject-state-type","#,
        r#""code":"Enrollment"}]}},{"url":"subjectState","valueCodeableConcept":{"coding":[{"system":"#,
        r#""http://terminology.hl7.org/CodeSystem/research-subject-state","code":"screening"}]}},{"url":"startDate","#,
        r#""valueDateTime":"2026-03-15"}]}],"identifier":[{"system":"https://trialgate.example/sid/subject/nct01234567","#,
        r#""value":"0123456789abcdef0123456789abcdef"}],"status":"screening","period":{"start":"2026-03-10"},"#,
        r#""study":{"reference":"ResearchStudy/nct01234567","identifier":{"system":"https://clinicaltrials.gov","#,
        r#""value":"NCT01234567"}},"individual":{"reference":"Patient/p1"},"#,
        r#""consent":{"display":"Consent recorded on 2026-03-10, form version 2"}}"#
    );
    assert_eq!(text, wanted);
}

#[test]
fn no_reason_name_or_criterion_leaves() {
    let mut failed = standing(Status::Ineligible, true);
    failed.evidence.criteria = vec!["E1-secret".into()];
    failed.evidence.ended = Some("2026-03-12".into());
    let text = body(&failed, TargetKind::Chart, FULL, &by_reference());
    for secret in ["secret", "Jane", "E1"] {
        assert!(!text.contains(secret), "{secret} leaves in {text}");
    }
    let value = json_of(&text);
    assert_eq!(value["period"], json!({"start": "2026-03-10", "end": "2026-03-12"}));
    assert!(!text.contains("/basis"), "a screen failure is not computed");
}

#[test]
fn what_is_computed_says_so_and_has_no_period() {
    let person = Individual::Identifier(format!("{BASE}/sid/person"), "A1".into());
    for status in [Status::PotentialCandidate, Status::Ineligible] {
        let value = json_of(body(&standing(status, false), TargetKind::ResearchStore, FULL, &person));
        let basis = json!({"url": format!("{BASE}/fhir/StructureDefinition/basis"), "valueCode": "computed"});
        assert_eq!(value["extension"][1], basis);
        assert_eq!((value.get("period"), value.get("consent")), (None, None));
        assert_eq!(value["individual"]["identifier"]["value"], "A1");
        assert_eq!(value["individual"].get("reference"), None);
    }
    let candidate = body(&standing(Status::Candidate, false), TargetKind::ResearchStore, FULL, &person);
    assert!(!candidate.contains("/basis"));
}

#[test]
fn a_server_that_chooses_ids_gets_none_and_no_literal_study() {
    let capabilities = Capabilities { update_create: false, ..FULL };
    let value = json_of(body(&standing(Status::OnStudy, true), TargetKind::Chart, capabilities, &by_reference()));
    assert_eq!((value.get("id"), value["study"].get("reference")), (None, None));
    assert_eq!(value["study"]["identifier"]["value"], "NCT01234567");
}

#[test]
fn a_consent_of_the_record_is_a_reference_only_on_the_chart() {
    let mut s = standing(Status::Screening, true);
    s.evidence.consent = Some("Consent/c1".into());
    let chart = json_of(body(&s, TargetKind::Chart, FULL, &by_reference()));
    assert_eq!(chart["consent"], json!({"reference": "Consent/c1"}));
    let store = json_of(body(&s, TargetKind::ResearchStore, FULL, &by_reference()));
    assert_eq!(store["consent"].get("reference"), None);
}

#[test]
fn participation_may_start_at_registration() {
    let mut t = trial();
    t.conduct.participation_starts_at_consent = false;
    let individual = by_reference();
    let target = Target {
        publish: Publish::AfterConsent,
        kind: TargetKind::Chart,
        base: BASE,
        capabilities: FULL,
        individual: &individual,
        was_sent: false,
    };
    let mut s = standing(Status::Withdrawn, true);
    s.evidence.ended = Some("2026-03-12".into());
    assert_eq!(json_of(parcel(&t, &subject(), &s, &target).body).get("period"), None, "it never began");
    s.status = Status::OnStudy;
    s.evidence = Evidence { registered: Some(AT), ended: None, ..s.evidence };
    let value = json_of(parcel(&t, &subject(), &s, &target).body);
    assert_eq!(value["period"], json!({"start": "2026-03-15"}), "the day of the site");
}

#[test]
fn the_study_is_told_without_what_is_hidden() {
    let mut t = trial();
    let value = json_of(research_study(&t, Reader::Target));
    assert_eq!(value["id"], "nct01234567");
    assert_eq!(value["identifier"][0]["value"], "NCT01234567");
    assert_eq!(value["title"], "A study of \"quotes\"");
    assert_eq!(value["period"], json!({"start": "2009-08"}));
    assert_eq!(value["arm"][0]["name"], "Arm A");
    assert_eq!(value["extension"][2]["valueUnsignedInt"], 20);
    t.hidden = vec!["arm".into()];
    assert_eq!(json_of(research_study(&t, Reader::Target)).get("arm"), None);
    t.study = Study { registry: t.study.registry, status: "active".into(), title: "T".into(), ..Study::default() };
    let bare = r#"{"resourceType":"ResearchStudy","id":"nct01234567","identifier":[{"system":"https://clinicaltrials.gov","value":"NCT01234567"}],"title":"T","status":"active"}"#;
    assert_eq!(String::from_utf8_lossy(&research_study(&t, Reader::Target)), bare);
    assert_eq!(study::parcel(&t).id, study_id(&t.id));
    assert_eq!(study_id("EU CT/2020_1"), "eu-ct-2020-1");
}

#[test]
fn what_servers_write_otherwise_is_no_difference() {
    let ours = body(&standing(Status::Screening, true), TargetKind::Chart, FULL, &by_reference());
    let base = json_of(&ours);
    let check = |change: &dyn Fn(&mut Value)| {
        let mut theirs = base.clone();
        change(&mut theirs);
        same(ours.as_bytes(), theirs.to_string().as_bytes())
    };
    assert!(check(&|_| {}));
    assert!(check(&|v| v["meta"] = json!({"versionId": "3", "lastUpdated": "2026-03-15T00:00:00Z"})));
    assert!(check(&|v| v["text"] = json!({"status": "generated", "div": "<div/>"})));
    assert!(check(&|v| v["study"]["reference"] = json!("http://t/fhir/ResearchStudy/nct01234567/_history/2")));
    assert!(check(&|v| v["study"] = json!({"identifier": v["study"]["identifier"]})));
    assert!(check(&|v| v["period"]["start"] = json!("2026-03-10T00:00:00+08:00")));
    assert!(check(&|v| v["identifier"].as_array_mut().expect("array").insert(0, json!({"value": "own"}))));
    assert!(!check(&|v| v["status"] = json!("eligible")));
    assert!(!check(&|v| v["individual"]["reference"] = json!("Patient/p2")));
    assert!(!check(&|v| v["period"]["end"] = json!("2026-03-11")));
    assert!(!check(&|v| v["study"] = json!({"reference": "ResearchStudy/other"})));
    assert!(!check(&|v| v["identifier"] = json!([])));
    assert!(!check(&|v| v["extension"] = json!([{"url": "x/StructureDefinition/basis", "valueCode": "computed"}])));
    assert!(!same(ours.as_bytes(), b"<html>"));
}

#[test]
fn issues_become_an_outcome() {
    let issues = [Issue::error("structure", "Observation.code", "found none; wanted a code")];
    let wanted = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"structure","diagnostics":"found none; wanted a code","expression":["Observation.code"]}]}"#;
    assert_eq!(String::from_utf8_lossy(&operation_outcome(&issues)), wanted);
    assert_eq!(json_of(operation_outcome(&[]))["issue"][0]["severity"], "information");
}

#[test]
fn resources_are_spliced_into_bundles_byte_for_byte() {
    let raw = br#"{ "resourceType":"Observation", "valueQuantity":{"value":12.10} }"#;
    let hit = Hit { full_url: "http://x/fhir/Observation/1", body: raw, mode: "match" };
    let links = [("self", "http://x/fhir/Observation?_count=1".to_owned())];
    let set = searchset(Some(1), &links, &[hit]);
    assert!(set.windows(raw.len()).any(|w| w == raw));
    assert_eq!(json_of(&set)["entry"][0]["search"]["mode"], "match");
    let empty = r#"{"resourceType":"Bundle","type":"searchset","total":0}"#;
    assert_eq!(String::from_utf8_lossy(&searchset(Some(0), &[], &[])), empty);
    let response = Response {
        status: "201 Created".into(),
        etag: Some("W/\"1\"".into()),
        resource: Some(raw.to_vec()),
        outcome: Some(operation_outcome(&[])),
        ..Response::default()
    };
    let answer = json_of(transaction_response(Kind::Transaction, &[response.clone(), response.clone()]));
    assert_eq!(answer["type"], "transaction-response");
    assert_eq!(answer["entry"][1]["response"]["etag"], "W/\"1\"");
    assert_eq!(answer["entry"][0]["response"]["outcome"]["resourceType"], "OperationOutcome");
    let versions = [("http://x/fhir/Observation/1".to_owned(), "PUT", response)];
    assert_eq!(json_of(history(None, &[], &versions))["entry"][0]["request"]["url"], "Observation/1");
}

fn capability() -> Vec<u8> {
    let types = [
        ServedType {
            name: "ResearchSubject",
            interactions: &["read", "search-type"],
            search: &[("identifier", "token"), ("patient", "reference")],
            ..ServedType::default()
        },
        ServedType {
            name: "Observation",
            interactions: &["create", "update", "read", "vread", "delete", "search-type", "history-instance"],
            update_create: true,
            conditional_create: true,
            conditional_update: true,
            versioned_update: true,
            read_history: true,
            search: &[("_id", "token"), ("date", "date")],
            ..ServedType::default()
        },
    ];
    let server = Server {
        base: "http://127.0.0.1:8080/fhir",
        version: "0.1.0",
        date: "2026-03-15",
        interactions: &["transaction", "batch"],
        types: &types,
        search: &[("_count", "number")],
        operations: &[("versions", "http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions")],
        secured: true,
    };
    statement(&server)
}

#[test]
fn the_statement_says_what_the_table_says() {
    let value = json_of(capability());
    let rest = &value["rest"][0];
    assert_eq!((&value["fhirVersion"], &rest["mode"]), (&json!("4.0.1"), &json!("server")));
    assert_eq!(rest["resource"][0]["versioning"], "no-version");
    assert_eq!(rest["resource"][0].get("updateCreate"), None, "nothing is written there");
    assert_eq!(rest["resource"][1]["updateCreate"], true);
    assert_eq!(rest["resource"][1]["searchParam"][1], json!({"name": "date", "type": "date"}));
}

/// With `PUBLISH_SAMPLES=DIR` the shapes are written there, for the HAPI validator.
#[test]
fn samples_for_the_validator() {
    let Ok(folder) = std::env::var("PUBLISH_SAMPLES") else { return };
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(format!("{folder}/{name}.json"), bytes).expect("the folder takes files");
    };
    let person = Individual::Identifier(format!("{BASE}/sid/person"), "A1".into());
    for status in Status::ALL {
        let mut s = standing(status, true);
        write(&format!("chart-{}", status.code()), body(&s, TargetKind::Chart, FULL, &by_reference()).as_bytes());
        s.evidence.ended = Some("2026-03-12".into());
        write(&format!("store-{}", status.code()), body(&s, TargetKind::ResearchStore, FULL, &person).as_bytes());
    }
    for status in [Status::PotentialCandidate, Status::Candidate, Status::Ineligible] {
        let text = body(&standing(status, false), TargetKind::ResearchStore, FULL, &person);
        write(&format!("computed-{}", status.code()), text.as_bytes());
    }
    write("study", &research_study(&trial(), Reader::Target));
    write("capability", &capability());
    write("outcome", &operation_outcome(&[Issue::error("structure", "Observation.code", "found none")]));
    write("outcome-empty", &operation_outcome(&[]));
    let response = Response {
        status: "201 Created".into(),
        etag: Some("W/\"1\"".into()),
        outcome: Some(operation_outcome(&[])),
        ..Response::default()
    };
    write("transaction-response", &transaction_response(Kind::Transaction, &[response]));
}
