//! A map file is put in force in a store: what changed is said, whom it concerns is marked, another process takes it up.

use crate::definitions::{TRIAL, Town, caller};
use crate::place::{Place, on_both};
use serde_json::json;
use trialgate::flow::library::Library;
use trialgate::flow::maps::{self, MapLoaded};
use trialgate::flow::{definitions, takeup};
use trialgate::model::assessment::Overall;
use trialgate::store::{ClaimPending, TermsInForce};

on_both!(a_mended_map_marks_whom_it_concerns, another_process_takes_up_a_map);

const LAB: &str = "https://lab.example/codes";

/// The people of the first trial's cases, and one whose platelets have a code of the lab's own.
async fn town(place: Place) -> Town {
    let town = Town::of_the_first(place).await;
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    let observation = |id: &str, code: &str, unit: &str| {
        json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "coding": [{ "system": LAB, "code": code }] },
                "subject": { "reference": "Patient/t0-C01" }, "effectiveDateTime": "2026-03-14",
                "valueQuantity": { "value": 20, "unit": unit } })
    };
    town.load(&[observation("plt", "PLT", "G/l"), observation("crp", "CRP", "mg/L")]).await;
    town.settle().await;
    town
}

async fn load(town: &Town, file: &str, text: &str) -> MapLoaded {
    let loaded = maps::load(&town.desk, &town.profiles, "main", (file, text.to_owned()), caller()).await;
    loaded.expect("written").unwrap_or_else(|m| panic!("{m:?}"))
}

/// How many wait to be assessed; the claim has ended when it is made, so they wait on.
async fn waiting(town: &Town) -> usize {
    let (at, lease) = (town.desk.now(), "count".to_owned());
    let claims =
        town.desk.store().write(ClaimPending { lease, until: at.plus_us(-1), count: 64, at }).await.expect("claimed");
    claims.len()
}

async fn a_mended_map_marks_whom_it_concerns(place: Place) {
    let town = town(place).await;
    let overall = async || town.current("t0-C01", TRIAL).await.expect("assessed").result.overall;
    assert_eq!((overall().await, waiting(&town).await), (Overall::Eligible, 0));
    // A code that came marks only who has it.
    let first = load(&town, "codes.csv", &format!("kind,system,code,means\ncode,{LAB},PLT,loinc|777-3\n")).await;
    assert_eq!((first.changes.len(), first.marked, waiting(&town).await), (1, 1, 1));
    let change = &first.changes[0];
    assert_eq!((change.kind, change.before.as_deref(), &*change.word), ("code", None, "https://lab.example/codes|PLT"));
    assert_eq!(change.after.as_deref(), Some("http://loinc.org|777-3"));
    assert!(definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
    town.settle().await;
    assert_eq!(overall().await, Overall::Eligible, "its unit is in no map, so the result is kept and not used");
    let form = town.current("t0-C01", TRIAL).await.expect("assessed").form;
    let evidence = town.desk.library().evidence_json(&form).expect("evidence").to_string();
    assert!(evidence.contains("20 G/l") && !evidence.contains("20 10*9/L"), "shown beside what decides: {evidence}");
    // A unit stands in words, ranges and rates too: everybody of the source is looked at again.
    let units = "kind,unit,means\nunit,G/l,10*9/L\n";
    let second = load(&town, "units.csv", units).await;
    assert!(second.marked > 1 && second.changes.len() == 1, "{second:?}");
    definitions::notice(&town.desk, &town.profiles).await.expect("noticed");
    town.settle().await;
    assert_eq!(overall().await, Overall::Ineligible, "20 thousand millions platelets are too few");
    let form = town.current("t0-C01", TRIAL).await.expect("assessed").form;
    let evidence = town.desk.library().evidence_json(&form).expect("evidence").to_string();
    assert!(evidence.contains("20 G/l") && evidence.contains("20 10*9/L"), "as received and as used: {evidence}");
    // The same again is nothing new, and nothing is marked.
    let again = load(&town, "units.csv", units).await;
    assert_eq!((again.changes.len(), again.marked, waiting(&town).await), (0, 0, 0));
    // A map that was wrong is mended: what it said is said to be gone.
    let other = load(&town, "codes.csv", &format!("kind,system,code,means\ncode,{LAB},CRP,loinc|1988-5\n")).await;
    let said: Vec<(bool, bool)> = other.changes.iter().map(|c| (c.before.is_some(), c.after.is_some())).collect();
    assert_eq!((said, other.marked), (vec![(false, true), (true, false)], 1));
    definitions::notice(&town.desk, &town.profiles).await.expect("noticed");
    town.settle().await;
    assert_eq!(overall().await, Overall::Eligible);
}

async fn another_process_takes_up_a_map(place: Place) {
    let town = town(place).await;
    load(&town, "codes.csv", &format!("kind,system,code,means\ncode,{LAB},PLT,loinc|777-3\n")).await;
    let wrong = ("codes.csv", "kind,code,means\ncode,X,lonic|1\n".to_owned());
    let refused = maps::load(&town.desk, &town.profiles, "main", wrong, caller()).await.expect("read");
    assert!(refused.is_err_and(|m| m.iter().any(|m| m.message.contains("lonic"))));
    let own = || async {
        let library = Library::load(&town.profiles).unwrap_or_else(|m| panic!("{m:?}"));
        definitions::overlaid(town.desk.store(), &town.profiles, library).await.expect("overlaid")
    };
    let library = own().await;
    let code = trialgate::model::code::Coding::new(LAB, "PLT");
    assert_eq!(library.terms.of("main").codes[&code].len(), 1);
    assert!(!library.terms.of("elsewhere").codes.contains_key(&code));
    // A gateway that starts with it keeps the whole map under the digest that its evidence names.
    assert!(definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
    assert!(!definitions::notice(&town.desk, &town.profiles).await.expect("noticed"));
    town.settle().await;
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    assert_eq!(waiting(&town).await, 1, "only who has the code is looked at again");
    town.settle().await;
    takeup::take_up(&town.desk, &town.profiles).await.expect("taken up");
    assert_eq!(waiting(&town).await, 0);
    let kept = town.desk.store().read(TermsInForce {}).await.expect("read");
    assert!(kept.iter().any(|(_, digest)| *digest == library.terms_digest), "{kept:?}");
}
