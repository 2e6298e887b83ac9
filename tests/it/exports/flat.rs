//! Five thousand persons in the memory of some: what an export holds does not grow with them.

use super::*;
use crate::definitions::act_of;
use crate::program::{Folder, trialgate};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use trialgate::model::standing::{Actor, Evidence, Role, Standing, Status};
use trialgate::store::Finished;

/// Bytes that are left unread when the memory is looked at: more than a pipe holds, so that the program still writes.
const UNREAD: usize = 256 * 1024;

fn two_years() -> Profiles {
    let mut profiles = profiles("");
    let text = profiles.0.get_mut(&format!("trials/{TRIAL}/trial.toml")).expect("the definition");
    *text = text.replace("until = \"6 months\"", "until = \"24 months\"");
    profiles
}

/// Persons who were registered, with two results a month for two years.
async fn many(place: &Place, count: usize) {
    let town = Town::at(place.open(), two_years());
    for chunk in (0..count).collect::<Vec<_>>().chunks(50) {
        let mut all = Vec::new();
        for n in chunk {
            let id = format!("p{n}");
            all.extend([
                patient(&id),
                result(&id, "1751-7", "2026-03-10", "38.1", "g/L"),
                cells(&id, "2026-03-16T09:00:00+08:00"),
            ]);
            for month in 4..=12 {
                let date = format!("2026-{month:02}-16");
                all.extend([result(&id, "skin", &date, "21", "{score}"), result(&id, "1751-7", &date, "36.5", "g/L")]);
            }
        }
        town.load(&all).await;
        for n in chunk {
            register(&town, &format!("p{n}")).await;
        }
    }
    town.desk.store().close().await.expect("closed");
}

/// Written as it is kept, without the steps of the table before it.
async fn register(town: &Town, id: &str) {
    let person = town.person(id).await;
    let at = at("2026-03-15");
    let evidence = Evidence {
        consented: Some("2026-03-14".into()),
        registered: Some(at),
        sealed_version: Some(1),
        ..Evidence::default()
    };
    let actor = Actor::Person { name: "Signer".into(), role: Role::Coordinator };
    let standing = Standing {
        person,
        trial: TRIAL.into(),
        attempt: 1,
        version: 1,
        status: Status::OnStudy,
        removed: false,
        actor,
        reason: "registered".into(),
        evidence,
        at,
        expires: None,
        assessment: None,
    };
    let act = act_of(standing);
    assert_eq!(town.desk.store().write(act).await.expect("written"), Finished::Done);
}

fn kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("it still runs");
    line.trim().split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

/// The most memory that exporting this store took, and how many bytes came.
fn most(place: &Place, profiles: &Path) -> (u64, usize) {
    let ask = |out: Option<&Path>| {
        let mut command = trialgate();
        command
            .args(["export", "outcomes", TRIAL, "--as-of", "2028-06-01", "--store", &place.url(), "--profiles"])
            .arg(profiles);
        if let Some(out) = out {
            command.arg("--out").arg(out);
        }
        command
    };
    let folder = Folder::new("flat");
    let whole = folder.0.join("whole.csv");
    let done = ask(Some(&whole)).output().expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let bytes = std::fs::metadata(&whole).expect("a table").len();
    let bytes = usize::try_from(bytes).expect("a size");
    let mut child = ask(None).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut out = child.stdout.take().expect("its output");
    let mut first = vec![0; bytes - UNREAD];
    out.read_exact(&mut first).expect("most of it");
    let most = kib(&child);
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).expect("the rest");
    assert!(child.wait().expect("it ends").success());
    assert_eq!([first, rest].concat(), std::fs::read(&whole).expect("a table"), "the same bytes by either way");
    (most, bytes)
}

#[tokio::test]
async fn five_thousand_persons_take_no_more_memory_than_some() {
    let (few, all) = (Place::file(), Place::file());
    // So many that in both all workers are busy and the caches of all readers are full.
    many(&few, 1500).await;
    many(&all, 5000).await;
    let folder = Folder::new("flat-profiles");
    written(&two_years(), &folder.0);
    let (few, few_bytes) = most(&few, &folder.0);
    let (all, all_bytes) = most(&all, &folder.0);
    println!("{few} KiB for {few_bytes} bytes, {all} KiB for {all_bytes} bytes");
    assert!(all_bytes > 3 * few_bytes);
    assert!(all < few + 24 * 1024, "{few} KiB for 1,500, {all} KiB for 5,000");
}
