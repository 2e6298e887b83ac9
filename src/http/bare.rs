//! What is no HTTP request is refused by the HTTP library itself, before any router, with a status and no body. Here
//! such an answer gets its OperationOutcome on its way out: every refusal of this door says what is wanted.

use crate::flow::render::operation_outcome;
use crate::model::issue::Issue;

/// The answer with a body, if `sent` is a refusal that the library makes: whole, of status 400 or more, without a
/// media type, and empty. Every answer of ours that refuses names a media type, also to HEAD.
pub(super) fn with_outcome(sent: &[u8], header_bytes: usize) -> Option<Vec<u8>> {
    let head = sent.strip_suffix(b"\r\n\r\n").filter(|_| sent.starts_with(b"HTTP/1."))?;
    let head = std::str::from_utf8(head).ok()?;
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    let named = |name: &str| {
        let of = |line: &&str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        head.lines().skip(1).find(of)
    };
    let empty = named("content-length")?.ends_with(": 0");
    if status < 400 || !empty || named("content-type").is_some() {
        return None;
    }
    let issue = match status {
        414 | 431 => {
            let text =
                format!("request line and headers are too many or longer than {header_bytes} bytes; wanted fewer");
            Issue::error("too-long", "", text)
        }
        _ => Issue::error("invalid", "", "what was sent is no HTTP/1.1 request; the connection is closed"),
    };
    let body = operation_outcome(&[issue]);
    let kept = head.lines().filter(|line| Some(*line) != named("content-length"));
    let mut answer: Vec<u8> = kept.flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
    let own = format!("content-type: {}\r\ncontent-length: {}\r\n\r\n", super::outcome::FHIR_JSON, body.len());
    answer.extend(own.bytes());
    answer.extend(body);
    Some(answer)
}
