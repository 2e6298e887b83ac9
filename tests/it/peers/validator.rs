//! Everything that the tests at the door meet, served or refused, in one run of the reference validator.

use super::{collect, output, validator};
use crate::program::Folder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Statuses whose bodies must be among what is validated.
const REFUSALS: [&str; 14] =
    ["400", "403", "404", "405", "406", "408", "412", "413", "414", "415", "422", "429", "431", "503"];

#[test]
fn the_reference_validator_finds_no_error_in_anything_served_or_refused() {
    let Some(mut validator) = validator() else { return };
    let folder = Folder::new("served");
    let mut tests = Command::new(std::env::current_exe().expect("this program"));
    tests.args(["http::", "projections::", "publish::", "--test-threads=2"]).env(collect::FOLDER, &folder.0);
    // These meet no body, and take their time.
    tests.args(["--skip", "http::slow", "--skip", "http::accept"]);
    output(&mut tests);
    let served = folder.0.join("served.ndjson");
    let text = std::fs::read_to_string(&served).expect("something was served");
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    nothing_is_left_out(&all, &folder.0);

    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/fhir");
    let said = output(validator.args(["--summary", "--profiles"]).arg(&ours).arg(&served).arg(&ours));
    let wanted = format!("{} documents, 0 invalid, 0 errors", all.len() + files(&ours));
    assert!(said.contains(&wanted), "wanted {wanted}: {said}");
    println!("{said}");
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

/// Each type that the statement names, and each refusal, is there.
fn nothing_is_left_out(all: &[Value], folder: &Path) {
    let is = |v: &Value, kind: &str| v["resourceType"] == kind;
    let seen: BTreeSet<&str> = all.iter().filter_map(|v| v["resourceType"].as_str()).collect();
    let statements = all.iter().filter(|v| is(v, "CapabilityStatement"));
    let stated: BTreeSet<&str> = statements
        .flat_map(|s| s["rest"][0]["resource"].as_array().into_iter().flatten())
        .filter_map(|r| r["type"].as_str())
        .collect();
    assert!(stated.len() > 15, "{stated:?}");
    let missing: Vec<&&str> = stated.difference(&seen).collect();
    assert!(missing.is_empty(), "served and not met: {missing:?}");
    let bundles: BTreeSet<&str> = all.iter().filter(|v| is(v, "Bundle")).filter_map(|b| b["type"].as_str()).collect();
    for kind in ["searchset", "transaction-response"] {
        assert!(bundles.contains(kind), "no Bundle of the type {kind}: {bundles:?}");
    }
    let shapes = std::fs::read_to_string(folder.join("shapes.txt")).expect("shapes");
    let statuses: BTreeSet<&str> = shapes.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    let unmet: Vec<&str> = REFUSALS.into_iter().filter(|r| !statuses.contains(r)).collect();
    assert!(unmet.is_empty(), "never refused with {unmet:?}");
}
