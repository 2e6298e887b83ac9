//! A small HTTP client of the tests' own: one request a connection, so that nothing is hidden by a pool.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Head, as sent.
    pub head: String,
    /// Body.
    pub body: String,
}

/// Sends a request; `None` when the server is gone or cut it off.
pub fn request(address: &str, method: &str, path: &str, body: &str) -> Option<Answer> {
    request_as(address, None, method, path, body)
}

/// The same with a value of `Authorization`.
pub fn request_as(address: &str, who: Option<&str>, method: &str, path: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let length = body.len();
    let who = who.map_or_else(String::new, |who| format!("authorization: {who}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/fhir+json\r\ncontent-length: {length}\r\n{who}\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let expected = header(head, "content-length").and_then(|l| l.parse::<usize>().ok());
    // A body that was cut off is no answer.
    (expected.is_none_or(|n| n == body.len())).then(|| Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// The value of a header.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// A connection that is kept, for many requests one after the other.
pub struct Wire {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Wire {
    /// Connects.
    pub fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a bound");
        stream.set_nodelay(true).expect("no delay");
        Self { host: address.to_owned(), stream: BufReader::new(stream) }
    }

    /// Sends a request and reads its answer; each header is a whole line.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let kind = if body.is_empty() { "" } else { "content-type: application/fhir+json\r\n" };
        let (host, length) = (&self.host, body.len());
        let text =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{kind}content-length: {length}\r\n{lines}\r\n{body}");
        self.stream.get_mut().write_all(text.as_bytes()).expect("sent");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.stream.read_line(&mut head).expect("an answer") > 0, "the connection was closed: {head}");
        }
        let length = header(&head, "content-length").map_or(0, |l| l.parse().expect("a length"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the whole answer");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Answer { status, head, body: String::from_utf8(body).expect("UTF-8") }
    }
}
