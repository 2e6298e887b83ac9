//! Bad input: the exact status and issue code, and nothing kept.

use super::house::{observation, open};
use std::io::Write;

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    coder.write_all(bytes).expect("packs");
    coder.finish().expect("packs")
}

#[tokio::test]
async fn every_bad_body_and_header_has_its_status_and_code() {
    let house = open().await;
    let good = observation("o", "80");
    let with = |from: &str, to: &str| {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        text.into_bytes()
    };
    let (plain, long) = (good.clone().into_bytes(), vec![b' '; (1 << 20) + 1]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    let zip = zipped(&vec![b' '; 1 << 19]);
    const GZIP: &str = "Content-Encoding: gzip";
    const JSON: &str = "Content-Type: application/json";
    let table: Vec<(&str, &str, &[&str], Vec<u8>, u16, &str)> = vec![
        ("truncated", "o", &[], plain[..40].to_vec(), 400, "structure"),
        (
            "duplicate key",
            "o",
            &[],
            with("{\"resourceType\"", "{\"status\":\"final\",\"resourceType\""),
            400,
            "structure",
        ),
        ("deep", "o", &[], deep, 400, "structure"),
        ("too long", "o", &[], long, 413, "too-long"),
        ("gzip bomb", "o", &[GZIP], zip, 413, "too-costly"),
        ("no gzip", "o", &[GZIP], plain.clone(), 400, "structure"),
        ("brotli", "o", &["Content-Encoding: br"], plain.clone(), 415, "not-supported"),
        ("XML", "o", &["Content-Type: application/xml"], b"<a/>".to_vec(), 415, "not-supported"),
        ("not UTF-8", "o", &[], [plain.as_slice(), b"\xff"].concat(), 400, "structure"),
        ("byte order mark", "o", &[JSON], [b"\xef\xbb\xbf", plain.as_slice()].concat(), 400, "structure"),
        ("NUL", "o", &[], with("\"unit\":\"10*9/L\"", "\"unit\":\"a\\u0000\""), 422, "value"),
        ("other type", "o", &[], with("\"Observation\"", "\"Patient\""), 400, "invalid"),
        ("unknown property", "o", &[], with("\"status\"", "\"enrolment\":1,\"status\""), 422, "structure"),
        ("unknown status", "o", &[], with("\"final\"", "\"enrolled\""), 422, "code-invalid"),
        (
            "two values",
            "o",
            &[],
            with("\"valueQuantity\"", "\"valueString\":\"x\",\"valueQuantity\""),
            422,
            "structure",
        ),
        ("no such day", "o", &[], with("2026-03-01T08", "2026-02-30T08"), 422, "value"),
        ("no zone", "o", &[], with("08:00:00Z", "08:00:00"), 422, "value"),
        ("NaN", "o", &[], with("\"value\":80", "\"value\":NaN"), 400, "structure"),
        ("number as text", "o", &[], with("\"value\":80", "\"value\":\"80\""), 422, "value"),
        ("subject climbs", "o", &[], with("Patient/p", "Patient/../../etc"), 422, "value"),
        ("subject script", "o", &[], with("Patient/p", "javascript:x"), 422, "value"),
        ("other id", "other", &[], plain.clone(), 400, "invalid"),
        ("malformed ETag", "o", &["If-Match: x"], plain.clone(), 400, "value"),
        ("If-Match of nothing", "o", &["If-Match: W/\"1\""], plain.clone(), 412, "conflict"),
    ];
    for (what, id, headers, body, status, code) in table {
        let answer = house.ask("PUT", &format!("/fhir/Observation/{id}"), headers, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}: {answer:?}");
        assert_eq!(house.kept().await, 0, "{what}");
    }
}
