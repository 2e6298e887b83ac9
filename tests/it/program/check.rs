//! `trial check`, `trial evaluate`: the first trial and its worked cases.

use super::{output, trialgate};

const TRIAL: &str = "profiles/trials/NCT00962923";

#[test]
fn the_first_trial_gets_exactly_what_its_cases_expect() {
    let text = output(trialgate().args(["trial", "check", TRIAL]));
    let line = text.lines().last().expect("a summary");
    let (passed, all) = line.rsplit_once("; ").expect("a count").1.split_once(" of ").expect("x of y");
    assert_eq!(passed, all.split(' ').next().expect("y"), "{text}");
}

#[test]
fn a_case_prints_its_verdict_under_each_reading() {
    let text = output(trialgate().args(["trial", "evaluate", TRIAL, &format!("{TRIAL}/cases/C03.json"), "--json"]));
    let json: serde_json::Value = serde_json::from_str(&text).expect("one object");
    assert_eq!(json["overall"], "ineligible");
    assert_eq!(json["readings"]["organ_involvement"]["routes"], "eligible");
}

#[test]
fn what_is_not_there_is_said_with_exit_code_3() {
    let ended = trialgate().args(["trial", "check", "no-such-folder"]).output().expect("starts");
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("no-such-folder"));
}
