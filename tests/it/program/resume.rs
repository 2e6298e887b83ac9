//! An import that is killed goes on where it stood, and ends as one that was never killed.

use super::{Folder, output, trialgate};
use flate2::write::GzEncoder;
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use trialgate::cli::files;
use trialgate::clock::random_bytes;
use trialgate::flow::mark::Stands;
use trialgate::store::{CursorOf, Options, SetAsideList, Store};

/// Lines of the file: nine commits.
const LINES: usize = 4_200;
/// Times that the import is killed.
const KILLS: usize = 6;

/// A Patient, results, empty lines, a type that is not kept, and every so often a line that nobody can read.
fn text() -> String {
    let line = |n: usize| match n {
        0 => r#"{"resourceType":"Patient","id":"p","gender":"female","birthDate":"1980-01-01"}"#.to_owned(),
        n if n % 97 == 5 => String::new(),
        n if n % 61 == 7 => format!(r#"{{"resourceType":"Location","id":"l{n}"}}"#),
        n if n % 37 == 9 => format!(r#"{{"resourceType":"Observation","id":"o{n}","status":"none"}}"#),
        n => format!(
            r#"{{"resourceType":"Observation","id":"o{n}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"1751-7"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-01-01","valueQuantity":{{"value":{n},"system":"http://unitsofmeasure.org","code":"g/L"}}}}"#
        ),
    };
    (0..LINES).map(|n| line(n) + "\n").collect()
}

fn import(file: &Path, store: &str) -> Command {
    let mut command = trialgate();
    command.args(["import", "--json", "--store", store]).arg(file);
    command
}

/// What the mark of the file says, if its store can be read by now.
fn stands(runtime: &tokio::runtime::Runtime, file: &Path, store: &str) -> Option<Stands> {
    let (name, _) = files::identity(file, "main").expect("a file");
    let store = Store::open(store, Options { create: false, read_only: true }).ok()?;
    let value = runtime.block_on(store.read(CursorOf { name })).ok()??;
    Some(serde_json::from_str(&value).expect("a mark"))
}

fn asides(runtime: &tokio::runtime::Runtime, store: &str) -> Vec<String> {
    let store = Store::open(store, Options { create: false, read_only: true }).expect("a store");
    let rows = runtime.block_on(store.read(SetAsideList { after: 0, count: LINES })).expect("read");
    rows.into_iter().map(|row| row.aside.place).collect()
}

fn killed_and_gone_on(file: PathBuf, folder: &Folder) {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let plain = format!("sqlite:{}", folder.0.join("plain.db").display());
    let wanted: Value = serde_json::from_str(&output(&mut import(&file, &plain))).expect("JSON");
    let store = folder.store();
    let mut before = 0;
    for kill in 0..KILLS {
        let mut child = import(&file, &store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        // One commit further than the last time, then at any moment of the next one.
        while child.try_wait().expect("a child").is_none()
            && stands(&runtime, &file, &store).is_none_or(|s| s.lines <= before)
        {
            std::thread::yield_now();
        }
        let spins = u16::from_be_bytes(random_bytes());
        for _ in 0..spins {
            std::thread::yield_now();
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it ends");
        let stood = stands(&runtime, &file, &store).expect("a mark");
        assert!(stood.lines > before, "kill {kill} after {spins} turns: line {} after {before}", stood.lines);
        before = stood.lines;
        if stood.done {
            break;
        }
    }
    let ended = import(&file, &store).output().expect("starts");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(told.contains("goes on after line") || told.contains("was read to its end before"), "{told}");
    let found: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    for part in ["kept", "events", "ignored", "set_aside"] {
        assert_eq!(found[part], wanted[part], "{part}");
    }
    let (all, once) = (asides(&runtime, &store), asides(&runtime, &plain));
    assert_eq!(all, once, "each line that cannot be kept is set aside once");
    assert!(!once.is_empty());
}

#[test]
fn an_import_that_is_killed_ends_in_the_same_counts() {
    let folder = Folder::new("resume");
    let file = folder.0.join("all.ndjson");
    std::fs::write(&file, text()).expect("written");
    killed_and_gone_on(file, &folder);
}

#[test]
fn a_packed_file_goes_on_as_well() {
    let folder = Folder::new("resume-packed");
    let file = folder.0.join("all.ndjson.gz");
    let mut packed = GzEncoder::new(File::create(&file).expect("a file"), flate2::Compression::fast());
    packed.write_all(text().as_bytes()).expect("packed");
    packed.finish().expect("packed");
    killed_and_gone_on(file, &folder);
}

#[test]
fn what_was_read_is_passed_over_unless_it_changed_or_is_asked_for() {
    let folder = Folder::new("resume-again");
    let (file, store) = (folder.0.join("few.ndjson"), folder.store());
    let few: String = text().lines().take(30).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, &few).expect("written");
    let run = |more: &[&str]| {
        let ended = import(&file, &store).args(more).output().expect("starts");
        assert!(ended.status.success());
        let found: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        (found, String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (first, silent) = run(&[]);
    assert_eq!((&first["events"]["created"], silent.as_str()), (&Value::from(27), ""));
    let (second, told) = run(&[]);
    assert!(told.contains("was read to its end before and is passed over; --again"), "{told}");
    assert_eq!((&second["kept"], &second["events"]), (&first["kept"], &first["events"]), "the same counts");
    let (again, silent) = run(&["--again"]);
    assert_eq!((&again["events"]["unchanged"], silent.as_str()), (&Value::from(27), ""));
    // Another content under the same name is read from its start.
    std::fs::write(&file, few.replace("1980", "1981")).expect("written");
    let (changed, silent) = run(&[]);
    assert_eq!((&changed["events"]["updated"], silent.as_str()), (&Value::from(1), ""));
}

#[test]
fn a_stream_says_that_it_cannot_go_on() {
    let folder = Folder::new("resume-stream");
    let mut command = trialgate();
    command.args(["import", "-", "--json", "--store", &folder.store()]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let few: String = text().lines().take(3).map(|line| format!("{line}\n")).collect();
    child.stdin.take().expect("its input").write_all(few.as_bytes()).expect("written");
    let ended = child.wait_with_output().expect("ends");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("- is a stream"));
    assert!(
        String::from_utf8_lossy(&ended.stdout).contains("\"created\": 3"),
        "{}",
        String::from_utf8_lossy(&ended.stdout)
    );
}
