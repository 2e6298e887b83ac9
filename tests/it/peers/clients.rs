//! Three foreign clients and one tester walk a gateway that has people in it.

use super::{output, peers, validator};
use crate::coordinator::house as pages;
use crate::http::staffed::{Staffed, staffed};
use crate::program::Folder;
use std::path::Path;
use std::process::Command;
use trialgate::model::purpose::Purpose::{Count, List};
use trialgate::model::standing::Role;

/// Cases of the tester for one request, 500 and more in all for each document.
const CASES: &str = "84";
/// The seed by which they are the same each time.
const SEED: &str = "20260315";

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers").join(name)
}

/// A gateway with four people whose verdicts differ, so that a walk has pages.
async fn with_people() -> Staffed {
    let staffed = staffed(&[Count, List]).await;
    for name in ["C01", "C06", "C07", "C12"] {
        staffed.arrive(name).await;
    }
    staffed
}

/// Runs a client beside the server, which goes on answering.
async fn run(mut command: Command) -> String {
    tokio::task::spawn_blocking(move || output(&mut command)).await.expect("the client is done")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_client_walks() {
    let Some(mut command) = validator() else { return };
    let staffed = with_people().await;
    command.args(["client", &format!("{}/fhir", staffed.base())]);
    let said = run(command).await;
    assert!(!said.contains("FAIL") && said.contains("ok   search ResearchSubject"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhirpy_walks() {
    let Some(peers) = peers() else { return };
    let staffed = with_people().await;
    let mut command = Command::new(peers.join("python/bin/python"));
    command.arg(script("walk.py")).arg(format!("{}/fhir", staffed.base()));
    assert!(run(command).await.ends_with("ok projections\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhir_kit_client_walks() {
    let Some(peers) = peers() else { return };
    let staffed = with_people().await;
    let mut command = Command::new("node");
    command.arg(script("walk.mjs")).arg(peers.join("js/node_modules"));
    command.arg(format!("{}/fhir", staffed.base())).arg("nct00962923");
    assert!(run(command).await.ends_with("ok projections\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_made_up_request_is_answered_with_a_failure() {
    let Some(peers) = peers() else { return };
    let staffed = with_people().await;
    let folder = Folder::new("schemathesis");
    let fhir = folder.0.join("fhir.json");
    let statement = staffed.statement().await;
    std::fs::write(&fhir, super::described::fhir(&statement).to_string()).expect("written");
    let pages = pages::open(pages::Plan::default()).await;
    pages.account("lee", &[Role::Coordinator]).await;
    pages.case("C07").await;
    let lee = pages.signed_in("lee").await;
    let signed_in: Vec<String> = lee.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let beside = (format!("{}/openapi.json", pages.running.base()), pages.running.base());
    for (document, base) in [beside, (fhir.display().to_string(), format!("{}/fhir", staffed.base()))] {
        let mut command = Command::new(peers.join("python/bin/schemathesis"));
        command.current_dir(&folder.0).args(["run", &document, "--seed", SEED, "--max-examples", CASES]);
        command.args(["--header", &format!("Cookie: {}", signed_in.join("; "))]);
        command.args(["--url", &base, "--checks", "not_a_server_error"]);
        command.args(["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color"]);
        println!("{}", run(command).await);
    }
}
