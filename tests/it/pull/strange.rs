//! Slow, oversized and strange answers, and clocks that are wrong.

use super::twister::Twister;
use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trialgate::flow::pull::round;

#[tokio::test]
async fn errors_in_any_form_are_told_without_their_text() {
    let place = Place::file();
    let twister = Twister::default();
    let ward = twister.ward(&place, |pull| pull.kinds = vec!["Observation".into(), "Condition".into()]).await;
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK - 10);
    let outcome = |code: &str| {
        json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": code }] }).to_string()
    };
    for (status, body, words) in [
        (400, "<html><body>Patient p1 is unknown</body></html>".to_owned(), "HTTP 400: no OperationOutcome (47 bytes)"),
        (
            403,
            "<OperationOutcome xmlns=\"http://hl7.org/fhir\"/>".to_owned(),
            "HTTP 403: no OperationOutcome (47 bytes)",
        ),
        (401, "{\"error\":\"Patient p1\"}".to_owned(), "HTTP 401: no OperationOutcome (22 bytes)"),
        (422, outcome("processing"), "HTTP 422: processing"),
        (404, String::new(), "HTTP 404"),
        (200, String::new(), "no JSON that can be trusted"),
        (200, outcome("exception"), "found OperationOutcome; wanted a Bundle"),
        (200, "{\"resourceType\":\"Bundle\",\"resourceType\":\"Bundle\"}".to_owned(), "no JSON that can be trusted"),
        (200, "[".repeat(100_000), "no JSON that can be trusted"),
        (204, String::new(), "no JSON that can be trusted"),
        (304, String::new(), "HTTP 304"),
    ] {
        twister.answers(vec![("GET Observation".into(), status, None, body)]);
        let pulled = round(&ward.gateway, &ward.feed, true).await;
        let [problem] = pulled.problems.as_slice() else { panic!("{status}: {pulled:?}") };
        assert!(problem.starts_with(&format!("Observation page 1: {words}")), "{problem}");
        assert!(!problem.contains("p1"), "{problem}");
        assert!(ward.observations().await.is_empty());
    }
    twister.answers(Vec::new());
    assert_eq!(round(&ward.gateway, &ward.feed, true).await.problems.len(), 0);
    assert_eq!(ward.observations().await, ids(&["o1"]));
}

#[tokio::test]
async fn a_thousand_entries_come_on_one_page() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |pull| (pull.kinds, pull.count) = (vec!["Observation".into()], 1_000)).await;
    for n in 0..1_000 {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", n), CLOCK - 10);
    }
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    assert_eq!((pulled.pages, pulled.loaded.kept["Observation"], pulled.problems.len()), (1, 1_000, 0));
}

#[tokio::test]
async fn another_resource_than_the_one_asked_for_is_not_taken_for_it() {
    let place = Place::file();
    let twister = Twister::default();
    let ward = twister.ward(&place, |pull| pull.reread = Some(Duration::from_secs(1))).await;
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK - 10);
    round(&ward.gateway, &ward.feed, false).await;
    // It is missing from the search, and asking for it brings something else.
    ward.hospital.forgets("Observation", "o1");
    ward.hospital.at(CLOCK + 60);
    for other in [result("o2", "p1", 1), patient("o1"), json!({ "resourceType": "Bundle", "id": "o1" })] {
        twister.answers(vec![("GET Observation/o1".into(), 200, None, other.to_string())]);
        let pulled = round(&ward.gateway, &ward.feed, true).await;
        assert!(pulled.problems.iter().any(|p| p.contains("something else than was asked for")), "{pulled:?}");
        assert_eq!((pulled.deleted, ward.observations().await), (0, ids(&["o1"])), "neither deleted nor replaced");
    }
}

#[tokio::test]
async fn a_servers_clock_that_was_ahead_costs_a_whole_reading_and_no_change() {
    let place = Place::file();
    let ward = ward(&place, By::Server, |pull| pull.kinds = vec!["Observation".into()]).await;
    ward.hospital.keeps(result("o1", "p1", 1), CLOCK - 10);
    ward.hospital.at(CLOCK + 365 * 86_400);
    assert_eq!(round(&ward.gateway, &ward.feed, false).await.problems.len(), 0);
    // The clock is set right; what changed since then is not passed over.
    ward.hospital.at(CLOCK + 3_600);
    ward.hospital.keeps(result("o2", "p1", 1), CLOCK + 60);
    let pulled = round(&ward.gateway, &ward.feed, false).await;
    let words = "Observation: the server's clock is behind the one of the last round; everything is asked for again";
    assert_eq!(
        (pulled.problems.as_slice(), ward.observations().await),
        ([words.to_owned()].as_slice(), ids(&["o1", "o2"]))
    );
    // Behind by seconds, as one of several machines of a server may be: the overlap covers it.
    ward.hospital.at(CLOCK + 3_590);
    assert_eq!(round(&ward.gateway, &ward.feed, false).await.problems.len(), 0);
}

/// A server that answers each connection with these bytes, then keeps it open.
async fn raw(bytes: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/fhir", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(bytes.as_bytes()).await;
            open.push(stream);
        }
    });
    base
}

#[tokio::test]
async fn both_forms_of_retry_after_are_the_servers_own_time() {
    // Its clock is years from ours: a date is as far away as it is from that clock.
    for (header, seconds) in [
        ("Retry-After: 120", 120),
        ("Date: Sun, 15 Mar 2020 08:00:00 GMT\r\nRetry-After: Sun, 15 Mar 2020 08:02:00 GMT", 120),
        ("Date: Sun, 15 Mar 2020 08:00:00 GMT\r\nRetry-After: Sun, 15 Mar 2020 07:00:00 GMT", 0),
        ("Date: Sun, 15 Mar 2020 08:00:00 GMT\r\nRetry-After: Sun, 15 Mar 2099 07:00:00 GMT", 86_400),
    ] {
        let base = raw(format!("HTTP/1.1 429 Slow\r\n{header}\r\nContent-Length: 0\r\n\r\n")).await;
        let client = Client::new(settings(base, 10_000)).expect("a link");
        let now = Instant(CLOCK * 1_000_000);
        let answer = client.get(&["metadata"], &[], now).await.expect("an answer");
        assert_eq!(answer.retry_after, Some(now.plus_us(seconds * 1_000_000)), "{header}");
    }
    let base = raw("HTTP/1.1 429 Slow\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n".into()).await;
    let answer = Client::new(settings(base, 10_000)).expect("a link").get(&["metadata"], &[], Instant(0)).await;
    assert_eq!(answer.expect("an answer").retry_after, None);
}

fn settings(base: String, timeout_ms: u64) -> LinkSettings {
    LinkSettings { timeout: Duration::from_millis(timeout_ms), ..link(&base) }
}

#[tokio::test]
async fn whoever_is_silent_or_stops_in_the_middle_is_not_waited_for() {
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"resourceType\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"res\r\n",
    ] {
        let client = Client::new(settings(raw(bytes.to_owned()).await, 300)).expect("a link");
        let failure = client.get_page(&["Observation"], &[], Instant(0)).await.expect_err("silence");
        assert_eq!((failure.text.as_str(), failure.lasting), ("no answer within the time-out", false), "{bytes}");
    }
    for bytes in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"] {
        let client = Client::new(settings(raw(bytes.to_owned()).await, 5_000)).expect("a link");
        let failure = client.get_page(&["Observation"], &[], Instant(0)).await.expect_err("no HTTP");
        assert_eq!(failure.text, "the connection broke", "{bytes}");
    }
}
