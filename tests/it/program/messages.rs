//! HL7 v2 through the program: kill -9 in the midst of streams, an order to stop, and files of messages.

use super::client::request;
use super::server::Server;
use super::{Folder, output, trialgate};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Times the process is killed.
const CYCLES: usize = 12;
const SENDERS: usize = 4;
/// Answers after which it is killed; differs by cycle so that kills fall anywhere.
const ANSWERS: usize = 30;

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

/// Sends one message and waits for its answer; `None`: it has to be sent again.
fn send(stream: &mut TcpStream, message: &str) -> Option<String> {
    stream.write_all(format!("\u{b}{message}\u{1c}\r").as_bytes()).ok()?;
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

/// How many the gateway counts of a search.
fn total(server: &Server, search: &str) -> u64 {
    let answer = request(&server.address, "GET", &format!("/fhir/lab/{search}&_summary=count"), "").expect("an answer");
    let body: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    body["total"].as_u64().unwrap_or_else(|| panic!("no total: {}", answer.body))
}

fn has_answer(word: &str, n: usize, heard: &str) -> bool {
    heard.contains(&format!("\rMSA|{word}|K{n}\r")) || heard.contains(&format!("\rMSA|{word}|K{n}|"))
}

#[test]
fn a_dozen_kills_lose_nothing_and_double_nothing() {
    let folder = Folder::new("messages");
    let next = AtomicUsize::new(0);
    let answered = AtomicUsize::new(0);
    // What each sender holds until it is answered.
    let mut held: Vec<Option<usize>> = vec![None; SENDERS];
    for cycle in 0..CYCLES {
        let (mut server, address) = start(&folder);
        let until = answered.load(Ordering::SeqCst) + ANSWERS + cycle * 7 % 20;
        std::thread::scope(|scope| {
            for mine in &mut held {
                let (address, next, answered) = (&address, &next, &answered);
                scope.spawn(move || {
                    let Some(mut stream) = connect(address) else { return };
                    loop {
                        let n = *mine.get_or_insert_with(|| next.fetch_add(1, Ordering::SeqCst));
                        let Some(heard) = send(&mut stream, &message(n)) else { return };
                        let word = if n % 10 == 9 { "AE" } else { "AA" };
                        assert!(has_answer(word, n, &heard), "{n}: {heard}");
                        answered.fetch_add(1, Ordering::SeqCst);
                        *mine = None;
                    }
                });
            }
            while answered.load(Ordering::SeqCst) < until {
                std::thread::yield_now();
            }
            server.signal("-9");
        });
        server.ended();
    }
    let (server, address) = start(&folder);
    let mut stream = connect(&address).expect("a connection");
    for n in held.into_iter().flatten() {
        send(&mut stream, &message(n)).expect("an answer");
    }
    let sent = next.load(Ordering::SeqCst);
    let good = (0..sent).filter(|n| n % 10 != 9).count() as u64;
    assert_eq!(total(&server, "Observation?code=1751-7"), good, "of {sent}");
    assert_eq!(total(&server, "Observation?code=2160-0"), good);
    drop(stream);
    server.signal("-TERM");
    let mut server = server;
    assert!(server.ended().success());
    let file = rusqlite::Connection::open(folder.0.join("store.db")).expect("the store opens");
    let count = |sql: &str| file.query_row(sql, [], |r| r.get::<_, i64>(0)).expect("a count") as u64;
    assert_eq!(count("select count(*) from message where state = 1"), good, "every message is kept once");
    assert_eq!(count("select count(*) from message where state = 2"), sent as u64 - good);
    assert_eq!(
        count("select count(*) from set_aside"),
        sent as u64,
        "one part of each good one, and each bad one whole"
    );
    assert_eq!(count("select count(*) from resource where version > 1"), 0, "nothing came twice");
    let audit = output(trialgate().args(["audit", "verify", "--store", &folder.store()]));
    assert!(audit.starts_with("chain whole"), "{audit}");
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
