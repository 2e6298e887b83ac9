//! Every definition that is shipped, at once on one store: each verdict is that of the trial alone.

use super::*;
use trialgate::flow::explain::{Asked, explain};

on_both!(each_verdict_is_that_of_the_trial_alone);

/// Evidence without the person's key, which is random.
async fn evidence(town: &Town, patient: &str, trial: &str) -> Option<(String, Value)> {
    let current = town.current(patient, trial).await?;
    let mut json = town.desk.library().evidence_json(&current.form).unwrap_or_default();
    if let Some(object) = json.as_object_mut() {
        object.remove("person");
    }
    Some((format!("{:?}", current.result), json))
}

async fn each_verdict_is_that_of_the_trial_alone(place: Place) {
    let profiles = Profiles::built_in();
    let people = cases(&profiles);
    let beside = || place.another();
    let names = profiles.trials();
    let mut alone = Vec::new();
    for name in &names {
        let mut own = profiles.clone();
        own.0.retain(|path, _| !path.starts_with("trials/") || path.starts_with(&format!("trials/{name}/")));
        let town = Town::new(beside(), own);
        town.arrive(&people).await;
        alone.push(town);
    }
    let together = Town::new(place, profiles);
    together.arrive(&people).await;
    let mut decided = 0;
    for case in &people {
        for (name, town) in names.iter().zip(&alone) {
            let found = evidence(&together, &case.patient, name).await;
            assert_eq!(found, evidence(town, &case.patient, name).await, "{} in {name}", case.patient);
            decided += usize::from(found.is_some_and(|(_, json)| !json.is_null()));
        }
        // Side by side they say the same.
        let asked = Asked { person: &format!("main/{}", case.patient), trial: None, as_of: None, known_at: None };
        let all = explain(&together.desk, &asked).await.expect("explained");
        assert_eq!(all.json["trials"].as_array().map(Vec::len), Some(names.len()));
    }
    assert!(decided >= people.len() / 2, "{decided} verdicts of {} people", people.len());
}
