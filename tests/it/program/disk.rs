//! A disk that is full, and one that fails: nothing is acknowledged that is not kept, and the gateway goes on.

use super::client::{Answer, header, request};
use super::server::Server;
use super::{Folder, output, trialgate};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

const CONFIG: &str = "[sources.main]\nzone = \"UTC\"\n";
/// How long the gateway may need to notice that there is room again.
const PATIENCE: Duration = Duration::from_secs(20);

/// The library of faults, built once with the compiler that SQLite was built with.
fn faults() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let library = std::env::temp_dir().join(format!("trialgate-faults-{}.so", std::process::id()));
        let source = format!("{}/tests/it/program/faults.c", env!("CARGO_MANIFEST_DIR"));
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).args([&source, "-ldl"]).status();
        assert!(built.is_ok_and(|s| s.success()), "cc builds {source}");
        library
    })
}

/// A gateway on a disk that can be told to fail.
struct Sick {
    folder: Folder,
    server: Server,
}

impl Sick {
    fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        std::fs::write(folder.0.join("faults"), "none").expect("written");
        let mut command = trialgate();
        command.env("LD_PRELOAD", faults()).env("FAULTS", folder.0.join("faults"));
        command.env("FAULTS_LOG", folder.0.join("events")).env("TRIALGATE_LOG", "off");
        let server = Server::start_as(command, &folder, CONFIG);
        Self { folder, server }
    }

    fn fault(&self, what: &str) {
        // By renaming, so that no half-written word is read.
        let (new, old) = (self.folder.0.join("faults.new"), self.folder.0.join("faults"));
        std::fs::write(&new, what).expect("written");
        std::fs::rename(new, old).expect("renamed");
    }

    fn put(&self, n: usize, size: usize) -> Answer {
        let body = observation(n, size);
        let answer = request(&self.server.address, "PUT", &format!("/fhir/Observation/o{n}"), &body);
        answer.expect("every request is answered")
    }

    fn get(&self, path: &str) -> Answer {
        request(&self.server.address, "GET", path, "").expect("every request is answered")
    }

    /// Bytes of the store's files.
    fn used(&self) -> u64 {
        let files = std::fs::read_dir(&self.folder.0).expect("the folder").flatten();
        let store = files.filter(|f| f.file_name().to_string_lossy().contains(".db"));
        store.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    }

    /// Kills it, and looks on a healthy disk whether all that was acknowledged is there.
    fn all_kept(mut self, acknowledged: &[usize]) {
        self.server.signal("-9");
        self.server.ended();
        let server = Server::start(&self.folder, CONFIG);
        for n in acknowledged {
            let answer = request(&server.address, "GET", &format!("/fhir/Observation/o{n}"), "").expect("an answer");
            assert_eq!(answer.status, 200, "o{n} was acknowledged");
        }
        drop(server);
        let file = rusqlite::Connection::open(self.folder.0.join("store.db")).expect("the file opens");
        let whole: String = file.query_row("pragma integrity_check", [], |r| r.get(0)).expect("checked");
        assert_eq!(whole, "ok");
        drop(file);
        let audit = output(trialgate().args(["audit", "verify", "--store", &self.folder.store()]));
        assert!(audit.starts_with("chain whole"), "{audit}");
    }
}

/// A result with a note of `size` characters that cannot be packed to less than half.
fn observation(n: usize, size: usize) -> String {
    let mut seed = n as u64 + 1;
    let mut digit = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from_digit((seed >> 20 & 15) as u32, 16).expect("a digit")
    };
    let note: String = (0..size).map(|_| digit()).collect();
    format!(
        r#"{{"resourceType":"Observation","id":"o{n}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-01-02","note":[{{"text":"{note}"}}],"valueQuantity":{{"value":{n},"unit":"10*9/L","system":"http://unitsofmeasure.org","code":"10*9/L"}}}}"#
    )
}

fn is_503(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains(&format!("\"code\":\"{code}\"")), "{}", answer.body);
    assert!(header(&answer.head, "retry-after").is_some(), "{}", answer.head);
}

#[test]
fn on_a_full_disk_reads_go_on_and_writes_wait_for_room() {
    let sick = Sick::start("full");
    let mut acknowledged = vec![0];
    assert_eq!(sick.put(0, 10).status, 201);
    sick.fault(&format!("full {}", sick.used() + (1 << 20)));
    for n in 1.. {
        assert!(n < 100, "the disk was not full after {n} notes of 100 kB");
        let answer = sick.put(n, 100_000);
        if answer.status != 201 {
            is_503(&answer, "no-store");
            break;
        }
        acknowledged.push(n);
    }
    for round in 0..3 {
        is_503(&sick.put(1000 + round, 10), "no-store");
        for n in &acknowledged {
            assert_eq!(sick.get(&format!("/fhir/Observation/o{n}")).status, 200);
        }
        let found = sick.get("/fhir/Observation?patient=p");
        assert_eq!(found.status, 200, "{}", found.body);
    }
    sick.fault("none");
    let waited = Instant::now();
    while sick.put(2000, 10).status == 503 {
        assert!(waited.elapsed() < PATIENCE, "there is room, and nothing is taken");
    }
    assert_eq!(sick.put(2001, 10).status, 201);
    acknowledged.extend([2000, 2001]);
    sick.all_kept(&acknowledged);
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_before_the_store_was_opened_again() {
    let sick = Sick::start("sync");
    let acknowledged = Mutex::new(Vec::new());
    let (next, unknown, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let before = 40;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    let answer = sick.put(n, 10);
                    if answer.status == 201 {
                        acknowledged.lock().expect("no writer panicked").push(n);
                    } else {
                        is_503(&answer, "transient");
                        unknown.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        scope.spawn(|| {
            let done = || acknowledged.lock().expect("no writer panicked").len();
            while done() < before {
                std::thread::yield_now();
            }
            sick.fault("sync-once");
            let (waited, enough) = (Instant::now(), done() + 200);
            while done() < enough && waited.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
            stop.store(true, Ordering::SeqCst);
        });
    });
    let events = std::fs::read_to_string(sick.folder.0.join("events")).expect("events");
    let failed = events.lines().position(|l| l.starts_with('f')).expect("a sync failed");
    let (line, after) = (events.lines().nth(failed).expect("a line"), events.lines().skip(failed + 1));
    let of = |line: &str| line[2..].to_owned();
    let later: std::collections::BTreeSet<String> = after.map(of).collect();
    assert!(!later.is_empty() && !later.contains(&of(line)), "log opened as {line}, and synced later: {later:?}");
    let acknowledged = acknowledged.into_inner().expect("no writer panicked");
    assert!(acknowledged.len() > before + 100, "it went on: {}", acknowledged.len());
    println!("{} acknowledged, {} unknown", acknowledged.len(), unknown.into_inner());
    sick.all_kept(&acknowledged);
}

#[test]
fn while_every_sync_fails_nothing_is_acknowledged() {
    let sick = Sick::start("sick");
    assert_eq!(sick.put(0, 10).status, 201);
    sick.fault("sync");
    for n in 1..30 {
        is_503(&sick.put(n, 10), "transient");
    }
    sick.fault("none");
    let again = sick.put(1, 10);
    assert!(matches!(again.status, 200 | 201), "{}", again.body);
    sick.all_kept(&[0, 1]);
}
