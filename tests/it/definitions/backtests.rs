//! The sums are those of everybody asked alone, and what is withheld cannot be worked out.

use super::*;
use trialgate::flow::rehearsal::backtest::{self, Backtest};
use trialgate::model::assessment::{Considered, Overall};
use trialgate::store::{KnownAt, PersonsAll, ReadPerson};

on_both!(everybody_is_counted_once_and_as_if_asked_alone, who_objected_is_counted_and_not_asked_about);

async fn run(town: &Town, trial: Trial) -> (Backtest, Vec<(PersonKey, Overall)>) {
    let (question, mut heard, mut done) = (town.question(trial), Vec::new(), 0);
    let each = |person, assessment: &trialgate::model::assessment::Assessment| heard.push((person, assessment.overall));
    let sums = backtest::run(town.desk.store(), &question, true, each, |n| done = n).await.expect("a backtest");
    assert_eq!(done, sums.persons);
    (sums, heard)
}

async fn everybody_is_counted_once_and_as_if_asked_alone(place: Place) {
    let town = Town::of_the_first(place).await;
    let (trial, _) = town.amended(&[]);
    // More than one chunk, most of whom are not looked at.
    let bystander =
        |n: usize| serde_json::json!({ "resourceType": "Patient", "id": format!("b{n}"), "gender": "male" });
    town.load(&(0..150).map(bystander).collect::<Vec<_>>()).await;
    let (sums, heard) = run(&town, trial.clone()).await;
    let all = town.desk.store().read(PersonsAll { after: None, count: 1000 }).await.expect("persons");
    let question = town.question(trial.clone());
    let mut alone = Backtest::new(&trial, &question.choice);
    let mut expected = Vec::new();
    for person in &all {
        let ask = ReadPerson { person: *person, known: KnownAt::Now, codes: None };
        let assessment = question.assess(&town.desk.store().read(ask).await.expect("a record")).expect("no objection");
        alone.add(Some(&assessment));
        if assessment.considered == Considered::Yes {
            expected.push((*person, assessment.overall));
        }
    }
    assert_eq!((sums.persons, &sums.verdicts, &sums.near), (all.len() as u64, &alone.verdicts, &alone.near));
    assert_eq!((&sums.columns, &sums.not_considered), (&alone.columns, &alone.not_considered));
    assert_eq!(heard, expected, "in order of key");
    assert!(sums.considered() > 10 && sums.persons >= 150 + sums.considered());
    // I3 to I5 are ways of which one is enough: none of them keeps anybody out, and the others do.
    let ways: Vec<&str> = sums.columns.iter().filter(|c| !c.required).map(|c| c.id.as_str()).collect();
    assert_eq!(ways, ["I3", "I4", "I5"]);
    let kept_out = |id: &str| sums.columns.iter().position(|c| c.id == id).expect("a column");
    assert_eq!(sums.columns[kept_out("I5")].left, sums.columns[kept_out("I2")].left);
}

async fn who_objected_is_counted_and_not_asked_about(place: Place) {
    let town = Town::of_the_first(place).await;
    let (trial, _) = town.amended(&[]);
    let before = run(&town, trial.clone()).await.0;
    let person = town.person("t0-C07").await;
    let signer = people::Signer { name: "Signer".into(), role: Role::Coordinator };
    people::act_on(&town.desk, person, TRIAL, &Act::Object, &signer).await.expect("an objection");
    let (after, heard) = run(&town, trial).await;
    assert_eq!((after.persons, after.considered()), (before.persons, before.considered() - 1));
    assert_eq!(after.not_considered.get("objected to research"), Some(&1));
    assert!(heard.iter().all(|(p, _)| *p != person));
}
