//! What records say of each other, and identifiers by which persons are known.

use super::*;
use crate::place::on_both;
use trialgate::model::time::Instant as At;
use trialgate::store::{AssessmentHistory, PersonByKey};

on_both!(
    a_merge_brings_evidence_together_and_its_end_parts_it,
    every_kind_of_link_says_one_person,
    a_record_out_of_use_hides_nobody,
    one_person_is_counted_and_listed_once,
    sources_that_share_an_index_know_one_person,
    an_identifier_that_many_bear_names_nobody,
    what_was_seen_before_a_merge_replays_after_it,
    links_inside_a_transaction_lead_to_its_entries,
    a_merged_record_that_is_gone_stays_merged,
    a_ring_of_links_and_too_many_end,
    a_subject_named_twice_must_be_one_person,
    a_system_that_the_settings_name_later_joins_what_is_sent_again,
);

/// Platelets of 45 and a diagnosis in two records of one person: the exclusion holds only when they are read together.
async fn split(house: &House) {
    house.put(&patient("p", &[])).await;
    house.put(&patient("q", &[])).await;
    house.put(&diagnosis("d", "p")).await;
    house.put(&result("o", "q", "777-3", "45", "10*9/L")).await;
}

async fn a_merge_brings_evidence_together_and_its_end_parts_it(place: Place) {
    let house = house(place);
    split(&house).await;
    house.settle().await;
    let apart = (house.verdict("p").await, house.verdict("q").await);
    assert_eq!(criterion(&apart.0, "E3"), "unknown");
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.settle().await;
    assert_eq!(house.person("p").await, house.person("q").await);
    assert_eq!(criterion(&house.verdict("p").await, "E3"), "true", "platelets of the other record count");
    assert_eq!(house.statuses("p").await, ["ineligible"], "the person was assessed anew");
    let row =
        house.desk.store().read(PersonByKey { person: house.person("q").await }).await.expect("read").expect("one");
    assert_eq!(
        row.members.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
        ["p", "q"],
        "the record in use comes first"
    );

    house.put(&patient("q", &[])).await;
    house.settle().await;
    assert_ne!(house.person("p").await, house.person("q").await);
    assert_eq!((house.verdict("p").await, house.verdict("q").await), apart);
    assert_eq!(house.statuses("p").await, ["potential-candidate"]);
}

async fn every_kind_of_link_says_one_person(place: Place) {
    for kind in ["replaced-by", "replaces", "refer", "seealso"] {
        let house = house(place.another());
        house.put(&patient("p", &[(kind, "q")])).await;
        assert_eq!(house.persons(&["p", "q"]).await.len(), 1, "{kind}: the other may come later");
        house.put(&patient("q", &[])).await;
        assert_eq!(house.persons(&["p", "q"]).await.len(), 1, "{kind}: it says nothing against it");
        house.put(&patient("p", &[])).await;
        assert_eq!(house.persons(&["p", "q"]).await.len(), 2, "{kind}");
    }
    // Said from both ends, it holds until neither says so.
    let house = house(place);
    house.put(&patient("p", &[("replaced-by", "q")])).await;
    house.put(&patient("q", &[("replaces", "p")])).await;
    house.put(&patient("p", &[])).await;
    assert_eq!(house.persons(&["p", "q"]).await.len(), 1);
    house.put(&patient("q", &[])).await;
    assert_eq!(house.persons(&["p", "q"]).await.len(), 2);
}

async fn a_record_out_of_use_hides_nobody(place: Place) {
    for (of, other) in [(&[("replaced-by", "p")][..], &[][..]), (&[][..], &[("replaces", "q")][..])] {
        let house = house(place.another());
        split(&house).await;
        let mut out_of_use = patient("q", of);
        out_of_use["active"] = false.into();
        house.put(&out_of_use).await;
        house.put(&patient("p", other)).await;
        house.settle().await;
        assert_eq!(house.statuses("p").await, ["ineligible"], "{of:?} {other:?}");
        // Restricted is another thing: the stricter of two holds.
        out_of_use["meta"] = json!({ "security": [{ "code": "R" }] });
        house.put(&out_of_use).await;
        house.settle().await;
        assert!(house.statuses("p").await.is_empty(), "{of:?} {other:?}");
    }
}

async fn one_person_is_counted_and_listed_once(place: Place) {
    let house = house(place);
    for id in ["p", "q"] {
        house.put(&patient(id, &[])).await;
        house.put(&diagnosis(&format!("d-{id}"), id)).await;
    }
    house.settle().await;
    assert_eq!(house.tally().await, BTreeMap::from([("potential-candidate".to_owned(), 2)]));
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.settle().await;
    assert_eq!(house.tally().await, BTreeMap::from([("potential-candidate".to_owned(), 1)]));
    let ask = trialgate::store::ListedIn { trial: TRIAL.into(), count: 10 };
    let listed = house.desk.store().read(ask).await.expect("a list");
    assert_eq!(listed.iter().map(|l| l.person).collect::<Vec<_>>(), [house.person("p").await]);
    let standing: Vec<bool> = house.standings("p").await.iter().map(|s| s.removed).collect();
    assert_eq!(standing.iter().filter(|removed| **removed).count(), 1, "one of the two lapsed: {standing:?}");
    house.put(&patient("q", &[])).await;
    house.settle().await;
    assert_eq!(house.tally().await, BTreeMap::from([("potential-candidate".to_owned(), 2)]));
    for id in ["p", "q"] {
        assert_eq!(house.statuses(id).await, ["potential-candidate"], "{id}");
    }
}

fn known_by(id: &str, system: &str, value: &str) -> Value {
    let mut patient = patient(id, &[]);
    patient["identifier"] = json!([{ "system": system, "value": value }]);
    patient
}

async fn sources_that_share_an_index_know_one_person(place: Place) {
    let house = house(place);
    house.put_at("main", &known_by("p", INDEX, "7")).await.expect("kept");
    house.put_at("lab", &known_by("x", INDEX, "7")).await.expect("kept");
    house.put_at("lab", &known_by("y", "urn:mrn", "7")).await.expect("kept");
    house.put_at("lab", &known_by("z", INDEX, "8")).await.expect("kept");
    // Same name, same birth date: nothing.
    let (p, x) = (house.person("p").await, house.person_at("lab", "x").await);
    assert_eq!(p, x);
    assert_ne!(house.person_at("lab", "y").await, p, "a system that nobody named");
    assert_ne!(house.person_at("lab", "z").await, p);
    house.put(&diagnosis("d", "p")).await;
    house.put_at("lab", &result("o", "x", "777-3", "45", "10*9/L")).await.expect("kept");
    assert_eq!(criterion(&house.verdict("p").await, "E3"), "true", "a result of the other source");
    house.put_at("lab", &known_by("x", INDEX, "9")).await.expect("kept");
    assert_ne!(house.person_at("lab", "x").await, p, "the identifier was another's");
}

async fn an_identifier_that_many_bear_names_nobody(place: Place) {
    let house = house(place);
    let ids: Vec<String> = (0..17).map(|n| format!("p{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for id in &ids[..16] {
        house.put(&known_by(id, INDEX, "000000")).await;
    }
    assert_eq!(house.persons(&ids[..16]).await.len(), 1);
    house.put(&known_by(ids[16], INDEX, "000000")).await;
    assert_eq!(house.persons(&ids).await.len(), 17, "one more, and it is no name of anybody");
    house.put(&known_by(ids[3], INDEX, "3")).await;
    assert_eq!(house.persons(&ids).await.len(), 2, "one less, and it is one again");
}

async fn what_was_seen_before_a_merge_replays_after_it(place: Place) {
    let house = house(place);
    split(&house).await;
    house.settle().await;
    let (p, q) = (house.person("p").await, house.person("q").await);
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.settle().await;
    house.put(&result("o2", "q", "777-3", "145", "10*9/L")).await;
    house.settle().await;
    house.put(&patient("q", &[])).await;
    house.settle().await;
    let mut replayed = 0;
    for person in [p, q] {
        let ask = AssessmentHistory { person, trial: TRIAL.into() };
        for stored in house.desk.store().read(ask).await.expect("a history") {
            let record = assess::read(&house.desk, person, KnownAt::Seen(stored.seen.clone())).await.expect("a record");
            let library = house.desk.library();
            let finding = assess::find(&house.desk, library.trial(TRIAL).expect("the trial"), &record, stored.at);
            let form = assess::form_of(&house.desk, &finding.expect("a finding"), &record);
            assert_eq!(form, stored.form, "{person} {}", stored.version);
            replayed += 1;
        }
    }
    assert!(replayed >= 3, "{replayed}");
    let then = assess::read(&house.desk, p, KnownAt::Moment(At(NOW.0 + 1_000_000))).await.expect("a record");
    assert_eq!(then.seen.len(), 1, "parted: {then:?}");
}

async fn links_inside_a_transaction_lead_to_its_entries(place: Place) {
    let house = house(place);
    let url = |n: u8| format!("urn:uuid:0b8d0c2e-6f6d-4a9f-8f0a-00000000000{n}");
    let mut merged = json!({ "resourceType": "Patient", "active": false });
    merged["link"] = json!([{ "type": "replaced-by", "other": { "reference": url(2) } }]);
    let post = |url: String, resource: Value| json!({ "fullUrl": url, "resource": resource, "request": { "method": "POST", "url": resource["resourceType"] } });
    let about = |n| json!({ "reference": url(n) });
    let mut observation = result("o", "x", "777-3", "45", "10*9/L");
    observation.as_object_mut().expect("an object").remove("id");
    observation["subject"] = about(1);
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        post(url(3), observation), post(url(1), merged),
        post(url(2), json!({ "resourceType": "Patient", "gender": "male", "birthDate": "1970-01-01" })),
    ]});
    let source = house.desk.gateway.source("main").expect("a source");
    let (_, answers) = house.desk.gateway.bundle(source, bundle.to_string().as_bytes(), caller()).await.expect("taken");
    let ids: Vec<String> = answers
        .iter()
        .map(|a| match a {
            trialgate::flow::answer::EntryAnswer::Written(w) => w.kept.id.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(house.persons(&[&ids[1], &ids[2]]).await.len(), 1);
    let stored = house.desk.gateway.read(source, ResourceType::Patient, &ids[1]).await.expect("read");
    let stored: Value = serde_json::from_slice(&stored.body).expect("JSON");
    assert_eq!(stored["link"][0]["other"]["reference"], format!("Patient/{}", ids[2]));
}

async fn a_merged_record_that_is_gone_stays_merged(place: Place) {
    let house = house(place);
    split(&house).await;
    house.put(&patient("q", &[("replaced-by", "p"), ("seealso", "r")])).await;
    house.put(&patient("r", &[])).await;
    assert_eq!(house.persons(&["p", "q", "r"]).await.len(), 1);
    house.delete(ResourceType::Patient, "q").await;
    let now = house.persons(&["p", "q", "r"]).await;
    assert_eq!(now.len(), 2, "what it said beside ends: {now:?}");
    assert_eq!(house.person("p").await, house.person("q").await);
    // Back, and saying otherwise.
    house.put(&patient("q", &[])).await;
    assert_eq!(house.persons(&["p", "q", "r"]).await.len(), 3);
}

async fn a_ring_of_links_and_too_many_end(place: Place) {
    let house = house(place);
    house.put(&patient("a", &[("replaced-by", "b")])).await;
    house.put(&patient("b", &[("replaced-by", "c")])).await;
    house.put(&patient("c", &[("replaced-by", "a"), ("seealso", "c")])).await;
    assert_eq!(house.persons(&["a", "b", "c"]).await.len(), 1);
    let others: Vec<String> = (0..501).map(|n| format!("n{n}")).collect();
    let many: Vec<(&str, &str)> = others.iter().map(|id| ("seealso", id.as_str())).collect();
    let refused = house.put_at("main", &patient("a", &many)).await.expect_err("too many");
    assert!(refused.contains("too-costly") && refused.contains("of one person"), "{refused}");
    assert_eq!(house.persons(&["a", "b", "c"]).await.len(), 1, "nothing of it was kept");
}

async fn a_subject_named_twice_must_be_one_person(place: Place) {
    let house = house(place);
    house.put(&known_by("p", "urn:mrn", "7")).await;
    house.put(&known_by("q", "urn:mrn", "8")).await;
    let named = |id: &str, of: &str, value: &str| {
        let mut result = result(id, of, "777-3", "45", "10*9/L");
        result["subject"]["identifier"] = json!({ "system": "urn:mrn", "value": value });
        result
    };
    house.put(&named("o1", "p", "7")).await;
    house.put(&named("o2", "p", "a number that no Patient bears")).await;
    let refused = house.put_at("main", &named("o3", "p", "8")).await.expect_err("another person's");
    assert!(refused.contains("conflict") && refused.contains("another Patient than its reference"), "{refused}");
    assert!(!refused.contains("Patient/p"), "no name in what is told: {refused}");
    // One person since: either record's number is right.
    let mut merged = known_by("q", "urn:mrn", "8");
    merged["link"] = json!([{ "type": "replaced-by", "other": { "reference": "Patient/p" } }]);
    house.put(&merged).await;
    house.put(&named("o3", "p", "8")).await;
}

async fn a_system_that_the_settings_name_later_joins_what_is_sent_again(place: Place) {
    let house = house(place);
    let silent = Source::new("main", Zone::utc());
    let gateway = &house.desk.gateway;
    let patients = [known_by("p", INDEX, "7"), known_by("q", INDEX, "7")];
    for (settings, persons) in [(&silent, 2), (gateway.source("main").expect("a source"), 1), (&silent, 2)] {
        for patient in &patients {
            let (id, body) = (patient["id"].as_str().expect("an id"), patient.to_string());
            let kind = ResourceType::Patient;
            gateway.update(settings, kind, id, body.as_bytes(), None, caller()).await.expect("kept");
        }
        assert_eq!(house.persons(&["p", "q"]).await.len(), persons);
    }
}
