//! What is rendered and not stored, at the door: under which purpose it is told, and how it is found.

use super::house::observation;
use super::staffed::{BASE, TRIAL, case, staffed, word};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trialgate::decide::{Act, Consent};
use trialgate::flow::people::{Signer, act_on, evidence_seen};
use trialgate::flow::profiles::Profiles;
use trialgate::model::purpose::Purpose::{Count, List, Name};
use trialgate::model::standing::Role;

const PERSONAL: [&str; 3] = ["GuidanceResponse", "Task", "Provenance"];

#[tokio::test]
async fn a_verdict_work_and_provenance_are_read_and_found_under_the_subjects_own_id() {
    let staffed = staffed(&[Count, List]).await;
    let mut subjects = BTreeSet::new();
    for name in ["C01", "C06", "C07", "C12"] {
        let patient = staffed.arrive(name).await;
        subjects.insert(staffed.subject(&patient).await);
    }
    for kind in PERSONAL {
        let all = staffed.all(&format!("/fhir/{kind}")).await;
        let paged = staffed.all(&format!("/fhir/{kind}?_count=1")).await;
        assert_eq!(all, paged, "{kind}");
        let about: BTreeSet<String> = all.iter().map(|r| word(r, "id")[..32].to_owned()).collect();
        assert!(kind == "Task" || about == subjects, "{kind}: {about:?}");
        for one in &all {
            let id = word(one, "id");
            let read = staffed.house.get(&format!("/fhir/{kind}/{id}")).await;
            assert_eq!((read.status, &read.json()), (200, one));
            assert_eq!(staffed.all(&format!("/fhir/{kind}?_id={id}")).await, std::slice::from_ref(one));
            let text = one.to_string();
            assert!(!text.contains("Patient/") && !text.contains("Observation/"), "{text}");
        }
        assert!(!all.is_empty(), "{kind}");
    }
    let id = subjects.first().expect("one");
    let statuses = staffed.all("/fhir/GuidanceResponse?status=data-required").await;
    assert!(statuses.iter().all(|g| g["status"] == "data-required"));
    let by_module = format!("/fhir/GuidanceResponse?module={BASE}/fhir/PlanDefinition/nct00962923");
    assert_eq!(staffed.all(&by_module).await.len(), subjects.len());
    assert_eq!(staffed.all(&format!("{by_module}|7")).await.len(), 0);
    for (kind, parameter) in [("Task", "focus"), ("Provenance", "target")] {
        for form in
            [format!("ResearchSubject/{id}"), format!("http://{}/fhir/ResearchSubject/{id}", staffed.house.address)]
        {
            let found = staffed.all(&format!("/fhir/{kind}?{parameter}={form}")).await;
            assert!(found.iter().all(|r| word(r, "id").starts_with(id.as_str())), "{kind}");
            assert!(kind == "Task" || !found.is_empty(), "{kind} {form}");
        }
    }
    let code = "https://trialgate.example/fhir/CodeSystem/work-item|obtain-data";
    assert!(!staffed.all(&format!("/fhir/Task?code={code}")).await.is_empty());
    let history = staffed.house.get(&format!("/fhir/GuidanceResponse/{id}/_history")).await;
    assert!(matches!(history.status, 404 | 405), "a projection has no history: {history:?}");
}

#[tokio::test]
async fn without_its_purpose_nothing_is_told_and_nothing_is_betrayed() {
    let staffed = staffed(&[Count, List]).await;
    let patient = staffed.arrive("C04").await;
    let id = staffed.subject(&patient).await;
    let nobody = "f".repeat(32);
    let unknown = staffed.house.get(&format!("/fhir/GuidanceResponse/{nobody}")).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not-found"));

    let by_patient = [
        format!("GuidanceResponse?patient={patient}"),
        format!("ResearchSubject?patient={patient}"),
        format!("ResearchSubject?individual=Patient/{patient}"),
    ];
    for query in &by_patient {
        let page = staffed.house.get(&format!("/fhir/{query}")).await.json();
        let entries = page["entry"].as_array().expect("a remark");
        let code = &entries[0]["resource"]["issue"][0]["code"];
        assert_eq!((entries.len(), code), (1, &json!("suppressed")), "{query}");
    }
    assert_eq!(staffed.all("/fhir/ResearchSubject").await.len(), 1);

    staffed.restate(&[Count, List, Name]);
    for query in &by_patient {
        assert_eq!(staffed.all(&format!("/fhir/{query}")).await.len(), 1, "{query}");
    }
    let found = staffed.all(&format!("/fhir/GuidanceResponse?patient=Patient/{patient}")).await;
    assert_eq!((found.len(), &found[0]["subject"]["reference"]), (1, &json!(format!("Patient/{patient}"))));
    assert!(staffed.all("/fhir/GuidanceResponse?subject=Patient/nobody").await.is_empty());
    let origin = staffed.all(&format!("/fhir/Provenance?target=GuidanceResponse/{id}")).await;
    let sources: Vec<String> =
        origin[0]["entity"].as_array().expect("sources").iter().map(|e| word(&e["what"], "reference")).collect();
    assert!(sources.iter().all(|s| s.contains("/_history/")), "{sources:?}");
    for source in &sources {
        let path = source.split("/_history").next().expect("a path");
        assert_eq!(staffed.house.get(&format!("/fhir/{path}")).await.status, 200, "{source}");
    }

    staffed.restate(&[Count]);
    for kind in PERSONAL.into_iter().chain(["ResearchSubject"]) {
        assert!(staffed.all(&format!("/fhir/{kind}")).await.is_empty(), "{kind}");
    }
    for path in [format!("GuidanceResponse/{id}"), format!("ResearchSubject/{id}")] {
        let hidden = staffed.house.get(&format!("/fhir/{path}")).await;
        assert_eq!((hidden.status, &hidden.text), (404, &unknown.text), "as if it were not there");
    }
    let history = staffed.house.get(&format!("/fhir/ResearchSubject/{id}/_history")).await;
    assert_eq!(history.status, 404);
}

#[tokio::test]
async fn the_dead_the_restricted_and_who_objected_are_in_no_list() {
    let staffed = staffed(&[Count, List]).await;
    let mut ids = Vec::new();
    for name in ["C04", "C06", "C12"] {
        let patient = staffed.arrive(name).await;
        ids.push((staffed.subject(&patient).await, patient, case(name)["resources"][0].clone()));
    }
    let mut resources = ids.iter().map(|(_, _, patient)| patient.clone());
    let mut dead = resources.next().expect("one");
    dead["deceasedBoolean"] = true.into();
    let mut restricted = resources.next().expect("one");
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    restricted["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    for resource in [&dead, &restricted] {
        let path = format!("/fhir/Patient/{}", word(resource, "id"));
        assert_eq!(staffed.house.send("PUT", &path, resource).await.status, 200);
    }
    // Before anything is assessed anew: what is told is asked at the moment of telling.
    let left: Vec<String> = staffed.all("/fhir/GuidanceResponse").await.iter().map(|g| word(g, "id")).collect();
    assert_eq!(left, [ids[2].0.clone()]);
    let subjects: Vec<String> = staffed.all("/fhir/ResearchSubject").await.iter().map(|s| word(s, "id")).collect();
    assert_eq!(subjects, left);
    let signer = Signer { name: "Coordinator One".into(), role: Role::Coordinator };
    let person = staffed.person(&ids[2].1).await;
    act_on(&staffed.desk, person, TRIAL, &Act::Object, &signer).await.expect("an objection");
    for kind in PERSONAL.into_iter().chain(["ResearchSubject"]) {
        assert!(staffed.all(&format!("/fhir/{kind}")).await.is_empty(), "{kind}");
    }
    for (place, (id, ..)) in ids.iter().enumerate() {
        assert_eq!(staffed.house.get(&format!("/fhir/GuidanceResponse/{id}")).await.status, 404);
        // What an objection takes back says so to who had read it.
        let wanted = if place == 2 { 410 } else { 404 };
        assert_eq!(staffed.house.get(&format!("/fhir/ResearchSubject/{id}")).await.status, wanted);
    }
}

#[tokio::test]
async fn from_consent_on_the_trials_own_ground_holds_and_a_signature_is_asked_for() {
    let staffed = staffed(&[Count, List, trialgate::model::purpose::Purpose::Contact]).await;
    let patient = staffed.arrive("C01").await;
    let (id, person) = (staffed.subject(&patient).await, staffed.person(&patient).await);
    let signer = Signer { name: "Coordinator One".into(), role: Role::Coordinator };
    let consent = Act::RecordConsent(Consent {
        signer: "subject".into(),
        day: "2026-03-14".into(),
        version: "1".into(),
        reference: None,
    });
    act_on(&staffed.desk, person, TRIAL, &consent, &signer).await.expect("consented");
    staffed.settle().await;
    staffed.restate(&[]);
    let told = staffed.house.get(&format!("/fhir/GuidanceResponse/{id}")).await;
    assert_eq!((told.status, &told.json()["status"]), (200, &json!("data-requested")), "{told:?}");
    let work = staffed.all("/fhir/Task").await;
    assert_eq!((work.len(), &work[0]["code"]["coding"][0]["code"]), (1, &json!("confirm")), "{work:?}");
    let origins = staffed.all(&format!("/fhir/Provenance?target=ResearchSubject/{id}")).await;
    let versions: Vec<String> = origins.iter().map(|p| word(&p["target"][0], "reference")).collect();
    let newest = staffed.house.get(&format!("/fhir/ResearchSubject/{id}")).await.json();
    let wanted = format!("ResearchSubject/{id}/_history/{}", word(&newest["meta"], "versionId"));
    assert_eq!(versions.last(), Some(&wanted));
    let made = &origins.last().expect("one")["agent"];
    assert_eq!(
        (&made[0]["who"]["reference"], &made[1]["who"]["display"]),
        (&json!("Device/gateway"), &json!("coordinator"))
    );
    assert_eq!(made[1]["onBehalfOf"]["reference"], "Organization/nct00962923-nj");
}

#[tokio::test]
async fn each_definition_of_ours_is_served_as_it_stands() {
    let staffed = staffed(&[]).await;
    let files = Profiles::built_in().below("fhir");
    assert!(files.len() > 15, "{}", files.len());
    for (file, text) in files {
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let (kind, id, url) = (word(&value, "resourceType"), word(&value, "id"), word(&value, "url"));
        assert_eq!(file, format!("{kind}-{id}.json"));
        assert_eq!(url, format!("https://trialgate.example/fhir/{kind}/{id}"));
        let read = staffed.house.get(&format!("/fhir/{kind}/{id}")).await;
        assert_eq!((read.status, read.text.as_str()), (200, text.as_str()), "{file}");
        assert_eq!(staffed.all(&format!("/fhir/{kind}?url={url}")).await, [value], "{file}");
        let same = staffed
            .house
            .ask("GET", &format!("/fhir/{kind}/{id}"), &[&format!("If-None-Match: {}", read.header("etag"))], b"")
            .await;
        assert_eq!(same.status, 304, "{file}");
    }
}

#[tokio::test]
async fn what_resources_point_at_can_be_read() {
    let staffed = staffed(&[Count, List, Name]).await;
    staffed.arrive("C04").await;
    let types = staffed.house.get("/fhir/metadata").await.json()["rest"][0]["resource"].clone();
    let types: BTreeSet<String> = types.as_array().expect("types").iter().map(|t| word(t, "type")).collect();
    let (mut followed, mut open) = (BTreeSet::new(), Vec::new());
    for kind in types.iter().filter(|t| !matches!(t.as_str(), "Patient" | "Observation")) {
        for resource in staffed.all(&format!("/fhir/{kind}")).await {
            collect(&resource, &mut open);
        }
    }
    for reference in open {
        let plain = reference.split("/_history/").next().unwrap_or_default().to_owned();
        let path = match plain
            .strip_prefix(&format!("{BASE}/fhir/"))
            .or(plain.strip_prefix("https://trialgate.example/fhir/"))
        {
            Some(rest) => rest.split('|').next().unwrap_or_default().to_owned(),
            None => plain,
        };
        let kind = path.split('/').next().unwrap_or_default().to_owned();
        if types.contains(&kind) && followed.insert(path.clone()) {
            assert_eq!(staffed.house.get(&format!("/fhir/{path}")).await.status, 200, "{path}");
        }
    }
    for kind in [
        "PlanDefinition",
        "Library",
        "Group",
        "Device",
        "Location",
        "Organization",
        "ResearchSubject",
        "StructureDefinition",
        "CodeSystem",
        "ValueSet",
        "GuidanceResponse",
        "Observation",
    ] {
        assert!(followed.iter().any(|p| p.starts_with(&format!("{kind}/"))), "nothing points at {kind}: {followed:?}");
    }
}

/// Every reference and canonical in a resource.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|v| collect(v, found)),
        Value::Object(members) => members.iter().for_each(|(key, v)| match v.as_str() {
            Some(text)
                if matches!(
                    key.as_str(),
                    "reference" | "url" | "system" | "valueSet" | "moduleCanonical" | "instantiatesCanonical"
                ) =>
            {
                found.push(text.to_owned());
            }
            _ => collect(v, found),
        }),
        Value::String(text) if text.contains("/fhir/") => found.push(text.clone()),
        _ => {}
    }
}

fn bundle(case: &Value) -> Value {
    let entries: Vec<Value> =
        case["resources"].as_array().expect("resources").iter().map(|r| json!({ "resource": r })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

#[tokio::test]
async fn a_patient_who_comes_along_is_judged_and_forgotten() {
    let staffed = staffed(&[]).await;
    let path = "/fhir/ResearchStudy/nct00962923/$evaluate-eligibility";
    let case = case("C04");
    let told = staffed.house.send("POST", path, &bundle(&case)).await;
    assert_eq!(told.status, 200, "{told:?}");
    let told = told.json();
    assert_eq!(
        (&told["resourceType"], &told["subject"]["reference"]),
        (&json!("GuidanceResponse"), &json!(format!("Patient/{}", word(&case["resources"][0], "id"))))
    );
    let overall = |g: &Value| g["contained"][0]["parameter"][0]["valueCode"].clone();
    let mut expected = Vec::new();
    for moment in ["2026-03-15", "2046-03-15"] {
        let parameters = json!({ "resourceType": "Parameters", "parameter": [
            { "name": "data", "resource": bundle(&case) }, { "name": "asOf", "valueDateTime": moment }, { "name": "study", "valueId": "nct00962923" } ] });
        let at = staffed.house.send("POST", path, &parameters).await.json();
        let by_name = staffed.house.send("POST", "/fhir/ResearchStudy/$evaluate-eligibility", &parameters).await.json();
        assert_eq!(at, by_name);
        expected.push(overall(&at));
    }
    assert_ne!(expected[0], expected[1], "twenty years later");
    assert_eq!(staffed.house.kept().await, 0);
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused_with_every_reason() {
    let staffed = staffed(&[]).await;
    let case = case("C04");
    let path = "/fhir/ResearchStudy/nct00962923/$evaluate-eligibility";
    let good = bundle(&case);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        bundle
    };
    let second = json!({ "resource": { "resourceType": "Patient", "id": "other" } });
    let table: Vec<(&str, Value, u16, &str, &str)> = vec![
        ("no bundle", json!({ "resourceType": "Parameters" }), 422, "required", "Parameters"),
        ("another type", case["resources"][0].clone(), 400, "invalid", "resourceType"),
        (
            "unknown name",
            json!({ "resourceType": "Parameters", "parameter": [{ "name": "x", "valueId": "y" }] }),
            422,
            "not-supported",
            "Parameters.parameter[0]",
        ),
        (
            "two patients",
            with(&|b| b["entry"].as_array_mut().expect("entries").push(second.clone())),
            422,
            "invalid",
            "Bundle.entry",
        ),
        (
            "no patient",
            with(&|b| drop(b["entry"].as_array_mut().expect("entries").remove(0))),
            422,
            "required",
            "Bundle.entry",
        ),
        (
            "a foreign result",
            with(&|b| b["entry"][2]["resource"]["subject"]["reference"] = "Patient/other".into()),
            422,
            "invalid",
            "Bundle.entry[2]",
        ),
        (
            "a wrong status",
            with(&|b| b["entry"][3]["resource"]["status"] = "enrolled".into()),
            422,
            "code-invalid",
            "Bundle.entry[3].resource.status",
        ),
    ];
    for (what, body, status, code, place) in table {
        let answer = staffed.house.send("POST", path, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
        let found = answer.json()["issue"][0]["expression"][0].as_str().unwrap_or_default().to_owned();
        assert!(found.starts_with(place), "{what}: {found}");
    }
    let nowhere = staffed.house.send("POST", "/fhir/ResearchStudy/none/$evaluate-eligibility", &good).await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "not-found"));
    let silent = staffed.house.send("POST", "/fhir/ResearchStudy/$evaluate-eligibility", &good).await;
    assert_eq!((silent.status, silent.code().as_str()), (422, "required"));
    let encounter = json!({ "resource": { "resourceType": "Encounter", "status": "finished" } });
    let more = with(&|b| b["entry"].as_array_mut().expect("entries").push(encounter.clone()));
    let told = staffed.house.send("POST", path, &more).await.json();
    let remark = &told["contained"][1]["issue"][0];
    assert_eq!(
        (&told["evaluationMessage"][0]["reference"], &remark["code"], &remark["severity"]),
        (&json!("#remarks"), &json!("not-supported"), &json!("information"))
    );
    assert_eq!(staffed.house.kept().await, 0);
}

#[tokio::test]
async fn from_registration_on_the_sealed_verdict_is_told_and_after_withdrawal_none() {
    let staffed = staffed(&[Count, List, trialgate::model::purpose::Purpose::Contact]).await;
    let (coordinator, investigator) = (Role::Coordinator, Role::Investigator);
    let act = async |patient: &str, act: Act, role: Role| {
        let person = staffed.person(patient).await;
        let signer = Signer { name: "Signer One".into(), role };
        act_on(&staffed.desk, person, TRIAL, &act, &signer).await.expect("acted");
        staffed.settle().await;
    };
    let consent = || {
        let (signer, day, version) = ("subject".into(), "2026-03-14".into(), "1".into());
        Act::RecordConsent(Consent { signer, day, version, reference: None })
    };
    let verdict = |told: &Value| told["contained"][0]["parameter"][0]["valueCode"].clone();
    let registered = staffed.arrive("C01").await;
    act(&registered, consent(), coordinator).await;
    let person = staffed.person(&registered).await;
    let seen = evidence_seen(&staffed.desk, person, TRIAL).await.expect("read").expect("evidence");
    act(&registered, Act::SignEligible { seen }, investigator).await;
    act(&registered, Act::Register { at: staffed.desk.now() }, coordinator).await;
    let path = format!("/fhir/GuidanceResponse/{}", staffed.subject(&registered).await);
    let before = staffed.house.get(&path).await.json();
    let later = observation("later", "50").replace("Patient/p", &format!("Patient/{registered}"));
    let later = later.replace("2026-03-01T08:00:00Z", "2026-03-15T08:00:00Z");
    assert_eq!(staffed.house.ask("PUT", "/fhir/Observation/later", &[], later.as_bytes()).await.status, 201);
    staffed.settle().await;
    assert_eq!((verdict(&before), staffed.house.get(&path).await.json()), (json!("eligible"), before));
    assert!(staffed.all("/fhir/Task").await.iter().all(|t| t["code"]["coding"][0]["code"] == "review-alert"));

    let withdrawn = staffed.arrive("C07").await;
    act(&withdrawn, consent(), coordinator).await;
    let path = format!("/fhir/GuidanceResponse/{}", staffed.subject(&withdrawn).await);
    assert_eq!(staffed.house.get(&path).await.status, 200);
    let day = "2026-03-15".into();
    act(&withdrawn, Act::Withdraw { reason: "no longer wishes".into(), day }, coordinator).await;
    assert_eq!(staffed.house.get(&path).await.status, 404);
}
