//! Deleting: a tombstone is a version, what it ended has ended, and a PUT brings the resource back.

use super::house::{House, observation, open, patient};
use trialgate::store::{AuditTail, KnownAt, PersonOf, ReadPerson};

async fn facts(house: &House) -> usize {
    let ask = PersonOf { source: "main".into(), patient: "p".into() };
    let person = house.store.read(ask).await.expect("read").expect("a person");
    let all = house.store.read(ReadPerson { person, known: KnownAt::Now, codes: None }).await.expect("read").facts;
    all.iter().filter(|f| f.draft.code.code == "777-3").count()
}

async fn delete(house: &House, path: &str, headers: &[&str]) -> super::house::Answer {
    house.ask("DELETE", path, headers, b"").await
}

#[tokio::test]
async fn what_is_deleted_is_gone_its_facts_end_and_a_put_brings_it_back() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("o", "80")).await;
    assert_eq!(facts(&house).await, 1);
    let gone = delete(&house, "/fhir/Observation/o", &[]).await;
    assert_eq!((gone.status, gone.header("etag"), gone.text.as_str()), (204, "W/\"2\"", ""));
    assert_eq!(facts(&house).await, 0, "nothing leans on it any more");
    let again = delete(&house, "/fhir/Observation/o", &[]).await;
    assert_eq!((again.status, again.header("etag")), (204, "W/\"2\""), "and no third version");

    let read = house.get("/fhir/Observation/o").await;
    assert_eq!((read.status, read.code().as_str()), (410, "deleted"));
    let tombstone = house.get("/fhir/Observation/o/_history/2").await;
    assert_eq!((tombstone.status, tombstone.code().as_str()), (410, "deleted"));
    assert_eq!(house.get("/fhir/Observation/o/_history/1").await.status, 200, "what was, was");
    assert!(house.found("Observation?patient=p").await.is_empty());
    assert!(house.found("Observation?identifier=urn:o|o").await.is_empty());
    assert!(house.found("Observation").await.is_empty());

    let back = house.put(&observation("o", "80")).await;
    assert_eq!((back.status, back.header("etag")), (201, "W/\"3\""), "the same bytes are a new version all the same");
    assert_eq!(facts(&house).await, 1);
    assert_eq!(house.get("/fhir/Observation/o").await.status, 200);
    let tombstone = house.get("/fhir/Observation/o/_history/2").await;
    assert_eq!((tombstone.status, tombstone.code().as_str()), (410, "deleted"), "it stays one");
    let history = house.get("/fhir/Observation/o/_history").await.json();
    let verbs: Vec<&str> = (0..3).map(|i| history["entry"][i]["request"]["method"].as_str().expect("a verb")).collect();
    assert_eq!(verbs, ["PUT", "DELETE", "PUT"]);
}

#[tokio::test]
async fn a_deletion_marks_the_person_and_stands_in_the_audit() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("o", "80")).await;
    let claim = trialgate::store::ClaimPending {
        lease: "l".into(),
        until: trialgate::model::time::Instant(i64::MAX - 1),
        count: 9,
        at: trialgate::model::time::Instant(i64::MAX - 1),
    };
    let claimed = house.store.write(claim).await.expect("written");
    assert_eq!(claimed.len(), 1);
    let before = claimed[0].mark;
    delete(&house, "/fhir/Observation/o", &[]).await;
    let again = trialgate::store::ClaimPending {
        lease: "m".into(),
        until: trialgate::model::time::Instant(i64::MAX),
        count: 9,
        at: trialgate::model::time::Instant(i64::MAX),
    };
    let claimed = house.store.write(again).await.expect("written");
    assert!(claimed.first().is_some_and(|c| c.mark > before), "a newer mark waits: {claimed:?}");
    let rows = house.store.read(AuditTail { count: 1 }).await.expect("rows");
    let detail = rows[0].detail.clone().expect("a detail");
    assert!(
        rows[0].action == "delete" && detail.ends_with("version 2") && !detail.contains("Observation/o"),
        "{rows:?}"
    );
    assert!(house.store.audit_verify().await.expect("a report").broken.is_empty());
}

#[tokio::test]
async fn versions_and_conditions_are_kept_to() {
    let house = open().await;
    house.put(&patient("p")).await;
    house.put(&observation("o", "80")).await;
    let stale = delete(&house, "/fhir/Observation/o", &["If-Match: W/\"7\""]).await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "conflict"));
    let wrong = delete(&house, "/fhir/Observation/o", &["If-Match: x"]).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "value"));
    assert_eq!(house.get("/fhir/Observation/o").await.status, 200);
    assert_eq!(delete(&house, "/fhir/Observation/o", &["If-Match: W/\"1\""]).await.status, 204);
    let never = delete(&house, "/fhir/Observation/never", &[]).await;
    assert_eq!((never.status, never.header("etag")), (204, ""), "as asked: it is not there");
    let told = delete(&house, "/fhir/Observation/never", &["Prefer: return=OperationOutcome"]).await;
    assert_eq!((told.status, told.code().as_str()), (200, "informational"));
}

#[tokio::test]
async fn a_conditional_delete_takes_one_match_or_none() {
    let house = open().await;
    house.put(&patient("p")).await;
    for id in ["a", "b"] {
        house.put(&observation(id, "80").replace(&format!("\"value\":\"{id}\""), "\"value\":\"both\"")).await;
    }
    house.put(&observation("c", "80")).await;
    let several = delete(&house, "/fhir/Observation?identifier=urn:o|both", &[]).await;
    assert_eq!((several.status, several.code().as_str()), (412, "multiple-matches"));
    assert_eq!(delete(&house, "/fhir/Observation?identifier=urn:o|c", &[]).await.status, 204);
    assert_eq!(house.get("/fhir/Observation/c").await.status, 410);
    assert_eq!(delete(&house, "/fhir/Observation?identifier=urn:o|c", &[]).await.status, 204, "none is as good");
    for bad in ["?status=final", "", "?identifier=both"] {
        let refused = delete(&house, &format!("/fhir/Observation{bad}"), &[]).await;
        assert_eq!((refused.status, refused.code().as_str()), (412, "not-supported"), "{bad}");
    }
    assert_eq!(house.found("Observation").await.len(), 2);
}

#[tokio::test]
async fn an_older_version_that_comes_after_the_deletion_brings_nothing_back() {
    let house = open().await;
    house.put(&patient("p")).await;
    let of = |day: &str, value: &str| {
        observation("o", value).replacen(
            "\"status\"",
            &format!("\"meta\":{{\"lastUpdated\":\"2026-03-{day}T00:00:00Z\"}},\"status\""),
            1,
        )
    };
    house.put(&of("05", "80")).await;
    delete(&house, "/fhir/Observation/o", &[]).await;
    let late = house.put(&of("04", "79")).await;
    assert_eq!(late.status, 200, "{late:?}");
    assert_eq!(house.get("/fhir/Observation/o").await.status, 410);
    assert_eq!(house.put(&of("06", "81")).await.status, 201, "a newer one does");
    assert_eq!(house.get("/fhir/Observation/o").await.status, 200);
}
