//! `trial check`, `trial evaluate`: the first trial and its worked cases.

use super::{Folder, output, trialgate};
use crate::link::{serve, terminology};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_expansion_is_kept_beside_the_definition_and_loading_needs_no_server() {
    let folder = Folder::new("expand");
    let dir = folder.0.join("T1");
    std::fs::create_dir_all(&dir).expect("a folder");
    let first = std::fs::read_to_string(format!("{TRIAL}/trial.toml")).expect("the first trial");
    let set = "[codes]\ncancers = { valueset = \"sets/cancers.json\", expand = \"http://snomed.info/sct?fhir_vs=isa/363346000\" }";
    let text = first.replacen("[codes]", set, 1).replacen("\"snomed|363346000\"", "\"cancers\"", 1);
    std::fs::write(dir.join("trial.toml"), text).expect("written");
    let path = dir.to_string_lossy().into_owned();
    let before = trialgate().args(["trial", "check", &path]).output().expect("starts");
    assert_eq!(before.status.code(), Some(1));
    let said = String::from_utf8_lossy(&before.stdout).into_owned();
    assert!(said.contains("no file `sets/cancers.json`") && said.contains("trial expand"), "{said}");
    let (base, server) = serve(terminology(1_200, 1_000, true)).await;
    let ask = |more: &[&str]| {
        let args = ["trial", "expand", &path, "--server", &base].into_iter().chain(more.iter().copied());
        let ended = trialgate().args(args.collect::<Vec<_>>()).output().expect("starts");
        (ended.status.code(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned())
    };
    let (code, words) = ask(&["--only", "cancer"]);
    assert_eq!(code, Some(3));
    assert!(words.contains("there are: cancers"), "{words}");
    let (code, words) = ask(&[]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.starts_with("cancers: 1200 codes of http://snomed.info/sct?fhir_vs=isa/363346000 in "), "{words}");
    assert_eq!(server.lines().len(), 2);
    let kept = std::fs::read(dir.join("sets/cancers.json")).expect("kept");
    let after = output(trialgate().args(["trial", "check", &path]));
    assert!(after.contains("10 criteria"), "{after}");
    // A server that fails leaves what is kept as it is.
    let (down, _) = serve(|_, _| (503, vec![], vec![])).await;
    let ended = trialgate().args(["trial", "expand", &path, "--server", &down]).output().expect("starts");
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cancers: the server cannot answer now"));
    assert_eq!(std::fs::read(dir.join("sets/cancers.json")).expect("kept"), kept);
}
