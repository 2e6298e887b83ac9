//! The listener on a real socket: blocks however they are cut, senders however they behave, and what they are answered.

use super::*;
use crate::place::on_both;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trialgate::mllp::{Bounds, Listener, Mllp};

on_both!(
    blocks_are_met_however_they_are_cut,
    many_senders_at_once_are_all_answered,
    enhanced_mode_answers_as_asked,
    a_sender_that_does_not_wait_is_answered_in_order,
);

/// A listener that runs.
pub(super) struct Open {
    ward: Ward,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub(super) fn bounds() -> Bounds {
    Bounds::new(Duration::from_secs(10))
}

fn open(ward: Ward, bounds: Bounds) -> Open {
    open_as(ward, bounds, Mllp { listen: "127.0.0.1:0".into(), ..Mllp::default() })
}

pub(super) fn open_as(ward: Ward, bounds: Bounds, settings: Mllp) -> Open {
    let listener = Listener::bind("lab", &settings).expect("it listens");
    let address = listener.address();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(listener.serve(ward.gateway.clone(), bounds, stopped));
    Open { ward, address, stop, task }
}

impl Open {
    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    pub(super) async fn close(self) -> Ward {
        self.stop.send_replace(true);
        self.task.await.expect("it ends");
        self.ward
    }
}

pub(super) fn block(message: &[u8]) -> Vec<u8> {
    [b"\x0b".as_slice(), message, b"\x1c\r"].concat()
}

/// The next answer, or nothing where the connection was closed.
pub(super) async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        // Whoever closes while bytes are unread resets the connection.
        match stream.read_u8().await {
            Ok(b'\r') if bytes.last() == Some(&0x1c) => break,
            Ok(byte) => bytes.push(byte),
            Err(_) if bytes.is_empty() => return None,
            Err(error) => panic!("{error} within an answer: {bytes:?}"),
        }
    }
    assert_eq!((bytes.first(), bytes.last()), (Some(&0x0b), Some(&0x1c)), "{bytes:?}");
    Some(String::from_utf8_lossy(&bytes[1..bytes.len() - 1]).into_owned())
}

pub(super) fn segment(answer: &str, name: &str) -> String {
    answer.split('\r').find(|s| s.starts_with(name)).unwrap_or_default().to_owned()
}

pub(super) fn result(n: usize) -> Vec<u8> {
    let text = format!(
        "MSH|^~\\&|LIS|H|TG|TG|20260315090000+0000||ORU^R01|M{n}|P|2.5.1\nPID|1||p{}\nOBR|1||F{n}|1751-7^Albumin^LN|||20260315080000+0000\nOBX|1|NM|1751-7^Albumin^LN||{}|g/L^g/L^UCUM|||||F",
        n % 7,
        20 + n % 30
    );
    message(&text)
}

/// Each is answered as if it had come alone, whatever came before it in the same piece: wrong ones, versions of one result, records of one
/// Patient, the same once more, and one that is broken off and begins anew.
async fn a_sender_that_does_not_wait_is_answered_in_order(place: Place) {
    let open = open(ward(&place), bounds());
    let mut stream = open.connect().await;
    let record = |n: usize, sex: &str| {
        let text =
            format!("MSH|^~\\&|A|H|T|T|202603{:02}||ADT^A08|M{n}|P|2.5\nPID|1||p1||||19690101|{sex}", 1 + n % 14);
        message(&text)
    };
    let (mut all, mut wanted) = (Vec::new(), Vec::new());
    for n in 0..130 {
        let (word, id, body) = match n % 5 {
            0 | 1 => ("AA", n / 2, result(n / 2)),
            2 => ("AA", n, record(n, ["female", "male"][n % 2])),
            3 => ("AE", n, record(n, "odd")),
            _ => ("AR", n, message(&format!("MSH|^~\\&|A|H|T|T|20260301||OUL^R22|M{n}|P|2.5"))),
        };
        wanted.push(format!("MSA|{word}|M{id}"));
        if n == 77 {
            all.extend(b"\x0bMSH|^~");
        }
        all.extend(block(&body));
    }
    let (mut heard, mut send) = stream.split();
    let sent = async { send.write_all(&all).await.expect("sent") };
    let answers = async {
        let mut answers = Vec::new();
        for _ in 0..wanted.len() {
            let heard = answer(&mut heard).await.expect("an answer");
            answers.push(segment(&heard, "MSA").split('|').take(3).collect::<Vec<_>>().join("|"));
        }
        answers
    };
    let ((), answers) = tokio::join!(sent, answers);
    assert_eq!(answers, wanted);
    drop(stream);
    let ward = open.close().await;
    let results: std::collections::BTreeSet<usize> = (0..130).filter(|n| n % 5 < 2).map(|n| n / 2).collect();
    assert_eq!(ward.observations().await.len(), results.len());
    assert_eq!(ward.asides().await.len(), 52, "each that is wrong, once");
    let latest = (0..130).filter(|n| n % 5 == 2 && n % 14 == 13).collect::<Vec<_>>();
    assert_eq!(latest, [27, 97], "both of the last day, and both odd");
    assert_eq!(ward.patient("p1").await.expect("kept")["gender"], "male");
}

async fn blocks_are_met_however_they_are_cut(place: Place) {
    let open = open(ward(&place), bounds());
    let mut stream = open.connect().await;
    // One byte at a time; the answer waits for no byte behind the end of the block.
    let whole = block(&result(1));
    for byte in &whole[..whole.len() - 1] {
        stream.write_all(&[*byte]).await.expect("sent");
        stream.flush().await.expect("sent");
    }
    assert_eq!(segment(&answer(&mut stream).await.expect("an answer"), "MSA"), "MSA|AA|M1");
    // Two in one write, with garbage before, between and a block that was broken off.
    let two =
        [b"noise\r\n".as_slice(), &block(&result(2)), b"\r\n\r\n", b"\x0bMSH|broken off", &block(&result(3))].concat();
    stream.write_all(&two).await.expect("sent");
    for n in [2, 3] {
        assert_eq!(segment(&answer(&mut stream).await.expect("an answer"), "MSA"), format!("MSA|AA|M{n}"));
    }
    // What is no message is answered too, and the next one is taken.
    stream.write_all(&[block(b"hello"), block(&result(4))].concat()).await.expect("sent");
    let refused = answer(&mut stream).await.expect("an answer");
    assert!(segment(&refused, "MSA").starts_with("MSA|AR||MSH[1]-2: found no MSH"), "{refused}");
    assert_eq!(segment(&answer(&mut stream).await.expect("an answer"), "MSA"), "MSA|AA|M4");
    drop(stream);
    let ward = open.close().await;
    assert_eq!((ward.observations().await.len(), ward.asides().await.len()), (4, 1));
}

async fn many_senders_at_once_are_all_answered(place: Place) {
    // Fewer seats than senders: the others wait in the backlog.
    let open = open(ward(&place), Bounds { connections: 5, ..bounds() });
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..20 {
        let address = open.address;
        senders.spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            for n in 0..5 {
                let n = sender * 5 + n;
                stream.write_all(&block(&result(n))).await.expect("sent");
                let heard = answer(&mut stream).await.expect("an answer");
                assert_eq!(segment(&heard, "MSA"), format!("MSA|AA|M{n}"));
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.expect("every message is answered");
    }
    assert_eq!(open.close().await.observations().await.len(), 100);
}

async fn enhanced_mode_answers_as_asked(place: Place) {
    let open = open(ward(&place), bounds());
    let mut stream = open.connect().await;
    let text = |wants: &str, number: &str| {
        let text = format!("MSH|^~\\&|ADT|H|TG|TG|20260315090000||ADT^A08^ADT_A01|E1|P|2.5|||{wants}\nPID|1||{number}");
        block(&message(&text))
    };
    // What is wanted, whether the message is good, and the words of the answers.
    for (wants, number, words) in [
        ("AL|NE", "p1", vec!["CA"]),
        ("AL|AL", "p1", vec!["CA", "AA"]),
        ("NE|AL", "p1", vec!["AA"]),
        ("NE|NE", "p1", vec![]),
        ("ER|NE", "p1", vec![]),
        ("ER|ER", "", vec!["CE", "AE"]),
        ("SU|AL", "", vec!["AE"]),
        ("|AL", "p1", vec!["AA"]),
        ("|", "", vec!["AE"]),
    ] {
        stream.write_all(&text(wants, number)).await.expect("sent");
        for word in words {
            let heard = answer(&mut stream).await.expect("an answer");
            assert!(segment(&heard, "MSA").starts_with(&format!("MSA|{word}|E1")), "{wants}: {heard}");
        }
        // Nothing more was answered: the next message's answer comes next.
        stream.write_all(&block(&result(1))).await.expect("sent");
        assert_eq!(segment(&answer(&mut stream).await.expect("an answer"), "MSA"), "MSA|AA|M1", "{wants}");
    }
    drop(stream);
    open.close().await;
}

#[tokio::test]
async fn an_answer_says_what_is_wrong_and_where() {
    let place = Place::file();
    let open = open(speaking(&place, "Asia/Shanghai", Dialect::default()), bounds());
    let mut stream = open.connect().await;
    stream.write_all(&block(&fixture("refused.hl7")[0])).await.expect("sent");
    let heard = answer(&mut stream).await.expect("an answer");
    let lines: Vec<&str> = heard.split('\r').collect();
    assert!(lines[0].starts_with("MSH|^~\\&|TG|TG|LIS|H|20260315200000+0800||ACK^R01^ACK|"), "{heard}");
    assert!(lines[0].ends_with("|P|2.5.1"), "{heard}");
    assert_eq!(lines[1], "MSA|AE|X1|PID[1]-3: found no patient number; wanted one");
    assert_eq!(lines[2], "ERR||PID^1^3|101^Required field missing^HL70357|E||||found no patient number; wanted one");
    // Before 2.5 all of it stands in ERR-1.
    stream.write_all(&block(&fixture("refused.hl7")[1])).await.expect("sent");
    let heard = answer(&mut stream).await.expect("an answer");
    assert!(segment(&heard, "MSH").contains("||ACK^R01|"), "{heard}");
    assert_eq!(segment(&heard, "ERR"), "ERR|MSH^1^7^102&Data type error&HL70357");
    // What is set aside of a message that is taken is a warning.
    stream.write_all(&block(&fixture("result-types.hl7")[0])).await.expect("sent");
    let heard = answer(&mut stream).await.expect("an answer");
    assert_eq!(segment(&heard, "MSA"), "MSA|AA|T1");
    assert!(
        segment(&heard, "ERR")
            .starts_with("ERR||OBX^14|207^Application internal error^HL70357|W||||found ED in OBX-2: "),
        "{heard}"
    );
    // An answer is in the character set of its message.
    stream.write_all(&block(&fixture("results-gb18030.hl7")[0])).await.expect("sent");
    let mut bytes = vec![0; 512];
    let read = stream.read(&mut bytes).await.expect("an answer");
    let (text, _, lacks) = encoding_rs::GB18030.decode(&bytes[..read]);
    assert!(!lacks && text.contains("|LIS|检验科|") && text.contains("||||||GB 18030-2000\r"), "{text}");
    drop(stream);
    open.close().await;
}

#[tokio::test]
async fn an_answer_is_in_the_character_set_of_the_settings_where_the_message_is_silent() {
    let place = Place::file();
    let open = open(speaking(&place, "UTC", Dialect { charset: "8859/1".into(), ..Dialect::default() }), bounds());
    let mut stream = open.connect().await;
    let text = b"MSH|^~\\&|ADT|K\xf6ln|TG|TG|20260315||ADT^A08|E1|P|2.5\rPID|1||p1\r";
    stream.write_all(&block(text)).await.expect("sent");
    let mut bytes = vec![0; 512];
    let read = stream.read(&mut bytes).await.expect("an answer");
    let heard = String::from_utf8_lossy(&bytes[..read]).into_owned();
    assert!(bytes.starts_with(b"\x0bMSH|^~\\&|TG|TG|ADT|K\xf6ln|"), "{heard}");
    assert_eq!(segment(&heard, "MSA").trim_end(), "MSA|AA|E1", "{heard}");
    drop(stream);
    open.close().await;
}

#[tokio::test]
async fn senders_that_do_not_keep_to_it_are_closed() {
    let place = Place::file();
    let short = Bounds {
        block: Duration::from_millis(200),
        idle: Duration::from_millis(600),
        message_bytes: 2_000,
        ..bounds()
    };
    let open = open(ward(&place), short);
    // Begins a block and does not go on.
    let mut slow = open.connect().await;
    slow.write_all(b"\x0bMSH|^~\\&|").await.expect("sent");
    assert_eq!(answer(&mut slow).await, None);
    // Says nothing at all.
    let mut silent = open.connect().await;
    assert_eq!(answer(&mut silent).await, None);
    // Sends what is no MLLP.
    let mut other = open.connect().await;
    let _ = other.write_all(&vec![b'x'; 200_000]).await;
    assert_eq!(answer(&mut other).await, None);
    // Sends more than is taken: it is told so, since it would send it for ever.
    let mut long = open.connect().await;
    let message = [result(1), vec![b'x'; 3_000]].concat();
    long.write_all(&block(&message)).await.expect("sent");
    let heard = answer(&mut long).await.expect("an answer");
    assert!(segment(&heard, "MSA").starts_with("MSA|AR|M1|MSH[1]: found a message of more than 2000 bytes"), "{heard}");
    assert_eq!(answer(&mut long).await, None);
    // Hangs up within a block: nothing of it is kept.
    let mut gone = open.connect().await;
    gone.write_all(&block(&result(2))[..100]).await.expect("sent");
    drop(gone);
    let ward = open.close().await;
    assert!(ward.observations().await.is_empty() && ward.asides().await.is_empty());
}

#[tokio::test]
async fn only_named_senders_may_connect() {
    let place = Place::file();
    let settings = Mllp { listen: "127.0.0.1:0".into(), from: vec!["127.0.0.2".into()], ..Mllp::default() };
    let open = open_as(ward(&place), bounds(), settings);
    let mut foreign = open.connect().await;
    let _ = foreign.write_all(&block(&result(1))).await;
    assert_eq!(answer(&mut foreign).await, None);
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.2:0".parse().expect("an address")).expect("bound");
    let mut named = socket.connect(open.address).await.expect("connected");
    named.write_all(&block(&result(1))).await.expect("sent");
    assert_eq!(segment(&answer(&mut named).await.expect("an answer"), "MSA"), "MSA|AA|M1");
    drop(named);
    open.close().await;
}

#[test]
fn it_does_not_listen_beyond_this_machine_unproven() {
    let beyond = Mllp { listen: "0.0.0.0:0".into(), ..Mllp::default() };
    let said = Listener::bind("lab", &beyond).err().expect("refused");
    assert!(said.starts_with("sources.lab.mllp: refused to listen on 0.0.0.0:0"), "{said}");
    let half = Mllp { certificate: Some("server.pem".into()), ..beyond };
    let said = Listener::bind("lab", &half).err().expect("refused");
    assert!(said.contains("refused to listen"), "TLS alone does not prove who sends: {said}");
}

#[tokio::test]
async fn what_is_being_kept_when_told_to_stop_is_answered() {
    let place = Place::file();
    let open = open(ward(&place), bounds());
    let (mut busy, mut idle) = (open.connect().await, open.connect().await);
    busy.write_all(&block(&result(1))).await.expect("sent");
    assert_eq!(segment(&answer(&mut busy).await.expect("an answer"), "MSA"), "MSA|AA|M1");
    idle.write_all(b"\x0bMSH|half").await.expect("sent");
    let ward = open.close().await;
    assert_eq!((answer(&mut busy).await, answer(&mut idle).await), (None, None), "both are closed");
    assert_eq!(ward.observations().await.len(), 1);
}
