//! A definition is put in force by version, and the enrolled stay with theirs.

use super::*;
use trialgate::flow::definitions::{self, Loaded};
use trialgate::flow::takeup;
use trialgate::model::assessment::Overall;

on_both!(versions_only_rise_and_the_enrolled_stay_with_theirs, another_process_takes_up_what_was_loaded);

const STRICTER: [(&str, &str); 2] =
    [("version = 1\n", "version = 2\n"), ("platelets < 80 '10*9/L'", "platelets < 1000 '10*9/L'")];

async fn load(town: &Town, changes: &[(&str, &str)]) -> Loaded {
    let (trial, files) = town.amended(changes);
    definitions::load(&town.desk, &trial, files, caller()).await.expect("loaded")
}

fn refused(loaded: &Loaded) -> &str {
    let Loaded::Refused(why) = loaded else { panic!("{loaded:?}") };
    why
}

async fn versions_only_rise_and_the_enrolled_stay_with_theirs(place: Place) {
    let town = Town::of_the_first(place).await;
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    town.settle().await;
    town.enroll("t0-C04", TRIAL).await;
    let eligible = async |patient: &str| town.current(patient, TRIAL).await.expect("assessed");
    let (enrolled, other) = (eligible("t0-C04").await, eligible("t0-C01").await);
    assert_eq!((enrolled.result.overall, other.result.overall), (Overall::Eligible, Overall::Eligible));
    assert_eq!(load(&town, &[]).await, Loaded::Already);
    let same = load(&town, &[STRICTER[1]]).await;
    assert!(refused(&same).contains("set `version = 2`"), "{same:?}");
    assert_eq!(load(&town, &STRICTER).await, Loaded::InForce(Some(1)));
    let back = load(&town, &[]).await;
    assert!(refused(&back).contains("is not higher than version 2"), "{back:?}");
    assert!(definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
    assert!(!definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
    town.settle().await;
    let (now_enrolled, now_other) = (eligible("t0-C04").await, eligible("t0-C01").await);
    assert_eq!((now_enrolled.result, now_enrolled.definition), (enrolled.result, enrolled.definition));
    assert_eq!(now_other.result.overall, Overall::Ineligible);
    assert_ne!(now_other.definition, other.definition);
    // Evidence of both versions can still be read.
    let library = town.desk.library();
    for form in [&other.form, &now_other.form, &now_enrolled.form] {
        assert!(library.evidence_json(form).is_some());
    }
}

async fn another_process_takes_up_what_was_loaded(place: Place) {
    let town = Town::of_the_first(place).await;
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    load(&town, &STRICTER).await;
    // One that starts now begins with it, though its own profiles are older.
    let library = Library::load(&town.profiles).unwrap_or_else(|m| panic!("{m:?}"));
    let library = definitions::overlaid(town.desk.store(), &town.profiles, library).await.expect("overlaid");
    let versions = |trials: &[library::Active]| trials.iter().map(|a| a.trial.version).collect::<Vec<_>>();
    assert_eq!((versions(&library.trials), versions(&library.earlier)), (vec![2], vec![1]));
    // And its own higher version goes before that of the store.
    let mut profiles = town.profiles.clone();
    let text = profiles.0.get_mut(&format!("trials/{TRIAL}/trial.toml")).expect("the definition");
    *text = text.replace("version = 1\n", "version = 3\n");
    let library = Library::load(&profiles).unwrap_or_else(|m| panic!("{m:?}"));
    let library = definitions::overlaid(town.desk.store(), &profiles, library).await.expect("overlaid");
    assert_eq!((versions(&library.trials), versions(&library.earlier)), (vec![3], vec![1, 2]));
    let held = definitions::held(town.desk.store(), &profiles, &library, TRIAL, 2).await.expect("read");
    assert_eq!(held.map(|a| a.trial.version), Some(2));
    assert!(definitions::held(town.desk.store(), &profiles, &library, TRIAL, 9).await.expect("read").is_none());
}
