//! The same as FHIR, on asking: counts and a person's outcomes as MeasureReports, open work as Tasks.

use super::*;
use crate::peers::collect;
use crate::place::on_both;
use std::collections::BTreeSet;
use trialgate::flow::own::OwnAsk;
use trialgate::flow::served::Served;

on_both!(
    counts_are_masked_and_outcomes_name_what_they_were_derived_from,
    visits_and_grades_are_work,
    what_time_alone_changes_is_another_version,
    only_the_reports_that_are_asked_for_are_told
);

/// A resource as it is read, also handed to the validator.
pub async fn read(town: &Town, kind: &str, id: &str) -> Value {
    let source = town.desk.gateway.source("main").expect("a source");
    let served = Served::named(kind, "main").unwrap_or_else(|| panic!("{kind} is not served"));
    let (_, _, body) =
        town.desk.gateway.current(source, served, id).await.unwrap_or_else(|r| panic!("{kind}/{id}: {r:?}"));
    collect::keep(&format!("export {kind}"), &body);
    serde_json::from_slice(&body).expect("JSON")
}

pub async fn found(town: &Town, kind: &str) -> Vec<Value> {
    let Some(Served::Own(own)) = Served::named(kind, "main") else { panic!("{kind} is not rendered") };
    let ask = OwnAsk { given: Vec::new(), count: 100, from: None };
    let page = (own.find)(&town.desk.gateway, &ask).await.unwrap_or_else(|r| panic!("{kind}: {r:?}"));
    let all = page.found.iter().map(|o| {
        collect::keep(&format!("export {kind}"), &o.body);
        serde_json::from_slice(&o.body).expect("JSON")
    });
    all.collect()
}

async fn subject(town: &Town, patient: &str) -> String {
    let person = town.person(patient).await;
    let rows = town.desk.store().read(trialgate::store::SubjectsOfPerson { person }).await.expect("subjects");
    rows[0].subject.id.clone()
}

async fn counts_are_masked_and_outcomes_name_what_they_were_derived_from(place: Place) {
    let town = followed(place, "").await;
    let reports = found(&town, "MeasureReport").await;
    assert_eq!(reports.iter().map(|r| r["id"].clone()).collect::<Vec<_>>(), [json!("t1-funnel"), json!("t1-visits")]);
    for report in &reports {
        let measure = report["measure"].as_str().expect("a canonical");
        assert!(!measure.contains('|'), "{measure}");
        let id = measure.rsplit('/').next().expect("an id");
        let of = read(&town, "Measure", id).await;
        assert_eq!((&of["url"], &of["scoring"]["coding"][0]["code"]), (&json!(measure), &json!("cohort")));
        // Five persons: every number of them would be small.
        for group in report["group"].as_array().expect("groups") {
            let population = &group["population"][0];
            let masked = &population["_count"]["extension"][0]["valueCode"];
            assert!(population["count"] == 0 || (population["count"].is_null() && masked == "masked"), "{group}");
        }
        assert!(report.to_string().contains("masked"));
    }
    let report = read(&town, "MeasureReport", &subject(&town, "patient-one").await).await;
    assert_eq!(
        (&report["type"], &report["subject"]["reference"]),
        (&json!("individual"), &json!("Patient/patient-one"))
    );
    let contained = report["contained"].as_array().expect("observations");
    let second =
        contained.iter().find(|o| o["code"]["text"].as_str().is_some_and(|t| t.ends_with(", M2"))).expect("M2");
    assert_eq!((&second["valueBoolean"], &second["status"]), (&json!(true), &json!("final")));
    let from: Vec<&str> =
        second["derivedFrom"].as_array().expect("sources").iter().filter_map(|r| r["reference"].as_str()).collect();
    let wanted =
        ["Observation/patient-one-skin-2026-03-15/_history/1", "Observation/patient-one-skin-2026-05-17/_history/1"];
    assert_eq!(from, wanted);
    assert_eq!(report["evaluatedResource"].as_array().map(Vec::len), Some(contained.len()));
}

async fn visits_and_grades_are_work(place: Place) {
    let town = followed(place, "").await;
    let id = subject(&town, "patient-two").await;
    let tasks = found(&town, "Task").await;
    let own: Vec<&Value> =
        tasks.iter().filter(|t| t["focus"]["reference"] == format!("ResearchSubject/{id}")).collect();
    let codes: BTreeSet<&str> = own.iter().filter_map(|t| t["code"]["coding"][0]["code"].as_str()).collect();
    assert_eq!(codes, BTreeSet::from(["review-grade", "visit-due"]), "{own:#?}");
    let of = |code: &str| own.iter().filter(|t| t["code"]["coding"][0]["code"] == code).collect::<Vec<_>>();
    // 29.5 is of grade 2, two above that of the baseline; no value and no grade is told.
    assert_eq!(of("review-grade").len(), 1);
    assert_eq!(
        of("review-grade")[0]["description"],
        "albumin low: the grade of the result of 2026-05-17 is to be judged"
    );
    let due = of("visit-due")[0]["description"].as_str().expect("words");
    assert!(due.starts_with("M4: due until 2026-07-23: ") && due.contains("Albumin"), "{due}");
    // Who is not registered has no visits.
    let other = subject(&town, "patient-four").await;
    assert!(!tasks.iter().any(|t| t["focus"]["reference"] == format!("ResearchSubject/{other}")
        && t["code"]["coding"][0]["code"] == "visit-due"));
}

async fn what_time_alone_changes_is_another_version(place: Place) {
    let town = followed(place, "").await;
    // A second result of that day, without a time as the first.
    let mut second = result("patient-two", "1751-7", "2026-05-17", "29.4", "g/L");
    second["id"] = json!("patient-two-again");
    town.load(&[second]).await;
    town.settle().await;
    let id = subject(&town, "patient-two").await;
    let own = async || {
        let tasks = found(&town, "Task").await;
        let own = tasks.into_iter().filter(|t| t["focus"]["reference"] == format!("ResearchSubject/{id}"));
        own.map(|t| (t["id"].as_str().expect("an id").to_owned(), t)).collect::<BTreeMap<_, _>>()
    };
    let grades = |tasks: &BTreeMap<String, Value>| {
        tasks.values().filter(|t| t["code"]["coding"][0]["code"] == "review-grade").count()
    };
    let (before, report) = (own().await, read(&town, "MeasureReport", &id).await);
    assert_eq!(grades(&before), 2, "{before:#?}");
    let due = |t: &Value| t["description"].as_str().is_some_and(|d| d.starts_with("M4: due until"));
    let task = before.iter().find(|(_, t)| due(t)).map(|(id, _)| id.clone()).expect("a visit that is due");
    town.clock.set(at("2026-07-25"));
    let after = own().await;
    assert!(after[&task]["description"].as_str().expect("words").starts_with("M4: overdue since"), "{after:#?}");
    for (id, then) in &before {
        let same = then["description"] == after[id]["description"];
        assert_eq!(then["meta"]["versionId"] == after[id]["meta"]["versionId"], same, "{id}");
    }
    let later = read(&town, "MeasureReport", &id).await;
    assert_ne!(report["meta"]["versionId"], later["meta"]["versionId"]);
    let again = read(&town, "MeasureReport", &id).await;
    assert_eq!(again["meta"]["versionId"], later["meta"]["versionId"]);
}

async fn only_the_reports_that_are_asked_for_are_told(place: Place) {
    let town = followed(place, "").await;
    let Some(Served::Own(own)) = Served::named("MeasureReport", "main") else { panic!("it is not rendered") };
    let page = async |given: &[(&str, &str)], count: usize, from: Option<&str>| {
        let given = given.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect();
        let ask = OwnAsk { given, count, from: from.map(Into::into) };
        let page = (own.find)(&town.desk.gateway, &ask).await.unwrap_or_else(|r| panic!("{r:?}"));
        (page.found.into_iter().map(|o| o.id).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(page(&[], 1, None).await, (vec!["t1-funnel".into()], Some("t1-funnel".into())));
    assert_eq!(page(&[], 1, Some("t1-funnel")).await, (vec!["t1-visits".into()], None));
    assert_eq!(page(&[("_id", "t1-visits")], 1, None).await, (vec!["t1-visits".into()], None));
    assert_eq!(page(&[("status", "pending")], 1, None).await, (Vec::new(), None));
}
