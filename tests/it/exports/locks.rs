//! A locked table is made again byte for byte, and what differs is said.

use super::*;
use crate::place::on_both;
use crate::program::{Folder, trialgate};
use std::io::Write;
use std::process::Stdio;
use trialgate::flow::export::lock::{self, Checked};
use trialgate::store::LocksAll;

on_both!(a_lock_is_made_again_and_says_what_differs, a_lock_moves_with_its_store);

async fn checked(town: &Town) -> Checked {
    let to = To { out: &mut std::io::sink(), spool: None };
    lock::check(&town.desk, "final", crate::definitions::caller(), to, |_| {}).await.expect("a check")
}

async fn locked(town: &Town) -> Request {
    let now = town.clock.now().to_string();
    let ask = Request { known_at: Some(now), ..request(Dataset::Outcomes, Format::Csv) };
    let (_, exported) = made(town, &ask).await;
    let lock = lock::lock(&town.desk, "final", &ask, &exported, "statistician", crate::definitions::caller());
    assert!(lock.await.expect("a lock"));
    ask
}

async fn a_lock_is_made_again_and_says_what_differs(place: Place) {
    let town = followed(place, "").await;
    let ask = locked(&town).await;
    assert_eq!(checked(&town).await.differs, Vec::<String>::new());
    // What comes later is later knowledge.
    town.clock.set(town.clock.now().plus_us(3_600_000_000));
    town.load(&[result("patient-one", "skin", "2026-06-16", "11", "{score}")]).await;
    assert_eq!(checked(&town).await.differs, Vec::<String>::new());
    // A name is given once.
    let (_, exported) = made(&town, &ask).await;
    let again = lock::lock(&town.desk, "final", &ask, &exported, "other", crate::definitions::caller()).await;
    assert!(!again.expect("an answer"));
    // Who may no longer be shown is missed by name of their pseudonym.
    town.load(&[{
        let mut gone = patient("patient-three");
        gone["active"] = json!(false);
        gone
    }])
    .await;
    let differs = checked(&town).await.differs;
    assert!(differs.iter().any(|d| d.starts_with("no longer in it, 1 persons: ")), "{differs:?}");
    let file = town.desk.store().read(LocksAll {}).await.expect("locks");
    assert_eq!((file.len(), file[0].signed_by.as_str()), (1, "statistician"));
    let rows = town.desk.store().read(trialgate::store::AuditTail { count: 50 }).await.expect("the audit");
    assert!(rows.iter().any(|r| r.action == "export locked") && rows.iter().any(|r| r.action == "export"));
}

async fn a_lock_moves_with_its_store(place: Place) {
    let other = place.another();
    let (from, to) = (place.url(), other.url());
    let town = followed(place, "").await;
    locked(&town).await;
    town.desk.store().close().await.expect("closed");
    let proofs = trialgate::store::transfer(&from, &to, |_| {}).await.expect("moved");
    assert!(proofs.iter().all(trialgate::store::TableProof::is_equal));
    for table in ["collected", "secret", "export_lock"] {
        assert!(proofs.iter().any(|p| p.table == table), "{table}");
    }
    let moved = crate::exports::town(other, "");
    moved.clock.set(town.clock.now());
    assert_eq!(checked(&moved).await.differs, Vec::<String>::new());
}

/// The program, with something on its standard input.
fn run(args: &[&str], input: &str) -> (Option<i32>, String) {
    let mut command = trialgate();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("typed");
    let done = child.wait_with_output().expect("it ends");
    (done.status.code(), format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}

#[tokio::test]
async fn at_the_command_line_a_lock_is_signed_and_what_differs_ends_with_1() {
    let place = Place::file();
    let url = place.url();
    let town = followed(place, "").await;
    town.desk.store().close().await.expect("closed");
    let folder = Folder::new("locks");
    written(&profiles(""), &folder.0);
    let (profiles, out) = (folder.0.display().to_string(), folder.0.join("final.csv"));
    let here = ["--store", &url, "--profiles", &profiles];
    let ran = |args: &[&str], input: &str| run(&[args, &here[..]].concat(), input);
    let password = "correct horse battery";
    let added = ran(&["user", "add", "statistician"], &format!("{password}\n"));
    assert_eq!(added.0, Some(0), "{}", added.1);
    let lock = ["export", "lock", "final", TRIAL, "--sign-in", "statistician", "--out", out.to_str().expect("a path")];
    let (code, words) = ran(&lock, &format!("{password}\n"));
    assert!(code == Some(1) && words.contains("has no role"), "{words}");
    let given = ran(&["user", "role", "statistician", "data-manager", "--trial", TRIAL, "--site", "S"], "");
    assert_eq!(given.0, Some(0), "{}", given.1);
    let (code, words) = ran(&lock, "another password\n");
    assert!(code == Some(1) && words.contains("wrong") && !out.exists(), "{words}");
    let (code, words) = ran(&lock, &format!("{password}\n"));
    assert_eq!(code, Some(0), "{words}");
    assert!(std::fs::read_to_string(&out).expect("a table").contains(",visit,skin,"));
    assert!(folder.0.join("final.csv.define.json").exists());
    let (code, words) = ran(&["export", "locks"], "");
    assert!(code == Some(0) && words.contains("signed by statistician"), "{words}");
    let (code, words) = ran(&["export", "check", "final"], "");
    assert!(code == Some(0) && words.contains("byte for byte"), "{words}");
    assert_eq!(ran(&["export", "check", "other"], "").0, Some(1));
    // Another text of the definition is another definition.
    let text = definition(1, "").replace("protocol = \"p\"", "protocol = \"q\"");
    std::fs::write(folder.0.join(format!("trials/{TRIAL}/trial.toml")), text).expect("written");
    let (code, words) = ran(&["export", "check", "final"], "");
    assert!(
        code == Some(1)
            && words.contains("the definitions had the digest")
            && words.contains("with other lines, 3 persons"),
        "{words}"
    );
}
