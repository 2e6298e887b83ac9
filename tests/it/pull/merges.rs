//! A hospital merges records: the round follows, takes the results of the record in use for the same person's, and notices
//! that the old id is gone.

use super::*;
use crate::place::on_both;
use trialgate::flow::pull::round;
use trialgate::store::PersonOf;

on_both!(
    a_round_by_roster_follows_the_record_in_use,
    an_old_id_that_is_gone_is_noticed_and_stays_merged,
    a_merge_arrives_by_time_too,
);

fn merged(id: &str, into: &str) -> Value {
    let mut patient = patient(id);
    patient["active"] = false.into();
    patient["link"] = json!([{ "type": "replaced-by", "other": { "reference": format!("Patient/{into}") } }]);
    patient
}

impl Ward {
    async fn are_one(&self, a: &str, b: &str) -> bool {
        let of = |id: &str| PersonOf { source: "ehr".into(), patient: id.to_owned() };
        let (a, b) = (self.store.read(of(a)).await.expect("read"), self.store.read(of(b)).await.expect("read"));
        a.is_some() && a == b
    }
}

async fn roster(place: &Place) -> Ward {
    let ward = ward(place, By::Patients, |pull| pull.patients = vec!["p1".into()]).await;
    ward.hospital.keeps(patient("p1"), CLOCK);
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK);
    round(&ward.gateway, &ward.feed, false).await;
    ward
}

async fn a_round_by_roster_follows_the_record_in_use(place: Place) {
    let ward = roster(&place).await;
    // Merged into a record that is on no roster, which is merged into a third.
    ward.hospital.keeps(merged("p1", "p2"), CLOCK + 10);
    ward.hospital.keeps(merged("p2", "p3"), CLOCK + 10);
    ward.hospital.keeps(patient("p3"), CLOCK + 10);
    ward.hospital.keeps(result("o2", "p3", 2), CLOCK + 10);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert!(pulled.problems.is_empty() && pulled.loaded.set_aside.is_empty(), "{pulled:?}");
    assert_eq!(ward.kept(ResourceType::Patient).await, ids(&["p1", "p2", "p3"]));
    assert_eq!(ward.observations().await, ids(&["o1", "o2"]));
    assert!(ward.are_one("p1", "p3").await);

    // Asked for the old record, the server answers with results that are about the one in use by now.
    ward.hospital.behaves(&[super::hospital::Manner::WrongPatient]);
    ward.hospital.keeps(patient("somebody-else"), CLOCK + 20);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert!(pulled.loaded.set_aside["conflict"] > 0, "a stranger's: {pulled:?}");
    ward.hospital.keeps(merged("p3", "somebody-else"), CLOCK + 30);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert!(pulled.loaded.set_aside.is_empty(), "no stranger any more: {pulled:?}");
}

async fn an_old_id_that_is_gone_is_noticed_and_stays_merged(place: Place) {
    let ward = roster(&place).await;
    ward.hospital.keeps(merged("p1", "p2"), CLOCK + 10);
    ward.hospital.keeps(patient("p2"), CLOCK + 10);
    round(&ward.gateway, &ward.feed, false).await;
    ward.hospital.forgets("Patient", "p1");
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!(pulled.problems, ["a Patient of the roster is gone at the source"]);
    assert_eq!(pulled.deleted, 1);
    assert!(ward.are_one("p1", "p2").await, "what it was replaced by stays said");
    // Without a word of whom it was merged into, it is gone, and nobody else's.
    ward.hospital.forgets("Patient", "p2");
    let mut feed = ward.feed;
    feed.settings.patients = vec!["p2".into()];
    let pulled = round(&ward.gateway, &feed, false).await;
    assert_eq!((pulled.problems.len(), pulled.deleted), (1, 1), "{pulled:?}");
}

async fn a_merge_arrives_by_time_too(place: Place) {
    let ward = ward(&place, By::Server, |_| {}).await;
    ward.hospital.keeps(patient("p1"), CLOCK - 10);
    ward.hospital.keeps(patient("p2"), CLOCK - 10);
    round(&ward.gateway, &ward.feed, false).await;
    assert!(!ward.are_one("p1", "p2").await);
    ward.hospital.keeps(merged("p1", "p2"), CLOCK + 10);
    ward.hospital.at(CLOCK + 600);
    round(&ward.gateway, &ward.feed, false).await;
    assert!(ward.are_one("p1", "p2").await);
    ward.hospital.keeps(patient("p1"), CLOCK + 700);
    ward.hospital.at(CLOCK + 1_200);
    round(&ward.gateway, &ward.feed, false).await;
    assert!(!ward.are_one("p1", "p2").await, "unmerged");
}
