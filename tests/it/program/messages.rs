//! HL7 v2 through the program: kill -9 in the midst of streams, an order to stop, and files of messages.

use super::kills::{Work, kept, killed, lives, same, times};
use super::server::Server;
use super::{Folder, output, trialgate};
use crate::place::Place;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

/// Messages of one life.
const MESSAGES: usize = 600;
/// For each sender, how many it sends before it waits for their answers.
const SENDERS: [usize; 4] = [1, 1, 1, 8];

const CONFIG: &str = "[sources.lab]\nzone = \"UTC\"\n[sources.lab.hl7v2]\nauthority = \"*\"\n[sources.lab.mllp]\nlisten = \"127.0.0.1:0\"\n";

/// A gateway, and where it takes messages.
pub fn start(folder: &Folder) -> (Server, String) {
    let mut server = Server::start(folder, CONFIG);
    let address = server.line().rsplit(' ').next().expect("an address").to_owned();
    (server, address)
}

/// The n-th message: results of some persons, each number of a different time, some with a fault, some twice in one message.
fn message(n: usize) -> String {
    let person = n % 9;
    if n % 10 == 9 {
        return format!(
            "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|K{n}|P|2.5.1\rPID|1\rOBR|1||F{n}\rOBX|1|NM|1751-7^A^LN||1|g/L|||||F\r"
        );
    }
    format!(
        "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|K{n}|P|2.5.1\rPID|1||p{person}\rOBR|1||F{n}|1751-7^Albumin^LN|||202603{:02}0800+0000\rOBX|1|NM|1751-7^Albumin^LN||{}|g/L^g/L^UCUM|||||F\rOBX|2|NM|2160-0^Creatinine^LN||1.{n}|mg/dL^mg/dL^UCUM|||||F\rOBX|3|ED|PDF^report^L||x||||||F\r",
        1 + n % 14,
        20 + n % 20
    )
}

/// Sends messages without waiting, then hears their answers; `None`: those that were not answered have to be sent again.
fn send(stream: &mut TcpStream, messages: &[usize]) -> (Vec<String>, Option<()>) {
    let blocks: String = messages.iter().map(|n| format!("\u{b}{}\u{1c}\r", message(*n))).collect();
    let mut answers = Vec::new();
    if stream.write_all(blocks.as_bytes()).is_err() {
        return (answers, None);
    }
    for _ in messages {
        let Some(heard) = hear(stream) else { return (answers, None) };
        answers.push(heard);
    }
    (answers, Some(()))
}

fn hear(stream: &mut TcpStream) -> Option<String> {
    let mut heard = Vec::new();
    let mut byte = [0];
    while heard.last() != Some(&0x1c) {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        heard.push(byte[0]);
    }
    stream.read_exact(&mut byte).ok()?;
    String::from_utf8(heard).ok()
}

fn connect(address: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    Some(stream)
}

fn has_answer(word: &str, n: usize, heard: &str) -> bool {
    heard.contains(&format!("\rMSA|{word}|K{n}\r")) || heard.contains(&format!("\rMSA|{word}|K{n}|"))
}

/// What messages come to while the gateway is killed and started again.
struct Ward {
    /// Where messages are taken now; nothing while nobody takes them.
    address: Mutex<String>,
    next: AtomicUsize,
    answered: AtomicUsize,
    /// Answers that nobody should have got.
    odd: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Ward {
    /// Sends until all are answered, some of them without waiting for the one before.
    fn sender(&self, ahead: usize) {
        while !self.over.load(SeqCst) {
            let mut held: Vec<usize> =
                (0..ahead).map(|_| self.next.fetch_add(1, SeqCst)).filter(|n| *n < MESSAGES).collect();
            if held.is_empty() {
                return;
            }
            while !held.is_empty() && !self.over.load(SeqCst) {
                let address = self.address.lock().expect("the address").clone();
                let Some(mut stream) = connect(&address) else {
                    std::thread::yield_now();
                    continue;
                };
                let (answers, _) = send(&mut stream, &held);
                for (n, heard) in held.drain(..answers.len()).zip(&answers) {
                    if !has_answer(if n % 10 == 9 { "AE" } else { "AA" }, n, heard) {
                        self.odd.lock().expect("odd answers").push(format!("{n}: {heard}"));
                    }
                    self.answered.fetch_add(1, SeqCst);
                }
            }
        }
    }
}

/// All messages into a store, the gateway killed so many times at most; how often it was.
fn life(store: &str, folder: &Folder, times: usize) -> usize {
    let ward = Ward {
        address: Mutex::default(),
        next: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        odd: Mutex::default(),
        over: AtomicBool::new(false),
    };
    let config = folder.0.join("mllp.toml");
    std::fs::write(&config, CONFIG).expect("written");
    let outputs = RefCell::new(Vec::new());
    let start = || {
        let mut command = trialgate();
        command.args(["serve", "--listen", "127.0.0.1:0", "--store", store, "--config"]).arg(&config);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the gateway starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let address = lines.find_map(|line| {
            let line = line.expect("a line");
            line.contains("are taken on").then(|| line.rsplit(' ').next().expect("an address").to_owned())
        });
        *ward.address.lock().expect("the address") = address.expect("it listens");
        // Whoever says more must find somebody who listens.
        outputs.borrow_mut().push(lines);
        child
    };
    let stands = || ward.answered.load(SeqCst) as u64;
    let is_done = || ward.answered.load(SeqCst) == MESSAGES;
    let met = std::thread::scope(|scope| {
        for ahead in SENDERS {
            let ward = &ward;
            scope.spawn(move || ward.sender(ahead));
        }
        let met = killed(&Work { start: &start, stands: &stands, is_done: &is_done, step: 60 }, times);
        let mut last = start();
        while !is_done() && last.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        ward.over.store(true, SeqCst);
        let ended = Command::new("kill").args(["-TERM", &last.id().to_string()]).status();
        assert!(ended.is_ok_and(|s| s.success()) && last.wait().expect("it ends").success());
        met
    });
    assert_eq!(*ward.odd.lock().expect("odd answers"), Vec::<String>::new());
    assert!(is_done(), "it ended by itself");
    met
}

fn ends_as_one_that_was_never_killed(place: &Place, times: usize) {
    let folder = Folder::new(&format!("kills-mllp-{:x}", u64::from_be_bytes(trialgate::clock::random_bytes())));
    let plain = format!("sqlite:{}", folder.0.join("plain.db").display());
    assert_eq!(life(&plain, &folder, 0), 0);
    let wanted = kept(&plain, &folder.0);
    let bad = (0..MESSAGES).filter(|n| n % 10 == 9).count();
    let of = |what: &str| wanted.iter().filter(|row| row.starts_with(what)).count();
    assert_eq!((of("resource"), of("set aside"), of("message")), (2 * (MESSAGES - bad), MESSAGES, MESSAGES));
    lives(times, |times| {
        let place = place.another();
        let met = life(&place.url(), &folder, times);
        same(&kept(&place.url(), &folder.0), &wanted);
        let audit = output(trialgate().args(["audit", "verify", "--store", &place.url()]));
        assert!(audit.starts_with("chain whole"), "{audit}");
        met
    });
}

#[test]
fn kills_of_a_listener_lose_and_double_nothing() {
    ends_as_one_that_was_never_killed(&Place::file(), times());
}

#[test]
fn kills_of_a_listener_into_postgres_lose_and_double_nothing() {
    if let Some(place) = Place::database() {
        ends_as_one_that_was_never_killed(&place, times().div_ceil(2));
    }
}

#[test]
fn files_of_messages_are_imported() {
    let folder = Folder::new("message-files");
    let config = folder.0.join("config.toml");
    std::fs::write(&config, "[sources.lab]\nzone = \"UTC\"\n[sources.lab.hl7v2]\nauthority = \"*\"\n")
        .expect("written");
    let run = |again: bool| {
        let mut command = trialgate();
        command.args(["import", "fixtures/hl7v2", "--source", "lab", "--json", "--store", &folder.store(), "--config"]);
        command.arg(&config);
        if again {
            command.arg("--again");
        }
        serde_json::from_str::<serde_json::Value>(&output(&mut command)).expect("JSON")
    };
    let first = run(false);
    assert_eq!(
        (&first["kept"]["MedicationAdministration"], &first["events"]["deleted"]),
        (&6.into(), &2.into()),
        "{first}"
    );
    assert_eq!((&first["set_aside"]["message"], &first["ignored"]["message"]), (&5.into(), &1.into()), "{first}");
    // What a file holds decides, whatever it is called.
    let named = folder.0.join("export.txt");
    std::fs::copy("fixtures/hl7v2/patients.hl7", &named).expect("copied");
    let mut command = trialgate();
    command
        .args(["import", "--source", "lab", "--json", "--store", &folder.store(), "--config"])
        .arg(&config)
        .arg(&named);
    let other: serde_json::Value = serde_json::from_str(&output(&mut command)).expect("JSON");
    assert_eq!(other["set_aside"], serde_json::json!({}), "{other}");
    let again = run(true);
    assert_eq!((&again["events"]["created"], &again["events"]["updated"]), (&0.into(), &0.into()), "{again}");
    let refused = trialgate()
        .args(["serve", "--listen", "127.0.0.1:0", "--store", &folder.store(), "--config"])
        .arg(&config)
        .env("TRIALGATE__SOURCES__LAB__MLLP__LISTEN", "0.0.0.0:0")
        .output()
        .expect("it ends");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("sources.lab.mllp: refused to listen on 0.0.0.0:0"), "{said}");
}
