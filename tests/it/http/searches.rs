//! What a search finds, in which order, in which parts, and what it refuses.

use super::house::{House, administration, condition, observation, open, patient, procedure, response};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Values and days differ; `c` has no system in its code, `e` was entered in error, `b` has components.
async fn ward() -> House {
    let house = open().await;
    house.put(&patient("p")).await;
    house
        .put(
            &patient("q").replace("1980-05-02", "1990").replace("\"birthDate\"", "\"gender\":\"female\",\"birthDate\""),
        )
        .await;
    let day = |id: &str, day: &str| observation(id, "80").replace("2026-03-01T08:00:00Z", day);
    house.put(&day("a", "2026-03-01T08:00:00Z")).await;
    let parts = r#""component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}}],"status""#;
    house.put(&day("b", "2026-03-02").replacen("\"status\"", parts, 1)).await;
    house
        .put(&day("c", "2026-03").replace("\"system\":\"http://loinc.org\",\"code\":\"777-3\"", "\"code\":\"777-3\""))
        .await;
    house.put(&day("d", "2026-03-03T23:59:59+01:00").replace("Patient/p", "Patient/q").replace("777-3", "718-7")).await;
    house.put(&day("e", "2026-03-04T00:00:00Z").replace("\"final\"", "\"entered-in-error\"")).await;
    house.put(&condition("k", "active")).await;
    house.put(&condition("l", "resolved").replace("2020-05", "2021")).await;
    house.put(&administration("m", "2026-02-01T00:00:00Z")).await;
    house.put(&procedure("r", "completed")).await;
    house.put(&response("s")).await;
    house
}

#[tokio::test]
async fn every_form_of_token_date_and_reference_finds_what_r4_says() {
    let house = ward().await;
    let table: &[(&str, &str)] = &[
        ("Observation?code=777-3", "abce"),
        ("Observation?code=http://loinc.org|777-3", "abe"),
        ("Observation?code=|777-3", "c"),
        ("Observation?code=http://loinc.org|", "abde"),
        ("Observation?code=http://loinc.org|777-3,718-7", "abde"),
        ("Observation?code=777-3&code=|777-3", "c"),
        ("Observation?code=8480-6", ""),
        ("Observation?component-code=8480-6", "b"),
        ("Observation?combo-code=8480-6,718-7", "bd"),
        ("Observation?status=final", "abcd"),
        ("Observation?status=http://hl7.org/fhir/observation-status|final&code=718-7", "d"),
        ("Observation?status=|final", ""),
        ("Observation?patient=q", "d"),
        ("Observation?patient=Patient/p", "abce"),
        ("Observation?subject=p,q", "abcde"),
        ("Observation?patient=p&subject=q", ""),
        ("Observation?identifier=urn:o|a", "a"),
        ("Observation?identifier=a,b", "ab"),
        ("Observation?identifier=|a", ""),
        ("Observation?identifier=urn:o|", "abcde"),
        ("Observation?identifier=urn:o|a&identifier=b", ""),
        ("Observation?_id=a,b&_id=b,c", "b"),
        ("Observation?_id=../etc,a", "a"),
        ("Observation?date=2026-03-01", "a"),
        ("Observation?date=2026-03", "abcde"),
        ("Observation?date=2026-03-01T08:00:00Z", "a"),
        ("Observation?date=2026-03-01T08:00Z", "a"),
        ("Observation?date=ne2026-03-01", "bcde"),
        ("Observation?date=gt2026-03-01", "bcde"),
        ("Observation?date=ge2026-03-02&date=lt2026-03-03", "bc"),
        ("Observation?date=lt2026-03-02", "ac"),
        ("Observation?date=le2026-03-01T08:00:00Z", "ac"),
        ("Observation?date=sa2026-03-01", "bde"),
        ("Observation?date=eb2026-03-02", "a"),
        ("Observation?date=ap2026-03-03", "bcde"),
        ("Observation?date=2026-03-01,2026-03-02", "ab"),
        ("Condition?clinical-status=active", "k"),
        ("Condition?verification-status=confirmed", "kl"),
        ("Condition?onset-date=2020", "k"),
        ("Condition?onset-date=ge2021", "l"),
        ("Condition?recorded-date=2020-06-01&code=38341003", "kl"),
        ("Condition?abatement-date=2020", ""),
        ("MedicationAdministration?effective-time=gt2026-01", "m"),
        ("MedicationAdministration?effective-time=eb2026-03", ""),
        ("MedicationAdministration?status=completed&code=1", "m"),
        ("Procedure?code=45211000&status=completed&date=2025-04", "r"),
        ("Procedure?status=not-done", ""),
        ("Procedure?date=gt2025-04-02", ""),
        ("QuestionnaireResponse?authored=2025-05-01&status=completed", "s"),
        ("QuestionnaireResponse?identifier=urn:forms|s&patient=p", "s"),
        ("QuestionnaireResponse?identifier=urn:forms|t", ""),
        ("Patient?birthdate=1980-05-02", "p"),
        ("Patient?birthdate=lt1990", "p"),
        ("Patient?gender=female", "q"),
        ("Patient?_lastUpdated=lt2026-03-15", ""),
        ("Patient?_lastUpdated=ge2026-03-15", "pq"),
        ("Patient?_lastUpdated=ne2026-03-15", ""),
        ("Observation?identifier=%27%3B%20DROP%20TABLE%20resource%3B--", ""),
        ("Observation?code=%27%3B%20DROP%20TABLE%20resource%3B--", ""),
    ];
    for (query, ids) in table {
        let mut found = house.found(query).await;
        found.sort();
        assert_eq!(found.concat(), *ids, "{query}");
        let total = house.get(&format!("/fhir/{query}&_summary=count")).await.json();
        assert_eq!(total["total"].as_u64(), Some(ids.len() as u64), "{query}");
        assert!(total["entry"].is_null(), "{query}: a count shows nothing");
    }
    assert_eq!(house.found("Observation").await.len(), 5, "nothing was dropped");
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_its_own_status_and_code() {
    let house = ward().await;
    let many = (0..201).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let many = format!("Observation?code={many}");
    let table: &[(&str, u16, &str)] = &[
        ("Observation?date=2026-13", 400, "value"),
        ("Observation?date=xx2026", 400, "value"),
        ("Observation?date=soon", 400, "value"),
        ("Observation?date=2026-03-01T08:00:00", 400, "value"),
        ("Observation?code=", 400, "value"),
        ("Observation?code=|", 400, "value"),
        ("Observation?patient=Patient/../../etc", 400, "value"),
        ("Observation?patient=http://elsewhere/Patient/p", 400, "value"),
        ("Observation?_count=-1", 400, "value"),
        ("Observation?_count=many", 400, "value"),
        ("Observation?_count=1&_count=2", 400, "value"),
        ("Observation?code=%00", 400, "value"),
        ("Observation?code=%ff", 400, "value"),
        ("Observation?_sort=(select%20password%20from%20users)", 400, "value"),
        ("Observation?_summary=some", 400, "value"),
        ("Observation?_summary=true&_elements=status", 400, "value"),
        ("Observation?_elements=a;b", 400, "value"),
        ("Observation?_total=some", 400, "value"),
        ("Observation?code:missing=true", 400, "not-supported"),
        ("Observation?code:not=777-3", 400, "not-supported"),
        ("Observation?patient.identifier=urn:p|p", 400, "not-supported"),
        ("Observation?_include:iterate=Observation:patient", 400, "not-supported"),
        (&many, 400, "too-costly"),
        ("Observation?_sort=date", 400, "too-costly"),
        ("Observation?_cursor=1~2~3", 400, "invalid"),
        ("Nonsense?_id=a", 404, "not-supported"),
    ];
    for (query, status, code) in table {
        let answer = house.get(&format!("/fhir/{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{query}: {answer:?}");
    }
    let terms = (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let answer = house.ask("POST", "/fhir/Observation/_search", &form, format!("code={terms}").as_bytes()).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "too-costly"));
    let far = house.get("/fhir/Observation?_count=999999999").await;
    assert_eq!(far.status, 200);
    assert_eq!(far.link("self").as_deref(), Some("/fhir/Observation?_count=1000"));
}

#[tokio::test]
async fn unknown_parameters_are_told_or_refused_as_preferred() {
    let house = ward().await;
    for query in ["colour=blue", "_sort=colour", "_include=Observation:device", "_revinclude=Observation:patient"] {
        let path = format!("/fhir/Observation?code=718-7&{query}");
        let strict = house.ask("GET", &path, &["Prefer: handling=strict"], b"").await;
        assert_eq!((strict.status, strict.code().as_str()), (400, "not-supported"), "{query}");
        for prefer in ["Prefer: handling=lenient", "Prefer: return=minimal"] {
            let lenient = house.ask("GET", &path, &[prefer], b"").await;
            assert_eq!((lenient.status, lenient.matches()), (200, vec!["d".to_owned()]), "{query}");
            assert_eq!(lenient.link("self").as_deref(), Some("/fhir/Observation?code=718-7&_count=50"), "{query}");
            let said = &lenient.json()["entry"][1];
            assert_eq!(
                (said["search"]["mode"].as_str(), said["resource"]["issue"][0]["code"].as_str()),
                (Some("outcome"), Some("not-supported")),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn a_form_equals_a_query() {
    let house = ward().await;
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let by_form = house
        .ask("POST", "/fhir/Observation/_search?_count=2", &form, b"code=http%3A%2F%2Floinc.org%7C777-3&status=final")
        .await;
    let by_query = house.get("/fhir/Observation?_count=2&code=http://loinc.org|777-3&status=final").await;
    assert_eq!((by_form.status, by_form.json()["entry"].clone()), (200, by_query.json()["entry"].clone()));
    assert_eq!(by_form.link("self"), by_query.link("self"));
    assert_eq!(house.ask("POST", "/fhir/Observation/_search", &form, b"").await.matches().len(), 5);
    let json = house.ask("POST", "/fhir/Observation/_search", &[], b"{}").await;
    assert_eq!((json.status, json.code().as_str()), (415, "not-supported"));
    assert_eq!(house.ask("POST", "/fhir/ResearchStudy/_search", &form, b"_id=x").await.status, 200);
}

#[tokio::test]
async fn an_order_is_kept_across_pages() {
    let house = ward().await;
    let walk = async |query: &str| {
        let (mut all, mut next) = (Vec::new(), Some(format!("/fhir/{query}")));
        while let Some(path) = next {
            let page = house.get(&path).await;
            assert_eq!(page.status, 200, "{path}: {page:?}");
            all.extend(page.matches());
            next = page.link("next");
        }
        all.concat()
    };
    for (query, order) in [
        ("Observation?_sort=_lastUpdated", "abcde"),
        ("Observation?_sort=-_lastUpdated", "edcba"),
        ("Observation?patient=p&_sort=date", "cabe"),
        ("Observation?patient=p&_sort=-date", "ebac"),
        ("Observation?patient=p&_sort=-date&status=final", "bac"),
        ("Condition?patient=p&_sort=onset-date", "kl"),
        ("Condition?subject=p&_sort=-onset-date", "lk"),
    ] {
        for count in [1, 2, 100] {
            assert_eq!(walk(&format!("{query}&_count={count}")).await, order, "{query} at {count}");
        }
    }
    assert_eq!(
        house.found("Observation?patient=p&code=777-3&status=final&_sort=-date&_count=1").await,
        ["b"],
        "the latest"
    );
}

#[tokio::test]
async fn parts_are_marked_and_keep_what_may_not_be_missing() {
    let house = ward().await;
    let one = async |query: &str| {
        house.get(&format!("/fhir/Observation?_id=a&{query}")).await.json()["entry"][0]["resource"].clone()
    };
    let keys = |v: &Value| v.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<BTreeSet<_>>();
    let text = one("_summary=text").await;
    assert_eq!(keys(&text), set(&["resourceType", "id", "meta", "status", "code"]));
    assert_eq!(text["meta"]["tag"][0]["code"], "SUBSETTED");
    let elements = one("_elements=subject,Observation.value").await;
    assert_eq!(keys(&elements), set(&["resourceType", "id", "meta", "status", "code", "subject", "valueQuantity"]));
    assert_eq!(
        (elements["meta"]["versionId"].as_str(), elements["meta"]["tag"][0]["code"].as_str()),
        (Some("1"), Some("SUBSETTED"))
    );
    let whole = one("_summary=false").await;
    assert!(whole["meta"]["tag"].is_null() && whole["identifier"].is_array());
    let data = one("_summary=data").await;
    assert!(data["meta"]["tag"].is_null(), "it has no narrative, so nothing is left out: {data}");
    let read = house.get("/fhir/Observation/a?_elements=status").await;
    assert_eq!(keys(&read.json()), set(&["resourceType", "id", "meta", "status", "code"]));
    let tagged = condition("t", "active").replacen(
        "\"clinicalStatus\"",
        r#""meta":{"tag":[{"system":"urn:t","code":"x"}]},"text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">-</div>"},"clinicalStatus""#,
        1,
    );
    assert_eq!(house.put(&tagged).await.status, 201);
    let data = house.get("/fhir/Condition/t?_summary=data").await.json();
    let tags: Vec<&str> =
        data["meta"]["tag"].as_array().expect("tags").iter().filter_map(|t| t["code"].as_str()).collect();
    assert_eq!((tags, data["text"].is_null()), (vec!["SUBSETTED", "x"], true));
}

#[tokio::test]
async fn contained_resources_stay_while_they_are_referred_to() {
    let house = ward().await;
    let body = administration("n", "2026-02-01T00:00:00Z")
        .replacen("\"status\"", r##""contained":[{"resourceType":"Medication","id":"x"},{"resourceType":"Practitioner","id":"y"}],"performer":[{"actor":{"reference":"#y"}}],"status""##, 1)
        .replace(r#""medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"1"}]}"#, r##""medicationReference":{"reference":"#x"}"##);
    assert_eq!(house.put(&body).await.status, 201);
    let cut = house.get("/fhir/MedicationAdministration/n?_elements=status").await.json();
    let ids: Vec<&str> = cut["contained"].as_array().expect("some").iter().filter_map(|c| c["id"].as_str()).collect();
    assert_eq!(ids, ["x"], "the performer is left out, and so is who it is");
}

#[tokio::test]
async fn totals_are_exact_where_they_are_asked_for() {
    let house = ward().await;
    let total = async |query: &str| house.get(&format!("/fhir/Observation?{query}")).await.json()["total"].as_u64();
    assert_eq!(total("_count=2").await, None, "nobody asked");
    assert_eq!(total("_count=2&_total=none").await, None);
    assert_eq!(total("_count=2&_total=accurate").await, Some(5));
    assert_eq!(total("_count=2&_total=estimate&status=final").await, Some(4));
    assert_eq!(total("_count=0").await, Some(5));
    assert_eq!(total("status=final").await, Some(4), "all are on one page: it is plain");
}

#[tokio::test]
async fn what_belongs_together_comes_along() {
    let house = ward().await;
    let modes = async |query: &str| {
        let page = house.get(&format!("/fhir/{query}")).await;
        assert_eq!(page.status, 200, "{query}: {page:?}");
        let entries = page.json()["entry"].as_array().cloned().unwrap_or_default();
        let word = |e: &Value| {
            let id = e["resource"]["id"].as_str().unwrap_or_default();
            format!("{}{}", if e["search"]["mode"] == "include" { "+" } else { "" }, id)
        };
        entries.iter().map(word).collect::<Vec<_>>().concat()
    };
    for (query, found) in [
        ("Observation?_id=a,b&_include=Observation:patient", "ab+p"),
        ("Observation?_id=a,d&_include=Observation:subject:Patient", "ad+p+q"),
        ("Observation?_id=a&_include=Observation:subject&_include=Observation:patient", "a+p"),
        ("Condition?_id=k&_include=Condition:patient", "k+p"),
        ("MedicationAdministration?_include=MedicationAdministration:subject", "m+p"),
        ("Procedure?_include=Procedure:patient", "r+p"),
        ("QuestionnaireResponse?_include=QuestionnaireResponse:subject", "s+p"),
        ("Patient?_id=q&_revinclude=Observation:patient", "q+d"),
        ("Patient?_id=p&_revinclude=Condition:subject&_revinclude=MedicationAdministration:patient", "p+k+l+m"),
    ] {
        assert_eq!(modes(query).await, found, "{query}");
    }
    let id = house.with_subject().await;
    let with_study = house.get("/fhir/ResearchSubject?patient=p&_include=ResearchSubject:study").await.json();
    assert_eq!(with_study["entry"][1]["resource"]["resourceType"], "ResearchStudy");
    let of_study = house.get("/fhir/ResearchStudy?_revinclude=ResearchSubject:study&_summary=true").await.json();
    let included: Vec<&str> = of_study["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|e| e["search"]["mode"] == "include")
        .filter_map(|e| e["resource"]["id"].as_str())
        .collect();
    assert_eq!(included, [id.as_str()]);
}

#[tokio::test]
async fn subjects_and_studies_are_found_by_their_own_parameters() {
    let house = open().await;
    let id = house.with_subject().await;
    let study = house.found("ResearchStudy").await.remove(0);
    let system = format!("https://trialgate.example/sid/subject/{study}");
    for (query, fits) in [
        ("status=screening".to_owned(), true),
        ("status=http://hl7.org/fhir/research-subject-status|screening".to_owned(), true),
        ("status=candidate,withdrawn".to_owned(), false),
        ("patient=p".to_owned(), true),
        ("individual=Patient/p".to_owned(), true),
        ("patient=nobody".to_owned(), false),
        (format!("study=ResearchStudy/{study}"), true),
        ("study=other".to_owned(), false),
        (format!("identifier={system}|{id}"), true),
        (format!("identifier={system}|"), true),
        (format!("identifier=|{id}"), false),
        (format!("_id={id}"), true),
        ("_lastUpdated=ge2026-03-15".to_owned(), true),
        ("_lastUpdated=lt2026-03-15".to_owned(), false),
    ] {
        assert_eq!(!house.found(&format!("ResearchSubject?{query}")).await.is_empty(), fits, "{query}");
    }
    let bad = house.get("/fhir/ResearchSubject?_lastUpdated=soon").await;
    assert_eq!((bad.status, bad.code().as_str()), (400, "value"));
    let total = house.get("/fhir/ResearchSubject?_summary=count").await.json();
    assert_eq!(total["total"], 1);
    let page = house.get("/fhir/ResearchSubject?_count=1").await;
    let forged = format!("{}x", page.link("next").expect("the end is not known yet"));
    assert_eq!(house.get(&forged).await.code(), "invalid");
    assert_eq!(house.get("/fhir/lab/ResearchSubject").await.status, 404, "at its own base alone");
}

#[tokio::test]
async fn a_walk_survives_changes_and_deletions_and_meets_each_once() {
    let house = open().await;
    house.put(&patient("p")).await;
    for i in 0..30 {
        house.put(&observation(&format!("o{i:02}"), "1")).await;
    }
    for order in ["_lastUpdated", "-_lastUpdated"] {
        let (mut met, mut next) = (Vec::new(), Some(format!("/fhir/Observation?_count=7&_sort={order}&status=final")));
        let mut round = 0;
        while let Some(path) = next {
            let page = house.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            met.extend(page.matches());
            next = page.link("next");
            round += 1;
            // Everything is written anew between two pages, and something new comes.
            for i in 0..30 {
                house.put(&observation(&format!("o{i:02}"), &format!("{round}.{i}5"))).await;
            }
            house
                .put(
                    &observation(&format!("new{round}{order}"), "1")
                        .replace("new", "n")
                        .replace("-_lastUpdated", "d")
                        .replace("_lastUpdated", "u"),
                )
                .await;
        }
        let old: Vec<&String> = met.iter().filter(|id| id.starts_with('o')).collect();
        let once: BTreeSet<&String> = old.iter().copied().collect();
        assert_eq!((old.len(), once.len()), (30, 30), "{order}: {met:?}");
    }
    let first = house.get("/fhir/Observation?_count=5&_id=o00,o01,o02,o03,o04,o05,o06").await;
    assert_eq!(first.matches().len(), 5);
    house.ask("DELETE", "/fhir/Observation/o05", &[], b"").await;
    let rest = house.get(&first.link("next").expect("more")).await.matches();
    assert_eq!(rest, ["o06"], "what is deleted is not shown");
}

#[tokio::test]
async fn places_in_walks_are_ours_and_last_a_day() {
    let house = ward().await;
    let page = house.get("/fhir/Observation?_count=1&status=final").await;
    let next = page.link("next").expect("a next page");
    assert_eq!(house.get(&next).await.status, 200);
    assert_eq!(
        house.get(&next).await.link("self").as_deref(),
        Some(next.as_str()),
        "the self link asks for this very page"
    );
    let cursor = next.split_once("_cursor=").expect("a cursor").1.to_owned();
    for forged in [
        next.replace("status=final", "status=amended"),
        next.replace("_count=1", "_count=2"),
        next.replace("/Observation?", "/Condition?").replace("status=final&", ""),
        next.replace("/fhir/", "/fhir/lab/"),
        format!("{next}0"),
        next.replace(&cursor, &cursor[1..]),
        next.replace(&cursor, "0~0~0"),
        next.replace(&cursor, ""),
    ] {
        let answer = house.get(&forged).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid"), "{forged}");
    }
    house.clock.fetch_add(25 * 3_600_000_000, Ordering::SeqCst);
    let late = house.get(&next).await;
    assert_eq!((late.status, late.code().as_str()), (410, "expired"));
}
