//! Versions, one by one and in pages.

use super::house::{House, observation, open, patient};

async fn versions(house: &House, path: &str) -> Vec<(String, String)> {
    let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = house.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let json = page.json();
        assert_eq!(json["type"], "history");
        for entry in json["entry"].as_array().cloned().unwrap_or_default() {
            let word = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
            all.push((word(&entry["request"]["url"]), word(&entry["response"]["etag"])));
        }
        next = page.link("next");
    }
    all
}

#[tokio::test]
async fn every_version_can_be_read_and_a_walk_through_them_meets_each_once() {
    let house = open().await;
    house.put(&patient("p")).await;
    for value in ["1", "2.0", "3", "4", "5"] {
        house.put(&observation("o", value)).await;
    }
    house.put(&observation("q", "1")).await;
    let second = house.get("/fhir/Observation/o/_history/2").await;
    assert_eq!((second.status, second.header("etag")), (200, "W/\"2\""));
    assert!(second.text.contains("\"value\":2.0,"), "as it was sent: {}", second.text);
    for none in ["9", "0", "x", "-1"] {
        let answer = house.get(&format!("/fhir/Observation/o/_history/{none}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"), "{none}");
    }
    let down: Vec<_> = (1..=5).rev().map(|n| ("Observation/o".to_owned(), format!("W/\"{n}\""))).collect();
    for count in [1, 2, 5, 50] {
        assert_eq!(versions(&house, &format!("/fhir/Observation/o/_history?_count={count}")).await, down, "at {count}");
    }
    let of_type = versions(&house, "/fhir/Observation/_history?_count=4").await;
    assert_eq!(of_type.len(), 6);
    assert_eq!(of_type[0].0, "Observation/q", "newest first");
    let nobody = house.get("/fhir/Observation/none/_history").await;
    assert_eq!((nobody.status, nobody.code().as_str()), (404, "not-found"));
}

#[tokio::test]
async fn since_and_count_are_read_or_refused() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("o", "1")).await;
    house.clock.fetch_add(3_600_000_000, std::sync::atomic::Ordering::SeqCst);
    house.put(&observation("o", "2")).await;
    let all = versions(&house, "/fhir/Observation/o/_history?_since=2026-03-15T08:30:00Z").await;
    assert_eq!(all.iter().map(|(_, etag)| etag.as_str()).collect::<Vec<_>>(), ["W/\"2\""]);
    for (bad, code) in
        [("_since=soon", "value"), ("_count=0", "value"), ("_count=-1", "value"), ("_cursor=x", "invalid")]
    {
        let answer = house.get(&format!("/fhir/Observation/o/_history?{bad}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{bad}");
    }
    let strict = house.ask("GET", "/fhir/Observation/o/_history?_at=2026", &["Prefer: handling=strict"], b"").await;
    assert_eq!((strict.status, strict.code().as_str()), (400, "not-supported"));
    let page = house.get("/fhir/Observation/o/_history?_count=1").await;
    let foreign = page.link("next").expect("a next page").replace("/Observation/o/", "/Observation/other/");
    let answer = house.get(&foreign).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid"), "a place in another history is none");
}

#[tokio::test]
async fn a_subject_shows_its_versions() {
    let house = open().await;
    let id = house.with_subject().await;
    let all = versions(&house, &format!("/fhir/ResearchSubject/{id}/_history")).await;
    let here = format!("ResearchSubject/{id}");
    assert_eq!(all, [(here.clone(), "W/\"2\"".to_owned()), (here, "W/\"1\"".to_owned())]);
    let first = house.get(&format!("/fhir/ResearchSubject/{id}/_history/1")).await;
    assert_eq!((first.status, first.json()["status"].as_str()), (200, Some("candidate")));
    let now = house.get(&format!("/fhir/ResearchSubject/{id}")).await;
    assert_eq!(now.json()["status"], "screening");
    let none = house.get("/fhir/ResearchStudy/x/_history").await;
    assert_eq!((none.status, none.code().as_str()), (404, "not-supported"), "a study has no versions");
}
