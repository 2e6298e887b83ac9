//! A server that answers wrongly: said in words, nothing lost, nobody led away, and the other types keep flowing.

use super::hospital::{Manner, QUOTED};
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trialgate::flow::pull::round;

#[tokio::test]
async fn each_fault_is_told_and_leads_nowhere() {
    let led_away = Arc::new(AtomicUsize::new(0));
    let canary = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let elsewhere = format!("http://{}", canary.local_addr().expect("an address"));
    let counted = led_away.clone();
    tokio::spawn(async move {
        while canary.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    for (manner, words, kept) in [
        (Manner::Html, "Observation page 1: HTTP 400: no OperationOutcome (55 bytes)", 0),
        (Manner::Xml, "Observation page 1: no JSON that can be trusted", 0),
        (Manner::Loops, "Observation page 2: the next link was followed before: the pages go round", 4),
        (Manner::LeadsAway, "Observation page 2: the next link leads to another origin; it was not followed", 2),
        (Manner::Redirects, "Observation page 1: HTTP 302: a redirect, which is never followed", 0),
        (Manner::BusyForAnHour, "Observation page 1: HTTP 503: transient down for maintenance", 0),
        (Manner::Bomb, "Observation page 1: HTTP 200: an answer longer than the bound", 0),
        (Manner::CutOff, "Observation page 1: no JSON that can be trusted", 0),
    ] {
        let place = Place::file();
        let ward = ward_away(&place, By::Server, &elsewhere, |pull| pull.kinds = vec!["Observation".into()]).await;
        for n in 0..6 {
            ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
        }
        ward.hospital.behaves(&[manner]);
        let pulled = round(&ward.gateway, &ward.feed, false).await;
        assert!(pulled.problems.iter().any(|p| p.starts_with(words)), "{manner:?}: {pulled:?}");
        assert!(!pulled.problems.iter().any(|p| p.contains("p1")), "no name in what is told: {pulled:?}");
        assert_eq!(ward.observations().await.len(), kept, "{manner:?}");
        assert_eq!(pulled.later.is_some(), manner == Manner::BusyForAnHour);
        // Mended, the next round brings all of it.
        ward.hospital.behaves(&[]);
        round(&ward.gateway, &ward.feed, false).await;
        assert_eq!(ward.observations().await.len(), 6, "{manner:?}");
    }
    assert_eq!(led_away.load(Ordering::SeqCst), 0, "nobody was led away");
}

/// The Patient whom a refusal quotes.
pub fn quoted() -> Value {
    let mut patient = patient(QUOTED[0]);
    patient["identifier"] = json!([{ "system": "urn:mrn", "value": QUOTED[1] }]);
    patient["name"] = json!([{ "family": QUOTED[2] }]);
    patient["birthDate"] = QUOTED[3].into();
    patient
}

#[tokio::test]
async fn nobody_whom_the_server_quotes_is_told() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| pull.patients = vec![QUOTED[0].into()]).await;
    ward.hospital.behaves(&[Manner::Quotes]);
    ward.hospital.keeps(quoted(), CLOCK);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    let words = "Observation page 1: HTTP 403: forbidden not of these: […], […], […], […], […], […]";
    assert_eq!(pulled.problems[0], words, "{pulled:?}");
    // Where nobody is asked for it may be anybody: what looks like a number or a date is nobody's business.
    let mut feed = ward.feed;
    feed.settings.by = By::Server;
    let pulled = round(&ward.gateway, &feed, false).await;
    for word in QUOTED.iter().filter(|word| word.contains(|c: char| c.is_ascii_digit())) {
        assert!(!pulled.problems.iter().any(|p| p.contains(word)), "{word} in {pulled:?}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_patients_leads_to_no_patient() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| {
        pull.kinds = ["Patient", "Medication", "MedicationAdministration"].map(str::to_owned).to_vec();
        pull.patients = vec!["same".into()];
    })
    .await;
    let mut called = patient("same");
    called["name"] = json!([{ "family": "Product" }]);
    let dose = json!({ "resourceType": "MedicationAdministration", "id": "a1", "status": "completed",
        "subject": { "reference": "Patient/same" }, "medicationReference": { "reference": "Medication/same" },
        "effectiveDateTime": "2026-01-02T08:00:00Z" });
    [called, dose].into_iter().for_each(|resource| ward.hospital.keeps(resource, CLOCK));
    ward.hospital.behaves(&[Manner::RefusesDrugs]);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    // The Patient of the same id is another thing: its name takes no word from what is said of a drug.
    assert_eq!(pulled.problems, ["Medication: HTTP 403: forbidden the Product […] is not shown"], "{pulled:?}");
}

#[tokio::test]
async fn what_is_about_another_patient_is_set_aside() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| pull.patients = vec!["p1".into()]).await;
    ward.hospital.behaves(&[Manner::WrongPatient]);
    ward.hospital.keeps(patient("p1"), CLOCK);
    for n in 0..3 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.loaded.set_aside["conflict"], 1, "{pulled:?}");
    assert_eq!(ward.observations().await, ids(&["o1", "o2"]));
    let aside = ward.store.read(trialgate::store::SetAsideList { after: 0, count: 10 }).await.expect("read");
    assert!(
        aside[0].aside.reason.contains("another Patient") && aside[0].aside.place == "pull Observation page 1 entry 0"
    );
}

#[tokio::test]
async fn one_type_that_fails_does_not_keep_the_others() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |_| {}).await;
    ward.hospital.behaves(&[Manner::SecondPageFails]);
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    for n in 0..3 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
    }
    let condition = json!({ "resourceType": "Condition", "id": "c1", "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "38341003" }] } });
    ward.hospital.keeps(condition, CLOCK - 10);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems.len(), 1, "{pulled:?}");
    assert_eq!(ward.kept(ResourceType::Condition).await, ids(&["c1"]));
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_a_passing_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).await;
            let _ = stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: 900\r\n\r\n{\"resource",
                )
                .await;
        }
    });
    let place = Place::file();
    let mut ward = ward(&place, By::Server, |pull| pull.kinds = vec!["Observation".into()]).await;
    ward.feed.client = Client::new(link(&format!("http://{address}/fhir"))).expect("a link");
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, ["the connection broke"]);
    assert!(asked.load(Ordering::SeqCst) > 1, "it was asked again");
}
