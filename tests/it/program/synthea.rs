//! Real input at size: 120 synthetic patients with all that was recorded of them.

use super::{Folder, output, shared, trialgate};
use serde_json::Value;

#[test]
fn every_line_arrives_and_a_second_time_changes_nothing() {
    let Some(input) = shared("material/synthea-a") else { return };
    let folder = Folder::new("synthea");
    let import = |more: &[&str]| -> Value {
        let mut command = trialgate();
        command.args(["import", "--json", "--store", &folder.store()]).args(more).arg(&input);
        serde_json::from_str(&output(&mut command)).expect("one object")
    };
    let first = import(&[]);
    let kept = |summary: &Value, kind: &str| summary["kept"][kind].as_u64();
    let counts = ["Patient", "Observation", "MedicationAdministration", "Condition"].map(|kind| kept(&first, kind));
    assert_eq!(counts, [Some(120), Some(72_910), Some(3_647), Some(4_040)], "{first}");
    assert_eq!(first["ignored"]["Encounter"], 7_466, "{first}");
    let most = &first["codes_not_read"][0];
    assert!(most["word"].as_str().is_some_and(|w| w.contains('|')) && most["count"].as_u64() > Some(100), "{first}");
    // Its end was reached, and nothing is read again unless that is asked for.
    assert_eq!(import(&[])["kept"], first["kept"]);
    let second = import(&["--again"]);
    assert_eq!(second["events"]["created"], 0, "{second}");
    assert_eq!(second["events"]["updated"], 0, "{second}");
    assert_eq!(second["events"]["unchanged"], 120 + 72_910 + 3_647 + 4_040, "{second}");
    let audit = output(trialgate().args(["audit", "verify", "--store", &folder.store()]));
    assert!(audit.starts_with("chain whole"), "{audit}");
}
