//! What the statement says and what is served are one: each interaction, parameter, link and operation that is stated
//! works, and nothing works that is not stated. And every route has a test: the list of those without one is empty.

use super::house::{House, administration, condition, medication, observation, open, patient, procedure, response};
use super::staffed::{Staffed, staffed};
use serde_json::Value;
use std::collections::BTreeSet;
use trialgate::flow::served::Served;
use trialgate::http::openapi::ROUTES;
use trialgate::http::operations::{OPERATIONS, On};
use trialgate::http::routes::{Interaction, TABLE, offers};
use trialgate::http::server::FHIR_PATHS;
use trialgate::model::draft::ResourceType;
use trialgate::model::purpose::Purpose;

/// A resource of a kept type.
fn sample(name: &str, id: &str) -> String {
    match ResourceType::named(name).expect("a kept type") {
        ResourceType::Patient => patient(id),
        ResourceType::Observation => observation(id, "80"),
        ResourceType::MedicationAdministration => administration(id, "2026-02-01T00:00:00Z"),
        ResourceType::Condition => condition(id, "active"),
        ResourceType::Procedure => procedure(id, "completed"),
        ResourceType::QuestionnaireResponse => response(id),
        ResourceType::Medication => medication(id, "20"),
    }
}

/// A house in which every kept type has a resource `p`, and a trial has a subject.
async fn furnished() -> Staffed {
    let staffed = staffed(&[Purpose::Count, Purpose::List, Purpose::Name]).await;
    staffed.arrive("C04").await;
    for kind in ResourceType::ALL {
        staffed.house.put(&sample(kind.name(), "p")).await;
        let lab = format!("/fhir/lab/{}/p", kind.name());
        staffed.house.ask("PUT", &lab, &[], sample(kind.name(), "p").as_bytes()).await;
    }
    staffed
}

/// The id of a resource that is there, where there is one.
async fn some_id(house: &House, base: &str, served: Served) -> String {
    if matches!(served, Served::Kept(_)) {
        return "p".into();
    }
    let page = house.get(&format!("{base}/{}?_count=1", served.name())).await.json();
    page["entry"][0]["resource"]["id"].as_str().unwrap_or("none").to_owned()
}

fn words(list: &Value) -> BTreeSet<String> {
    list.as_array().map(|l| l.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()).unwrap_or_default()
}

fn members(list: &Value, name: &str) -> BTreeSet<String> {
    list.as_array().map(|l| l.iter().filter_map(|v| v[name].as_str().map(str::to_owned)).collect()).unwrap_or_default()
}

/// Whether an interaction is served there: what is not answers with 405, or with 404 `not-supported`.
async fn is_served(house: &House, base: &str, name: &str, id: &str, what: Interaction) -> bool {
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let none: &[&str] = &[];
    let (verb, path, headers, body): (&str, String, &[&str], &[u8]) = match what {
        Interaction::Bundle => ("POST", String::new(), none, b"{"),
        Interaction::Capabilities => ("GET", "/metadata".into(), none, b""),
        Interaction::Create => ("POST", format!("/{name}"), none, b"{"),
        Interaction::ConditionalUpdate => ("PUT", format!("/{name}?identifier=urn:x|x"), none, b"{"),
        Interaction::ConditionalDelete => ("DELETE", format!("/{name}?identifier=urn:x|x"), none, b""),
        Interaction::SearchType => {
            let by_form = house.ask("POST", &format!("{base}/{name}/_search"), &form, b"").await.status;
            let by_query = house.get(&format!("{base}/{name}")).await.status;
            assert_eq!(by_form, by_query, "{name}: both ways or none");
            return by_query == 200;
        }
        Interaction::HistoryType => ("GET", format!("/{name}/_history"), none, b""),
        Interaction::Read => ("GET", format!("/{name}/{id}"), none, b""),
        Interaction::Vread => ("GET", format!("/{name}/{id}/_history/1"), none, b""),
        Interaction::Update => ("PUT", format!("/{name}/{id}"), none, b"{"),
        Interaction::Delete => ("DELETE", format!("/{name}/none"), none, b""),
        Interaction::HistoryInstance => ("GET", format!("/{name}/{id}/_history"), none, b""),
    };
    let answer = house.ask(verb, &format!("{base}{path}"), headers, body).await;
    assert_eq!(answer.status == 405, !answer.header("allow").is_empty(), "{verb} {path}");
    !(answer.status == 405 || answer.status == 404 && answer.code() == "not-supported")
}

#[tokio::test]
async fn every_interaction_that_is_stated_is_served_and_no_other() {
    let house = furnished().await.house;
    for (base, source) in [("/fhir", "main"), ("/fhir/lab", "lab")] {
        let said = house.get(&format!("{base}/metadata")).await.json();
        let rest = &said["rest"][0];
        assert_eq!(members(&rest["interaction"], "code"), BTreeSet::from(["batch".into(), "transaction".into()]));
        assert!(is_served(&house, base, "", "", Interaction::Bundle).await);
        let types = rest["resource"].as_array().expect("types");
        let served: Vec<Served> = Served::at(source).collect();
        assert_eq!(types.len(), served.len());
        for (stated, served) in types.iter().zip(served) {
            let name = stated["type"].as_str().expect("a type");
            let codes = members(&stated["interaction"], "code");
            let id = some_id(&house, base, served).await;
            for (_, _, what) in
                TABLE.iter().filter(|(_, _, w)| !matches!(w, Interaction::Bundle | Interaction::Capabilities))
            {
                let works = is_served(&house, base, name, &id, *what).await;
                let stated = match what {
                    Interaction::ConditionalUpdate => stated["conditionalUpdate"] == true,
                    Interaction::ConditionalDelete => stated["conditionalDelete"] == "single",
                    other => codes.contains(other.code().expect("a code")),
                };
                assert_eq!(works, stated, "{base} {name} {what:?}");
            }
            assert_eq!(stated["updateCreate"] == true, codes.contains("update"), "{name}");
            assert_eq!(stated["conditionalCreate"] == true, codes.contains("create"), "{name}");
            assert_eq!(stated["readHistory"] == true, codes.contains("vread"), "{name}");
            assert_eq!(stated["conditionalRead"], "full-support");
        }
    }
}

#[tokio::test]
async fn every_parameter_and_link_that_is_stated_works_and_no_other() {
    let house = furnished().await.house;
    let said = house.get("/fhir/metadata").await.json();
    let rest = &said["rest"][0];
    let everywhere = members(&rest["searchParam"], "name");
    let mut all_known = everywhere.clone();
    for stated in rest["resource"].as_array().expect("types") {
        all_known.extend(members(&stated["searchParam"], "name"));
    }
    // Names of R4 that clients try, and that are not served: nothing of them may work in silence.
    all_known.extend(
        [
            "name",
            "family",
            "address",
            "phone",
            "value-quantity",
            "encounter",
            "_text",
            "_content",
            "_has",
            "_filter",
            "_list",
            "_profile",
            "_tag",
            "_security",
            "_contained",
        ]
        .map(String::from),
    );
    let links: BTreeSet<String> = trialgate::flow::search::LINKS.iter().map(|l| l.word()).collect();
    let strict = async |path: &str| house.ask("GET", path, &["Prefer: handling=strict"], b"").await;
    for stated in rest["resource"].as_array().expect("types") {
        let name = stated["type"].as_str().expect("a type");
        let own = stated["searchParam"].as_array().expect("parameters");
        let known = members(&stated["searchParam"], "name");
        for parameter in all_known.iter().filter(|p| !everywhere.contains(*p)) {
            let kind = own.iter().find(|p| p["name"] == parameter.as_str()).and_then(|p| p["type"].as_str());
            let value = if kind == Some("date") { "2026-01-01" } else { "x" };
            let answer = strict(&format!("/fhir/{name}?{parameter}={value}")).await;
            match known.contains(parameter) {
                true => assert_eq!(answer.status, 200, "{name} {parameter}: {answer:?}"),
                false => {
                    assert_eq!((answer.status, answer.code().as_str()), (400, "not-supported"), "{name} {parameter}")
                }
            }
        }
        for (parameter, stated) in
            [("_include", words(&stated["searchInclude"])), ("_revinclude", words(&stated["searchRevInclude"]))]
        {
            for link in &links {
                let answer = strict(&format!("/fhir/{name}?{parameter}={link}")).await;
                assert_eq!(answer.status == 200, stated.contains(link), "{name} {parameter}={link}: {answer:?}");
            }
        }
        let parts = ["true", "text", "data", "false", "count"].map(|value| ("_summary", value));
        let others = [("_count", "1"), ("_elements", "id"), ("_total", "accurate")];
        for (parameter, value) in parts.into_iter().chain(others) {
            assert!(everywhere.contains(parameter));
            assert_eq!(strict(&format!("/fhir/{name}?{parameter}={value}")).await.status, 200, "{name} {parameter}");
        }
    }
}

#[tokio::test]
async fn every_operation_that_is_stated_is_served() {
    let house = furnished().await.house;
    for base in ["/fhir", "/fhir/lab"] {
        let said = house.get(&format!("{base}/metadata")).await.json();
        let rest = &said["rest"][0];
        let mut stated = members(&rest["operation"], "name");
        for of in rest["resource"].as_array().expect("types") {
            stated.extend(members(&of["operation"], "name"));
        }
        for operation in OPERATIONS {
            let path = match operation.on {
                On::System => format!("{base}/${}", operation.name),
                On::Type(name) => format!("{base}/{name}/${}", operation.name),
                On::Instance(name) => {
                    let id = some_id(&house, "/fhir", Served::named(name, "main").expect("a type")).await;
                    format!("{base}/{name}/{id}/${}", operation.name)
                }
            };
            let answer = house.ask(operation.method.as_str(), &path, &[], b"").await;
            let served = answer.status != 405 && (answer.status != 404 || answer.code() != "not-supported");
            assert_eq!(served, stated.contains(operation.name), "{path}: {answer:?}");
        }
    }
    let unknown = house.get("/fhir/$nonsense").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not-supported"));
    let versions = house.get("/fhir/$versions").await.json();
    assert_eq!(
        (versions["parameter"][0]["valueString"].as_str(), versions["parameter"][1]["name"].as_str()),
        (Some("4.0"), Some("default"))
    );
}

/// Operations with a test of their own, by name; the walk above only asks whether they are there.
const OPERATIONS_TESTED: &[&str] = &["versions", "evaluate-eligibility"];
/// Routes with a test; those beside FHIR are also compared with their description.
const ROUTES_TESTED: &[&str] = &[
    "/fhir",
    "/fhir/",
    "/fhir/{*rest}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/.well-known/jwks.json",
    "/openapi.json",
    "/api/set-aside",
    "/api/set-aside/{number}",
    "/api/set-aside/{number}/replay",
];

#[tokio::test]
async fn no_route_is_without_a_test() {
    // FHIR's interactions are tested by the walk above, whose match names each of them.
    let operations = OPERATIONS.iter().map(|o| o.name).filter(|name| !OPERATIONS_TESTED.contains(name));
    let beside = ROUTES.iter().map(|route| route.path).chain(FHIR_PATHS.iter().copied());
    let routes = beside.filter(|path| !ROUTES_TESTED.contains(path));
    let untested: Vec<&str> = operations.chain(routes).collect();
    assert!(untested.is_empty(), "routes without a test; write one, then name it here: {untested:?}");
    let kept = Served::Kept(ResourceType::Patient);
    assert!(TABLE.iter().all(|(_, _, what)| offers(kept, *what)), "each interaction is walked for some type");

    let house = open().await;
    for (path, start) in [
        ("/.well-known/jwks.json", "{\"keys\":[]}"),
        ("/healthz", "{\"status\":\"ok\"}"),
        ("/readyz", "{\"status\":\"ready\"}"),
        ("/metrics", "# TYPE"),
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text.starts_with(start), "{path}: {}", answer.text);
    }
    for path in ["/", "/nothing", "/fhir/Patient/p/x/y", "/fhir/nosource/Patient"] {
        let answer = house.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"), "{path}");
    }
}
