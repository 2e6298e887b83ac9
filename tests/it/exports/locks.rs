//! A locked table is made again byte for byte, and what differs is said.

use super::*;
use crate::place::on_both;
use crate::program::{Folder, trialgate};
use std::io::Write;
use std::process::Stdio;
use trialgate::flow::export::lock::{self, Checked};
use trialgate::store::LocksAll;

on_both!(
    a_lock_is_made_again_and_says_what_differs,
    a_lock_of_what_is_hidden_is_made_again_for_the_unblinded_alone,
    a_lock_moves_with_its_store
);

fn signer() -> Reader {
    reader(Role::DataManager)
}

async fn checked(town: &Town) -> Checked {
    let to = To { out: &mut std::io::sink(), spool: None };
    lock::check(&town.desk, "final", None, to, |_| {}).await.expect("a check")
}

async fn locked(town: &Town) -> Request {
    let now = town.clock.now().to_string();
    let ask = Request { known_at: Some(now), ..request(Dataset::Outcomes, Format::Csv) };
    let (_, exported) = made(town, &ask).await;
    assert!(lock::lock(&town.desk, "final", &ask, &exported, &signer()).await.expect("a lock"));
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
    let again = lock::lock(&town.desk, "final", &ask, &exported, &signer()).await;
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

async fn a_lock_of_what_is_hidden_is_made_again_for_the_unblinded_alone(place: Place) {
    let town = followed(place, "\"skin\"").await;
    let ask = Request {
        unblinded: true,
        known_at: Some(town.clock.now().to_string()),
        ..request(Dataset::Outcomes, Format::Csv)
    };
    let (text, exported) = made(&town, &ask).await;
    assert!(text.contains(",skin,"));
    assert!(lock::lock(&town.desk, "final", &ask, &exported, &reader(Role::Unblinded)).await.expect("a lock"));
    for blind in [None, Some(signer()), Some(reader(Role::Integration))] {
        let mut out: Vec<u8> = Vec::new();
        let to = To { out: &mut out, spool: None };
        let refused = lock::check(&town.desk, "final", blind.as_ref(), to, |_| {}).await;
        let words = refused.expect_err("refused").to_string();
        assert!(words.contains("role"), "{words}");
        assert!(out.is_empty());
    }
    let mut out: Vec<u8> = Vec::new();
    let to = To { out: &mut out, spool: None };
    let unblinded = Reader { name: "second".into(), ..reader(Role::Unblinded) };
    let found = lock::check(&town.desk, "final", Some(&unblinded), to, |_| {}).await.expect("a check");
    assert_eq!((found.differs, out == text.into_bytes()), (Vec::<String>::new(), true));
    let rows = town.desk.store().read(trialgate::store::AuditTail { count: 50 }).await.expect("the audit");
    let by: Vec<&str> = rows.iter().filter(|r| r.action == "export").map(|r| r.actor.as_str()).collect();
    assert!(by.contains(&"second") && !by.contains(&"export"), "{by:?}");
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
    written(&crate::exports::profiles(""), &folder.0);
    what_is_hidden_asks_who_checks(&folder, &ran, password);
    // A store that is not there is not made.
    let nowhere = folder.0.join("mistyped.db");
    let (code, words) = run(&["export", "outcomes", TRIAL, "--store", &format!("sqlite:{}", nowhere.display())], "");
    assert!(code == Some(3) && words.contains("mistyped.db") && !nowhere.exists(), "{words}");
}

fn what_is_hidden_asks_who_checks(
    folder: &Folder,
    ran: &dyn Fn(&[&str], &str) -> (Option<i32>, String),
    password: &str,
) {
    let password = format!("{password}\n");
    let path = |name: &str| folder.0.join(name).display().to_string();
    let (all, again) = (path("all.csv"), path("again.csv"));
    let lock = ["export", "lock", "all", TRIAL, "--unblinded", "--sign-in", "statistician", "--out", &all];
    let (code, words) = ran(&lock, &password);
    assert!(code == Some(1) && words.contains("has not the role unblinded"), "{words}");
    assert_eq!(ran(&["user", "role", "statistician", "unblinded", "--trial", TRIAL, "--site", "S"], "").0, Some(0));
    assert_eq!(ran(&lock, &password).0, Some(0));
    let check = ["export", "check", "all", "--out", &again];
    let (code, words) = ran(&check, "");
    assert!(code == Some(1) && words.contains("nobody signed in"), "{words}");
    assert!(!std::path::Path::new(&again).exists() && !std::path::Path::new(&format!("{again}.part")).exists());
    let (code, words) = ran(&[&check[..], &["--sign-in", "statistician"]].concat(), &password);
    assert!(code == Some(0), "{words}");
    #[cfg(unix)]
    for file in [again.clone(), format!("{again}.define.json")] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
