//! Bad input: the exact status and issue code, and nothing kept.

use super::house::{Answer, House, observation, open, patient};
use std::io::Write;

const GZIP: &str = "Content-Encoding: gzip";
const JSON: &str = "Content-Type: application/json";
const CHUNKED: &str = "Transfer-Encoding: chunked";

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    coder.write_all(bytes).expect("packs");
    coder.finish().expect("packs")
}

/// A body in chunks, as HTTP/1.1 has them.
fn chunks(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut all = Vec::new();
    for chunk in bytes.chunks(size) {
        all.extend(format!("{:x}\r\n", chunk.len()).bytes());
        all.extend(chunk);
        all.extend(b"\r\n");
    }
    all.extend(b"0\r\n\r\n");
    all
}

/// The observation with one stretch of it replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let good = observation("o", "80");
    let text = good.replacen(from, to, 1);
    assert_ne!(text, good, "{from}");
    text.into_bytes()
}

/// Refused in that way, as an OperationOutcome that says something, and nothing is kept.
async fn refused(house: &House, what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/fhir+json; charset=utf-8", "{what}");
    let words = answer.json()["issue"][0]["diagnostics"].as_str().unwrap_or_default().len();
    assert!(words > 10, "{what} says nothing: {answer:?}");
    assert_eq!(house.kept().await, 0, "{what}");
}

/// What, the id in the address, headers, body, status, issue code.
type Row = (&'static str, &'static str, &'static [&'static str], Vec<u8>, u16, &'static str);

async fn all_refused(table: Vec<Row>) {
    let house = open().await;
    for (what, id, headers, body, status, code) in table {
        let answer = house.ask("PUT", &format!("/fhir/Observation/{id}"), headers, &body).await;
        refused(&house, what, &answer, status, code).await;
    }
}

#[tokio::test]
async fn what_is_no_json_or_too_much_of_it() {
    let plain = observation("o", "80").into_bytes();
    let long = vec![b' '; (1 << 20) + 1];
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n)).into_bytes();
    all_refused(vec![
        ("truncated", "o", &[], plain[..40].to_vec(), 400, "structure"),
        ("duplicate key", "o", &[], with("{", "{\"status\":\"final\","), 400, "structure"),
        ("128 deep", "o", &[], deep(128), 400, "structure"),
        ("100,000 deep", "o", &[], deep(100_000), 400, "structure"),
        ("too long", "o", &[], long.clone(), 413, "too-long"),
        ("too long in chunks", "o", &[CHUNKED], chunks(&long, 1 << 16), 413, "too-long"),
        ("a chunk that is none", "o", &[CHUNKED], b"zz\r\nx\r\n0\r\n\r\n".to_vec(), 400, "incomplete"),
        ("gzip bomb", "o", &[GZIP], zipped(&vec![b' '; 1 << 19]), 413, "too-costly"),
        ("no gzip", "o", &[GZIP], plain.clone(), 400, "structure"),
        ("brotli", "o", &["Content-Encoding: br"], plain.clone(), 415, "not-supported"),
        ("XML", "o", &["Content-Type: application/xml"], b"<a/>".to_vec(), 415, "not-supported"),
        (
            "XML that fetches",
            "o",
            &["Content-Type: application/fhir+xml"],
            b"<!DOCTYPE a [<!ENTITY e SYSTEM \"http://127.0.0.1:9/\">]><a>&e;</a>".to_vec(),
            415,
            "not-supported",
        ),
        ("not UTF-8", "o", &[], [plain.as_slice(), b"\xff"].concat(), 400, "structure"),
        ("byte order mark", "o", &[JSON], [b"\xef\xbb\xbf", plain.as_slice()].concat(), 400, "structure"),
        ("lone surrogate", "o", &[], with("\"unit\":\"10*9/L\"", "\"unit\":\"\\ud83d\""), 400, "structure"),
        ("low surrogate first", "o", &[], with("\"unit\":\"10*9/L\"", "\"unit\":\"\\ude00\\ud83d\""), 400, "structure"),
        ("NUL", "o", &[], with("\"unit\":\"10*9/L\"", "\"unit\":\"a\\u0000\""), 422, "value"),
        ("NaN", "o", &[], with("\"value\":80", "\"value\":NaN"), 400, "structure"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_right_resource() {
    let narrative =
        |div: &str| with("\"status\"", &format!("\"text\":{{\"status\":\"generated\",\"div\":\"{div}\"}},\"status\""));
    let cycle = "\"contained\":[{\"resourceType\":\"Specimen\",\"id\":\"a\",\"parent\":[{\"reference\":\"#b\"}]},\
                 {\"resourceType\":\"Specimen\",\"id\":\"b\",\"parent\":[{\"reference\":\"#a\"}]}],\"status\"";
    let code = "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"777-3\"}]},";
    all_refused(vec![
        ("no type", "o", &[], with("\"resourceType\":\"Observation\",", ""), 400, "invalid"),
        ("other type", "o", &[], with("\"Observation\"", "\"Patient\""), 400, "invalid"),
        ("no type of FHIR", "o", &[], with("\"Observation\"", "\"Nonsense\""), 400, "invalid"),
        ("unknown property", "o", &[], with("\"status\"", "\"enrolment\":1,\"status\""), 422, "structure"),
        ("unknown status", "o", &[], with("\"final\"", "\"enrolled\""), 422, "code-invalid"),
        ("no code", "o", &[], with(code, ""), 422, "required"),
        (
            "two values",
            "o",
            &[],
            with("\"valueQuantity\"", "\"valueString\":\"x\",\"valueQuantity\""),
            422,
            "structure",
        ),
        ("no such day", "o", &[], with("2026-03-01T08", "2026-02-30T08"), 422, "value"),
        ("no such month", "o", &[], with("2026-03-01T08:00:00Z", "2026-13-01"), 422, "value"),
        ("no zone", "o", &[], with("08:00:00Z", "08:00:00"), 422, "value"),
        ("number as text", "o", &[], with("\"value\":80", "\"value\":\"80\""), 422, "value"),
        ("subject on another server", "o", &[], with("Patient/p", "https://other.test/fhir/Patient/p"), 422, "value"),
        ("subject climbs", "o", &[], with("Patient/p", "Patient/../../etc"), 422, "value"),
        ("subject script", "o", &[], with("Patient/p", "javascript:x"), 422, "value"),
        ("contained in a ring", "o", &[], with("\"status\"", cycle), 422, "value"),
        (
            "script",
            "o",
            &[],
            narrative("<div xmlns='http://www.w3.org/1999/xhtml'><script>x</script></div>"),
            422,
            "invariant",
        ),
        (
            "handler",
            "o",
            &[],
            narrative("<div xmlns='http://www.w3.org/1999/xhtml'><img onerror='x'/></div>"),
            422,
            "invariant",
        ),
        (
            "link",
            "o",
            &[],
            narrative("<div xmlns='http://www.w3.org/1999/xhtml'><a href='javascript:x'>x</a></div>"),
            422,
            "invariant",
        ),
        ("other id", "other", &[], observation("o", "80").into_bytes(), 400, "invalid"),
    ])
    .await;
    let house = open().await;
    for kind in ["Nonsense", "Encounter"] {
        let answer = house.ask("PUT", &format!("/fhir/{kind}/o"), &[], b"{}").await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not-supported"), "{kind}: {answer:?}");
    }
}

#[tokio::test]
async fn what_leans_on_nothing() {
    let plain = observation("o", "80").into_bytes();
    all_refused(vec![
        ("malformed ETag", "o", &["If-Match: x"], plain.clone(), 400, "value"),
        ("If-Match of nothing", "o", &["If-Match: W/\"1\""], plain.clone(), 412, "conflict"),
    ])
    .await;
    let house = open().await;
    let post = async |header: &str| house.ask("POST", "/fhir/Observation", &[header], &plain).await;
    for header in ["If-None-Exist:", "If-None-Exist: status=final", "If-None-Exist: identifier=o"] {
        refused(&house, header, &post(header).await, 412, "not-supported").await;
    }
    refused(&house, "an escape", &post("If-None-Exist: identifier=%zz|x").await, 400, "value").await;
    for id in ["a", "b"] {
        let same = observation("o", "80").replace("\"id\":\"o\"", &format!("\"id\":\"{id}\""));
        assert_eq!(house.ask("PUT", &format!("/fhir/Observation/{id}"), &[], same.as_bytes()).await.status, 201);
    }
    let several = post("If-None-Exist: identifier=urn:o|o").await;
    assert_eq!((several.status, several.code().as_str(), house.kept().await), (412, "multiple-matches", 2));
    let stale = observation("a", "81").replace("\"value\":\"a\"", "\"value\":\"o\"");
    let stale = house.ask("PUT", "/fhir/Observation/a", &["If-Match: W/\"2\""], stale.as_bytes()).await;
    assert_eq!((stale.status, stale.code().as_str(), house.kept().await), (412, "conflict", 2));
}

#[tokio::test]
async fn a_bundle_that_is_wrong_is_refused_whole() {
    let house = open().await;
    let bundle =
        |entries: &str| format!("{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{entries}]}}");
    let entry = |url: &str, body: &str| {
        format!(
            "{{\"fullUrl\":\"{url}\",\"resource\":{body},\"request\":{{\"method\":\"PUT\",\"url\":\"Patient/p\"}}}}"
        )
    };
    let good = entry("http://x/fhir/Patient/p", &patient("p"));
    let urn = entry("urn:uuid:11111111-1111-4111-8111-111111111111", &patient("p"));
    let unknown = patient("p").replace("birthDate", "birthday");
    for (what, body, status, code, place) in [
        (
            "other id",
            bundle(&entry("http://x/fhir/Patient/q", &patient("p"))),
            400,
            "invalid",
            "Bundle.entry[0].fullUrl",
        ),
        ("one address twice", bundle(&format!("{urn},{urn}")), 400, "invalid", "Bundle.entry[1].fullUrl"),
        ("100,001 entries", bundle(&vec!["{}"; 100_001].join(",")), 413, "too-costly", "Bundle.entry"),
        (
            "one bad entry",
            bundle(&format!("{good},{}", entry("http://x/fhir/b/p", &unknown))),
            422,
            "structure",
            "Bundle.entry[1].resource.birthday",
        ),
        (
            "another type",
            bundle(&entry("http://x/fhir/Group/p", "{\"resourceType\":\"Group\",\"id\":\"p\"}")),
            422,
            "not-supported",
            "Bundle.entry[0].resourceType",
        ),
        ("no Bundle", patient("p"), 400, "invalid", "resourceType"),
    ] {
        let answer = house.ask("POST", "/fhir", &[], body.as_bytes()).await;
        refused(&house, what, &answer, status, code).await;
        assert_eq!(answer.json()["issue"][0]["expression"][0], place, "{what}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_as_everything_else() {
    let house = open().await;
    let head = |lines: &str| format!("GET /fhir/metadata HTTP/1.1\r\nHost: {}\r\n{lines}", house.address);
    let mut long = head("X: ");
    long.push_str(&"x".repeat((32 << 10) - long.len()));
    let many: String = (0..200).map(|n| format!("X{n}: x\r\n")).collect();
    for (what, sent, status, code) in [
        ("no request", "what is this\r\n\r\n".to_owned(), 400, "invalid"),
        ("no header", head("no colon\r\n\r\n"), 400, "invalid"),
        ("no version", "GET / HTTP/9.9\r\n\r\n".to_owned(), 400, "invalid"),
        ("no length", head("Content-Length: x\r\n\r\n"), 400, "invalid"),
        ("a long header", long, 431, "too-long"),
        ("many headers", head(&format!("{many}\r\n")), 431, "too-long"),
    ] {
        let answer = house.raw(sent.as_bytes()).await;
        refused(&house, what, &answer, status, code).await;
        assert_eq!(answer.header("content-length"), answer.text.len().to_string(), "{what}");
    }
    let head_only = house.ask("HEAD", "/fhir/Patient/none", &[], b"").await;
    assert_eq!((head_only.status, head_only.text.as_str()), (404, ""), "an answer to HEAD has no body");
}
