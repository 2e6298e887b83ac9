//! What people decided about somebody who is another's person now: nothing is chosen away.

use super::*;
use crate::place::on_both;
use trialgate::decide::Consent;
use trialgate::model::standing::Collection;
use trialgate::store::{AlertsOf, SubjectsOfPerson};

on_both!(
    two_subjects_who_are_one_raise_an_alert_and_nobody_is_moved,
    a_subject_stays_the_subject_of_the_person_that_it_was,
    an_objection_of_one_holds_for_both,
    a_decision_keeps_data_from_listing_the_other,
    a_patient_that_is_gone_is_pointed_out,
);

fn consent() -> Act {
    Act::RecordConsent(Consent {
        signer: "subject".into(),
        version: "1".into(),
        day: "2026-03-12".into(),
        reference: None,
    })
}

async fn both(house: &House) {
    for id in ["p", "q"] {
        house.put(&patient(id, &[])).await;
        house.put(&diagnosis(&format!("d-{id}"), id)).await;
    }
    house.settle().await;
}

async fn alerts(house: &House, id: &str) -> Vec<String> {
    let ask = AlertsOf { person: house.person(id).await, trial: TRIAL.into() };
    house.desk.store().read(ask).await.expect("alerts").into_iter().map(|a| a.kind).collect()
}

async fn two_subjects_who_are_one_raise_an_alert_and_nobody_is_moved(place: Place) {
    let house = house(place);
    both(&house).await;
    let (p, q) = (house.person("p").await, house.person("q").await);
    house.act(p, &consent()).await.expect("consented");
    house.act(q, &consent()).await.expect("consented");
    house.settle().await;
    let before = (house.standings("p").await, house.standings("q").await);
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    // Excluded by what the other record holds; yet data chooses none of the two.
    house.put(&result("o", "q", "777-3", "45", "10*9/L")).await;
    house.settle().await;
    assert_eq!(house.statuses("p").await, ["screening", "screening"]);
    assert_eq!(alerts(&house, "p").await, ["two-subjects"]);
    assert_eq!(alerts(&house, "q").await, ["two-subjects"]);
    // A person takes one of them back; the other counts from then on, under its own id.
    house
        .act(q, &Act::Remove { reason: "duplicate after merge".into(), second: Some("a.second".into()) })
        .await
        .expect("removed");
    house.settle().await;
    assert_eq!(house.statuses("p").await, ["screening"]);
    house.put(&patient("q", &[])).await;
    house.settle().await;
    let standings = house.standings("p").await;
    assert_eq!(standings, before.0, "what was p's is p's");
    let theirs = house.standings("q").await;
    assert_eq!((theirs[0].person, theirs[0].removed, theirs[0].by_person()), (q, true, true), "a person decided so");
    assert_eq!(theirs[0].evidence.consented, before.1[0].evidence.consented);
}

async fn a_subject_stays_the_subject_of_the_person_that_it_was(place: Place) {
    let house = house(place);
    both(&house).await;
    let (p, q) = (house.person("p").await, house.person("q").await);
    house.act(q, &consent()).await.expect("consented");
    house.settle().await;
    let subject = house.desk.store().read(SubjectsOfPerson { person: q }).await.expect("subjects").remove(0).subject;
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.settle().await;
    assert_eq!(house.person("q").await, p);
    assert_eq!(house.statuses("p").await, ["screening"], "p's own candidature lapsed, q's consent counts");
    assert!(alerts(&house, "p").await.is_empty());
    // An act on the person reaches the subject that counts.
    house.act(p, &Act::Withdraw { reason: "moved".into(), day: "2026-03-14".into() }).await.expect("withdrawn");
    house.settle().await;
    assert_eq!(house.statuses("p").await, ["withdrawn"]);
    let now = house.desk.store().read(SubjectsOfPerson { person: q }).await.expect("subjects").remove(0);
    assert_eq!((now.subject.id, now.subject.collection), (subject.id, Collection::Stopped));
    house.put(&patient("q", &[])).await;
    house.settle().await;
    assert_eq!(house.statuses("q").await, ["withdrawn"]);
    assert_eq!(house.statuses("p").await, ["potential-candidate"], "as if they had never been one");
}

async fn an_objection_of_one_holds_for_both(place: Place) {
    let house = house(place);
    both(&house).await;
    let q = house.person("q").await;
    house.act(q, &Act::Object).await.expect("objected");
    house.settle().await;
    for n in 0..2 {
        // The one whose record is used may be either.
        let (of, to) = if n == 0 { ("q", "p") } else { ("p", "q") };
        house.put(&patient(of, &[("replaced-by", to)])).await;
        house.settle().await;
        assert!(house.statuses("p").await.is_empty(), "{of} into {to}");
        assert_eq!(house.tally().await, BTreeMap::from([("objected".to_owned(), 1)]));
        house.put(&patient(of, &[])).await;
        house.settle().await;
        assert_eq!(house.statuses("p").await, ["potential-candidate"], "p never objected");
        assert!(house.statuses("q").await.is_empty());
    }
    // Said while they are one, it is said by both.
    let place = house.place.another();
    let house = self::house(place);
    both(&house).await;
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.act(house.person("p").await, &Act::Object).await.expect("objected");
    house.put(&patient("q", &[])).await;
    house.settle().await;
    assert!(house.statuses("p").await.is_empty());
}

async fn a_decision_keeps_data_from_listing_the_other(place: Place) {
    let house = house(place);
    both(&house).await;
    house.act(house.person("q").await, &Act::Decline { reason: "declined".into() }).await.expect("declined");
    house.put(&patient("q", &[("replaced-by", "p")])).await;
    house.settle().await;
    assert_eq!(
        house.statuses("p").await,
        ["not-registered"],
        "who declined is not offered again under the other record"
    );
    assert_eq!(house.tally().await, BTreeMap::from([("not-registered".to_owned(), 1)]));
}

async fn a_patient_that_is_gone_is_pointed_out(place: Place) {
    let house = house(place);
    both(&house).await;
    house.act(house.person("q").await, &consent()).await.expect("consented");
    house.settle().await;
    for id in ["p", "q"] {
        house.delete(ResourceType::Patient, id).await;
        house.settle().await;
    }
    assert!(alerts(&house, "p").await.is_empty(), "nobody decided anything of p");
    assert_eq!(alerts(&house, "q").await, ["patient-gone"]);
    assert_eq!(house.statuses("q").await, ["screening"], "the status stays");
}
