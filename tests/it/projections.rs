//! What is rendered and not stored: verdicts, work, criteria, definitions, provenance.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases;
use trialgate::model::key::PersonKey;
use trialgate::model::standing::{Actor, Evidence, Role, Standing, Status};
use trialgate::model::time::Instant;
use trialgate::publish::guidance::{About, guidance_response};
use trialgate::publish::provenance::{Around, of_standing, of_verdict};
use trialgate::publish::subject::Individual;
use trialgate::publish::{around, group, plan, task};
use trialgate::trial::definition::Trial;

const TRIAL: &str = "NCT00962923";
const BASE: &str = "https://gateway.example";
const ID: &str = "0123456789abcdef0123456789abcdef";
const AT: &str = "2026-03-15T23:59:59.999+08:00";

fn library() -> Library {
    Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"))
}

fn individual() -> Individual {
    Individual::Identifier(format!("{BASE}/sid/person"), ID.into())
}

/// The verdicts of the definition's own cases, by file.
fn verdicts(library: &Library) -> BTreeMap<String, Value> {
    let trial = &library.trial(TRIAL).expect("the trial").trial;
    let files = Profiles::built_in().below(&format!("trials/{TRIAL}"));
    cases::run_all(trial, &library.terms, &files).into_iter().map(|c| (c.file, c.json)).collect()
}

fn guidance(trial: &Trial, verdict: &Value) -> Value {
    let about = About { id: Some(ID), base: BASE, individual: &individual(), at: AT, remarks: &[] };
    json_of(guidance_response(trial, verdict, &about))
}

fn json_of(bytes: Vec<u8>) -> Value {
    let value = serde_json::from_slice(&bytes).expect("JSON");
    crate::peers::collect::keep("projections", &bytes);
    value
}

/// The parameter of that name in a GuidanceResponse's result.
fn result<'v>(guidance: &'v Value, name: &str) -> Vec<&'v Value> {
    let all = guidance["contained"][0]["parameter"].as_array().expect("parameters");
    all.iter().filter(|p| p["name"] == name).collect()
}

#[test]
fn a_verdict_tells_results_and_no_value() {
    let library = library();
    let trial = &library.trial(TRIAL).expect("the trial").trial;
    let mut seen = BTreeMap::new();
    for (file, verdict) in verdicts(&library) {
        let told = guidance(trial, &verdict);
        assert_eq!(told["outputParameters"]["reference"], "#result", "{file}");
        assert_eq!(told["moduleCanonical"], format!("{BASE}/fhir/PlanDefinition/nct00962923|1"));
        assert_eq!(result(&told, "overall")[0]["valueCode"], verdict["overall"], "{file}");
        assert_eq!(result(&told, "criterion").len(), trial.criteria.len(), "{file}");
        let undetermined = verdict["overall"] == "undetermined";
        assert_eq!(told["status"] == "data-required", undetermined, "{file}");
        assert_eq!(told.get("dataRequirement").is_some(), undetermined, "{file}");
        let text = told.to_string();
        for fact in
            verdict["criteria"].as_array().expect("criteria").iter().flat_map(|c| c["facts"].as_array()).flatten()
        {
            for word in ["received", "source", "at"].into_iter().filter_map(|key| fact[key].as_str()) {
                let number = word.parse::<f64>().is_ok() || word.len() < 6;
                assert!(number || !text.contains(word), "{file}: {word}");
            }
        }
        *seen.entry(told["status"].as_str().expect("a status").to_owned()).or_insert(0) += 1;
    }
    assert!(seen.len() >= 2, "{seen:?}");
}

#[test]
fn what_leans_on_a_presumption_asks_for_data() {
    let library = library();
    let trial = &library.trial(TRIAL).expect("the trial").trial;
    let all = verdicts(&library);
    let mut verdict = all.values().find(|v| v["overall"] == "ineligible").expect("one").clone();
    for (presumed, provisional, status) in
        [(false, false, "success"), (true, false, "data-requested"), (false, true, "data-requested")]
    {
        (verdict["presumed"], verdict["provisional"]) = (presumed.into(), provisional.into());
        assert_eq!(guidance(trial, &verdict)["status"], status);
    }
    verdict["overall"] = "undetermined".into();
    assert_eq!(guidance(trial, &verdict)["status"], "data-required");
}

#[test]
fn what_is_missing_is_asked_for_with_code_and_window() {
    let library = library();
    let trial = &library.trial(TRIAL).expect("the trial").trial;
    let verdict = json!({ "overall": "undetermined", "criteria": [], "readings": {}, "missing": [
        { "variable": "dlco_pct", "reason": "too old", "criteria": ["I3", "E1"] },
        { "variable": "vc_pct or fvc_pct", "reason": "never seen", "criteria": ["I3"] },
        { "variable": "venous_access", "reason": "awaiting attestation", "criteria": ["E4"] },
        { "variable": "birth_date", "reason": "known in part", "criteria": ["I0"] } ] });
    let told = guidance(trial, &verdict);
    let asked = told["dataRequirement"].as_array().expect("requirements");
    let kinds: Vec<&str> = asked.iter().filter_map(|d| d["type"].as_str()).collect();
    assert_eq!(kinds, ["Observation", "Observation", "Observation", "QuestionnaireResponse", "Patient"]);
    assert_eq!(asked[0]["codeFilter"][0]["code"][0], json!({ "system": "http://loinc.org", "code": "98130-8" }));
    assert_eq!(asked[0]["dateFilter"][0]["valueDuration"]["value"], 90);
    assert_eq!(asked[0]["limit"], 1);
    assert_eq!(asked[0]["extension"][0]["extension"][1]["valueCode"], "too-old");

    let items = task::items(trial, &verdict, AT);
    let work: Vec<&str> = items.iter().map(|i| i.work.code()).collect();
    assert_eq!(work, ["obtain-data", "obtain-data", "confirm", "obtain-data"]);
    let one = json_of(task::task(trial, BASE, ID, &individual(), &items[0]));
    assert_eq!((&one["intent"], &one["status"]), (&json!("proposal"), &json!("requested")));
    assert_eq!(one["reasonReference"]["reference"], format!("GuidanceResponse/{ID}"));
    assert_eq!(one["for"]["identifier"]["value"], ID);
    assert_eq!(one["id"], items[0].id(ID));
    let again = task::items(trial, &verdict, "2026-04-01");
    assert_eq!(again[0].id(ID), items[0].id(ID), "the same work keeps its id");
    let alert = task::alert(trial, "death", "A death is recorded.", AT).expect("an alert");
    let told = json_of(task::task(trial, BASE, ID, &individual(), &alert));
    assert_eq!(told["code"]["coding"][0]["code"], "review-alert");
}

#[test]
fn the_criteria_can_be_read_and_only_musts_are_characteristics() {
    let library = library();
    let active = library.trial(TRIAL).expect("the trial");
    let trial = &active.trial;
    let told = json_of(group::group(trial, BASE));
    let of = |name: &str| -> Vec<&Value> {
        let all = told["characteristic"].as_array().expect("characteristics");
        all.iter().filter(|c| c["code"]["coding"][0]["code"] == name).collect()
    };
    assert_eq!(
        of("mrss")[0]["valueQuantity"],
        json!({ "value": 20, "comparator": ">", "unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}" })
    );
    assert_eq!((of("age").len(), &of("age")[0]["valueQuantity"]["code"]), (2, &json!("a")));
    assert_eq!(
        (&of("platelets")[0]["valueQuantity"]["value"], &of("platelets")[0]["exclude"]),
        (&json!(80), &json!(true))
    );
    assert_eq!(
        (&of("venous_access")[0]["valueBoolean"], &of("venous_access")[0]["exclude"]),
        (&json!(true), &json!(false))
    );
    assert!(of("albumin").is_empty() && of("creatinine").is_empty(), "routes are no musts");
    let rest: Vec<&str> =
        told["extension"].as_array().expect("the rest").iter().filter_map(|e| e["valueString"].as_str()).collect();
    assert!(
        rest.iter().any(|r| r.starts_with("I4 (inclusion)")) && !rest.iter().any(|r| r.starts_with("I0 ")),
        "{rest:?}"
    );
    for criterion in &trial.criteria {
        let escaped = criterion.protocol.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(told["text"]["div"].as_str().expect("a narrative").contains(&escaped), "{}", criterion.id);
    }

    let told = json_of(plan::plan_definition(trial, BASE));
    let words = told["action"][0]["action"][0]["action"].as_array().expect("inclusions");
    let one = words.iter().find(|a| a["prefix"] == "I4").expect("I4");
    let criterion = trial.criteria.iter().find(|c| c.id == "I4").expect("I4");
    assert_eq!(one["textEquivalent"], criterion.protocol.as_str());
    assert_eq!(one["condition"][0]["expression"]["expression"], criterion.expression.text.as_str());
    let told = json_of(plan::library(trial, BASE, &active.files));
    assert_eq!(told["content"][0]["contentType"], "application/toml");
    assert!(
        told["content"][0]["data"].as_str().expect("data").starts_with("IzpzY2hlbWEg"),
        "{}",
        told["content"][0]["title"]
    );
    json_of(plan::variables_code_system(trial, BASE));
    json_of(around::device(BASE, "0.1.0"));
    for site in &trial.study.sites {
        json_of(around::organization(trial, site, BASE));
        json_of(around::location(trial, site, BASE));
    }
}

#[test]
fn what_is_blinded_shows_nowhere() {
    let library = library();
    let active = library.trial(TRIAL).expect("the trial");
    let mut trial = (*active.trial).clone();
    let verdicts = verdicts(&library);
    let open = verdicts.values().find(|v| v["missing"].as_array().is_some_and(|m| !m.is_empty())).expect("an open one");
    let hidden =
        open["missing"][0]["variable"].as_str().expect("a name").split(" or ").next().expect("a name").to_owned();
    let leaning: Vec<Value> = open["missing"][0]["criteria"].as_array().expect("criteria").clone();
    assert!(guidance(&trial, open).to_string().contains(&hidden));
    trial.hidden = vec![hidden.clone()];
    let told = guidance(&trial, open);
    assert!(!told.to_string().contains(&hidden), "{hidden}");
    assert!(result(&told, "criterion").iter().all(|c| !leaning.contains(&c["part"][0]["valueString"])), "{leaning:?}");
    assert!(told["note"][0]["text"].as_str().expect("a note").contains("blinded"));
    assert!(task::items(&trial, open, AT).iter().all(|i| !i.variables.contains(&hidden)));
    assert!(json_of(plan::library(&trial, BASE, &active.files)).get("content").is_none());

    trial.hidden = vec!["study_drug".into()];
    assert!(task::alert(&trial, "drug-without-registration", "Study drug was given.", AT).is_none());
    assert!(task::alert(&trial, "death", "A death is recorded.", AT).is_some());
}

#[test]
fn provenance_names_versions_and_roles_and_no_one() {
    let library = library();
    let trial = &library.trial(TRIAL).expect("the trial").trial;
    let standing = Standing {
        person: PersonKey([7; 16]),
        trial: TRIAL.into(),
        attempt: 1,
        version: 3,
        status: Status::Screening,
        removed: false,
        actor: Actor::Person { name: "Jane Example".into(), role: Role::Coordinator },
        reason: "consent recorded".into(),
        evidence: Evidence::default(),
        at: Instant(1_773_518_400_000_000),
        expires: None,
        assessment: Some(5),
    };
    let around = Around { base: BASE, subject: ID, site: trial.study.sites.first() };
    let told = json_of(of_standing(trial, &standing, &around));
    assert_eq!(told["target"][0]["reference"], format!("ResearchSubject/{ID}/_history/3"));
    assert_eq!(told["entity"][0]["what"]["reference"], format!("GuidanceResponse/{ID}/_history/5"));
    assert_eq!(told["agent"][1]["who"]["display"], "coordinator");
    assert!(!told.to_string().contains("Jane") && !told.to_string().contains("consent"), "{told}");
    let sources = ["Observation/o/_history/2".to_owned()];
    let told = json_of(of_verdict(trial, 5, AT, &sources, &around));
    assert_eq!(told["target"][0]["reference"], format!("GuidanceResponse/{ID}/_history/5"));
    assert_eq!(told["entity"][0]["what"]["reference"], sources[0]);
    assert_eq!(told["id"], format!("{ID}-v5"));
}
