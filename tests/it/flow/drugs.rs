//! Drugs by reference: whichever comes first, a Medication is read where an administration names it, and a reading of
//! the past meets it as it was.

use super::*;
use trialgate::model::fact::{FactValue, ReceivedNumber};
use trialgate::model::key::Item;
use trialgate::store::{PendingCount, Record};

const ATC: &str = "http://www.whocc.no/atc";

fn given() -> Value {
    json!({ "resourceType": "MedicationAdministration", "id": "g", "status": "completed",
            "medicationReference": { "reference": "Medication/bag" }, "subject": { "reference": "Patient/p" },
            "effectivePeriod": { "start": "2026-03-15T01:00:00Z", "end": "2026-03-15T02:00:00Z" },
            "dosage": { "dose": { "value": 250, "system": "http://unitsofmeasure.org", "code": "mL" } } })
}

/// A Medication of this code, so many mg in 50 mL of it.
fn bag(version: u32, code: &str, mg: u32) -> Value {
    let ucum = |n: u32, unit: &str| json!({ "value": n, "system": "http://unitsofmeasure.org", "code": unit });
    json!({ "resourceType": "Medication", "id": "bag",
            "meta": { "versionId": version.to_string(), "lastUpdated": format!("2026-03-14T0{version}:00:00Z") },
            "code": { "coding": [{ "system": ATC, "code": code }] },
            "ingredient": [{ "itemCodeableConcept": { "coding": [{ "system": "urn:own", "code": "substance" }] },
                             "strength": { "numerator": ucum(mg, "mg"), "denominator": ucum(50, "mL") } }] })
}

impl House {
    async fn record(&self, known: KnownAt) -> Record {
        assess::read(&self.desk, self.person().await, known).await.expect("a record")
    }

    async fn drugs(&self, known: KnownAt) -> Vec<String> {
        said(&self.record(known).await)
    }
}

/// What the record says of drugs: code, part, amount.
fn said(record: &Record) -> Vec<String> {
    let amount = |value: &FactValue| match value {
        FactValue::Quantity { number: ReceivedNumber::Exact(decimal), unit } => {
            format!("{decimal} {}", unit.as_written())
        }
        other => format!("{other:?}"),
    };
    let drug = |f: &&trialgate::model::fact::Fact| f.draft.code.code != "birth-date" && f.draft.code.code != "sex";
    let line = |f: &trialgate::model::fact::Fact| {
        format!("{} {} {} v{}", f.draft.code.code, f.draft.part, amount(&f.draft.value), f.version)
    };
    let mut all: Vec<String> = record.facts.iter().filter(drug).map(line).collect();
    all.sort();
    all
}

#[test]
fn a_medication_is_read_where_it_is_named_whenever_it_comes() {
    for place in places() {
        block_on(comes_later(place));
    }
}

async fn comes_later(place: Place) {
    let house = house(place);
    house.put(&patient()).await;
    house.put(&given()).await;
    house.settle().await;
    let before = house.record(KnownAt::Now).await;
    assert_eq!(said(&before), ["Medication/bag 0 250 mL v1"], "nothing is known of it yet");
    house.put(&bag(1, "C01CA03", 4)).await;
    assert_eq!(house.desk.store().read(PendingCount {}).await.expect("read").0, 1, "the person is assessed again");
    house.settle().await;
    let first = house.record(KnownAt::Now).await;
    let as_four = ["C01CA03 0 250 mL v1", "C01CA03 2 20 mg v1", "substance 0 250 mL v1", "substance 2 20 mg v1"];
    assert_eq!(said(&first), as_four);
    house.put(&bag(2, "B05BB01", 5)).await;
    assert_eq!(house.desk.store().read(PendingCount {}).await.expect("read").0, 1);
    house.settle().await;
    let as_five = ["B05BB01 0 250 mL v1", "B05BB01 2 25 mg v1", "substance 0 250 mL v1", "substance 2 25 mg v1"];
    assert_eq!(house.drugs(KnownAt::Now).await, as_five);
    // A reading of the past meets the Medication that it met then: none, the first, and after the second the first.
    assert_eq!(house.drugs(KnownAt::Seen(before.seen)).await, ["Medication/bag 0 250 mL v1"]);
    assert_eq!(house.drugs(KnownAt::Seen(first.seen)).await, as_four);
    house.put(&bag(1, "C01CA03", 4)).await;
    assert_eq!(house.drugs(KnownAt::Now).await, as_five, "an older version that comes late changes nothing");
    let source = house.desk.gateway.source("main").expect("a source");
    house.desk.gateway.delete(source, ResourceType::Medication, "bag", None, caller()).await.expect("deleted");
    assert_eq!(house.desk.store().read(PendingCount {}).await.expect("read").0, 1);
    assert_eq!(house.drugs(KnownAt::Now).await, ["Medication/bag 0 250 mL v1"], "what is gone says nothing");
}

#[test]
fn any_order_of_a_medication_and_who_names_it_ends_alike() {
    let all = [patient(), given(), bag(1, "C01CA03", 4), bag(2, "B05BB01", 5)];
    let orders = [[0, 1, 2, 3], [2, 3, 0, 1], [3, 2, 1, 0], [2, 1, 0, 3], [3, 0, 1, 2], [1, 3, 0, 2]];
    let mut ends: Vec<Vec<String>> = Vec::new();
    for order in orders {
        for place in places() {
            ends.push(block_on(async {
                let house = house(place);
                for n in order {
                    house.put(&all[n]).await;
                }
                house.settle().await;
                house.drugs(KnownAt::Now).await
            }));
        }
    }
    assert!(ends.iter().all(|end| *end == ends[0] && end.iter().any(|line| line == "B05BB01 2 25 mg v1")), "{ends:?}");
}

#[test]
fn each_assessment_replays_with_the_medication_that_it_had_seen() {
    for place in places() {
        block_on(replays_with(place));
    }
}

async fn replays_with(place: Place) {
    const SHOCK: &str = "NCT03668236";
    let house = house(place);
    let mut shock = diagnosis();
    shock["code"]["coding"][0]["code"] = "76571007".into();
    house.put(&patient()).await;
    house.put(&shock).await;
    house.put(&given()).await;
    house.settle().await;
    for (n, code) in ["C01CA03", "B05BB01", "A10BA02", "C01CA24"].into_iter().enumerate() {
        // The clock may step back; a Medication's own time grows all the same.
        house.clock.set(NOW.plus_us(if n % 2 == 0 { -1_000_000 } else { 0 }));
        house.put(&bag(u32::try_from(n).expect("small") + 1, code, 4)).await;
        house.settle().await;
    }
    let question = AssessmentHistory { person: house.person().await, trial: SHOCK.into() };
    let history = house.desk.store().read(question).await.expect("a history");
    assert!(history.len() > 2, "{} assessments", history.len());
    let library = house.desk.library();
    let active = library.trial(SHOCK).expect("the trial");
    for stored in &history {
        let record = house.record(KnownAt::Seen(stored.seen.clone())).await;
        let finding = assess::find(&house.desk, active, &record, stored.at).expect("a finding");
        assert_eq!(assess::form_of(&house.desk, &finding, &record), stored.form, "assessment {}", stored.version);
    }
}

#[test]
fn whoever_names_a_medication_while_it_comes_is_assessed_with_it() {
    for place in places() {
        block_on(at_once(place));
    }
}

async fn at_once(place: Place) {
    let house = house(place);
    let ids: Vec<String> = (0..24).map(|n| format!("r{n}")).collect();
    for id in &ids {
        house.put(&json!({ "resourceType": "Patient", "id": id })).await;
    }
    // Of each pair either may be first, and neither may see the other's row before its commit.
    let house = Arc::new(house);
    let mut pairs = tokio::task::JoinSet::new();
    for id in &ids {
        let (mut given, mut bag) = (given(), bag(1, "C01CA03", 4));
        given["id"] = id.as_str().into();
        given["subject"]["reference"] = format!("Patient/{id}").into();
        given["medicationReference"]["reference"] = format!("Medication/{id}").into();
        bag["id"] = id.as_str().into();
        let house = house.clone();
        pairs.spawn(async move {
            let assessing = async { assess::round(&house.desk).await.expect("a round") };
            tokio::join!(house.put(&given), house.put(&bag), assessing);
        });
    }
    pairs.join_all().await;
    house.settle().await;
    for id in &ids {
        let ask = PersonOf { source: "main".into(), patient: id.clone() };
        let person = house.desk.store().read(ask).await.expect("read").expect("a person");
        let question = AssessmentHistory { person, trial: "NCT03668236".into() };
        let history = house.desk.store().read(question).await.expect("a history");
        let newest = history.iter().max_by_key(|a| a.version).expect("an assessment");
        let medication = Item::of("main", "Medication", id);
        assert!(newest.seen.iter().any(|(key, _)| *key == medication), "{id}");
    }
}
