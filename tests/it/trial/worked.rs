//! The worked cases of every trial that comes with the program.

use trialgate::flow::library::{definition, maps};
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases::run_all;

/// Fewest cases that a definition brings.
const CASES_LEAST: usize = 8;

#[test]
fn every_trial_gets_what_its_cases_expect() {
    let profiles = Profiles::built_in();
    let (terms, mistakes) = maps(&profiles);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let trials = profiles.trials();
    for name in ["NCT00962923", "NCT03668236", "NCT04667143", "NCT05065957"] {
        assert!(trials.iter().any(|t| t == name), "{name} of {trials:?}");
    }
    for name in trials {
        let folder = format!("trials/{name}");
        let (trial, mistakes) = definition(&profiles, &folder);
        let trial = trial.unwrap_or_else(|| panic!("{name}: {mistakes:?}"));
        let told = mistakes.iter().filter(|m| !m.message.contains("lets in")).collect::<Vec<_>>();
        assert!(told.is_empty(), "{name} loads without a remark but on its bands: {told:?}");
        let results = run_all(&trial, &terms, &profiles.below(&folder));
        assert!(results.len() >= CASES_LEAST, "{name} has {} cases", results.len());
        for case in results {
            assert!(case.differences.is_empty(), "{name} {} ({}): {:#?}", case.file, case.title, case.differences);
        }
    }
}
