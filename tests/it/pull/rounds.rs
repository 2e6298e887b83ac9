//! What rounds bring, in either mode, on both databases.

use super::hospital::Manner;
use super::*;
use crate::place::on_both;
use trialgate::flow::pull::round;

on_both!(
    a_round_brings_what_changed_by_the_servers_own_clock,
    a_server_that_wants_a_patient_is_asked_patient_by_patient,
    what_is_gone_at_the_source_is_deleted_by_a_whole_reading,
    a_round_that_was_cut_off_goes_on_where_it_stood,
);

async fn a_round_brings_what_changed_by_the_servers_own_clock(place: Place) {
    let ward = ward(&place, By::Server, |_| {}).await;
    ward.hospital.behaves(&[Manner::OutcomeWhenEmpty, Manner::BusyOnce]);
    for n in ["p1", "p2"] {
        ward.hospital.keeps(patient(n), CLOCK - 86_400);
    }
    for n in 0..5 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 3_600 - n);
    }
    let first = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(first.problems, ["Condition: the server remarks warning processing"]);
    assert_eq!((first.loaded.kept["Patient"], first.loaded.kept["Observation"], first.pages), (2, 5, 5));
    assert!(ward.hospital.asked().iter().all(|q| !q.contains("_lastUpdated=ge2026")), "all of it at first");

    // A correction, something new, and something that was stamped before the first round and committed after it.
    ward.hospital.keeps(result("o1", "p1", 77), CLOCK + 60);
    ward.hospital.keeps(result("o9", "p2", 1), CLOCK + 60);
    ward.hospital.keeps(result("late", "p2", 1), CLOCK - 300);
    ward.hospital.at(CLOCK + 600);
    let second = round(&ward.gateway, &ward.feed, false).await;
    let asked = ward.hospital.asked();
    let wanted = "_lastUpdated=ge2026-03-15T07%3A50%3A00Z&_lastUpdated=lt2026-03-15T08%3A10%3A00Z";
    assert!(asked.iter().all(|q| q.contains(wanted)), "{asked:?}");
    let events: Vec<(&str, u64)> = second.loaded.events.iter().map(|(word, n)| (word.as_str(), *n)).collect();
    assert_eq!(events, [("created", 2), ("updated", 1)]);
    assert_eq!(ward.observations().await, ids(&["late", "o0", "o1", "o2", "o3", "o4", "o9"]));

    // Nothing new: the overlap is read again and changes nothing.
    ward.hospital.at(CLOCK + 700);
    let third = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(third.loaded.events.keys().collect::<Vec<_>>(), ["unchanged"]);
}

async fn a_server_that_wants_a_patient_is_asked_patient_by_patient(place: Place) {
    let by_time = ward(&place, By::Server, |_| {}).await;
    by_time.hospital.behaves(&[Manner::WantsPatient]);
    let refused = round(&by_time.gateway, &by_time.feed, false).await;
    assert!(refused.problems.iter().any(|p| p.starts_with("Observation page 1: HTTP 400: required")), "{refused:?}");

    let place = place.another();
    let ward = ward(&place, By::Patients, |pull| pull.patients = vec!["p1".into(), "p2".into()]).await;
    ward.hospital.behaves(&[Manner::WantsPatient, Manner::OutcomeWhenEmpty, Manner::SmallPages]);
    for (n, of) in [("o1", "p1"), ("o2", "p1"), ("o3", "p2"), ("o4", "p3")] {
        ward.hospital.keeps(patient(of), CLOCK);
        ward.hospital.keeps(result(n, of, 1), CLOCK);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.loaded.kept["Patient"], pulled.loaded.kept["Observation"]), (2, 3), "{pulled:?}");
    assert_eq!(ward.observations().await, ids(&["o1", "o2", "o3"]), "p3 is not on the roster");

    // Without a stated roster it is the Patients that are kept.
    let mut feed = ward.feed;
    feed.settings.patients.clear();
    ward.hospital.keeps(result("o5", "p2", 1), CLOCK);
    let pulled = round(&ward.gateway, &feed, false).await;
    assert_eq!(pulled.loaded.events.get("created"), Some(&1), "{pulled:?} {:?}", ward.hospital.asked());
}

async fn what_is_gone_at_the_source_is_deleted_by_a_whole_reading(place: Place) {
    for by in [By::Server, By::Patients] {
        let place = place.another();
        let ward = ward(&place, by, |pull| pull.reread = Some(Duration::from_secs(86_400))).await;
        ward.hospital.keeps(patient("p1"), CLOCK - 10);
        for n in ["o1", "o2", "o3"] {
            ward.hospital.keeps(result(n, "p1", 1), CLOCK - 10);
        }
        if by == By::Patients {
            let one = Feed {
                settings: Pull { patients: vec!["p1".into()], ..ward.feed.settings.clone() },
                source: "ehr".into(),
                client: ward.feed.client.clone(),
            };
            round(&ward.gateway, &one, false).await;
        }
        assert_eq!(round(&ward.gateway, &ward.feed, false).await.deleted, 0, "{by:?}");
        ward.hospital.forgets("Observation", "o2");
        // A round by time does not see it before everything is due again; a round by patient sees it at once.
        ward.hospital.at(CLOCK + 3_600);
        let soon = round(&ward.gateway, &ward.feed, false).await;
        ward.hospital.at(CLOCK + 90_000);
        let due = round(&ward.gateway, &ward.feed, false).await;
        assert_eq!((soon.deleted, due.deleted), if by == By::Server { (0, 1) } else { (1, 0) }, "{by:?}");
        assert_eq!(ward.observations().await, ids(&["o1", "o3"]));
        // It comes back.
        ward.hospital.keeps(result("o2", "p1", 1), CLOCK + 95_000);
        ward.hospital.at(CLOCK + 100_000);
        round(&ward.gateway, &ward.feed, false).await;
        assert_eq!(ward.observations().await, ids(&["o1", "o2", "o3"]));
    }
}

async fn a_round_that_was_cut_off_goes_on_where_it_stood(place: Place) {
    let ward = ward(&place, By::Server, |_| {}).await;
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    for n in 0..6 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
    }
    ward.hospital.behaves(&[Manner::SecondPageFails]);
    let first = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(first.problems, ["Observation page 2: HTTP 403: forbidden not this page"]);
    assert_eq!(ward.observations().await.len(), 2, "the first page is on disk");
    ward.hospital.behaves(&[]);
    ward.hospital.at(CLOCK + 86_400);
    let second = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((second.loaded.events["created"], ward.observations().await.len()), (4, 6), "its cursor had not moved");
}

#[tokio::test]
async fn what_no_search_by_patient_finds_is_read_where_it_is_named() {
    let place = Place::file();
    let kinds = ["Patient", "Medication", "MedicationAdministration"];
    let ward = ward(&place, By::Patients, |pull| {
        (pull.kinds, pull.patients) = (kinds.map(str::to_owned).to_vec(), vec!["p1".into()]);
    })
    .await;
    let drug = |id: &str| json!({ "resourceType": "Medication", "id": id, "code": { "coding": [{ "system": "http://www.whocc.no/atc", "code": "L01FF02" }] } });
    let dose = |id: &str, drug: &str| {
        json!({ "resourceType": "MedicationAdministration", "id": id, "status": "completed", "subject": { "reference": "Patient/p1" },
            "medicationReference": { "reference": drug }, "effectiveDateTime": "2026-01-02T08:00:00Z" })
    };
    ward.hospital.keeps(patient("p1"), CLOCK);
    ["m1", "m2", "m3"].iter().for_each(|id| ward.hospital.keeps(drug(id), CLOCK));
    let far = format!("{}/Medication/m2", ward.hospital.base());
    for (id, drug) in [
        ("a1", "Medication/m1"),
        ("a2", "Medication/m1"),
        ("a3", far.as_str()),
        ("a4", "https://other.example/Medication/m3"),
    ] {
        ward.hospital.keeps(dose(id, drug), CLOCK);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, [""; 0], "{pulled:?}");
    let asked = ward.hospital.asked();
    assert!(!asked.iter().any(|query| query.starts_with("Medication?")), "R4 has no such search: {asked:?}");
    assert_eq!(asked.iter().filter(|query| *query == "Medication/m1").count(), 1, "each once: {asked:?}");
    assert_eq!(ward.kept(ResourceType::Medication).await, ids(&["m1", "m2"]), "another server's is not asked for here");
}

#[tokio::test]
async fn a_group_names_patients_of_its_own_server() {
    let place = Place::file();
    let ward = ward(&place, By::Patients, |pull| {
        (pull.kinds, pull.group) = (vec!["Patient".into()], Some("g".into()));
    })
    .await;
    let near = format!("{}/Patient/p2", ward.hospital.base());
    let references =
        ["Patient/p1", &near, "Practitioner/p3", "https://other.example/fhir/Patient/p4", "p5", "Patient/.."];
    let members: Vec<Value> = references.iter().map(|r| json!({ "entity": { "reference": r } })).collect();
    ward.hospital.keeps(json!({ "resourceType": "Group", "id": "g", "member": members }), CLOCK);
    (1..=5).for_each(|n| ward.hospital.keeps(patient(&format!("p{n}")), CLOCK));
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(ward.hospital.asked(), ["Group/g", "Patient/p1", "Patient/p2"]);
    assert_eq!(pulled.problems, ["4 members of the Group of the roster name no Patient of this server"]);
}
