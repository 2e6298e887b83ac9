//! kill -9 at random moments of every way in, and started again until it is done: nothing is lost, nothing is there
//! twice, and the next round goes on from where it should.
//!
//! [`killed`] and [`kept`] know no way in: a new one says how it starts, how far it is, and when it is done.

use super::server::Server;
use super::{Folder, output, trialgate};
use crate::place::Place;
use crate::pull::hospital::{CLOCK, Hospital};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use trialgate::clock::random_bytes;
use trialgate::flow::mark::Stands;
use trialgate::store::{CursorOf, Options, Store};

/// Resources of the hospital, besides its Patients.
const RESULTS: usize = 1_500;
const PATIENTS: usize = 12;

/// Times that each way in is killed; `TRIALGATE_KILLS` says another number, as benches/kills.sh does.
pub fn times() -> usize {
    std::env::var("TRIALGATE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

/// One way in, while it works.
pub struct Work<'w> {
    /// Starts it.
    pub start: &'w dyn Fn() -> Child,
    /// How far it is; grows.
    pub stands: &'w dyn Fn() -> u64,
    /// Whether there is nothing left to do.
    pub is_done: &'w dyn Fn() -> bool,
    /// It is killed when it came so far beyond where it stood, at most.
    pub step: u64,
}

/// Kills it that many times, unless it is done before; answers how often it was met at work.
pub fn killed(work: &Work<'_>, times: usize) -> usize {
    for killed in 0..times {
        let mut child = (work.start)();
        let goal = (work.stands)() + u64::from(u32::from_be_bytes(random_bytes())) % (work.step + 1);
        while (work.stands)() < goal && !(work.is_done)() && child.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        // At any moment of the next step.
        for _ in 0..u16::from_be_bytes(random_bytes()) / 4 {
            std::thread::yield_now();
        }
        let ended = child.try_wait().expect("a child");
        child.kill().expect("SIGKILL");
        child.wait().expect("it ends");
        if ended.is_some() || (work.is_done)() {
            return killed;
        }
    }
    times
}

/// All that a store holds of what came in, a line each: versions, facts, what was set aside. Our own times are left
/// out, since they differ from run to run. A database is moved into a file first, which proves itself.
pub fn kept(store: &str, folder: &Path) -> Vec<String> {
    let path = match store.strip_prefix("sqlite:") {
        Some(path) => path.into(),
        None => {
            let file = folder.join(format!("moved-{:x}.db", u64::from_be_bytes(random_bytes())));
            output(trialgate().args(["migrate", "--from", store, "--to", &format!("sqlite:{}", file.display())]));
            file
        }
    };
    let file = rusqlite::Connection::open(path).expect("the file opens");
    let mut found = Vec::new();
    for (what, sql) in [
        ("resource", "select source, type, id, version, state, hex(hash) from resource"),
        (
            "fact",
            "select hex(patient), code, at_end, hex(item), part, version, kind, low, high, unit, until is null from fact",
        ),
        ("set aside", "select source, place, hex(body), state from set_aside"),
        ("message", "select hex(name), source, state, hex(patient), hex(body) from message"),
    ] {
        let mut statement = file.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let values: Vec<String> = (0..columns)
                .map(|n| format!("{:?}", row.get::<_, rusqlite::types::Value>(n).expect("a value")))
                .collect();
            found.push(format!("{what} {}", values.join(" ")));
        }
    }
    found.sort();
    found
}

/// How far a mark of a store is, 0 while the store cannot be read yet.
pub fn mark(runtime: &tokio::runtime::Runtime, store: &str, name: &str) -> u64 {
    let Ok(store) = Store::open(store, Options { create: false, read_only: true }) else { return 0 };
    let Ok(Some(json)) = runtime.block_on(store.read(CursorOf { name: name.to_owned() })) else { return 0 };
    let stands: Stands = serde_json::from_str(&json).expect("a mark");
    stands.file * 10_000 + stands.lines
}

/// Both runs hold the same, each row as often, and something of each kind.
pub fn same(found: &[String], wanted: &[String]) {
    let odd = |some: &[String], of: &[String]| some.iter().find(|row| !of.contains(row)).cloned();
    assert_eq!((odd(found, wanted), odd(wanted, found)), (None, None), "a row of one run alone");
    assert_eq!(found.len(), wanted.len(), "a row is there twice");
    for what in ["resource", "fact", "set aside"] {
        assert!(wanted.iter().any(|row| row.starts_with(what)), "nothing of {what} is compared");
    }
}

fn patient(n: usize) -> Value {
    json!({ "resourceType": "Patient", "id": format!("p{n}"), "gender": "female", "birthDate": "1980-01-01" })
}

fn result(n: usize, value: usize) -> Value {
    json!({ "resourceType": "Observation", "id": format!("o{n}"), "status": if n % 97 == 5 { "none" } else { "final" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "1751-7" }] },
        "subject": { "reference": format!("Patient/p{}", n % PATIENTS) }, "effectiveDateTime": "2026-01-02",
        "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": "g/L" } })
}

/// What there is at first.
fn fill(hospital: &Hospital) {
    (0..PATIENTS).for_each(|n| hospital.keeps(patient(n), CLOCK - 10));
    (0..RESULTS).for_each(|n| hospital.keeps(result(n, n % 50), CLOCK - 10));
}

/// Corrections, deletions and what is new, an hour later.
fn move_on(hospital: &Hospital) {
    (0..RESULTS).step_by(3).for_each(|n| hospital.keeps(result(n, n % 50 + 1), CLOCK + 1_800));
    (RESULTS..RESULTS + 300).for_each(|n| hospital.keeps(result(n, n % 50), CLOCK + 1_800));
    (1..RESULTS).step_by(50).for_each(|n| hospital.deletes("Observation", &format!("o{n}"), CLOCK + 1_800));
    hospital.at(CLOCK + 3_600);
}

fn settings(hospital: &Hospital, by: &str) -> String {
    format!(
        "assess = false\n[sources.ehr]\nzone = \"UTC\"\n[sources.ehr.pull]\nurl = \"{}\"\ntoken = \"secret\"\nby = \"{by}\"\n\
         kinds = [\"Patient\", \"Observation\"]\ncount = 40\n",
        hospital.base()
    )
}

fn pull(config: &Path, store: &str) -> Command {
    let mut command = trialgate();
    command.args(["pull", "ehr", "--json", "--store", store, "--config"]).arg(config);
    command
}

/// Lives one life after the other, each on a store of its own and ending as `wanted`, until there were so many kills.
/// A life is told how often it may still be killed and answers how often it was.
pub fn lives(times: usize, mut life: impl FnMut(usize) -> usize) {
    let mut met = 0;
    for lived in 0.. {
        if met >= times {
            return;
        }
        assert!(lived < 3 * times, "in {lived} lives it was killed only {met} times of {times}");
        met += life(times - met);
    }
}

/// Both phases of a hospital's life by this way, killed so many times at most; how often it was.
fn by(way: &str, store: &str, folder: &Folder, times: usize) -> usize {
    let mut met = 0;
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let hospital = runtime.block_on(Hospital::open("http://127.0.0.1:9"));
    // A few files of many lines, in many stretches.
    hospital.exporting(|exports| (exports.lines, exports.stretches) = (700, 200));
    let config = folder.0.join(format!("{way}.toml"));
    std::fs::write(&config, settings(&hospital, way)).expect("written");
    let start = || pull(&config, store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    fill(&hospital);
    for (phase, time) in [(1, "2026-03-15T08:00:00Z"), (2, "2026-03-15T09:00:00Z")] {
        if phase == 2 {
            move_on(&hospital);
        }
        let (asked, bulk) = (std::cell::Cell::new(0), way == "bulk");
        let stands = || match bulk {
            true => mark(&runtime, store, "bulk/ehr/read"),
            false => {
                asked.set(asked.get() + hospital.asked().len() as u64);
                asked.get()
            }
        };
        let work = Work { start: &start, stands: &stands, is_done: &|| false, step: if bulk { 300 } else { 35 } };
        // The half of them at first.
        met += killed(&work, if phase == 1 { times.div_ceil(2) } else { times - met });
        let told: Value = serde_json::from_str(&output(&mut pull(&config, store))).expect("JSON");
        assert_eq!(told["problems"], json!([]));
        // The cursor is of the server's clock, and the next round finds nothing.
        hospital.asked();
        let told: Value = serde_json::from_str(&output(&mut pull(&config, store))).expect("JSON");
        assert!(told["events"].get("created").or(told["events"].get("updated")).is_none(), "{told}");
        let asked = hospital.asked();
        let from =
            if bulk { format!("_since={}", time.replace(':', "%3A")) } else { overlapped(phase).replace(':', "%3A") };
        assert!(asked.iter().any(|query| query.contains(&from)), "{from} in {asked:?}");
    }
    met
}

/// From where a round after that phase polls: the overlap before its moment.
fn overlapped(phase: u8) -> String {
    if phase == 1 { "ge2026-03-15T07:50:00Z".into() } else { "ge2026-03-15T08:50:00Z".into() }
}

fn ends_as_one_that_was_never_killed(way: &str, place: &Place, times: usize) {
    let folder = Folder::new(&format!("kills-{way}-{:x}", u64::from_be_bytes(random_bytes())));
    let plain = format!("sqlite:{}", folder.0.join("plain.db").display());
    by(way, &plain, &folder, 0);
    let wanted = kept(&plain, &folder.0);
    lives(times, |times| {
        let place = place.another();
        let met = by(way, &place.url(), &folder, times);
        same(&kept(&place.url(), &folder.0), &wanted);
        met
    });
}

#[test]
fn a_poll_that_is_killed_loses_and_doubles_nothing() {
    ends_as_one_that_was_never_killed("server", &Place::file(), times());
}

#[test]
fn an_export_that_is_killed_loses_and_doubles_nothing() {
    ends_as_one_that_was_never_killed("bulk", &Place::file(), times());
}

#[test]
fn neither_does_one_into_postgres() {
    if let Some(place) = Place::database() {
        ends_as_one_that_was_never_killed("bulk", &place, times().div_ceil(2));
    }
}

#[test]
fn an_import_that_is_killed_loses_and_doubles_nothing() {
    let folder = Folder::new("kills-import");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let file = folder.0.join("all.ndjson");
    let lines =
        (0..PATIENTS).map(patient).chain((0..4 * RESULTS).map(|n| result(n % (2 * RESULTS), n % 50 + n / RESULTS)));
    std::fs::write(&file, lines.map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    let import = |store: &str| {
        let mut command = trialgate();
        command.args(["import", "--json", "--store", store]).arg(&file);
        command
    };
    let plain = format!("sqlite:{}", folder.0.join("plain.db").display());
    let wanted: Value = serde_json::from_str(&output(&mut import(&plain))).expect("JSON");
    let once = kept(&plain, &folder.0);
    let (name, _) = trialgate::cli::files::identity(&file, "main").expect("a file");
    lives(times(), |times| {
        let place = Place::file();
        let store = place.url();
        let start = || import(&store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        let work = Work { start: &start, stands: &|| mark(&runtime, &store, &name), is_done: &|| false, step: 1_000 };
        let met = killed(&work, times);
        let found: Value = serde_json::from_str(&output(&mut import(&store))).expect("JSON");
        for part in ["kept", "events", "ignored", "set_aside"] {
            assert_eq!(found[part], wanted[part], "{part}");
        }
        same(&kept(&store, &folder.0), &once);
        met
    });
}

#[test]
fn a_gateway_that_is_killed_while_it_exports_goes_on_by_itself() {
    let folder = Folder::new("kills-serve");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let hospital = runtime.block_on(Hospital::open("http://127.0.0.1:9"));
    hospital.exporting(|exports| (exports.lines, exports.stretches) = (700, 200));
    fill(&hospital);
    let config = settings(&hospital, "bulk");
    let ended = || {
        let mut ended = 0;
        hospital.exporting(|exports| ended = exports.ended);
        ended > 0
    };
    let stands = || mark(&runtime, &folder.store(), "bulk/ehr/read");
    for _ in 0..3 {
        let server = Server::start(&folder, &config);
        let stood = stands();
        while stands() == stood && !ended() {
            std::thread::yield_now();
        }
        server.signal("-9");
    }
    let server = Server::start(&folder, &config);
    while !ended() {
        std::thread::yield_now();
    }
    drop(server);
    let kicked = hospital.asked().iter().filter(|query| query.contains("$export")).count();
    assert_eq!(kicked, 1, "it went on with the same export");
    let all = kept(&folder.store(), &folder.0);
    let bad = (0..RESULTS).filter(|n| n % 97 == 5).count();
    assert_eq!(all.iter().filter(|row| row.starts_with("resource")).count(), PATIENTS + RESULTS - bad);
}
