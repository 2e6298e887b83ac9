//! What messages say of Patients: records, deletions, merges and links, each as of its own time.

use super::*;
use crate::place::on_both;
use trialgate::flow::hl7v2::Verdict;

on_both!(
    a_life_of_numbers,
    what_came_by_fhir_is_not_lost_by_a_merge,
    a_number_is_known_with_its_authority,
    merges_that_nobody_reads_wait_for_people,
    merged_numbers_are_one_person_whatever_came_first,
    what_the_store_refuses_is_set_aside_and_the_others_go_on,
);

async fn a_life_of_numbers(place: Place) {
    let ward = ward(&place);
    ward.takes(&fixture("patients.hl7")).await;
    let old = ward.patient("old").await.expect("kept");
    assert_eq!(
        (&old["birthDate"], &old["active"]),
        (&"1970-01-01".into(), &false.into()),
        "a merge takes nothing away"
    );
    assert_eq!(old["link"], serde_json::json!([{ "other": { "reference": "Patient/new" }, "type": "replaced-by" }]));
    let new = ward.patient("new").await.expect("kept");
    assert_eq!((&new["birthDate"], &new["deceasedDateTime"]), (&"1970-01-11".into(), &"2026-02-28".into()));
    assert_eq!(new["link"], Value::Null, "linked, and no longer");
    assert_eq!(ward.patient("third").await, None, "nothing is known of it but a link that is gone");
    assert_eq!(ward.patient("fourth").await, None, "deleted");
    // An older record after the deletion brings nothing back; a newer one does.
    let record = |day: u32| {
        let text = format!(
            "MSH|^~\\&|A|H|T|T|202603{day:02}080000+0000||ADT^A08|B{day}|P|2.5\nEVN|A08|202603{day:02}080000+0000\nPID|1||fourth^^^^MR||||19690101|M"
        );
        message(&text)
    };
    ward.take(&record(6)).await;
    assert_eq!(ward.patient("fourth").await, None);
    ward.take(&record(8)).await;
    assert_eq!(ward.patient("fourth").await.expect("it is back")["gender"], "male");
}

async fn what_came_by_fhir_is_not_lost_by_a_merge(place: Place) {
    let ward = ward(&place);
    let body = br#"{"resourceType":"Patient","id":"old","birthDate":"1970-01-01","extension":[{"url":"urn:x","valueDecimal":1.50}],"link":[{"other":{"reference":"Patient/elsewhere"},"type":"seealso"}]}"#;
    let kept = ward.gateway.update(&ward.source, ResourceType::Patient, "old", body, None, caller()).await;
    assert!(kept.is_ok(), "{kept:?}");
    ward.take(&fixture("patients.hl7")[3]).await;
    let read = ward.gateway.read(&ward.source, ResourceType::Patient, "old").await.expect("kept");
    let text = String::from_utf8(read.body).expect("UTF-8");
    assert!(text.contains("1.50") && text.contains("Patient/elsewhere") && text.contains("Patient/new"), "{text}");
}

async fn a_number_is_known_with_its_authority(place: Place) {
    let record = |number: &str| {
        let text = format!("MSH|^~\\&|A|H|T|T|20260301||ADT^A08|1|P|2.5\nPID|1||{number}||||19690101|M");
        message(&text)
    };
    let ids = async |ward: &Ward| ward.all(ResourceType::Patient).await.len();
    let both = [record("1^^^HOSPA^MR"), record("1^^^HOSPB^MR")];
    let silent = speaking(&place, "UTC", Dialect::default());
    silent.take_all(&both).await;
    assert_eq!(ids(&silent).await, 2, "the same number of two hospitals is two people");
    let place = place.another();
    let stated = speaking(&place, "UTC", Dialect { authority: Some("HOSPA".into()), ..Dialect::default() });
    let told = stated.take_all(&both).await;
    assert_eq!(told.iter().map(|t| t.verdict).collect::<Vec<_>>(), [Verdict::Taken, Verdict::Wrong]);
    assert!(stated.patient("1").await.is_some());
    let told = stated.take(&record("1^^^HOSPA^MR~2^^^HOSPA^MR")).await;
    assert_eq!((told.verdict, told.faults[0].code), (Verdict::Wrong, 204), "{told:?}");
}

async fn merges_that_nobody_reads_wait_for_people(place: Place) {
    let ward = ward(&place);
    let text = "MSH|^~\\&|A|H|T|T|20260301||ADT^A47|1|P|2.5\nEVN|A47|20260301\nPID|1||new\nMRG|old";
    let told = ward.take(&message(text)).await;
    assert_eq!((told.verdict, told.aside.len(), ward.asides().await.len()), (Verdict::Taken, 1, 1));
}

async fn merged_numbers_are_one_person_whatever_came_first(place: Place) {
    let messages = fixture("patients.hl7");
    // In any order: merged numbers and linked ones are one person; what was unlinked is another.
    for order in [[0, 1, 2, 3, 4, 5], [3, 5, 0, 4, 2, 1], [5, 4, 3, 2, 1, 0]] {
        let place = place.another();
        let ward = ward(&place);
        for n in order {
            ward.take(&messages[n]).await;
        }
        let person = async |id: &str| {
            let ask = PersonOf { source: "lab".into(), patient: id.into() };
            ward.store.read(ask).await.expect("read")
        };
        let (old, new, third) = (person("old").await, person("new").await, person("third").await);
        assert!(old.is_some() && old == new, "{order:?}");
        assert!(third != new, "{order:?}");
    }
    // Linked and not unlinked.
    let ward = ward(&place);
    for n in [4, 3] {
        ward.take(&messages[n]).await;
    }
    let ask = |id: &str| PersonOf { source: "lab".into(), patient: id.into() };
    let new = ward.store.read(ask("new")).await.expect("read");
    for other in ["third", "old"] {
        assert_eq!(ward.store.read(ask(other)).await.expect("read"), new, "{other}");
    }
}

/// More numbers than are believed to be of one person: the sender is told, and does not send it for ever.
async fn what_the_store_refuses_is_set_aside_and_the_others_go_on(place: Place) {
    let ward = ward(&place);
    let links: Vec<Value> = (1..500)
        .map(|n| serde_json::json!({ "other": { "reference": format!("Patient/n{n}") }, "type": "seealso" }))
        .collect();
    let hub = serde_json::json!({ "resourceType": "Patient", "id": "hub", "link": links }).to_string();
    let kept = ward.gateway.update(&ward.source, ResourceType::Patient, "hub", hub.as_bytes(), None, caller()).await;
    assert!(kept.is_ok(), "as many as may be: {kept:?}");
    let head = "MSH|^~\\&|A|H|T|T|20260301||ADT^";
    let merge = message(&format!("{head}A40|2|P|2.5\nPID|1||hub\nMRG|one-more"));
    let file = [
        message(&format!("{head}A08|1|P|2.5\nPID|1||p1||||19690101|F")),
        merge.clone(),
        message(&format!("{head}A08|3|P|2.5\nPID|1||p3||||19690101|F")),
    ];
    let loaded = ward.gateway.load_messages(&ward.source, "file", &file.join(&b'\r'), &caller()).await;
    let loaded = loaded.expect("the store answers");
    assert_eq!((loaded.kept.get("Patient"), loaded.set_aside.get("message")), (Some(&2), Some(&1)), "{loaded:?}");
    let told = ward.take(&merge).await;
    let why = "MSH[1]: the links and identifiers of this Patient make one person of more";
    assert!(told.verdict == Verdict::Wrong && told.words().contains(why.trim_start_matches("MSH[1]: ")), "{told:?}");
    assert_eq!(ward.asides().await.len(), 1, "once");
}
